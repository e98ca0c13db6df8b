//! The list of what is visible, on hand-made hard cases (`fixtures/`) in real Chromium.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_env::{
    Action, Choice, Css, Element, Environment, Observation, Outcome, Point, Query, Rect, Seed, StartState, Target,
    Viewport, WebStart,
};

/// A fixture as it shows in a viewport of 800 by 600.
struct Screen {
    env: BrowserEnv,
    seen: Observation,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn fixture(uri: Uri) -> Response {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    match std::fs::read_to_string(folder.join(uri.path().trim_start_matches('/'))) {
        Ok(page) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Screen {
    async fn of(name: &str) -> Screen {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server =
            tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(fixture)).await.unwrap() });
        let mut start = WebStart::local(&format!("http://main.test/{name}.html"))
            .route("main.test", addr)
            .route("other.test", addr);
        start.viewport = Some(Viewport::new(800, 600));
        let mut env = Browser::new(BrowserConfig::default()).env();
        let seen = env.reset(&StartState::Web(start), Seed(1)).await.unwrap();
        let screen = Screen { env, seen, server };
        screen.is_sound();
        screen
    }

    /// What holds of every element on every page.
    fn is_sound(&self) {
        let viewport = self.seen.viewport.rect();
        for (at, element) in self.seen.elements.iter().enumerate() {
            assert_eq!(element.mark as usize, at + 1);
            assert!(!element.role.is_empty() && !element.tag.is_empty(), "{element:?}");
            assert!(element.visible > 0.0 && element.visible <= 1.0, "{element:?}");
            assert!(element.rect.width >= 2.0 && element.rect.height >= 2.0, "{element:?}");
            assert!((viewport.intersection(&element.rect).area() - element.rect.area()).abs() < 0.1, "{element:?}");
            assert!(element.rect.contains(element.point), "{element:?}");
        }
    }

    fn all(&self, role: &str, name: &str) -> Vec<&Element> {
        self.seen.elements.iter().filter(|element| element.role == role && element.name == name).collect()
    }

    /// The only element with this role and name.
    fn one(&self, role: &str, name: &str) -> &Element {
        let found = self.all(role, name);
        assert_eq!(found.len(), 1, "{role} {name:?} among {:#?}", self.list());
        found[0]
    }

    fn list(&self) -> Vec<String> {
        self.seen.elements.iter().map(|element| format!("{} {}", element.role, element.name)).collect()
    }

    /// No element says this, in its name or in its text.
    fn silent(&self, words: &[&str]) {
        for word in words {
            let says = |element: &&Element| element.name.contains(word) || element.text.contains(word);
            assert!(self.seen.elements.iter().find(says).is_none(), "{word:?} is not to be seen: {:#?}", self.list());
        }
    }

    fn box_of(&self, role: &str, name: &str) -> [f64; 4] {
        let Rect { x, y, width, height, .. } = self.one(role, name).rect;
        [x, y, width, height]
    }

    async fn act(&mut self, action: Action) -> Outcome {
        let step = self.env.step(&action).await.unwrap();
        self.seen = step.observation;
        step.outcome
    }

    async fn script(&mut self, expression: &str) -> serde_json::Value {
        self.env.probe(&Query::Script { expression: expression.into() }).await.unwrap().value
    }
}

fn within(rect: &Rect<Css>, [x, y, width, height]: [f64; 4]) -> bool {
    let outer = Rect::new(x, y, width, height);
    (outer.intersection(rect).area() - rect.area()).abs() < 0.1
}

#[tokio::test]
async fn frames_of_the_same_and_of_another_origin() {
    let screen = Screen::of("frames").await;
    assert_eq!(screen.box_of("button", "Same"), [132.0, 72.0, 90.0, 30.0]);
    assert_eq!(screen.box_of("button", "Scaled"), [470.0, 60.0, 50.0, 20.0]);
    assert_eq!(screen.box_of("button", "Inner"), [120.0, 220.0, 90.0, 30.0]);
    let nested = screen.one("link", "Nested");
    assert_eq!(nested.frame, [0, 0]);
    assert_eq!((nested.rect.x, nested.rect.y), (252.0, 82.0));
    let field = screen.one("textbox", "Inner field");
    assert_eq!(field.value.as_deref(), Some("abc"));
    assert!(field.editable);
    assert_eq!(field.frame, [2]);
    let order = |name: &str| screen.seen.elements.iter().position(|element| element.name == name).unwrap();
    assert!(order("Before") < order("Inner") && order("Inner field") < order("After"), "{:#?}", screen.list());
    assert_eq!(screen.one("button", "Sandboxed").frame, [4]);
    screen.silent(&["below the fold", "cut off", "Covered frame"]);
}

