//! The decoding engine: one thread that owns the model and decodes for many requests at once.
//!
//! In the order in which a request goes through: `check` finds out whether it can be served, it waits in the `queue`, the
//! `batch` lets it in as the `scheduler` says, its pictures become `features`, its prompt is read, and then each round the
//! `sampler` draws a token, with a number from `random`, which the `writer` turns into events (`stop` texts, `repetition`,
//! the budget of `thinking`), until it ends. Plain data crosses between threads, never tensors.
//!
//! ```text
//! callers                          the engine's thread, in rounds
//! Engine::submit -> check -> queue -> admit -> look -> read one part -> decode one token each -> Generation::next
//! ```
//!
//! A round reads a bounded number of prompt tokens and then decodes one token for every reply that is past its prompt, so
//! that neither starves the other.

mod batch;
mod check;
mod device_sampler;
mod error;
mod features;
mod forward;
mod handle;
mod loaded;
mod metrics;
mod options;
mod prompt;
mod queue;

mod repetition;
mod request;
mod sampler;
mod scheduler;
mod start;
mod stop;
mod thinking;
mod writer;

#[cfg(test)]
mod tests;

pub use error::EngineError;
pub use handle::{Engine, Generation};
pub use metrics::Metrics;
pub use options::{Device, Dtype, EngineOptions};
pub use request::{Event, Finish, Reason, Reply, Request, Sampling, Token};
