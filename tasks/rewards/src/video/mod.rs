//! Video: exact answers, multiple choice, and when something happens.
//!
//! The paper's Table 1 gives "exact or judge" and nothing more. Choices and times are settled by rule; a short answer that
//! is not the reference, letter for letter but for case and typography, is left to a judge.

mod choice;
mod exact;
mod moments;

pub use choice::Choice;
pub use exact::Exact;
pub use moments::Moments;