#[tokio::test]
async fn clicking_inside_a_frame_of_another_origin() {
    let mut screen = Screen::of("frames").await;
    let field = Target::Mark(screen.one("textbox", "Inner field").mark);
    let typing = Action::Type { target: Some(field), text: "new".into(), replace: true, submit: false };
    assert_eq!(screen.act(typing).await, Outcome::Done);
    let field = screen.one("textbox", "Inner field");
    assert_eq!(field.value.as_deref(), Some("new"));
    assert!(field.states.focused);
}

#[tokio::test]
async fn shadow_roots_and_slots() {
    let screen = Screen::of("shadow").await;
    assert_eq!(screen.one("heading", "Light title").tag, "h2");
    assert_eq!(screen.one("textbox", "Shadow name").value.as_deref(), Some("inside"));
    assert!(screen.one("button", "Light button").clickable);
    assert!(screen.one("link", "Fallback link").clickable);
    assert!(screen.one("button", "At the bottom").clickable, "300 shadow roots deep");
    assert_eq!(screen.all("text", "Light title").len(), 0);
}

#[tokio::test]
async fn scrolled_and_clipping_containers() {
    let screen = Screen::of("overflow").await;
    let list = screen.one("generic", "Log");
    assert!(list.scrollable && !list.clickable);
    assert_eq!(screen.box_of("button", "Hidden overflow"), [300.0, 20.0, 200.0, 100.0]);
    let fixed = screen.one("button", "Fixed escapes").rect;
    assert_eq!((fixed.x, fixed.y), (600.0, 20.0));
    let lines = screen.seen.elements.iter().find(|element| element.name.contains("line 100")).unwrap();
    assert_eq!(lines.name, "line 100 line 101 line 102", "only the lines in sight");
    assert!(within(&lines.rect, [20.0, 300.0, 400.0, 60.0]));
    screen.silent(&["Third", "Last", "Clipped aside", "Cut away", "Held by the transform"]);
}

#[tokio::test]
async fn what_is_covered_is_not_there() {
    let screen = Screen::of("covered").await;
    screen.one("link", "Home");
    screen.one("link", "Below the header");
    let half = screen.one("button", "Half");
    assert!((0.4..=0.6).contains(&half.visible), "{half:?}");
    assert!(half.point.x < 170.0);
    let peeping = screen.one("button", "Peeping");
    assert!(peeping.visible < 0.2 && peeping.point.y > 216.0, "{peeping:?}");
    // Under a transparent sheet a text is still read, and above a picture a text that lets the pointer through.
    screen.one("heading", "Card title");
    screen.one("text", "Caption on top");
    assert!(!screen.one("text", "Passive text").clickable);
    let inert = screen.one("button", "Inert button");
    assert!(inert.states.disabled && !inert.clickable);
    screen.silent(&["Under the header", "Caption beneath", "Far below"]);
}

#[tokio::test]
async fn a_modal_dialog_hides_what_is_behind_its_backdrop() {
    let screen = Screen::of("dialog").await;
    screen.one("dialog", "Delete it?");
    screen.one("text", "This cannot be undone.");
    assert!(screen.one("button", "Delete").states.focused);
    assert!(screen.one("button", "Cancel").clickable);
    screen.silent(&["ehind"]);
}

#[tokio::test]
async fn a_popover_leaves_the_clipping_and_the_faintness_of_its_place() {
    let screen = Screen::of("popover").await;
    assert!(screen.one("menuitem", "Save").clickable);
    screen.one("menuitem", "Open");
    screen.one("button", "Menu");
    screen.silent(&["Under it", "Never shown"]);
}

#[tokio::test]
async fn transformed_boxes() {
    let screen = Screen::of("transforms").await;
    assert_eq!(screen.box_of("button", "Rotated"), [130.0, 70.0, 40.0, 100.0]);
    assert_eq!(screen.box_of("button", "Double"), [270.0, 40.0, 120.0, 60.0]);
    assert_eq!(screen.box_of("button", "Zoomed"), [630.0, 45.0, 120.0, 45.0]);
    let clipped = screen.one("button", "Clipped");
    assert!(clipped.point.x < 150.0 && (0.3..=0.7).contains(&clipped.visible), "{clipped:?}");
    let diamond = screen.one("button", "Diamond");
    assert!((0.4..=0.65).contains(&diamond.visible), "half of the box of a diamond is empty: {diamond:?}");
    assert_eq!(diamond.point, diamond.rect.center());
    assert_eq!(screen.one("button", "Turned").visible, 1.0);
    screen.silent(&["Back side"]);
}

