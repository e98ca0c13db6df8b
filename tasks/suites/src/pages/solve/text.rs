//! Editing text, names and keys.

use glim_env::{Action, Button};

use crate::pages::screen::{Next, Screen, Step, act, click_with, write_and_submit};

pub(in crate::pages) fn format_text(screen: &Screen<'_>) -> Step {
    let [line, style, commit] = screen.quotes()?;
    if screen.says(&format!("{style}: {line}")) {
        return screen.press(commit);
    }
    if screen.last_aim(|action| matches!(action, Action::Click { count: 3, .. })) == Some(line) {
        return screen.press(style);
    }
    act(click_with(screen.text(line)?, Button::Left, 3))
}

pub(in crate::pages) fn replace_word(screen: &Screen<'_>) -> Step {
    let [from, to, commit] = screen.quotes()?;
    if screen.says("Replaced 1") {
        return screen.press(commit);
    }
    screen.fill("Find", from)?;
    screen.fill("Replace with", to)?;
    screen.press("Replace")
}

pub(in crate::pages) fn rename_file(screen: &Screen<'_>) -> Step {
    let [file, name] = screen.quotes()?;
    match screen.field(&format!("New name for {file}")) {
        Some(field) => act(write_and_submit(field, name)),
        None => act(click_with(screen.find("button", file)?, Button::Left, 2)),
    }
}

pub(in crate::pages) fn keyboard_shortcuts(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    // The status reads `1 of 3, last: ...` once a command ran.
    let done = screen.all("status").find_map(|status| status.text.split_once(" of 3")?.0.parse().ok()).unwrap_or(0);
    let command = screen.find("cell", quoted.get::<usize>(done).ok_or(Next::Stuck)?)?;
    let keys = screen.row(command).find(|cell| cell.role == "cell").ok_or(Next::Stuck)?;
    act(Action::Keys { chord: keys.text.clone() })
}
