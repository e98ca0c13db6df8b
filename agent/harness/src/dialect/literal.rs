//! Values as models write them: JSON, and the Python literals that they slip into.
//!
//! Taken as well: single quotes, `True`, `False`, `None`, tuples, trailing commas, numbers with leading zeros, and quotes
//! inside a text that were not escaped (a quote ends a text only where something can follow it). Nothing is evaluated.
//! One pass, depth limited, so that hostile text costs no more than its length.

use serde_json::{Map, Number, Value};

/// Deepest nesting that is read.
const DEPTH: usize = 32;

/// The value at the start of `text`, and how many bytes it takes.
pub(super) fn read(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(DEPTH)?;
    Some((value, reader.at))
}

/// A text between quotes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    pub(super) text: String,
    /// Bytes it takes, with its quotes.
    pub(super) taken: usize,
    /// Without a closing quote it ends with the line.
    pub(super) closed: bool,
}

/// The text between quotes at the start of `text`, if it begins with a quote.
pub(super) fn quoted(text: &str) -> Option<Quoted> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let bytes = text.as_bytes();
    let mut at = 1;
    let mut line_end = None;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\n' => {
                line_end.get_or_insert(at);
            }
            byte if byte == quote as u8 && ends_here(&bytes[at + 1..]) => {
                return Some(Quoted { text: unescape(&text[1..at]), taken: at + 1, closed: true });
            }
            _ => {}
        }
        at += 1;
    }
    let end = line_end.unwrap_or(text.len());
    let inner = text[1..end].trim_end_matches([')', ']', '}', ' ', '\r']);
    Some(Quoted { text: unescape(inner), taken: end, closed: false })
}

/// Whether what follows a quote shows that it was the closing one.
fn ends_here(rest: &[u8]) -> bool {
    let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
    next.is_none_or(|byte| matches!(byte, b',' | b')' | b']' | b'}' | b':' | b'`' | b'<'))
}

/// Resolves the escapes that JSON and Python share, and `\x` and `\u`; a backslash before anything else stays, because
/// models write paths and patterns without doubling it.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(kind) = rest.chars().next() else {
            out.push('\\');
            return out;
        };
        let after = &rest[kind.len_utf8()..];
        let (taken, resolved) = match kind {
            'n' => (1, Some('\n')),
            'r' => (1, Some('\r')),
            't' => (1, Some('\t')),
            '\\' | '\'' | '"' | '/' | '[' | ']' => (1, Some(kind)),
            'x' => (3, hex(after, 2).and_then(char::from_u32)),
            'u' => unicode(after),
            _ => (0, None),
        };
        match resolved {
            Some(resolved) => {
                out.push(resolved);
                rest = &rest[taken..];
            }
            None => out.push('\\'),
        }
    }
    out.push_str(rest);
    out
}

fn hex(text: &str, digits: usize) -> Option<u32> {
    let digits = text.get(..digits)?;
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
}

/// `XXXX` after `\u`, or a pair of surrogates.
fn unicode(after: &str) -> (usize, Option<char>) {
    let Some(first) = hex(after, 4) else { return (0, None) };
    if let Some(resolved) = char::from_u32(first) {
        return (5, Some(resolved));
    }
    let second = after.get(4..).and_then(|rest| rest.strip_prefix("\\u")).and_then(|rest| hex(rest, 4));
    match second {
        Some(second) if (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second) => {
            (11, char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)))
        }
        _ => (5, Some(char::REPLACEMENT_CHARACTER)),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        match self.skip_blanks()? {
            b'{' => self.object(depth),
            b'[' => self.list(b']', depth),
            b'(' => self.list(b')', depth),
            b'\'' | b'"' => self.string().map(Value::String),
            b'-' | b'+' | b'.' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn string(&mut self) -> Option<String> {
        let quoted = quoted(&self.text[self.at..]).filter(|quoted| quoted.closed)?;
        self.at += quoted.taken;
        Some(quoted.text)
    }

    /// A key with quotes, or without.
    fn key(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        if rest.starts_with(['\'', '"']) {
            return self.string();
        }
        let length = rest.bytes().take(40).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        self.at += length;
        Some(rest[..length].to_owned())
    }

    fn number(&mut self) -> Option<Value> {
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .take(64)
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let written = &rest[..length];
        let number = match written.trim_start_matches('+').parse::<i64>() {
            Ok(whole) => Number::from(whole),
            Err(_) => Number::from_f64(written.parse::<f64>().ok()?)?,
        };
        self.at += length;
        Some(Value::Number(number))
    }

    fn word(&mut self) -> Option<Value> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take(8).take_while(u8::is_ascii_alphabetic).count();
        let value = match rest[..length].to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" | "none" => Value::Null,
            _ => return None,
        };
        self.at += length;
        Some(value)
    }

    fn list(&mut self, close: u8, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            match self.skip_blanks()? {
                byte if byte == close => {
                    self.at += 1;
                    return Some(Value::Array(items));
                }
                b',' => self.at += 1,
                _ => items.push(self.value(depth)?),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut fields = Map::new();
        loop {
            let next = match self.skip_blanks() {
                Some(next) => next,
                // The last bracket is what a model forgets, or what a limit cuts off.
                None => return (!fields.is_empty()).then_some(Value::Object(fields)),
            };
            match next {
                b'}' => {
                    self.at += 1;
                    return Some(Value::Object(fields));
                }
                b',' => self.at += 1,
                b'\'' | b'"' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                    let key = self.key()?;
                    if self.skip_blanks()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    let value = self.value(depth)?;
                    fields.insert(key, value);
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_and_python_are_read_alike() {
        for text in [
            r#"{"a": [1, 2.5, true, null], "b": "x"}"#,
            "{'a': (1, 2.5, True, None,), 'b': 'x',}",
            "{a: [1, 2.5, true, null], b: 'x'",
            "{ 'a' : [01, 2.50, TRUE, none], \"b\": \"\\x78\" }",
        ] {
            assert_eq!(read(text), Some((json!({"a": [1, 2.5, true, null], "b": "x"}), text.len())), "{text}");
        }
    }

    #[test]
    fn a_quote_inside_a_text_does_not_end_it() {
        let is = |text: &str, taken, closed| Some(Quoted { text: text.to_owned(), taken, closed });
        assert_eq!(quoted("'it's fine')"), is("it's fine", 11, true));
        assert_eq!(quoted(r"'it\'s', x"), is("it's", 7, true));
        assert_eq!(quoted("'two\nlines')"), is("two\nlines", 11, true));
        assert_eq!(quoted("'never closed)\nnext"), is("never closed", 14, false));
    }

    #[test]
    fn escapes_are_resolved_and_lone_backslashes_kept() {
        assert_eq!(unescape(r"a\nb\\c\'d\x3ce\u00e9\ud83d\ude42"), "a\nb\\c'd<eé🙂");
        assert_eq!(unescape(r"C:\Users\q \ud800 \u12 \x"), "C:\\Users\\q \u{fffd} \\u12 \\x");
        assert_eq!(unescape("\\"), "\\");
    }

    #[test]
    fn what_is_no_value_is_none() {
        for text in ["", "{", "[", "{'a'}", "nan", "1e999", "-", "{'a': b}", "{a b: 1}", &"[".repeat(100_000)] {
            assert_eq!(read(text), None, "{text:.20}");
        }
    }
}
