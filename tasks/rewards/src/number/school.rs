//! Formulas as people and models write them: LaTeX, Unicode signs, units, words and Chinese numerals, mixed at will.
//!
//! `\frac{3}{4}`, `3×10⁵ m/s`, `1 1/2`, `１２％`, `三分之二`, `twenty-one`, `x = \pm\sqrt{2}`, `45°30'`, `[1, \infty)`.

use num_bigint::BigInt;

use super::expression::Written;
use super::parse::{GREEK, MAX_TOKENS};
use super::plain::plain;
use super::rational::Rational;
use super::token::{Bracket, Relation, Token, function};
use super::{chinese, command, english, literal, unit, unit_table};

/// No text longer than this, in bytes, is read as a formula.
const MAX_LENGTH: usize = 4_096;

/// Arguments of commands in arguments of commands.
const MAX_DEPTH: usize = 24;

/// The tokens of `text`, `None` where it holds anything that is not in the notation.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let text = plain(text)?;
    let mut tokens = Vec::new();
    if let Some((value, end)) = english::read(&text) {
        let written = Written { last: 0, significant: 0, decimal: false };
        tokens.push(Token::Number(value, written));
        let mut rest = Vec::new();
        scan(&text[end..], &mut rest, true, 0)?;
        if !rest.is_empty() && !unit::is_unit(&rest) {
            return None;
        }
        tokens.append(&mut rest);
        return Some(tokens);
    }
    scan(&text, &mut tokens, true, 0)?;
    (!tokens.is_empty()).then_some(tokens)
}

/// Appends the tokens of `text`. `commas`: as for [`literal::read`].
pub fn scan(text: &str, tokens: &mut Vec<Token>, commas: bool, depth: usize) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut scanner = Scanner { rest: text, tokens, commas, open: 0, depth };
    while !scanner.rest.is_empty() {
        scanner.step()?;
        if scanner.tokens.len() > MAX_TOKENS {
            return None;
        }
    }
    Some(())
}

/// A place in a text, and what was read before it.
pub struct Scanner<'a, 'b> {
    /// What is still to be read.
    pub rest: &'a str,
    /// What was read.
    pub tokens: &'b mut Vec<Token>,
    /// Whether commas may group digits outside of brackets.
    pub commas: bool,
    /// How many brackets are open.
    open: usize,
    /// How deep in arguments of commands.
    pub depth: usize,
}

