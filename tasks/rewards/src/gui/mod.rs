//! One action on a screen, compared with the action that was right: the dialects of Android, OSWorld and WebVoyager.
//!
//! Each dialect is read in its own way and scored under one of two [`Terms`]. [`Terms::Published`] are the formulas of the
//! published scripts (GLM-4.1V, section 5), without their holes: nothing is evaluated, and `DECISIONS.md` tells the rest.
//! [`Terms::Strict`] are ours, for training: both actions become a `step`, and one rule scores the steps of all three
//! dialects, so that what the published formulas pay to guesses (whole screens, letters in common, any place with the
//! right element's name) earns nothing. Only the one box of the answer part counts, and whoever says a thing twice has said
//! nothing.
//!
//! ```text
//! Android     <|begin_of_box|>{"action_type": "click", "box_2d": [[503, 580, 718, 702]]}<|end_of_box|>
//! OSWorld     <|begin_of_box|>left_click(start_box='[400, 300]', element_info='Save')<|end_of_box|>
//! WebVoyager  <|begin_of_box|>CLICK(point=(214, 100), box=[[198,92,229,107]], element_info='Dinners')<|end_of_box|>
//! ```

mod android;
mod boxed;
mod call;
mod names;
mod osworld;
mod similarity;
mod step;
mod strict;
mod webvoyager;

pub use android::Android;
pub use osworld::OsWorld;
pub use webvoyager::WebVoyager;

use crate::Finding;

/// By which rules an action is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Terms {
    /// The formulas of the published scripts, where these are no bugs.
    Published,
    /// One rule for all dialects that pays nothing to guesses.
    #[default]
    Strict,
}

/// Why a ground truth cannot be compared with anything.
const TRUTH_UNREADABLE: &str = "the ground truth is no action of this dialect";
/// The same, where the ground truth is read by itself.
const VALUE_UNREADABLE: &str = "it is no action of this dialect";
const ANSWER_UNREADABLE: &str = "the answer is no action of this dialect";
const OTHER_ACTION: &str = "another action";

fn nothing(reason: &'static str) -> Finding {
    Finding::decided(0.0, reason)
}

/// A score that arithmetic on doubles may have moved a hair out of 0..=1.
fn scored(score: f64, reason: &'static str) -> Finding {
    Finding::decided(if score.is_nan() { 0.0 } else { score.clamp(0.0, 1.0) }, reason)
}
