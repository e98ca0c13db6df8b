//! Calls such as `left_click(start_box='[400, 300]')`: where quoted values and the call itself end, and all its parameters.
//!
//! Models write an apostrophe within a quoted value more often without a backslash than with one. So a quotation mark ends
//! a value only where the call can go on: before a comma and the next parameter, or before the closing bracket.

use crate::literal::{self, Value};
use crate::text::{is_blank, trim, trim_start};

/// Parameters of one call.
const MOST_PARAMETERS: usize = 32;

/// Where a value ends that is quoted in `mark`: the place of the closing mark, in a text that begins behind the opening.
pub(super) fn end_of_quote(text: &str, mark: char) -> Option<usize> {
    let mut escaped = false;
    for (place, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == mark && call_goes_on(&text[place + mark.len_utf8()..]) {
            return Some(place);
        }
    }
    None
}

/// Whether a call can go on like this behind a quoted value.
fn call_goes_on(text: &str) -> bool {
    let text = trim_start(text);
    if text.is_empty() {
        return true;
    }
    if let Some(next) = text.strip_prefix(',') {
        let next = trim_start(next);
        return name(next).is_some_and(|name| trim_start(&next[name.len()..]).starts_with('='));
    }
    let after = text.trim_start_matches(')');
    if after.len() == text.len() {
        return false;
    }
    let after = trim_start(after);
    after.is_empty() || name(after).is_some_and(|name| trim_start(&after[name.len()..]).starts_with('('))
}

/// The word at the start of a text.
pub(super) fn name(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

/// Where the call ends whose bracket opens at the start of a text: the place of the closing bracket, values in `marks`
/// passed over. `None` where it does not end.
pub(super) fn end_of_call(text: &str, marks: &[char]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut rest = text;
    loop {
        let place = rest.find(|c| matches!(c, '(' | ')') || marks.contains(&c))?;
        let at = text.len() - rest.len() + place;
        match rest.as_bytes()[place] {
            b'(' => depth += 1,
            b')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            mark => {
                let quoted = &rest[place + 1..];
                rest = &quoted[end_of_quote(quoted, char::from(mark))? + 1..];
                continue;
            }
        }
        rest = &rest[place + 1..];
    }
}

/// A call with every parameter read.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    pub(super) parameters: Vec<(&'a str, Value)>,
}

/// Reads a text that is one call and nothing else. Parameters without a name have an empty one; a bare word is a text.
pub(super) fn parse(text: &str) -> Option<Call<'_>> {
    let text = trim(text);
    let name = name(text)?;
    let mut rest = trim_start(&text[name.len()..]).strip_prefix('(')?;
    let mut parameters = Vec::new();
    loop {
        rest = trim_start(rest);
        if let Some(after) = rest.strip_prefix(')') {
            return trim_start(after).is_empty().then_some(Call { name, parameters });
        }
        if !parameters.is_empty() {
            rest = trim_start(rest.strip_prefix(',')?);
        }
        if parameters.len() == MOST_PARAMETERS {
            return None;
        }
        let (parameter, value, after) = parameter(rest)?;
        parameters.push((parameter, value));
        rest = after;
    }
}

fn parameter(text: &str) -> Option<(&str, Value, &str)> {
    let named = name(text).and_then(|name| {
        let value = trim_start(&text[name.len()..]).strip_prefix('=')?;
        Some((name, trim_start(value)))
    });
    let (name, text) = named.unwrap_or(("", text));
    if let Some(mark @ ('\'' | '"')) = text.chars().next() {
        let quoted = &text[1..];
        let end = end_of_quote(quoted, mark)?;
        return Some((name, Value::Text(unquoted(&quoted[..end])), &quoted[end + 1..]));
    }
    if let Some((value, length)) = literal::read_prefix(text) {
        return Some((name, value, &text[length..]));
    }
    let end = text.find(|c: char| matches!(c, ',' | '(' | ')' | '\'' | '"') || is_blank(c)).unwrap_or(text.len());
    (end > 0).then(|| (name, Value::Text(text[..end].to_owned()), &text[end..]))
}

/// A quoted value with its escapes carried out.
pub(super) fn unquoted(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            read.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => read.push('\n'),
            Some('t') => read.push('\t'),
            Some('r') => read.push('\r'),
            Some(mark @ ('\'' | '"' | '\\')) => read.push(mark),
            Some(other) => read.extend(['\\', other]),
            None => read.push('\\'),
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn written(text: &str) -> Option<String> {
        parse(text).map(|call| format!("{} {:?}", call.name, call.parameters))
    }

    #[rstest]
    #[case::apostrophe("type(content='it's')", r#"type [("content", Text("it's"))]"#)]
    #[case::escaped(r"type(content='it\'s')", r#"type [("content", Text("it's"))]"#)]
    #[case::bracket("type(content='a)b')", r#"type [("content", Text("a)b"))]"#)]
    #[case::lines("type(content='a\nb')", r#"type [("content", Text("a\nb"))]"#)]
    #[case::double("key(keys=\"enter\")", r#"key [("keys", Text("enter"))]"#)]
    #[case::none("WAIT()", "WAIT []")]
    #[case::number("wait(1)", r#"wait [("", Integer("1"))]"#)]
    #[case::spaces(
        "scroll ( step = 3 , direction = down )",
        r#"scroll [("step", Integer("3")), ("direction", Text("down"))]"#
    )]
    #[case::two("a(x='1', y='2')", r#"a [("x", Text("1")), ("y", Text("2"))]"#)]
    #[case::point("CLICK(point=(5, 6))", r#"CLICK [("point", Tuple([Integer("5"), Integer("6")]))]"#)]
    fn calls_are_read_with_their_quoting(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(written(text).as_deref(), Some(expected));
    }

    #[rstest]
    #[case::word("DONE")]
    #[case::open("click(point=(1, 2)")]
    #[case::closed_twice("DONE())")]
    #[case::two_calls("DONE() DONE()")]
    #[case::unclosed_quote("type(content='abc)")]
    #[case::no_comma("a(b=1 c=2)")]
    #[case::nested("a(b=c(1))")]
    fn what_is_not_one_call_is_refused(#[case] text: &str) {
        assert_eq!(written(text), None);
    }

    #[rstest]
    #[case::alone("(a='b')", Some(6))]
    #[case::followed("(a='b') left_click()", Some(6))]
    #[case::quoted_bracket("(a='b)')", Some(7))]
    #[case::apostrophes("(a='don't can't')", Some(16))]
    #[case::open("(a='b'", None)]
    fn the_end_of_a_call_is_found(#[case] text: &str, #[case] expected: Option<usize>) {
        assert_eq!(end_of_call(text, &['\'']), expected);
    }
}
