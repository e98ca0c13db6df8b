//! Every dialect against the examples of its source, against itself, and against hostile text.

use std::time::{Duration, Instant};

use glim_env::{Action, Button, Css, Observation, Point, Rect, Seed, SplitMix, Target, Viewport};
use rstest::rstest;

use super::*;
use crate::sample;

const ALL: [Dialect; 3] = [Dialect::Web, Dialect::Desktop, Dialect::Mobile];

fn screen(viewport: Viewport) -> Observation {
    let at = |mark: u32| Rect::new(f64::from(mark) * 10.0, 20.0, 8.0, 8.0);
    sample::screen(viewport, (1..=9).map(|mark| sample::element(mark, at(mark))).collect())
}

/// A screen with as many pixels as the grid has cells.
fn thousand() -> Observation {
    screen(Viewport::new(1000, 1000))
}

fn at(x: f64, y: f64) -> Target {
    Target::Point(thousand().viewport.from_norm(Point::new(x, y)))
}

fn click(target: Target) -> Action {
    Action::click(target)
}

fn parse(dialect: Dialect, text: &str) -> Result<Action, String> {
    dialect.parse(text, &thousand()).map_err(|unreadable| unreadable.reason)
}

#[rstest]
#[case("Click [3]", click(Target::Mark(3)))]
#[case("Click [3].", click(Target::Mark(3)))]
#[case("Click 3", click(Target::Mark(3)))]
#[case("click [12] to open it", click(Target::Mark(12)))]
#[case("Action: I will click on [3] now", click(Target::Mark(3)))]
#[case("Click [500,300]", click(at(500.0, 300.0)))]
#[case("Thought: Click [1] is wrong.\nAction: Click [3]\nMemory_Updated: {\"n\": 1}", click(Target::Mark(3)))]
#[case("Thought: I should not Click [1] but go back.\nGoBack", Action::Back)]
#[case("Type [4]; [blue [1] mug$]", typed(Some(4), "blue [1] mug$", true, true))]
#[case("Type 4 ; [never closed", typed(Some(4), "never closed", true, true))]
#[case("Fill [4]; [a\\nb]", typed(Some(4), "a\nb", true, false))]
#[case("Append [FOCUS]; []", typed(None, "", false, false))]
#[case("Scroll [WINDOW]; [down]", Action::Scroll { target: None, dx: 0.0, dy: 667.0 })]
#[case("Scroll WINDOW; up", Action::Scroll { target: None, dx: 0.0, dy: -667.0 })]
#[case("Scroll [6]; [up 40]", Action::Scroll { target: Some(Target::Mark(6)), dx: 0.0, dy: -40.0 })]
#[case("Wait", Action::Wait { ms: 5000 })]
#[case("Thought: not Click [1] again. Action: Click [3]", click(Target::Mark(3)))]
#[case("GoBack.", Action::Back)]
#[case("Bing", Action::Navigate { url: "https://www.bing.com/".to_owned() })]
#[case("Key; [Return]", Action::Keys { chord: "Enter".to_owned() })]
#[case("ANSWER; <content>Guatemala, \"C:\\\\x\"</content>", answer("Guatemala, \"C:\\x\""))]
#[case("ANSWER; [42]", answer("42"))]
#[case("ANSWER: 42 apples", answer("42 apples"))]
#[case("ANSWER(content='Dinners')", answer("Dinners"))]
#[case("CLICK(point=(214, 100), box=[[198,92,229,107]], element_info='Dinners')", click(at(214.0, 100.0)))]
#[case("KEY_PRESS(key='ctrl+c')", Action::Keys { chord: "Control+c".to_owned() })]
#[case("SCROLL_DOWN(point=(5, 6), distance=120)", Action::Scroll { target: Some(at(5.0, 6.0)), dx: 0.0, dy: 120.0 })]
#[case("<think>Click [9]</think><answer><|begin_of_box|>Click [3]<|end_of_box|></answer>", click(Target::Mark(3)))]
#[case("Action: Drag [1]; [2]", Action::Drag { from: Target::Mark(1), to: Target::Mark(2) })]
#[case("Select [2]; [Två]", Action::Select { target: Target::Mark(2), option: "Två".to_owned() })]
fn the_web_dialect_is_read(#[case] text: &str, #[case] action: Action) {
    assert_eq!(parse(Dialect::Web, text), Ok(action));
}

