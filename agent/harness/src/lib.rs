//! The harness: what an agent is shown, how its words become actions, who decides, and what comes of it.

pub mod dialect;
pub mod evaluate;
pub mod policy;
pub mod rollout;
pub mod store;

mod agent;
mod prompt;

pub use agent::{Agent, AgentOptions, Reply};
pub use dialect::{Dialect, Unreadable};
