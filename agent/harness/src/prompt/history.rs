//! What was done so far, in words.

use glim_env::{Action, Element, Target, Turn};
use glim_tasks::Situation;

use super::{outcome, quoted};
use crate::Dialect;
use crate::dialect::Reply;

/// Longest thought that is told again, in characters.
const THOUGHT: usize = 400;

/// The last `most` steps, each with its thought, its action and what came of it.
pub(super) fn history(dialect: Dialect, situation: &Situation<'_>, most: usize) -> String {
    let turns = situation.turns;
    let mut text = String::from("# Steps so far\n");
    if turns.is_empty() {
        text.push_str("(none)\n");
    }
    let first = turns.len().saturating_sub(most);
    if first > 0 {
        text.push_str(&format!("(the first {first} are left out)\n"));
    }
    for (step, turn) in turns.iter().enumerate().skip(first) {
        let next = turns.get(step + 1).map_or(situation.observation, |turn| &turn.observation);
        let thought = quoted(&thought(dialect, turn), THOUGHT);
        let action = match &turn.action {
            Some(action) => format!("{}{}", dialect.print(action, &turn.observation), named(action, turn)),
            None => "(no action could be read)".to_owned(),
        };
        let gap = if thought.is_empty() { "" } else { " | " };
        text.push_str(&format!("{}. {thought}{gap}{action} | {}\n", step + 1, outcome(turn, next)));
    }
    text
}

/// What the agent said beside its action. Of a reply without labels, the lines that hold an action are left out.
fn thought(dialect: Dialect, turn: &Turn) -> String {
    let thought = Reply::split(&turn.completion.text).thought();
    let is_action = |line: &str| line.contains("```") || dialect.parse(line, &turn.observation).is_ok();
    let lines: Vec<&str> = thought.lines().filter(|line| !is_action(line)).collect();
    lines.join(" ")
}

/// The elements that an action named by marks, since numbers change from screen to screen.
fn named(action: &Action, turn: &Turn) -> String {
    let elements = action.targets().into_iter().filter_map(|target| match target {
        Target::Mark(mark) => turn.observation.element(mark),
        Target::Point(_) => None,
    });
    let names: Vec<String> = elements.map(short_name).collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

/// Role and name of an element.
fn short_name(element: &Element) -> String {
    let name = if element.name.is_empty() { &element.text } else { &element.name };
    format!("{} \"{}\"", quoted(&element.role, 20), quoted(name, 60))
}
