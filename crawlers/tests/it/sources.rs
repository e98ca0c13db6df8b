//! Recipes become targets.

use std::path::Path;
use std::sync::Arc;

use futures::StreamExt as _;
use glim_crawl::address::Normalize;
use glim_crawl::recipe::source::SourceRecipe;
use glim_crawl::source::{SourceError, Sources, Target, open};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::setup::{gzip, page, warc};
use crate::web::{Web, ok, part, with};

async fn nowhere() -> Web {
    Web::start(|_, _, _| with("500 No", b"")).await
}

fn recipe(text: &str) -> Vec<SourceRecipe> {
    #[derive(serde::Deserialize)]
    struct Recipe {
        source: Vec<SourceRecipe>,
    }
    toml::from_str::<Recipe>(text).unwrap().source
}

async fn sources(text: &str, web: &Web) -> Sources {
    open(&recipe(text), Normalize { drop_tracking: true }, web.fetch(&["web.test"])).await.unwrap()
}

async fn targets(text: &str, web: &Web) -> (Vec<Target>, Vec<SourceError>) {
    let (mut targets, mut errors) = (Vec::new(), Vec::new());
    for item in sources(text, web).await.targets.collect::<Vec<_>>().await {
        match item {
            Ok(target) => targets.push(target),
            Err(error) => errors.push(error),
        }
    }
    (targets, errors)
}

fn urls(targets: &[Target]) -> Vec<&str> {
    targets.iter().map(|target| target.url.as_str()).collect()
}

fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

#[tokio::test]
async fn lists_folders_and_archives_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "# pages\nhttps://a.test/?utm_source=x#top\n\nno url\r\nhttps://a.test/2\r\nftp://a.test/\n")
        .unwrap();
    let html = folder.path().join("html");
    std::fs::create_dir_all(html.join("b/c")).unwrap();
    for name in ["z.html", "b/1.htm", "b/c/x y.html", "a.txt"] {
        std::fs::write(html.join(name), "").unwrap();
    }
    std::fs::write(folder.path().join("out.html"), "").unwrap();
    std::os::unix::fs::symlink("../out.html", html.join("out.html")).unwrap();
    std::os::unix::fs::symlink("z.html", html.join("in.html")).unwrap();
    std::os::unix::fs::symlink(".", html.join("round")).unwrap();
    let archive = warc(folder.path(), "a.warc.gz", &[page("https://w.test/1", ""), page("https://w.test/2", "")]);
    let text = format!(
        "[[source]]\nkind = \"list\"\npath = {}\nlicense = \"MIT\"\n[[source]]\nkind = \"folder\"\npath = {}\nhost = \"docs.test\"\n\
         [[source]]\nkind = \"warc\"\npaths = [{}]\n",
        quoted(&list),
        quoted(&html),
        quoted(&archive)
    );
    let web = nowhere().await;
    let (found, errors) = targets(&text, &web).await;
    let expected = [
        "https://a.test/",
        "https://a.test/2",
        "http://docs.test/b/1.htm",
        "http://docs.test/b/c/x%20y.html",
        "http://docs.test/in.html",
        "http://docs.test/z.html",
        "https://w.test/1",
        "https://w.test/2",
    ];
    assert_eq!(urls(&found), expected);
    assert_eq!((found[0].license.as_str(), found[0].is_live()), ("MIT", true));
    assert_eq!((found[2].source.kind.as_str(), found[2].is_live()), ("folder", false));
    assert_eq!((found[6].source.kind.as_str(), found[7].source.offset > 0), ("warc", true));
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0].contains("list.txt`, line 4") && errors[1].contains("line 6") && errors[1].contains("ftp"),
        "{errors:?}"
    );
    let replay = sources(&text, &web).await.replay;
    assert!(replay.archive.is_some() && replay.folders.contains_key("docs.test"));
}

