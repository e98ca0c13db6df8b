//! Every action does what a person's would.

use glim_env::{Action, Button, Environment, Outcome, Point, Query, Seed, StartState, Target, Viewport, WebStart};

use crate::site::{Live, browser};

#[tokio::test]
async fn conformance() {
    let page = "<button onclick='this.textContent=Math.random()'>roll</button><input><a href='/next'>next</a>";
    let mut live = Live::at(&[("/", page), ("/next", "<h1>next</h1>")]).await;
    let start = StartState::Web(live.site.start("/"));
    let actions = [
        Action::click(Target::Mark(1)),
        Action::Type { target: Some(Target::Mark(2)), text: "héllo".into(), replace: false, submit: false },
        Action::click(Target::Mark(3)),
        Action::Back,
    ];
    glim_env::conformance::check(&mut live.env, &start, Seed(3), &actions).await.unwrap();
}

#[tokio::test]
async fn mouse_buttons_and_counts() {
    let page = r#"<button id=b style="width:200px;height:80px">target</button><p id=log></p><script>
        for (const kind of ['click','dblclick','contextmenu','auxclick','mouseenter'])
          b.addEventListener(kind, e => { e.preventDefault(); log.textContent += kind + e.button + ' ' })</script>"#;
    let mut live = Live::at(&[("/", page)]).await;
    let at = Target::Point(live.find("target").rect.center());
    live.done(Action::Hover { target: at }).await;
    assert!(live.shows("mouseenter0"));
    live.done(Action::Click { target: at, button: Button::Left, count: 2 }).await;
    assert!(live.shows("click0 click0 dblclick0"));
    live.done(Action::Click { target: at, button: Button::Right, count: 1 }).await;
    assert!(live.shows("contextmenu2"));
    live.done(Action::Click { target: at, button: Button::Middle, count: 1 }).await;
    assert!(live.shows("auxclick1"));
    live.rejected(Action::Click { target: at, button: Button::Left, count: 9 }).await;
}

#[tokio::test]
async fn typing_any_unicode_appends_replaces_and_submits() {
    let page = r#"<form onsubmit="event.preventDefault(); out.textContent='sent ' + f.value"><input id=f aria-label=field
        value=old></form><p id=out></p><div contenteditable aria-label=note>draft</div>"#;
    let mut live = Live::at(&[("/", page)]).await;
    let field = Target::Mark(live.find("field").mark);
    live.done(Action::Keys { chord: "Tab".into() }).await;
    let text = "Añb漢😀";
    live.done(Action::Type { target: Some(field), text: text.into(), replace: true, submit: true }).await;
    assert_eq!(live.find("field").value.as_deref(), Some(text));
    assert!(live.shows(&format!("sent {text}")));
    live.done(Action::Keys { chord: "End".into() }).await;
    live.done(Action::Type { target: None, text: " +1".into(), replace: false, submit: false }).await;
    assert_eq!(live.find("field").value.as_deref(), Some("Añb漢😀 +1"));
    live.done(Action::Keys { chord: "ctrl+a".into() }).await;
    live.done(Action::Type { target: None, text: "x".into(), replace: false, submit: false }).await;
    assert_eq!(live.find("field").value.as_deref(), Some("x"));
    live.done(Action::Type { target: Some(field), text: String::new(), replace: true, submit: false }).await;
    assert_eq!(live.find("field").value.as_deref().unwrap_or_default(), "");
    let note = Target::Mark(live.find("note").mark);
    live.done(Action::Type { target: Some(note), text: "final".into(), replace: true, submit: false }).await;
    let note = live.find("note");
    assert_eq!(note.value.as_deref().unwrap_or(&note.text), "final");
}

#[tokio::test]
async fn dragging_by_pointer_and_by_the_browsers_own_drag_and_drop() {
    let page = r#"<style>div{position:absolute;width:60px;height:60px}</style>
        <div id=p role=button aria-label=pointer style="left:10px;top:10px;background:red"></div>
        <div id=n draggable=true role=button aria-label=native style="left:10px;top:120px;background:blue"></div>
        <div id=t role=button aria-label=bin style="left:200px;top:120px;background:grey"></div>
        <p id=log style="position:absolute;top:220px"></p><script>
        let held; p.onpointerdown = e => { held = true; p.setPointerCapture(e.pointerId) };
        p.onpointermove = e => { if (held) p.style.left = e.clientX - 30 + 'px' };
        p.onpointerup = () => { held = false; log.textContent += 'moved ' + p.style.left };
        n.ondragstart = e => e.dataTransfer.setData('text/plain', 'payload');
        t.ondragover = e => e.preventDefault();
        t.ondrop = e => { e.preventDefault(); log.textContent += ' dropped ' + e.dataTransfer.getData('text/plain') };
        </script>"#;
    let mut live = Live::at(&[("/", page)]).await;
    let from = Target::Point(live.find("pointer").rect.center());
    live.done(Action::Drag { from, to: Target::Point(Point::new(230.0, 40.0)) }).await;
    assert!(live.shows("moved 200px"), "{:?}", live.seen.elements);
    let (native, bin) = (live.find("native").mark, live.find("bin").mark);
    live.done(Action::Drag { from: Target::Mark(native), to: Target::Mark(bin) }).await;
    assert!(live.shows("dropped payload"), "{:?}", live.seen.elements);
}

