//! [`Token`]: the signs that formulas are made of, in whichever notation they were written.

use super::expression::{Function, Written};
use super::rational::Rational;

/// One sign of a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A number literal.
    Number(Rational, Written),
    /// A run of letters that is no function: an unknown, a constant, a unit, a word.
    Name(Box<str>),
    /// A function that is written before its argument.
    Function(Function),
    /// A root with its degree before its radicand, both in parentheses.
    Root,
    /// A logarithm, with its base in parentheses before its argument where `true`.
    Logarithm(bool),
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `±`
    PlusMinus,
    /// Multiplication.
    Star,
    /// Division.
    Slash,
    /// Power.
    Caret,
    /// Factorial.
    Bang,
    /// `%`
    Percent,
    /// `°`
    Degree,
    /// Minutes (`false`) or seconds (`true`) of arc.
    Prime(bool),
    /// An opening bracket.
    Open(Bracket),
    /// A closing bracket.
    Close(Bracket),
    /// `|`
    Bar,
    /// `,`, and words such as `and`
    Comma,
    /// `;`
    Semicolon,
    /// `:`
    Colon,
    /// A sign between two sides.
    Relation(Relation),
    /// `∈`
    In,
    /// `∪`
    Union,
}

/// A kind of bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bracket {
    /// `( )`
    Round,
    /// `[ ]`
    Square,
    /// `{ }`: a set, or a group in LaTeX.
    Curly,
}

/// How two sides stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `≠`
    Unequal,
    /// `<`
    Less,
    /// `≤`
    LessOrEqual,
    /// `>`
    Greater,
    /// `≥`
    GreaterOrEqual,
}

impl Relation {
    /// The relation with its sides swapped.
    pub fn swapped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Equal | Self::Unequal => self,
        }
    }
}

/// The function of a name, in Python as in LaTeX.
pub fn function(name: &str) -> Option<Function> {
    Some(match name {
        "sqrt" => Function::Sqrt,
        "exp" => Function::Exp,
        "ln" => Function::Ln,
        "sin" => Function::Sin,
        "cos" => Function::Cos,
        "tan" => Function::Tan,
        "cot" => Function::Cot,
        "sec" => Function::Sec,
        "csc" => Function::Csc,
        "asin" | "arcsin" => Function::Asin,
        "acos" | "arccos" => Function::Acos,
        "atan" | "arctan" => Function::Atan,
        "sinh" => Function::Sinh,
        "cosh" => Function::Cosh,
        "tanh" => Function::Tanh,
        "abs" | "Abs" => Function::Absolute,
        "factorial" => Function::Factorial,
        "floor" => Function::Floor,
        "ceiling" => Function::Ceiling,
        _ => return None,
    })
}
