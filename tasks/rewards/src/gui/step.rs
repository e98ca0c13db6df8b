//! One action in a form that all dialects share: what is done, where, with which words.

use super::call::Call;
use super::names;
use crate::boxes::{NormBox, on_grid};
use crate::literal::{self, Value};

/// An action and the parameters that decide whether it is the right one.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) action: String,
    pub(super) place: Option<Place>,
    pub(super) end: Option<Place>,
    pub(super) text: Option<String>,
    pub(super) keys: Option<Vec<String>>,
    pub(super) direction: Option<String>,
    pub(super) amount: Option<f64>,
    /// Parameters that no dialect describes, by our names; not those that are null.
    pub(super) others: Vec<(String, Value)>,
}

/// Where an action takes place; one of the two is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) point: Option<(f64, f64)>,
    pub(super) area: Option<NormBox>,
}

/// The step of an object with the action as one of its fields. `None` where it names none, or a place off the grid.
pub(super) fn of_object(object: &Value) -> Option<Step> {
    let Value::Object(fields) = object else { return None };
    let named =
        |name: &str| fields.iter().find(|(key, _)| key.as_text() == Some(name)).and_then(|(_, value)| value.as_text());
    let mut step = Step::named(named("action_type").or_else(|| named("action"))?);
    for (key, value) in fields {
        step.take(key.as_text()?, value)?;
    }
    step.complete()
}

/// The step of a call.
pub(super) fn of_call(call: &Call<'_>) -> Option<Step> {
    let mut step = Step::named(call.name);
    for (name, value) in &call.parameters {
        step.take(name, value)?;
    }
    step.complete()
}

impl Step {
    fn named(name: &str) -> Self {
        let (action, direction) = names::action(name);
        let direction = direction.map(str::to_owned);
        Self { action, place: None, end: None, text: None, keys: None, direction, amount: None, others: Vec::new() }
    }

    fn take(&mut self, name: &str, value: &Value) -> Option<()> {
        if matches!(value, Value::Null) {
            return Some(());
        }
        match names::parameter(name) {
            Some("action" | "element") => {}
            Some("place") => self.place = Some(join(self.place, place(value)?)?),
            // Where an action has a box beside its point, the box is the element.
            Some("area") => self.place = Some(join(self.place, place(value)?)?),
            Some("end") => self.end = Some(place(value)?),
            Some("text") => self.text = Some(words(value)?),
            Some("keys") => self.keys = Some(keys(value)?),
            Some("direction") => self.direction = Some(value.as_text()?.trim().to_lowercase()),
            Some("amount") => self.amount = Some(amount(value)?),
            known => self.others.push((known.unwrap_or(name).to_owned(), value.clone())),
        }
        Some(())
    }

    /// Puts a key that is an action of its own in its place.
    fn complete(mut self) -> Option<Self> {
        if self.action == "keyboard_enter" {
            self.action = "key".to_owned();
            self.keys = Some(names::keys("enter"));
        }
        Some(self)
    }
}

fn join(known: Option<Place>, more: Place) -> Option<Place> {
    let Some(known) = known else { return Some(more) };
    // Two points or two boxes name two places.
    let twice = (known.point.is_some() && more.point.is_some()) || (known.area.is_some() && more.area.is_some());
    (!twice).then(|| Place { point: known.point.or(more.point), area: known.area.or(more.area) })
}

/// A point, a box, a list of one box, or a text that says one of these.
fn place(value: &Value) -> Option<Place> {
    if let Value::Text(text) = value {
        return match literal::read(text)? {
            Value::Text(_) => None,
            value => place(&value),
        };
    }
    let (Value::List(items) | Value::Tuple(items)) = value else { return None };
    match &items[..] {
        [inner @ (Value::List(_) | Value::Tuple(_))] => place(inner),
        [x, y] => {
            let point = (x.as_number()?, y.as_number()?);
            on_grid(point).then_some(Place { point: Some(point), area: None })
        }
        [_, _, _, _] => {
            let mut corners = [0; 4];
            for (corner, item) in corners.iter_mut().zip(items) {
                let Value::Integer(digits) = item else { return None };
                *corner = digits.parse().ok()?;
            }
            Some(Place { point: None, area: Some(NormBox::new(corners)?) })
        }
        _ => None,
    }
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Integer(text) => Some(text.clone()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

fn keys(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::List(items) | Value::Tuple(items) => {
            Some(names::keys(&items.iter().map(Value::as_text).collect::<Option<Vec<_>>>()?.join("+")))
        }
        value => Some(names::keys(&words(value)?)),
    }
}

fn amount(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Text(text) => text.trim().parse().ok()?,
        value => value.as_number()?,
    };
    number.is_finite().then_some(number)
}
