//! The published reading and scoring of desktop actions, with quoting and names mended where the script stumbled.

use std::borrow::Cow;

use super::fields;
use crate::Finding;
use crate::boxes::on_grid;
use crate::gui::{OTHER_ACTION, call, nothing, scored, similarity};
use crate::literal::Value;
use crate::text::{is_blank, leading_digits, whole_number};

/// The steps of a scroll that names none.
const USUAL_STEPS: f64 = 5.0;

/// One action with the parameters that its kind has.
#[derive(Debug)]
pub(super) struct Action<'a> {
    name: Cow<'a, str>,
    start: Option<(f64, f64)>,
    end: Option<(f64, f64)>,
    direction: Option<Cow<'a, str>>,
    steps: Option<f64>,
    /// What is typed, or the keys that are pressed.
    text: Option<Cow<'a, str>>,
}

impl<'a> Action<'a> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        match fields(text) {
            Some(fields) => Self::of_fields(&fields),
            None => Self::of_call(text),
        }
    }

    pub(super) fn of_call(text: &'a str) -> Option<Self> {
        let name = call::name(text)?;
        // A call that is not closed has no parameters.
        let parameters = text[name.len()..].strip_prefix('(')?.strip_suffix(')').unwrap_or("");
        let whole = call::end_of_call(&text[name.len()..], &['\'']);
        let typed = matches!(name, "type" | "key" | "hotkey");
        match brackets_and_quotes(text) {
            Balance::Even => {}
            // Brackets within quotes are text.
            Balance::Brackets if typed && whole.is_some() => {}
            // So is an apostrophe within a word.
            Balance::Quotes if name == "type" && whole.is_some() && has_apostrophe_in_word(parameters) => {}
            _ => return None,
        }
        // One action, and nothing behind it.
        if whole.is_some_and(|end| name.len() + end + 1 != text.len()) {
            return None;
        }
        let mut action = Self { name: name.into(), start: None, end: None, direction: None, steps: None, text: None };
        match name {
            "left_click" | "left_double_click" | "right_click" | "middle_click" | "hover" => {
                action.start = point(parameters, "start_box", Names::Whole);
            }
            "left_drag" => {
                let start = point(parameters, "start_box", Names::Endings);
                let end = point(parameters, "end_box", Names::Endings);
                if start.is_some() && end.is_some() {
                    (action.start, action.end) = (start, end);
                }
            }
            "scroll" => {
                let start = point(parameters, "start_box", Names::Whole);
                let direction = word(parameters, "direction");
                if start.is_some() && direction.is_some() {
                    (action.start, action.direction) = (start, direction);
                    action.steps = steps(parameters);
                }
            }
            "type" => action.text = quoted(parameters, "content"),
            "key" | "hotkey" => action.text = quoted(parameters, "keys"),
            _ => {}
        }
        Some(action)
    }

    fn of_fields(fields: &Value) -> Option<Self> {
        let text = |names: &[&str]| {
            let value = names.iter().find_map(|name| fields.get(name))?.as_text()?;
            Some(Cow::Owned(value.to_owned()))
        };
        let point = |names: &[&str]| {
            let [x, y] = names.iter().find_map(|name| fields.get(name))?.as_list()? else { return None };
            Some((x.as_number()?, y.as_number()?))
        };
        Some(Self {
            name: text(&["action_type"])?,
            start: point(&["coordinates", "start_coordinates", "start_box", "start"]),
            end: point(&["end_coordinates", "end_box", "end"]),
            direction: text(&["direction"]),
            steps: fields.get("step").and_then(Value::as_number),
            text: text(&["content", "keys", "text"]),
        })
    }
}

pub(super) fn score(answer: &Action<'_>, truth: &Action<'_>) -> Finding {
    if answer.name != truth.name {
        return nothing(OTHER_ACTION);
    }
    if [truth.start, truth.end].into_iter().flatten().any(|point| !on_grid(point)) {
        return nothing("the ground truth points outside of the screen");
    }
    match &*truth.name {
        "left_click" | "left_double_click" | "right_click" | "middle_click" | "hover" => {
            scored(nearness(answer.start, truth.start), "the distance from the point")
        }
        "left_drag" => {
            let product = nearness(answer.start, truth.start) * nearness(answer.end, truth.end);
            scored(product.sqrt(), "the distances from both points")
        }
        "scroll" => scored(scroll(answer, truth), "place, direction and steps"),
        "type" => match (&answer.text, &truth.text) {
            (Some(given), Some(expected)) => scored(typed(given, expected), "the text typed"),
            _ => nothing("no text to type"),
        },
        "key" | "hotkey" => match (&answer.text, &truth.text) {
            (Some(given), Some(expected)) if given.to_lowercase() == expected.to_lowercase() => {
                scored(1.0, "the same keys")
            }
            _ => nothing("other keys"),
        },
        name if ["wait", "done", "fail", "finished"].contains(&&*name.to_lowercase()) => scored(1.0, "the same action"),
        _ => nothing("an action that has no rule"),
    }
}

/// Down from 1 by a hundredth a unit, and behind 20 units by a fiftieth.
fn nearness(given: Option<(f64, f64)>, expected: Option<(f64, f64)>) -> f64 {
    let (Some(given), Some(expected)) = (given, expected) else { return 0.0 };
    let distance = (given.0 - expected.0).hypot(given.1 - expected.1);
    if distance <= 20.0 { 1.0 - 0.2 * distance / 20.0 } else { (1.0 - distance / 50.0).max(0.0) }
}

