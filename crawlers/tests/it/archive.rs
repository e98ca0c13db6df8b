//! What is archived is served as it was.

use std::io::Write as _;

use glim_crawl::archive::{ArchiveServer, ArchiveWriter, Exchange, Problem, Replay};
use url::Url;

use crate::setup::{ask, get, gzip, open, page, pages, record, response, serve, warc};

#[tokio::test]
async fn pages_and_their_parts_come_from_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let records = [
        record("warcinfo", "urn:x", "", b"software: test\r\n"),
        page("https://a.test/", "<p>secure"),
        page("http://a.test/", "<p>plain"),
        response("https://a.test/moved", "301 Moved\r\nLocation: /\r\nStrict-Transport-Security: max-age=9", b""),
        response(
            "https://cdn.test/app.js?v=17",
            "200 OK\r\nContent-Type: text/javascript\r\nContent-Encoding: gzip",
            &gzip(b"run()"),
        ),
        response("https://a.test/gone", "404 Not Found\r\nContent-Type: text/html", b"<p>gone"),
        record("resource", "https://a.test/logo.svg", "Content-Type: image/svg+xml\r\n", b"<svg/>"),
        record("metadata", "https://a.test/", "", b"no page"),
        record("response", "dns:a.test", "Content-Type: text/dns\r\n", b"a.test. 1 IN A 127.0.0.1"),
    ];
    for name in ["plain.warc", "packed.warc.gz"] {
        let archive = open(&[warc(folder.path(), name, &records)]);
        assert_eq!(archive.problems().counts().len(), 0, "{:?}", archive.problems());
        assert_eq!(pages(&archive, 0), ["https://a.test/", "http://a.test/"]);
        let server = serve(archive).await;
        assert_eq!(get(&server, "https://a.test/").await.text(), "<p>secure");
        assert_eq!(get(&server, "http://a.test/").await.text(), "<p>plain");
        let moved = get(&server, "http://a.test/moved").await;
        assert_eq!(
            (moved.status, moved.header("location"), moved.header("strict-transport-security")),
            (301, Some("/"), None)
        );
        let script = get(&server, "https://cdn.test/app.js?v=18&_=123").await;
        assert_eq!(
            (script.text(), script.header("content-encoding"), script.header("x-glim-archive")),
            ("run()", None, Some("path"))
        );
        for wants in ["Accept: text/html,*/*;q=0.8\r\n", "Sec-Fetch-Dest: document\r\n"] {
            let other = ask(&server, "GET", "https://cdn.test/app.js?v=18", wants).await;
            assert_eq!(other.status, 404, "a page is not answered with another one");
        }
        let gone = get(&server, "https://a.test/gone").await;
        assert_eq!((gone.status, gone.text(), gone.header("x-glim-archive")), (404, "<p>gone", Some("exact")));
        assert_eq!(get(&server, "https://a.test/logo.svg").await.header("content-type"), Some("image/svg+xml"));
        let missing = get(&server, "https://b.test/").await;
        assert_eq!((missing.status, missing.header("x-glim-archive")), (404, Some("missing")));
        let head = ask(&server, "HEAD", "https://a.test/", "").await;
        assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("9"), 0));
        let served = server.served();
        assert_eq!((served.exact, served.twin, served.path, served.missing), (5, 1, 1, 3), "{served:?}");
        assert_eq!(served.missing_examples.last().unwrap(), "https://b.test/");
    }
}

#[tokio::test]
async fn requests_say_what_a_response_is() {
    let folder = tempfile::tempdir().unwrap();
    let ids = |own: &str, other: &str| format!("WARC-Record-ID: <urn:{own}>\r\nWARC-Concurrent-To: <urn:{other}>\r\n");
    let html = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
    let block = |body: &str| [&html[..], body.as_bytes()].concat();
    let records = [
        // After its response, as browsers' recorders write.
        record("response", "http://a.test/frame", "WARC-Record-ID: <urn:1>\r\n", &block("frame")),
        record(
            "request",
            "http://a.test/frame",
            &ids("2", "1"),
            b"GET /frame HTTP/1.1\r\nSec-Fetch-Dest: iframe\r\n\r\n",
        ),
        // Before its response, as Common Crawl writes.
        record("request", "http://a.test/api", "WARC-Record-ID: <urn:3>\r\n", b"POST /api HTTP/1.1\r\n\r\n"),
        record("response", "http://a.test/api", &ids("4", "3"), &block("posted")),
        record("response", "http://a.test/api", "WARC-Record-ID: <urn:5>\r\n", &block("got")),
        record(
            "request",
            "http://a.test/api",
            &ids("6", "5"),
            b"GET /api HTTP/1.1\r\nSec-Fetch-Dest: document\r\n\r\n",
        ),
    ];
    let archive = open(&[warc(folder.path(), "a.warc.gz", &records)]);
    assert_eq!(pages(&archive, 0), ["http://a.test/api"]);
    let server = serve(archive).await;
    assert_eq!(get(&server, "http://a.test/frame").await.text(), "frame");
    assert_eq!(get(&server, "http://a.test/api").await.text(), "got");
    assert_eq!(ask(&server, "POST", "http://a.test/api", "Content-Length: 0\r\n").await.text(), "posted");
    let asked = "Origin: http://b.test\r\nAccess-Control-Request-Method: PUT\r\n";
    let permission = ask(&server, "OPTIONS", "http://a.test/api", asked).await;
    assert_eq!((permission.status, permission.header("access-control-allow-origin")), (204, Some("http://b.test")));
}

