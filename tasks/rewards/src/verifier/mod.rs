//! The verifiers, one a file: how each reads an answer, and how it compares it with the ground truth.

use std::borrow::Cow;

use crate::Finding;

mod registry;
mod settings;

pub use registry::named;
pub use settings::{Settings, TAKEN, taken_by};

/// How the answers of one domain are read and compared. Pure: no IO, no clock, no state.
pub trait Verifier: Send + Sync {
    /// The answer in a reply.
    ///
    /// # Errors
    /// What is wrong with the reply, in a few words, where no answer can be read.
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>>;

    /// The ground truth where it is given as a plain value, in the form that [`compare`](Self::compare) takes.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    fn read_value<'a>(&self, value: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        Ok(Cow::Borrowed(value.trim()))
    }

    /// Compares an answer with the ground truth, both as [`read`](Self::read) gives them.
    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding;
}