impl<'a> Scanner<'a, '_> {
    fn step(&mut self) -> Option<()> {
        let first = self.rest.chars().next()?;
        let second = self.rest[first.len_utf8()..].chars().next().unwrap_or('\0');
        match first {
            ' ' => {
                self.rest = self.rest.trim_start_matches(' ');
                Some(())
            }
            '0'..='9' => self.number(),
            '.' if second.is_ascii_digit() => self.number(),
            'a'..='z' | 'A'..='Z' => self.letters(),
            '\\' => command::read(self),
            '^' => self.caret(),
            _ if !first.is_ascii() => self.foreign(first),
            _ => self.sign(first, second),
        }
    }

    /// Adds a token that takes `length` bytes.
    pub fn push(&mut self, token: Token, length: usize) {
        self.tokens.push(token);
        self.rest = &self.rest[length..];
    }

    fn number(&mut self) -> Option<()> {
        let (value, written, length) = literal::read(self.rest, self.commas && self.open == 0)?;
        let (mut value, mut written) = (value, written);
        self.rest = &self.rest[length..];
        if !written.decimal
            && let Some((fraction, length)) = mixed(self.rest)
        {
            value = value.add(&fraction)?;
            self.rest = &self.rest[length..];
        }
        let next = self.rest.trim_start_matches(' ');
        let character = next.chars().next().unwrap_or('\0');
        if let Some(multiplier) = chinese::multiplier(character).filter(|_| unit_table::chinese_prefix(next).is_none())
        {
            value = value.multiply(&Rational::whole(i64::try_from(multiplier).ok()?))?;
            written.last += i64::from(multiplier.ilog10());
            self.rest = &next[character.len_utf8()..];
        }
        let next = self.rest.trim_start_matches(' ');
        let word = &next[..next.bytes().take_while(u8::is_ascii_alphabetic).count()];
        let exponent = match word {
            "thousand" => 3,
            "million" => 6,
            "billion" => 9,
            "trillion" => 12,
            _ => 0,
        };
        if exponent > 0 {
            value = value.multiply(&Rational::scaled("1", 10, exponent)?)?;
            written.last += exponent;
            self.rest = &next[word.len()..];
        }
        self.tokens.push(Token::Number(value, written));
        // `3 x 10^5`: the letter stands for the sign.
        let next = self.rest.trim_start_matches(' ');
        if let Some(after) = next.strip_prefix(['x', 'X'])
            && let Some(power) = after.trim_start_matches(' ').strip_prefix("10")
            && power.trim_start_matches(' ').starts_with(['^', '*'])
        {
            self.tokens.push(Token::Star);
            self.rest = after;
        }
        Some(())
    }

    fn letters(&mut self) -> Option<()> {
        let length = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = &self.rest[..length];
        let token = match word {
            "and" | "or" => Token::Comma,
            "per" => Token::Slash,
            "times" => Token::Star,
            // `5 m/sec`; the secant has an argument.
            "sec" if self.rest[length..].trim_start_matches(' ').is_empty() => Token::Name("s".into()),
            "log" | "lg" => {
                self.rest = &self.rest[length..];
                return command::logarithm(self);
            }
            _ => match function(word) {
                Some(function) => Token::Function(function),
                None => return self.name(word, length),
            },
        };
        self.push(token, length);
        Some(())
    }

    /// A name with its subscript, which takes `length` bytes without it.
    pub fn name(&mut self, name: &str, length: usize) -> Option<()> {
        self.rest = &self.rest[length..];
        let Some(after) = self.rest.strip_prefix('_') else {
            self.tokens.push(Token::Name(name.into()));
            return Some(());
        };
        self.rest = after;
        let subscript = command::argument(self)?;
        let simple = |character: char| character.is_alphanumeric();
        if subscript.is_empty() || !subscript.chars().all(simple) {
            return None;
        }
        self.tokens.push(Token::Name(format!("{name}_{subscript}").into()));
        Some(())
    }

    fn caret(&mut self) -> Option<()> {
        for degree in ["^\\circ", "^{\\circ}", "^°", "^{°}", "^\\degree"] {
            if self.rest.starts_with(degree) {
                self.push(Token::Degree, degree.len());
                return Some(());
            }
        }
        for (prime, second) in [("^{\\prime\\prime}", true), ("^{\\prime}", false), ("^\\prime", false)] {
            if self.rest.starts_with(prime) {
                self.push(Token::Prime(second), prime.len());
                return Some(());
            }
        }
        self.push(Token::Caret, 1);
        Some(())
    }

    /// Letters and signs beyond ASCII that have no spelling in it.
    fn foreign(&mut self, first: char) -> Option<()> {
        let length = first.len_utf8();
        if let Some(token) = foreign_sign(first) {
            self.push(token, length);
            return Some(());
        }
        if let Some(name) = greek(first) {
            return self.name(name, length);
        }
        if let Some(length) = unit_table::chinese_prefix(self.rest) {
            self.push(Token::Name(self.rest[..length].into()), length);
            return Some(());
        }
        let numeral: usize =
            self.rest.chars().take_while(|character| chinese::is_numeral(*character)).map(char::len_utf8).sum();
        if let Some(value) = chinese::read(&self.rest[..numeral]) {
            let decimals = self.rest[..numeral].split_once('点').map_or(0, |(_, decimals)| decimals.chars().count());
            let last = -i64::try_from(decimals).ok()?;
            self.push(
                Token::Number(value, Written { last, significant: decimals + 1, decimal: decimals > 0 }),
                numeral,
            );
            return Some(());
        }
        if !first.is_alphabetic() {
            return None;
        }
        let length = self.rest.chars().take_while(|letter| !letter.is_ascii() && letter.is_alphabetic());
        let length: usize = length.map(char::len_utf8).sum();
        self.push(Token::Name(self.rest[..length].into()), length);
        Some(())
    }

    fn sign(&mut self, first: char, second: char) -> Option<()> {
        let (token, length) = match (first, second) {
            ('*', '*') => (Token::Caret, 2),
            ('+', '/') if self.rest.starts_with("+/-") => (Token::PlusMinus, 3),
            ('<', '=') => (Token::Relation(Relation::LessOrEqual), 2),
            ('>', '=') => (Token::Relation(Relation::GreaterOrEqual), 2),
            ('!', '=') => (Token::Relation(Relation::Unequal), 2),
            ('=', '=') => (Token::Relation(Relation::Equal), 2),
            ('\'', '\'') => (Token::Prime(true), 2),
            ('*', _) => (Token::Star, 1),
            ('/', _) => (Token::Slash, 1),
            ('+', _) => (Token::Plus, 1),
            ('-', _) => (Token::Minus, 1),
            ('!', _) => (Token::Bang, 1),
            ('%', _) => (Token::Percent, 1),
            ('=', _) => (Token::Relation(Relation::Equal), 1),
            ('<', _) => (Token::Relation(Relation::Less), 1),
            ('>', _) => (Token::Relation(Relation::Greater), 1),
            ('|', _) => (Token::Bar, 1),
            (',', _) => (Token::Comma, 1),
            (';', _) => (Token::Semicolon, 1),
            (':', _) => (Token::Colon, 1),
            ('\'', _) => (Token::Prime(false), 1),
            ('"', _) => (Token::Prime(true), 1),
            ('$', _) => (Token::Name("$".into()), 1),
            _ => {
                let (bracket, opens) = bracket(first)?;
                self.open = if opens { self.open + 1 } else { self.open.checked_sub(1)? };
                (if opens { Token::Open(bracket) } else { Token::Close(bracket) }, 1)
            }
        };
        self.push(token, length);
        Some(())
    }

    /// Adds a bracket written as a command.
    pub fn bracket(&mut self, sign: char) -> Option<()> {
        let (bracket, opens) = bracket(sign)?;
        self.open = if opens { self.open + 1 } else { self.open.checked_sub(1)? };
        self.tokens.push(if opens { Token::Open(bracket) } else { Token::Close(bracket) });
        Some(())
    }

    /// Adds a part in parentheses of its own.
    pub fn group(&mut self, text: &'a str) -> Option<()> {
        self.tokens.push(Token::Open(Bracket::Round));
        scan(text, self.tokens, true, self.depth + 1)?;
        self.tokens.push(Token::Close(Bracket::Round));
        Some(())
    }
}

