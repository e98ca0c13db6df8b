//! The verifiers, one a file: how each reads an answer, and how it compares it with the ground truth.

mod chart;
mod chemistry;
mod counting;
mod math;
mod physics;
mod spatial;

use std::borrow::Cow;

pub use chart::Chart;
pub use chemistry::Chemistry;
pub use counting::Counting;
pub use math::Math;
pub use physics::Physics;
pub use spatial::Spatial;

use crate::Finding;

/// How the answers of one domain are read and compared. Pure: no IO, no clock, no state.
pub trait Verifier: Send + Sync {
    /// The answer in a reply.
    ///
    /// # Errors
    /// What is wrong with the reply, in a few words, where no answer can be read.
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>>;

    /// Compares an answer with the ground truth, both as [`read`](Self::read) gives them.
    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding;
}
