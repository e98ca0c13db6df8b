//! [`Answer`]: what a whole answer says, a value, a quantity, several of them, a relation or an interval.

use super::expression::{Constant, Expression};
use super::parse::{self, MAX_TOKENS, Parsed};
use super::rational::Rational;
use super::token::{Bracket, Relation, Token};
use super::unit::{self, Unit};

/// No list is longer.
const MAX_ITEMS: usize = 32;

/// Brackets in brackets, each with several items.
const MAX_DEPTH: usize = 4;

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A formula.
    Value(Parsed),
    /// A number with a unit, and the same signs read as a formula where that can be.
    Quantity(Expression, Unit, Option<Parsed>),
    /// Several answers.
    Several(Listing, Vec<Answer>),
    /// Two sides.
    Relation(Relation, Parsed, Parsed),
    /// All numbers between two.
    Interval(Interval),
    /// Intervals, taken together.
    Union(Vec<Interval>),
}

/// How several answers stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Only separated.
    Bare,
    /// As a set: without order.
    Set,
    /// In these brackets, in order.
    Ordered(Bracket, Bracket),
    /// `1:2`
    Ratio,
}

/// All numbers between two; infinite ends are the constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// The lower end, and whether it belongs.
    pub low: (Expression, bool),
    /// The upper end, and whether it belongs.
    pub high: (Expression, bool),
}

impl Answer {
    /// Reads tokens; `implicit` as for [`parse::formula`], and with it units, ratios and the rest of school notation.
    pub fn read(tokens: &[Token], implicit: bool) -> Option<Self> {
        if tokens.len() > MAX_TOKENS {
            return None;
        }
        Reader { implicit }.several(tokens, 0)
    }

    /// A number alone.
    pub fn number(value: Rational) -> Self {
        Self::Value(Parsed { expression: Expression::Number(value, None), doubtful: false, wordy: false })
    }

    /// The answer as an interval, if it is one or can be read as one.
    pub fn interval(&self) -> Option<Interval> {
        match self {
            Self::Interval(interval) => Some(interval.clone()),
            Self::Several(Listing::Ordered(open, close), items) if *open != Bracket::Curly => {
                let [Self::Value(low), Self::Value(high)] = &items[..] else { return None };
                Some(Interval {
                    low: (low.expression.clone(), *open == Bracket::Square),
                    high: (high.expression.clone(), *close == Bracket::Square),
                })
            }
            Self::Relation(relation, left, right) => half_line(*relation, &left.expression, &right.expression),
            _ => None,
        }
    }
}

struct Reader {
    implicit: bool,
}

impl Reader {
    fn several(&self, tokens: &[Token], depth: usize) -> Option<Answer> {
        if depth > MAX_DEPTH {
            return None;
        }
        let separator = if tokens.contains(&Token::Semicolon) { Token::Semicolon } else { Token::Comma };
        let parts = split(tokens, &separator)?;
        if parts.len() == 1 {
            return self.one(tokens, depth);
        }
        if parts.len() > MAX_ITEMS {
            return None;
        }
        // A comma at the end makes a tuple in programs and nothing in mathematics.
        let parts = if parts.last()?.is_empty() { &parts[..parts.len() - 1] } else { &parts[..] };
        let items = parts.iter().map(|part| self.one(part, depth)).collect::<Option<Vec<_>>>()?;
        Some(Answer::Several(if self.implicit { Listing::Bare } else { ROUND }, items))
    }

    fn one(&self, tokens: &[Token], depth: usize) -> Option<Answer> {
        let [first, .., last] = tokens else { return self.formula(tokens) };
        if self.implicit {
            if let Some(at) = tokens.iter().position(|token| *token == Token::PlusMinus) {
                return self.both_signs(tokens, at, depth);
            }
            let unions = split(tokens, &Token::Union)?;
            if unions.len() > 1 {
                let parts = unions.iter().map(|part| self.one(part, depth + 1)?.interval());
                return Some(Answer::Union(parts.collect::<Option<_>>()?));
            }
            if let [Token::Name(_), Token::In, rest @ ..] = tokens {
                return self.one(rest, depth + 1);
            }
        }
        if let (Token::Open(open), Token::Close(close)) = (first, last)
            && spans(tokens)
            && let Some(bracketed) = self.bracketed(*open, *close, &tokens[1..tokens.len() - 1], depth)
        {
            return Some(bracketed);
        }
        let relations = tokens.iter().filter(|token| matches!(token, Token::Relation(_))).count();
        match relations {
            0 => self.no_relation(tokens),
            1 | 2 => self.relation(tokens),
            _ => None,
        }
    }

    fn both_signs(&self, tokens: &[Token], at: usize, depth: usize) -> Option<Answer> {
        let with = |sign: Token| {
            let mut tokens = tokens.to_vec();
            tokens[at] = sign;
            (!tokens.contains(&Token::PlusMinus)).then(|| self.one(&tokens, depth + 1)).flatten()
        };
        Some(Answer::Several(Listing::Bare, vec![with(Token::Plus)?, with(Token::Minus)?]))
    }