#[tokio::test]
async fn a_source_that_is_missing_is_named_and_the_next_one_comes() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "https://a.test/").unwrap();
    let text = format!(
        "[[source]]\nkind = \"list\"\npath = \"/no/such\"\n[[source]]\nkind = \"list\"\npath = {}",
        quoted(&list)
    );
    let (found, errors) = targets(&text, &nowhere().await).await;
    assert_eq!(urls(&found), ["https://a.test/"]);
    assert!(errors[0].ends_source() && errors[0].to_string().contains("/no/such"));
}

#[tokio::test]
async fn sitemaps_are_followed_within_bounds() {
    let index = "<sitemapindex><sitemap><loc>http://web.test/1.xml.gz</loc></sitemap><sitemap><loc>http://web.test/none.xml</loc>\
                 </sitemap><sitemap><loc>file:///etc/passwd</loc></sitemap><sitemap><loc>http://web.test/2.xml</loc></sitemap>\
                 <sitemap><loc>http://web.test/index.xml</loc></sitemap></sitemapindex>";
    let web = Web::start(move |_, path, _| match path {
        "/index.xml" => ok(index.as_bytes()),
        "/1.xml.gz" => {
            ok(&gzip(b"<urlset><url><loc>https://a.test/1</loc></url><url><loc>no url</loc></url></urlset>"))
        }
        "/2.xml" => ok(b"<urlset><url><loc>https://a.test/2</loc></url><url><loc>https://a.test/3</loc></url>"),
        _ => with("404 Not Found", b""),
    })
    .await;
    let text = "[[source]]\nkind = \"sitemap\"\nat = \"http://web.test/index.xml\"\npages_max = 3\nsitemaps_max = 20\n";
    let (found, errors) = targets(text, &web).await;
    assert_eq!(urls(&found), ["https://a.test/1", "https://a.test/2"]);
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let errors = errors.join("\n");
    for part in ["no url", "none.xml` answered with status 404", "file:///etc/passwd", "more than 3 pages"] {
        assert!(errors.contains(part), "`{part}` is not in:\n{errors}");
    }
    let text = text.replace("pages_max = 3", "pages_max = 1000");
    let (found, errors) = targets(&text, &web).await;
    let last = errors.last().unwrap().to_string();
    assert!(last.contains("more than 3 indexes in each other"), "an index that lists itself ends: {last}");
    assert_eq!(found.len(), 9);
    let (found, errors) = targets(&text.replace("sitemaps_max = 20", "sitemaps_max = 5"), &web).await;
    assert!(errors.last().unwrap().to_string().contains("more than 5 sitemaps"), "{errors:?}");
    assert_eq!(found.len(), 3);
}

fn line(key: &str, url: &str, status: &str, language: &str) -> String {
    format!(
        "{key} 20260101000000 {{\"url\": \"{url}\", \"mime\": \"text/html\", \"mime-detected\": \"text/html\", \"status\": \"{status}\", \
         \"digest\": \"ABC\", \"length\": \"100\", \"offset\": \"200\", \"filename\": \"crawl-data/x.warc.gz\", \"languages\": \"{language}\"}}\n"
    )
}

