//! Mouse and keyboard, as a person would use them: pointer moves before it presses, keys go down and up.

use chromiumoxide::keys::{KeyDefinition, USKEYBOARD_LAYOUT};
use futures::future::try_join_all;
use glim_env::{Button, Css, EnvError, Point};
use serde_json::{Value, json};

use crate::cdp::CallError;
use crate::pace::Pace;
use crate::tab::Tab;

/// Longer texts are inserted as a whole, as a paste would be; key by key they would take seconds.
const MAX_TYPED: usize = 400;

/// Modifier keys with their bit in the protocol.
const MODIFIERS: [(&str, u32); 4] = [("Alt", 1), ("Control", 2), ("Meta", 4), ("Shift", 8)];

/// Sends all commands at once, lets the page have the frame that it takes the pointer's moves with, and awaits the
/// answers.
async fn send(tab: &Tab, pace: &mut Pace, commands: Vec<(&'static str, Value)>) -> Result<(), EnvError> {
    let answers = dispatch(tab, pace, commands);
    pace.unseen_frame(tab).await?;
    pace.while_drawing(tab, answers).await?
}

/// Sends all commands before the first answer is awaited.
fn dispatch<'a>(
    tab: &'a Tab,
    pace: &Pace,
    mut commands: Vec<(&'static str, Value)>,
) -> impl Future<Output = Result<(), EnvError>> + Send + use<'a> {
    for (_, params) in commands.iter_mut().filter(|(method, _)| *method == "Input.dispatchMouseEvent") {
        for at in ["x", "y"] {
            if let Some(number) = params[at].as_f64() {
                params[at] = (number * pace.magnified).into();
            }
        }
    }
    let answers: Vec<_> = commands.into_iter().map(|(method, params)| tab.session.call(method, params)).collect();
    async move { try_join_all(answers).await.map(drop).map_err(|error: CallError| tab.broke(error)) }
}

fn name(button: Button) -> &'static str {
    match button {
        Button::Left => "left",
        Button::Right => "right",
        Button::Middle => "middle",
    }
}

fn mouse(kind: &str, at: Point<Css>, extra: Value) -> (&'static str, Value) {
    let mut params = json!({"type": kind, "x": at.x, "y": at.y});
    if let (Some(params), Value::Object(extra)) = (params.as_object_mut(), extra) {
        params.extend(extra);
    }
    ("Input.dispatchMouseEvent", params)
}

fn buttons(button: Button) -> u32 {
    match button {
        Button::Left => 1,
        Button::Right => 2,
        Button::Middle => 4,
    }
}

pub(crate) async fn click(
    tab: &Tab,
    pace: &mut Pace,
    at: Point<Css>,
    button: Button,
    count: u8,
) -> Result<(), EnvError> {
    let mut commands = vec![mouse("mouseMoved", at, json!({}))];
    for nth in 1..=count {
        let down = json!({"button": name(button), "buttons": buttons(button), "clickCount": nth});
        let up = json!({"button": name(button), "buttons": 0, "clickCount": nth});
        commands.push(mouse("mousePressed", at, down));
        commands.push(mouse("mouseReleased", at, up));
    }
    send(tab, pace, commands).await
}

pub(crate) async fn hover(tab: &Tab, pace: &mut Pace, at: Point<Css>) -> Result<(), EnvError> {
    send(tab, pace, vec![mouse("mouseMoved", at, json!({}))]).await
}

/// Presses, moves in steps, releases. A native drag is carried on by the browser itself.
pub(crate) async fn drag(tab: &Tab, pace: &mut Pace, from: Point<Css>, to: Point<Css>) -> Result<(), EnvError> {
    const STEPS: u32 = 8;
    let held = json!({"button": "left", "buttons": 1, "clickCount": 1});
    send(tab, pace, vec![mouse("mouseMoved", from, json!({})), mouse("mousePressed", from, held)]).await?;
    for step in 1..=STEPS {
        let part = f64::from(step) / f64::from(STEPS);
        let at = Point::new(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part);
        send(tab, pace, vec![mouse("mouseMoved", at, json!({"button": "left", "buttons": 1}))]).await?;
    }
    let released = json!({"button": "left", "buttons": 0, "clickCount": 1});
    send(tab, pace, vec![mouse("mouseReleased", to, released)]).await
}

