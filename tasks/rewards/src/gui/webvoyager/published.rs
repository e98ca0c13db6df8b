//! The published scoring of browser actions, with its holes closed where no published result stands in the way.

use super::new_form::{self, Place, Quoting};
use super::old_form;
use crate::Finding;
use crate::gui::similarity::common_part;
use crate::gui::{OTHER_ACTION, nothing, scored};
use crate::text::{float, trim};

/// What the right element's name is worth on another point, and return for enter.
const CONSOLATION: f64 = 0.05;
/// So far around a target a name, or the lack of one, still tells of the same element, in units of the grid.
const SAME_NEIGHBOURHOOD: f64 = 200.0;
const UNNAMED_NEIGHBOURHOOD: f64 = 20.0;

/// One action in either form.
#[derive(Debug)]
pub(super) enum Action<'a> {
    New(new_form::Action<'a>),
    Old(old_form::Action<'a>),
}

impl<'a> Action<'a> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let answers = || old_form::answers(text).into_iter().map(|answer| (answer.from, answer.to));
        let find = |quoting| {
            let mut spans = new_form::quoting_spans(text, quoting);
            spans.extend(answers());
            new_form::find(text, quoting, &spans).map(Action::New)
        };
        find(Quoting::Plain)
            .or_else(|| if text.contains('\'') { find(Quoting::Apostrophes) } else { None })
            .or_else(|| old_form::find(text).map(Action::Old))
    }
}

pub(super) fn score(answer: &Action<'_>, truth: &Action<'_>) -> Finding {
    use new_form::Action as New;
    use old_form::Action as Old;

    match (answer, truth) {
        (Action::New(New::Click(given)), Action::New(New::Click(expected))) => {
            scored(click(given, expected), "the point, else the element")
        }
        (
            Action::New(New::Type { place: given, text: given_text }),
            Action::New(New::Type { place: expected, text: expected_text }),
        ) => {
            let alike = common_part(given_text, expected_text);
            scored(
                if given.point == expected.point { alike } else { elsewhere(alike) },
                "the text typed, and its place",
            )
        }
        (Action::New(New::Key(given)), Action::New(New::Key(expected))) => key(given, expected),
        (
            Action::New(New::Scroll { place: given, down: given_down, distance: given_distance }),
            Action::New(New::Scroll { place: expected, down: expected_down, distance: expected_distance }),
        ) => {
            if given_down != expected_down {
                return nothing("another direction");
            }
            let distance = distance(*given_distance, *expected_distance);
            scored(scroll_place(given, expected) * distance, "place and distance")
        }
        (Action::New(New::Answer(given)) | Action::Old(Old::Answer(given)), truth) => match truth {
            Action::New(New::Answer(expected)) | Action::Old(Old::Answer(expected)) => {
                scored(common_part(given, expected), "the answer's text")
            }
            _ => nothing(OTHER_ACTION),
        },
        // The older form names no point, so that any point is another one.
        (Action::New(New::Type { .. }), Action::Old(Old::Type { .. })) => {
            scored(CONSOLATION, "typed, and the places cannot be compared")
        }
        (Action::Old(given), Action::Old(expected)) => old(given, expected),
        _ => nothing(OTHER_ACTION),
    }
}

fn old(given: &old_form::Action<'_>, expected: &old_form::Action<'_>) -> Finding {
    use old_form::Action;

    match (given, expected) {
        (Action::Type { mark: given, text: given_text }, Action::Type { mark: expected, text: expected_text })
            if given == expected =>
        {
            scored(common_part(given_text, expected_text), "the text typed")
        }
        (Action::Key(given), Action::Key(expected)) if given.to_lowercase() == expected.to_lowercase() => {
            scored(1.0, "the same key")
        }
        (given, expected) if given == expected => scored(1.0, "the same action"),
        _ => nothing("another action or mark"),
    }
}

fn click(given: &Place<'_>, expected: &Place<'_>) -> f64 {
    if given.point == expected.point {
        return 1.0;
    }
    let neighbourhood = if expected.element.is_some() { SAME_NEIGHBOURHOOD } else { UNNAMED_NEIGHBOURHOOD };
    let same = given.element == expected.element && distance_from(given, expected) <= neighbourhood;
    if same { CONSOLATION } else { 0.0 }
}

/// How far a point is from the box of the target, or from its point where it has none.
fn distance_from(given: &Place<'_>, expected: &Place<'_>) -> f64 {
    let point = |place: &Place<'_>| (place.point.0 as f64, place.point.1 as f64);
    match expected.area {
        Some(area) => area.distance(point(given)),
        None => (point(given).0 - point(expected).0).hypot(point(given).1 - point(expected).1),
    }
}

fn elsewhere(alike: f64) -> f64 {
    if alike > CONSOLATION { 0.95 * alike } else { CONSOLATION }
}

fn key(given: &str, expected: &str) -> Finding {
    let (given, expected) = (given.to_lowercase(), expected.to_lowercase());
    let enter = |key: &str| matches!(key, "enter" | "return");
    if given == expected || (enter(&given) && enter(&expected)) {
        scored(1.0, "the same key")
    } else {
        nothing("another key")
    }
}

/// The very point, or one so near that the page scrolls alike.
fn scroll_place(given: &Place<'_>, expected: &Place<'_>) -> f64 {
    if given.point == expected.point {
        return 1.0;
    }
    let distance = distance_from(given, &Place { area: None, ..expected.clone() });
    if distance <= UNNAMED_NEIGHBOURHOOD { 1.0 - distance / 100.0 } else { 0.0 }
}

fn distance(given: Option<&str>, expected: Option<&str>) -> f64 {
    let read = |distance: Option<&str>| distance.and_then(float);
    match (read(given), read(expected)) {
        (Some(given), Some(expected)) if given == expected => 1.0,
        (Some(given), Some(expected)) => {
            let share = 1.0 - (given - expected).abs() / given.abs().max(expected.abs());
            if share.is_nan() { 0.0 } else { share.max(0.0) }
        }
        // The same words for a distance that is no number, and no distance at all, are the same distance.
        (None, None) if given.map(trim) == expected.map(trim) => 1.0,
        _ => 0.0,
    }
}
