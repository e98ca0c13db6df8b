//! Temporal grounding: when something happens, as one or several intervals.
//!
//! The score is the intersection over the union of all intervals, and nothing below [`Moments::least_overlap`], so that the
//! whole video earns nothing for a moment.
//!
//! ```text
//! [12.5, 20]      00:12 - 00:20      from 12 s to 20 s      1:02:03 to 1:02:10      [[1, 2], [5, 8]]
//! 1m5s - 1m10s    {"start_time": 12.5, "end_time": 20}      It happens from 12.5 s to 20 s.
//! ```

use std::borrow::Cow;

use super::times::{Interval, intervals};
use crate::text::trim;
use crate::{Finding, Verifier, boxed_answer};

/// Compares intervals of time.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Less overlap earns nothing, as intersection over union.
    pub least_overlap: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self { least_overlap: 0.1 }
    }
}

impl Verifier for Moments {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        with_intervals(boxed_answer::read(reply)?)
    }

    fn read_value<'a>(&self, value: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        with_intervals(trim(value).into())
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        let Some(truth) = intervals(truth) else {
            return Finding::decided(0.0, "the ground truth names no intervals of time");
        };
        let Some(answer) = intervals(answer) else {
            return Finding::decided(0.0, "the answer names no intervals of time");
        };
        if answer == truth {
            return Finding::decided(1.0, "the same time");
        }
        let common = common_length(&answer, &truth);
        let union = length(&answer) + length(&truth) - common;
        let overlap = if union > 0.0 { (common / union).clamp(0.0, 1.0) } else { 0.0 };
        if overlap < self.least_overlap {
            Finding::decided(0.0, "another time")
        } else {
            Finding::decided(overlap, "the times overlap")
        }
    }
}

fn with_intervals(text: Cow<'_, str>) -> Result<Cow<'_, str>, Cow<'static, str>> {
    if intervals(&text).is_some() { Ok(text) } else { Err("it names no intervals of time".into()) }
}

fn length(intervals: &[Interval]) -> f64 {
    intervals.iter().map(|(start, end)| end - start).sum()
}

/// Of two sorted lists of intervals that do not overlap among themselves.
fn common_length(one: &[Interval], two: &[Interval]) -> f64 {
    let (mut left, mut right, mut common) = (0, 0, 0.0);
    while let (Some(first), Some(second)) = (one.get(left), two.get(right)) {
        common += (first.1.min(second.1) - first.0.max(second.0)).max(0.0);
        if first.1 < second.1 { left += 1 } else { right += 1 }
    }
    common
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::same("10-20", "[10, 20]", 1.0)]
    #[case::half("10-15", "10-20", 0.5)]
    #[case::beside("20-30", "10-20", 0.0)]
    #[case::whole_video("0-1000", "10-20", 0.0)]
    #[case::union("0-2, 4-6", "0-6", 2.0 / 3.0)]
    #[case::listing("0-5, 5-10, 10-15, 15-20", "10-15", 0.25)]
    #[case::sentence("It happens from 10 s to 20 s.", "10-20", 1.0)]
    #[case::minus("[-10, -20]", "[10, 20]", 0.0)]
    #[case::a_moment("5-5", "5-5", 1.0)]
    #[case::no_length("5-5", "6-6", 0.0)]
    fn overlap_is_of_the_unions(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
        let Finding::Decided { score, .. } = Moments::default().compare("", answer, truth) else {
            panic!("rules decide")
        };
        assert!((score - expected).abs() < 1e-12, "{score}");
    }
}
