//! A small reader for the objects that models write as actions: JSON, and the literals of Python that are nothing but data.
//!
//! The published script hands a reply that is no JSON to `eval`. Here nothing is ever evaluated: names other than the six
//! constants, calls, operators, comprehensions, f-strings and bytes are refused, and so is whatever goes beyond a limit of
//! length, depth, number of values or number of digits.

mod json;
mod python;
#[cfg(test)]
mod tests;

use crate::text::MOST_DIGITS;

/// Longer texts are no action, in bytes.
const LONGEST: usize = 64 * 1024;
/// Levels of brackets.
const DEEPEST: usize = 96;
/// Lists, objects, texts, numbers and constants together.
const MOST_VALUES: usize = 4096;
/// Keys of one object: they are compared one by one.
const MOST_KEYS: usize = 128;

/// Half surrogates, which Python texts may hold and Rust's may not, are kept as the last 2048 private characters.
const SURROGATES: u32 = 0x0010_f800;

/// What a literal stands for.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// An integer: its digits without leading zeros, with a minus sign where negative.
    Integer(String),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Tuple(Vec<Value>),
    /// No key occurs twice; the order means nothing.
    Object(Vec<(Value, Value)>),
}

/// What becomes of a key that an object holds twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// The last value counts, as in Python.
    LastCounts,
    /// The object is refused: it says two things.
    Refused,
}

/// Reads JSON, or else a literal of Python.
pub(crate) fn read(text: &str, repeats: Repeats) -> Option<Value> {
    if text.len() > LONGEST {
        return None;
    }
    json::read(text, repeats).or_else(|| python::read(text, repeats))
}

/// Reads one literal of Python at the start of a text, as the value of a parameter; gives the length read too. No key may
/// occur twice.
pub(crate) fn read_prefix(text: &str) -> Option<(Value, usize)> {
    if text.len() > LONGEST { None } else { python::read_prefix(text) }
}

impl Value {
    /// The value of a key that is a text.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let Value::Object(entries) = self else { return None };
        entries.iter().find(|(name, _)| matches!(name, Value::Text(text) if text == key)).map(|(_, value)| value)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_list(&self) -> Option<&[Value]> {
        if let Value::List(items) = self { Some(items) } else { None }
    }

    /// A number, not a bool.
    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Value::Integer(digits) => digits.parse().ok(),
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// Equality of Python, but that a bool is no number: integers and floats of the same value are equal, a list and a
    /// tuple are not, not-a-number equals nothing.
    pub(crate) fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(one), Value::Bool(two)) => one == two,
            (Value::Integer(one), Value::Integer(two)) | (Value::Text(one), Value::Text(two)) => one == two,
            (Value::Float(one), Value::Float(two)) => one == two,
            (Value::Integer(digits), Value::Float(number)) | (Value::Float(number), Value::Integer(digits)) => {
                is_exactly(*number, digits)
            }
            (Value::List(one), Value::List(two)) | (Value::Tuple(one), Value::Tuple(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.equals(two))
            }
            (Value::Object(one), Value::Object(two)) => {
                one.len() == two.len()
                    && one.iter().all(|(key, value)| {
                        two.iter().any(|(other_key, other_value)| key.equals(other_key) && value.equals(other_value))
                    })
            }
            _ => false,
        }
    }
}

/// Whether a double has exactly the value of an integer.
fn is_exactly(number: f64, digits: &str) -> bool {
    if !number.is_finite() || number.fract() != 0.0 {
        return false;
    }
    // The sign of a zero is dropped.
    let written = format!("{number:.0}");
    written == digits || (number == 0.0 && digits == "0")
}

/// Counts what has been read, so that a hostile text is refused early.
struct Budget {
    values: usize,
    depth: usize,
    repeats: Repeats,
}

impl Budget {
    fn new(repeats: Repeats) -> Self {
        Self { values: 0, depth: 0, repeats }
    }

    fn value(&mut self) -> Option<()> {
        self.values += 1;
        (self.values <= MOST_VALUES).then_some(())
    }

    fn enter(&mut self) -> Option<()> {
        self.depth += 1;
        (self.depth <= DEEPEST).then_some(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Puts an entry into an object.
    fn insert(&self, entries: &mut Vec<(Value, Value)>, key: Value, value: Value) -> Option<()> {
        match entries.iter().position(|(known, _)| known.equals(&key)) {
            Some(_) if self.repeats == Repeats::Refused => return None,
            Some(known) => entries[known].1 = value,
            None if entries.len() >= MOST_KEYS => return None,
            None => entries.push((key, value)),
        }
        Some(())
    }
}

/// The digits of an integer without leading zeros.
fn integer(digits: &str, negative: bool) -> Option<Value> {
    if digits.len() > MOST_DIGITS {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    Some(Value::Integer(match digits {
        "" => "0".to_owned(),
        _ if negative => format!("-{digits}"),
        _ => digits.to_owned(),
    }))
}

/// The character of a code point, half surrogates kept apart.
fn character(code: u32) -> Option<char> {
    char::from_u32(if (0xd800..0xe000).contains(&code) { SURROGATES + (code - 0xd800) } else { code })
}
