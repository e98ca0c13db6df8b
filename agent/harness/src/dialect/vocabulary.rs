//! What the names of commands mean, in every dialect that we read.
//!
//! Sources: the action spaces of the GLM-4.1V and GLM-4.5V agent prompts (mobile, desktop and the later web form), and
//! the computer-use tools of OpenAI and Anthropic. Where they disagree on a name, its arguments tell which is meant.
//! Coordinates are 0..=999 in the forms of GLM and pixels of the screenshot in those of OpenAI and Anthropic.

use glim_env::{Action, Button, Observation, Point, Target};

use super::fields::Command;
use super::{Unreadable, keys};

/// CSS pixels that one notch of the wheel scrolls.
pub(super) const NOTCH: f64 = 100.0;
/// Notches of a scroll that names none, as in the desktop action space.
const NOTCHES: f64 = 5.0;
/// Milliseconds that a wait takes that names none, as in the desktop and web action spaces.
pub(super) const WAIT_MS: u64 = 5000;
/// Longest wait that is taken, in milliseconds.
const LONGEST_WAIT_MS: f64 = 60_000.0;
/// Farthest scroll that is taken, in CSS pixels.
const FARTHEST: f64 = 100_000.0;

/// Whether a name is one of a command, so that `name(` in a text is a call.
pub(super) fn knows(name: &str) -> bool {
    name.len() <= 24 && NAMES.contains(&name.to_ascii_lowercase().as_str())
}

const NAMES: &[&str] = &[
    "answer",
    "back",
    "click",
    "close_tab",
    "done",
    "double_click",
    "drag",
    "fail",
    "finished",
    "forward",
    "go_back",
    "go_forward",
    "goback",
    "goto",
    "hotkey",
    "hover",
    "input_text",
    "key",
    "key_press",
    "keyboard_enter",
    "keypress",
    "left_click",
    "left_click_drag",
    "left_double",
    "left_double_click",
    "left_drag",
    "left_single",
    "long_press",
    "middle_click",
    "mouse_move",
    "move",
    "navigate",
    "navigate_back",
    "navigate_home",
    "new_tab",
    "open_app",
    "open_tab",
    "open_url",
    "press",
    "press_back",
    "press_enter",
    "press_home",
    "refresh",
    "reload",
    "right_click",
    "right_single",
    "screenshot",
    "scroll",
    "scroll_down",
    "scroll_up",
    "select",
    "select_option",
    "status",
    "swipe",
    "switch_tab",
    "tap",
    "terminate",
    "triple_click",
    "type",
    "type_text",
    "wait",
];

/// The action that a command stands for.
///
/// # Errors
/// If the name is unknown, an argument is missing or wrong, or the thing cannot be done in this world at all.
pub(super) fn action(command: &Command, observation: &Observation) -> Result<Action, Unreadable> {
    let click = |button, count| Ok(Action::Click { target: command.needs_target(observation)?, button, count });
    match command.name.as_str() {
        "click" | "left_click" | "left_single" | "tap" => pressed(command, observation),
        "right_click" | "right_single" => click(Button::Right, 1),
        "middle_click" => click(Button::Middle, 1),
        "left_double_click" | "left_double" | "double_click" | "double_tap" => click(Button::Left, 2),
        "triple_click" => click(Button::Left, 3),
        "hover" | "move" | "mouse_move" => Ok(Action::Hover { target: command.needs_target(observation)? }),
        "left_drag" | "drag" | "left_click_drag" => {
            let (from, to) = command.span(observation)?;
            Ok(Action::Drag { from, to })
        }
        "type" | "type_text" | "input_text" | "write" => typed(command, observation),
        "key" | "keys" | "keypress" | "key_press" | "hotkey" | "press" | "press_key" | "hold_key" => chord(command),
        "keyboard_enter" | "press_enter" => Ok(Action::Keys { chord: "Enter".to_owned() }),
        "scroll" | "swipe" | "scroll_down" | "scroll_up" => scrolled(command, observation),
        "select" | "select_option" => Ok(Action::Select {
            target: command.needs_target(observation)?,
            option: command.needs_text(&["option", "value", "text", "content"])?,
        }),
        "navigate" | "goto" | "open_url" | "go_to_url" => {
            Ok(Action::Navigate { url: command.needs_text(&["url", "0", "content", "text"])? })
        }
        "back" | "go_back" | "goback" | "navigate_back" | "press_back" => Ok(Action::Back),
        "forward" | "go_forward" | "navigate_forward" => Ok(Action::Forward),
        "reload" | "refresh" => Ok(Action::Reload),
        "open_tab" | "new_tab" => {
            Ok(Action::OpenTab { url: command.text(&["url", "0"]).filter(|url| !url.is_empty()) })
        }
        "switch_tab" => match tab(command)? {
            Some(index) => Ok(Action::SwitchTab { index }),
            None => Err(Unreadable::new("`switch_tab` needs `index`, the number of the tab".to_owned())),
        },
        "close_tab" => Ok(Action::CloseTab { index: tab(command)? }),
        "wait" | "sleep" => waited(command),
        // Every turn begins with a fresh screenshot.
        "screenshot" => Ok(Action::Wait { ms: 0 }),
        "answer" => Ok(Action::Answer { text: command.needs_text(&["text", "content", "answer", "value", "0"])? }),
        "done" | "finished" | "complete" | "finish" => Ok(match command.text(&["content", "text", "answer", "0"]) {
            Some(text) if !text.is_empty() => Action::Answer { text },
            _ => Action::Done,
        }),
        "fail" | "infeasible" | "give_up" => Ok(failed(command)),
        "status" | "terminate" => ended(command),
        "long_press" => cannot("there is no long press here; a right click opens context menus"),
        "navigate_home" | "press_home" => cannot("there is no home screen here"),
        "open_app" | "open" => cannot("there are no apps to open here"),
        "cursor_position" | "zoom" | "left_mouse_down" | "left_mouse_up" => {
            cannot("that is not possible here; use click, drag and hover")
        }
        name => Err(Unreadable::new(format!("`{name:.40}` is not an action"))),
    }
}