#[tokio::test]
async fn what_is_not_painted_is_not_read() {
    let screen = Screen::of("hidden").await;
    for text in ["but this shows", "Contents shows", "Gradient ink", "Unfolded"] {
        screen.one("text", text);
    }
    let close = screen.one("button", "Close ×");
    assert_eq!(close.text, "×", "painted text, beside the name for tools");
    screen.one("button", "Hidden from tools only");
    assert_eq!(screen.one("button", "More").states.expanded, Some(false));
    assert_eq!(screen.one("button", "Less").states.expanded, Some(true));
    screen.silent(&[
        "Zero opacity",
        "Faint",
        "Invisible",
        "Far left",
        "Indented",
        "Transparent ink",
        "No size",
        "Folded",
        "Template",
        "Noscript",
        "Clipped whole",
        "Content hidden",
    ]);
    assert_eq!(screen.all("link", "").len() + screen.all("generic", "").len(), 0, "nothing is painted there");
}

#[tokio::test]
async fn controls_drawn_by_their_labels() {
    let mut screen = Screen::of("labels").await;
    let by_position = screen.one("checkbox", "By position");
    assert_eq!(by_position.states.checked, Some(true));
    assert!(by_position.rect.x >= 0.0 && by_position.rect.width > 40.0);
    let mark = by_position.mark;
    assert_eq!(screen.one("radio", "Inside, not rendered").states.checked, Some(false));
    assert_eq!(screen.box_of("switch", "Wi-Fi")[2..], [40.0, 20.0]);
    assert_eq!(screen.one("textbox", "User name").value.as_deref(), Some("ann"));
    assert_eq!(screen.all("text", "User name").len(), 0, "the label is the name of the field");
    screen.one("checkbox", "Remember");
    screen.one("text", "Only a hint");
    screen.one("searchbox", "Search term");
    assert!(screen.one("button", "Upload a photo").clickable);
    assert_eq!(screen.act(Action::click(Target::Mark(mark))).await, Outcome::Done);
    assert_eq!(screen.one("checkbox", "By position").states.checked, Some(false));
}

#[tokio::test]
async fn fields_and_their_values() {
    let screen = Screen::of("fields").await;
    let value = |role: &str, name: &str| screen.one(role, name).value.clone().unwrap();
    assert_eq!(value("textbox", "Secret"), "•••••••");
    assert_eq!(value("textbox", "Masked"), "••••");
    assert_eq!(value("spinbutton", "Number"), "4");
    assert_eq!(value("textbox", "Day"), "2026-01-15");
    assert_eq!(value("button", "Tone"), "#ff8000");
    assert_eq!(value("slider", "Volume"), "30");
    assert_eq!(value("progressbar", "Loading"), "0.4");
    assert_eq!(value("slider", "Rating"), "3");
    assert_eq!(value("textbox", "Editor"), "Rich text\n\ntwo");
    assert_eq!(value("combobox", "City"), "");
    for name in ["Submit", "Go", "Find"] {
        assert!(screen.one("button", name).clickable);
    }
    let read = screen.one("textbox", "Read");
    assert!(read.states.readonly && !read.editable && read.clickable);
    for name in ["Off", "Locked"] {
        let off = screen.one("textbox", name);
        assert!(off.states.disabled && !off.editable && !off.clickable);
    }
    let size = screen.one("combobox", "Size");
    assert_eq!(size.value.as_deref(), Some("Medium"));
    let labels: Vec<_> = size.options.iter().map(|option| option.label.as_str()).collect();
    assert_eq!(labels, ["Small", "Medium", "Large", "Giant"]);
    assert_eq!(size.options[1], Choice { label: "Medium".into(), value: "m".into(), selected: true });
    assert_eq!(screen.one("listbox", "Toppings").value.as_deref(), Some("Ham"));
    assert_eq!(screen.one("combobox", "Fruit").states.expanded, Some(false));
    assert!(screen.one("textbox", "Notes").states.focused);
    assert!(screen.one("textbox", "Editor").editable);
    assert!(!screen.list().iter().any(|line| line.contains("hunter2") || line.contains("1234")));
}