    fn bracketed(&self, open: Bracket, close: Bracket, inner: &[Token], depth: usize) -> Option<Answer> {
        let set = open == Bracket::Curly && close == Bracket::Curly;
        let list = !self.implicit && (open, close) == (Bracket::Square, Bracket::Square);
        match self.several(inner, depth + 1)? {
            Answer::Several(Listing::Bare, items) if set => Some(Answer::Several(Listing::Set, items)),
            Answer::Several(Listing::Bare, items) => Some(Answer::Several(Listing::Ordered(open, close), items)),
            Answer::Several(ROUND, items) if !self.implicit && split(inner, &Token::Comma)?.len() > 1 => {
                let listing = if set { Listing::Set } else { Listing::Ordered(open, close) };
                Some(Answer::Several(listing, items))
            }
            one if set => Some(Answer::Several(Listing::Set, vec![one])),
            one if list => Some(Answer::Several(Listing::Ordered(open, close), vec![one])),
            _ => None,
        }
    }

    fn relation(&self, tokens: &[Token]) -> Option<Answer> {
        let mut sides = Vec::new();
        let mut relations = Vec::new();
        let mut start = 0;
        for (at, token) in tokens.iter().enumerate() {
            if let Token::Relation(relation) = token {
                sides.push(&tokens[start..at]);
                relations.push(*relation);
                start = at + 1;
            }
        }
        sides.push(&tokens[start..]);
        // `= 42` is 42.
        if self.implicit && sides.len() == 2 && sides[0].is_empty() && relations[0] == Relation::Equal {
            return self.no_relation(sides[1]);
        }
        if let [left, right] = sides[..]
            && self.implicit
            && relations[0] == Relation::Equal
            && let [Token::Name(_)] = left
            && let Some(quantity @ Answer::Quantity(..)) = self.no_relation(right)
        {
            // `v = 5 m/s` is 5 m/s.
            return Some(quantity);
        }
        let sides = sides.iter().map(|side| parse::formula(side, self.implicit)).collect::<Option<Vec<_>>>()?;
        match (&sides[..], &relations[..]) {
            ([left, right], [relation]) => Some(Answer::Relation(*relation, left.clone(), right.clone())),
            ([low, middle, high], [first, second]) => {
                middle.expression.symbol()?;
                chain(low, *first, *second, high)
            }
            _ => None,
        }
    }

    fn no_relation(&self, tokens: &[Token]) -> Option<Answer> {
        if self.implicit {
            let ratio = split(tokens, &Token::Colon)?;
            if ratio.len() > 1 {
                let parts = ratio.iter().map(|part| self.formula(part)).collect::<Option<Vec<_>>>()?;
                return Some(Answer::Several(Listing::Ratio, parts));
            }
            if let Some((value, unit)) = unit::quantity(tokens) {
                return Some(Answer::Quantity(value, unit, parse::formula(tokens, true)));
            }
        }
        self.formula(tokens)
    }

    fn formula(&self, tokens: &[Token]) -> Option<Answer> {
        // `0-10` is a range and `2024-01-05` a date before either is a difference.
        if self.implicit && is_range(tokens) {
            return None;
        }
        parse::formula(tokens, self.implicit).map(Answer::Value)
    }
}

const ROUND: Listing = Listing::Ordered(Bracket::Round, Bracket::Round);

/// Numbers with a dash between them.
fn is_range(tokens: &[Token]) -> bool {
    let number = |token: &Token| matches!(token, Token::Number(..));
    let dashed = |(at, token): (usize, &Token)| if at % 2 == 0 { number(token) } else { *token == Token::Minus };
    tokens.len() > 1 && tokens.iter().enumerate().all(dashed)
}

/// The parts between `separator`s outside of brackets; `None` where brackets do not close.
fn split<'a>(tokens: &'a [Token], separator: &Token) -> Option<Vec<&'a [Token]>> {
    let mut parts = Vec::new();
    let mut depth = 0usize;
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.checked_sub(1)?,
            _ if depth == 0 && token == separator => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..]);
    (depth == 0).then_some(parts)
}

/// Whether the first bracket is closed by the last token.
fn spans(tokens: &[Token]) -> bool {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1 == tokens.len();
        }
    }
    false
}

/// `x > 1` as the numbers above 1.
fn half_line(relation: Relation, left: &Expression, right: &Expression) -> Option<Interval> {
    let (relation, bound) = match (left.symbol(), right.symbol()) {
        (Some(_), None) if !right.has_symbol() => (relation, right.clone()),
        (None, Some(_)) if !left.has_symbol() => (relation.swapped(), left.clone()),
        _ => return None,
    };
    let infinity = Expression::Constant(Constant::Infinity);
    let above = |belongs| Interval { low: (bound.clone(), belongs), high: (infinity.clone(), false) };
    let below = |belongs| Interval { low: (infinity.clone().negated(), false), high: (bound.clone(), belongs) };
    match relation {
        Relation::Greater => Some(above(false)),
        Relation::GreaterOrEqual => Some(above(true)),
        Relation::Less => Some(below(false)),
        Relation::LessOrEqual => Some(below(true)),
        Relation::Equal | Relation::Unequal => None,
    }
}

/// `1 < x <= 2`, in either direction.
fn chain(low: &Parsed, first: Relation, second: Relation, high: &Parsed) -> Option<Answer> {
    let belongs = |relation| match relation {
        Relation::Less => Some(false),
        Relation::LessOrEqual => Some(true),
        _ => None,
    };
    if let (Some(lower), Some(upper)) = (belongs(first), belongs(second)) {
        let (low, high) = (low.expression.clone(), high.expression.clone());
        return Some(Answer::Interval(Interval { low: (low, lower), high: (high, upper) }));
    }
    let (lower, upper) = (belongs(second.swapped())?, belongs(first.swapped())?);
    let (low, high) = (high.expression.clone(), low.expression.clone());
    Some(Answer::Interval(Interval { low: (low, lower), high: (high, upper) }))
}
