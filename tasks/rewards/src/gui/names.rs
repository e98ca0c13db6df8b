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
const PARAMETERS: [&[&str]; 11] = [
    &["action", "action_type"],
    &["place", "start_box", "point", "box_2d", "bbox_2d", "bbox", "coordinates", "coordinate", "position", "start"],
    &["area", "box"],
    &["end", "end_box", "end_point", "end_coordinates"],
    &["text", "content", "value"],
    &["keys", "key"],
    &["direction"],
    &["steps", "step", "amount"],
    &["distance"],
    &["app", "app_name"],
    &["element", "element_info", "element_name"],
];

/// Keys, without the underscores and blanks that a name may have between its words.
const KEYS: [&[&str]; 26] = [
    &["enter", "return", "kpenter"],
    &["escape", "esc"],
    &["ctrl", "control", "ctrll", "ctrlr"],
    &["alt", "option", "opt", "altl", "altr"],
    &["shift", "shiftl", "shiftr"],
    &["meta", "cmd", "command", "super", "win", "windows"],
    &["delete", "del"],
    &["backspace"],
    &["pagedown", "pgdn", "pgdown", "next"],
    &["pageup", "pgup", "prior"],
    &["up", "arrowup", "uparrow"],
    &["down", "arrowdown", "downarrow"],
    &["left", "arrowleft", "leftarrow"],
    &["right", "arrowright", "rightarrow"],
    &["space", "spacebar", " "],
    &["insert", "ins"],
    &["printscreen", "prtsc", "prtscn", "print"],
    &["capslock", "caps"],
    &["numlock"],
    &["scrolllock"],
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

/// Our name of a key, if it is in the table.
fn key(name: &str) -> Option<&'static str> {
    canonical(&KEYS, name).or_else(|| canonical(&KEYS, &name.replace('_', "")))
}

/// The keys that are pressed together, in our names: modifiers first and sorted, the others in their order.
pub(super) fn keys(text: &str) -> Vec<String> {
    /// What may stand between keys, and be a key itself.
    const SEPARATORS: [char; 3] = ['+', '-', ','];

    let named = |name: &str| key(name).unwrap_or(name).to_owned();
    let text = text.to_lowercase();
    if text.chars().count() == 1 {
        return vec![named(&text)];
    }
    let text = text.trim();
    let (mut modifiers, mut others) = (Vec::new(), Vec::new());
    let mut words = text.split(|c: char| SEPARATORS.contains(&c) || c.is_whitespace()).filter(|word| !word.is_empty());
    let mut ahead = words.next();
    while let Some(word) = ahead {
        ahead = words.next();
        let mut name = named(word);
        if let Some(whole) = ahead.and_then(|next| key_of_two_words(word, next)) {
            name = whole.to_owned();
            ahead = words.next();
        }
        if MODIFIERS.contains(&&*name) { modifiers.push(name) } else { others.push(name) }
    }
    if let Some(last) = text.chars().next_back().filter(|last| others.is_empty() && SEPARATORS.contains(last)) {
        others.push(named(last.encode_utf8(&mut [0; 4])));
    }
    modifiers.sort();
    modifiers.dedup();
    modifiers.extend(others);
    modifiers
}

/// `page down`: one key, since `page` is none.
fn key_of_two_words(one: &str, two: &str) -> Option<&'static str> {
    let letter = |name: &str| name.chars().count() == 1;
    let two_keys = letter(one) || letter(two) || (key(one).is_some() && key(two).is_some());
    if two_keys { None } else { key(&[one, two].concat()) }
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
    #[case::two_words("Page Down", "PgDown")]
    #[case::arrow("Arrow Down", "down")]
    #[case::arrow_behind("shift+left arrow", "Shift Left")]
    #[case::caps_lock("Caps Lock", "capslock")]
    #[case::back_space("back space", "BackSpace")]
    #[case::print_screen("Alt+Print Screen", "alt+prtsc")]
    #[case::underscores("Back_Space", "backspace")]
    #[case::commas("ctrl, c", "ctrl+c")]
    #[case::comma_key("cmd+,", "super ,")]
    #[case::option("opt+Tab", "alt tab")]
    fn the_same_keys_have_one_name(#[case] one: &str, #[case] two: &str) {
        assert_eq!(keys(one), keys(two));
    }

    #[rstest]
    #[case::other_letter("ctrl+c", "ctrl+v")]
    #[case::other_modifier("ctrl+c", "alt+c")]
    #[case::order("a b", "b a")]
    #[case::modifier_and_arrow("ctrl left", "left")]
    #[case::letters("e nd", "end")]
    #[case::comma_is_a_key("ctrl+,", "ctrl")]
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