#[tokio::test]
async fn selecting_options() {
    let mut screen = Screen::of("fields").await;
    let size = Target::Mark(screen.one("combobox", "Size").mark);
    let choose = |target, option: &str| Action::Select { target, option: option.into() };
    assert_eq!(screen.act(choose(size, " large ")).await, Outcome::Done);
    assert_eq!(screen.one("combobox", "Size").value.as_deref(), Some("Large"));
    let toppings = Target::Mark(screen.one("listbox", "Toppings").mark);
    assert_eq!(screen.act(choose(toppings, "Nuts")).await, Outcome::Done);
    assert_eq!(screen.one("listbox", "Toppings").value.as_deref(), Some("Ham, Nuts"));
    let Outcome::Rejected { reason } = screen.act(choose(size, "Tiny")).await else {
        panic!("there is no such option")
    };
    assert!(reason.contains("Tiny") && reason.contains("Medium"), "{reason}");
    let Outcome::Rejected { reason } = screen.act(choose(size, "Giant")).await else { panic!("it is disabled") };
    assert!(reason.contains("disabled"), "{reason}");
}

#[tokio::test]
async fn pictures_shapes_and_image_maps() {
    let screen = Screen::of("graphics").await;
    assert_eq!(screen.one("button", "Settings").tag, "button");
    screen.one("button", "Trash");
    screen.one("img", "A red dot");
    assert!(screen.one("img", "Chart").clickable, "a canvas");
    assert!(screen.one("generic", "Square").clickable);
    let corner = screen.one("generic", "Corner");
    assert!(corner.visible < 0.9, "its box is mostly empty: {corner:?}");
    assert_eq!(screen.box_of("link", "North"), [10.0, 204.0, 100.0, 50.0]);
    assert_eq!(screen.box_of("link", "Circle")[2..], [60.0, 60.0]);
    screen.one("link", "Triangle");
    screen.one("video", "Clip");
    assert_eq!(screen.box_of("link", "Profile")[2..], [16.0, 16.0]);
}

#[tokio::test]
async fn a_few_shapes_without_a_word_are_listed_and_many_are_not() {
    let mut screen = Screen::of("figures").await;
    let corners = |screen: &Screen| -> Vec<(f64, f64)> {
        screen.all("generic", "").iter().map(|figure| (figure.rect.x, figure.rect.y)).collect()
    };
    assert_eq!(corners(&screen), [(10.0, 10.0), (70.0, 10.0), (250.0, 10.0), (30.0, 100.0)]);
    assert!(screen.all("generic", "").iter().all(|figure| !figure.clickable));
    screen.one("text", "Axis");
    let down = Action::Scroll { target: None, dx: 0.0, dy: 500.0 };
    assert_eq!(screen.act(down).await, Outcome::Done);
    assert_eq!(screen.seen.scroll.y, 500.0);
    assert_eq!(corners(&screen), []);
}

#[tokio::test]
async fn a_wrapped_link_is_clicked_on_one_of_its_lines() {
    let mut screen = Screen::of("wrapped").await;
    let link = screen.one("link", "linked words");
    assert!(link.rect.height > 17.0);
    let (x, y, mark) = (link.point.x, link.point.y, link.mark);
    let hit = screen.script(&format!("document.elementFromPoint({x}, {y}).closest('a')?.hash")).await;
    assert_eq!(hit, "#w");
    assert_eq!(screen.box_of("link", "Logo"), [0.0, 80.0, 60.0, 60.0]);
    assert_eq!(screen.all("listitem", "Only a link").len(), 0);
    screen.one("link", "Only a link");
    screen.one("listitem", "Link and text");
    screen.one("listitem", "Plain");
    screen.one("listitem", "Nested");
    assert_eq!(screen.box_of("link", "Block in a link")[3], 40.0);
    screen.one("text", "Two parts tail");
    assert_eq!(screen.act(Action::click(Target::Mark(mark))).await, Outcome::Done);
    assert!(screen.seen.url.ends_with("#w"), "{}", screen.seen.url);
}

