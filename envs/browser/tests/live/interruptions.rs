//! Whatever would wait for a person is answered, reported and never hangs.

use std::time::{Duration, Instant};

use glim_browser::{Browser, BrowserConfig};
use glim_env::{Action, Environment, Notice, Seed, StartState};

use crate::site::{Live, Site};

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
async fn downloads_are_refused() {
    let mut live = Live::at(&[("/", "<a href='/file'>get</a>"), ("/file", "attachment \0\0")]).await;
    live.click("get").await;
    let refused = |notice: &Notice| matches!(notice, Notice::Download { name, saved: false } if name == "report.bin");
    assert!(live.noticed(refused), "{:?}", live.seen.notices);
    assert!(live.names().contains(&"get"));
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
    let page = "<button onclick=\"print(); navigator.geolocation.getCurrentPosition(()=>out.textContent='got',\
                ()=>out.textContent='denied'); Notification.requestPermission()\">ask</button><p id=out></p>\
                <input type=file aria-label=file>";
    let mut live = Live::at(&[("/", page)]).await;
    live.click("ask").await;
    let refused =
        |what: &'static str| move |notice: &Notice| matches!(notice, Notice::Refused { what: w } if w == what);
    assert!(live.noticed(refused("window.print")), "{:?}", live.seen.notices);
    let file = live.find("file").point;
    live.done(Action::click(file)).await;
    assert!(live.noticed(refused("file chooser")), "{:?}", live.seen.notices);
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