#[tokio::test]
async fn a_snapshot_is_read_by_its_lines() {
    let lines = [
        line("org,a)/1", "https://a.org/1", "200", "eng"),
        line("org,a)/2", "https://a.org/2", "404", "eng"),
        "org,a)/ bad line\n".to_owned(),
        line("org,a)/3", "https://www.a.org/3", "200", "eng,fra"),
        line("org,a)/4", "https://a.org/4", "200", "eng"),
        line("org,b)/", "https://b.org/", "200", "deu"),
        line("org,c)/", "https://c.org/", "200", "eng"),
    ];
    // Common Crawl's files are many gzip members.
    let file: Vec<u8> = lines.chunks(3).flat_map(|lines| gzip(lines.concat().as_bytes())).collect();
    let web = Web::start(move |_, path, _| match path {
        "/crawl-data/CC-MAIN-2026-10/cc-index.paths.gz" => {
            ok(&gzip(b"cc-index/cdx-00000.gz\ncc-index/cluster.idx\ncc-index/cdx-00001.gz\n"))
        }
        "/cc-index/cdx-00001.gz" => ok(&file),
        _ => with("404 Not Found", b""),
    })
    .await;
    let text = "[[source]]\nkind = \"common_crawl\"\nsnapshot = \"CC-MAIN-2026-10\"\nindex = \"cdx\"\nlanguages = [\"eng\"]\n\
                pages_per_site = 2\nbase = \"http://web.test/\"\n";
    let (found, errors) = targets(text, &web).await;
    assert_eq!(urls(&found), ["https://a.org/1", "https://www.a.org/3", "https://c.org/"]);
    let source = &found[0].source;
    assert_eq!((source.kind.as_str(), source.archive.as_str()), ("common_crawl", "crawl-data/x.warc.gz"));
    assert_eq!((source.offset, source.length, source.digest.as_str()), (200, 100, "ABC"));
    assert!(found[0].is_live());
    assert_eq!(errors.len(), 2, "the file that is missing and the bad line: {errors:?}");
    assert!(errors[1].to_string().contains("line 3"), "{errors:?}");
}

/// Key, address, status and languages of a page.
type Row<'a> = (&'a str, &'a str, i32, &'a str);

