//! What the verifiers can be told; which of it each one takes.

use serde::Deserialize;

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
    /// Whether a rule compares quantities with units (`5 kg` and `5000 g`), or leaves them to the judge.
    pub convert_units: bool,
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
            convert_units: true,
            overlap: None,
            published_terms: false,
        }
    }
}

const TOLERANCE: &[&str] = &["box_required", "tolerance"];
const UNITS: &[&str] = &["box_required", "convert_units", "tolerance"];
const BOX: &[&str] = &["box_required"];
const TERMS: &[&str] = &["published_terms"];
const NONE: &[&str] = &[];

/// Each verifier with the names of the [`Settings`] that it takes.
pub const TAKEN: [(&str, &[&str]); 24] = [
    ("androidworld", TERMS),
    ("biology", BOX),
    ("chart", &["answer_pattern", "box_required", "tolerance"]),
    ("chemistry", UNITS),
    ("counting", BOX),
    ("general", &["answer_pattern"]),
    ("geography", TOLERANCE),
    ("geoquest", BOX),
    ("grounding", &["overlap"]),
    ("grounding_points", NONE),
    ("language_mix", NONE),
    ("liberal_arts", BOX),
    ("long_doc", BOX),
    ("math", TOLERANCE),
    ("mmsi", TOLERANCE),
    ("multi_image", TOLERANCE),
    ("ocr", &["box_required", "full_from", "ignore_case", "none_up_to"]),
    ("osworld", TERMS),
    ("physics", UNITS),
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