#[tokio::test]
async fn scrolling_the_page_and_a_container() {
    let page = r#"<div id=c style="height:100px;overflow:auto"><div style="height:900px">top<br></div><button>low</button>
        </div><div style="height:2000px"></div><button>bottom</button>"#;
    let mut live = Live::at(&[("/", page)]).await;
    assert!(!live.names().contains(&"low") && !live.names().contains(&"bottom"));
    let at = Some(Target::Point(Point::new(50.0, 50.0)));
    live.done(Action::Scroll { target: at, dx: 0.0, dy: 2000.0 }).await;
    assert!(live.names().contains(&"low"), "{:?}", live.names());
    let at = Some(Target::Point(Point::new(50.0, 250.0)));
    live.done(Action::Scroll { target: at, dx: 0.0, dy: 5000.0 }).await;
    assert!(live.names().contains(&"bottom"), "{:?}", live.names());
    assert!(live.seen.scroll.y > 1500.0);
}

#[tokio::test]
async fn selecting_an_option() {
    let page = r#"<select id=s aria-label=size onchange="out.textContent='now '+s.value"><option value=s>Small<option
        value=l>Large</select><p id=out></p>"#;
    let mut live = Live::at(&[("/", page)]).await;
    let list = Target::Mark(live.find("size").mark);
    live.done(Action::Select { target: list, option: "Large".into() }).await;
    assert!(live.shows("now l"));
    let reason = live.rejected(Action::Select { target: list, option: "Huge".into() }).await;
    assert!(reason.contains("Small") && reason.contains("Large"), "{reason}");
    let at = Target::Point(live.find("size").rect.center());
    live.done(Action::Select { target: at, option: "s".into() }).await;
    assert!(live.shows("now s"));
}

#[tokio::test]
async fn nothing_opens_outside_the_page() {
    let page = r##"<select id=s aria-label=size><option>Small<option>Large</select><input type=date aria-label=day>
        <input type=color aria-label=colour value="#ff0000"><p id=out></p>
        <script>oninput = e => out.textContent = 'now ' + e.target.value</script>"##;
    let mut live = Live::at(&[("/", page)]).await;
    for name in ["size", "day", "colour"] {
        let rect = live.find(name).rect;
        live.click(name).await;
        live.done(Action::click(Point::new(rect.x + rect.width - 6.0, rect.center().y))).await;
        live.done(Action::Keys { chord: "Alt+ArrowDown".into() }).await;
        live.done(Action::Keys { chord: "space".into() }).await;
    }
    live.click("size").await;
    live.done(Action::Keys { chord: "ArrowDown".into() }).await;
    assert!(live.shows("now Large"), "{:?}", live.seen.elements);
    let day = Target::Mark(live.find("day").mark);
    live.done(Action::Type { target: Some(day), text: "2026-02-03".into(), replace: true, submit: false }).await;
    assert!(live.shows("now 2026-02-03"), "{:?}", live.seen.elements);
}

#[tokio::test]
async fn scrolling_beyond_the_end_of_a_rounded_list() {
    let page = r#"<body style="background:linear-gradient(#123,#456);color:white"><div id=c style="height:200px;
        overflow:auto;border-radius:12px;border:1px solid">ROWS</div>"#;
    let rows: String = (0..30).map(|row| format!("<p>row {row}</p>")).collect();
    let mut live = Live::at(&[("/", &page.replace("ROWS", &rows))]).await;
    for _ in 0..8 {
        live.done(Action::Scroll { target: Some(Point::new(60.0, 100.0).into()), dx: 0.0, dy: 400.0 }).await;
    }
    assert!(live.shows("row 29"));
}

