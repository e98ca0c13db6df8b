//! Names that mean the same: one table for the actions, one for their parameters, one for keys.

/// Actions: what each is called in the dialects, the first name being ours.
const ACTIONS: [&[&str]; 18] = [
    &["click", "tap", "left_click", "single_click"],
    &["double_click", "double_tap", "left_double_click", "left_double"],
    &["right_click", "right_single"],
    &["middle_click"],
    &["long_press", "long_click", "long_tap"],
    &["hover", "mouse_move", "move_to"],
    &["drag", "left_drag", "drag_to", "swipe"],
    &["scroll"],
    &["type", "input_text", "type_text", "input", "write"],
    &["key", "hotkey", "key_press", "keypress", "press_key"],
    &["answer"],
    &["wait"],
    &["done", "finished", "complete", "finish"],
    &["fail", "infeasible", "impossible"],
    &["home", "navigate_home", "go_home", "press_home"],
    &["back", "navigate_back", "go_back", "goback", "press_back"],
    &["open_app", "launch_app", "launch", "open"],
    &["status"],
];

/// Parameters, likewise.
const PARAMETERS: [&[&str]; 10] = [
    &["action", "action_type"],
    &["place", "start_box", "point", "box_2d", "bbox_2d", "bbox", "coordinates", "coordinate", "position", "start"],
    &["area", "box"],
    &["end", "end_box", "end_point", "end_coordinates"],
    &["text", "content", "value"],
    &["keys", "key"],
    &["direction"],
    &["amount", "step", "steps", "distance"],
    &["app", "app_name"],
    &["element", "element_info", "element_name"],
];

const KEYS: [&[&str]; 24] = [
    &["enter", "return", "kp_enter"],
    &["escape", "esc"],
    &["ctrl", "control", "ctrl_l", "ctrl_r"],
    &["alt", "option", "alt_l", "alt_r"],
    &["shift", "shift_l", "shift_r"],
    &["meta", "cmd", "command", "super", "win", "windows"],
    &["delete", "del"],
    &["backspace", "back_space"],
    &["pagedown", "page_down", "pgdn", "next"],
    &["pageup", "page_up", "pgup", "prior"],
    &["up", "arrow_up", "arrowup", "up_arrow"],
    &["down", "arrow_down", "arrowdown", "down_arrow"],
    &["left", "arrow_left", "arrowleft", "left_arrow"],
    &["right", "arrow_right", "arrowright", "right_arrow"],
    &["space", "spacebar", " "],
    &["insert", "ins"],
    &["printscreen", "print_screen", "prtsc", "print"],
    &["capslock", "caps_lock", "caps"],
    &["home"],
    &["end"],
    &["tab"],
    &["plus", "+"],
    &["minus", "-"],
    &["menu", "apps"],
];

const MODIFIERS: [&str; 4] = ["alt", "ctrl", "meta", "shift"];

fn canonical(table: &[&[&'static str]], name: &str) -> Option<&'static str> {
    table.iter().find(|names| names.contains(&name)).map(|names| names[0])
}

/// Our name of an action, and the direction that its name says. Actions that no dialect has keep theirs.
pub(super) fn action(name: &str) -> (String, Option<&'static str>) {
    let name = name.trim().to_lowercase().replace(['-', ' '], "_");
    match &*name {
        "scroll_down" => return ("scroll".to_owned(), Some("down")),
        "scroll_up" => return ("scroll".to_owned(), Some("up")),
        _ => {}
    }
    (canonical(&ACTIONS, &name).map_or(name, str::to_owned), None)
}

/// Our name of a parameter, if any dialect has it.
pub(super) fn parameter(name: &str) -> Option<&'static str> {
    canonical(&PARAMETERS, &name.to_lowercase())
}

/// The keys that are pressed together, in our names: modifiers first and sorted, the others in their order.
pub(super) fn keys(text: &str) -> Vec<String> {
    let named = |key: &str| canonical(&KEYS, key).map_or_else(|| key.to_owned(), str::to_owned);
    let text = text.to_lowercase();
    // One key may be a separator itself.
    if text.chars().count() == 1 || canonical(&KEYS, text.trim()).is_some() {
        return vec![named(if text.chars().count() == 1 { &text } else { text.trim() })];
    }
    let mut modifiers = Vec::new();
    let mut others = Vec::new();
    for key in text.split(['+', ' ', '-']).filter(|key| !key.is_empty()) {
        let key = named(key);
        if MODIFIERS.contains(&&*key) { modifiers.push(key) } else { others.push(key) }
    }
    if text.len() > 1 && text.ends_with(['+', '-']) && others.is_empty() {
        others.push(named(&text[text.len() - 1..]));
    }
    modifiers.sort();
    modifiers.dedup();
    modifiers.extend(others);
    modifiers
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::tap("tap", "click")]
    #[case::capitals("LEFT_CLICK", "click")]
    #[case::spaces("double click", "double_click")]
    #[case::unknown("pinch", "pinch")]
    fn actions_of_all_dialects_have_one_name(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(action(name), (expected.to_owned(), None));
    }

    #[test]
    fn a_scroll_can_say_its_direction() {
        assert_eq!(action("SCROLL_UP"), ("scroll".to_owned(), Some("up")));
    }

    #[rstest]
    #[case::return_key("Return", "Enter")]
    #[case::plus("ctrl+c", "Ctrl C")]
    #[case::dash("ctrl-shift-t", "Shift+Ctrl+T")]
    #[case::command("cmd+v", "super+v")]
    #[case::page_down("pgdn", "Page_Down")]
    #[case::space(" ", "Space")]
    #[case::plus_key("ctrl++", "Control +")]
    #[case::delete("Del", "delete")]
    fn the_same_keys_have_one_name(#[case] one: &str, #[case] two: &str) {
        assert_eq!(keys(one), keys(two));
    }

    #[rstest]
    #[case::other_letter("ctrl+c", "ctrl+v")]
    #[case::other_modifier("ctrl+c", "alt+c")]
    #[case::order("a b", "b a")]
    #[case::none("", "enter")]
    fn other_keys_stay_apart(#[case] one: &str, #[case] two: &str) {
        assert_ne!(keys(one), keys(two));
    }

    #[test]
    fn no_name_means_two_things() {
        for table in [&ACTIONS[..], &PARAMETERS[..], &KEYS[..]] {
            let mut names: Vec<_> = table.iter().flat_map(|names| names.iter()).collect();
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }
}
