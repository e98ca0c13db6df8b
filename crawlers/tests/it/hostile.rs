//! Archives that are broken or mean harm: each costs one record and is counted, and the rest is served.

use glim_crawl::archive::{Archive, ArchiveError, ArchiveFile, Limits, Problem};

use crate::setup::{get, gzip, open, open_with, page, pages, record_of_length, response, serve, warc};

fn tight() -> Limits {
    Limits { record_bytes: 100_000, head_bytes: 4096, file_bytes: 1 << 20, ..Limits::default() }
}

/// Archives with something bad between two good pages, plain and packed.
async fn survives(name: &str, bad: &[u8], expected: &[Problem]) {
    let folder = tempfile::tempdir().unwrap();
    let (first, last) = (page("http://a.test/first", "first"), page("http://a.test/last", "last"));
    for packed in [false, true] {
        let path = folder.path().join("a.warc");
        let content = if packed {
            [gzip(&first), gzip(bad), gzip(&last)].concat()
        } else {
            [first.clone(), bad.to_vec(), last.clone()].concat()
        };
        std::fs::write(&path, content).unwrap();
        let archive = open_with(&[path], tight());
        let problems = archive.problems();
        assert!(expected.iter().any(|problem| problems.count(*problem) >= 1), "{name}, packed {packed}: {problems:?}");
        let server = serve(archive).await;
        assert_eq!(get(&server, "http://a.test/first").await.text(), "first", "{name}, packed {packed}");
        assert_eq!(get(&server, "http://a.test/last").await.text(), "last", "{name}, packed {packed}: {problems:?}");
    }
}

#[tokio::test]
async fn records_that_lie_cost_only_themselves() {
    let block = b"HTTP/1.1 200 OK\r\n\r\nbody";
    let lying = |length: u64| record_of_length("response", "http://a.test/bad", "", block, length);
    survives("too long by a few", &lying(block.len() as u64 + 90), &[Problem::Length]).await;
    // Packed, what is left of the member is no record; plain, nothing follows where the next should.
    survives("too short", &lying(block.len() as u64 - 10), &[Problem::Length, Problem::Head]).await;
    survives("no HTTP", &crate::setup::record("response", "http://a.test/bad", "", b"<html>"), &[Problem::Message])
        .await;
    survives("no address", &crate::setup::record("response", "http://", "", block), &[Problem::Address]).await;
    let long = format!("X: {}\r\n", "x".repeat(10_000));
    survives("absurd headers", &crate::setup::record("response", "http://a.test/bad", &long, block), &[Problem::Head])
        .await;
    let many = vec![0; 200_000];
    survives("too large", &crate::setup::record("response", "http://a.test/bad", "", &many), &[Problem::TooLarge])
        .await;
    survives("garbage", &[0x1f, 0x8b, 0x08, 0, 1, 2, 3, b'\n', 200, 201, b'\n'], &[Problem::Head]).await;
}

#[tokio::test]
async fn lengths_beyond_the_file_do_not_hide_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    for length in [1_000_000, u64::MAX] {
        let bad = record_of_length("response", "http://a.test/bad", "", b"HTTP/1.1 200 OK\r\n\r\n", length);
        let path = warc(folder.path(), "a.warc", &[bad, page("http://a.test/last", "last")]);
        let archive = open(&[path]);
        assert_eq!(archive.problems().count(Problem::Truncated), 1);
        assert_eq!(pages(&archive, 0), ["http://a.test/last"]);
    }
}

