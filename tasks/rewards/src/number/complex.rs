//! Complex numbers in doubles, in which formulas beyond polynomials are compared at random points.

use std::f64::consts::PI;

use super::expression::Function;

/// A complex number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Complex {
    /// The real part.
    pub real: f64,
    /// The imaginary part.
    pub imaginary: f64,
}

impl Complex {
    /// 1.
    pub const ONE: Self = Self::new(1.0, 0.0);
    /// The imaginary unit.
    pub const I: Self = Self::new(0.0, 1.0);

    /// From its parts.
    pub const fn new(real: f64, imaginary: f64) -> Self {
        Self { real, imaginary }
    }

    /// Neither part is infinite or not a number.
    pub fn is_finite(self) -> bool {
        self.real.is_finite() && self.imaginary.is_finite()
    }

    /// The distance from 0.
    pub fn size(self) -> f64 {
        self.real.hypot(self.imaginary)
    }

    /// The sum.
    pub fn add(self, other: Self) -> Self {
        Self::new(self.real + other.real, self.imaginary + other.imaginary)
    }

    /// The other sign.
    pub fn negate(self) -> Self {
        Self::new(-self.real, -self.imaginary)
    }

    /// The difference.
    pub fn subtract(self, other: Self) -> Self {
        self.add(other.negate())
    }

    /// The product.
    pub fn multiply(self, other: Self) -> Self {
        Self::new(
            self.real * other.real - self.imaginary * other.imaginary,
            self.real * other.imaginary + self.imaginary * other.real,
        )
    }

    /// The quotient; not finite by 0.
    pub fn divide(self, other: Self) -> Self {
        let square = other.real * other.real + other.imaginary * other.imaginary;
        let product = self.multiply(Self::new(other.real, -other.imaginary));
        Self::new(product.real / square, product.imaginary / square)
    }

    /// The exponential.
    pub fn exp(self) -> Self {
        let size = self.real.exp();
        Self::new(size * self.imaginary.cos(), size * self.imaginary.sin())
    }

    /// The principal logarithm.
    pub fn ln(self) -> Self {
        Self::new(self.size().ln(), self.imaginary.atan2(self.real))
    }

    /// The principal power.
    pub fn power(self, exponent: Self) -> Self {
        if exponent.imaginary == 0.0 {
            if self.imaginary == 0.0 && (self.real >= 0.0 || exponent.real.fract() == 0.0) {
                return Self::new(self.real.powf(exponent.real), 0.0);
            }
            if exponent.real.fract() == 0.0 && exponent.real.abs() <= 64.0 {
                let times = exponent.real.abs() as u32;
                let product = (0..times).fold(Self::ONE, |product, _| product.multiply(self));
                return if exponent.real < 0.0 { Self::ONE.divide(product) } else { product };
            }
        }
        if self.size() == 0.0 {
            return Self::new(f64::NAN, 0.0);
        }
        exponent.multiply(self.ln()).exp()
    }

    /// The principal square root.
    pub fn sqrt(self) -> Self {
        if self.imaginary == 0.0 {
            let root = self.real.abs().sqrt();
            return if self.real < 0.0 { Self::new(0.0, root) } else { Self::new(root, 0.0) };
        }
        self.power(Self::new(0.5, 0.0))
    }

    /// The function at this point; not a number where it is not defined or not computed.
    pub fn apply(self, function: Function) -> Self {
        let real = |value: f64| Self::new(value, if self.imaginary == 0.0 { 0.0 } else { f64::NAN });
        match function {
            Function::Sqrt => self.sqrt(),
            Function::Exp => self.exp(),
            Function::Ln => self.ln(),
            Function::Sin => self.sin(),
            Function::Cos => self.cos(),
            Function::Tan => self.sin().divide(self.cos()),
            Function::Cot => self.cos().divide(self.sin()),
            Function::Sec => Self::ONE.divide(self.cos()),
            Function::Csc => Self::ONE.divide(self.sin()),
            Function::Asin => real(self.real.asin()),
            Function::Acos => real(self.real.acos()),
            Function::Atan => real(self.real.atan()),
            Function::Sinh => real(self.real.sinh()),
            Function::Cosh => real(self.real.cosh()),
            Function::Tanh => real(self.real.tanh()),
            Function::Absolute => Self::new(self.size(), 0.0),
            Function::Factorial => real(factorial(self.real)),
            Function::Floor => real(self.real.floor()),
            Function::Ceiling => real(self.real.ceil()),
        }
    }

    fn sin(self) -> Self {
        Self::new(self.real.sin() * self.imaginary.cosh(), self.real.cos() * self.imaginary.sinh())
    }

    fn cos(self) -> Self {
        // cos(π/2) is 0, and 1/cos must not pass for a number there.
        let quarter = (self.real / (PI / 2.0)).round();
        let at_zero = quarter.rem_euclid(2.0) == 1.0 && (self.real - quarter * (PI / 2.0)).abs() < 1e-15;
        let real = if at_zero { 0.0 } else { self.real.cos() };
        Self::new(real * self.imaginary.cosh(), -self.real.sin() * self.imaginary.sinh())
    }
}

fn factorial(value: f64) -> f64 {
    if value < 0.0 || value.fract() != 0.0 || value > 170.0 {
        return f64::NAN;
    }
    (2..=value as u32).map(f64::from).product()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn near(found: Complex, real: f64, imaginary: f64) -> bool {
        found.subtract(Complex::new(real, imaginary)).size() < 1e-12
    }

    #[rstest]
    #[case(Complex::I.multiply(Complex::I), -1.0, 0.0)]
    #[case(Complex::new(-4.0, 0.0).sqrt(), 0.0, 2.0)]
    #[case(Complex::new(0.0, PI).exp(), -1.0, 0.0)]
    #[case(Complex::new(1.0, 1.0).power(Complex::new(2.0, 0.0)), 0.0, 2.0)]
    #[case(Complex::new(1.0, 1.0).power(Complex::new(-1.0, 0.0)), 0.5, -0.5)]
    #[case(Complex::new(5.0, 0.0).apply(Function::Factorial), 120.0, 0.0)]
    fn computes(#[case] found: Complex, #[case] real: f64, #[case] imaginary: f64) {
        assert!(near(found, real, imaginary), "{found:?}");
    }

    #[rstest]
    #[case(Complex::new(PI / 2.0, 0.0).apply(Function::Tan))]
    #[case(Complex::ONE.divide(Complex::new(0.0, 0.0)))]
    #[case(Complex::new(0.5, 0.0).apply(Function::Factorial))]
    #[case(Complex::I.apply(Function::Asin))]
    fn is_not_defined(#[case] found: Complex) {
        assert!(!found.is_finite(), "{found:?}");
    }
}
