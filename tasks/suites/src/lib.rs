//! What is asked of an agent, and how we know that it was done.
//!
//! A [`Suite`] is a list of [`TaskFamily`]s; a family makes a [`Task`] from a seed. A task names its goal, where it
//! starts, what a verifier wants to know, and judges from that alone: judging does no IO, so that a stored episode can
//! be judged again.

pub mod basics;
pub mod grounding;
pub mod miniwob;
mod page_server;
pub mod pages;
mod task;
pub mod webvoyager;
pub mod wob;

pub use page_server::{PageServer, PageServerError};
pub use task::{Backend, BackendError, Goal, Items, Situation, Stage, StageError, Suite, Task, TaskFamily, Verdict};