fn bracket(sign: char) -> Option<(Bracket, bool)> {
    Some(match sign {
        '(' => (Bracket::Round, true),
        ')' => (Bracket::Round, false),
        '[' => (Bracket::Square, true),
        ']' => (Bracket::Square, false),
        '{' => (Bracket::Curly, true),
        '}' => (Bracket::Curly, false),
        _ => return None,
    })
}

fn foreign_sign(sign: char) -> Option<Token> {
    Some(match sign {
        '°' | 'º' => Token::Degree,
        '±' => Token::PlusMinus,
        '≤' | '⩽' | '≦' => Token::Relation(Relation::LessOrEqual),
        '≥' | '⩾' | '≧' => Token::Relation(Relation::GreaterOrEqual),
        '≠' => Token::Relation(Relation::Unequal),
        '∪' => Token::Union,
        '∈' => Token::In,
        '′' => Token::Prime(false),
        '″' => Token::Prime(true),
        '√' => Token::Function(super::expression::Function::Sqrt),
        '∞' => Token::Name("infty".into()),
        '€' => Token::Name("€".into()),
        '¥' | '￥' => Token::Name("¥".into()),
        '、' | '和' | '或' => Token::Comma,
        'Å' | '\u{212B}' => Token::Name("Å".into()),
        'ℓ' => Token::Name("ℓ".into()),
        _ => return None,
    })
}

/// The name of a Greek letter.
fn greek(letter: char) -> Option<&'static str> {
    let name = match letter {
        'α' => "alpha",
        'β' => "beta",
        'γ' => "gamma",
        'δ' => "delta",
        'ε' | 'ϵ' => "epsilon",
        'ζ' => "zeta",
        'η' => "eta",
        'θ' | 'ϑ' => "theta",
        'κ' => "kappa",
        'λ' => "lambda",
        'μ' | 'µ' => "mu",
        'ν' => "nu",
        'ξ' => "xi",
        'π' => return Some("pi"),
        'ρ' => "rho",
        'σ' => "sigma",
        'τ' => "tau",
        'φ' | 'ϕ' => "phi",
        'χ' => "chi",
        'ψ' => "psi",
        'ω' => "omega",
        'Γ' => "Gamma",
        'Δ' | '∆' => "Delta",
        'Θ' => "Theta",
        'Λ' => "Lambda",
        'Σ' => "Sigma",
        'Φ' => "Phi",
        'Ψ' => "Psi",
        'Ω' | '\u{2126}' => "Omega",
        _ => return None,
    };
    GREEK.contains(&name).then_some(name)
}

/// The fraction that follows a whole number: ` 1/2` after a blank, or `\frac{1}{2}`; and its length.
fn mixed(text: &str) -> Option<(Rational, usize)> {
    let trimmed = text.trim_start_matches(' ');
    let blanks = text.len() - trimmed.len();
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let fraction = |numerator: &str, denominator: &str| {
        let read = |digits: &str| BigInt::parse_bytes(digits.as_bytes(), 10);
        let short = numerator.len() <= 18 && denominator.len() <= 18;
        let value = Rational::ratio(read(numerator).filter(|_| short)?, read(denominator)?)?;
        (value < Rational::whole(1)).then_some(value)
    };
    for command in ["\\frac", "\\dfrac", "\\tfrac"] {
        let Some(rest) = trimmed.strip_prefix(command) else { continue };
        let (numerator, denominator, length) = if let Some(inner) = rest.strip_prefix('{') {
            let first = digits(inner);
            let inner = inner[first..].strip_prefix("}{").map(|second| (&inner[..first], second))?;
            let second = digits(inner.1);
            inner.1[second..].starts_with('}').then_some(())?;
            (inner.0, &inner.1[..second], first + second + 4)
        } else if digits(rest) == 2 {
            (&rest[..1], &rest[1..2], 2)
        } else {
            return None;
        };
        return Some((fraction(numerator, denominator)?, blanks + command.len() + length));
    }
    let first = digits(trimmed);
    let second = trimmed[first..].strip_prefix('/').map(digits).unwrap_or(0);
    let end = first + 1 + second;
    if blanks == 0 || first == 0 || second == 0 || trimmed[end..].starts_with(['/', '.', ',']) {
        return None;
    }
    Some((fraction(&trimmed[..first], &trimmed[first + 1..end])?, blanks + end))
}
