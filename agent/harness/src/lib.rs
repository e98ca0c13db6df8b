//! The harness: what an agent is shown, how its words become actions, who decides, and what comes of it.

pub mod dialect;
pub mod evaluate;
pub mod marks;
pub mod policy;
pub mod report;
pub mod rollout;
pub mod store;

mod agent;
mod picture;
mod prompt;
#[cfg(test)]
mod sample;

pub use agent::{Agent, AgentOptions, Reply};
pub use dialect::{Dialect, Unreadable};
