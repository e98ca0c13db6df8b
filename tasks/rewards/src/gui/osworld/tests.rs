use rstest::rstest;

use super::*;

fn score(terms: Terms, answer: &str, truth: &str) -> f64 {
    let boxed = |content: &str| format!("<|begin_of_box|>{content}<|end_of_box|>");
    let verifier = OsWorld { terms };
    let (answer, truth) = (boxed(answer), boxed(truth));
    let (Ok(answer), Ok(truth)) = (verifier.read(&answer), verifier.read(&truth)) else { return 0.0 };
    match verifier.compare("", &answer, &truth) {
        Finding::Decided { score, .. } => score,
        Finding::Open { .. } => panic!("rules decide"),
    }
}

#[rstest]
#[case::near("left_click(start_box='[410, 300]')", "left_click(start_box='[400, 300]')", 0.9)]
#[case::at_twenty("hover(start_box='[420, 300]')", "hover(start_box='[400, 300]')", 0.8)]
#[case::behind_twenty("hover(start_box='[430, 300]')", "hover(start_box='[400, 300]')", 0.4)]
#[case::drag(
    "left_drag(start_box='[120, 100]', end_box='[300, 300]')",
    "left_drag(start_box='[100, 100]', end_box='[300, 300]')",
    0.894_427_190_999_915_9
)]
#[case::one_end("left_drag(start_box='[100, 100]')", "left_drag(start_box='[100, 100]', end_box='[300, 300]')", 0.0)]
#[case::steps(
    "scroll(start_box='[2, 2]', direction='up', step=3)",
    "scroll(start_box='[2, 2]', direction='up', step=5)",
    0.8
)]
#[case::usual_steps(
    "scroll(start_box='[2, 2]', direction='up')",
    "scroll(start_box='[2, 2]', direction='up', step=10)",
    0.75
)]
#[case::no_steps(
    "scroll(start_box='[2, 2]', direction='up', step=1)",
    "scroll(start_box='[2, 2]', direction='up', step=0)",
    0.0
)]
#[case::typed("type(content='ls -la /')", "type(content='rm -rf /')", 0.366_666_666_666_666_64)]
#[case::repeats_too("type(content='abcabcabcabc')", "type(content='abcabcabcabc')", 1.0)]
#[case::three_quotes("key(keys=''')", "key(keys=''')", 0.0)]
#[case::digits("type(content='1')", "type(content='2')", 0.0)]
#[case::bracket("type(content='a[0')", "type(content='a[0')", 1.0)]
#[case::apostrophe("type(content='it's')", "type(content='it's')", 1.0)]
#[case::apostrophes("type(content='don't can't')", "type(content='don't won't')", 0.207_272_727_272_727_28)]
#[case::lines("type(content='a\nb')", "type(content='a\nb')", 1.0)]
#[case::hotkey("hotkey(keys='Ctrl c')", "hotkey(keys='ctrl c')", 1.0)]
#[case::longer_name("key(monkeys='enter')", "key(keys='enter')", 0.0)]
#[case::twice("WAIT() WAIT()", "WAIT()", 0.0)]
#[case::off_screen("left_click(start_box='[1000, 1000]')", "left_click(start_box='[1000, 1000]')", 0.0)]
fn actions_are_scored_as_published_or_decided(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
    let score = score(Terms::Published, answer, truth);
    assert!((score - expected).abs() < 1e-9, "{score}");
}

#[rstest]
#[case::unclosed("type(content='abc)")]
#[case::line_between("left_click\n(start_box='[1, 1]'")]
#[case::no_call("DONE")]
#[case::nul("\0")]
#[case::brackets("((((((((((")]
fn broken_calls_earn_nothing(#[case] call: &str) {
    for terms in [Terms::Published, Terms::Strict] {
        assert_eq!(score(terms, call, call), 0.0);
    }
}

#[test]
fn huge_numbers_are_just_far_away() {
    let answer = format!("left_click(start_box='[{}, 300]')", "9".repeat(4000));
    assert_eq!(score(Terms::Published, &answer, "left_click(start_box='[400, 300]')"), 0.0);
    assert_eq!(score(Terms::Strict, &answer, "left_click(start_box='[400, 300]')"), 0.0);
}

#[rstest]
#[case::same_key("key(keys='Return')", "key(keys='enter')", 1.0)]
#[case::hotkey("hotkey(keys=\"cmd+c\")", "key(keys='super c')", 1.0)]
#[case::spaces("left_click ( start_box = '[400, 300]' )", "left_click(start_box='[400, 300]')", 1.0)]
#[case::no_jump("left_click(start_box='[421, 300]')", "left_click(start_box='[400, 300]')", 0.8 * (29.0 / 30.0))]
#[case::case_matters("type(content='hello world')", "type(content='Hello World')", 0.0)]
#[case::enter(r"type(content='ls\n')", "type(content='ls')", 0.0)]
#[case::enter_in_both(r"type(content='ls\n')", "type(content='ls\n')", 1.0)]
#[case::line_break(r"type(content='a b')", r"type(content='a\nb')", 0.0)]
#[case::back_scroll(
    "scroll(start_box='[2, 2]', direction='up', step=-5)",
    "scroll(start_box='[2, 2]', direction='up')",
    0.0
)]
#[case::finished("finished()", "DONE()", 1.0)]
fn strict_terms_know_other_names(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
    let score = score(Terms::Strict, answer, truth);
    assert!((score - expected).abs() < 1e-9, "{score}");
}

#[test]
fn strict_terms_read_the_answer_part() {
    let reply = |thought: &str, answer: &str| {
        format!(
            "<think>I do <|begin_of_box|>{thought}<|end_of_box|></think>\
             <answer><|begin_of_box|>{answer}<|end_of_box|></answer>"
        )
    };
    let (right, wrong) = ("left_click(start_box='[400, 300]')", "WAIT()");
    let verifier = OsWorld::default();
    let worth = |reply: &str| verifier.compare("", &verifier.read(reply).unwrap(), right).score();
    assert_eq!(worth(&reply(wrong, right)), Some(1.0));
    assert_eq!(worth(&reply(right, wrong)), Some(0.0));
}

#[test]
fn a_broken_ground_truth_is_told_from_a_wrong_answer() {
    assert!(OsWorld::default().read_value(" left_click(start_box='[400, 300]')\n").is_ok());
    assert!(OsWorld::default().read_value("scroll(start_box='[2, 2]', direction='up', step=0)").is_err());
    assert!(
        OsWorld { terms: Terms::Published }.read_value("scroll(start_box='[2, 2]', direction='up', step=0)").is_ok()
    );
}
