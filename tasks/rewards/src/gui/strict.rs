//! One rule for the steps of all dialects, which pays nothing to guesses.
//!
//! How it differs from the published formulas: the score has no jumps; a place is right where it lies on the target, and
//! the whole screen never is; numbers and negations in a text must be right, and a text that is less than half right earns
//! nothing; names and keys that mean the same are the same; parameters that decide nothing are not looked at.

use super::step::{Place, Step};
use super::{OTHER_ACTION, nothing, scored, similarity};
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
/// Texts that are less alike are different texts.
const LEAST_ALIKE: f64 = 0.5;
/// The steps of a scroll that names none.
const USUAL_AMOUNT: f64 = 5.0;

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
    if let Some(expected) = &truth.text {
        score *= answer.text.as_ref().map_or(0.0, |given| same_text(given, expected));
    } else if answer.text.as_ref().is_some_and(|text| !text.trim().is_empty()) {
        return nothing("a text where none belongs");
    }
    if score == 0.0 {
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
    let Some(point) = given.point.or(given.area.map(|area| area.center())) else { return 0.0 };
    match (expected.area, expected.point) {
        (Some(target), _) => match (given.point, given.area) {
            (None, Some(area)) => {
                let overlap = if area == target { 1.0 } else { area.overlap(target) };
                if overlap < LEAST_OVERLAP { 0.0 } else { overlap }
            }
            _ => {
                let on_target = 1.0 - (1.0 - ON_THE_BORDER) * target.eccentricity(point);
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

/// 1 where the texts are the same but for typography, falling to 0 where half of the longer is wrong.
fn same_text(given: &str, expected: &str) -> f64 {
    let (given, expected) = (folded(given), folded(expected));
    if given == expected {
        return 1.0;
    }
    if figures(&given) != figures(&expected) || negations(&given) != negations(&expected) {
        return 0.0;
    }
    let alike = similarity::edit_similarity(&given, &expected);
    ((alike - LEAST_ALIKE) / (1.0 - LEAST_ALIKE)).max(0.0)
}

fn same_amount(given: f64, expected: f64) -> f64 {
    if given == expected {
        return 1.0;
    }
    let share = 1.0 - (given - expected).abs() / given.abs().max(expected.abs());
    if share.is_nan() { 0.0 } else { share.max(0.0) }
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

fn figures(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_numeric()).filter(|figure| !figure.is_empty()).collect()
}

fn negations(text: &str) -> usize {
    const WORDS: [&str; 6] = ["no", "not", "never", "none", "nor", "without"];
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    words.filter(|word| WORDS.contains(word) || word.ends_with("n't")).count()
        + lower.chars().filter(|c| matches!(c, '不' | '没' | '無' | '无' | '未')).count()
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
    #[case::one_step_less(
        "scroll(point=(5,5), direction='down', step=4)",
        "SCROLL_DOWN(point=(5, 5), distance=5)",
        0.8
    )]
    #[case::keys("hotkey(keys='ctrl c')", "key(keys='Control+C')", 1.0)]
    #[case::app("open_app(app='settings')", "open_app(app_name='Settings')", 1.0)]
    #[case::other_app("open_app(app='Camera')", "open_app(app_name='Settings')", 0.0)]
    fn steps_are_scored_without_jumps(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
        let Finding::Decided { score, .. } = score(&step(answer), &step(truth)) else { panic!("a rule decides") };
        assert!((score - expected).abs() < 1e-12, "{score}");
    }

    #[rstest]
    #[case::typography("it\u{2019}s  here", "it's here", 1.0)]
    #[case::one_letter("dinners", "dinner!", 1.0 - 2.0 / 7.0)]
    #[case::other_number("3 stars", "5 stars", 0.0)]
    #[case::negation("it is not here", "it is here", 0.0)]
    #[case::soup("0123456789", "7", 0.0)]
    #[case::half("abcd", "abxy", 0.0)]
    #[case::both_empty("", "", 1.0)]
    fn texts_are_mostly_right_or_wrong(#[case] given: &str, #[case] truth: &str, #[case] expected: f64) {
        assert!((same_text(given, truth) - expected).abs() < 1e-12);
    }
}
