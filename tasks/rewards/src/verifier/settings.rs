//! What the verifiers can be told; which of it each one takes.

use serde::Deserialize;

use crate::number::Reach;

/// Settings of a verifier. Each takes some of them ([`taken_by`]).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How far a number may lie from the ground truth, relative to it; the verifier's own default if absent.
    pub tolerance: Option<f64>,
    /// Whether an answer must stand in a box. If not, an answer part without a box is the answer.
    pub box_required: bool,
    /// Whether `Paris` and `PARIS` are the same text.
    pub ignore_case: bool,
    /// Similarity of texts, 0..=1, from which on an answer is worth 1.
    pub full_from: f64,
    /// Similarity of texts, 0..=1, up to which an answer is worth 0.
    pub none_up_to: f64,
    /// A regular expression that finds the answer in a reply.
    pub answer_pattern: Option<String>,
    /// How far rules compare numbers: `"full"` reads what people write and converts units, `"published"` leaves to the judge
    /// what the published system does.
    pub reach: Reach,
    /// Overlap of boxes or intervals, as intersection over union, from which on they match; the verifier's own default if
    /// absent.
    pub overlap: Option<f64>,
    /// Whether actions on screens are scored by the published formulas, instead of by our own, which pay nothing to guesses.
    pub published_terms: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            tolerance: None,
            box_required: true,
            ignore_case: false,
            full_from: 1.0,
            none_up_to: 0.0,
            answer_pattern: None,
            reach: Reach::Full,
            overlap: None,
            published_terms: false,
        }
    }
}

const NUMBERS: &[&str] = &["box_required", "reach", "tolerance"];
const BOX: &[&str] = &["box_required"];
const TERMS: &[&str] = &["published_terms"];
const NONE: &[&str] = &[];

/// Each verifier with the names of the [`Settings`] that it takes.
pub const TAKEN: [(&str, &[&str]); 24] = [
    ("androidworld", TERMS),
    ("biology", BOX),
    ("chart", &["answer_pattern", "box_required", "reach", "tolerance"]),
    ("chemistry", NUMBERS),
    ("counting", &["box_required", "reach"]),
    ("general", &["answer_pattern"]),
    ("geography", NUMBERS),
    ("geoquest", BOX),
    ("grounding", &["overlap"]),
    ("grounding_points", NONE),
    ("language_mix", NONE),
    ("liberal_arts", BOX),
    ("long_doc", BOX),
    ("math", NUMBERS),
    ("mmsi", NUMBERS),
    ("multi_image", NUMBERS),
    ("ocr", &["box_required", "full_from", "ignore_case", "none_up_to"]),
    ("osworld", TERMS),
    ("physics", NUMBERS),
    ("video", NONE),
    ("video_choice", NONE),
    ("video_moments", &["overlap"]),
    ("vqa", BOX),
    ("webvoyager", TERMS),
];

/// The names of the settings that a verifier takes; `None` if there is no such verifier.
pub fn taken_by(verifier: &str) -> Option<&'static [&'static str]> {
    TAKEN.iter().find(|(name, _)| *name == verifier).map(|(_, taken)| *taken)
}
