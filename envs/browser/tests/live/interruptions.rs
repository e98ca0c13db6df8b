//! Whatever would wait for a person is answered, reported and never hangs.

use std::time::{Duration, Instant};

use glim_browser::{Browser, BrowserConfig};
use glim_env::{Action, Button, Environment, Notice, Outcome, Point, Seed, StartState, Target, Viewport};

use crate::site::{Live, Site, both_kinds};

#[tokio::test]
async fn dialogs_are_answered_and_reported() {
    let page = "<button onclick=\"alert('hi'); out.textContent = confirm('sure?') + ' ' + prompt('name', 'Mia')\">ask</button>\
                <p id=out></p>";
    let mut live = Live::at(&[("/", page)]).await;
    live.click("ask").await;
    assert!(live.shows("true Mia"), "{:?}", live.seen.elements);
    for (kind, text) in [("alert", "hi"), ("confirm", "sure?"), ("prompt", "name")] {
        let told = |notice: &Notice| matches!(notice, Notice::Dialog { dialog, message, accepted: true } if dialog == kind && message == text);
        assert!(live.noticed(told), "{kind}: {:?}", live.seen.notices);
    }
}

#[tokio::test]
async fn a_dialog_at_load_does_not_hang_the_reset() {
    let live = Live::at(&[("/", "<script>alert('first')</script><h1>after</h1>")]).await;
    assert!(live.shows("after"));
    assert!(live.noticed(|notice| matches!(notice, Notice::Dialog { .. })));
}

#[tokio::test]
async fn leaving_a_page_that_objects() {
    let page = "<button>touch</button><a href='/two'>two</a><script>onbeforeunload = e => e.preventDefault()</script>";
    let mut live = Live::at(&[("/", page), ("/two", "<h1>second</h1>")]).await;
    live.click("touch").await;
    live.click("two").await;
    assert!(live.shows("second"), "{:?}", live.seen);
}

#[tokio::test]
async fn popups_become_tabs() {
    let page = "<button onclick=\"window.open('/two')\">open</button>";
    let two = "<title>Popup</title><button onclick='window.close()'>close</button>";
    let mut live = Live::at(&[("/", page), ("/two", two)]).await;
    live.click("open").await;
    assert_eq!(live.seen.tabs.len(), 2, "{:?}", live.seen.tabs);
    assert!(live.noticed(|notice| matches!(notice, Notice::TabOpened { .. })));
    assert!(live.names().contains(&"close"), "{:?} {:?}", live.seen.url, live.names());
    live.click("close").await;
    assert_eq!(live.seen.tabs.len(), 1);
    assert!(live.names().contains(&"open"));
}