#[rstest]
#[case("left_click(start_box='[400, 300]', element_info='OK')", click(at(400.0, 300.0)))]
#[case("<|begin_of_box|>left_click(start_box='[1, 2]'<|end_of_box|>", click(at(1.0, 2.0)))]
#[case("I open it.\nleft_double_click(start_box='[3,4]')\nMemory:\n[{\"x\": \"left_click(start_box='[9,9]')\"}]",
       Action::Click { target: at(3.0, 4.0), button: Button::Left, count: 2 })]
#[case("left_drag(end_box='[7,8]', start_box='[5,6]')", Action::Drag { from: at(5.0, 6.0), to: at(7.0, 8.0) })]
#[case("key(keys='ctrl+c')", Action::Keys { chord: "Control+c".to_owned() })]
#[case("type(content='it's \"fine\"\\n')", typed(None, "it's \"fine\"\n", false, false))]
#[case("scroll(start_box='[5,6]', direction='up')", Action::Scroll { target: Some(at(5.0, 6.0)), dx: 0.0, dy: -500.0 })]
#[case("scroll(start_box='[5,6]', direction='down', step=2)", Action::Scroll { target: Some(at(5.0, 6.0)), dx: 0.0, dy: 200.0 })]
#[case("left_click (start_box='[400,\t300]')", click(at(400.0, 300.0)))]
#[case("left_click('[400, 300]')", click(at(400.0, 300.0)))]
#[case("WAIT()", Action::Wait { ms: 5000 })]
#[case("I press the button at the top. left_click(start_box='[400,300]')", click(at(400.0, 300.0)))]
#[case("DONE()", Action::Done)]
#[case("FAIL()", Action::Fail { reason: String::new() })]
#[case("```\nhover(start_box='[1000,0]')\n```", Action::Hover { target: at(999.0, 0.0) })]
fn the_desktop_dialect_is_read(#[case] text: &str, #[case] action: Action) {
    assert_eq!(parse(Dialect::Desktop, text), Ok(action));
}

#[rstest]
#[case(r#"Action: {"action_type": "click", "box_2d": [[500, 580, 700, 700]]}"#, click(at(600.0, 640.0)))]
#[case(
    "Memory: None\nReason: it is there\nAction: {'action_type': 'click', 'box_2d': [[0500, 580, 700, 700]]}",
    click(at(600.0, 640.0))
)]
#[case("Action: {action_type: 'click', box_2d: [[500, 580, 700, 700]]", click(at(600.0, 640.0)))]
#[case(r#"{"action_type": "input_text", "text": "a", "box_2d": [[1,1,3,3]], "override": true}"#,
       Action::Type { target: Some(at(2.0, 2.0)), text: "a".to_owned(), replace: true, submit: false })]
