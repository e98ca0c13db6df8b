//! [`Rational`]: an exact fraction of two big integers, with a bound on their size.
//!
//! Every operation that would pass the bound gives `None`, so that a short text such as `9**9**9` is refused before anything
//! grows. Fractions are not reduced: comparing multiplies crosswise, and what grows is held by the bound.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

/// No numerator and no denominator has more bits.
pub const MAX_BITS: u64 = 16_384;

/// No digit string is longer: as many as Python reads into an integer.
pub const MAX_DIGITS: usize = 4_300;

/// Roots are taken of integers up to this many bits.
const MAX_ROOT_BITS: u64 = 2_048;

/// An exact fraction; the denominator is positive.
#[derive(Debug, Clone)]
pub struct Rational {
    numerator: BigInt,
    denominator: BigInt,
}

impl Rational {
    /// A whole number.
    pub fn whole(value: i64) -> Self {
        Self { numerator: BigInt::from(value), denominator: BigInt::from(1) }
    }

    /// `numerator / denominator`, `None` for a denominator of 0 and past the bound.
    pub fn ratio(numerator: BigInt, denominator: BigInt) -> Option<Self> {
        if denominator.bits() > MAX_BITS || numerator.bits() > MAX_BITS {
            return None;
        }
        match denominator.sign() {
            Sign::NoSign => None,
            Sign::Plus => Some(Self { numerator, denominator }),
            Sign::Minus => Some(Self { numerator: -numerator, denominator: -denominator }),
        }
    }

    /// `digits` as an integer in `radix`, times a power of ten; `None` past the bounds.
    ///
    /// # Panics
    /// If `digits` holds anything but digits of `radix`, or none.
    pub fn scaled(digits: &str, radix: u32, exponent: i64) -> Option<Self> {
        if digits.len() > MAX_DIGITS {
            return None;
        }
        let digits = BigInt::parse_bytes(digits.as_bytes(), radix).expect("the reader of a number gathers digits only");
        let power = ten_to(exponent.unsigned_abs())?;
        if exponent >= 0 { Self::ratio(digits * power, BigInt::from(1)) } else { Self::ratio(digits, power) }
    }

    /// Whether this is 0.
    pub fn is_zero(&self) -> bool {
        self.numerator.sign() == Sign::NoSign
    }

    /// Whether this is below 0.
    pub fn is_negative(&self) -> bool {
        self.numerator.sign() == Sign::Minus
    }

    /// The integer that this is.
    pub fn integer(&self) -> Option<BigInt> {
        let whole = &self.numerator / &self.denominator;
        (&whole * &self.denominator == self.numerator).then_some(whole)
    }

    /// The integer that this is, where it fits.
    pub fn small_integer(&self) -> Option<i64> {
        i64::try_from(self.integer()?).ok()
    }

    /// The sum.
    pub fn add(&self, other: &Self) -> Option<Self> {
        Self::ratio(
            &self.numerator * &other.denominator + &other.numerator * &self.denominator,
            &self.denominator * &other.denominator,
        )
    }

    /// The difference.
    pub fn subtract(&self, other: &Self) -> Option<Self> {
        self.add(&other.negate())
    }

    /// The product.
    pub fn multiply(&self, other: &Self) -> Option<Self> {
        Self::ratio(&self.numerator * &other.numerator, &self.denominator * &other.denominator)
    }

    /// The quotient, `None` by 0.
    pub fn divide(&self, other: &Self) -> Option<Self> {
        Self::ratio(&self.numerator * &other.denominator, &self.denominator * &other.numerator)
    }

    /// The same size, the other sign.
    pub fn negate(&self) -> Self {
        Self { numerator: -&self.numerator, denominator: self.denominator.clone() }
    }

    /// The size.
    pub fn absolute(&self) -> Self {
        if self.is_negative() { self.negate() } else { self.clone() }
    }

    /// The largest whole number that is not above.
    pub fn floor(&self) -> Option<Self> {
        let whole = &self.numerator / &self.denominator;
        let below = self.is_negative() && &whole * &self.denominator != self.numerator;
        Self::ratio(if below { whole - 1 } else { whole }, BigInt::from(1))
    }

    /// The power by a whole number, `None` for `0^0`, for 1 / 0 and past the bound.
    pub fn power(&self, exponent: i64) -> Option<Self> {
        let size = exponent.unsigned_abs();
        let unit = |value: &BigInt| value.bits() <= 1;
        if exponent == 0 {
            return (!self.is_zero()).then(|| Self::whole(1));
        }
        // A factor of one bit never grows, but the exponent still has to fit.
        let grows = |value: &BigInt| !unit(value) && (value.bits() - 1).saturating_mul(size) > MAX_BITS;
        if grows(&self.numerator) || grows(&self.denominator) {
            return None;
        }
        let raise = |value: &BigInt| {
            if unit(value) {
                if size.is_multiple_of(2) { value * value } else { value.clone() }
            } else {
                value.pow(u32::try_from(size).expect("the bound on bits holds the exponent"))
            }
        };
        let (numerator, denominator) = (raise(&self.numerator), raise(&self.denominator));
        if exponent > 0 { Self::ratio(numerator, denominator) } else { Self::ratio(denominator, numerator) }
    }

