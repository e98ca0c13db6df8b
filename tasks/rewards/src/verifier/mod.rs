//! The verifiers, one a file: how each reads an answer, and how it compares it with the ground truth.

use std::borrow::Cow;

use crate::hedge::{self, Evasion};
use crate::{Finding, text};

mod biology;
mod chart;
mod chemistry;
mod counting;
mod general;
mod geography;
mod geoguess;
mod language_mix;
mod liberal_arts;
mod long_document;
mod math;
mod multi_image;
mod ocr;
mod physics;
mod registry;
mod settings;
mod spatial;
mod vqa;

pub use crate::number::Reach;
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
        Ok(Cow::Borrowed(text::trim(value)))
    }

    /// Compares an answer with the ground truth, both as [`read`](Self::read) gives them.
    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding;

    /// How an answer that [`compare`](Self::compare) leaves open evades the question; it is worth 0, and no judge is to see
    /// it.
    fn evasion(&self, question: &str, answer: &str, truth: &str) -> Option<Evasion> {
        hedge::evasion(question, answer, truth)
    }
}

/// An answer as [`Verifier::read`] gives it.
fn read_framed(
    reply: &str,
    frame: crate::reply::Frame,
    boxed: crate::reply::Boxed,
) -> Result<Cow<'_, str>, Cow<'static, str>> {
    crate::reply::read(reply, frame, boxed).map(Cow::Borrowed).map_err(|flaw| flaw.to_string().into())
}

/// The decision on texts that need no look: the same text, or an answer where there is none.
fn same_text(answer: &str, truth: &str) -> Option<Finding> {
    (answer == truth).then(|| Finding::decided(1.0, "the same text"))
}

/// What is left to say of texts that no rule can compare.
fn texts_differ() -> Finding {
    Finding::open("the texts differ")
}
