//! What a crawler asks of a browser beside what an agent does: lines of text, other readers, archives, requests not made.

use std::sync::{Arc, Mutex};

use glim_browser::{Browser, BrowserConfig, Request, RequestFilter};
use glim_env::{Action, Clock, EnvError, Environment, Reader, Seed, StartState, Target, Viewport, WebStart};

use crate::site::{Site, both_kinds};

fn browser() -> Arc<Browser> {
    Browser::new(BrowserConfig { viewport: Viewport::new(600, 400), ..BrowserConfig::default() })
}

#[tokio::test]
async fn lines_and_words_are_read_where_they_are_painted() {
    let page = "<body style='margin:0;font:20px/30px Liberation Sans'><p style='margin:0;width:200px'>one two <b>bold</b>er \
                words that wrap over lines</p><div style='position:absolute;top:180px;left:0'>covered<div style='position:\
                absolute;inset:0;background:red'></div></div><p style='position:absolute;top:900px'>below</p>\
                <p style='position:absolute;top:230px;margin:0;text-transform:uppercase'>loud</p>\
                <p style='position:absolute;top:260px;margin:0;opacity:0'>ghost</p>\
                <p style='position:absolute;top:290px;margin:0;filter:blur(8px)'>behind a paywall</p>\
                <p style='position:absolute;top:320px;margin:0;filter:opacity(0)'>filtered</p>";
    let site = Site::new(&[("/", page)]).await;
    let browser = browser();
    let mut env = browser.env();
    env.set_reads_text(true);
    env.visit(&site.start("/"), Seed(1)).await.unwrap();
    let told: Vec<_> = env.lines().iter().map(|line| line.text.as_str()).collect();
    assert_eq!(told, ["one two bolder words", "that wrap over lines", "LOUD"]);
    let [first, second, ..] = env.lines() else { unreachable!() };
    assert_eq!((first.block, second.block), (1, 1));
    let words: Vec<_> = first.words.iter().map(|word| word.0.as_str()).collect();
    assert_eq!(words, ["one", "two", "bolder", "words"]);
    assert!(first.sides[1] >= 0.0 && first.sides[3] <= 31.0 && second.sides[1] >= 28.0, "{:?}", env.lines());
    assert!(first.words[0].3 < first.words[1].1, "{:?}", first.words);
}

/// What an ellipsis stands for is not painted, though it has its boxes.
#[tokio::test]
async fn what_an_ellipsis_stands_for_is_not_read() {
    let page = "<style>body{margin:0;font:20px/30px Liberation Sans}div{width:120px;overflow:hidden;margin:5px 0}</style>\
                <div style='white-space:nowrap;text-overflow:ellipsis'>fits well but no more</div>\
                <div style='text-overflow:ellipsis'>wraps where there is room</div>\
                <div style='white-space:nowrap'>is simply cut here</div>\
                <div style='display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2'>of two lines that show \
                the second ends early</div>";
    let site = Site::new(&[("/", page)]).await;
    let browser = browser();
    let mut env = browser.env();
    env.set_reads_text(true);
    let seen = env.visit(&site.start("/"), Seed(1)).await.unwrap();
    let told: Vec<_> = env.lines().iter().map(|line| line.text.as_str()).collect();
    assert_eq!(told, ["fits well but", "wraps where", "there is room", "is simply cut", "of two lines", "that show"]);
    let text = &seen.elements.last().unwrap().text;
    assert!(text.starts_with("of two lines that show the") && !text.contains("early"), "{text}");
}

#[tokio::test]
async fn a_visitor_leaves_nothing_behind() {
    let page = "<script>document.write([document.cookie, localStorage.x, sessionStorage.x, history.length, window.name])\n\
                document.cookie = 'a=b'; localStorage.x = sessionStorage.x = window.name = 'seen'</script>";
    let site = Site::new(&[("/", page), ("/other", page)]).await;
    let browser = browser();
    let mut env = browser.env();
    let first = env.visit(&site.start("/"), Seed(1)).await.unwrap();
    let second = env.visit(&site.start("/other"), Seed(1)).await.unwrap();
    assert_eq!(first.elements[0].text, ",,,2,");
    assert_eq!(second.elements[0].text, ",,,2,");
    assert!(env.visit(&WebStart::local("http://nowhere.test/"), Seed(1)).await.is_err());
    assert_eq!(env.visit(&site.start("/"), Seed(1)).await.unwrap().elements[0].text, ",,,2,");
}

