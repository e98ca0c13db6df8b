//! [`Expression`]: what a formula says, and its exact value where that is a fraction.

use super::rational::Rational;

/// A formula. The reader bounds its size and depth, so that recursion over it is safe.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number, and how it was written where it was written as one literal.
    Number(Rational, Option<Written>),
    /// A named number.
    Constant(Constant),
    /// An unknown.
    Symbol(Box<str>),
    /// The other sign.
    Negate(Box<Expression>),
    /// Two formulas in one operation.
    Binary(Operation, Box<Expression>, Box<Expression>),
    /// A function of one formula.
    Call(Function, Box<Expression>),
}

/// How a number was written: what tells a measured `9.80` from an exact `9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The last digit stands for `10^last`.
    pub last: i64,
    /// Digits from the first that is not 0.
    pub significant: usize,
    /// There is a decimal point or a power of ten.
    pub decimal: bool,
}

/// A named number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constant {
    /// π.
    Pi,
    /// Euler's number.
    E,
    /// The imaginary unit.
    I,
    /// Infinity: compared by name, never computed with.
    Infinity,
}

/// An operation on two formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
    /// The root of the right one, of the degree that the left one says.
    Root,
    /// The logarithm of the right one to the base that the left one says.
    Logarithm,
}

/// A function of one formula; angles in radians.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the functions' own")]
pub enum Function {
    Sqrt,
    Exp,
    Ln,
    Sin,
    Cos,
    Tan,
    Cot,
    Sec,
    Csc,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Absolute,
    Factorial,
    Floor,
    Ceiling,
}

impl Function {
    /// What `sin^{-1}` means.
    pub fn inverse(self) -> Option<Self> {
        match self {
            Self::Sin => Some(Self::Asin),
            Self::Cos => Some(Self::Acos),
            Self::Tan => Some(Self::Atan),
            _ => None,
        }
    }
}

/// The factorials computed exactly.
const MAX_FACTORIAL: i64 = 200;

impl Expression {
    /// A whole number.
    pub fn whole(value: i64) -> Self {
        Self::Number(Rational::whole(value), None)
    }

    /// Two formulas in one operation.
    pub fn binary(operation: Operation, left: Self, right: Self) -> Self {
        Self::Binary(operation, Box::new(left), Box::new(right))
    }

    /// A function of a formula.
    pub fn call(function: Function, of: Self) -> Self {
        Self::Call(function, Box::new(of))
    }

    /// The other sign.
    pub fn negated(self) -> Self {
        Self::Negate(Box::new(self))
    }

    /// The exact value where it is a fraction that the rules of arithmetic give.
    pub fn exact(&self) -> Option<Rational> {
        match self {
            Self::Number(value, _) => Some(value.clone()),
            Self::Constant(_) | Self::Symbol(_) => None,
            Self::Negate(of) => Some(of.exact()?.negate()),
            Self::Binary(operation, left, right) => exact_binary(*operation, left, right),
            Self::Call(function, of) => exact_call(*function, &of.exact()?),
        }
    }

    /// Whether an unknown stands in it.
    pub fn has_symbol(&self) -> bool {
        match self {
            Self::Symbol(_) => true,
            Self::Number(..) | Self::Constant(_) => false,
            Self::Negate(of) | Self::Call(_, of) => of.has_symbol(),
            Self::Binary(_, left, right) => left.has_symbol() || right.has_symbol(),
        }
    }

    /// The name, where the formula is one unknown alone.
    pub fn symbol(&self) -> Option<&str> {
        match self {
            Self::Symbol(name) => Some(name),
            _ => None,
        }
    }

    /// Infinity with its sign, where the formula is that alone.
    pub fn infinite(&self) -> Option<bool> {
        match self {
            Self::Constant(Constant::Infinity) => Some(true),
            Self::Negate(of) => of.infinite().map(|positive| !positive),
            _ => None,
        }
    }

    /// How the number is written, where the formula is one literal, perhaps with a sign and a power of ten.
    pub fn written(&self) -> Option<Written> {
        match self {
            Self::Number(_, written) => *written,
            Self::Negate(of) => of.written(),
            Self::Binary(Operation::Multiply, left, right) => {
                let Self::Binary(Operation::Power, base, exponent) = &**right else { return None };
                let ten = base.exact()?.small_integer()? == 10;
                let exponent = exponent.exact()?.small_integer()?;
                let written = left.written()?;
                let last = written.last.checked_add(exponent)?;
                ten.then_some(Written { last, decimal: true, ..written })
            }
            _ => None,
        }
    }
}

fn exact_binary(operation: Operation, left: &Expression, right: &Expression) -> Option<Rational> {
    let (left, right) = (left.exact()?, right.exact()?);
    match operation {
        Operation::Add => left.add(&right),
        Operation::Subtract => left.subtract(&right),
        Operation::Multiply => left.multiply(&right),
        Operation::Divide => left.divide(&right),
        Operation::Power => match right.small_integer() {
            Some(exponent) => left.power(exponent),
            None => exact_fractional_power(&left, &right),
        },
        Operation::Root => right.root(u32::try_from(left.small_integer()?).ok()?),
        Operation::Logarithm => exact_logarithm(&left, &right),
    }
}

/// `base^(1/2)` and the like where it is a fraction: `4^0.5`, `8^(2/3)`.
fn exact_fractional_power(base: &Rational, exponent: &Rational) -> Option<Rational> {
    if base.is_negative() {
        return None;
    }
    (2..=6).find_map(|degree| {
        let times = exponent.multiply(&Rational::whole(i64::from(degree)))?.small_integer()?;
        base.root(degree)?.power(times)
    })
}

/// The whole number `n` with `base^n = value`.
fn exact_logarithm(base: &Rational, value: &Rational) -> Option<Rational> {
    if base.is_negative() || base.is_zero() || value.is_negative() || value.is_zero() {
        return None;
    }
    let guess = (value.approximate().ln() / base.approximate().ln()).round();
    if !guess.is_finite() || guess.abs() > 4096.0 {
        return None;
    }
    let exponent = guess as i64;
    (base.power(exponent)? == *value).then(|| Rational::whole(exponent))
}

fn exact_call(function: Function, of: &Rational) -> Option<Rational> {
    match function {
        Function::Sqrt => of.root(2),
        Function::Absolute => Some(of.absolute()),
        Function::Factorial => {
            let last = of.small_integer().filter(|last| (0..=MAX_FACTORIAL).contains(last))?;
            (2..=last).try_fold(Rational::whole(1), |product, next| product.multiply(&Rational::whole(next)))
        }
        Function::Floor => of.floor(),
        Function::Ceiling => Some(of.negate().floor()?.negate()),
        Function::Exp | Function::Sin | Function::Tan if of.is_zero() => {
            Some(Rational::whole(i64::from(function == Function::Exp)))
        }
        Function::Cos if of.is_zero() => Some(Rational::whole(1)),
        Function::Ln if *of == Rational::whole(1) => Some(Rational::whole(0)),
        _ => None,
    }
}
