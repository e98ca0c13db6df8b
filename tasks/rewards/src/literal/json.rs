//! JSON as Python reads it: not-a-number and infinities are allowed, half surrogates stay.

use super::{Budget, MOST_DIGITS, Repeats, Value, character, integer};

/// Reads a whole text.
pub(super) fn read(text: &str, repeats: Repeats) -> Option<Value> {
    let mut reader = Reader { text, at: 0, budget: Budget::new(repeats) };
    reader.blanks();
    let value = reader.value()?;
    reader.blanks();
    (reader.at == text.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    budget: Budget,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    fn value(&mut self) -> Option<Value> {
        self.budget.value()?;
        match self.byte()? {
            b'{' => self.object(),
            b'[' => self.list(),
            b'"' => self.string().map(Value::Text),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.constant(),
        }
    }

    fn constant(&mut self) -> Option<Value> {
        const CONSTANTS: [(&str, Value); 5] = [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
        ];
        CONSTANTS.into_iter().find(|(name, _)| self.take(name)).map(|(_, value)| value)
    }

    fn object(&mut self) -> Option<Value> {
        self.budget.enter()?;
        self.at += 1;
        let mut entries = Vec::new();
        self.blanks();
        if !self.take("}") {
            loop {
                self.blanks();
                if self.byte()? != b'"' {
                    return None;
                }
                let key = self.string()?;
                self.blanks();
                if !self.take(":") {
                    return None;
                }
                self.blanks();
                let value = self.value()?;
                self.budget.insert(&mut entries, Value::Text(key), value)?;
                self.blanks();
                if self.take("}") {
                    break;
                }
                if !self.take(",") {
                    return None;
                }
            }
        }
        self.budget.leave();
        Some(Value::Object(entries))
    }

    fn list(&mut self) -> Option<Value> {
        self.budget.enter()?;
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if !self.take("]") {
            loop {
                self.blanks();
                items.push(self.value()?);
                self.blanks();
                if self.take("]") {
                    break;
                }
                if !self.take(",") {
                    return None;
                }
            }
        }
        self.budget.leave();
        Some(Value::List(items))
    }

    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut read = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ')?;
            read.push_str(&rest[..plain]);
            self.at += plain + 1;
            match rest.as_bytes()[plain] {
                b'"' => return Some(read),
                b'\\' => read.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let kind = self.byte()?;
        self.at += 1;
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let code = self.four_digits()?;
                if (0xd800..0xdc00).contains(&code) && self.rest().starts_with("\\u") {
                    let back = self.at;
                    self.at += 2;
                    match self.four_digits() {
                        Some(low) if (0xdc00..0xe000).contains(&low) => {
                            return char::from_u32(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
                        }
                        _ => self.at = back,
                    }
                }
                character(code)?
            }
            _ => return None,
        })
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn digits(&mut self) -> usize {
        let length = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += length;
        length
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        let negative = self.take("-");
        if negative && self.take("Infinity") {
            return Some(Value::Float(f64::NEG_INFINITY));
        }
        let digits_from = self.at;
        let length = if self.take("0") { 1 } else { self.digits() };
        if length == 0 || length > MOST_DIGITS {
            return None;
        }
        let whole = self.at;
        // A full stop or an `e` that no digit follows is not part of the number.
        if self.take(".") && self.digits() == 0 {
            self.at = whole;
        }
        let fraction = self.at;
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                self.at = fraction;
            }
        }
        if self.at == whole {
            return integer(&self.text[digits_from..whole], negative);
        }
        (self.at - start <= MOST_DIGITS).then(|| self.text[start..self.at].parse().ok().map(Value::Float))?
    }
}
