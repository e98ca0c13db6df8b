//! Video: exact answers, multiple choice, and when something happens.
//!
//! The paper's Table 1 gives "exact or judge" and nothing more. Times are settled by rule, and so are choices that are plain;
//! a short answer that is not the reference, letter for letter but for case and typography, is left to a judge.

mod choice;
mod exact;
mod moments;
mod options;
mod times;

pub use choice::Choice;
pub use exact::Exact;
pub use moments::Moments;
