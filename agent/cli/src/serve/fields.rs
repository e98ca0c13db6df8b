//! Fields of a JSON object, taken out one by one, so that what is left at the end is what nobody knows.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The fields that were not taken yet. A field that is `null` is as good as absent.
pub(crate) struct Fields {
    map: Map<String, Value>,
    /// Where the object stands in the request: `messages[2].`, or nothing at the top.
    place: String,
}

impl Fields {
    /// The fields of an object at `place`.
    ///
    /// # Errors
    /// If the value is no object.
    pub fn of(value: Value, place: &str) -> Result<Fields, Refusal> {
        match value {
            Value::Object(map) => Ok(Fields { map, place: format!("{place}.") }),
            other => Err(wrong(place, "an object", &other)),
        }
    }

    /// The fields of the request itself.
    ///
    /// # Errors
    /// If it is no object.
    pub fn of_request(value: Value) -> Result<Fields, Refusal> {
        let Fields { map, .. } = Fields::of(value, "the request")?;
        Ok(Fields { map, place: String::new() })
    }

    /// The full name of a field, as errors give it.
    pub fn name(&self, field: &str) -> String {
        format!("{}{field}", self.place)
    }

    /// Any value.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.map.shift_remove(field).filter(|value| !value.is_null())
    }

    pub fn text(&mut self, field: &str) -> Result<Option<String>, Refusal> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(&self.name(field), "a string", &other)),
        }
    }

    pub fn flag(&mut self, field: &str) -> Result<Option<bool>, Refusal> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(wrong(&self.name(field), "true or false", &other)),
        }
    }

    pub fn list(&mut self, field: &str) -> Result<Option<Vec<Value>>, Refusal> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(other) => Err(wrong(&self.name(field), "a list", &other)),
        }
    }

    pub fn object(&mut self, field: &str) -> Result<Option<Map<String, Value>>, Refusal> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(other) => Err(wrong(&self.name(field), "an object", &other)),
        }
    }

    /// A number in `least..=most`.
    pub fn number(&mut self, field: &str, least: f64, most: f64) -> Result<Option<f64>, Refusal> {
        let Some(value) = self.take(field) else { return Ok(None) };
        let number = value.as_f64().ok_or_else(|| wrong(&self.name(field), "a number", &value))?;
        if (least..=most).contains(&number) {
            return Ok(Some(number));
        }
        Err(self.out_of_range(field, number, &least, &most))
    }

    /// A whole number in `least..=most`.
    pub fn count(&mut self, field: &str, least: usize, most: usize) -> Result<Option<usize>, Refusal> {
        let Some(value) = self.take(field) else { return Ok(None) };
        // Some clients write whole numbers with a point.
        let whole = value.as_i64().or_else(|| value.as_f64().filter(|it| it.fract() == 0.0).map(|it| it as i64));
        let whole = whole.ok_or_else(|| wrong(&self.name(field), "a whole number", &value))?;
        match usize::try_from(whole) {
            Ok(count) if (least..=most).contains(&count) => Ok(Some(count)),
            _ if most == usize::MAX => {
                let message = format!("`{}` is {whole}, and must be at least {least}", self.name(field));
                Err(Refusal::invalid(message).param(self.name(field)).code("out_of_range"))
            }
            _ => Err(self.out_of_range(field, whole, &least, &most)),
        }
    }

    /// The first field that was not taken and is not `null`.
    pub fn left(self) -> Option<String> {
        let left = self.map.iter().find(|(_, value)| !value.is_null()).map(|(name, _)| name);
        left.map(|name| self.name(name))
    }

    fn out_of_range<T: Display>(&self, field: &str, given: impl Display, least: &T, most: &T) -> Refusal {
        let name = self.name(field);
        let message = format!("`{name}` is {given}, and must be from {least} to {most}");
        Refusal::invalid(message).param(name).code("out_of_range")
    }
}

/// A value of the wrong kind.
pub(crate) fn wrong(name: &str, wanted: &str, given: &Value) -> Refusal {
    let given = match given {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Refusal::invalid(format!("`{name}` must be {wanted}, not {given}")).param(name).code("invalid_type")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        Fields::of(value, "it").expect("it is an object")
    }

    #[test]
    fn numbers_are_held_to_their_range() {
        let mut given = fields(json!({"n": 3.0, "t": 2.5, "p": 1, "big": -1, "half": 0.5}));
        assert_eq!(given.count("n", 1, 8), Ok(Some(3)));
        assert_eq!(given.number("p", 0.0, 1.0), Ok(Some(1.0)));
        for (error, says) in [
            (given.number("t", 0.0, 2.0).unwrap_err(), "`it.t` is 2.5, and must be from 0 to 2"),
            (given.count("big", 1, usize::MAX).unwrap_err(), "`it.big` is -1, and must be at least 1"),
            (given.count("half", 0, 9).unwrap_err(), "`it.half` must be a whole number, not a number"),
        ] {
            assert_eq!(error.body()["error"]["message"], says);
        }
    }

    #[test]
    fn null_is_absent_and_the_rest_is_told() {
        let mut given = fields(json!({"a": null, "b": "x", "c": null, "d": 1}));
        assert_eq!((given.text("a"), given.text("b")), (Ok(None), Ok(Some("x".to_owned()))));
        assert_eq!(given.left().as_deref(), Some("it.d"));
    }
}
