//! Names of keys: the many that models write, and the one that [`glim_env::Action::Keys`] takes.

/// The chord in DOM names, modifiers in a fixed order before the last key. `None` if nothing is pressed.
///
/// Understands `ctrl+c`, `CTRL C`, `Return`, `pgdn`, `cmd-shift-t`. Names it does not know stay as they are, so that the
/// environment can name them in its refusal.
pub(super) fn chord(written: &str) -> Option<String> {
    let written = written.trim_matches(|c: char| c.is_whitespace() && written.trim().len() > 1);
    if written.is_empty() {
        return None;
    }
    if written.chars().count() == 1 {
        return Some(written.to_owned());
    }
    // A plus at the end is the key itself: `ctrl++`.
    let (head, plus) = match written.strip_suffix("++") {
        Some(head) => (head, true),
        None => (written, false),
    };
    let separated = |c: char| c == '+' || c.is_whitespace();
    let mut names: Vec<String> = match head.contains(separated) {
        true => head.split(separated).filter(|name| !name.is_empty()).map(key).collect(),
        // `ctrl-c`, but `-` alone and `page-down` are names.
        false => match head.split_once('-') {
            Some((first, rest)) if is_modifier(&key(first)) && !rest.is_empty() => {
                std::iter::once(key(first)).chain(rest.split('-').filter(|name| !name.is_empty()).map(key)).collect()
            }
            _ => vec![key(head)],
        },
    };
    if plus {
        names.push("+".to_owned());
    }
    join(names)
}

/// The chord of keys in a list, as OpenAI's `keypress` has them.
pub(super) fn chord_of<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    join(names.map(key).collect())
}

fn join(mut names: Vec<String>) -> Option<String> {
    let (last, held) = names.split_last_mut()?;
    // `CTRL+C` means the key, not the capital letter.
    if held.iter().any(|name| is_modifier(name)) && !held.iter().any(|name| name == "Shift") && last.len() == 1 {
        last.make_ascii_lowercase();
    }
    Some(names.join("+"))
}

fn is_modifier(name: &str) -> bool {
    matches!(name, "Control" | "Alt" | "Shift" | "Meta")
}

/// The DOM name of one key.
fn key(written: &str) -> String {
    let plain: String =
        written.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).take(32).collect();
    let name = match plain.as_str() {
        "ctrl" | "control" | "ctl" | "controlleft" | "ctrll" | "controll" | "ctrlleft" => "Control",
        "alt" | "option" | "altleft" | "altl" => "Alt",
        "shift" | "shiftleft" | "shiftl" => "Shift",
        "meta" | "cmd" | "command" | "win" | "windows" | "super" | "superl" | "metaleft" | "os" => "Meta",
        "enter" | "return" | "kpenter" => "Enter",
        "esc" | "escape" => "Escape",
        "tab" => "Tab",
        "space" | "spacebar" => "Space",
        "backspace" | "back" => "Backspace",
        "del" | "delete" => "Delete",
        "ins" | "insert" => "Insert",
        "home" => "Home",
        "end" => "End",
        "pageup" | "pgup" | "prior" => "PageUp",
        "pagedown" | "pgdn" | "pgdown" | "next" => "PageDown",
        "up" | "arrowup" | "uparrow" => "ArrowUp",
        "down" | "arrowdown" | "downarrow" => "ArrowDown",
        "left" | "arrowleft" | "leftarrow" => "ArrowLeft",
        "right" | "arrowright" | "rightarrow" => "ArrowRight",
        "capslock" => "CapsLock",
        "contextmenu" | "menu" | "apps" => "ContextMenu",
        "plus" => "+",
        "minus" => "-",
        _ => {
            let number = plain.strip_prefix('f').and_then(|number| number.parse::<u8>().ok());
            return match number {
                Some(number @ 1..=24) => format!("F{number}"),
                _ => written.to_owned(),
            };
        }
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_models_write_chords_come_to_one() {
        for (written, name) in [
            ("ctrl+c", "Control+c"),
            ("CTRL C", "Control+c"),
            ("ctrl+shift+T", "Control+Shift+T"),
            ("ctrl-shift-t", "Control+Shift+t"),
            ("Return", "Enter"),
            ("KP_Enter", "Enter"),
            ("Page_Down", "PageDown"),
            ("page-down", "PageDown"),
            (" pgup ", "PageUp"),
            ("f5", "F5"),
            ("win", "Meta"),
            ("ctrl++", "Control++"),
            ("+", "+"),
            ("-", "-"),
            (" ", " "),
            ("é", "é"),
            ("Shift+ArrowLeft", "Shift+ArrowLeft"),
            ("NoSuchKey+x", "NoSuchKey+x"),
        ] {
            assert_eq!(chord(written).as_deref(), Some(name), "{written}");
            assert_eq!(chord(name).as_deref(), Some(name), "{name} is already the right name");
        }
        assert_eq!(chord(""), None);
        assert_eq!(chord_of(["CTRL", "a"].into_iter()).as_deref(), Some("Control+a"));
    }
}
