//! Boxes and points as models write them.

use crate::boxes::{NormBox, on_grid};
use crate::literal::{self, Repeats, Value};
use crate::text::{is_blank, trim};

/// More places than these are no answer: they list the picture.
const MOST_PLACES: usize = 128;

const BOX_FIELDS: [&str; 4] = ["box_2d", "bbox_2d", "bbox", "box"];
const POINT_FIELDS: [&str; 3] = ["point", "point_2d", "points"];

/// What says that the object is not there, in lower case.
const NOTHING: [&str; 21] = [
    "no",
    "none",
    "null",
    "nothing",
    "no object",
    "no objects",
    "no such object",
    "not found",
    "not present",
    "not visible",
    "no match",
    "absent",
    "does not exist",
    "n/a",
    "there is no such object",
    "the object is not present",
    "无",
    "没有",
    "不存在",
    "未找到",
    "没有该物体",
];

/// The places that an answer names.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Places {
    /// At least one.
    Boxes(Vec<NormBox>),
    /// At least one.
    Points(Vec<(f64, f64)>),
    /// The answer says that the object is not there.
    Nothing,
}

impl Places {
    /// `None` where the text is anything but places of one kind, all of them on the grid, or the word that there is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = unfenced(trim(text));
        let plain = text.trim_end_matches(['.', '!', '。']).to_lowercase();
        if NOTHING.contains(&&*plain) {
            return Some(Self::Nothing);
        }
        // A full stop behind a number belongs to it.
        let text = text.strip_suffix(['.', '。']).filter(|text| text.ends_with([']', ')', '}'])).unwrap_or(text);
        let mut found = Found::default();
        match literal::read(text, Repeats::Refused) {
            Some(Value::List(items) | Value::Tuple(items)) if items.is_empty() => return Some(Self::Nothing),
            Some(value) => found.add(&value)?,
            None => {
                let values = sequence(text)?;
                match values.first()? {
                    Value::Integer(_) | Value::Float(_) => found.add_numbers(&values)?,
                    _ => values.iter().try_for_each(|value| found.add(value))?,
                }
            }
        }
        match (found.boxes.len(), found.points.len()) {
            (1..=MOST_PLACES, 0) => Some(Self::Boxes(found.boxes)),
            (0, 1..=MOST_PLACES) => Some(Self::Points(found.points)),
            _ => None,
        }
    }
}

/// What stands between the lines of a fence, where a text is one: "```json\n[1, 2]\n```".
fn unfenced(text: &str) -> &str {
    let inner = text.strip_prefix("```").and_then(|text| text.strip_suffix("```"));
    inner.and_then(|inner| inner.split_once('\n')).map_or(text, |(_, content)| trim(content))
}

/// Values side by side, with blanks, commas or semicolons between them.
fn sequence(text: &str) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if values.len() == MOST_PLACES {
            return None;
        }
        let (value, length) = literal::read_prefix(rest)?;
        values.push(value);
        rest = rest[length..].trim_start_matches(|c| matches!(c, ',' | ';') || is_blank(c));
    }
    Some(values)
}

#[derive(Default)]
struct Found {
    boxes: Vec<NormBox>,
    points: Vec<(f64, f64)>,
}

impl Found {
    /// Takes the places of a value; `None` where it holds anything else.
    fn add(&mut self, value: &Value) -> Option<()> {
        match value {
            Value::List(items) | Value::Tuple(items) => match items.first()? {
                Value::Integer(_) | Value::Float(_) => self.add_numbers(items),
                _ => items.iter().try_for_each(|item| self.add(item)),
            },
            Value::Object(_) => self.add_object(value),
            _ => None,
        }
    }

    fn add_numbers(&mut self, numbers: &[Value]) -> Option<()> {
        let numbers: Vec<f64> = numbers.iter().map(Value::as_number).collect::<Option<_>>()?;
        match numbers[..] {
            [left, top, right, bottom] => self.boxes.push(NormBox::new([left, top, right, bottom])?),
            [x, y] => self.points.push(Some((x, y)).filter(|&point| on_grid(point))?),
            _ => return None,
        }
        Some(())
    }

    /// The one field that names places; labels beside it are not looked at.
    fn add_object(&mut self, object: &Value) -> Option<()> {
        let mut fields = BOX_FIELDS.iter().chain(&POINT_FIELDS).filter_map(|field| object.get(field));
        let place = fields.next()?;
        if fields.next().is_some() {
            return None;
        }
        self.add(place)
    }
}