#[tokio::test]
async fn revisits_have_the_body_of_their_original() {
    let folder = tempfile::tempdir().unwrap();
    let refers = |uri: &str| format!("WARC-Refers-To-Target-URI: {uri}\r\nWARC-Payload-Digest: sha1:B\r\n");
    let original = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Age: old\r\n\r\nbody";
    let newer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Age: new\r\n\r\n";
    let records = [
        record("revisit", "http://a.test/early", "WARC-Payload-Digest: sha1:A\r\n", newer),
        record("response", "http://a.test/", "WARC-Payload-Digest: sha1:A\r\n", original),
        record("revisit", "http://a.test/named", &refers("http://a.test/"), newer),
        record("revisit", "http://a.test/bare", "WARC-Payload-Digest: sha1:A\r\n", b""),
        record("revisit", "http://a.test/lost", &refers("http://a.test/nowhere"), newer),
    ];
    let archive = open(&[warc(folder.path(), "a.warc.gz", &records)]);
    assert_eq!(archive.problems().count(Problem::Original), 1);
    assert_eq!(
        pages(&archive, 0),
        ["http://a.test/early", "http://a.test/", "http://a.test/named", "http://a.test/bare"]
    );
    let server = serve(archive).await;
    for (path, age) in [("early", "new"), ("named", "new"), ("bare", "old"), ("", "old")] {
        let reply = get(&server, &format!("http://a.test/{path}")).await;
        assert_eq!((reply.text(), reply.header("x-age")), ("body", Some(age)), "{path}");
    }
    assert_eq!(get(&server, "http://a.test/lost").await.status, 404);
}

#[tokio::test]
async fn the_better_capture_of_an_address_is_served_and_no_redirect_goes_round() {
    let folder = tempfile::tempdir().unwrap();
    let records = [
        page("http://a.test/", "first"),
        page("http://a.test/", "second"),
        response("http://a.test/", "503 Busy", b"busy"),
        response("http://a.test/", "304 Not Modified", b""),
        response("http://b.test/", "301 Moved\r\nLocation: https://b.test/", b""),
    ];
    let archive = open(&[warc(folder.path(), "a.warc", &records)]);
    assert_eq!(pages(&archive, 0), ["http://a.test/"]);
    let server = serve(archive).await;
    assert_eq!(get(&server, "http://a.test/").await.text(), "second");
    assert_eq!(get(&server, "http://b.test/").await.status, 301);
    assert_eq!(get(&server, "https://b.test/").await.status, 404);
}

pub fn wacz(path: &std::path::Path, warc: &[u8], method: zip::CompressionMethod) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    let packed = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    zip.start_file("pages/pages.jsonl", packed).unwrap();
    zip.write_all(
        b"{\"format\": \"json-pages-1.0\", \"id\": \"pages\"}\n{\"url\": \"http://a.test/2\", \"title\": \"two\"}\n",
    )
    .unwrap();
    zip.start_file("pages/extraPages.jsonl", packed).unwrap();
    zip.write_all(b"{\"url\": \"http://a.test/1\"}\n{\"url\": \"http://a.test/nowhere\"}\nno json\n").unwrap();
    zip.start_file("archive/data.warc.gz", options).unwrap();
    zip.write_all(warc).unwrap();
    zip.start_file("datapackage.json", packed).unwrap();
    zip.write_all(b"{}").unwrap();
    zip.finish().unwrap();
}

#[tokio::test]
async fn wacz_files_are_read_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let members: Vec<u8> =
        (0..4).flat_map(|n| gzip(&page(&format!("http://a.test/{n}"), &format!("page {n}")))).collect();
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
        let path = folder.path().join("a.wacz");
        wacz(&path, &members, method);
        let archive = open(std::slice::from_ref(&path));
        assert_eq!(pages(&archive, 0), ["http://a.test/2", "http://a.test/1"]);
        let first = archive.pages(0).next().unwrap().source;
        assert_eq!((first.kind.as_str(), first.archive.as_str()), ("wacz", "a.wacz"));
        if method == zip::CompressionMethod::Stored {
            // The offset is that in the file on the disk.
            let file = std::fs::read(&path).unwrap();
            let member = &file[first.offset as usize..][..first.length as usize];
            assert_eq!(member, gzip(&page("http://a.test/2", "page 2")));
        }
        let server = serve(archive).await;
        assert_eq!(get(&server, "http://a.test/3").await.text(), "page 3");
    }
}

