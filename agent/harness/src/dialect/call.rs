//! Calls: `name(key='value', …)`.

use serde_json::{Map, Value};

use super::fields::Command;
use super::{literal, vocabulary};

/// The first call of a known command in a text. With `at_line_start`, only where a line begins with it.
///
/// Prose such as `type(s)` or `click (the button)` is not a call: in one, the bracket is followed by its end, a key, a
/// quote or a number.
pub(super) fn first(text: &str, at_line_start: bool) -> Option<Command> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = text[from..].find('(') {
        let open = from + found;
        from = open + 1;
        // `left_click (…)` is a slip that models make.
        let end = open - usize::from(bytes[..open].ends_with(b" "));
        let name_length = bytes[..end]
            .iter()
            .rev()
            .take(32)
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let name = &text[end - name_length..end];
        if !vocabulary::knows(name) || !opens_arguments(&bytes[from..]) {
            continue;
        }
        if at_line_start && !begins_line(&text[..end - name_length]) {
            continue;
        }
        return Some(Command::new(name, arguments(&text[from..])));
    }
    None
}

/// Whether only marks of lists, quotes and code stand between the beginning of the line and its end.
pub(super) fn begins_line(before: &str) -> bool {
    before
        .bytes()
        .rev()
        .take(16)
        .take_while(|byte| *byte != b'\n')
        .all(|byte| matches!(byte, b' ' | b'\t' | b'`' | b'*' | b'-' | b'>' | b'.' | b'0'..=b'9' | b'\r'))
}

fn opens_arguments(rest: &[u8]) -> bool {
    let mut next = rest.iter().take(64).skip_while(|byte| byte.is_ascii_whitespace()).peekable();
    match next.peek() {
        Some(b')' | b'\'' | b'"' | b'[' | b'(' | b'-' | b'0'..=b'9') => true,
        Some(byte) if byte.is_ascii_alphabetic() => {
            let mut after = next.skip_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
            after.find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| matches!(byte, b'=' | b':'))
        }
        _ => false,
    }
}

/// The arguments up to the closing bracket, or to whatever cannot be read. Those without a key are counted from `0`.
fn arguments(text: &str) -> Map<String, Value> {
    let mut args = Map::new();
    let mut position = 0;
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() || rest.starts_with(')') {
            return args;
        }
        let word = rest.bytes().take(40).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let after = rest[word..].trim_start();
        let key = if word > 0 && after.starts_with(['=', ':']) {
            let key = rest[..word].to_owned();
            rest = after[1..].trim_start();
            key
        } else {
            position += 1;
            (position - 1).to_string()
        };
        if let Some(quoted) = literal::quoted(rest) {
            args.insert(key, Value::String(quoted.text));
            if !quoted.closed {
                return args;
            }
            rest = &rest[quoted.taken..];
            continue;
        }
        let (value, taken) = literal::read(rest).unwrap_or_else(|| {
            let end = rest.find([',', ')', '\n']).unwrap_or(rest.len());
            (Value::String(rest[..end].trim().to_owned()), end)
        });
        args.insert(key, value);
        rest = &rest[taken..];
        // A value is followed by a comma or the end; anything else is not part of the call.
        if !rest.trim_start().starts_with([',', ')']) {
            return args;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(text: &str) -> Option<(String, Value)> {
        let command = first(text, false)?;
        let args: Map<String, Value> = ["start_box", "content", "direction", "step", "url", "0"]
            .iter()
            .filter_map(|key| command.value(&[key]).map(|value| ((*key).to_owned(), value.clone())))
            .collect();
        Some((command.name, Value::Object(args)))
    }

    #[test]
    fn arguments_are_read_in_every_way_of_writing_them() {
        let wanted = |args: Value| Some(("scroll".to_owned(), args));
        let text = "I scroll. scroll(start_box='[5, 6]', direction=\"down\", step=3, element_info='the (list)') then";
        assert_eq!(call(text), wanted(json!({"start_box": "[5, 6]", "direction": "down", "step": 3})));
        assert_eq!(
            call("scroll(start_box=[5,6], direction=up"),
            wanted(json!({"start_box": [5, 6], "direction": "up"}))
        );
        assert_eq!(call("type('it's')"), Some(("type".to_owned(), json!({"0": "it's"}))));
        assert_eq!(call("open_tab(url=)"), Some(("open_tab".to_owned(), json!({"url": ""}))));
    }

    #[test]
    fn prose_is_not_a_call() {
        for text in
            ["the type(s) of", "click (the button)", "I select(ed) it", "wait(ing)", "unknown(a='b')", "(", "key("]
        {
            assert_eq!(call(text), None, "{text}");
        }
        assert_eq!(first("then click(start_box='[1,2]')", true), None);
        assert!(first("- `click(start_box='[1,2]')`", true).is_some());
    }
}
