//! Formulas at random points: how two of them are found to be the same.
//!
//! Polynomials and quotients of them are evaluated exactly, modulo a prime of 61 bits; two that differ agree at a random point
//! with a chance of about their degree in 2^61. Everything else is evaluated in complex doubles. The points depend on the
//! names of the unknowns alone, so that the same question always gets the same answer.

use super::complex::Complex;
use super::expression::{Constant, Expression, Operation};
use super::modular;

/// Powers of unknowns above this are not evaluated: by Fermat's theorem a huge one could pass for 1.
const MAX_DEGREE: u64 = 10_000;

/// How near two doubles are that stand for the same number, relative to their size.
const NEAR: f64 = 1e-10;

/// How many points are tried in doubles, and how many of them have to be defined.
const POINTS: (u64, usize) = (12, 4);

impl Expression {
    /// The value modulo the prime with random values for the unknowns; `None` for what is no quotient of polynomials.
    pub fn modular(&self, seed: u64) -> Option<u64> {
        match self {
            Self::Number(value, _) => value.modulo(modular::PRIME),
            Self::Symbol(name) => Some(modular::spread(name, seed) % modular::PRIME),
            Self::Constant(_) => None,
            Self::Call(..) => self.exact()?.modulo(modular::PRIME),
            Self::Negate(of) => Some(modular::negate(of.modular(seed)?)),
            Self::Binary(operation, left, right) => {
                let value = |of: &Self| of.modular(seed);
                match operation {
                    Operation::Add => Some(modular::add(value(left)?, value(right)?)),
                    Operation::Subtract => Some(modular::add(value(left)?, modular::negate(value(right)?))),
                    Operation::Multiply => Some(modular::multiply(value(left)?, value(right)?)),
                    Operation::Divide => Some(modular::multiply(value(left)?, modular::inverse(value(right)?)?)),
                    Operation::Power => {
                        let exponent = right.exact()?.small_integer()?;
                        if exponent.unsigned_abs() > MAX_DEGREE {
                            return None;
                        }
                        let base = value(left)?;
                        let base = if exponent < 0 { modular::inverse(base)? } else { base };
                        Some(modular::power(base, exponent.unsigned_abs()))
                    }
                    Operation::Root | Operation::Logarithm => self.exact()?.modulo(modular::PRIME),
                }
            }
        }
    }

    /// The value in doubles with random values for the unknowns; not finite where it is not defined.
    pub fn complex(&self, seed: u64) -> Complex {
        match self {
            Self::Number(value, _) => Complex::new(value.approximate(), 0.0),
            Self::Constant(Constant::Pi) => Complex::new(std::f64::consts::PI, 0.0),
            Self::Constant(Constant::E) => Complex::new(std::f64::consts::E, 0.0),
            Self::Constant(Constant::I) => Complex::I,
            Self::Constant(Constant::Infinity) => Complex::new(f64::NAN, 0.0),
            // Between -3 and 3, so that both signs and both sides of 1 occur.
            Self::Symbol(name) => {
                let part = modular::spread(name, seed) >> 11;
                Complex::new(part as f64 / (1u64 << 53) as f64 * 6.0 - 3.0, 0.0)
            }
            Self::Negate(of) => of.complex(seed).negate(),
            Self::Call(function, of) => of.complex(seed).apply(*function),
            Self::Binary(operation, left, right) => {
                let (left, right) = (left.complex(seed), right.complex(seed));
                match operation {
                    Operation::Add => left.add(right),
                    Operation::Subtract => left.subtract(right),
                    Operation::Multiply => left.multiply(right),
                    Operation::Divide => left.divide(right),
                    Operation::Power => left.power(right),
                    Operation::Root => root(left, right),
                    Operation::Logarithm => right.ln().divide(left.ln()),
                }
            }
        }
    }

    /// The real number that this is, without unknowns; `None` where it is none.
    pub fn real(&self) -> Option<f64> {
        if self.has_symbol() {
            return None;
        }
        let value = self.complex(0);
        let real = value.is_finite() && value.imaginary.abs() <= 1e-12 * value.real.abs().max(1e-3);
        real.then_some(value.real)
    }

    /// Whether both stand for the same number at every point.
    pub fn same(&self, other: &Self) -> bool {
        if let (Some(left), Some(right)) = (self.exact(), other.exact()) {
            return left == right;
        }
        if let (Some(left), Some(right)) = (self.infinite(), other.infinite()) {
            return left == right;
        }
        let points = |seed| Some((self.modular(seed)?, other.modular(seed)?));
        if let (Some(one), Some(two)) = (points(1), points(2)) {
            return one.0 == one.1 && two.0 == two.1;
        }
        proportion(self, other).is_some_and(|factor| (factor - 1.0).abs() <= NEAR)
    }
}

/// The constant factor between two formulas, `first = factor * second`; `None` where there is none.
pub fn proportion(first: &Expression, second: &Expression) -> Option<f64> {
    let polynomial = |seed| Some((first.modular(seed)?, second.modular(seed)?));
    if let (Some(one), Some(two)) = (polynomial(1), polynomial(2)) {
        // one.0 / one.1 = two.0 / two.1 modulo the prime, or there is no constant factor.
        if modular::multiply(one.0, two.1) != modular::multiply(two.0, one.1) {
            return None;
        }
    }
    let mut factor: Option<f64> = None;
    let mut defined = 0;
    // Without unknowns every point is the same.
    let (points, enough) = if first.has_symbol() || second.has_symbol() { POINTS } else { (1, 1) };
    for seed in 1..=points {
        let (left, right) = (first.complex(seed), second.complex(seed));
        if !left.is_finite() || !right.is_finite() {
            continue;
        }
        defined += 1;
        if right.size() == 0.0 || left.size() == 0.0 {
            if left == right {
                continue;
            }
            return None;
        }
        let here = left.divide(right);
        if here.imaginary.abs() > NEAR * here.size() {
            return None;
        }
        match factor {
            Some(before) if (before - here.real).abs() > NEAR * before.abs() => return None,
            Some(_) => {}
            None => factor = Some(here.real),
        }
    }
    if defined < enough {
        return None;
    }
    // Zero at every point: both are nothing.
    Some(factor.unwrap_or(1.0))
}

/// The root, real for odd roots of negative numbers.
fn root(degree: Complex, of: Complex) -> Complex {
    let odd = degree.imaginary == 0.0 && degree.real.rem_euclid(2.0) == 1.0;
    if odd && of.imaginary == 0.0 && of.real < 0.0 {
        return Complex::new(-(-of.real).powf(1.0 / degree.real), 0.0);
    }
    of.power(Complex::ONE.divide(degree))
}