fn cannot(reason: &str) -> Result<Action, Unreadable> {
    Err(Unreadable::new(reason.to_owned()))
}

fn pressed(command: &Command, observation: &Observation) -> Result<Action, Unreadable> {
    let button = match command.text(&["button"]).as_deref() {
        None | Some("left" | "") => Button::Left,
        Some("right") => Button::Right,
        Some("middle" | "wheel") => Button::Middle,
        Some("back") => return Ok(Action::Back),
        Some("forward") => return Ok(Action::Forward),
        Some(other) => return Err(Unreadable::new(format!("`{other:.40}` is not a mouse button"))),
    };
    let count = command.number(&["count", "clicks", "num_clicks"])?.unwrap_or(1.0);
    if ![1.0, 2.0, 3.0].contains(&count) {
        return Err(Unreadable::new(format!("a click is done 1, 2 or 3 times, not {count}")));
    }
    Ok(Action::Click { target: command.needs_target(observation)?, button, count: count as u8 })
}

fn typed(command: &Command, observation: &Observation) -> Result<Action, Unreadable> {
    Ok(Action::Type {
        target: command.target(observation)?,
        text: command.needs_text(&["text", "content", "value", "0"])?,
        replace: command.flag(&["override", "replace", "clear"]),
        submit: command.flag(&["submit", "press_enter", "enter"]),
    })
}

fn chord(command: &Command) -> Result<Action, Unreadable> {
    let written = command.texts(&["keys", "key", "chord", "text", "content", "0"]).unwrap_or_default();
    let chord = match written.as_slice() {
        [one] => keys::chord(one),
        several => keys::chord_of(several.iter().copied()),
    };
    match chord {
        Some(chord) => Ok(Action::Keys { chord }),
        None => Err(Unreadable::new(format!("`{}` names no key", command.name))),
    }
}

fn tab(command: &Command) -> Result<Option<usize>, Unreadable> {
    match command.number(&["index", "tab", "0"])? {
        None => Ok(None),
        Some(index) if index.fract() == 0.0 && (0.0..=1e6).contains(&index) => Ok(Some(index as usize)),
        Some(index) => Err(Unreadable::new(format!("{index} is not the number of a tab"))),
    }
}

fn waited(command: &Command) -> Result<Action, Unreadable> {
    let seconds = command.number(&["seconds", "duration", "time"])?.map(|seconds| seconds * 1000.0);
    let ms = match command.number(&["ms"])?.or(seconds) {
        None => return Ok(Action::Wait { ms: WAIT_MS }),
        Some(ms) => ms,
    };
    wait_of(ms)
}