#[tokio::test]
async fn a_popup_that_is_closed_at_once_is_no_matter() {
    let page = "<button onclick=\"open('/two', 'name').close()\">open</button>";
    let page = page.replace("open(", "window.open(");
    let mut live = Live::at(&[("/", &page), ("/two", "<h1>second</h1>")]).await;
    for _ in 0..3 {
        live.click("open").await;
        assert_eq!((live.seen.tabs.len(), live.names().contains(&"open")), (1, true), "{:?}", live.seen);
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_empty_and_reported() {
    let pages = [("/", "<a href='/broken'>go</a>"), ("/broken", "gzip that it is not")];
    let site = Site::new(&pages).await;
    let folder = tempfile::tempdir().unwrap();
    for program in both_kinds(folder.path()) {
        let mut env = Browser::new(BrowserConfig { executable: Some(program), ..BrowserConfig::default() }).env();
        let seen = env.reset(&StartState::Web(site.start("/")), Seed(1)).await.unwrap();
        let seen = env.step(&Action::click(seen.elements[0].point)).await.unwrap().observation;
        assert_eq!((seen.url.as_str(), seen.elements.len()), ("http://site.test/broken", 0));
        let told = |notice: &Notice| matches!(notice, Notice::LoadFailed { url, .. } if *url == seen.url);
        assert!(seen.notices.iter().any(told), "{:?}", seen.notices);
        let seen = env.step(&Action::Back).await.unwrap().observation;
        assert_eq!(seen.elements[0].name, "go");
    }
}

#[tokio::test]
async fn downloads_are_refused_and_reported_with_the_click() {
    let outer = "<a href='/file'>link</a><a href='/file' target=_blank>apart</a><a href='/file' download>saves</a>\
                 <button onclick='scripted()'>scripted</button><br><iframe src='/same'></iframe>\
                 <iframe src='http://other.test/cross'></iframe><script>function scripted() {\
                 const a = document.createElement('a'); a.href = 'data:,x'; a.download = 'report.bin';\
                 document.body.append(a); a.click(); a.remove() }</script>";
    let pages = [
        ("/", outer),
        ("/same", "<a href='/file'>within</a>"),
        ("/cross", "<a href='/file'>across</a>"),
        ("/file", "attachment \0\0"),
    ];
    let site = Site::new(&pages).await;
    let folder = tempfile::tempdir().unwrap();
    for program in both_kinds(folder.path()) {
        let mut env = Browser::new(BrowserConfig { executable: Some(program), ..BrowserConfig::default() }).env();
        let mut start = site.start("/");
        start.viewport = Some(Viewport::new(700, 400));
        let mut seen = env.reset(&StartState::Web(start), Seed(1)).await.unwrap();
        for name in ["link", "within", "across", "apart", "saves", "scripted"] {
            let link = seen.elements.iter().find(|element| element.name == name).unwrap().point;
            seen = env.step(&Action::click(link)).await.unwrap().observation;
            if name == "across" && seen.notices.is_empty() {
                // Frames of other sites do not tell that they load.
                seen = env.step(&Action::Wait { ms: 1000 }).await.unwrap().observation;
            }
            let refused = Notice::Download { name: "report.bin".to_owned(), saved: false };
            assert_eq!(seen.notices, [refused], "{name}");
            assert_eq!(seen.tabs.len(), 1, "{name}");
        }
    }
}

#[tokio::test]
async fn a_link_to_what_is_no_page_leaves_all_as_it_is() {
    let page = "<a href='mailto:a@b.c'>mail</a><a href='mailto:a@b.c' target=_blank>mail apart</a>\
                <a href='data:text/html,x' target=_blank>data apart</a>\
                <a href='/nothing'>nothing</a><a href='/nothing' target=_blank>nothing apart</a>";
    let site = Site::new(&[("/", page), ("/nothing", "204")]).await;
    let folder = tempfile::tempdir().unwrap();
    for program in both_kinds(folder.path()) {
        let mut env = Browser::new(BrowserConfig { executable: Some(program), ..BrowserConfig::default() }).env();
        let mut seen = env.reset(&StartState::Web(site.start("/")), Seed(1)).await.unwrap();
        for (name, failed) in [
            ("mail", Some("mailto:a@b.c")),
            ("mail apart", Some("mailto:a@b.c")),
            ("data apart", Some("data:text/html,x")),
            ("nothing", None),
            ("nothing apart", None),
        ] {
            let link = seen.elements.iter().find(|element| element.name == name).unwrap().point;
            let step = env.step(&Action::click(link)).await.unwrap();
            seen = step.observation;
            assert_eq!((step.outcome, seen.tabs.len()), (Outcome::Done, 1), "{name}: {:?}", seen.notices);
            let urls = seen.notices.iter().map(|notice| match notice {
                Notice::LoadFailed { url, .. } => url.as_str(),
                other => panic!("{name}: {other:?}"),
            });
            assert_eq!(Vec::from_iter(urls), Vec::from_iter(failed), "{name}");
        }
    }
}

#[tokio::test]
async fn a_download_that_the_task_asks_for_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let pages = [("/", "<a href='/file'>get</a>"), ("/file", "attachment all of it")];
    let config = BrowserConfig { downloads: Some(folder.path().to_owned()), ..BrowserConfig::default() };
    let browser = Browser::new(config);
    let site = Site::new(&pages).await;
    for wanted in [true, false] {
        let mut start = site.start("/");
        start.downloads = wanted;
        let mut env = browser.env();
        let seen = env.reset(&StartState::Web(start), Seed(1)).await.unwrap();
        let link = seen.elements.iter().find(|element| element.name == "get").unwrap().point;
        let seen = env.step(&Action::click(link)).await.unwrap().observation;
        let reported = |notice: &Notice| matches!(notice, Notice::Download { name, saved } if name == "report.bin" && *saved == wanted);
        assert!(seen.notices.iter().any(reported), "{:?}", seen.notices);
        let saved = folder.path().join("report.bin");
        let deadline = Instant::now() + Duration::from_secs(20);
        while wanted && std::fs::read(&saved).is_ok_and(|content| content != b"all of it") | !saved.exists() {
            assert!(Instant::now() < deadline, "the file is not there");
            env.step(&Action::Wait { ms: 10 }).await.unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), usize::from(wanted));
        let _ = std::fs::remove_file(saved);
    }
}