#[tokio::test]
async fn readers_are_told_of() {
    let page = "<meta name=viewport content='width=device-width'><script>document.write(['Mobile', 'acme'].map(word => \
                navigator.userAgent.includes(word)), navigator.language, matchMedia('(prefers-color-scheme: dark)').matches, \
                navigator.maxTouchPoints, new Intl.NumberFormat().format(1.5), innerWidth)</script>";
    let site = Site::new(&[("/", page)]).await;
    let mut start = site.start("/");
    let browser = browser();
    let mut env = browser.env();
    assert_eq!(env.visit(&start, Seed(1)).await.unwrap().elements[0].text, "false,falseen-USfalse01.5400");
    start.reader = Reader { mobile: true, dark: true, locale: Some("de-DE".into()), agent: Some("(acme)".into()) };
    start.viewport = Some(Viewport { width: 390, height: 600, scale: 2.0 });
    let observation = env.visit(&start, Seed(1)).await.unwrap();
    assert_eq!(observation.elements[0].text, "true,truede-DEtrue51,5390");
    let picture = image::load_from_memory(&observation.screenshot.png).unwrap();
    assert_eq!((picture.width(), picture.height()), (780, 1200));
}

/// A page laid out for a desk is shown small on a phone; boxes follow.
#[tokio::test]
async fn boxes_fit_a_page_that_is_shown_small() {
    let page = "<body style='margin:0'><button style='position:absolute;left:490px;top:200px;width:200px;height:100px'>Go</button>";
    let site = Site::new(&[("/", page)]).await;
    let mut start = site.start("/");
    start.reader.mobile = true;
    start.viewport = Some(Viewport { width: 490, height: 800, scale: 1.0 });
    let browser = browser();
    let mut env = browser.env();
    let observation = env.visit(&start, Seed(1)).await.unwrap();
    let button = observation.elements.iter().find(|element| element.role == "button").unwrap();
    let picture = image::load_from_memory(&observation.screenshot.png).unwrap().into_rgb8();
    let painted = |x: f64, y: f64| picture.get_pixel(x as u32, y as u32).0 != [255; 3];
    let rect = button.rect;
    assert!((rect.width - 100.0).abs() < 3.0 && (rect.x - 245.0).abs() < 3.0, "{rect:?}");
    assert!(painted(rect.x + 4.0, rect.y + 4.0) && !painted(rect.x - 4.0, rect.y + 4.0), "{rect:?}");
}

/// The picture of a screen with finer pixels shows all of the page, larger, where the boxes are; and clicks go there too.
#[tokio::test]
async fn finer_pixels_show_the_same_page() {
    let page = "<meta name=viewport content='width=device-width'><body style='margin:0'><button style='position:absolute;left:250px;top:400px;width:100px;height:50px;\
                background:#f00;border:0' onclick='this.textContent=devicePixelRatio'>Go</button><p style='height:2000px'>";
    let site = Site::new(&[("/", page)]).await;
    for (scale, mobile, clock) in [
        (2.0, true, Clock::Virtual),
        (2.0, false, Clock::Virtual),
        (1.5, false, Clock::Virtual),
        (0.5, false, Clock::Virtual),
        (2.0, false, Clock::Real),
    ] {
        let mut start = site.start("/");
        start.clock = clock;
        start.viewport = Some(Viewport { width: 400, height: 500, scale });
        start.reader.mobile = mobile;
        let browser = browser();
        let mut env = browser.env();
        let observation = env.visit(&start, Seed(1)).await.unwrap();
        let picture = image::load_from_memory(&observation.screenshot.png).unwrap().into_rgb8();
        assert_eq!((f64::from(picture.width()), f64::from(picture.height())), (400.0 * scale, 500.0 * scale));
        let red = |x: f64, y: f64| picture.get_pixel((x * scale) as u32, (y * scale) as u32).0 == [255, 0, 0];
        assert!(
            red(253.0, 403.0) && red(346.0, 446.0) && !red(247.0, 403.0) && !red(353.0, 446.0),
            "at scale {scale}, {clock:?}"
        );
        let button = observation.elements.iter().find(|element| element.role == "button").unwrap();
        let step = env.step(&Action::click(Target::Mark(button.mark))).await.unwrap();
        let after = step.observation.elements.iter().find(|element| element.role == "button").unwrap();
        assert_eq!(after.text, scale.to_string(), "{clock:?}");
        let step = env.step(&Action::Scroll { target: None, dx: 0.0, dy: 100.0 }).await.unwrap();
        assert_eq!(step.observation.scroll.y, 100.0, "at scale {scale}, {clock:?}");
    }
}

