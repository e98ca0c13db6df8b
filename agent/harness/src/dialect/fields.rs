//! A command: a name with named arguments, whatever syntax it was written in.
//!
//! `left_click(start_box='[500,300]')`, `{"action_type": "click", "box_2d": [[…]]}`,
//! `<tool_call>click<arg_key>box_2d</arg_key><arg_value>[[…]]</arg_value></tool_call>`, OpenAI's
//! `{"type": "click", "x": 512, "y": 300}` and Anthropic's `{"action": "left_click", "coordinate": [512, 300]}` all
//! become one of these; `vocabulary` says what the names mean.

use glim_env::{Norm, Observation, Point, Rect, Target};
use serde_json::{Map, Value};

use super::{Unreadable, literal};

/// A name and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    /// In lower case.
    pub(super) name: String,
    args: Map<String, Value>,
}

impl Command {
    /// A command; the name in any case.
    pub(super) fn new(name: &str, args: Map<String, Value>) -> Command {
        Command { name: name.trim().to_lowercase(), args }
    }

    /// The command that a JSON object is, if it is one.
    pub(super) fn from_object(mut object: Map<String, Value>) -> Option<Command> {
        // Wrappers around the arguments, at most a few deep: tool calls, `computer_call`, lists of calls.
        for _ in 0..4 {
            for list in ["tool_calls", "actions"] {
                if let Some(Value::Object(first)) = object.get(list).and_then(|list| list.get(0)) {
                    object = first.clone();
                }
            }
            if let Some(Value::Object(inner)) = object.get("function").or(object.get("action")) {
                object = inner.clone();
                continue;
            }
            let arguments = ["arguments", "input", "parameters"].iter().find_map(|key| object.get(*key));
            let (Some(arguments), Some(name)) = (arguments, object.get("name").and_then(Value::as_str)) else { break };
            let inner = match arguments {
                Value::Object(inner) => inner.clone(),
                // OpenAI writes the arguments of a tool as a text.
                Value::String(text) => match literal::read(text) {
                    Some((Value::Object(inner), _)) => inner,
                    _ => Map::new(),
                },
                _ => Map::new(),
            };
            // A tool such as `computer` that has the action among its arguments, or one tool for each action.
            if name_of(&inner).is_none() {
                return Some(Command::new(name, inner));
            }
            object = inner;
        }
        let (key, name) = name_of(&object)?;
        object.remove(key);
        Some(Command::new(&name, object))
    }

