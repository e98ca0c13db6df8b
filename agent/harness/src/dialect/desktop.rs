//! The desktop dialect: calls with points.
//!
//! As in the desktop action space of the GLM-4.1V agent prompt: the five clicks, `hover` and `left_drag` with
//! `start_box='[x,y]'` in 0..=999, `key(keys='ctrl+c')`, `type(content='…')` into what has the focus,
//! `scroll(start_box, direction, step)` in notches of the wheel, `WAIT()` for five seconds, `DONE()`, `FAIL()`.
//!
//! How we differ: the dialect can say every [`Action`], though a mark becomes the point where its element is hit. Ours
//! are `start_box`, `replace` and `submit` of `type`, `dx` and `dy` of `scroll`, `button` and `count` of `click`,
//! `select`, history, tabs, `answer`, `WAIT(ms=…)` and `FAIL(reason='…')`.

use std::fmt::Write as _;

use glim_env::{Action, Button, Observation, Target};

use super::vocabulary::{NOTCH, WAIT_MS, direction, point_of};

/// An action as a call.
pub(super) fn print(action: &Action, observation: &Observation) -> String {
    let at = |key: &str, target: &Target| {
        let said = observation.viewport.to_norm(point_of(*target, observation));
        format!("{key}='[{},{}]'", said.x, said.y)
    };
    let text = |text: &str| super::escape(text, &['\'']);
    match action {
        Action::Click { target, button, count } => {
            let place = at("start_box", target);
            match (button, count) {
                (Button::Left, 1) => format!("left_click({place})"),
                (Button::Left, 2) => format!("left_double_click({place})"),
                (Button::Right, 1) => format!("right_click({place})"),
                (Button::Middle, 1) => format!("middle_click({place})"),
                (button, count) => format!("click({place}, button='{}', count={count})", super::button_name(*button)),
            }
        }
        Action::Hover { target } => format!("hover({})", at("start_box", target)),
        Action::Drag { from, to } => format!("left_drag({}, {})", at("start_box", from), at("end_box", to)),
        Action::Type { target, text: words, replace, submit } => {
            let mut call = format!("type(content='{}'", text(words));
            if let Some(target) = target {
                let _ = write!(call, ", {}", at("start_box", target));
            }
            for (on, key) in [(replace, "replace"), (submit, "submit")] {
                if *on {
                    let _ = write!(call, ", {key}=true");
                }
            }
            call + ")"
        }
        Action::Keys { chord } => format!("key(keys='{}')", text(chord)),
        Action::Scroll { target, dx, dy } => {
            let place = target.as_ref().map_or(String::new(), |target| at("start_box", target) + ", ");
            match direction(*dx, *dy) {
                Some((way, distance)) if distance % NOTCH == 0.0 => {
                    format!("scroll({place}direction='{way}', step={})", distance / NOTCH)
                }
                _ => format!("scroll({place}dx={dx}, dy={dy})"),
            }
        }
        Action::Select { target, option } => format!("select({}, option='{}')", at("start_box", target), text(option)),
        Action::Navigate { url } => format!("goto(url='{}')", text(url)),
        Action::Back => "back()".to_owned(),
        Action::Forward => "forward()".to_owned(),
        Action::Reload => "reload()".to_owned(),
        Action::OpenTab { url: None } => "open_tab()".to_owned(),
        Action::OpenTab { url: Some(url) } => format!("open_tab(url='{}')", text(url)),
        Action::SwitchTab { index } => format!("switch_tab(index={index})"),
        Action::CloseTab { index: None } => "close_tab()".to_owned(),
        Action::CloseTab { index: Some(index) } => format!("close_tab(index={index})"),
        Action::Wait { ms: WAIT_MS } => "WAIT()".to_owned(),
        Action::Wait { ms } => format!("WAIT(ms={ms})"),
        Action::Answer { text: words } => format!("answer(content='{}')", text(words)),
        Action::Done => "DONE()".to_owned(),
        Action::Fail { reason } if reason.is_empty() => "FAIL()".to_owned(),
        Action::Fail { reason } => format!("FAIL(reason='{}')", text(reason)),
    }
}
