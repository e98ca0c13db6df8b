use rstest::rstest;
use serde_json::json;

use super::*;

fn case(config: Value, response: Value) -> Case {
    let line =
        json!({"id": "a-1", "verifier": "shared_text", "config": config, "question": null, "response": response});
    read(&line.to_string()).unwrap()
}

fn frame(content: &str) -> String {
    format!("<think>a</think><answer>{content}</answer>")
}

#[rstest]
#[case::kept(json!(frame("5")), json!(1.0), json!("rule"))]
#[case::broken(json!("5"), json!(0.0), json!("format"))]
#[case::no_text(json!(5), json!(0.0), json!("format"))]
fn the_frame_is_checked(#[case] response: Value, #[case] score: Value, #[case] kind: Value) {
    let outcome = run(&case(json!({"mode": "format_check"}), response));
    assert_eq!((outcome.score, outcome.kind), (score, kind));
}

#[rstest]
#[case::boxes(json!({"function": "find_boxed_content"}), "<|begin_of_box|> a <|end_of_box|>", json!(["a"]))]
#[case::other_tokens(
    json!({"function": "find_boxed_content", "begin_token": "<b>", "end_token": "</b>"}), "<b>a</b>", json!(["a"])
)]
#[case::gaps(
    json!({"function": "protect_and_format", "allowed": ["a"], "values": {"a": "{b}", "b": "B"}}), "{a}{b}", json!("{b}{b}")
)]
#[case::gap_without_value(json!({"function": "protect_and_format", "allowed": ["a"], "values": {}}), "{a}", Value::Null)]
#[case::repeat(json!({"function": "detect_repeat", "min_chars": 2, "min_repetition": 2}), "ababab", json!(1.0))]
#[case::no_window(json!({"function": "detect_repeat", "min_chars": -1}), "ababab", Value::Null)]
#[case::mixing(
    json!({"function": "detect_long_paragraph_mixing", "min_chinese_chars": 2, "min_english_words": 2}), "中文\n\nsome words",
    json!(1.0)
)]
#[case::unknown(json!({"function": "eval"}), "1", Value::Null)]
fn a_helper_gives_its_own_value(#[case] mut config: Value, #[case] text: &str, #[case] expected: Value) {
    config["mode"] = json!("text_util");
    assert_eq!(run(&case(config, json!(text))).score, expected);
}

#[rstest]
#[case::unknown_mode(json!({"mode": "dream"}))]
#[case::no_mode(json!({}))]
#[case::raw(json!({"mode": "system", "verifier_type": "math", "raw_call": true}))]
#[case::no_lists(json!({"mode": "system", "verifier_type": "math", "batch": true}))]
fn what_cannot_be_run_has_no_score(#[case] config: Value) {
    let outcome = run(&case(config, json!("5")));
    assert_eq!((outcome.score, outcome.kind), (Value::Null, json!("undecided")));
    assert_ne!(outcome.reason, json!(""));
}

#[rstest]
#[case::unknown_verifier(json!({"mode": "pipeline"}))]
#[case::values_of_unknown_verifier(json!({"mode": "judge"}))]
#[case::system_without_verifier(json!({"mode": "system"}))]
fn an_exception_of_one_sample_is_worth_nothing(#[case] config: Value) {
    let outcome = run(&case(config, json!("5")));
    assert_eq!((outcome.score, outcome.kind), (json!(0.0), json!("undecided")));
}

#[test]
fn a_line_that_is_no_case_says_why() {
    assert!(read("{").unwrap_err().to_string().starts_with("the line is no case: "));
    assert!(read("{}").unwrap_err().to_string().contains("missing field `id`"));
}

fn judged_by(score: f64, lowest: bool, kind: Kind) -> Judged {
    Judged { reward: Reward { score, kind, reason: "".into(), extracted: None }, lowest }
}

#[rstest]
#[case::smallest_of_others(vec![(0.0, true), (1.0, false), (0.7, false)], &[0.7, 1.0, 0.7])]
#[case::no_others(vec![(0.0, true), (0.0, true)], &[0.0, 0.0])]
#[case::none(vec![(0.3, false)], &[0.3])]
fn minus_infinity_is_the_smallest_of_the_others(#[case] given: Vec<(f64, bool)>, #[case] expected: &[f64]) {
    let judged = given.into_iter().map(|(score, lowest)| judged_by(score, lowest, Kind::Judge)).collect();
    let scores: Vec<_> = filled(judged).into_iter().map(|reward| reward.score).collect();
    assert_eq!(scores, expected);
}

#[test]
fn what_nobody_decided_is_not_the_smallest() {
    let filled = filled(vec![
        judged_by(0.0, true, Kind::Judge),
        judged_by(0.0, false, Kind::Undecided),
        judged_by(0.5, false, Kind::Rule),
    ]);
    assert_eq!(filled[0].score, 0.5);
}

#[rstest]
#[case::whole("42", true)]
#[case::fraction("-3/2", true)]
#[case::scientific("1e5", true)]
#[case::signed("+2", true)]
#[case::letter("e5", false)]
#[case::unit("5 m", false)]
#[case::percent("20%", false)]
#[case::sign("-", false)]
#[case::none("", false)]
fn bare_numbers(#[case] text: &str, #[case] expected: bool) {
    assert_eq!(is_number(text), expected);
}
