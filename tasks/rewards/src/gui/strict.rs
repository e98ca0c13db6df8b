//! One rule for the steps of all dialects, which pays nothing to guesses.
//!
//! How it differs from the published formulas: the score has no jumps between places; a place is right where it lies on the
//! target, and the whole screen never is; a text is right or wrong as a whole; names and keys that mean the same are the
//! same; parameters that decide nothing are not looked at.

use super::step::{Amount, Place, Step};
use super::{OTHER_ACTION, nothing, scored};
use crate::Finding;

/// What is left on the border of a target; the centre is worth 1.
const ON_THE_BORDER: f64 = 0.8;
/// So far outside of a target an action is worth nothing, in units of the grid.
const FAR_OUTSIDE: f64 = 20.0;
/// So far from a target whose size is not known.
const NEAR_POINT: f64 = 20.0;
const FAR_FROM_POINT: f64 = 50.0;
/// Boxes that overlap less are different boxes.
const LEAST_OVERLAP: f64 = 0.1;
/// What a scroll that does not say it is taken to be; pixels have no such default.
const USUAL_AMOUNT: Amount = Amount::Steps(5.0);
/// What an agent says when it ends is for the reader.
const ENDS: [&str; 2] = ["done", "fail"];

/// What an action is worth beside the right one.
pub(super) fn score(answer: &Step, truth: &Step) -> Finding {
    if answer.action != truth.action {
        return nothing(OTHER_ACTION);
    }
    let mut score = 1.0;
    for (given, expected) in [(answer.place, truth.place), (answer.end, truth.end)] {
        if let Some(expected) = expected {
            score *= given.map_or(0.0, |given| at_place(given, expected));
        }
    }
    if score == 0.0 {
        return nothing("another place");
    }
    let (given, expected) = (answer.text.as_deref().unwrap_or(""), truth.text.as_deref().unwrap_or(""));
    let same = if truth.action == "type" { is_typed_alike(given, expected) } else { says_the_same(given, expected) };
    if !same && !ENDS.contains(&&*truth.action) {
        return nothing("another text");
    }
    if truth.keys != answer.keys {
        return nothing("other keys");
    }
    if truth.direction.is_some() && truth.direction != answer.direction {
        return nothing("another direction");
    }
    if let Some(expected) = truth.amount {
        score *= same_amount(answer.amount.unwrap_or(USUAL_AMOUNT), expected);
    }
    if score == 0.0 {
        return nothing("another distance");
    }
    for (name, expected) in &truth.others {
        let given = answer.others.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        let same = given.is_some_and(|given| match (given.as_text(), expected.as_text()) {
            (Some(given), Some(expected)) => folded(given).eq_ignore_ascii_case(&folded(expected)),
            _ => given.equals(expected),
        });
        if !same {
            return nothing("another parameter");
        }
    }
    scored(score, if score == 1.0 { "the same action" } else { "the same action, near" })
}

fn at_place(given: Place, expected: Place) -> f64 {
    if given.area.is_some_and(|area| area.is_whole_screen() && expected.area != Some(area)) {
        return 0.0;
    }
    if given.point.is_some() && given.point == expected.point {
        return 1.0;
    }
    let Some(point) = given.point.or(given.area.map(|area| area.center())) else { return 0.0 };
    match (expected.area, expected.point) {
        (Some(target), _) => match (given.point, given.area) {
            (None, Some(area)) => {
                let overlap = if area == target { 1.0 } else { area.overlap(target) };
                if overlap < LEAST_OVERLAP { 0.0 } else { overlap }
            }
            _ => {
                let middles = [Some(target.center()), expected.point.filter(|&point| target.distance(point) == 0.0)];
                let off_the_middle =
                    middles.into_iter().flatten().fold(1.0, |off, middle| target.eccentricity(point, middle).min(off));
                let on_target = 1.0 - (1.0 - ON_THE_BORDER) * off_the_middle;
                on_target * (1.0 - target.distance(point) / FAR_OUTSIDE).max(0.0)
            }
        },
        (None, Some(target)) => {
            let distance = (point.0 - target.0).hypot(point.1 - target.1);
            let near = 1.0 - (1.0 - ON_THE_BORDER) * (distance / NEAR_POINT).min(1.0);
            let beyond = (distance - NEAR_POINT).max(0.0) / (FAR_FROM_POINT - NEAR_POINT);
            near * (1.0 - beyond).max(0.0)
        }
        (None, None) => 0.0,
    }
}

