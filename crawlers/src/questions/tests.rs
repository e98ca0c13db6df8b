use super::*;
use glim_data::record::{ImageInfo, Line, Word};

fn element(id: u32, role: &str, text: &str, at: [f32; 4]) -> Element {
    let kind = match role {
        "textbox" => "field",
        "heading" | "text" => "text",
        _ => "control",
    };
    Element {
        id,
        role: role.into(),
        kind: kind.into(),
        text: text.into(),
        name: text.into(),
        text_source: if text.is_empty() { "" } else { "painted" }.into(),
        box_px: at,
        point_px: [(at[0] + at[2]) / 2.0, (at[1] + at[3]) / 2.0],
        visible: 1.0,
        shown: 1.0,
        clickable: kind != "text",
        n_same_text: 1,
        reject: if text.is_empty() { vec!["no_text".into()] } else { Vec::new() },
        ..Element::default()
    }
}

fn screen(mut elements: Vec<Element>) -> Screen {
    let texts: Vec<String> = elements.iter().map(|element| folded(&element.text)).collect();
    for (at, element) in elements.iter_mut().enumerate() {
        element.n_same_text = texts.iter().filter(|text| **text == texts[at]).count() as u32;
    }
    Screen {
        screen_id: "s".into(),
        title: "Shop".into(),
        image: ImageInfo { width: 1000, height: 1000, ..ImageInfo::default() },
        elements,
        ..Screen::default()
    }
}

/// Three rows, each with a name, a check box without one, and a button `Edit`.
fn table() -> Screen {
    let mut elements = vec![element(1, "heading", "People", [0.0, 0.0, 200.0, 40.0])];
    for (row, name) in ["Ada", "Bob", "Cleo"].iter().enumerate() {
        let top = 100.0 * row as f32 + 100.0;
        let id = 3 * row as u32 + 2;
        elements.push(element(id, "text", name, [50.0, top, 150.0, top + 20.0]));
        elements.push(element(id + 1, "checkbox", "", [10.0, top, 30.0, top + 20.0]));
        elements.push(element(id + 2, "button", "Edit", [200.0, top, 260.0, top + 20.0]));
    }
    elements[2].states = vec!["checked".into()];
    elements[5].states = vec!["unchecked".into()];
    elements[8].states = vec!["unchecked".into()];
    screen(elements)
}

fn expressions(screen: &Screen, id: u32) -> Vec<String> {
    let maker = Maker { screen, all: screen.elements.clone(), chance: Seed(1).generator(), questions: Vec::new() };
    maker.expressions(id as usize - 1).iter().map(Expression::words).collect()
}

#[test]
fn a_name_that_stands_there_twice_is_not_used_alone() {
    let screen = table();
    assert_eq!(expressions(&screen, 1), ["the “People” heading"]);
    let second = expressions(&screen, 7);
    assert_eq!(second, ["the second “Edit” button from the top", "the button right of “Bob”"]);
    let last = expressions(&screen, 10);
    assert_eq!(last[0], "the last “Edit” button down the page");
}

#[test]
fn what_has_no_words_is_named_by_its_state_and_its_neighbours() {
    let screen = table();
    assert_eq!(expressions(&screen, 3), ["the checked checkbox", "the checkbox left of “Ada”"]);
    assert_eq!(expressions(&screen, 6), ["the checkbox left of “Bob”"]);
}

#[test]
fn a_word_inside_a_longer_name_is_ambiguous() {
    let screen = screen(vec![
        element(1, "link", "Edit", [0.0, 0.0, 50.0, 20.0]),
        element(2, "link", "Edit page", [0.0, 500.0, 50.0, 520.0]),
        element(3, "link", "Credits", [500.0, 900.0, 550.0, 920.0]),
    ]);
    assert!(!expressions(&screen, 1).contains(&"the “Edit” link".to_owned()));
    assert_eq!(expressions(&screen, 2)[0], "the “Edit page” link");
}

#[test]
fn what_is_seen_in_part_makes_a_name_ambiguous() {
    let screen = screen(vec![element(1, "button", "Save", [0.0, 0.0, 50.0, 20.0])]);
    let counts = QuestionCounts::default();
    let cut = element(0, "button", "Save", [0.0, 990.0, 50.0, 1000.0]);
    let asked = |others: &[Element]| {
        let all = ask(&screen, others, &Elsewhere(&[]), &counts, Seed(1));
        all.into_iter().filter(|question| question.task == "comprehension").count()
    };
    assert_eq!((asked(&[]), asked(&[cut])), (1, 0));
}

#[test]
fn all_of_a_kind_are_asked_for_only_if_all_are_whole() {
    let screen = table();
    let boxes = |others: &[Element]| {
        let all = ask(&screen, others, &Elsewhere(&[]), &QuestionCounts::default(), Seed(1));
        all.into_iter().find(|question| question.expression == "all checkboxes").map(|question| question.answer)
    };
    assert_eq!(
        boxes(&[]).as_deref(),
        Some("<|begin_of_box|>[[10,100,30,120],[10,200,30,220],[10,300,30,320]]<|end_of_box|>")
    );
    assert_eq!(boxes(&[element(0, "checkbox", "", [10.0, 990.0, 30.0, 1000.0])]), None);
}

#[test]
fn refusals_ask_for_what_nothing_here_reminds_of() {
    let screen = table();
    let elsewhere = [("Edit profile".to_owned(), "link"), ("Bob".to_owned(), "link"), ("Shipping".to_owned(), "button")];
    for seed in 0..20 {
        let all = ask(&screen, &[], &Elsewhere(&elsewhere), &QuestionCounts::default(), Seed(seed));
        for refusal in all.iter().filter(|question| question.task == "refusal") {
            assert_eq!(refusal.expression, "the “Shipping” button");
            assert_eq!(refusal.answer, "<|begin_of_box|>[]<|end_of_box|>");
        }
    }
}

#[test]
fn a_region_is_read_only_if_all_its_text_is_known() {
    let line = |text: &str, block: u32, at: [f32; 4]| Line {
        text: text.into(),
        box_px: at,
        block,
        words: vec![Word { text: text.into(), box_px: at }],
        ..Line::default()
    };
    let mut screen = screen(vec![element(1, "textbox", "Search", [0.0, 300.0, 200.0, 330.0])]);
    screen.lines = vec![
        line("First line", 1, [0.0, 0.0, 100.0, 20.0]),
        line("second line", 1, [0.0, 22.0, 90.0, 42.0]),
        line("laid over", 2, [10.0, 100.0, 60.0, 120.0]),
        line("each other", 3, [20.0, 105.0, 80.0, 125.0]),
        line("in a field", 4, [10.0, 305.0, 100.0, 325.0]),
        line("tiny", 5, [0.0, 500.0, 30.0, 506.0]),
    ];
    let all = ask(&screen, &[], &Elsewhere(&[]), &QuestionCounts::default(), Seed(1));
    let read: Vec<_> = all.iter().filter(|question| question.task == "ocr").map(|question| question.answer.as_str()).collect();
    assert_eq!(read, ["First line\nsecond line"]);
}

#[test]
fn equal_seeds_ask_alike_and_answers_fit_their_boxes() {
    let screen = table();
    let asked = |seed| ask(&screen, &[], &Elsewhere(&[]), &QuestionCounts::default(), Seed(seed));
    assert_eq!(asked(3), asked(3));
    assert_ne!(asked(3), asked(4));
    for question in asked(3) {
        assert_eq!(question.boxes_px.len(), question.targets.len(), "{question:?}");
        assert!(!question.prompt.contains("{}"));
    }
}
