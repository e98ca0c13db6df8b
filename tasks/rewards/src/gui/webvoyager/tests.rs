use rstest::rstest;

use super::*;

fn score(terms: Terms, answer: &str, truth: &str) -> f64 {
    let boxed = |content: &str| format!("<think>so</think><answer><|begin_of_box|>{content}<|end_of_box|></answer>");
    let verifier = WebVoyager { terms };
    let (answer, truth) = (boxed(answer), boxed(truth));
    let (Ok(answer), Ok(truth)) = (verifier.read(&answer), verifier.read(&truth)) else { return 0.0 };
    match verifier.compare("", &answer, &truth) {
        Finding::Decided { score, .. } => score,
        Finding::Open { .. } => panic!("rules decide"),
    }
}

const CLICK: &str = "CLICK(point=(214, 100), box=[[198,92,229,107]], element_info='Dinners')";

#[rstest]
#[case::same(CLICK, CLICK, 1.0)]
#[case::beside("CLICK(point=(215, 100), element_info='Dinners')", CLICK, 0.05)]
#[case::far("CLICK(point=(914, 900), element_info='Dinners')", CLICK, 0.0)]
#[case::other_element("CLICK(point=(215, 100), element_info='Lunch')", CLICK, 0.0)]
#[case::anywhere("CLICK(point=(900, 900))", "CLICK(point=(5, 6))", 0.0)]
#[case::apostrophe("CLICK(point=(5, 6), element_info='it's')", "CLICK(point=(5, 6), element_info='it's')", 1.0)]
#[case::longer_name("DOUBLE_CLICK(point=(5, 6))", "CLICK(point=(5, 6))", 0.0)]
#[case::within_an_answer("ANSWER(content='CLICK(point=(5, 6))')", "CLICK(point=(5, 6))", 0.0)]
#[case::within_an_old_answer("ANSWER; <content>CLICK(point=(5, 6))</content>", "CLICK(point=(5, 6))", 0.0)]
#[case::typed("TYPE(point=(215, 100), text='bcd')", "TYPE(point=(214, 100), text='abcd')", 0.7125)]
#[case::enter("KEY_PRESS(key='Return')", "KEY_PRESS(key='Enter')", 1.0)]
#[case::no_distance("SCROLL_UP(point=(5, 5))", "SCROLL_UP(point=(5, 5))", 1.0)]
#[case::distance("SCROLL_UP(point=(5, 5), distance=300)", "SCROLL_UP(point=(5, 5), distance=500)", 0.6)]
#[case::infinite("SCROLL_UP(point=(5, 5), distance=inf)", "SCROLL_UP(point=(5, 5), distance=500)", 0.0)]
#[case::other_direction("SCROLL_UP(point=(5, 5), distance=5)", "SCROLL_DOWN(point=(5, 5), distance=5)", 0.0)]
#[case::old_answer("ANSWER; <content>abc</content>", "ANSWER(content='abd')", 2.0 / 3.0)]
#[case::old_typed("Type 5 hello", "Type [5]; [hello]", 1.0)]
#[case::old_bracket_left("Type [5]; [", "Type [5]; [", 1.0)]
#[case::old_scroll("Scroll WINDOW; down", "Scroll [WINDOW]; [down]", 1.0)]
#[case::old_for_new("Type [5]; [hello]", "TYPE(point=(5, 6), text='hello')", 0.0)]
#[case::nonsense("nonsense", "nonsense", 0.0)]
fn actions_are_scored_as_published_or_decided(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
    let score = score(Terms::Published, answer, truth);
    assert!((score - expected).abs() < 1e-9, "{score}");
}

#[rstest]
#[case::on_the_element("CLICK(point=(214, 99))", CLICK, 0.986)]
#[case::on_the_border("CLICK(point=(198, 92))", CLICK, 0.8)]
#[case::off_the_element("CLICK(point=(300, 100), element_info='Dinners')", CLICK, 0.0)]
#[case::two("CLICK(point=(214, 100)) CLICK(point=(5, 6))", CLICK, 0.0)]
#[case::elsewhere("TYPE(point=(900, 900), text='abcd')", "TYPE(point=(214, 100), text='abcd')", 0.0)]
#[case::soup("ANSWER(content='0123456789')", "ANSWER(content='7')", 0.0)]
#[case::number("ANSWER(content='$12.98')", "ANSWER(content='$12.99')", 0.0)]
#[case::itself(CLICK, CLICK, 1.0)]
#[case::case("ANSWER(content='Yes.')", "ANSWER(content='yes')", 1.0)]
#[case::sign("ANSWER(content='It is -15 degrees today')", "ANSWER(content='It is 15 degrees today')", 0.0)]
#[case::contradiction(
    "SCROLL_UP(point=(5,5), direction='down', distance=500)",
    "SCROLL_DOWN(point=(5,5), distance=500)",
    0.0
)]
#[case::quoting("ANSWER(content=\"it's\")", "ANSWER(content='it's')", 1.0)]
fn strict_terms_look_at_the_target(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
    let score = score(Terms::Strict, answer, truth);
    assert!((score - expected).abs() < 0.01, "{score}");
}

#[test]
fn strict_terms_read_the_answer_part() {
    let reply = |thought: &str, answer: &str| {
        format!(
            "<think><|begin_of_box|>{thought}<|end_of_box|></think>\
             <answer><|begin_of_box|>{answer}<|end_of_box|></answer>"
        )
    };
    let verifier = WebVoyager::default();
    assert_eq!(verifier.read(&reply("KEY_PRESS(key='Enter')", CLICK)).unwrap(), CLICK);
    assert!(verifier.read(&reply(CLICK, "nothing")).is_err());
}

#[test]
fn a_broken_ground_truth_is_told_from_a_wrong_answer() {
    assert!(WebVoyager::default().read_value(" CLICK(point=(214, 100))\n").is_ok());
    assert!(WebVoyager::default().read_value("SCROLL_UP(point=(5, 5), distance=-5)").is_err());
    assert!(WebVoyager { terms: Terms::Published }.read_value("SCROLL_UP(point=(5, 5), distance=-5)").is_ok());
}