#[tokio::test]
async fn an_archive_answers_for_every_host_and_scheme() {
    let app = axum::Router::new().fallback(|request: axum::extract::Request| async move {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let told = format!("{} {} {}", header("x-forwarded-proto"), header("host"), request.uri().path());
        let body = if request.uri().path() == "/script.js" {
            format!("document.write('<p>{told}</p>')")
        } else {
            format!("<p>{told}</p><script src='https://cdn.example.net/script.js'></script>")
        };
        ([("content-type", if body.starts_with("document") { "text/javascript" } else { "text/html" })], body)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let archive = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let browser = browser();
    let mut env = browser.env();
    for (url, said) in
        [("https://www.example.org/a", "https www.example.org /a"), ("http://example.com/b", "http example.com /b")]
    {
        let start = WebStart { archive: Some(archive), ..WebStart::local(url) };
        let observation = env.visit(&start, Seed(1)).await.unwrap();
        let told: Vec<_> = observation.elements.iter().map(|element| element.text.as_str()).collect();
        assert_eq!(told, [said, "https cdn.example.net /script.js"], "{url}");
        assert_eq!(observation.notices, [], "{url}");
    }
    // The certificate is ours alone: without an archive, nothing is reached.
    let closed = WebStart::local("https://www.example.org/a");
    assert!(matches!(env.visit(&closed, Seed(1)).await, Err(EnvError::Unreachable { .. })));
}

struct NoAds(Mutex<Vec<String>>);

impl RequestFilter for NoAds {
    fn blocks(&self, request: &Request<'_>) -> bool {
        self.0.lock().unwrap().push(format!("{} {}", request.kind, request.url));
        request.url.ends_with("/ad.js")
    }
}

#[tokio::test]
async fn requests_that_a_filter_blocks_are_not_made() {
    let page = "<script src=/ad.js></script><script src=/ok.js></script>";
    let site = Site::new(&[
        ("/", page),
        ("/ad.js", "document.write('<p>buy</p>')"),
        ("/ok.js", "document.write('<p>read</p>')"),
    ])
    .await;
    let filter = Arc::new(NoAds(Mutex::default()));
    let browser = browser();
    let mut env = browser.env();
    env.set_filter(Some(filter.clone()));
    let observation = env.reset(&StartState::Web(site.start("/")), Seed(1)).await.unwrap();
    let told: Vec<_> = observation.elements.iter().map(|element| element.text.as_str()).collect();
    assert_eq!(told, ["read"]);
    let asked = filter.0.lock().unwrap().clone();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[0].starts_with("Document http://") && asked[1].starts_with("Script "), "{asked:?}");
}

#[tokio::test]
async fn an_ordinary_chromium_shows_the_same_pixels() {
    let page = r#"<!doctype html><body style="background:linear-gradient(#eef,#fff)"><h1>A heading</h1><p>Text where no font
        is named, <b>bold</b>, <i>slanted</i>, <code>let it = fixed();</code> <a href=#>a link</a> 日本語 한국어 🙂</p>
        <p style="font:13px sans-serif;border-radius:9px;box-shadow:0 2px 6px #0008;padding:8px">Small <kbd>Ctrl</kbd></p>
        <input value="a field"><select><option>one</select><input type=checkbox checked><button>Go</button>
        <table border=1><tr><th>x<td>1.5</table>"#;
    let folder = tempfile::tempdir().unwrap();
    let site = Site::new(&[("/", page)]).await;
    let mut pictures = Vec::new();
    for program in both_kinds(folder.path()) {
        let config = BrowserConfig { executable: Some(program), ..BrowserConfig::default() };
        let seen = Browser::new(config).env().reset(&StartState::Web(site.start("/")), Seed(1)).await.unwrap();
        pictures.push(image::load_from_memory(&seen.screenshot.png).unwrap().to_rgb8());
    }
    let differ = pictures[0].pixels().zip(pictures[1].pixels()).filter(|(one, other)| one != other).count();
    assert_eq!((pictures[0].dimensions(), differ), (pictures[1].dimensions(), 0));
}

#[tokio::test]
async fn a_button_made_of_an_input_says_what_it_shows() {
    let page = "<input type=submit value=' Go  on '><input type=reset><input type=button value=Drawn aria-label=spoken>\
                <input type=submit value=Search style='text-indent:-999px;overflow:hidden'>";
    let site = Site::new(&[("/", page)]).await;
    let seen = browser().env().reset(&StartState::Web(site.start("/")), Seed(1)).await.unwrap();
    let texts: Vec<_> = seen.elements.iter().map(|element| (element.name.as_str(), element.text.as_str())).collect();
    assert_eq!(texts, [("Go on", "Go on"), ("Reset", "Reset"), ("spoken", "Drawn"), ("Search", "")]);
}
