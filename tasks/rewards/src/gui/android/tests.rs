use rstest::rstest;

use super::*;

const CLICK: &str = r#"{"action_type": "click", "box_2d": [[503, 580, 718, 702]]}"#;

fn boxed(content: &str) -> String {
    format!("Action: <|begin_of_box|>{content}<|end_of_box|>")
}

fn score(terms: Terms, answer: &str, truth: &str) -> f64 {
    let android = Android { terms };
    let Ok(answer) = android.read(answer) else { return 0.0 };
    let truth = android.read(truth).unwrap();
    match android.compare("", &answer, &truth) {
        Finding::Decided { score, .. } => score,
        Finding::Open { .. } => panic!("rules decide"),
    }
}

#[rstest]
#[case::python("{'action_type': 'click', 'box_2d': [[503,580,718,702]]}", 1.0)]
#[case::zeros(r#"{"action_type": "click", "box_2d": [[ 00503,５80 ,718,702]]}"#, 1.0)]
#[case::moved(r#"{"action_type": "click", "box_2d": [[504, 581, 719, 703]]}"#, 0.974_704_509_523_451)]
#[case::bool_for_one(r#"{"action_type": "click", "box_2d": [[true, 580, 718, 702]]}"#, 0.299_860_529_986_053)]
#[case::other_fields(r#"{"action_type": "click"}"#, 0.0)]
#[case::key_twice(r#"{"action_type": "click", "action_type": "wait", "box_2d": [[503,580,718,702]]}"#, 0.0)]
#[case::no_box(r#"{"action_type": "click", "box_2d": []}"#, 0.0)]
fn clicks_are_scored_as_published(#[case] answer: &str, #[case] expected: f64) {
    let score = score(Terms::Published, &boxed(answer), &boxed(CLICK));
    assert!((score - expected).abs() < 1e-12, "{score}");
}

