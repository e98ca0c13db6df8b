//! The harness: what an agent is shown, how its words become actions, who decides, and what comes of it.
//!
//! One turn flows through it so: a [`glim_env::Observation`] becomes words and pictures ([`marks`] numbers what can be
//! operated), a [`policy`] replies in words, a [`dialect`] reads the action from them, and the world carries it out. An
//! [`Agent`] is the three together. A [`rollout`] plays many episodes at once, the [`store`] keeps them, [`evaluate`]
//! scores them, and a [`report`] shows them.
//!
//! A reply that cannot be read is the agent's mistake and a value; a policy that fails is a [`policy::PolicyError`] and
//! voids the episode. The harness knows no browser and no model: both come in through traits.

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

pub use agent::{Agent, AgentOptions, Reply, Style};
pub use dialect::{Dialect, Unreadable};
pub use prompt::brief;
