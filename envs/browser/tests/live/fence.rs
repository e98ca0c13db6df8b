//! Nothing leaves the allowed hosts, by whatever way.

use glim_env::{Action, EnvError, Environment, Notice, Seed, StartState};

use crate::site::{Live, Site, browser};

#[tokio::test]
async fn every_kind_of_request_is_fenced_in() {
    let page = r#"<title>fence</title><img src="http://evil.test/img"><script src="http://evil.test/script"></script>
        <link rel=stylesheet href="http://evil.test/style"><iframe src="http://evil.test/frame"></iframe>
        <img src="/redirect"><script>
        fetch('http://evil.test/fetch').catch(()=>0); navigator.sendBeacon('http://evil.test/beacon');
        new WebSocket('ws://evil.test/socket'); new EventSource('http://evil.test/events');
        new Image().src = 'http://127.0.0.1:' + PORT + '/direct'; fetch('http://localhost:' + PORT + '/direct').catch(()=>0);
        fetch('http://[::1]:' + PORT + '/direct').catch(()=>0);
        navigator.serviceWorker?.register('/worker.js').catch(()=>0);
        </script>"#;
    let probe = Site::new(&[]).await;
    let page = page.replace("PORT", &probe.addr.port().to_string());
    let live = Live::at(&[("/", &page), ("/redirect", "302 http://evil.test/redirected"), ("/worker.js", "0")]).await;
    assert!(live.site.was_asked("/redirect"));
    assert!(!live.site.was_asked("evil"), "{:?}", live.site.asked);
    assert_eq!(*probe.asked.lock().unwrap(), Vec::<String>::new());
    assert!(live.noticed(|notice| matches!(notice, Notice::Blocked { url, .. } if url == "evil.test")));
    assert!(live.noticed(|notice| matches!(notice, Notice::Blocked { url, .. } if url == "127.0.0.1")));
}

#[tokio::test]
async fn an_agent_cannot_leave_either() {
    let mut live =
        Live::at(&[("/", "<a href='http://evil.test/x'>out</a><a href='file:///etc/passwd'>file</a>")]).await;
    for url in [
        "http://evil.test/",
        "file:///etc/passwd",
        "chrome://version",
        "javascript:alert(1)",
        "http://127.0.0.1/",
        "view-source:http://site.test/",
        "",
    ] {
        let reason = live.rejected(Action::Navigate { url: url.into() }).await;
        assert!(!reason.is_empty());
        live.rejected(Action::OpenTab { url: Some(url.into()) }).await;
    }
    live.click("file").await;
    assert_eq!(live.seen.url, "http://site.test/");
    live.click("out").await;
    assert!(live.noticed(|notice| matches!(notice, Notice::Blocked { .. })), "{:?}", live.seen.notices);
}

#[tokio::test]
async fn a_start_outside_the_fence_is_unreachable() {
    let site = Site::new(&[]).await;
    let mut env = browser().env();
    let mut start = site.start("/");
    start.url = "http://elsewhere.test/".into();
    let error = env.reset(&StartState::Web(start), Seed(1)).await.unwrap_err();
    assert!(matches!(error, EnvError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn episodes_share_no_cookies_or_storage() {
    let page = "<p id=p></p><script>p.textContent = 'saw ' + document.cookie + localStorage.x; \
                document.cookie='c=1'; localStorage.x = 2</script>";
    let site = Site::new(&[("/", page)]).await;
    let browser = browser();
    let (mut one, mut two) = (browser.env(), browser.env());
    let start = StartState::Web(site.start("/"));
    for env in [&mut one, &mut two] {
        for _ in 0..2 {
            let seen = env.reset(&start, Seed(1)).await.unwrap();
            assert!(seen.elements.iter().any(|element| element.text == "saw undefined"), "{:?}", seen.elements);
        }
    }
}
