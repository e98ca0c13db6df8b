//! The mobile dialect: JSON objects with boxes.
//!
//! As in the mobile action space of the GLM-4.1V agent prompt: `{"action_type": "click", "box_2d": [[x1,y1,x2,y2]]}` in
//! 0..=999, `input_text` with `override`, `swipe` (the way the finger goes; `scroll` is the way the view goes),
//! `keyboard_enter`, `navigate_back`, `wait`, `answer`, `status`.
//!
//! How we differ: the dialect can say every [`Action`], though a target becomes a box whose middle is hit, and
//! `long_press`, `navigate_home` and `open_app` are refused where there is no phone. `input_text` presses Enter only
//! with `"submit": true`, since Enter sends half a form on the web.

use glim_env::{Action, Button, Norm, Observation, Rect, Target};
use serde_json::{Map, Value, json};

use super::vocabulary::{WAIT_MS, direction, point_of};

/// An action as a JSON object.
pub(super) fn print(action: &Action, observation: &Observation) -> String {
    let fields = match fields(action, observation) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    // Tags of the reply's frame must not stand inside a text of it.
    let inner: Vec<String> =
        fields.iter().map(|(key, value)| format!("\"{key}\": {}", value.to_string().replace('<', "\\u003c"))).collect();
    format!("{{{}}}", inner.join(", "))
}

fn fields(action: &Action, observation: &Observation) -> Value {
    let at = |target: &Target| json!([box_of(*target, observation)]);
    let simple = |name: &str| json!({"action_type": name});
    match action {
        Action::Click { target, button, count } => match (button, count) {
            (Button::Left, 1) => json!({"action_type": "click", "box_2d": at(target)}),
            (Button::Left, 2) => json!({"action_type": "double_click", "box_2d": at(target)}),
            (button, count) => json!({
                "action_type": "click", "box_2d": at(target), "button": super::button_name(*button), "count": count,
            }),
        },
        Action::Hover { target } => json!({"action_type": "hover", "box_2d": at(target)}),
        Action::Drag { from, to } => {
            json!({"action_type": "drag", "box_2d": [box_of(*from, observation), box_of(*to, observation)]})
        }
        Action::Type { target, text, replace, submit } => {
            let mut fields = json!({"action_type": "input_text", "text": text, "override": replace});
            if let Some(target) = target {
                fields["box_2d"] = at(target);
            }
            if *submit {
                fields["submit"] = json!(true);
            }
            fields
        }
        Action::Keys { chord } if chord == "Enter" => simple("keyboard_enter"),
        Action::Keys { chord } => json!({"action_type": "key", "keys": chord}),
        Action::Scroll { target, dx, dy } => {
            let mut fields = match direction(*dx, *dy) {
                Some((way, distance)) => json!({"action_type": "scroll", "direction": way, "distance": distance}),
                None => json!({"action_type": "scroll", "dx": dx, "dy": dy}),
            };
            if let Some(target) = target {
                fields["box_2d"] = at(target);
            }
            fields
        }
        Action::Select { target, option } => {
            json!({"action_type": "select", "option": option, "box_2d": at(target)})
        }
        Action::Navigate { url } => json!({"action_type": "open_url", "url": url}),
        Action::Back => simple("navigate_back"),
        Action::Forward => simple("navigate_forward"),
        Action::Reload => simple("reload"),
        Action::OpenTab { url: None } => simple("open_tab"),
        Action::OpenTab { url: Some(url) } => json!({"action_type": "open_tab", "url": url}),
        Action::SwitchTab { index } => json!({"action_type": "switch_tab", "index": index}),
        Action::CloseTab { index: None } => simple("close_tab"),
        Action::CloseTab { index: Some(index) } => json!({"action_type": "close_tab", "index": index}),
        Action::Wait { ms: WAIT_MS } => simple("wait"),
        Action::Wait { ms } => json!({"action_type": "wait", "ms": ms}),
        Action::Answer { text } => json!({"action_type": "answer", "text": text}),
        Action::Done => json!({"action_type": "status", "goal_status": "complete"}),
        Action::Fail { reason } if reason.is_empty() => json!({"action_type": "status", "goal_status": "infeasible"}),
        Action::Fail { reason } => {
            json!({"action_type": "status", "goal_status": "infeasible", "reason": reason})
        }
    }
}

/// The box of an element if its middle is where a click reaches it, and else a box of one cell around that place.
fn box_of(target: Target, observation: &Observation) -> Value {
    let viewport = observation.viewport;
    let point = point_of(target, observation);
    let said = viewport.to_norm(point);
    let mut shown = Rect::<Norm>::between(said, said);
    if let Target::Mark(mark) = target
        && let Some(element) = observation.element(mark)
    {
        let whole = viewport.rect_to_norm(&element.rect);
        let middle = viewport.from_norm(whole.center());
        if element.visible > 0.9 && (middle.x - point.x).abs() < 2.0 && (middle.y - point.y).abs() < 2.0 {
            shown = whole;
        }
    }
    let whole = |at: f64| json!(at as u32);
    json!([whole(shown.x), whole(shown.y), whole(shown.x + shown.width), whole(shown.y + shown.height)])
}