    /// The `degree`-th root where it is a fraction itself.
    pub fn root(&self, degree: u32) -> Option<Self> {
        if degree == 0 || degree > 64 || (self.is_negative() && degree.is_multiple_of(2)) {
            return None;
        }
        if degree == 1 {
            return Some(self.clone());
        }
        // n/d has a rational root exactly where n d^(degree-1) has a whole one.
        let size = self.numerator.bits() + self.denominator.bits().saturating_mul(u64::from(degree - 1));
        if size > MAX_ROOT_BITS {
            return None;
        }
        let radicand = &self.numerator * self.denominator.pow(degree - 1);
        let root = radicand.nth_root(degree);
        if root.pow(degree) != radicand {
            return None;
        }
        Self::ratio(root, self.denominator.clone())
    }

    /// The nearest double but for a few units in the last place; infinite past its range.
    pub fn approximate(&self) -> f64 {
        let (top, top_shift) = leading(&self.numerator);
        let (bottom, bottom_shift) = leading(&self.denominator);
        let size = top / bottom;
        let shift = i32::try_from(top_shift - bottom_shift).expect("the bound on bits keeps the shift small");
        // Two steps, since the power alone may leave the range where the product does not.
        let size = size * 2f64.powi(shift / 2) * 2f64.powi(shift - shift / 2);
        if self.is_negative() { -size } else { size }
    }

    /// The rest modulo a prime; `None` where the denominator has none.
    pub fn modulo(&self, prime: u64) -> Option<u64> {
        let rest = |value: &BigInt| {
            let prime = BigInt::from(prime);
            let rest = ((value % &prime) + &prime) % &prime;
            u64::try_from(rest).expect("a rest below a word fits a word")
        };
        let inverse = super::modular::inverse(rest(&self.denominator))?;
        Some(super::modular::multiply(rest(&self.numerator), inverse))
    }
}

impl PartialEq for Rational {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rational {}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.numerator * &other.denominator).cmp(&(&other.numerator * &self.denominator))
    }
}

/// The size of the highest bits, and the power of two that was left off.
fn leading(value: &BigInt) -> (f64, i64) {
    let bits = value.bits();
    let shift = bits.saturating_sub(64);
    let high = u64::try_from(value.magnitude() >> shift).expect("64 bits are left");
    (high as f64, i64::try_from(shift).expect("the bound on bits keeps the shift small"))
}

/// `10^exponent`, `None` past the bound.
fn ten_to(exponent: u64) -> Option<BigInt> {
    // Ten has more than three bits: past this the bound is passed for sure.
    let exponent = u32::try_from(exponent).ok().filter(|exponent| u64::from(*exponent) * 3 <= MAX_BITS)?;
    Some(BigInt::from(10).pow(exponent))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn fraction(numerator: i64, denominator: i64) -> Rational {
        Rational::ratio(BigInt::from(numerator), BigInt::from(denominator)).unwrap()
    }

    #[rstest]
    #[case(fraction(1, 2).add(&fraction(1, 3)), fraction(5, 6))]
    #[case(fraction(1, 2).subtract(&fraction(1, 3)), fraction(1, 6))]
    #[case(fraction(2, 3).multiply(&fraction(3, 2)), fraction(1, 1))]
    #[case(fraction(2, 3).divide(&fraction(-4, 3)), fraction(-1, 2))]
    #[case(fraction(2, 3).power(-2), fraction(9, 4))]
    #[case(fraction(-1, 1).power(i64::MIN), fraction(1, 1))]
    #[case(fraction(8, 2).root(2), fraction(2, 1))]
    #[case(fraction(-8, 27).root(3), fraction(-2, 3))]
    #[case(Rational::scaled("602", 10, 21), Rational::scaled("602000000000000000000000", 10, 0).unwrap())]
    #[case(Rational::scaled("15", 10, -1), fraction(3, 2))]
    fn computes(#[case] found: Option<Rational>, #[case] expected: Rational) {
        assert_eq!(found, Some(expected));
    }

    #[rstest]
    #[case::by_zero(fraction(1, 2).divide(&fraction(0, 1)))]
    #[case::zero_to_zero(fraction(0, 1).power(0))]
    #[case::huge_power(fraction(9, 1).power(387_420_489))]
    #[case::huge_exponent(fraction(2, 1).power(i64::MAX))]
    #[case::huge_scale(Rational::scaled("1", 10, i64::MIN))]
    #[case::no_root(fraction(2, 1).root(2))]
    #[case::root_of_negative(fraction(-4, 1).root(2))]
    fn refuses(#[case] found: Option<Rational>) {
        assert_eq!(found, None);
    }

    #[rstest]
    #[case(fraction(1, 3), 1.0 / 3.0)]
    #[case(fraction(-7, 4), -1.75)]
    #[case(Rational::scaled("602", 10, 21).unwrap(), 6.02e23)]
    #[case(Rational::scaled("1", 10, -300).unwrap(), 1e-300)]
    #[case(Rational::scaled("1", 10, 400).unwrap(), f64::INFINITY)]
    #[case(Rational::scaled("1", 10, -400).unwrap(), 0.0)]
    fn approximates(#[case] value: Rational, #[case] expected: f64) {
        let found = value.approximate();
        assert!(found == expected || (found / expected - 1.0).abs() < 1e-15, "{found} for {expected}");
    }
}
