//! [`Unit`]: what a number counts, as powers of base units with a scale, and the quantity that tokens say.

use super::expression::{Constant, Expression, Operation};
use super::parse;
use super::rational::Rational;
use super::token::{Bracket, Token};
use super::unit_table::{self, Entry};

/// How many base units there are: m, kg, s, A, K, mol, cd, degree of arc, bit, $, €, ¥.
pub const BASES: usize = 12;

/// Powers of units above this are refused.
const MAX_POWER: u64 = 12;

/// A unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// The power of each base unit.
    pub powers: [i8; BASES],
    /// How many base units one of these is.
    pub scale: Rational,
    /// The scale is further divided by π: radians, counted in degrees.
    pub per_pi: bool,
    /// What is added after scaling: temperatures.
    pub offset: Rational,
    /// Written as a share: `%`, ppm.
    pub share: bool,
}

impl Unit {
    /// 1.
    pub fn none() -> Self {
        Self { powers: [0; BASES], scale: Rational::whole(1), per_pi: false, offset: Rational::whole(0), share: false }
    }

    /// Whether it is a unit of angle.
    pub fn is_angle(&self) -> bool {
        let mut powers = [0; BASES];
        powers[unit_table::ANGLE] = 1;
        self.powers == powers
    }

    /// Whether it is a unit of temperature.
    pub fn is_temperature(&self) -> bool {
        self.powers == unit_table::TEMPERATURE
    }

    /// Whether it is the coulomb: an ampere for a second.
    pub fn is_coulomb(&self) -> bool {
        self.powers == unit_table::CHARGE && self.scale == Rational::whole(1)
    }

    /// `value` of this unit in base units.
    pub fn in_base_units(&self, value: &Expression) -> Expression {
        let number = |value: &Rational| Expression::Number(value.clone(), None);
        let mut scaled = Expression::binary(Operation::Multiply, value.clone(), number(&self.scale));
        if self.per_pi {
            scaled = Expression::binary(Operation::Divide, scaled, Expression::Constant(Constant::Pi));
        }
        Expression::binary(Operation::Add, scaled, number(&self.offset))
    }

    fn raised(&self, power: i64) -> Option<Self> {
        if power == 1 {
            return Some(self.clone());
        }
        if power.unsigned_abs() > MAX_POWER || self.per_pi || power == 0 {
            return None;
        }
        let mut powers = self.powers;
        for each in &mut powers {
            *each = i8::try_from(i64::from(*each) * power).ok()?;
        }
        // An offset has no meaning in powers and products: degrees are differences there.
        Some(Self { powers, scale: self.scale.power(power)?, offset: Rational::whole(0), ..self.clone() })
    }

    fn times(&self, other: &Self) -> Option<Self> {
        let mut powers = self.powers;
        for (each, more) in powers.iter_mut().zip(other.powers) {
            *each = each.checked_add(more)?;
        }
        if self.per_pi && other.per_pi {
            return None;
        }
        Some(Self {
            powers,
            scale: self.scale.multiply(&other.scale)?,
            per_pi: self.per_pi || other.per_pi,
            offset: Rational::whole(0),
            share: false,
        })
    }
}

impl From<Entry> for Unit {
    fn from(entry: Entry) -> Self {
        Self {
            powers: entry.powers,
            scale: entry.scale,
            per_pi: entry.per_pi,
            offset: entry.offset,
            share: entry.share,
        }
    }
}

/// A number, without unknowns, before a unit, or after the sign of a currency.
pub fn quantity(tokens: &[Token]) -> Option<(Expression, Unit)> {
    if let Some(angle) = arc(tokens) {
        return Some(angle);
    }
    if let [Token::Name(name), rest @ ..] = tokens
        && unit_table::is_currency_sign(name)
    {
        let unit = unit_table::find(name)?.into();
        return Some((number(rest)?, unit));
    }
    let starts = tokens
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, token)| matches!(token, Token::Name(_) | Token::Percent | Token::Degree | Token::Prime(_)));
    for (at, _) in starts.take(6) {
        let before = &tokens[..at];
        // `5*m` is a formula, `5/s` has a unit.
        let (before, inverse) = match before {
            [before @ .., Token::Slash] => (before, true),
            [.., Token::Star | Token::Caret] => continue,
            _ => (before, false),
        };
        let Some(unit) = read(&tokens[at..], inverse) else { continue };
        if let Some(value) = number(before) {
            return Some((value, unit));
        }
    }
    None
}