#[tokio::test]
async fn passwords_of_servers_are_refused() {
    let mut live = Live::at(&[("/", "<a href='/secret'>go</a>"), ("/secret", "401 keep out")]).await;
    live.click("go").await;
    assert!(live.shows("keep out"), "{:?}", live.seen.elements);
    assert!(live.noticed(|notice| matches!(notice, Notice::Authentication { .. })));
}

#[tokio::test]
async fn powers_of_the_machine_are_refused() {
    let page = "<button onclick=\"print(); document.body.requestFullscreen(); navigator.geolocation.getCurrentPosition(()=>out.textContent='got',\
                ()=>out.textContent='denied'); Notification.requestPermission()\">ask</button><p id=out></p>\
                <input type=file aria-label=file>";
    let mut live = Live::at(&[("/", page)]).await;
    live.click("ask").await;
    let refused =
        |what: &'static str| move |notice: &Notice| matches!(notice, Notice::Refused { what: w } if w == what);
    for what in ["window.print", "fullscreen"] {
        assert!(live.noticed(refused(what)), "{what}: {:?}", live.seen.notices);
    }
    let file = live.find("file").point;
    live.done(Action::click(file)).await;
    assert!(live.noticed(refused("file chooser")), "{:?}", live.seen.notices);
}

#[tokio::test]
async fn a_film_cannot_fill_the_screen() {
    let page = "<body style='margin:0'><canvas id=drawn hidden></canvas><video id=film controls muted autoplay width=380 \
                height=200></video><script>drawn.getContext('2d').fillRect(0, 0, 9, 9);\
                film.srcObject = drawn.captureStream(30)</script><p>here</p>";
    let mut live = Live::at(&[("/", page)]).await;
    // Along the controls, where the button for it would be, and twice on the film.
    for x in (260..=370).step_by(10) {
        live.done(Action::click(Point::new(f64::from(x), 175.0))).await;
    }
    let target = Target::Point(Point::new(100.0, 60.0));
    live.done(Action::Click { target, button: Button::Left, count: 2 }).await;
    assert!(live.shows("here"), "{:?}", live.seen.elements);
}

#[tokio::test]
async fn a_link_to_a_dead_server_is_reported() {
    let mut live = Live::with(&[("/", "<a href='http://dead.test/'>go</a>")], |start| {
        start.route("dead.test", ([127, 0, 0, 1], 1).into())
    })
    .await;
    live.click("go").await;
    assert!(live.noticed(|notice| matches!(notice, Notice::LoadFailed { .. })), "{:?}", live.seen.notices);
    let reason = live.rejected(Action::Navigate { url: "http://dead.test/".into() }).await;
    assert!(reason.contains("could not be loaded"), "{reason}");
}