    /// A text argument, under the first of `keys` that is there. Numbers are taken as they are written.
    pub(super) fn text(&self, keys: &[&str]) -> Option<String> {
        match self.value(keys)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(on) => Some(on.to_string()),
            _ => None,
        }
    }

    /// A text argument that must be there.
    pub(super) fn needs_text(&self, keys: &[&str]) -> Result<String, Unreadable> {
        self.text(keys).ok_or_else(|| {
            let named: Vec<String> =
                keys.iter().filter(|key| **key != "0").take(2).map(|key| format!("`{key}`")).collect();
            Unreadable::new(format!("`{}` needs {}", self.name, named.join(" or ")))
        })
    }

    /// Whether an argument is true; false if absent.
    pub(super) fn flag(&self, keys: &[&str]) -> bool {
        match self.value(keys) {
            Some(Value::Bool(on)) => *on,
            Some(Value::String(text)) => matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes"),
            Some(Value::Number(number)) => number.as_f64() == Some(1.0),
            _ => false,
        }
    }

    /// A finite number, also if written as a text.
    pub(super) fn number(&self, keys: &[&str]) -> Result<Option<f64>, Unreadable> {
        match self.value(keys) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => number(value).map(Some).ok_or_else(|| {
                Unreadable::new(format!(
                    "`{}` of `{}` must be a number, not `{:.40}`",
                    keys[0],
                    self.name,
                    value.to_string()
                ))
            }),
        }
    }

    /// The texts of a list, or the one text.
    pub(super) fn texts(&self, keys: &[&str]) -> Option<Vec<&str>> {
        match self.value(keys)? {
            Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect()),
            Value::String(text) => Some(vec![text]),
            _ => None,
        }
    }

    /// An argument as it is.
    pub(super) fn value(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().find_map(|key| self.args.get(*key))
    }

    /// The place the command is aimed at, if it names one.
    pub(super) fn target(&self, observation: &Observation) -> Result<Option<Target>, Unreadable> {
        if let Some(mark) = self.number(&["mark", "index", "ref"])?
            && !self.name.contains("tab")
        {
            return mark_of(mark).map(Some);
        }
        let place = self.value(&["box_2d", "start_box", "point", "start_point", "box", "bbox_2d"]);
        if let Some(place) = place {
            return norm_target(place, observation).map(Some);
        }
        if let Some(place) = self.value(&["coordinate", "start_coordinate", "position"]) {
            return match pair(place) {
                Some((x, y)) => pixel_target(x, y, observation).map(Some),
                None => Err(self.no_place("coordinate", "[x, y] in pixels of the screenshot")),
            };
        }
        match (self.number(&["x"])?, self.number(&["y"])?) {
            (Some(x), Some(y)) => pixel_target(x, y, observation).map(Some),
            (None, None) => Ok(None),
            _ => Err(self.no_place("x, y", "both numbers")),
        }
    }

    /// The place it is aimed at, which must be there.
    pub(super) fn needs_target(&self, observation: &Observation) -> Result<Target, Unreadable> {
        if let Some(target) = self.target(observation)? {
            return Ok(target);
        }
        // `left_click('[400,300]')`
        if let Some(place) = self.value(&["0"]).filter(|place| numbers(place).is_some()) {
            return norm_target(place, observation);
        }
        Err(Unreadable::new(format!("`{}` does not say where: it needs a place on the screen", self.name)))
    }

    /// Start and end of a drag.
    pub(super) fn span(&self, observation: &Observation) -> Result<(Target, Target), Unreadable> {
        let ends = self.span_if_any(observation)?;
        ends.ok_or_else(|| {
            Unreadable::new(format!("`{}` needs two places: where it starts and where it ends", self.name))
        })
    }

    fn span_if_any(&self, observation: &Observation) -> Result<Option<(Target, Target)>, Unreadable> {
        if let Some(Value::Array(path)) = self.value(&["path"]) {
            let (Some(first), Some(last)) = (path.first().and_then(pair), path.last().and_then(pair)) else {
                return Ok(None);
            };
            let from = pixel_target(first.0, first.1, observation)?;
            return Ok(Some((from, pixel_target(last.0, last.1, observation)?)));
        }
        if let (Some(from), Some(to)) =
            (self.value(&["start_coordinate"]), self.value(&["coordinate", "end_coordinate"]))
        {
            let (Some(from), Some(to)) = (pair(from), pair(to)) else { return Ok(None) };
            let from = pixel_target(from.0, from.1, observation)?;
            return Ok(Some((from, pixel_target(to.0, to.1, observation)?)));
        }
        if let Some(Value::Array(boxes)) = self.value(&["box_2d"])
            && let [from, to, ..] = boxes.as_slice()
            && from.is_array()
        {
            return Ok(Some((norm_target(from, observation)?, norm_target(to, observation)?)));
        }
        let (Some(from), Some(to)) = (self.value(&["start_box", "start_point"]), self.value(&["end_box", "end_point"]))
        else {
            return Ok(None);
        };
        Ok(Some((norm_target(from, observation)?, norm_target(to, observation)?)))
    }

    fn no_place(&self, key: &str, form: &str) -> Unreadable {
        Unreadable::new(format!("`{key}` of `{}` must be {form}", self.name))
    }
}

