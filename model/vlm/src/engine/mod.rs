//! The decoding engine: one thread that owns the model and decodes for many requests at once.

mod request;

pub use request::{Event, Finish, Reason, Request, Sampling, Token};