/// Letter for letter: to programs case and blanks matter, and a line break presses enter.
fn is_typed_alike(given: &str, expected: &str) -> bool {
    let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    lines(given) == lines(expected)
}

/// But for case, typography and the mark at the end. Nothing is paid for a part: one figure, sign or name makes it wrong.
fn says_the_same(given: &str, expected: &str) -> bool {
    let said = |text: &str| {
        let text = folded(text).to_lowercase();
        let mut plain = text.trim_end_matches(['.', '。', '!']);
        // `3!` is a number.
        if plain.ends_with(char::is_numeric) {
            plain = text.trim_end_matches(['.', '。']);
        }
        if plain.is_empty() { text } else { plain.to_owned() }
    };
    given == expected || said(given) == said(expected)
}

fn same_amount(given: Amount, expected: Amount) -> f64 {
    let (given, expected) = match (given, expected) {
        (Amount::Steps(given), Amount::Steps(expected)) | (Amount::Distance(given), Amount::Distance(expected)) => {
            (given, expected)
        }
        _ => return 0.0,
    };
    1.0 - (given - expected).abs() / given.max(expected)
}

/// A text without what typography varies: kinds of blanks, quotation marks and dashes, full-width letters.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().map(|character| match character {
            '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{201f}' | '\u{2033}' => '"',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
            _ => character,
        }));
    }
    folded
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::gui::{call, step};

    fn step(text: &str) -> Step {
        step::of_call(&call::parse(text).unwrap()).unwrap()
    }

    #[rstest]
    #[case::same("click(point=(10, 10))", "click(point=(10, 10))", 1.0)]
    #[case::other_names("tap(start_box='[10, 10]')", "CLICK(point=(10, 10))", 1.0)]
    #[case::near("click(point=(20, 10))", "click(point=(10, 10))", 0.9)]
    #[case::border_of_near("click(point=(30, 10))", "click(point=(10, 10))", 0.8)]
    #[case::further("click(point=(45, 10))", "click(point=(10, 10))", 0.4)]
    #[case::far("click(point=(60, 10))", "click(point=(10, 10))", 0.0)]
    #[case::centre("click(point=(150, 110))", "click(point=(101, 101), box=[[100,100,200,120]])", 1.0)]
    #[case::corner("click(point=(100, 100))", "click(point=(101, 101), box=[[100,100,200,120]])", 0.8)]
    #[case::outside("click(point=(210, 110))", "click(box=[[100,100,200,120]])", 0.4)]
    #[case::whole_screen("click(box=[[0,0,999,999]])", "click(box=[[100,100,900,900]])", 0.0)]
    #[case::small_overlap("click(box=[[0,0,400,400]])", "click(box=[[100,100,200,120]])", 0.0)]
    #[case::overlap("click(box=[[0,0,100,100]])", "click(box=[[0,0,100,80]])", 0.8)]
    #[case::other_action("hover(point=(10, 10))", "click(point=(10, 10))", 0.0)]
    #[case::no_place("click()", "click(point=(10, 10))", 0.0)]
    #[case::one_step_less("scroll(point=(5,5), direction='down', step=4)", "SCROLL_DOWN(point=(5, 5), step=5)", 0.8)]
    #[case::usual_steps("SCROLL_UP(point=(5,5))", "SCROLL_UP(point=(5,5), step=5)", 1.0)]
    #[case::no_distance("SCROLL_UP(point=(5,5))", "SCROLL_UP(point=(5,5), distance=500)", 0.0)]
    #[case::no_distance_needed("SCROLL_UP(point=(5,5), distance=300)", "SCROLL_UP(point=(5,5))", 1.0)]
    #[case::steps_are_no_pixels("SCROLL_UP(point=(5,5), step=5)", "SCROLL_UP(point=(5,5), distance=5)", 0.0)]
    #[case::direction_twice(
        "SCROLL_UP(point=(5,5), direction='up', step=5)",
        "scroll(point=(5,5), direction='up', step=5)",
        1.0
    )]
    #[case::the_point_itself("click(point=(214, 100))", "click(point=(214, 100), box=[[198,92,229,107]])", 1.0)]
    #[case::towards_the_point("click(point=(102, 110))", "click(point=(104, 110), box=[[100,100,200,120]])", 0.9)]
    #[case::point_outside("click(point=(5, 5))", "click(point=(5, 5), box=[[100,100,200,120]])", 1.0)]
    #[case::fractions("click(box=[[0.5,0,100.5,100]])", "click(box=[[0.5,0,100.5,80.0]])", 0.8)]
    #[case::message_at_the_end("finished(content='ok')", "finished()", 1.0)]
    #[case::another_message("DONE()", "finished(content='ok')", 1.0)]
    #[case::nothing_typed("type()", "type(content='')", 1.0)]
    #[case::something_typed("type(content=' ')", "type()", 0.0)]
    #[case::no_answer("answer()", "answer(content='a')", 0.0)]
    #[case::keys("hotkey(keys='ctrl c')", "key(keys='Control+C')", 1.0)]
    #[case::app("open_app(app='settings')", "open_app(app_name='Settings')", 1.0)]
    #[case::other_app("open_app(app='Camera')", "open_app(app_name='Settings')", 0.0)]
    fn steps_are_scored_without_jumps(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
        let Finding::Decided { score, .. } = score(&step(answer), &step(truth)) else { panic!("a rule decides") };
        assert!((score - expected).abs() < 1e-12, "{score}");
    }

    #[rstest]
    #[case::typography("it\u{2019}s  here", "it's here", true)]
    #[case::case("Yes", "yes", true)]
    #[case::full_stop("Yes.", "yes", true)]
    #[case::width("\u{3000}ＹＥＳ！", "yes", true)]
    #[case::han("是。", "是", true)]
    #[case::both_empty("", " ", true)]
    #[case::mark_alone("!", "", false)]
    #[case::sign("-15 degrees", "15 degrees", false)]
    #[case::hour("opens at 9 pm", "opens at 9 am", false)]
    #[case::name("Delta Airlines", "United Airlines", false)]
    #[case::opposite("the light is on", "the light is off", false)]
    #[case::negation("impossible", "possible", false)]
    #[case::time("10:00", "10.00", false)]
    #[case::figure("3 stars", "5 stars", false)]
    #[case::factorial("3!", "3", false)]
    #[case::soup("0123456789", "7", false)]
    #[case::one_letter("dinners", "dinner", false)]
    fn answers_are_right_or_wrong(#[case] given: &str, #[case] truth: &str, #[case] expected: bool) {
        assert_eq!(says_the_same(given, truth), expected);
    }

    #[rstest]
    #[case::same("rm -rf /tmp\n", "rm -rf /tmp\n", true)]
    #[case::line_breaks("a\r\nb\r", "a\nb\n", true)]
    #[case::enter("ls\n", "ls", false)]
    #[case::line_break_for_a_blank("a b", "a\nb", false)]
    #[case::case("Secret", "secret", false)]
    #[case::blank_before(" ls", "ls", false)]
    #[case::full_stop("ls.", "ls", false)]
    #[case::cell("=SUM(B1:B5)", "=SUM(A1:A5)", false)]
    #[case::path("rm -rf /tmp", "rm -rf /", false)]
    fn typed_text_is_right_letter_for_letter(#[case] given: &str, #[case] truth: &str, #[case] expected: bool) {
        assert_eq!(is_typed_alike(given, truth), expected);
    }
}