pub(crate) async fn wheel(tab: &Tab, pace: &mut Pace, at: Point<Css>, dx: f64, dy: f64) -> Result<(), EnvError> {
    let turn = mouse("mouseWheel", at, json!({"deltaX": dx, "deltaY": dy}));
    let answers = dispatch(tab, pace, vec![mouse("mouseMoved", at, json!({})), turn]);
    pace.frame(tab).await?;
    pace.while_drawing(tab, answers).await??;
    pace.require_paint(tab).await
}

/// Writes at the caret. Characters of the keyboard are typed, all others inserted as an input method would.
pub(crate) async fn write(tab: &Tab, pace: &mut Pace, text: &str) -> Result<(), EnvError> {
    let text = text.replace("\r\n", "\n");
    if text.chars().count() > MAX_TYPED {
        return send(tab, pace, vec![("Input.insertText", json!({"text": text}))]).await;
    }
    let mut commands = Vec::new();
    let mut inserted = String::new();
    for character in text.chars() {
        match key_for(character) {
            Some(key) => {
                if !inserted.is_empty() {
                    commands.push(("Input.insertText", json!({"text": std::mem::take(&mut inserted)})));
                }
                commands.extend(stroke(key, if needs_shift(character) { 8 } else { 0 }));
            }
            None => inserted.push(character),
        }
    }
    if !inserted.is_empty() {
        commands.push(("Input.insertText", json!({"text": inserted})));
    }
    send(tab, pace, commands).await
}

fn key_for(character: char) -> Option<&'static KeyDefinition> {
    let name = match character {
        '\n' => "Enter".to_owned(),
        '\t' => "Tab".to_owned(),
        _ => character.to_string(),
    };
    USKEYBOARD_LAYOUT.iter().find(|key| key.key == name)
}

fn needs_shift(character: char) -> bool {
    character.is_ascii_uppercase() || "~!@#$%^&*()_+{}|:\"<>?".contains(character)
}

fn text_of(key: &KeyDefinition) -> Option<&'static str> {
    match key.key {
        "Enter" => Some("\r"),
        key if key.chars().count() == 1 => Some(key),
        _ => key.text,
    }
}

fn key_event(kind: &str, key: &KeyDefinition, modifiers: u32, text: Option<&str>) -> (&'static str, Value) {
    let mut params = json!({
        "type": kind, "key": key.key, "code": key.code, "modifiers": modifiers,
        "windowsVirtualKeyCode": key.key_code, "nativeVirtualKeyCode": key.key_code,
    });
    if let Some(text) = text {
        params["text"] = text.into();
    }
    ("Input.dispatchKeyEvent", params)
}