#[tokio::test]
async fn a_gzip_file_that_is_cut_or_damaged_is_read_around_it() {
    let folder = tempfile::tempdir().unwrap();
    let noise: String =
        (0..3000_u32).map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26)).collect();
    let members: Vec<Vec<u8>> = (0..5).map(|n| gzip(&page(&format!("http://a.test/{n}"), &noise))).collect();
    let path = folder.path().join("a.warc.gz");

    let whole = members.concat();
    std::fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    let archive = open(std::slice::from_ref(&path));
    assert_eq!((pages(&archive, 0).len(), archive.problems().count(Problem::Truncated)), (4, 1));

    let mut damaged = members;
    let middle = damaged[2].len() / 2;
    damaged[2][middle..middle + 40].fill(0xff);
    let most = damaged[3].len() * 3 / 4;
    damaged[3].truncate(most);
    std::fs::write(&path, damaged.concat()).unwrap();
    let archive = open(std::slice::from_ref(&path));
    assert_eq!(
        pages(&archive, 0),
        ["http://a.test/0", "http://a.test/1", "http://a.test/4"],
        "{:?}",
        archive.problems()
    );
    let broken: u64 = archive.problems().counts().values().sum();
    assert_eq!(broken, 2, "{:?}", archive.problems());

    std::fs::write(&path, b"").unwrap();
    assert!(open(std::slice::from_ref(&path)).is_empty());
    std::fs::write(&path, [0x1f, 0x8b]).unwrap();
    assert!(open(&[path]).is_empty());
}

#[tokio::test]
async fn one_gzip_member_of_many_records_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<u8> = (0..50).flat_map(|n| page(&format!("http://a.test/{n}"), &format!("page {n}"))).collect();
    let path = folder.path().join("a.warc.gz");
    std::fs::write(&path, gzip(&all)).unwrap();
    let archive = open(&[path]);
    assert_eq!(pages(&archive, 0).len(), 50);
    let server = serve(archive).await;
    assert_eq!(get(&server, "http://a.test/49").await.text(), "page 49");
}

#[tokio::test]
async fn bombs_do_not_go_off() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0; 1 << 20];
    let html = "200 OK\r\nContent-Type: text/html";
    let records = [
        page("http://a.test/good", "good"),
        // In the record itself, in the encoding of the body, and in two of them.
        response("http://a.test/record", html, &zeros),
        response("http://a.test/body", &format!("{html}\r\nContent-Encoding: gzip"), &gzip(&zeros)),
        response("http://a.test/twice", &format!("{html}\r\nContent-Encoding: gzip, gzip"), &gzip(&gzip(&zeros))),
        page("http://a.test/last", "last"),
    ];
    let path = warc(folder.path(), "a.warc.gz", &records);
    let archive = open_with(&[path], tight());
    assert_eq!(archive.problems().count(Problem::TooLarge), 1);
    let server = serve(archive).await;
    for path in ["body", "twice"] {
        let reply = get(&server, &format!("http://a.test/{path}")).await;
        assert_eq!((reply.status, reply.header("x-glim-archive")), (502, Some("unreadable")), "{path}");
    }
    assert_eq!(get(&server, "http://a.test/good").await.text(), "good");
    assert_eq!(get(&server, "http://a.test/last").await.text(), "last");
    assert_eq!(server.served().unreadable, 2);
}

#[tokio::test]
async fn a_file_that_is_one_bomb_ends_there() {
    let folder = tempfile::tempdir().unwrap();
    let filler = response("http://a.test/filler", "200 OK", &vec![0; 90_000]);
    let member = gzip(&filler);
    let mut content = gzip(&page("http://a.test/good", "good"));
    (0..20).for_each(|_| content.extend_from_slice(&member));
    let path = folder.path().join("a.warc.gz");
    std::fs::write(&path, content).unwrap();
    let archive = open_with(&[path], Limits { file_ratio: 20, ..tight() });
    assert_eq!(archive.problems().count(Problem::Bomb), 1);
    assert_eq!(pages(&archive, 0), ["http://a.test/good"]);
}

