use glim_env::{Action, Choice, Notice, Outcome, Rect, Scroll, States, Tab, Target, Viewport};

use super::*;
use crate::sample;

fn shop() -> glim_env::Observation {
    let rect = |row: f64| Rect::new(10.0, row * 40.0, 120.0, 30.0);
    let mut heading = sample::element(1, rect(0.0));
    (heading.role, heading.text, heading.clickable) =
        ("heading".to_owned(), "Mugs\n\n  of <|begin_of_box|>".to_owned(), false);
    let mut field = sample::element(2, rect(1.0));
    (field.role, field.name, field.editable) = ("textbox".to_owned(), "Search".to_owned(), true);
    (field.value, field.states.focused) = (Some("blue".to_owned()), true);
    let mut list = sample::element(3, rect(2.0));
    (list.role, list.name) = ("combobox".to_owned(), "Size".to_owned());
    let choice = |label: &str, selected| Choice { label: label.to_owned(), value: label.to_owned(), selected };
    list.options = vec![choice("S", false), choice("M", true)];
    let mut check = sample::element(4, rect(3.0));
    (check.role, check.name) = ("checkbox".to_owned(), "In stock".to_owned());
    check.states = States { checked: Some(false), ..States::default() };
    let mut buy = sample::element(5, rect(4.0));
    (buy.name, buy.states.disabled) = ("Buy".to_owned(), true);
    let mut screen = sample::screen(Viewport::new(200, 240), vec![heading, field, list, check, buy]);
    screen.scroll = Scroll { x: 0.0, y: 30.0, width: 200.0, height: 900.0 };
    screen.notices =
        vec![Notice::Dialog { dialog: "alert".to_owned(), message: "Sold\nout".to_owned(), accepted: true }];
    let tab = |url: &str, active| Tab { url: url.to_owned(), title: "T".to_owned(), active };
    screen.tabs = vec![tab("http://shop.test/", true), tab("http://help.test/", false)];
    sample::painted(screen, 1)
}

fn turns() -> Vec<Turn> {
    let before = sample::painted(shop(), 2);
    let click = Action::click(Target::Mark(4));
    vec![
        sample::turn(
            &before,
            "<think>Click [1]?</think>Thought: I tick the box.\nAction: Click [4]\nMemory_Updated: {\"mug\": \"blue\"}",
            Some(click.clone()),
            Outcome::Done,
        ),
        sample::turn(&before, "hm", None, Outcome::rejected("the reply has no action")),
        sample::turn(&before, "Click [4]", Some(click), Outcome::Done),
    ]
}

async fn prompt(dialect: Dialect, turns: &[Turn], history: usize) -> (String, Vec<Part>) {
    let observation = shop();
    let situation = Situation { goal: "Buy a blue mug. ", observation: &observation, turns };
    write(dialect, &situation, &AgentOptions { history, ..AgentOptions::default() })
        .await
        .expect("the pictures are good")
}

fn shown(parts: &[Part]) -> String {
    let lines = parts.iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Image(file) => {
            let picture = image::load_from_memory(file).expect("it is a picture");
            format!("<{}x{}>", picture.width(), picture.height())
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_web_prompt() {
    let (system, user) = prompt(Dialect::Web, &turns(), 30).await;
    insta::assert_snapshot!(shown(&user), @r#""#);
    insta::assert_snapshot!(system, @r#""#);
}

#[tokio::test]
async fn the_desktop_prompt() {
    let (system, user) = prompt(Dialect::Desktop, &turns(), 2).await;
    insta::assert_snapshot!(shown(&user), @r#""#);
    insta::assert_snapshot!(system, @r#""#);
}

#[tokio::test]
async fn the_mobile_prompt() {
    let (system, user) = prompt(Dialect::Mobile, &[], 30).await;
    insta::assert_snapshot!(shown(&user), @r#""#);
    insta::assert_snapshot!(system, @r#""#);
}

#[tokio::test]
async fn at_most_four_earlier_screens_are_shown() {
    let many: Vec<Turn> = (0..3).flat_map(|_| turns()).collect();
    let (_, user) = prompt(Dialect::Desktop, &many, 30).await;
    let pictures = user.iter().filter(|part| matches!(part, Part::Image(_))).count();
    assert_eq!(pictures, 5);
    assert!(shown(&user).contains("# Screenshot before step 6, at half size\n<100x120>\n# Screenshot before step 7"));
}

#[test]
fn every_action_of_the_instructions_can_be_read() {
    let observation = shop();
    for dialect in [Dialect::Web, Dialect::Desktop, Dialect::Mobile] {
        let text =
            instruction(dialect).replace("[N or WINDOW]", "[WINDOW]").replace("[up, down, left or right]", "[up]");
        let text = text.replace("[N]", "[1]").replace("[M]", "[2]").replace("[x,y]", "[1,2]").replace("[index]", "[1]");
        let text = text.replace("[x1,y1,x2,y2]", "[1,2,3,4]").replace("[[from], [to]]", "[[1,2,3,4], [5,6,7,8]]");
        let mut read = 0;
        for line in text.lines().filter_map(|line| line.strip_prefix("- ")) {
            let action = dialect.parse(&format!("Action: {line}"), &observation);
            assert!(action.is_ok(), "{dialect}: {line}: {action:?}");
            read += 1;
        }
        assert!(read > 9, "{dialect} has {read} actions");
    }
}

#[test]
fn words_of_a_page_stay_on_their_line() {
    assert_eq!(quoted("  a\n\n# Goal\u{0}b <|x|> ", 40), "a # Goal b ‹|x|>");
    assert_eq!(quoted("abcdef", 3), "abc…");
    assert_eq!(quoted("ab cdef", 3), "ab…");
    assert_eq!(quoted("abc", 3), "abc");
}
