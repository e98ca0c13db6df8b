//! Android: one object of an action and its fields, as JSON or as a literal of Python.
//!
//! Published: the fields must be the same; the score is the product over the fields of how well they agree: `text` by the
//! longest common subsequence, `box_2d` by intersection over union, all others only when equal.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::{
    ANSWER_UNREADABLE, OTHER_ACTION, TRUTH_UNREADABLE, Terms, VALUE_UNREADABLE, boxed, nothing, scored, similarity,
    step, strict,
};
use crate::boxes::NormBox;
use crate::literal::{self, Repeats, Value};
use crate::text::{MOST_DIGITS, digit, is_blank, leading_digits, trim, trim_start};
use crate::{Finding, Verifier};

/// Compares actions on an Android device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Android {
    /// By which rules.
    pub terms: Terms,
}

impl Verifier for Android {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let content = match self.terms {
            Terms::Published => boxed::android(reply)?,
            Terms::Strict => boxed::only_box(reply)?,
        };
        let content = with_plain_box(content).ok_or("a number in the box has more than 4300 digits")?;
        match self.literal(&content) {
            Some(Value::Object(_)) => Ok(content),
            Some(_) => Err("the action is no object".into()),
            None if self.terms == Terms::Published => Err("the action is neither JSON nor a literal of Python".into()),
            None => Err("the action is neither JSON nor a literal of Python, or has a key twice".into()),
        }
    }

    fn read_value<'a>(&self, value: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let value = trim(value);
        match self.terms {
            Terms::Published => Ok(value.into()),
            Terms::Strict => {
                let value = with_plain_box(value).ok_or(VALUE_UNREADABLE)?;
                let step = self.literal(&value).and_then(|object| step::of_object(&object));
                step.map(|_| value).ok_or(VALUE_UNREADABLE.into())
            }
        }
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        let Some(truth @ Value::Object(_)) = self.literal(truth) else {
            return nothing(TRUTH_UNREADABLE);
        };
        let Some(answer @ Value::Object(_)) = self.literal(answer) else {
            return nothing(ANSWER_UNREADABLE);
        };
        match self.terms {
            Terms::Published => published(&answer, &truth),
            Terms::Strict => {
                let Some(truth) = step::of_object(&truth) else { return nothing(TRUTH_UNREADABLE) };
                let Some(answer) = step::of_object(&answer) else { return nothing(ANSWER_UNREADABLE) };
                strict::score(&answer, &truth)
            }
        }
    }
}

impl Android {
    fn literal(&self, text: &str) -> Option<Value> {
        let repeats = match self.terms {
            Terms::Published => Repeats::LastCounts,
            Terms::Strict => Repeats::Refused,
        };
        literal::read(text, repeats)
    }
}

fn published(answer: &Value, truth: &Value) -> Finding {
    let (Value::Object(given), Value::Object(expected)) = (answer, truth) else {
        return nothing(TRUTH_UNREADABLE);
    };
    if expected.is_empty() {
        return nothing(TRUTH_UNREADABLE);
    }
    let given_value = |key: &Value| given.iter().find(|(name, _)| name.equals(key)).map(|(_, value)| value);
    if given.len() != expected.len() || expected.iter().any(|(key, _)| given_value(key).is_none()) {
        return nothing("the fields are not the same");
    }
    let mut score = 1.0;
    for (key, expected) in expected {
        let Some(given) = given_value(key) else { continue };
        if given.equals(expected) {
            continue;
        }
        score *= match key.as_text() {
            Some("text") => text_score(given, expected),
            Some("box_2d") => match (first_box(given), first_box(expected)) {
                (_, None) => return nothing("the ground truth has no valid box"),
                (None, _) => return nothing("the answer has no valid box"),
                (Some(given), Some(expected)) => given.overlap(expected),
            },
            Some("action_type") => return nothing(OTHER_ACTION),
            _ => return nothing("a field differs"),
        };
    }
    scored(score, if score == 1.0 { "the same action" } else { "the same action, near" })
}

/// Two texts by their characters, two lists by their items; all else has nothing in common.
fn text_score(given: &Value, expected: &Value) -> f64 {
    /// Longer lists are no text.
    const MOST_ITEMS: usize = 128;

    match (given, expected) {
        (Value::Text(given), Value::Text(expected)) => similarity::common_part(given, expected),
        (Value::List(given), Value::List(expected)) | (Value::Tuple(given), Value::Tuple(expected)) => {
            let longer = given.len().max(expected.len());
            if longer > MOST_ITEMS {
                return 0.0;
            }
            let mut row = vec![0_usize; expected.len() + 1];
            for item in given {
                let mut diagonal = 0;
                for (column, other) in expected.iter().enumerate() {
                    let above = row[column + 1];
                    row[column + 1] = if item.equals(other) { diagonal + 1 } else { above.max(row[column]) };
                    diagonal = above;
                }
            }
            row[expected.len()] as f64 / longer as f64
        }
        _ => 0.0,
    }
}

/// The first box of a list; the others are not looked at. A bool counts as the integer that it is in Python.
fn first_box(value: &Value) -> Option<NormBox> {
    let (Value::List(boxes) | Value::Tuple(boxes)) = value else { return None };
    let corners = boxes.first()?.as_list()?;
    let mut numbers = [0.0; 4];
    if corners.len() != numbers.len() {
        return None;
    }
    for (number, corner) in numbers.iter_mut().zip(corners) {
        *number = match corner {
            Value::Bool(bit) => f64::from(*bit),
            Value::Integer(_) => corner.as_number()?,
            _ => return None,
        };
    }
    NormBox::new(numbers)
}

/// The content with its first box written plainly: `[[00503, ５80,718,702]]` becomes `[[503,580,718,702]]`, wherever the
/// same stretch occurs. `None` where a number is too long.
fn with_plain_box(content: &str) -> Option<Cow<'_, str>> {
    let mut from = 0;
    while let Some(offset) = content[from..].find("[[") {
        let start = from + offset;
        from = start + 1;
        let Some((length, numbers)) = box_at(&content[start..]) else { continue };
        let mut plain = String::from("[[");
        for (index, number) in numbers.iter().enumerate() {
            if number.chars().count() > MOST_DIGITS {
                return None;
            }
            let digits: String = number.chars().filter_map(digit).map(|value| char::from(b'0' + value)).collect();
            let digits = digits.trim_start_matches('0');
            plain.push_str(if index == 0 { "" } else { "," });
            plain.push_str(if digits.is_empty() { "0" } else { digits });
        }
        plain.push_str("]]");
        let stretch = &content[start..start + length];
        return Some(if stretch == plain { content.into() } else { content.replace(stretch, &plain).into() });
    }
    Some(content.into())
}

/// A box of four numbers at the start of a text that begins with `[[`: its length, and the digits.
fn box_at(text: &str) -> Option<(usize, [&str; 4])> {
    let mut rest = &text[2..];
    let mut numbers = [""; 4];
    for (index, number) in numbers.iter_mut().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(',')?;
        }
        let (digits, after) = leading_digits(trim_start(rest))?;
        *number = digits;
        rest = after.trim_start_matches(is_blank);
    }
    let rest = rest.strip_prefix("]]")?;
    Some((text.len() - rest.len(), numbers))
}
