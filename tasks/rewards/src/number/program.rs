//! Formulas written as in a Python program, the notation that the published system reads (sympy's `sympify`).
//!
//! Nothing is evaluated as code: this is a list of literals, operators and a few names. Numbers have no leading zeros, a
//! multiplication sign is never left out, `^` is a power.

use super::expression::Written;
use super::rational::Rational;
use super::token::{Bracket, Relation, Token, function};

/// No text longer than this, in bytes, is read as a formula.
const MAX_LENGTH: usize = 8_192;

/// Names that sympy gives another meaning than that of an unknown, and words of the language.
const TAKEN: [&str; 24] = [
    "S", "N", "O", "Q", "True", "False", "None", "and", "or", "not", "in", "is", "if", "else", "for", "lambda", "del",
    "def", "zoo", "nan", "test", "beta", "gamma", "zeta",
];

/// The tokens of `text`, `None` for anything that is not in the notation.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    if text.len() > MAX_LENGTH || !text.is_ascii() || text.trim() != text {
        return None;
    }
    let mut scanner = Scanner { bytes: text.as_bytes(), text, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = scanner.next()? {
        tokens.push(token);
    }
    (!tokens.is_empty()).then_some(tokens)
}

/// A number with commas between groups of three digits, which Python reads as several numbers.
pub fn grouped(text: &str) -> Option<Rational> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let mut joined = String::from(first);
    let mut count = 0;
    for group in groups {
        // The published reader refuses `012`, but reads `000`.
        let read = group.len() == 3 && (!group.starts_with('0') || group == "000");
        if !read {
            return None;
        }
        joined.push_str(group);
        count += 1;
    }
    joined.push_str(fraction);
    let fine = count > 0 && (1..=3).contains(&first.len()) && !first.starts_with('0');
    if !fine || !joined.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Rational::scaled(&joined, 10, -i64::try_from(fraction.len()).ok()?)?.multiply(&Rational::whole(sign))
}

struct Scanner<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The next token; `Some(None)` at the end, `None` where there is none to read.
    #[allow(clippy::option_option, reason = "the end of the text is no failure")]
    fn next(&mut self) -> Option<Option<Token>> {
        while matches!(self.byte(0), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        if self.at >= self.bytes.len() {
            return Some(None);
        }
        let byte = self.byte(0);
        if byte.is_ascii_digit() || (byte == b'.' && self.byte(1).is_ascii_digit()) {
            return self.number().map(Some);
        }
        if byte.is_ascii_alphabetic() || byte == b'_' {
            return self.name().map(Some);
        }
        let (token, length) = match (byte, self.byte(1)) {
            (b'*', b'*') => (Token::Caret, 2),
            (b'<', b'=') => (Token::Relation(Relation::LessOrEqual), 2),
            (b'>', b'=') => (Token::Relation(Relation::GreaterOrEqual), 2),
            (b'*', _) => (Token::Star, 1),
            (b'/', next) if next != b'/' => (Token::Slash, 1),
            (b'^', _) => (Token::Caret, 1),
            (b'+', _) => (Token::Plus, 1),
            (b'-', _) => (Token::Minus, 1),
            (b'!', next) if next != b'=' => (Token::Bang, 1),
            (b'<', _) => (Token::Relation(Relation::Less), 1),
            (b'>', _) => (Token::Relation(Relation::Greater), 1),
            (b'(', _) => (Token::Open(Bracket::Round), 1),
            (b')', _) => (Token::Close(Bracket::Round), 1),
            (b'[', _) => (Token::Open(Bracket::Square), 1),
            (b']', _) => (Token::Close(Bracket::Square), 1),
            (b'{', _) => (Token::Open(Bracket::Curly), 1),
            (b'}', _) => (Token::Close(Bracket::Curly), 1),
            (b',', _) => (Token::Comma, 1),
            _ => return None,
        };
        self.at += length;
        Some(Some(token))
    }

    fn name(&mut self) -> Option<Token> {
        let start = self.at;
        while self.byte(0).is_ascii_alphanumeric() || self.byte(0) == b'_' {
            self.at += 1;
        }
        let name = &self.text[start..self.at];
        if TAKEN.contains(&name) || name.starts_with('_') {
            return None;
        }
        if name == "log" {
            return Some(Token::Logarithm(false));
        }
        if name.starts_with("arc") {
            return Some(Token::Name(name.into()));
        }
        Some(function(name).map_or_else(|| Token::Name(name.into()), Token::Function))
    }

    fn number(&mut self) -> Option<Token> {
        let radix = match (self.byte(0), self.byte(1).to_ascii_lowercase()) {
            (b'0', b'x') => 16,
            (b'0', b'o') => 8,
            (b'0', b'b') => 2,
            _ => return self.decimal(),
        };
        self.at += 2;
        let digits = self.digits(|byte| (byte as char).is_digit(radix))?;
        if digits.is_empty() || self.byte(0).is_ascii_alphanumeric() {
            return None;
        }
        let written = Written { last: 0, significant: digits.len(), decimal: false };
        Some(Token::Number(Rational::scaled(&digits, radix, 0)?, written))
    }

    fn decimal(&mut self) -> Option<Token> {
        let whole = self.digits(|byte| byte.is_ascii_digit())?;
        let mut decimal = false;
        let mut fraction = String::new();
        if self.byte(0) == b'.' {
            self.at += 1;
            decimal = true;
            fraction = self.digits(|byte| byte.is_ascii_digit())?;
            // `42.` is a number in Python, but a sound case takes the point for that of a sentence.
            if fraction.is_empty() {
                return None;
            }
        }
        let mut exponent = 0;
        let signed = matches!(self.byte(1), b'+' | b'-');
        if matches!(self.byte(0), b'e' | b'E') && self.byte(1 + usize::from(signed)).is_ascii_digit() {
            let negative = self.byte(1) == b'-';
            self.at += 1 + usize::from(signed);
            decimal = true;
            exponent = self.digits(|byte| byte.is_ascii_digit())?.parse::<i64>().ok()?;
            exponent = if negative { -exponent } else { exponent };
        }
        // `012` is no number in Python, `0012.5` and `000` are.
        let zero_led = whole.len() > 1 && whole.starts_with('0') && whole.bytes().any(|byte| byte != b'0');
        if (zero_led && !decimal) || self.byte(0).is_ascii_alphanumeric() || matches!(self.byte(0), b'_' | b'.') {
            return None;
        }
        let last = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let digits = whole + &fraction;
        let written = Written { last, significant: digits.trim_start_matches('0').len(), decimal };
        Some(Token::Number(Rational::scaled(&digits, 10, last)?, written))
    }

    /// Digits with single underscores between them.
    fn digits(&mut self, is_digit: impl Fn(u8) -> bool) -> Option<String> {
        let mut digits = String::new();
        loop {
            let byte = self.byte(0);
            if is_digit(byte) {
                digits.push(byte as char);
            } else if byte != b'_' || digits.is_empty() || !is_digit(self.byte(1)) {
                return Some(digits);
            }
            self.at += 1;
        }
    }
}