/// The compositor scrolls by itself and draws what is painted: a picture must not come before the rest is. Some of the first
/// turns of the wheel on a fresh page used to lack what they brought up, so there are several.
#[tokio::test]
async fn what_the_wheel_brings_up_is_painted() {
    let page: String = (0..26).map(|at| format!("<p>{at} {}</p>", "of a paragraph that is long ".repeat(20))).collect();
    let whole = |start: WebStart| WebStart { viewport: Some(Viewport::new(1280, 720)), ..start };
    let mut live = Live::with(&[("/", &page)], whole).await;
    let start = StartState::Web(whole(live.site.start("/")));
    let turn = Action::Scroll { target: None, dx: 0.0, dy: 650.0 };
    let browser = browser();
    let turned = async |rounds: usize| {
        let mut env = browser.env();
        let mut pictures = Vec::new();
        for _ in 0..rounds {
            env.reset(&start, Seed(1)).await.unwrap();
            pictures.push(env.step(&turn).await.unwrap().observation.screenshot);
        }
        pictures
    };
    let (one, other) = tokio::join!(turned(8), turned(8));
    for to in [2000, 650] {
        live.env.evaluate(&format!("scrollTo({{top: {to}, behavior: 'instant'}}); 0")).await.unwrap();
        live.done(Action::Wait { ms: 50 }).await;
    }
    let lost = one.iter().chain(&other).filter(|picture| **picture != live.seen.screenshot).count();
    assert_eq!(lost, 0, "pictures of {} that lack something", one.len() + other.len());
}

#[tokio::test]
async fn history_reload_and_addresses() {
    let pages = [("/", "<a href='/two'>two</a>"), ("/two", "<h1>second</h1>")];
    let mut live = Live::at(&pages).await;
    assert!(live.rejected(Action::Back).await.contains("go back"));
    live.click("two").await;
    assert!(live.seen.url.ends_with("/two") && live.shows("second"));
    live.done(Action::Back).await;
    assert!(live.seen.url.ends_with("site.test/"));
    live.done(Action::Forward).await;
    assert!(live.seen.url.ends_with("/two"));
    live.done(Action::Reload).await;
    assert!(live.shows("second"));
    live.done(Action::Navigate { url: "http://other.test/two".into() }).await;
    assert_eq!(live.seen.url, "http://other.test/two");
    live.done(Action::Navigate { url: "http://site.test/".into() }).await;
    let url = live.env.probe(&Query::Url).await.unwrap().value;
    assert_eq!(url, "http://site.test/");
}

#[tokio::test]
async fn tabs_open_switch_and_close() {
    let pages = [("/", "<a href='/two' target=_blank>new</a>"), ("/two", "<title>Two</title><h1>second</h1>")];
    let mut live = Live::at(&pages).await;
    live.done(Action::OpenTab { url: Some("http://site.test/two".into()) }).await;
    assert_eq!(live.seen.tabs.len(), 2);
    assert!(live.seen.tabs[1].active && live.seen.title == "Two" && live.shows("second"));
    live.done(Action::SwitchTab { index: 0 }).await;
    assert!(live.seen.url.ends_with("site.test/"));
    live.rejected(Action::SwitchTab { index: 7 }).await;
    live.click("new").await;
    assert_eq!(live.seen.tabs.len(), 3, "{:?}", live.seen.tabs);
    assert!(live.shows("second"));
    live.done(Action::CloseTab { index: None }).await;
    live.done(Action::CloseTab { index: Some(1) }).await;
    assert_eq!(live.seen.tabs.len(), 1);
    assert!(live.rejected(Action::CloseTab { index: None }).await.contains("last tab"));
}

#[tokio::test]
async fn elements_of_all_kinds_of_frames_can_be_clicked() {
    let inner = "<button onclick=\"this.textContent='pressed'\">inner</button>";
    let outer = "<h1>outer</h1><iframe src='/same' width=200 height=80></iframe><iframe src='http://other.test/cross' \
                 width=200 height=80></iframe><p>after</p>";
    let mut live = Live::at(&[("/", outer), ("/same", inner), ("/cross", &inner.replace("inner", "cross"))]).await;
    let order: Vec<_> = live.names().into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let place = |name: &str| order.iter().position(|found| found == name).unwrap_or_else(|| panic!("{order:?}"));
    assert!(place("inner") < place("cross"));
    for name in ["inner", "cross"] {
        assert!(!live.find(name).frame.is_empty());
        let step_target = Target::Mark(live.find(name).mark);
        live.done(Action::click(step_target)).await;
    }
    assert_eq!(live.names().iter().filter(|name| **name == "pressed").count(), 2, "{:?}", live.names());
}

#[tokio::test]
async fn a_mark_that_is_gone_is_rejected() {
    let page = "<button onclick=\"b.remove()\">remove</button><button id=b>other</button>";
    let mut live = Live::at(&[("/", page)]).await;
    let other = Target::Mark(live.find("other").mark);
    live.click("remove").await;
    let step = live.act(Action::click(other)).await;
    assert!(matches!(step.outcome, Outcome::Rejected { .. }));
    for action in [Action::Done, Action::Answer { text: "x".into() }] {
        live.rejected(action).await;
    }
}
