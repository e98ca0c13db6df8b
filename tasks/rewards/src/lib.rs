//! The reward system: what a reply is worth, exactly, quickly, and hard to cheat.
//!
//! In the order in which a sample goes through: `reply` checks the frame of a reply and reads the answer out of it,
//! a verifier compares the answer with the ground truth, and where no rule decides, the judge is asked. Everything but the
//! judge is pure and synchronous. `DECISIONS.md` says where this departs from the published system, and why.

mod boxed_answer;
mod boxes;
pub mod cases;
pub mod config;
mod distance;
mod domain;
mod finding;
pub mod grounding;
pub mod gui;
pub mod hedge;
pub mod judge;
mod literal;
mod number;
pub mod reply;
pub mod system;
pub mod template;
pub mod text;
pub mod verifier;
pub mod video;

pub use config::Config;
pub use distance::{MOST_STEPS, levenshtein, longest_common_subsequence};
pub use finding::{Finding, Kind, Reward};
pub use system::{Sample, System};
pub use verifier::Verifier;