/// Whether all of `tokens` are a unit.
pub fn is_unit(tokens: &[Token]) -> bool {
    read(tokens, false).is_some()
}

fn number(tokens: &[Token]) -> Option<Expression> {
    let parsed = parse::formula(tokens, true)?;
    (!parsed.expression.has_symbol()).then_some(parsed.expression)
}

/// `45°30'`, in degrees.
fn arc(tokens: &[Token]) -> Option<(Expression, Unit)> {
    let (negative, tokens) = match tokens {
        [Token::Minus, rest @ ..] => (true, rest),
        _ => (false, tokens),
    };
    let [Token::Number(degrees, _), Token::Degree, rest @ ..] = tokens else { return None };
    let sixty = Rational::whole(60);
    let sum = match rest {
        [Token::Number(minutes, _), Token::Prime(false)] => degrees.add(&minutes.divide(&sixty)?)?,
        [Token::Number(minutes, _), Token::Prime(false), Token::Number(seconds, _), Token::Prime(true)] => {
            degrees.add(&minutes.add(&seconds.divide(&sixty)?)?.divide(&sixty)?)?
        }
        _ => return None,
    };
    let sum = if negative { sum.negate() } else { sum };
    Some((Expression::Number(sum, None), unit_table::find("degree")?.into()))
}

/// All of `tokens` as one unit: names with powers, `·` or nothing between factors, `/` before what divides.
fn read(tokens: &[Token], mut divides: bool) -> Option<Unit> {
    let mut unit: Option<Unit> = None;
    let mut rest = tokens;
    while !rest.is_empty() {
        let (factor, after) = factor(rest)?;
        let (power, after) = power(after)?;
        let factor = factor.raised(if divides { -power } else { power })?;
        unit = Some(match unit {
            None => factor,
            Some(before) => before.times(&factor)?,
        });
        rest = match after {
            // `J/mol·K` is meant as J/(mol·K).
            [Token::Star, after @ ..] if !after.is_empty() => after,
            [Token::Slash, after @ ..] if !after.is_empty() => {
                divides = true;
                after
            }
            _ => after,
        };
    }
    unit
}

fn factor(tokens: &[Token]) -> Option<(Unit, &[Token])> {
    match tokens {
        [Token::Percent, rest @ ..] => Some((unit_table::find("%")?.into(), rest)),
        [Token::Degree, Token::Name(scale), rest @ ..] if matches!(&**scale, "C" | "F") => {
            Some((unit_table::find(if &**scale == "C" { "celsius" } else { "fahrenheit" })?.into(), rest))
        }
        [Token::Degree, rest @ ..] => Some((unit_table::find("degree")?.into(), rest)),
        [Token::Prime(second), rest @ ..] => {
            Some((unit_table::find(if *second { "arcsecond" } else { "arcminute" })?.into(), rest))
        }
        [Token::Name(prefix), Token::Name(name), rest @ ..]
            if matches!(&**prefix, "mu" | "k" | "M" | "m" | "G")
                && unit_table::find(&format!("{prefix}{name}")).is_some() =>
        {
            Some((unit_table::find(&format!("{prefix}{name}"))?.into(), rest))
        }
        [Token::Name(name), rest @ ..] => Some((unit_table::find(name)?.into(), rest)),
        [Token::Open(open @ (Bracket::Round | Bracket::Curly)), rest @ ..] => {
            let end = rest.iter().position(|token| *token == Token::Close(*open))?;
            // A bracket in a bracket is no unit.
            if rest[..end].iter().any(|token| matches!(token, Token::Open(_))) {
                return None;
            }
            Some((read(&rest[..end], false)?, &rest[end + 1..]))
        }
        _ => None,
    }
}

fn power(tokens: &[Token]) -> Option<(i64, &[Token])> {
    match tokens {
        [Token::Caret, Token::Number(power, _), rest @ ..] => Some((power.small_integer()?, rest)),
        [Token::Caret, Token::Minus, Token::Number(power, _), rest @ ..] => Some((-power.small_integer()?, rest)),
        [Token::Caret, Token::Open(_), Token::Number(power, _), Token::Close(_), rest @ ..] => {
            Some((power.small_integer()?, rest))
        }
        [Token::Caret, Token::Open(_), Token::Minus, Token::Number(power, _), Token::Close(_), rest @ ..] => {
            Some((-power.small_integer()?, rest))
        }
        // `m2` is read as letters and a number where a unit is meant.
        [Token::Caret, ..] => None,
        _ => Some((1, tokens)),
    }
}
