//! The screen in words: page, tabs, notices, and for the web dialect its elements.

use std::fmt::Write as _;

use glim_env::{Element, Notice, Observation};

use super::quoted;
use crate::{Dialect, marks};

/// Elements that are listed at most. More do not fit on a screen that a person could use.
const MOST: usize = 400;
/// Options of a list box that are listed at most.
const OPTIONS: usize = 40;

/// The screen as the dialect's models are told of it.
pub(super) fn screen(dialect: Dialect, observation: &Observation) -> String {
    let mut text = String::from("# Screen\n");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Page: \"{}\" at {}", quoted(&observation.title, 120), quoted(&observation.url, 300));
    if observation.tabs.len() > 1 {
        for (index, tab) in observation.tabs.iter().enumerate() {
            let active = if tab.active { " (active)" } else { "" };
            let _ = writeln!(text, "Tab {index}: \"{}\" at {}{active}", quoted(&tab.title, 60), quoted(&tab.url, 120));
        }
    }
    let scroll = observation.scroll;
    let bottom = scroll.y + f64::from(observation.viewport.height);
    if scroll.height > bottom + 1.0 || scroll.y > 0.0 {
        let (above, below) = (scroll.y.max(0.0).round(), (scroll.height - bottom).max(0.0).round());
        let _ = writeln!(text, "Scrolled: {above} pixels of the page are above, {below} below");
    }
    if !observation.settled {
        text.push_str("The screen was still changing when it was looked at.\n");
    }
    for notice in &observation.notices {
        let _ = writeln!(text, "Notice: {}", told(notice));
    }
    if dialect == Dialect::Web {
        text.push_str("\n# Elements\n");
        list(&mut text, observation);
    }
    text
}

fn list(text: &mut String, observation: &Observation) {
    let marked = marks::marked(observation);
    let mut next = marked.iter().peekable();
    let mut left_out = 0;
    let mut count = 0;
    for element in &observation.elements {
        let is_marked = next.next_if(|marked| marked.mark == element.mark).is_some();
        // Beside what can be operated, what says something: text that no operable element repeats, and disabled controls.
        let has_words = !element.name.is_empty() || !element.text.is_empty();
        let says = !is_marked && !element.clickable && has_words;
        if !is_marked && !says && !element.states.disabled {
            continue;
        }
        if count == MOST {
            left_out += 1;
            continue;
        }
        count += 1;
        let number = if is_marked { format!("[{}] ", element.mark) } else { "- ".to_owned() };
        let _ = writeln!(text, "{number}{}", described(element));
    }
    if count == 0 {
        text.push_str("(none)\n");
    }
    if left_out > 0 {
        let _ = writeln!(text, "({left_out} more are not listed)");
    }
}

/// Role, name, value, states and options of an element, on one line.
fn described(element: &Element) -> String {
    let name = if element.name.is_empty() { &element.text } else { &element.name };
    let mut line = format!("{} \"{}\"", quoted(&element.role, 20), quoted(name, 120));
    if let Some(value) = element.value.as_ref().filter(|value| *value != name && element.options.is_empty()) {
        let _ = write!(line, " = \"{}\"", quoted(value, 120));
    }
    let states = &element.states;
    let switch = |on: Option<bool>, yes: &'static str, no: &'static str| on.map(|on| if on { yes } else { no });
    let words = [
        switch(states.checked, "checked", "not checked"),
        switch(states.expanded, "expanded", "collapsed"),
        states.selected.filter(|selected| *selected).map(|_| "selected"),
        states.disabled.then_some("disabled"),
        states.focused.then_some("focused"),
        states.readonly.then_some("read-only"),
    ];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    if !words.is_empty() {
        let _ = write!(line, " ({})", words.join(", "));
    }
    if !element.options.is_empty() {
        let shown = element.options.iter().take(OPTIONS).map(|option| {
            let chosen = if option.selected { "*" } else { "" };
            format!("{chosen}{}", quoted(&option.label, 60))
        });
        let more = if element.options.len() > OPTIONS { " | …" } else { "" };
        let _ = write!(line, " options: {}{more}", shown.collect::<Vec<_>>().join(" | "));
    }
    line
}

/// A notice in words.
fn told(notice: &Notice) -> String {
    match notice {
        Notice::Dialog { dialog, message, accepted } => {
            let answer = if *accepted { "accepted" } else { "dismissed" };
            format!("the page showed a dialog ({}) that was {answer}: \"{}\"", quoted(dialog, 20), quoted(message, 300))
        }
        Notice::TabOpened { url } => format!("a tab was opened: {}", quoted(url, 200)),
        Notice::TabClosed { url } => format!("a tab was closed: {}", quoted(url, 200)),
        Notice::Blocked { url, reason } => format!("{} was not loaded: {}", quoted(url, 200), quoted(reason, 200)),
        Notice::Download { name, saved: true } => format!("a file was saved: {}", quoted(name, 100)),
        Notice::Download { name, saved: false } => format!("a download was refused: {}", quoted(name, 100)),
        Notice::Authentication { host } => format!("{} asked for a password and was refused", quoted(host, 100)),
        Notice::Certificate { url, error } => {
            format!("{} was not loaded, its certificate is bad: {}", quoted(url, 200), quoted(error, 100))
        }
        Notice::LoadFailed { url, error } => format!("{} did not load: {}", quoted(url, 200), quoted(error, 100)),
        Notice::Refused { what } => format!("the page asked for something and was refused: {}", quoted(what, 100)),
        other => {
            // Kinds that are newer than this text are told as they are recorded.
            let recorded = serde_json::to_string(other).unwrap_or_default();
            quoted(&recorded, 300)
        }
    }
}