fn scroll(answer: &Action<'_>, truth: &Action<'_>) -> f64 {
    if truth.direction.is_none() || answer.direction != truth.direction {
        return 0.0;
    }
    let given = answer.steps.unwrap_or(USUAL_STEPS);
    let steps = match truth.steps {
        None => 1.0,
        Some(expected) if given == expected => 1.0,
        Some(expected) if given < 0.0 || expected <= 0.0 => 0.0,
        Some(expected) => (1.0 - (given - expected).abs() / (2.0 * expected)).max(0.0),
    };
    nearness(answer.start, truth.start) * steps
}

fn typed(given: &str, expected: &str) -> f64 {
    let folded = |text: &str| text.trim_matches(is_blank).to_lowercase();
    let identical = given == expected;
    let (given, expected) = (folded(given), folded(expected));
    if identical
        || (given == expected && !given.is_empty() && !similarity::is_repetitive(&Vec::from_iter(given.chars())))
    {
        return 1.0;
    }
    let (one, two): (Vec<char>, Vec<char>) = (given.chars().collect(), expected.chars().collect());
    let (shorter, longer) = (one.len().min(two.len()), one.len().max(two.len()));
    // Two digits that differ have nothing in common, though neither has a pair that the other lacks.
    let digits = longer == 1 && one[..].iter().chain(&two).all(char::is_ascii_digit);
    if shorter == 0 || digits {
        return 0.0;
    }
    let alike = 0.6 * similarity::edit_similarity(&given, &expected) + 0.4 * similarity::shared_pairs(&one, &two);
    let ratio = shorter as f64 / longer as f64;
    let length = if ratio < 0.3 { ratio } else { 1.0 };
    let repeats = similarity::is_repetitive(&one) || similarity::is_repetitive(&two);
    alike * length * if repeats { 0.3 } else { 1.0 }
}

#[derive(Debug, PartialEq)]
enum Balance {
    Even,
    Brackets,
    Quotes,
}

/// Whether apostrophes come in pairs and square brackets match, quoted or not.
fn brackets_and_quotes(text: &str) -> Balance {
    let mut before = '\0';
    let (mut quotes, mut depth, mut lowest) = (0_usize, 0_i64, 0_i64);
    for character in text.chars() {
        match character {
            '\'' if before != '\\' => quotes += 1,
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        lowest = lowest.min(depth);
        before = character;
    }
    if quotes % 2 == 1 {
        Balance::Quotes
    } else if depth != 0 || lowest < 0 {
        Balance::Brackets
    } else {
        Balance::Even
    }
}

fn has_apostrophe_in_word(text: &str) -> bool {
    let mut before = '\0';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let between = before.is_alphanumeric() && characters.peek().is_some_and(|next| next.is_alphanumeric());
        if character == '\'' && between {
            return true;
        }
        before = character;
    }
    false
}

/// Which names of a parameter count.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    Whole,
    /// Those that end in it too.
    Endings,
}

/// What follows each `name=` in the parameters.
fn values<'a>(parameters: &'a str, name: &'static str, names: Names) -> impl Iterator<Item = &'a str> {
    parameters.match_indices(name).filter_map(move |(place, _)| {
        let before = parameters[..place].chars().next_back();
        let starts = names == Names::Endings || !before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        parameters[place + name.len()..].strip_prefix('=').filter(|_| starts)
    })
}

fn point(parameters: &str, name: &'static str, names: Names) -> Option<(f64, f64)> {
    values(parameters, name, names).find_map(|value| {
        let (x, rest) = leading_digits(value.strip_prefix("'[")?)?;
        let (y, rest) = leading_digits(rest.strip_prefix(',')?.trim_start_matches(is_blank))?;
        rest.strip_prefix("]'")?;
        Some((whole_number(x)? as f64, whole_number(y)? as f64))
    })
}

fn word<'a>(parameters: &'a str, name: &'static str) -> Option<Cow<'a, str>> {
    values(parameters, name, Names::Whole).find_map(|value| {
        let value = value.strip_prefix('\'')?;
        let word = call::name(value)?;
        value[word.len()..].starts_with('\'').then(|| word.into())
    })
}

/// The number of steps, with its sign and fraction.
fn steps(parameters: &str) -> Option<f64> {
    values(parameters, "step", Names::Whole).find_map(|value| {
        let (sign, value) = match value.strip_prefix('-') {
            Some(value) => (-1.0, value),
            None => (1.0, value),
        };
        let (whole, rest) = leading_digits(value)?;
        let fraction = rest.strip_prefix('.').and_then(leading_digits).map_or("", |(digits, _)| digits);
        let fraction = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().unwrap_or(0.0) };
        Some(sign * (whole_number(whole)? as f64 + fraction))
    })
}

fn quoted<'a>(parameters: &'a str, name: &'static str) -> Option<Cow<'a, str>> {
    let value = values(parameters, name, Names::Whole).find_map(|value| value.strip_prefix('\''))?;
    let end = call::end_of_quote(value, '\'').or_else(|| value.find('\''))?;
    let text = &value[..end];
    Some(if text.contains("\\'") { text.replace("\\'", "'").into() } else { text.into() })
}
