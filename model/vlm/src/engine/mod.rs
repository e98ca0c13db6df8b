//! The decoding engine: one thread that owns the model and decodes for many requests at once.

mod error;
mod features;
mod options;
mod prompt;
mod random;
mod repetition;
mod request;
mod sampler;
mod scheduler;
mod stop;
mod thinking;

pub use error::EngineError;
pub use options::{Device, Dtype, EngineOptions};
pub use request::{Event, Finish, Reason, Request, Sampling, Token};