/// A wait of that many milliseconds.
pub(super) fn wait_of(ms: f64) -> Result<Action, Unreadable> {
    if (0.0..=LONGEST_WAIT_MS).contains(&ms) {
        Ok(Action::Wait { ms: ms.round() as u64 })
    } else {
        Err(Unreadable::new(format!("a wait of {ms} ms is not possible: 0 to {LONGEST_WAIT_MS} ms are")))
    }
}

fn failed(command: &Command) -> Action {
    Action::Fail { reason: command.text(&["reason", "content", "text", "0"]).unwrap_or_default() }
}

fn ended(command: &Command) -> Result<Action, Unreadable> {
    let status = command.needs_text(&["goal_status", "status", "0"])?;
    match status.to_ascii_lowercase().as_str() {
        "complete" | "completed" | "success" | "done" => Ok(Action::Done),
        "infeasible" | "impossible" | "fail" | "failure" | "failed" => Ok(failed(command)),
        other => Err(Unreadable::new(format!("`{other:.40}` is no goal_status: `complete` and `infeasible` are"))),
    }
}

fn scrolled(command: &Command, observation: &Observation) -> Result<Action, Unreadable> {
    let target = command.target(observation)?;
    let exact = (command.number(&["dx", "scroll_x"])?, command.number(&["dy", "scroll_y"])?);
    let (dx, dy) = if let (None, None) = exact {
        let way = match command.name.as_str() {
            "scroll_down" => "down".to_owned(),
            "scroll_up" => "up".to_owned(),
            _ => command.needs_text(&["direction", "scroll_direction", "0"])?.trim().to_ascii_lowercase(),
        };
        let notches = command.number(&["step", "steps", "scroll_amount", "amount"])?;
        let distance = match (command.number(&["distance"])?, notches) {
            (Some(distance), _) => distance,
            (None, Some(notches)) => notches * NOTCH,
            // A finger moves the screen by about its own size; a wheel is turned by notches.
            (None, None) if command.value(&["box_2d"]).is_some() || command.name == "swipe" => page(&way, observation),
            (None, None) => NOTCHES * NOTCH,
        };
        // A finger that goes up moves the content up, which shows what is below.
        let sign = if command.name == "swipe" { -1.0 } else { 1.0 };
        along(&way, sign * distance)?
    } else {
        (exact.0.unwrap_or(0.0), exact.1.unwrap_or(0.0))
    };
    scroll_of(target, dx, dy)
}

/// A scroll by so many CSS pixels.
pub(super) fn scroll_of(target: Option<Target>, dx: f64, dy: f64) -> Result<Action, Unreadable> {
    if dx.abs() <= FARTHEST && dy.abs() <= FARTHEST {
        Ok(Action::Scroll { target, dx, dy })
    } else {
        Err(Unreadable::new(format!("a scroll by ({dx}, {dy}) is too far: {FARTHEST} pixels are the most")))
    }
}

/// Right and down for a distance in a direction.
pub(super) fn along(way: &str, distance: f64) -> Result<(f64, f64), Unreadable> {
    match way {
        "down" => Ok((0.0, distance)),
        "up" => Ok((0.0, 0.0 - distance)),
        "right" => Ok((distance, 0.0)),
        "left" => Ok((0.0 - distance, 0.0)),
        _ => Err(Unreadable::new(format!("`{way:.40}` is no direction: up, down, left and right are"))),
    }
}

/// Two thirds of the screen in a direction, in CSS pixels: what a reader scrolls without losing the place.
pub(super) fn page(way: &str, observation: &Observation) -> f64 {
    let viewport = observation.viewport;
    let size = if matches!(way, "left" | "right") { viewport.width } else { viewport.height };
    (f64::from(size) * 2.0 / 3.0).round()
}

/// Direction and distance of a scroll along one axis.
pub(super) fn direction(dx: f64, dy: f64) -> Option<(&'static str, f64)> {
    match (dx, dy) {
        (0.0, dy) if dy > 0.0 => Some(("down", dy)),
        (0.0, dy) if dy < 0.0 => Some(("up", -dy)),
        (dx, 0.0) if dx > 0.0 => Some(("right", dx)),
        (dx, 0.0) if dx < 0.0 => Some(("left", -dx)),
        _ => None,
    }
}

/// The point that a target names: itself, or where a click reaches the element. The middle of the screen for a mark
/// that is not there, which the environment will have refused before.
pub(super) fn point_of(target: Target, observation: &Observation) -> Point<glim_env::Css> {
    match target {
        Target::Point(point) => point,
        Target::Mark(mark) => {
            observation.element(mark).map_or(observation.viewport.rect().center(), |element| element.point)
        }
    }
}
