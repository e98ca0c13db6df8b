//! Numbers and formulas: read from whatever notation they are written in, and compared exactly where they are exact.
//!
//! In the order in which an answer goes through: [`school`] reads what people and models write (LaTeX, units, words, Chinese
//! numerals), [`program`] what the published system reads; both give tokens. [`parse`] makes formulas of them, [`answer`] whole
//! answers, and [`compare`] says whether two agree. The published system uses sympy for this, which evaluates its input as
//! Python; here nothing is evaluated but arithmetic, in fractions with a bound on their size ([`rational`]), modulo a prime and
//! in doubles ([`sample`]).

mod answer;
mod chinese;
mod command;
mod compare;
mod complex;
mod counted;
mod double;
mod english;
mod expression;
mod literal;
mod modular;
mod parse;
mod plain;
mod program;
mod rational;
mod restates;
mod ruling;
mod sample;
mod school;
mod token;
mod unit;
mod unit_table;

#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use compare::{Agreement, Closeness, agree};
pub use counted::{count, literal};
pub use double::{python, shortest};
pub use expression::Expression;
pub use parse::Parsed;
pub use rational::Rational;
pub use ruling::{NumberSettings, Reach, Ruling};

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// As sympy reads it.
    Program,
    /// As it is meant.
    School,
}

/// What `text` says, as a whole; `None` where it is no number, formula, list, relation or interval.
pub fn read(text: &str, notation: Notation) -> Option<Answer> {
    match notation {
        Notation::Program => match program::grouped(text) {
            Some(value) => Some(Answer::number(value)),
            None => Answer::read(&program::tokens(text)?, false),
        },
        Notation::School => Answer::read(&school::tokens(text)?, true),
    }
}