/// What GNU Wget 1.21 recorded of a site of two pages (`wget -p -r -l1 --warc-file=…`), packed by py-wacz 0.6
/// (`wacz create --detect-pages`).
#[tokio::test]
async fn an_archive_that_others_wrote_is_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wget_and_py_wacz.wacz");
    let archive = open(&[path.into()]);
    assert!(archive.problems().counts().is_empty());
    assert_eq!(pages(&archive, 0), ["http://127.0.0.1:8772/index.html"]);
    let server = serve(archive).await;
    for (name, words) in [("second.html", "The second page"), ("style.css", "rgb(1, 2, 3)")] {
        let text = get(&server, &format!("http://127.0.0.1:8772/{name}")).await.text().to_owned();
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn folders_are_served_and_nothing_outside_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("sub/deeper")).unwrap();
    std::fs::write(root.join("index.html"), "<p>home").unwrap();
    std::fs::write(root.join("sub/a b.html"), "<p>ä").unwrap();
    std::fs::write(root.join("sub/deeper/style.css"), "p {}").unwrap();
    std::fs::write(folder.path().join("secret.html"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret.html", root.join("link.html")).unwrap();
    std::os::unix::fs::symlink("..", root.join("up")).unwrap();
    let folders = [("docs.test".to_owned(), root)].into();
    let server = ArchiveServer::start(Replay { folders, ..Replay::default() }).await.unwrap();
    assert_eq!(get(&server, "http://docs.test/").await.text(), "<p>home");
    let page = get(&server, "https://docs.test/sub/a%20b.html?x=1").await;
    assert_eq!((page.text(), page.header("content-type")), ("<p>ä", Some("text/html; charset=utf-8")));
    let moved = get(&server, "http://docs.test/sub/deeper").await;
    assert_eq!((moved.status, moved.header("location")), (301, Some("/sub/deeper/")));
    for path in
        ["link.html", "up/secret.html", "../secret.html", "%2e%2e/secret.html", "sub/..%2f..%2fsecret.html", "sub/"]
    {
        let reply = get(&server, &format!("http://docs.test/{path}")).await;
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
    }
    assert_eq!(get(&server, "http://other.test/").await.status, 404);
    assert_eq!(server.served().files, 2);
}

#[tokio::test]
async fn what_is_recorded_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = |body: &str, dest: &str| Exchange {
        method: "GET".to_owned(),
        request_headers: vec![
            ("Sec-Fetch-Dest".to_owned(), dest.to_owned()),
            (":authority".to_owned(), "a.test".to_owned()),
        ],
        status: 200,
        headers: vec![
            ("content-type".to_owned(), "text/html".to_owned()),
            ("content-encoding".to_owned(), "br".to_owned()),
            ("set-cookie".to_owned(), "a=1\nb=2".to_owned()),
        ],
        body: body.as_bytes().to_vec(),
        date: "2026-01-01T00:00:00Z".to_owned(),
        ..Exchange::default()
    };
    let url = |text: &str| Url::parse(text).unwrap();
    let mut writer = ArchiveWriter::new(folder.path(), "crawl", 1500).unwrap();
    let first = writer.record(&url("https://a.test/?q=1"), &exchange("<p>page", "document")).unwrap();
    writer.record(&url("https://a.test/frame"), &exchange("<p>frame", "iframe")).unwrap();
    writer.record(&url("https://a.test/more"), &exchange("<p>more", "document")).unwrap();
    writer.sync().unwrap();
    drop(writer);
    // A file that a killed run left is neither overwritten nor written behind.
    let mut torn = std::fs::OpenOptions::new().append(true).open(folder.path().join("crawl-00001.warc.gz")).unwrap();
    torn.write_all(&gzip(&page("https://a.test/torn", "torn"))[..40]).unwrap();
    let mut writer = ArchiveWriter::new(folder.path(), "crawl", 1500).unwrap();
    let last = writer.record(&url("https://a.test/last"), &exchange("<p>last", "document")).unwrap();
    assert_eq!((first.archive.as_str(), last.archive.as_str()), ("crawl-00000.warc.gz", "crawl-00002.warc.gz"));

    let files: Vec<_> = (0..3).map(|n| folder.path().join(format!("crawl-0000{n}.warc.gz"))).collect();
    let archive = open(&files);
    assert_eq!(archive.problems().count(Problem::Truncated), 1, "{:?}", archive.problems());
    let found: Vec<_> = (0..3).flat_map(|file| pages(&archive, file)).collect();
    assert_eq!(found, ["https://a.test/?q=1", "https://a.test/more", "https://a.test/last"]);
    assert_eq!(archive.pages(0).next().unwrap().source, first);
    let server = serve(archive).await;
    let page = get(&server, "https://a.test/?q=1").await;
    assert_eq!((page.text(), page.header("content-encoding")), ("<p>page", None));
    assert_eq!(page.head.matches("set-cookie").count(), 2);
    assert_eq!(page.header("x-archive-orig-content-encoding"), Some("br"));
}