#[case(r#"{"action_type": "swipe", "direction": "up"}"#, Action::Scroll { target: None, dx: 0.0, dy: 667.0 })]
#[case(r#"{"action_type": "scroll", "direction": "up", "box_2d": [[0,0,10,10]]}"#, Action::Scroll { target: Some(at(5.0, 5.0)), dx: 0.0, dy: -667.0 })]
#[case(r#"{"action_type": "status", "goal_status": "complete"}"#, Action::Done)]
#[case(r#"{"action_type": "status", "goal_status": "infeasible"}"#, Action::Fail { reason: String::new() })]
#[case(r#"{"action_type": "keyboard_enter"}"#, Action::Keys { chord: "Enter".to_owned() })]
#[case(
    r#"```json
{"action_type": "answer", "text": "3 {of} them"}
```"#,
    answer("3 {of} them")
)]
#[case(
    r#"Memory: {"action_type": "wait"}
Action: {"action_type": "navigate_back"}"#,
    Action::Back
)]
fn the_mobile_dialect_is_read(#[case] text: &str, #[case] action: Action) {
    assert_eq!(parse(Dialect::Mobile, text), Ok(action));
}

#[rstest]
#[case::glm(
    "<tool_call>click<arg_key>box_2d</arg_key><arg_value>[[500, 580, 700, 700]]</arg_value></tool_call>",
    click(at(600.0, 640.0))
)]
#[case::glm_lines(
    "<tool_call>type\n<arg_key>content</arg_key>\n<arg_value>it's</arg_value>\n</tool_call>",
    typed(None, "it's", false, false)
)]
#[case::hermes(r#"<tool_call>{"name": "computer_use", "arguments": {"action": "key", "keys": ["ctrl", "a"]}}</tool_call>"#, Action::Keys { chord: "Control+a".to_owned() })]
#[case::openai(r#"{"type": "computer_call", "action": {"type": "click", "button": "right", "x": 200, "y": 100}}"#,
       Action::Click { target: Target::Point(Point::new(100.0, 50.0)), button: Button::Right, count: 1 })]
#[case::openai_scroll(r#"{"type": "scroll", "x": 2, "y": 4, "scroll_x": 0, "scroll_y": 300}"#, Action::Scroll { target: Some(Target::Point(Point::new(1.0, 2.0))), dx: 0.0, dy: 300.0 })]
#[case::openai_drag(r#"{"type": "drag", "path": [{"x": 2, "y": 2}, {"x": 4, "y": 4}, {"x": 8, "y": 6}]}"#,
       Action::Drag { from: Target::Point(Point::new(1.0, 1.0)), to: Target::Point(Point::new(4.0, 3.0)) })]
#[case::openai_keys(r#"{"type": "keypress", "keys": ["CTRL", "L"]}"#, Action::Keys { chord: "Control+l".to_owned() })]
#[case::openai_tool(r#"{"tool_calls": [{"type": "function", "function": {"name": "computer", "arguments": "{\"action\": \"wait\"}"}}]}"#, Action::Wait { ms: 5000 })]
#[case::anthropic(
    r#"{"action": "left_click", "coordinate": [200, 100]}"#,
    click(Target::Point(Point::new(100.0, 50.0)))
)]
#[case::anthropic_use(
    r#"{"type": "tool_use", "name": "computer", "input": {"action": "type", "text": "hi"}}"#,
    typed(None, "hi", false, false)
)]
#[case::anthropic_scroll(r#"{"action": "scroll", "coordinate": [2, 2], "scroll_direction": "down", "scroll_amount": 3}"#, Action::Scroll { target: Some(Target::Point(Point::new(1.0, 1.0))), dx: 0.0, dy: 300.0 })]
#[case::anthropic_drag(r#"{"action": "left_click_drag", "start_coordinate": [2, 2], "coordinate": [4, 4]}"#,
       Action::Drag { from: Target::Point(Point::new(1.0, 1.0)), to: Target::Point(Point::new(2.0, 2.0)) })]
#[case::anthropic_wait(r#"{"action": "wait", "duration": 2}"#, Action::Wait { ms: 2000 })]
#[case::anthropic_look(r#"{"action": "screenshot"}"#, Action::Wait { ms: 0 })]
fn tool_calls_are_read_in_every_dialect(#[case] text: &str, #[case] action: Action) {
    let retina = screen(Viewport { width: 1000, height: 1000, scale: 2.0 });
    for dialect in ALL {
        assert_eq!(dialect.parse(text, &retina), Ok(action.clone()), "{dialect}");
    }
}

#[rstest]
#[case("", "the reply has no action")]
#[case("I had better not Click [3] now.", "the reply has no action")]
#[case("<think>Click [3]", "the reply ends inside its thought")]
#[case("Click [99999999999999]", "is not the number of a mark")]
#[case("Click [1.5]", "is not the number of a mark")]
#[case("Click [1500,3]", "off the screen")]
#[case("left_click(start_box='[1,NaN]')", "is no place")]
#[case("left_click()", "does not say where")]
#[case("WAIT(ms=1e300)", "is not possible")]
#[case("Scroll [WINDOW]; [sideways]", "is no direction")]
#[case("scroll(direction='down', step=1e200)", "is too far")]
#[case(r#"{"action_type": "open_app", "app_name": "Settings"}"#, "no apps to open")]
#[case(r#"{"action_type": "long_press", "box_2d": [[1,1,2,2]]}"#, "no long press")]
#[case(r#"{"action_type": "dance"}"#, "`dance` is not an action")]
#[case(r#"{"action": "left_click", "coordinate": [2000, 1]}"#, "off the screenshot, which has 1000 x 1000 pixels")]
#[case(r#"{"action_type": "input_text", "box_2d": [[1,1,2,2]]}"#, "needs `text` or `content`")]
fn what_cannot_be_read_says_why(#[case] text: &str, #[case] reason: &str) {
    for dialect in ALL {
        let found = parse(dialect, text).expect_err(text);
        assert!(found.contains(reason), "{dialect}: {text}: {found}");
    }
}

#[test]
fn what_is_printed_is_read_back() {
    let mut generator = Seed(11).generator();
    for viewport in [Viewport::default(), Viewport::new(160, 210), Viewport { width: 390, height: 844, scale: 3.0 }] {
        let observation = screen(viewport);
        for _ in 0..6000 {
            for dialect in ALL {
                let action = any_action(&mut generator, dialect == Dialect::Web, &observation);
                let printed = dialect.print(&action, &observation);
                assert_eq!(dialect.parse(&printed, &observation), Ok(action.clone()), "{dialect}: {printed}");
                assert!(!printed.contains('\n'), "{printed:?}");
                let framed = format!(
                    "<think>Wait</think><answer>Thought: so.\nAction: <|begin_of_box|>{printed}<|end_of_box|>\n\
                     Memory_Updated: {{}}</answer>"
                );
                assert_eq!(dialect.parse(&framed, &observation), Ok(action), "{framed}");
            }
        }
    }
}

#[test]
fn marks_come_back_as_the_point_where_the_element_is_hit() {
    let observation = screen(Viewport::default());
    for dialect in [Dialect::Desktop, Dialect::Mobile] {
        for element in &observation.elements {
            let printed = dialect.print(&click(Target::Mark(element.mark)), &observation);
            let Ok(Action::Click { target: Target::Point(point), .. }) = dialect.parse(&printed, &observation) else {
                panic!("{printed} is no click");
            };
            assert!(element.rect.contains(point), "{printed} misses {:?}", element.rect);
        }
    }
}

#[test]
fn hostile_text_gives_an_action_or_a_reason() {
    let observation = screen(Viewport::default());
    let mut generator = Seed(12).generator();
    let seeds: Vec<String> = (0..200)
        .flat_map(|_| ALL.map(|dialect| dialect.print(&any_action(&mut generator, true, &observation), &observation)))
        .chain(PIECES.iter().map(|piece| (*piece).to_owned()))
        .collect();
    for _ in 0..200_000 / 3 {
        let text = mutant(&mut generator, &seeds);
        for dialect in ALL {
            if let Ok(action) = dialect.parse(&text, &observation) {
                assert!(is_sane(&action), "{dialect} read {action:?} from {text:?}");
            }
        }
    }
}

#[test]
fn megabytes_are_read_in_the_time_of_megabytes() {
    let observation = screen(Viewport::default());
    let unit = [
        "{",
        "[",
        "(",
        "'",
        "\"",
        "\\",
        "{'a':",
        "{\"a\":[",
        "['",
        "'a\n",
        "type(content='",
        "type(content='a\n",
        "Type [1]; [",
        "Click [",
        "click(",
        "<think>",
        "</think>",
        "<tool_call>",
        "<arg_key>",
        "<answer>",
        "<|begin_of_box|>",
        "Action:\n",
        "Memory:",
        "ANSWER; <content>",
        "{\"action_type\":\"",
        "9",
        " ",
        "\n",
        "é",
        "wait(",
        "Scroll [WINDOW]; [",
        "click(start_box='[1",
        "{'a':'",
        "\u{feff}",
        "a b=",
        ",",
    ];
    let started = Instant::now();
    for piece in unit {
        let text = piece.repeat((1 << 20) / piece.len());
        for dialect in ALL {
            let piece_started = Instant::now();
            let _ = dialect.parse(&text, &observation);
            let _ = Reply::split(&text).memory();
            // A quadratic reader would need minutes for one of these.
            assert!(piece_started.elapsed() < Duration::from_secs(5), "{piece:?} in {dialect}");
        }
    }
    assert!(started.elapsed() < Duration::from_secs(60));
}

const PIECES: &[&str] = &[
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "<|begin_of_box|>",
    "<|end_of_box|>",
    "<tool_call>",
    "</tool_call>",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "Action:",
    "\nMemory:\n",
    "NaN",
    "inf",
    "-1e999",
    "1e308",
    "[[",
    "]]",
    "\\u",
    "\\ud800",
    "\\x",
    "'",
    "\"",
    "\u{0}",
    "\u{202e}",
    "👩‍👩‍👧",
    "ANSWER; ",
    "99999999999999999999",
    "{}",
    "()",
    ";",
    "-0",
];

fn mutant(generator: &mut SplitMix, seeds: &[String]) -> String {
    let mut text = generator.choose(seeds).clone();
    for _ in 0..=generator.below(6) {
        let mut at = generator.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        match generator.below(5) {
            0 => text.truncate(at),
            1 => text.insert_str(at, generator.choose::<&str>(PIECES)),
            2 => text.insert_str(at, &generator.choose(seeds).clone()),
            3 => text.insert(at, char::from_u32(generator.below(0x11_0000) as u32).unwrap_or('\u{fffd}')),
            _ => {
                let _ = text.pop();
            }
        }
    }
    text
}

/// What any environment may rely on.
fn is_sane(action: &Action) -> bool {
    let on_screen = action.targets().iter().all(|target| match target {
        Target::Point(point) => Viewport::default().rect().contains(*point),
        Target::Mark(_) => true,
    });
    on_screen
        && match action {
            Action::Click { count, .. } => (1..=3).contains(count),
            Action::Scroll { dx, dy, .. } => dx.abs() <= 1e5 && dy.abs() <= 1e5,
            Action::Wait { ms } => *ms <= 60_000,
            _ => true,
        }
}

fn typed(mark: Option<u32>, text: &str, replace: bool, submit: bool) -> Action {
    Action::Type { target: mark.map(Target::Mark), text: text.to_owned(), replace, submit }
}

fn answer(text: &str) -> Action {
    Action::Answer { text: text.to_owned() }
}

fn any_action(generator: &mut SplitMix, marks: bool, observation: &Observation) -> Action {
    let target = any_target(generator, marks, observation);
    let other = any_target(generator, marks, observation);
    let maybe = (generator.below(2) == 0).then_some(target);
    let text = any_text(generator);
    let (this, that) = (generator.below(2) == 0, generator.below(2) == 0);
    let step = |generator: &mut SplitMix| match generator.below(4) {
        0 => 0.0,
        1 => (generator.below(20) as f64 - 10.0) * 100.0,
        2 => generator.below(2000) as f64 - 1000.0,
        _ => (generator.unit() - 0.5) * 2000.0,
    };
    match generator.below(18) {
        0 => Action::Click {
            target,
            button: *generator.choose(&[Button::Left, Button::Right, Button::Middle]),
            count: generator.below(3) as u8 + 1,
        },
        1 => Action::Hover { target },
        2 => Action::Drag { from: target, to: other },
        3 => Action::Type { target: maybe, text, replace: this, submit: that },
        4 => Action::Keys {
            chord: (*generator.choose(&[
                "Enter",
                "Control+a",
                "Shift+ArrowLeft",
                "Control+Shift+t",
                "F5",
                "é",
                "'",
                "]",
                "+",
            ]))
            .to_owned(),
        },
        5 => Action::Scroll { target: maybe, dx: step(generator), dy: step(generator) },
        6 => Action::Scroll { target: maybe, dx: 0.0, dy: step(generator) },
        7 => Action::Select { target, option: text },
        8 => Action::Navigate { url: format!("https://shop.test/a?q={text}") },
        9 => generator.choose(&[Action::Back, Action::Forward, Action::Reload, Action::Done]).clone(),
        10 => Action::OpenTab { url: this.then_some(format!("http://x.test/{text}")) },
        11 => Action::SwitchTab { index: generator.below(9) },
        12 => Action::CloseTab { index: this.then_some(3) },
        13 => Action::Wait { ms: if this { 5000 } else { generator.below(60_001) as u64 } },
        14 => Action::Fail { reason: text },
        _ => Action::Answer { text },
    }
}

fn any_target(generator: &mut SplitMix, marks: bool, observation: &Observation) -> Target {
    if marks && generator.below(2) == 0 {
        return Target::Mark(generator.below(200) as u32);
    }
    let mut cell = || generator.below(1000) as f64;
    let point: Point<Css> = observation.viewport.from_norm(Point::new(cell(), cell()));
    Target::Point(point)
}

fn any_text(generator: &mut SplitMix) -> String {
    let pieces = [
        "a",
        "B c",
        "it's",
        "\"",
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\t",
        "[",
        "]",
        "[x]; [y]",
        ")",
        "', b='",
        "<think>",
        "</think>",
        "</content>",
        "<|end_of_box|>",
        "</answer>",
        "\nMemory: x",
        "\nAction: Click [1]",
        "é",
        "日本",
        "🙂",
        "\u{0}",
        "\u{2028}",
        "{\"action_type\": \"wait\"}",
        "DONE()",
        ";",
        "  ",
        "C:\\new\\x3c",
        "\\ud83d",
        "`",
        "</tool_call>",
        "%",
    ];
    (0..generator.below(5)).map(|_| *generator.choose(&pieces)).collect()
}