/// A table as Common Crawl's, in row groups of `rows` pages each.
fn table(path: &Path, pages: &[Row<'_>], rows: usize) {
    let schema = "message index { optional binary url_surtkey (UTF8); required binary url (UTF8); optional int32 fetch_status (INTEGER(16,true));
        optional binary content_mime_detected (UTF8); optional binary content_languages (UTF8); optional binary warc_filename (UTF8);
        optional int32 warc_record_offset; optional int32 warc_record_length; optional binary content_digest (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::GZIP(parquet::basic::GzipLevel::default()))
        .build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    for pages in pages.chunks(rows) {
        let mut group = writer.next_row_group().unwrap();
        let text = |of: &dyn Fn(&Row<'_>) -> String| -> Vec<ByteArray> {
            pages.iter().map(|page| ByteArray::from(of(page).into_bytes())).collect()
        };
        let numbers = |of: &dyn Fn(usize) -> i32| -> Vec<i32> { (0..pages.len()).map(of).collect() };
        let levels = vec![1; pages.len()];
        let mut column = 0;
        while let Some(mut writer) = group.next_column().unwrap() {
            match column {
                // Languages are not known of all pages.
                4 => {
                    let known: Vec<ByteArray> =
                        pages.iter().filter(|page| !page.3.is_empty()).map(|page| ByteArray::from(page.3)).collect();
                    let levels: Vec<i16> = pages.iter().map(|page| i16::from(!page.3.is_empty())).collect();
                    writer.typed::<ByteArrayType>().write_batch(&known, Some(&levels), None).unwrap();
                }
                1 => drop(
                    writer.typed::<ByteArrayType>().write_batch(&text(&|page| page.1.to_owned()), None, None).unwrap(),
                ),
                2 => drop(
                    writer.typed::<Int32Type>().write_batch(&numbers(&|at| pages[at].2), Some(&levels), None).unwrap(),
                ),
                6 | 7 => drop(
                    writer
                        .typed::<Int32Type>()
                        .write_batch(&numbers(&|at| at as i32 + column), Some(&levels), None)
                        .unwrap(),
                ),
                _ => {
                    let of = |page: &Row<'_>| match column {
                        0 => page.0.to_owned(),
                        3 => "text/html".to_owned(),
                        5 => "crawl-data/x.warc.gz".to_owned(),
                        _ => format!("digest of {}", page.1),
                    };
                    writer.typed::<ByteArrayType>().write_batch(&text(&of), Some(&levels), None).unwrap();
                }
            }
            writer.close().unwrap();
            column += 1;
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

#[tokio::test]
async fn a_snapshot_is_read_by_its_columns_from_the_disk_and_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part-00000.parquet");
    let filler: Vec<String> = (0..3000).map(|n| format!("https://filler.org/{n}")).collect();
    let mut pages = vec![("com,a)/", "https://a.com/", 200, "eng"), ("com,a)/2", "https://a.com/2", 200, "eng")];
    pages.extend(filler.iter().map(|url| ("org,filler)/", url.as_str(), 301, "eng")));
    pages.extend([
        ("org,wanted)/1", "https://wanted.org/1", 200, "eng,deu"),
        ("org,wanted)/2", "https://wanted.org/2", 200, ""),
        ("org,wanted,www)/3", "https://www.wanted.org/3", 200, "eng"),
    ]);
    table(&path, &pages, 1500);
    let file = std::fs::read(&path).unwrap();
    let web = Web::start(move |_, path, request| match path {
        "/crawl-data/CC-MAIN-2026-10/cc-index-table.paths.gz" => {
            ok(&gzip(b"t/subset=robotstxt/part-00000.parquet\nt/subset=warc/part-00000.parquet\n"))
        }
        "/t/subset=warc/part-00000.parquet" => part(&file, request),
        _ => with("404 Not Found", b""),
    })
    .await;
    let common = "[[source]]\nkind = \"common_crawl\"\nsnapshot = \"CC-MAIN-2026-10\"\nindex = \"columnar\"\nlanguages = [\"eng\"]\n";
    let local = format!("{common}files = [{}]\n", quoted(&path));
    let remote = format!("{common}base = \"http://web.test/\"\n");
    for text in [&local, &remote] {
        let (found, errors) = targets(text, &web).await;
        assert!(errors.is_empty(), "{errors:?}");
        let expected = ["https://a.com/", "https://a.com/2", "https://wanted.org/1", "https://www.wanted.org/3"];
        assert_eq!(urls(&found), expected);
        let source = &found[1].source;
        assert_eq!((source.offset, source.length, source.digest.as_str()), (7, 8, "digest of https://a.com/2"));
        let (found, _) = targets(&format!("{text}domains = [\"wanted.org\"]\n"), &web).await;
        assert_eq!(urls(&found), ["https://wanted.org/1", "https://www.wanted.org/3"]);
        let (found, _) = targets(&format!("{text}pages_max = 1\n"), &web).await;
        assert_eq!(urls(&found), ["https://a.com/"]);
    }
    std::fs::write(&path, b"PAR1 no table PAR1").unwrap();
    let (found, errors) = targets(&local, &web).await;
    assert!(found.is_empty() && errors[0].to_string().contains("part-00000.parquet"), "{errors:?}");
}

#[tokio::test]
async fn a_source_is_read_only_as_fast_as_targets_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let writer = fifo.clone();
    // A pipe takes what is read and 64 KiB: a writer that gets further would be read without end.
    let written = std::thread::spawn(move || {
        use std::io::Write as _;
        let mut pipe = std::fs::File::create(writer).unwrap();
        let mut lines = 0_u64;
        while lines < 1_000_000 && writeln!(pipe, "https://a.test/{lines}").is_ok() {
            lines += 1;
        }
        lines
    });
    let text = format!("[[source]]\nkind = \"list\"\npath = {}", quoted(&fifo));
    let mut sources = sources(&text, &nowhere().await).await;
    for at in 0..1000 {
        let target = sources.targets.next().await.unwrap().unwrap();
        assert_eq!(target.url.path(), format!("/{at}"));
    }
    drop(sources);
    let lines = tokio::task::spawn_blocking(|| written.join().unwrap()).await.unwrap();
    assert!(lines < 20_000, "{lines} lines were read for 1000 targets");
}