fn stroke(key: &KeyDefinition, modifiers: u32) -> [(&'static str, Value); 2] {
    // With Control, Alt or Meta held a key writes nothing.
    let text = text_of(key).filter(|_| modifiers & 7 == 0);
    let down = if text.is_some() { "keyDown" } else { "rawKeyDown" };
    [key_event(down, key, modifiers, text), key_event("keyUp", key, modifiers, None)]
}

/// A chord that has been read: modifiers to hold, and the key.
#[derive(Debug)]
pub(crate) struct Chord {
    held: Vec<&'static KeyDefinition>,
    key: &'static KeyDefinition,
    modifiers: u32,
}

impl Chord {
    /// Reads `Control+Shift+a`. The reason for the agent if a key has no such name.
    pub fn read(chord: &str) -> Result<Chord, String> {
        let mut names: Vec<&str> = chord.split('+').map(str::trim).collect();
        if chord.trim() == "+" || chord.trim_end().ends_with("++") {
            // `Control++` ends with the plus key itself.
            names.truncate(names.len().saturating_sub(2));
            names.push("+");
        }
        let last = names.pop().unwrap_or_default();
        let (mut held, mut modifiers) = (Vec::new(), 0);
        for name in names {
            let name = canonical(name);
            let bit = MODIFIERS.iter().find(|(modifier, _)| *modifier == name).map(|(_, bit)| *bit);
            let key = USKEYBOARD_LAYOUT.iter().find(|key| key.key == name);
            let (Some(bit), Some(key)) = (bit, key) else {
                return Err(format!("`{name}` in the chord `{chord}` is not one of Control, Shift, Alt, Meta"));
            };
            modifiers |= bit;
            held.push(key);
        }
        let name = canonical(last);
        let key = USKEYBOARD_LAYOUT.iter().find(|key| key.key == name).ok_or_else(|| {
            format!("there is no key `{last}`; use names such as Enter, Escape, Tab, ArrowDown, a, F5")
        })?;
        Ok(Chord { held, key, modifiers })
    }
}

/// Common spellings of the names in `KeyboardEvent.key`.
fn canonical(name: &str) -> String {
    let known = match name.to_ascii_lowercase().as_str() {
        "ctrl" | "control" => "Control",
        "cmd" | "command" | "meta" | "super" | "win" => "Meta",
        "alt" | "option" => "Alt",
        "shift" => "Shift",
        "enter" | "return" => "Enter",
        "esc" | "escape" => "Escape",
        "tab" => "Tab",
        "space" => " ",
        "backspace" => "Backspace",
        "del" | "delete" => "Delete",
        "up" | "arrowup" => "ArrowUp",
        "down" | "arrowdown" => "ArrowDown",
        "left" | "arrowleft" => "ArrowLeft",
        "right" | "arrowright" => "ArrowRight",
        "pageup" | "page_up" | "pgup" => "PageUp",
        "pagedown" | "page_down" | "pgdn" => "PageDown",
        "home" => "Home",
        "end" => "End",
        "insert" => "Insert",
        _ => "",
    };
    if known.is_empty() { name.to_owned() } else { known.to_owned() }
}

pub(crate) async fn press(tab: &Tab, pace: &mut Pace, chord: &Chord) -> Result<(), EnvError> {
    let mut commands = Vec::new();
    let mut modifiers = 0;
    for key in &chord.held {
        modifiers |= MODIFIERS.iter().find(|(name, _)| *name == key.key).map_or(0, |(_, bit)| *bit);
        commands.push(key_event("rawKeyDown", key, modifiers, None));
    }
    commands.extend(stroke(chord.key, chord.modifiers));
    for key in chord.held.iter().rev() {
        modifiers &= !MODIFIERS.iter().find(|(name, _)| *name == key.key).map_or(0, |(_, bit)| *bit);
        commands.push(key_event("keyUp", key, modifiers, None));
    }
    send(tab, pace, commands).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_read_in_the_spellings_that_models_use() {
        for (chord, key, modifiers) in [
            ("Enter", "Enter", 0),
            ("ctrl+a", "a", 2),
            ("Control+Shift+ArrowLeft", "ArrowLeft", 10),
            ("cmd+PageDown", "PageDown", 4),
            ("Control++", "+", 2),
            ("+", "+", 0),
            ("space", " ", 0),
        ] {
            let read = Chord::read(chord).unwrap();
            assert_eq!((read.key.key, read.modifiers), (key, modifiers), "{chord}");
        }
        for chord in ["", "NoSuchKey", "a+b", "NoSuchKey+x", "Control+"] {
            assert!(Chord::read(chord).is_err(), "{chord}");
        }
    }

    #[test]
    fn every_printable_ascii_character_has_a_key() {
        for character in ' '..='~' {
            assert!(key_for(character).is_some(), "{character:?}");
        }
        assert!(key_for('é').is_none() && key_for('漢').is_none());
    }
}