#[rstest]
#[case::texts("\"abc\"", "\"abd\"", 2.0 / 3.0)]
#[case::lists("[1, 2, 3]", "[1, 3]", 2.0 / 3.0)]
#[case::text_and_list("\"ab\"", "[\"a\", \"b\"]", 0.0)]
#[case::numbers("3", "4", 0.0)]
#[case::whole_and_float("3", "3.0", 1.0)]
#[case::bool_and_number("1", "true", 0.0)]
#[case::half_surrogate(r#""\ud800""#, r#""\ud801""#, 0.0)]
#[case::same_half_surrogate(r#""\ud800""#, r"'\ud800'", 1.0)]
#[case::not_a_number("NaN", "NaN", 0.0)]
fn texts_are_scored_as_published(#[case] given: &str, #[case] truth: &str, #[case] expected: f64) {
    let action = |text: &str| boxed(&format!(r#"{{"action_type": "answer", "text": {text}}}"#));
    assert_eq!(score(Terms::Published, &action(given), &action(truth)), expected);
}

#[rstest]
#[case::call("dict(action_type='click', box_2d=[[503,580,718,702]])")]
#[case::method("{'action_type': 'CLICK'.lower(), 'box_2d': [[503,580,718,702]]}")]
#[case::condition("{'action_type': 'click', 'box_2d': [[503,580,718,702]]} if 1 else {}")]
#[case::lambda("(lambda: {'action_type': 'click'})()")]
#[case::frame("[f.f_locals['extracted_gt'] for f in [__import__('sys')._getframe(4)]][0]")]
#[case::format_text("{'action_type': f'{1}'}")]
#[case::bytes("{'action_type': b'click'}")]
#[case::nul("{'action_type': 'click\0'}")]
#[case::unpacking("{**{'action_type': 'click'}}")]
#[case::tuple("({'action_type': 'click'},)")]
#[case::text("\"click\"")]
fn code_is_never_run(#[case] answer: &str) {
    assert!(Android::default().read(&boxed(answer)).is_err());
}

#[test]
fn hostile_objects_are_refused() {
    let deep = format!(r#"{{"action_type": {}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let digits = format!(r#"{{"action_type": {}}}"#, "9".repeat(5000));
    let keys: Vec<String> = (0..200).map(|key| format!("\"{key}\": 1")).collect();
    let box_digits = format!(r#"{{"box_2d": [[{},1,2,3]]}}"#, "0".repeat(5000));
    for answer in [deep, digits, format!("{{{}}}", keys.join(",")), box_digits, "{\"action_type\": \"click".into()] {
        assert!(Android::default().read(&boxed(&answer)).is_err());
    }
}

#[rstest]
#[case::other_name(r#"{"action_type": "tap", "box_2d": [[503, 580, 718, 702]]}"#, 1.0)]
#[case::null_field(r#"{"action_type": "click", "box_2d": [[503, 580, 718, 702]], "text": null}"#, 1.0)]
#[case::point(r#"{"action_type": "click", "point": [610, 641]}"#, 1.0)]
#[case::point_outside(r#"{"action_type": "click", "point": [300, 641]}"#, 0.0)]
#[case::whole_screen(r#"{"action_type": "click", "box_2d": [[0, 0, 999, 999]]}"#, 0.0)]
#[case::two_boxes(r#"{"action_type": "click", "box_2d": [[503, 580, 718, 702], [1, 2, 3, 4]]}"#, 0.0)]
#[case::off_grid(r#"{"action_type": "click", "box_2d": [[503, 580, 1718, 702]]}"#, 0.0)]
#[case::no_place(r#"{"action_type": "click"}"#, 0.0)]
#[case::fractions(r#"{"action_type": "click", "box_2d": [[503.0, 580.0, 718.0, 702.0]]}"#, 1.0)]
fn strict_terms_look_at_what_matters(#[case] answer: &str, #[case] expected: f64) {
    assert!((score(Terms::Strict, &boxed(answer), &boxed(CLICK)) - expected).abs() < 0.01);
}

#[rstest]
#[case::key_twice(r#"{"action_type": "click", "action_type": "wait", "box_2d": [[503, 580, 718, 702]]}"#)]
#[case::two_names(r#"{"action_type": "click", "action": "wait", "box_2d": [[503, 580, 718, 702]]}"#)]
#[case::status_twice(r#"{"action_type": "status", "goal_status": "infeasible", "goal_status": "complete"}"#)]
#[case::two_texts(r#"{"action_type": "answer", "text": "x", "content": "y"}"#)]
fn strict_terms_refuse_what_is_said_twice(#[case] answer: &str) {
    let truths = [
        CLICK,
        r#"{"action_type": "wait", "box_2d": [[503, 580, 718, 702]]}"#,
        r#"{"action_type": "status", "goal_status": "complete"}"#,
        r#"{"action_type": "answer", "text": "x"}"#,
        r#"{"action_type": "answer", "text": "y"}"#,
    ];
    for truth in truths {
        assert_eq!(score(Terms::Strict, &boxed(answer), &boxed(truth)), 0.0);
    }
}

#[rstest]
#[case::thought("<think>«THOUGHT»</think><answer>«CLICK»</answer>", 1.0)]
#[case::only_thought("<think>«CLICK»</think><answer>«THOUGHT»</answer>", 0.0)]
#[case::two("<think>x</think><answer>«CLICK»«CLICK»</answer>", 0.0)]
fn strict_terms_read_the_answer_part(#[case] reply: &str, #[case] expected: f64) {
    let reply = reply.replace("CLICK", CLICK).replace("THOUGHT", r#"{"action_type": "wait"}"#);
    let reply = reply.replace('«', "<|begin_of_box|>").replace('»', "<|end_of_box|>");
    assert_eq!(score(Terms::Strict, &reply, &boxed(CLICK)), expected);
}

#[test]
fn a_broken_ground_truth_is_told_from_a_wrong_answer() {
    assert!(Android::default().read_value(" {\"action_type\": \"wait\"}\n").is_ok());
    assert!(Android::default().read_value("{\"action_type\": \"wait\", \"action_type\": \"home\"}").is_err());
    assert!(
        Android { terms: Terms::Published }
            .read_value("{\"action_type\": \"wait\", \"action_type\": \"home\"}")
            .is_ok()
    );
}
