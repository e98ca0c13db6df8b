//! Grounding: boxes around what is meant, or points on it.
//!
//! The paper's Table 1 gives `#(IoU > tau) / total boxes` and leaves open which boxes are the total, how they are matched,
//! and what is right where nothing is meant. Here:
//!
//! - every predicted box is matched with at most one reference box, so that as many pairs as can be overlap by more than
//!   tau, and among such matchings with the greatest overlap;
//! - the total is the larger of both numbers of boxes, so that listing everything costs as much as missing something;
//! - a box over nine tenths of the picture matches only a reference box as large;
//! - where the reference has no object, only an answer that says so is right, and it is wrong everywhere else.
//!
//! ```text
//! [[100, 200, 300, 400]]      [100, 200, 300, 400]      [{"bbox_2d": [100, 200, 300, 400], "label": "cat"}]
//! (500, 500)                  {"point": [500, 500]}     none
//! ```

mod assignment;
mod places;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use assignment::best_assignment;
use places::Places;

use crate::boxes::NormBox;
use crate::text::trim;
use crate::{Finding, Verifier, boxed_answer};

const TRUTH_UNREADABLE: &str = "the ground truth names no place";
const ANSWER_UNREADABLE: &str = "the answer names no place";

/// Compares boxes with boxes.
#[derive(Debug, Clone, Copy)]
pub struct Boxes {
    /// Tau: boxes match that overlap by more, as intersection over union in 0..1.
    pub threshold: f64,
}

impl Default for Boxes {
    fn default() -> Self {
        Self { threshold: 0.5 }
    }
}

/// Compares points with boxes or points.
#[derive(Debug, Clone, Copy)]
pub struct Points {
    /// How near a point must come where the reference is a point, in units of the grid of 0..=999.
    pub radius: f64,
}

impl Default for Points {
    fn default() -> Self {
        Self { radius: 20.0 }
    }
}

impl Verifier for Boxes {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read(reply)
    }

    fn read_value<'a>(&self, value: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        with_places(trim(value).into())
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        let (answer, truth) = match both(answer, truth) {
            Ok(places) => places,
            Err(finding) => return finding,
        };
        match (&answer, &truth) {
            (Places::Boxes(given), Places::Boxes(expected)) => {
                let weight = |given: NormBox, expected: NormBox| {
                    let overlap = given.overlap(expected);
                    let vast = given.is_whole_screen() && !expected.is_whole_screen();
                    (overlap > self.threshold && !vast).then_some(overlap)
                };
                matched(given, expected, weight)
            }
            (Places::Nothing, Places::Nothing) => Finding::decided(1.0, "there is no such object"),
            (Places::Nothing, _) => Finding::decided(0.0, "there is such an object"),
            (_, Places::Nothing) => Finding::decided(0.0, "there is no such object"),
            (_, Places::Points(_)) => Finding::decided(0.0, TRUTH_UNREADABLE),
            (Places::Points(_), _) => Finding::decided(0.0, "points where boxes are asked for"),
        }
    }
}

impl Verifier for Points {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read(reply)
    }

    fn read_value<'a>(&self, value: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        with_places(trim(value).into())
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        let (answer, truth) = match both(answer, truth) {
            Ok(places) => places,
            Err(finding) => return finding,
        };
        match (&answer, &truth) {
            (Places::Points(given), Places::Boxes(expected)) => {
                let inside = |point, target: NormBox| {
                    (target.distance(point) == 0.0).then(|| 1.0 - target.eccentricity(point, target.center()))
                };
                matched(given, expected, inside)
            }
            (Places::Points(given), Places::Points(expected)) => {
                let near = |given: (f64, f64), expected: (f64, f64)| {
                    let distance = (given.0 - expected.0).hypot(given.1 - expected.1);
                    (distance <= self.radius).then(|| 1.0 - distance / self.radius.max(1.0))
                };
                matched(given, expected, near)
            }
            (Places::Nothing, Places::Nothing) => Finding::decided(1.0, "there is no such object"),
            (Places::Nothing, _) => Finding::decided(0.0, "there is such an object"),
            (_, Places::Nothing) => Finding::decided(0.0, "there is no such object"),
            (Places::Boxes(_), _) => Finding::decided(0.0, "boxes where points are asked for"),
        }
    }
}

fn read(reply: &str) -> Result<Cow<'_, str>, Cow<'static, str>> {
    with_places(boxed_answer::read(reply)?)
}

fn with_places(text: Cow<'_, str>) -> Result<Cow<'_, str>, Cow<'static, str>> {
    if Places::read(&text).is_some() { Ok(text) } else { Err("it names no place".into()) }
}

fn both(answer: &str, truth: &str) -> Result<(Places, Places), Finding> {
    let truth = Places::read(truth).ok_or_else(|| Finding::decided(0.0, TRUTH_UNREADABLE))?;
    let answer = Places::read(answer).ok_or_else(|| Finding::decided(0.0, ANSWER_UNREADABLE))?;
    Ok((answer, truth))
}

/// The share of places that are matched; `weight` says how well two match that do.
fn matched<A: Copy, B: Copy>(given: &[A], expected: &[B], weight: impl Fn(A, B) -> Option<f64>) -> Finding {
    /// Every pair counts more than how well all of them match: places are fewer than a thousand.
    const QUALITY: f64 = 1e-3;

    let weights: Vec<Vec<f64>> = given
        .iter()
        .map(|&given| {
            expected.iter().map(|&expected| weight(given, expected).map_or(0.0, |good| 1.0 + QUALITY * good)).collect()
        })
        .collect();
    let pairs = best_assignment(&weights).into_iter().filter(|&(row, column)| weights[row][column] > 0.0).count();
    let score = pairs as f64 / given.len().max(expected.len()) as f64;
    let reason = match pairs {
        0 => "no place is right",
        _ if score == 1.0 => "every place is right",
        _ => "some places are right",
    };
    Finding::decided(score, reason)
}