#[tokio::test]
async fn tables_lists_tabs_and_trees() {
    let screen = Screen::of("table").await;
    assert!(!screen.one("columnheader", "Item").clickable);
    assert!(screen.one("columnheader", "Price").clickable);
    screen.one("rowheader", "Mug");
    assert_eq!(screen.one("cell", "4 EUR").tag, "td");
    screen.one("button", "Buy");
    assert!(screen.one("row", "Row click").clickable);
    assert_eq!(screen.one("option", "One").states.selected, Some(true));
    assert_eq!(screen.one("option", "Two").states.selected, Some(false));
    let tab = screen.one("tab", "First tab");
    assert_eq!(tab.states.selected, Some(true));
    assert!(tab.point.x < 60.0, "on the link in it: {tab:?}");
    assert_eq!(screen.all("link", "First tab").len(), 0);
    let root = screen.one("treeitem", "Root");
    assert_eq!(root.states.expanded, Some(true));
    assert!(root.rect.height < 30.0, "without the branch below it");
    screen.one("treeitem", "Leaf");
    assert_eq!(screen.one("checkbox", "Agree").states.checked, Some(true));
    assert_eq!(screen.one("button", "Bold").states.checked, Some(false));
}

#[tokio::test]
async fn names_on_a_page_that_shadows_properties() {
    let screen = Screen::of("names").await;
    screen.one("textbox", "Billing hidden words");
    assert_eq!(screen.one("button", "Label wins").text, "content");
    screen.one("button", "Only title");
    assert_eq!(screen.one("button", "Say hello world").text, "Say not world");
    assert_eq!(screen.one("button", "shout").text, "SHOUT");
    screen.one("link", "Read more");
    screen.one("textbox", "Your mail");
    assert_eq!(screen.one("combobox", "Volume percent").value.as_deref(), Some("10"));
    for name in ["first", "second", "third", "fourth"] {
        screen.one("textbox", name);
    }
    screen.one("button", "In a hostile form");
    assert_eq!(screen.seen.title, "names");
}

#[tokio::test]
async fn clickable_boxes_are_listed_once() {
    let screen = Screen::of("clickable").await;
    let card = screen.one("generic", "Red mug A mug that is red. Add");
    assert!(card.clickable);
    screen.one("heading", "Red mug");
    screen.one("button", "Add");
    screen.one("generic", "Plain card");
    screen.one("generic", "Drag me");
    assert_eq!(screen.all("generic", "Wrapped").len(), 0);
    screen.one("button", "Wrapped");
    screen.one("link", "Heading link");
    assert_eq!(screen.all("heading", "Heading link").len(), 0);
    assert_eq!(screen.all("heading", "Link heading").len(), 0);
    screen.one("heading", "Plain and link");
    screen.one("generic", "Inherited once");
}

#[tokio::test]
async fn eighty_thousand_nodes() {
    let screen = Screen::of("huge").await;
    screen.one("button", "Sticky");
    screen.one("button", "Chat");
    let links = screen.seen.elements.iter().filter(|element| element.role == "link").count();
    assert!((27..=30).contains(&links), "{links} links of 20 pixels each");
    assert_eq!(screen.one("link", "open 10001").rect.y, 51.0);
    assert_eq!((screen.seen.scroll.y, screen.seen.scroll.height), (200_000.0, 400_030.0));
}

#[tokio::test]
async fn a_mark_follows_its_element_or_says_why_not() {
    let mut screen = Screen::of("moving").await;
    let click = |screen: &Screen, name: &str| Action::click(Target::Mark(screen.one("button", name).mark));

    // Probing does not look again, so that the marks are those of the page as it was.
    let action = click(&screen, "Moves");
    screen.script("document.querySelector('#moves').style.left = '500px'").await;
    assert_eq!(screen.act(action).await, Outcome::Done);
    assert_eq!(screen.box_of("button", "Was clicked"), [500.0, 100.0, 120.0, 30.0]);

    let action = click(&screen, "Scrolls");
    screen.script("document.querySelector('#scrolls').style.top = '1500px'").await;
    assert_eq!(screen.act(action).await, Outcome::Done);
    screen.one("button", "Was scrolled to");
    assert!(screen.seen.scroll.y > 900.0);
    screen.script("scrollTo(0, 0)").await;
    screen.act(Action::Hover { target: Target::Point(Point::new(700.0, 500.0)) }).await;

    for (name, change, reason) in [
        ("Goes", "document.querySelector('#goes').remove()", "no longer on the page"),
        ("Hides", "document.querySelector('#hides').hidden = true", "hidden"),
        ("Covered", "document.querySelector('#veil').hidden = false", "covered by <div id=\"veil\" class=\"sheet\">"),
    ] {
        let action = click(&screen, name);
        screen.script(change).await;
        let Outcome::Rejected { reason: given } = screen.act(action).await else { panic!("{name} was clicked") };
        assert!(given.contains(reason), "{given}");
        screen.silent(&[name]);
    }
}
