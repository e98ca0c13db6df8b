//! The literals of Python: texts in every quoting, numbers, lists, tuples, dictionaries, constants, comments.

use super::{Budget, MOST_DIGITS, Repeats, Value, character, integer};

/// Reads a whole text.
pub(super) fn read(text: &str, repeats: Repeats) -> Option<Value> {
    if text.contains('\0') {
        return None;
    }
    let mut reader = Reader { text, at: 0, budget: Budget::new(repeats) };
    reader.blanks(true);
    let value = reader.value()?;
    // After the end of its line nothing but blank lines and comments may follow, and those do no harm.
    reader.blanks(true);
    (reader.at == text.len()).then_some(value)
}

/// Reads one literal at the start of a text.
pub(super) fn read_prefix(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader { text, at: 0, budget: Budget::new(Repeats::Refused) };
    let value = reader.value()?;
    Some((value, reader.at))
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

    fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Passes blanks and comments; line breaks too within brackets.
    fn blanks(&mut self, within_brackets: bool) {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\x0c') => self.at += 1,
                Some(b'\n' | b'\r') if within_brackets => self.at += 1,
                Some(b'#') => {
                    let rest = self.rest();
                    self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
                }
                Some(b'\\') if self.rest().starts_with("\\\n") => self.at += 2,
                _ => return,
            }
        }
    }

    fn value(&mut self) -> Option<Value> {
        self.budget.value()?;
        match self.byte()? {
            b'{' => self.object(),
            b'[' => self.items("]").map(|(items, _)| Value::List(items)),
            b'(' => {
                let (mut items, trailing) = self.items(")")?;
                // Brackets around one value without a comma are only brackets.
                if items.len() == 1 && !trailing { items.pop() } else { Some(Value::Tuple(items)) }
            }
            b'"' | b'\'' => self.strings(),
            _ if self.at_string() => self.strings(),
            b'+' | b'-' | b'.' | b'0'..=b'9' => self.signed(),
            _ => self.constant(),
        }
    }

    fn constant(&mut self) -> Option<Value> {
        let rest = self.rest();
        let name = &rest[..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())];
        let value = match name {
            "True" | "true" => Value::Bool(true),
            "False" | "false" => Value::Bool(false),
            "None" | "null" => Value::Null,
            _ => return None,
        };
        self.at += name.len();
        Some(value)
    }

    /// The values between brackets, and whether a comma stood after the last.
    fn items(&mut self, close: &str) -> Option<(Vec<Value>, bool)> {
        self.budget.enter()?;
        self.at += 1;
        let mut items = Vec::new();
        let mut trailing = false;
        loop {
            self.blanks(true);
            if self.take(close) {
                break;
            }
            if !items.is_empty() && !trailing {
                return None;
            }
            items.push(self.value()?);
            self.blanks(true);
            trailing = self.take(",");
        }
        self.budget.leave();
        Some((items, trailing))
    }

    fn object(&mut self) -> Option<Value> {
        self.budget.enter()?;
        self.at += 1;
        let mut entries = Vec::new();
        let mut separated = true;
        loop {
            self.blanks(true);
            if self.take("}") {
                break;
            }
            if !separated {
                return None;
            }
            let key = self.value()?;
            if !hashable(&key) {
                return None;
            }
            self.blanks(true);
            if !self.take(":") {
                return None;
            }
            self.blanks(true);
            let value = self.value()?;
            self.budget.insert(&mut entries, key, value)?;
            self.blanks(true);
            separated = self.take(",");
        }
        self.budget.leave();
        Some(Value::Object(entries))
    }

    /// Whether a text begins here, with or without a prefix.
    fn at_string(&self) -> bool {
        let quote = |place: usize| matches!(self.text.as_bytes().get(place), Some(b'"' | b'\''));
        let prefixed = matches!(self.byte(), Some(b'u' | b'U' | b'r' | b'R' | b'f' | b'F'));
        quote(self.at) || (prefixed && quote(self.at + 1))
    }

    /// Texts that stand side by side are one.
    fn strings(&mut self) -> Option<Value> {
        let mut read = String::new();
        loop {
            let prefix = self.byte().filter(u8::is_ascii_alphabetic);
            self.at += usize::from(prefix.is_some());
            let start = self.at;
            self.string(matches!(prefix, Some(b'r' | b'R')), &mut read)?;
            // An f-string is data only as long as nothing is put into it.
            if matches!(prefix, Some(b'f' | b'F')) && self.text[start..self.at].contains(['{', '}']) {
                return None;
            }
            let back = self.at;
            self.blanks(self.budget.depth > 0);
            if !self.at_string() {
                self.at = back;
                return Some(Value::Text(read));
            }
        }
    }

    fn string(&mut self, raw: bool, read: &mut String) -> Option<()> {
        let mark = if self.byte()? == b'"' { '"' } else { '\'' };
        let triple = if mark == '"' { "\"\"\"" } else { "'''" };
        let long = self.take(triple);
        if !long {
            self.at += 1;
        }
        loop {
            let rest = self.rest();
            let plain = rest.find([mark, '\\', '\n', '\r'])?;
            read.push_str(&rest[..plain]);
            self.at += plain;
            match rest.as_bytes()[plain] {
                b'\\' => {
                    self.at += 1;
                    self.escape(raw, read)?;
                }
                b'\n' | b'\r' => {
                    if !long {
                        return None;
                    }
                    self.line_break();
                    read.push('\n');
                }
                _ if !long => {
                    self.at += 1;
                    return Some(());
                }
                _ if self.take(triple) => return Some(()),
                _ => {
                    read.push(mark);
                    self.at += 1;
                }
            }
        }
    }

    fn line_break(&mut self) {
        if !self.take("\r\n") {
            self.at += 1;
        }
    }

    fn escape(&mut self, raw: bool, read: &mut String) -> Option<()> {
        let kind = self.rest().chars().next()?;
        if raw || !"\n\r\\'\"abfnrtvxuUN01234567".contains(kind) {
            read.push('\\');
            if matches!(kind, '\n' | '\r') {
                self.line_break();
                read.push('\n');
            } else {
                self.at += kind.len_utf8();
                read.push(kind);
            }
            return Some(());
        }
        if matches!(kind, '\n' | '\r') {
            self.line_break();
            return Some(());
        }
        if kind.is_digit(8) {
            let rest = self.rest();
            let length = rest.bytes().take(3).take_while(|byte| (b'0'..b'8').contains(byte)).count();
            self.at += length;
            read.push(char::from_u32(u32::from_str_radix(&rest[..length], 8).ok()?)?);
            return Some(());
        }
        self.at += 1;
        read.push(match kind {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            // A character by its name: a table of 30,000 that no action needs.
            'N' => return None,
            quote => quote,
        });
        Some(())
    }

    fn code(&mut self, length: usize) -> Option<char> {
        let digits = self.rest().get(..length)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += length;
        character(u32::from_str_radix(digits, 16).ok()?)
    }

    fn signed(&mut self) -> Option<Value> {
        let mut negative = false;
        while let Some(sign @ (b'+' | b'-')) = self.byte() {
            negative ^= sign == b'-';
            self.at += 1;
            self.blanks(false);
        }
        self.number(negative)
    }

    fn number(&mut self, negative: bool) -> Option<Value> {
        let rest = self.rest();
        let base = match rest.as_bytes() {
            [b'0', b'x' | b'X', ..] => 16,
            [b'0', b'o' | b'O', ..] => 8,
            [b'0', b'b' | b'B', ..] => 2,
            _ => 10,
        };
        if base != 10 {
            self.at += 2;
            self.take("_");
            let digits = self.digits(base)?;
            self.number_ends()?;
            // Wider integers than these stand in no action.
            let value = u128::from_str_radix(&digits, base).ok()?;
            return integer(&value.to_string(), negative);
        }
        let whole = if self.byte()? == b'.' { String::new() } else { self.digits(10)? };
        let mut written = whole.clone();
        let mut float = false;
        if self.take(".") {
            float = true;
            written.push('.');
            if self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
                written.push_str(&self.digits(10)?);
            } else if whole.is_empty() {
                return None;
            }
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            float = true;
            self.at += 1;
            written.push('e');
            if let Some(sign @ (b'+' | b'-')) = self.byte() {
                written.push(char::from(sign));
                self.at += 1;
            }
            written.push_str(&self.digits(10)?);
        }
        self.number_ends()?;
        if float {
            let value: f64 = written.parse().ok()?;
            return Some(Value::Float(if negative { -value } else { value }));
        }
        if whole.len() > 1 && whole.starts_with('0') && whole.bytes().any(|byte| byte != b'0') {
            return None;
        }
        integer(&whole, negative)
    }

    /// Digits with single underscores between them, which are left out.
    fn digits(&mut self, base: u32) -> Option<String> {
        let mut digits = String::new();
        loop {
            let rest = self.rest();
            let length = rest.bytes().take_while(|&byte| char::from(byte).is_digit(base)).count();
            if length == 0 || digits.len() + length > MOST_DIGITS {
                return None;
            }
            digits.push_str(&rest[..length]);
            self.at += length;
            if !self.take("_") {
                return Some(digits);
            }
        }
    }

    /// No letter may touch a number: `5j` is complex, `5if` a condition.
    fn number_ends(&self) -> Option<()> {
        let next = self.rest().chars().next();
        (!next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))).then_some(())
    }
}

fn hashable(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Object(_) => false,
        Value::Tuple(items) => items.iter().all(hashable),
        _ => true,
    }
}
