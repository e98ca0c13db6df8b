use rstest::rstest;

use super::*;

const CAT: &str = "[[100, 100, 200, 200]]";
const TWO: &str = "[[100, 100, 200, 200], [500, 500, 600, 600]]";

fn framed(answer: &str) -> String {
    format!("<think>so</think><answer>{answer}</answer>")
}

fn score(verifier: &dyn Verifier, answer: &str, truth: &str) -> f64 {
    let reply = framed(answer);
    let Ok(answer) = verifier.read(&reply) else { return 0.0 };
    match verifier.compare("", &answer, truth) {
        Finding::Decided { score, .. } => score,
        Finding::Open { .. } => panic!("rules decide"),
    }
}

#[rstest]
#[case::same(CAT, CAT, 1.0)]
#[case::one_list("[100, 100, 200, 200]", CAT, 1.0)]
#[case::tuple("(100, 100, 200, 200)", CAT, 1.0)]
#[case::object(r#"{"box_2d": [[100, 100, 200, 200]]}"#, CAT, 1.0)]
#[case::labelled(r#"[{"bbox_2d": [100, 100, 200, 200], "label": "cat"}]"#, CAT, 1.0)]
#[case::floats("[[100.0, 100.0, 200.0, 200.0]]", CAT, 1.0)]
#[case::fractions("[[100.5, 100, 200, 200.25]]", CAT, 1.0)]
#[case::bare("100, 100, 200, 200", CAT, 1.0)]
#[case::full_stop("[[100, 100, 200, 200]].", CAT, 1.0)]
#[case::fence("```json\n[{\"bbox_2d\": [100, 100, 200, 200]}]\n```", CAT, 1.0)]
#[case::plain_fence("```\n[[100, 100, 200, 200]]\n```", CAT, 1.0)]
#[case::no("No", "none", 1.0)]
#[case::no_is_wrong("no.", CAT, 0.0)]
#[case::whole_screen_in_floats("[[0.0, 0.0, 999.0, 999.0]]", CAT, 0.0)]
#[case::twice_in_floats("[[100, 100, 200, 200], [100.0, 100, 200, 200]]", CAT, 0.5)]
#[case::overlap_above("[[100, 100, 200, 160]]", CAT, 1.0)]
#[case::overlap_at_threshold("[[100, 100, 200, 150]]", CAT, 0.0)]
#[case::other_order("[[500, 500, 600, 600], [100, 100, 200, 200]]", TWO, 1.0)]
#[case::side_by_side("[500, 500, 600, 600]; [100, 100, 200, 200]", TWO, 1.0)]
#[case::one_missing(CAT, TWO, 0.5)]
#[case::one_too_many(TWO, CAT, 0.5)]
#[case::twice_the_same("[[100, 100, 200, 200], [100, 100, 200, 200]]", CAT, 0.5)]
#[case::whole_screen("[[0, 0, 999, 999]]", "[[100, 100, 900, 900]]", 0.0)]
#[case::whole_screen_is_right("[[0, 0, 999, 999]]", "[[2, 0, 999, 997]]", 1.0)]
#[case::none_is_right("none", "[]", 1.0)]
#[case::none_in_words("There is no such object.", "none", 1.0)]
#[case::none_is_wrong("none", CAT, 0.0)]
#[case::a_box_for_none(CAT, "none", 0.0)]
#[case::points("(150, 150)", CAT, 0.0)]
fn boxes_are_matched(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
    assert_eq!(score(&Boxes::default(), answer, truth), expected);
}

#[rstest]
#[case::off_grid("[[0, 0, 1000, 10]]")]
#[case::negative("[[-1, 0, 10, 10]]")]
#[case::swapped("[[200, 200, 100, 100]]")]
#[case::fraction_off_grid("[[100, 100, 200, 999.5]]")]
#[case::not_a_number("[[NaN, 100, 200, 200]]")]
#[case::endless("[[0, 0, Infinity, 200]]")]
#[case::too_many_numbers("100, 100, 200, 200, 1, 1, 2, 2")]
#[case::box_behind_numbers("100, 100, [1, 2, 3, 4]")]
#[case::two_fences("```\n[1,2,3,4]\n```\n```\n[5,6,7,8]\n```")]
#[case::words_in_a_fence("```\nthe cat\n```")]
#[case::field_twice("{'bbox': [1, 2, 3, 4], 'bbox': [5, 6, 7, 8]}")]
#[case::texts(r#"[["100", "100", "200", "200"]]"#)]
#[case::three_numbers("[[100, 100, 200]]")]
#[case::words("about [[100, 100, 200, 200]]")]
#[case::hedge("[[100, 100, 200, 200]] or [[1, 2, 3, 4]]")]
#[case::none_and_a_box("none [[100, 100, 200, 200]]")]
#[case::mixed("[[100, 100, 200, 200], [1, 2]]")]
#[case::two_fields(r#"{"box_2d": [1, 2, 3, 4], "point": [1, 2]}"#)]
#[case::code("list(map(int, '1234'))")]
#[case::empty("")]
fn what_is_no_place_is_refused(#[case] answer: &str) {
    assert!(Boxes::default().read(&framed(answer)).is_err());
}

#[test]
fn hostile_answers_are_refused() {
    let listing = format!("[{}]", vec!["[0, 0, 9, 9]"; 129].join(","));
    let answers = [
        "[".repeat(100_000),
        format!("[[{},1,2,3]]", "9".repeat(5000)),
        "(".repeat(500),
        listing,
        "[[1,2,3,4\0]]".into(),
    ];
    for answer in answers {
        assert!(Boxes::default().read(&framed(&answer)).is_err());
    }
}

#[test]
fn a_grid_of_boxes_earns_little() {
    let grid: Vec<String> = (0..10)
        .flat_map(|x| (0..10).map(move |y| format!("[{}, {}, {}, {}]", x * 100, y * 100, x * 100 + 99, y * 100 + 99)))
        .collect();
    assert!(score(&Boxes::default(), &format!("[{}]", grid.join(",")), CAT) <= 0.01);
}

#[rstest]
#[case::inside("(150, 150)", CAT, 1.0)]
#[case::on_the_border("[100, 200]", CAT, 1.0)]
#[case::outside("(201, 150)", CAT, 0.0)]
#[case::object(r#"{"point": [150, 150]}"#, CAT, 1.0)]
#[case::fractions("(150.5,150.5)", CAT, 1.0)]
#[case::bare("150.5 150", CAT, 1.0)]
#[case::both("(150, 150), (550, 550)", TWO, 1.0)]
#[case::both_on_one("(150, 150), (160, 150)", TWO, 0.5)]
#[case::near("(150, 150)", "(150, 170)", 1.0)]
#[case::not_near("(150, 150)", "(150, 171)", 0.0)]
#[case::shotgun("(150, 150), (1, 1), (2, 2), (3, 3)", CAT, 0.25)]
#[case::boxes(CAT, CAT, 0.0)]
#[case::none("none", "none", 1.0)]
fn points_are_on_their_targets(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
    assert_eq!(score(&Points::default(), answer, truth), expected);
}

#[test]
fn the_ground_truth_must_be_places() {
    assert_eq!(score(&Boxes::default(), CAT, "the cat"), 0.0);
    assert_eq!(score(&Boxes::default(), "none", ""), 0.0);
}
