//! One action in a form that all dialects share: what is done, where, with which words.

use super::call::Call;
use super::names;
use crate::boxes::{NormBox, on_grid};
use crate::literal::{self, Repeats, Value};

/// An action and the parameters that decide whether it is the right one.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) action: String,
    pub(super) place: Option<Place>,
    pub(super) end: Option<Place>,
    pub(super) text: Option<String>,
    pub(super) keys: Option<Vec<String>>,
    pub(super) direction: Option<String>,
    pub(super) amount: Option<Amount>,
    /// Parameters that no dialect describes, by our names; not those that are null.
    pub(super) others: Vec<(String, Value)>,
}

/// Where an action takes place; one of the two is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) point: Option<(f64, f64)>,
    pub(super) area: Option<NormBox>,
}

/// How far a scroll goes; above zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// Turns of a wheel.
    Steps(f64),
    /// Pixels.
    Distance(f64),
}

/// The step of an object with the action as one of its fields. `None` where it names none, a place off the grid, or says
/// a thing twice.
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

/// The step of a call; `None` as in [`of_object`].
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
            Some("element") => {}
            Some("action") => {
                let (action, direction) = names::action(value.as_text()?);
                let agrees = direction.is_none_or(|direction| self.direction.as_deref() == Some(direction));
                (action == self.action && agrees).then_some(())?;
            }
            Some("place") => self.place = Some(join(self.place, place(value)?)?),
            // Where an action has a box beside its point, the box is the element.
            Some("area") => self.place = Some(join(self.place, place(value)?)?),
            Some("end") => put(&mut self.end, place(value)?)?,
            Some("text") => put(&mut self.text, words(value)?)?,
            Some("keys") => put(&mut self.keys, keys(value)?)?,
            Some("direction") => {
                let direction = value.as_text()?.trim().to_lowercase();
                let known = self.direction.get_or_insert_with(|| direction.clone());
                // The action's name may have said it: `SCROLL_UP`.
                (*known == direction).then_some(())?;
            }
            Some("steps") => put(&mut self.amount, Amount::Steps(amount(value)?))?,
            Some("distance") => put(&mut self.amount, Amount::Distance(amount(value)?))?,
            known => {
                let name = known.unwrap_or(name);
                self.others.iter().all(|(other, _)| other != name).then_some(())?;
                self.others.push((name.to_owned(), value.clone()));
            }
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

/// Takes what was not said before.
fn put<T>(known: &mut Option<T>, value: T) -> Option<()> {
    known.is_none().then(|| *known = Some(value))
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
        return match literal::read(text, Repeats::Refused)? {
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
            let mut corners = [0.0; 4];
            for (corner, item) in corners.iter_mut().zip(items) {
                *corner = item.as_number()?;
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
    (number.is_finite() && number > 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::gui::call;

    #[rstest]
    #[case::back("scroll(point=(5,5), direction='down', step=-5)")]
    #[case::no_step("scroll(point=(5,5), direction='down', step=0)")]
    #[case::negative_distance("SCROLL_UP(point=(5,5), distance=-300)")]
    #[case::no_distance("SCROLL_UP(point=(5,5), distance='0')")]
    #[case::two_amounts("SCROLL_UP(point=(5,5), distance=300, step=5)")]
    #[case::two_directions("SCROLL_UP(point=(5,5), direction='down')")]
    #[case::another_action("CLICK(point=(5,5), action='hover')")]
    #[case::two_texts("TYPE(point=(5,5), text='a', content='b')")]
    #[case::twice_the_same("TYPE(point=(5,5), text='a', text='a')")]
    #[case::two_points("CLICK(point=(5,5), start_box='[6, 6]')")]
    #[case::two_ends("left_drag(start_box='[5, 5]', end_box='[6, 6]', end='[7, 7]')")]
    #[case::two_keys("key(keys='a', key='b')")]
    #[case::two_apps("open_app(app='a', app_name='b')")]
    #[case::unknown_twice("pinch(by=1, by=2)")]
    #[case::off_the_grid("click(box=[[0.0, 0.0, 999.5, 10.0]])")]
    fn steps_that_contradict_themselves_are_refused(#[case] call: &str) {
        assert!(of_call(&call::parse(call).unwrap()).is_none());
    }

    #[test]
    fn what_is_null_is_not_said() {
        let step = of_call(&call::parse("TYPE(text='a', content=None)").unwrap()).unwrap();
        assert_eq!(step.text.as_deref(), Some("a"));
    }
}