/// The key under which an object names its command, and the name.
fn name_of(object: &Map<String, Value>) -> Option<(&'static str, String)> {
    ["action_type", "action", "type", "name"].into_iter().find_map(|key| match object.get(key) {
        // `{"action": "type", "type": …}` and `{"type": "text", …}` blocks around words are not commands.
        Some(Value::String(name)) if name.len() <= 40 && name != "text" => Some((key, name.clone())),
        _ => None,
    })
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64().filter(|number| number.is_finite()),
        Value::String(text) => text.trim().parse::<f64>().ok().filter(|number| number.is_finite()),
        _ => None,
    }
}

/// Two numbers: `[x, y]`, `"[x, y]"`, `"x,y"`, `{"x": x, "y": y}`.
fn pair(value: &Value) -> Option<(f64, f64)> {
    match value {
        Value::Object(object) => Some((number(object.get("x")?)?, number(object.get("y")?)?)),
        _ => match numbers(value)?.as_slice() {
            [x, y] => Some((*x, *y)),
            _ => None,
        },
    }
}

/// A flat list of at most four numbers, however it is nested or quoted.
fn numbers(value: &Value) -> Option<Vec<f64>> {
    match value {
        Value::Array(items) => match items.as_slice() {
            // `[[x1, y1, x2, y2], …]`: the first box counts.
            [first, ..] if first.is_array() => numbers(first),
            items if items.len() <= 4 => items.iter().map(number).collect(),
            _ => None,
        },
        Value::String(text) => {
            let inner = text.trim().trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '.'));
            let parts = inner
                .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']' | '(' | ')'))
                .filter(|part| !part.is_empty())
                .take(5);
            let numbers: Option<Vec<f64>> =
                parts.map(|part| part.parse::<f64>().ok().filter(|number| number.is_finite())).collect();
            numbers.filter(|numbers| numbers.len() <= 4)
        }
        _ => None,
    }
}

/// A mark as a target.
pub(super) fn mark_of(number: f64) -> Result<Target, Unreadable> {
    if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
        Ok(Target::Mark(number as u32))
    } else {
        Err(Unreadable::new(format!("{number} is not the number of a mark")))
    }
}

/// The middle of a point or box in 0..=999.
fn norm_target(place: &Value, observation: &Observation) -> Result<Target, Unreadable> {
    let said = numbers(place).unwrap_or_default();
    let middle = match said.as_slice() {
        [x, y] => Point::<Norm>::new(*x, *y),
        [x1, y1, x2, y2] => Rect::between(Point::new(*x1, *y1), Point::new(*x2, *y2)).center(),
        _ => {
            let shown = place.to_string();
            let reason = format!("`{shown:.60}` is no place: write [x,y] or [[x1,y1,x2,y2]] with integers 0..=999");
            return Err(Unreadable::new(reason));
        }
    };
    norm_point(middle, observation)
}

/// A point in 0..=999. 1000 is taken as 999, since some models count to it.
pub(super) fn norm_point(point: Point<Norm>, observation: &Observation) -> Result<Target, Unreadable> {
    if [point.x, point.y].iter().all(|at| (0.0..=1000.0).contains(at)) {
        Ok(Target::Point(observation.viewport.from_norm(point)))
    } else {
        Err(Unreadable::new(format!("[{},{}] is off the screen: coordinates are 0..=999", point.x, point.y)))
    }
}

/// A point in pixels of the screenshot.
fn pixel_target(x: f64, y: f64, observation: &Observation) -> Result<Target, Unreadable> {
    let viewport = observation.viewport;
    let point = Point::new(x / viewport.scale, y / viewport.scale);
    if viewport.rect().contains(point) {
        Ok(Target::Point(point))
    } else {
        let (width, height) = (f64::from(viewport.width) * viewport.scale, f64::from(viewport.height) * viewport.scale);
        Err(Unreadable::new(format!("({x}, {y}) is off the screenshot, which has {width} x {height} pixels")))
    }
}
