//! Scripted solutions: a list of steps that a person would take, followed by looking at the screen.
//!
//! A plan knows what it wants to press and not where it is; [`next`] finds it by role and name among the visible
//! elements, scrolls if it is not on the screen, and gives up (`None`) if it is nowhere on the page. How far a plan has
//! come is read from the turns, so that nothing is remembered between calls.

use glim_env::{Action, Element, Observation, Outcome, Target};
use glim_tasks::Situation;

/// One step of a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Click the element with this role and accessible name.
    Click(&'static str, String),
    /// Replace what the field with this name holds.
    Fill(String, String),
    /// The same, and press Enter.
    Submit(String, String),
    /// Choose an option of the list box with this name, by the option's label.
    Choose(String, String),
    /// Press a chord.
    Press(&'static str),
    /// Have this text on the screen, which proves that the page shows it. Takes no turn of its own.
    See(String),
    /// Answer.
    Answer(String),
    /// Say that it is done.
    Done,
}

/// Click the element with this role and accessible name.
pub fn click(role: &'static str, name: impl Into<String>) -> Step {
    Step::Click(role, name.into())
}

/// Click a link.
pub fn link(name: impl Into<String>) -> Step {
    click("link", name)
}

/// Click a button.
pub fn button(name: impl Into<String>) -> Step {
    click("button", name)
}

/// Replace what the field with this name holds.
pub fn fill(name: impl Into<String>, text: impl ToString) -> Step {
    Step::Fill(name.into(), text.to_string())
}

/// Replace what the field with this name holds, and press Enter.
pub fn submit(name: impl Into<String>, text: impl ToString) -> Step {
    Step::Submit(name.into(), text.to_string())
}

/// Choose an option of a list box by its label.
pub fn choose(name: impl Into<String>, option: impl Into<String>) -> Step {
    Step::Choose(name.into(), option.into())
}

/// Have this text on the screen.
pub fn see(text: impl Into<String>) -> Step {
    Step::See(text.into())
}

/// Answer.
pub fn answer(text: impl ToString) -> Step {
    Step::Answer(text.to_string())
}

/// The next action of a plan, or `None` if it is stuck or at its end.
pub fn next(plan: &[Step], situation: &Situation<'_>) -> Option<Action> {
    let mut at = 0;
    let mut scrolls = Vec::new();
    for turn in situation.turns {
        at = past_seen(plan, at, &turn.observation);
        match (&turn.action, &turn.outcome) {
            (Some(Action::Scroll { dy, .. }), _) => scrolls.push(*dy),
            (_, Outcome::Rejected { .. }) => return None,
            _ => {
                at += 1;
                scrolls.clear();
            }
        }
    }
    let screen = situation.observation;
    at = past_seen(plan, at, screen);
    let aimed = match plan.get(at)? {
        Step::Click(role, name) => find(screen, |it| it.role == *role && is_named(it, name)).map(Action::click),
        Step::Fill(name, text) => field(screen, name).map(|target| typing(target, text, false)),
        Step::Submit(name, text) => field(screen, name).map(|target| typing(target, text, true)),
        Step::Choose(name, option) => find(screen, |it| !it.options.is_empty() && is_named(it, name))
            .map(|target| Action::Select { target, option: option.clone() }),
        Step::Press(chord) => Some(Action::Keys { chord: (*chord).to_owned() }),
        Step::See(_) => None,
        Step::Answer(text) => Some(Action::Answer { text: text.clone() }),
        Step::Done => Some(Action::Done),
    };
    aimed.or_else(|| scroll(screen, &scrolls))
}

/// Skips the steps that only want to see something, as far as `screen` shows it.
fn past_seen(plan: &[Step], mut at: usize, screen: &Observation) -> usize {
    while let Some(Step::See(text)) = plan.get(at) {
        if !shows(screen, text) {
            break;
        }
        at += 1;
    }
    at
}

/// Whether a text is written on the screen, in one element or across neighbours.
pub fn shows(screen: &Observation, text: &str) -> bool {
    let wanted = one_line(text);
    let has = |found: &str| one_line(found).contains(&wanted);
    screen.elements.iter().any(|it| has(&it.name) || has(&it.text) || it.value.as_deref().is_some_and(has))
}

fn field(screen: &Observation, name: &str) -> Option<Target> {
    find(screen, |it| it.editable && is_named(it, name))
}

fn find(screen: &Observation, wanted: impl Fn(&Element) -> bool) -> Option<Target> {
    screen.elements.iter().find(|it| !it.states.disabled && wanted(it)).map(|it| Target::Mark(it.mark))
}

fn is_named(element: &Element, name: &str) -> bool {
    one_line(&element.name) == one_line(name)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn typing(target: Target, text: &str, submit: bool) -> Action {
    Action::Type { target: Some(target), text: text.to_owned(), replace: true, submit }
}

/// Looks further down, then once from the top, then gives up. `done` are the scrolls since the last other action.
fn scroll(screen: &Observation, done: &[f64]) -> Option<Action> {
    let height = f64::from(screen.viewport.height);
    let at_end = screen.scroll.y + height >= screen.scroll.height - 1.0;
    let dy = match (at_end, done.iter().any(|dy| *dy < 0.0)) {
        (false, _) => height * 0.6,
        (true, false) if screen.scroll.y > 0.0 => -screen.scroll.height,
        _ => return None,
    };
    Some(Action::Scroll { target: None, dx: 0.0, dy })
}