#[tokio::test]
async fn mixed_encodings_are_served_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let latin = [b"<p>".as_slice(), &[0xe4, 0xf6, 0xfc]].concat();
    let records = [
        response("http://a.test/latin", "200 OK\r\nContent-Type: text/html; charset=iso-8859-1", &latin),
        response("http://a.test/lie", "200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip", b"<p>not packed"),
        response("http://a.test/chunks", "200 OK\r\nTransfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n"),
        response("http://a.test/cut", "200 OK\r\nTransfer-Encoding: chunked", b"5\r\nhello\r\nff\r\nworl"),
        response("http://a.test/odd", "299 \u{ff}\r\nX: a\x01b\r\nContent-Length: 999", b"odd"),
    ];
    let server = serve(open(&[warc(folder.path(), "a.warc.gz", &records)])).await;
    assert_eq!(get(&server, "http://a.test/latin").await.body, latin);
    for (path, body) in [("lie", "<p>not packed"), ("chunks", "hello"), ("cut", "helloworl"), ("odd", "odd")] {
        let reply = get(&server, &format!("http://a.test/{path}")).await;
        assert_eq!(reply.text(), body);
        assert_eq!(reply.header("content-length"), Some(body.len().to_string().as_str()));
        assert_eq!(reply.header("content-encoding"), None);
    }
}

#[test]
fn what_is_no_archive_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wacz");
    std::fs::write(&path, b"PK\x05\x06 no zip").unwrap();
    let open = |path: &std::path::Path| {
        Archive::open(&[ArchiveFile { path: path.to_owned(), is_wacz: true }], Limits::default())
    };
    let error = open(&path).unwrap_err();
    assert!(matches!(error, ArchiveError::NoArchive { .. }) && error.to_string().contains("a.wacz"), "{error}");
    assert!(matches!(open(&folder.path().join("none")).unwrap_err(), ArchiveError::Io { .. }));
    let zipped = folder.path().join("b.warc");
    crate::archive::wacz(&zipped, b"", zip::CompressionMethod::Stored);
    let error = Archive::open(&[ArchiveFile { path: zipped, is_wacz: false }], Limits::default()).unwrap_err();
    assert!(error.to_string().ends_with("its source is of kind `wacz`"), "{error}");
    let few = Limits { records: 2, ..Limits::default() };
    let records: Vec<_> = (0..3).map(|n| page(&format!("http://a.test/{n}"), "")).collect();
    let path = warc(folder.path(), "a.warc", &records);
    let error = Archive::open(&[ArchiveFile { path, is_wacz: false }], few).unwrap_err();
    assert!(error.to_string().contains("more than 2 records"), "{error}");
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

#[test]
fn no_damage_is_more_than_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<_> = (0..8)
        .map(|n| {
            let body = format!("<p>{n} {}", "lorem ipsum ".repeat(n * 20));
            let encoding = ["gzip", "deflate", "br", "zstd", "identity"][n % 5];
            let head = format!(
                "200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\nContent-Encoding: {encoding}"
            );
            let body = if encoding == "gzip" { gzip(body.as_bytes()) } else { body.into_bytes() };
            response(&format!("http://a.test/{n}"), &head, &body)
        })
        .collect();
    let packed: Vec<u8> = records.iter().flat_map(|record| gzip(record)).collect();
    let wacz = folder.path().join("whole.wacz");
    crate::archive::wacz(&wacz, &packed, zip::CompressionMethod::Deflated);
    let whole = [("a.warc", records.concat()), ("a.warc.gz", packed), ("a.wacz", std::fs::read(&wacz).unwrap())];
    let mut dice = Dice(7);
    let mut served = 0;
    for _ in 0..400 {
        for (name, whole) in &whole {
            let mut bytes = whole.clone();
            for _ in 0..=dice.roll(6) {
                let at = dice.roll(bytes.len());
                match dice.roll(4) {
                    0 => bytes.truncate(at.max(1)),
                    1 => drop(bytes.splice(at..at, [b'9'; 3])),
                    2 => drop(bytes.remove(at)),
                    _ => bytes[at] ^= 1 << dice.roll(8),
                }
                bytes.resize(bytes.len().max(1), 0);
            }
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let file = ArchiveFile { path, is_wacz: name.ends_with("wacz") };
            let Ok(archive) = Archive::open(&[file], tight()) else { continue };
            for n in 0..8 {
                let url = url::Url::parse(&format!("http://a.test/{n}")).unwrap();
                served += usize::from(matches!(archive.answer(&url, true, true), Ok(Some(_))));
            }
        }
    }
    assert!(served > 2000, "{served} of 9600 pages were served from damaged archives");
}
