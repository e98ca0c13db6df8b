//! When two episodes are the same, or nearly.
//!
//! They are the same if task, seed and actions are. They are nearly the same if, for the same goal, the same was done on the
//! same screens: a screen is what its elements say, or its pixels where it has none, and an action is aimed at an element,
//! or at a cell of a grid of 50 by 50 where there is none. So two clicks on one button are one, and so is the same page
//! under another seed.

use glim_env::{Action, Observation, Target};
use ring::digest::{Context, SHA256};
use serde_json::{Value, json};

use super::read::TurnLine;

/// Cells of the grid on each side.
const GRID: f64 = 50.0;

/// The hash of what makes an episode the same, and that of what makes it nearly the same.
pub(super) fn hashes(task: &str, seed: u64, goal: &str, turns: &[&TurnLine]) -> (String, String) {
    let (mut exact, mut near) = (Hash::new("exact"), Hash::new("near"));
    exact.add(&json!([task, seed]));
    near.add(&json!(goal.split_whitespace().collect::<Vec<_>>().join(" ")));
    for turn in turns {
        let Some(action) = &turn.action else { continue };
        exact.add(&json!(action));
        near.add(&screen(turn));
        near.add(&aimed(action, &turn.observation));
    }
    (exact.end(), near.end())
}

/// What a screen shows.
fn screen(turn: &TurnLine) -> Value {
    let elements = &turn.observation.elements;
    if elements.is_empty() {
        return json!(turn.picture());
    }
    let told = elements.iter().map(|of| json!([of.role, of.name, of.text, of.value, of.states]));
    told.collect()
}

/// An action with its targets as what they hit.
fn aimed(action: &Action, observation: &Observation) -> Value {
    let mut told = json!(action);
    let hit = |target: &Target| match target {
        Target::Mark(mark) => json!(observation.elements.iter().position(|of| of.mark == *mark)),
        Target::Point(point) => {
            let under = observation.elements.iter().enumerate().filter(|(_, of)| of.rect.contains(*point));
            let smallest = under.min_by(|(_, a), (_, b)| a.rect.area().total_cmp(&b.rect.area()));
            let cell = |at: f64, side: u32| (at / f64::from(side.max(1)) * GRID).floor();
            let cells =
                || json!([cell(point.x, observation.viewport.width), cell(point.y, observation.viewport.height)]);
            smallest.map_or_else(cells, |(at, _)| json!(at))
        }
    };
    let hits: Vec<Value> = action.targets().iter().map(hit).collect();
    if let Some(fields) = told.as_object_mut() {
        fields.retain(|name, _| !["target", "from", "to"].contains(&name.as_str()));
        fields.insert("hits".to_owned(), hits.into());
    }
    told
}

/// A hash of values one after the other.
struct Hash(Context);

impl Hash {
    fn new(kind: &str) -> Hash {
        let mut hash = Hash(Context::new(&SHA256));
        hash.add(&json!(kind));
        hash
    }

    fn add(&mut self, value: &Value) {
        self.0.update(value.to_string().as_bytes());
        // No JSON text has a line break, so values do not run into each other.
        self.0.update(b"\n");
    }

    fn end(self) -> String {
        self.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
