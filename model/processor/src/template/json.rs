//! JSON as Python's `json.dumps` writes it, which is how templates show tools and arguments.
//!
//! ```text
//! {"name": "click", "at": [1, 2.0], "why": null}        a space after commas and colons, nothing escaped but control
//! ```

use std::fmt::Write;

use minijinja::value::Kwargs;
use minijinja::{Error, ErrorKind, Value as Jinja};
use serde_json::Value;

struct Style {
    ascii: bool,
    indent: Option<String>,
    between: String,
    after_key: String,
    sorted: bool,
}

/// The filter, with the arguments it has in Hugging Face's templates.
pub(super) fn tojson(value: &Jinja, ascii: Option<bool>, options: Kwargs) -> Result<String, Error> {
    let ascii = ascii.map_or_else(|| options.get::<Option<bool>>("ensure_ascii"), |ascii| Ok(Some(ascii)))?;
    let indent = options.get::<Option<Jinja>>("indent")?.and_then(|indent| match indent.as_str() {
        Some(text) => Some(text.to_owned()),
        None => indent.as_usize().map(|width| " ".repeat(width)),
    });
    let separators = options.get::<Option<Vec<String>>>("separators")?;
    let sorted = options.get::<Option<bool>>("sort_keys")?;
    options.assert_all_used()?;
    let (between, after_key) = match separators.as_deref() {
        Some([between, after_key]) => (between.clone(), after_key.clone()),
        // Lines need no space at their ends.
        _ => (if indent.is_some() { "," } else { ", " }.to_owned(), ": ".to_owned()),
    };
    let style = Style { ascii: ascii.unwrap_or(false), indent, between, after_key, sorted: sorted.unwrap_or(false) };
    if value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, "an undefined value cannot be written as JSON"));
    }
    let json =
        serde_json::to_value(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    let mut out = String::new();
    write(&json, &style, 0, &mut out);
    Ok(out)
}

fn write(value: &Value, style: &Style, depth: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) if number.is_f64() => out.push_str(&float(number.as_f64().unwrap_or(f64::NAN))),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => write_string(text, style.ascii, out),
        Value::Array(items) => write_all(('[', ']'), items, style, depth, out, |item, out| {
            write(item, style, depth + 1, out);
        }),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            if style.sorted {
                entries.sort_by_key(|(key, _)| *key);
            }
            write_all(('{', '}'), &entries, style, depth, out, |(key, value), out| {
                write_string(key, style.ascii, out);
                out.push_str(&style.after_key);
                write(value, style, depth + 1, out);
            });
        }
    }
}

fn write_all<T>(
    (open, close): (char, char),
    items: &[T],
    style: &Style,
    depth: usize,
    out: &mut String,
    one: impl Fn(&T, &mut String),
) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(&style.between);
        }
        new_line(style, depth + 1, out);
        one(item, out);
    }
    if !items.is_empty() {
        new_line(style, depth, out);
    }
    out.push(close);
}

fn new_line(style: &Style, depth: usize, out: &mut String) {
    if let Some(indent) = &style.indent {
        out.push('\n');
        out.push_str(&indent.repeat(depth));
    }
}

fn write_string(text: &str, ascii: bool, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if control < ' ' => escape(control, out),
            // DEL is ASCII, and Python leaves it as it is.
            other if ascii && !other.is_ascii() => escape(other, out),
            other => out.push(other),
        }
    }
    out.push('"');
}

fn escape(character: char, out: &mut String) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        write!(out, "\\u{unit:04x}").expect("writing to a string does not fail");
    }
}

/// Python's `repr`: the fewest digits that give the number back, with an exponent below 1e-4 and from 1e16.
fn float(number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').expect("written with an exponent");
    let exponent: i32 = exponent.parse().expect("written as a number");
    if number != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = number.to_string();
    if plain.contains('.') { plain } else { plain + ".0" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_does() {
        let cases = [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (9999999999999998.0, "9999999999999998.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (2.5e-7, "2.5e-07"),
        ];
        for (number, text) in cases {
            assert_eq!(float(number), text);
        }
    }
}
