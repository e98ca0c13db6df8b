//! `glim crawl` and `glim data` as a person runs them, in live Chromium.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn glim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_glim"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn run(arguments: &[&str]) -> Output {
    glim().args(arguments).output().unwrap()
}

fn succeed(arguments: &[&str]) -> String {
    let done = run(arguments);
    assert!(done.status.success(), "{arguments:?}: {}{}", text(&done.stdout), text(&done.stderr));
    text(&done.stdout)
}

fn html(number: usize) -> String {
    let words: Vec<String> = (0..60).map(|at| format!("w{}", (number * 7919 + at * 104_729) % 99_991)).collect();
    format!(
        "<!doctype html><title>Page {number}</title><h1>Page {number}</h1><p>{}</p><a href=/x>Read more</a>\
         <button>Go {number}</button><label>Name <input></label>",
        words.join(" ")
    )
}

fn page(folder: &Path, number: usize) {
    std::fs::write(folder.join(format!("{number}.html")), html(number)).unwrap();
}

#[test]
fn the_record_of_one_page_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    page(folder.path(), 1);
    let file = folder.path().join("1.html");
    let image = folder.path().join("a.png");
    let told = succeed(&["crawl", "--page", file.to_str().unwrap(), "--json", "--image", image.to_str().unwrap()]);
    let record: Value = serde_json::from_str(&told).unwrap();
    let elements = record["elements"].as_array().unwrap();
    let button = elements.iter().find(|element| element["role"] == "button").unwrap();
    assert_eq!(button["text"], "Go 1");
    let sides: Vec<f64> = button["box_px"].as_array().unwrap().iter().map(|side| side.as_f64().unwrap()).collect();
    assert!(sides.len() == 4 && sides[0] < sides[2] && sides[1] < sides[3], "{sides:?}");
    let size = image::image_dimensions(&image).unwrap();
    assert_eq!(size, (1280, 720));
    let words = succeed(&["crawl", "--page", file.to_str().unwrap()]);
    assert!(words.contains("button") && words.contains("Go 1"), "{words}");
}

#[test]
fn what_cannot_be_shown_or_read_is_said_in_words() {
    let missing = run(&["crawl", "--page", "/nowhere/page.html"]);
    assert!(!missing.status.success());
    assert!(
        text(&missing.stderr).contains("`/nowhere/page.html` is neither an address nor a file"),
        "{}",
        text(&missing.stderr)
    );
    let closed = run(&["crawl", "--page", "http://127.0.0.1:9/"]);
    assert!(!closed.status.success());
    assert!(text(&closed.stderr).contains("127.0.0.1:9"), "{}", text(&closed.stderr));
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("r.toml");
    std::fs::write(&recipe, "name = 'x'\nworkers = 0\nspeed = 1\n").unwrap();
    let out = folder.path().join("out");
    let wrong = run(&["crawl", "--recipe", recipe.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert!(text(&wrong.stderr).contains("speed"), "{}", text(&wrong.stderr));
    assert!(!out.exists());
}

/// A site of two pages, the first of which has a link to the second.
fn two_pages() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            let second = text(&request[..read]).starts_with("GET /second ");
            let body = format!("{}<a href=/second>The second</a>", html(if second { 2 } else { 1 }));
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n", body.len());
            let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes());
        }
    });
    address
}

/// Links that find no room on the disk stop a crawl; their page comes again with them once there is room.
#[cfg(target_os = "linux")]
#[test]
fn without_room_for_links_a_crawl_stops_and_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("crawl.toml");
    let text_of_recipe = format!(
        "name = 'full'\n[[source]]\nkind = 'pages'\nurls = ['http://site.test/']\n[hosts]\n'site.test' = '{}'\n\
         [looks]\ninteractions = 0\n[frontier]\nlink_depth = 1\n[politeness]\ncontact = 'a@example.org'\ndelay_ms = 0\n",
        two_pages()
    );
    std::fs::write(&recipe, text_of_recipe).unwrap();
    let crawl = |out: &Path| run(&["crawl", "--recipe", recipe.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    let [whole, full] = ["whole", "full"].map(|name| folder.path().join(name));
    assert!(text(&crawl(&whole).stdout).starts_with("2 pages"));
    // The same dataset, before its first page, on a disk that has no room for links.
    std::fs::create_dir_all(full.join("frontier")).unwrap();
    for name in ["dataset.json", "recipe.toml"] {
        std::fs::copy(whole.join(name), full.join(name)).unwrap();
    }
    let links = full.join("frontier/links.jsonl");
    std::os::unix::fs::symlink("/dev/full", &links).unwrap();
    let stopped = crawl(&full);
    assert_eq!(stopped.status.code(), Some(1));
    for words in ["links.jsonl` cannot be written: No space left on device", "the same command goes on"] {
        assert!(text(&stopped.stderr).contains(words), "`{words}` is not in:\n{}", text(&stopped.stderr));
    }
    std::fs::remove_file(&links).unwrap();
    let rest = crawl(&full);
    assert!(text(&rest.stdout).starts_with("2 pages"), "{}{}", text(&rest.stdout), text(&rest.stderr));
}

/// Killed without warning, a crawl goes on where it was: no page lost, none there twice.
#[test]
fn a_killed_crawl_goes_on_and_its_data_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("pages");
    std::fs::create_dir(&pages).unwrap();
    for number in 0..24 {
        page(&pages, number);
    }
    let recipe = folder.path().join("crawl.toml");
    let source = "[[source]]\nkind = 'folder'\npath = 'pages'\nhost = 'pages.test'\n";
    std::fs::write(&recipe, format!("name = 'killed'\n{source}[looks]\ninteractions = 0\n[store]\nshard_rows = 5\n"))
        .unwrap();
    let out = folder.path().join("out");
    let arguments = ["crawl", "--recipe", recipe.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let mut child = glim().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    // In the middle: one shard is there, and not all pages are.
    while !out.join("data/train-00000.parquet").exists() && !out.join("data/validation-00000.parquet").exists() {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let rest = succeed(&arguments);
    assert!(!rest.starts_with("24 pages"), "{rest}");
    let dataset = out.to_str().unwrap();
    let stats: Value = serde_json::from_str(&succeed(&["data", "stats", dataset, "--json"])).unwrap();
    assert_eq!((&stats["pages"], &stats["screens"]), (&24.into(), &24.into()));
    assert!(out.join("gallery.html").is_file() && out.join("README.md").is_file());
    assert!(succeed(&["data", "stats", dataset]).contains("comprehension"));

    for (format, file) in
        [("webdataset", "train-000000.tar"), ("llama-factory", "dataset_info.json"), ("screenspot", "train")]
    {
        let to = folder.path().join(format);
        succeed(&["data", "convert", dataset, "--to", format, "--out", to.to_str().unwrap()]);
        assert!(to.join(file).exists(), "{format}");
    }
    let unknown =
        run(&["data", "convert", dataset, "--to", "csv", "--out", folder.path().join("csv").to_str().unwrap()]);
    assert!(
        text(&unknown.stderr).contains("there is no format `csv`; there are webdataset"),
        "{}",
        text(&unknown.stderr)
    );
    let mixed = folder.path().join("mixed");
    succeed(&["data", "mix", &format!("{dataset}=1"), "--out", mixed.to_str().unwrap(), "--task", "ocr=0"]);
    let stats: Value = serde_json::from_str(&succeed(&["data", "stats", mixed.to_str().unwrap(), "--json"])).unwrap();
    assert!(stats["tasks"].get("ocr").is_none() && stats["tasks"].get("comprehension").is_some(), "{stats}");
}
