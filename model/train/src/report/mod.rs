//! `report.html`: one self-contained page that shows a training run: curves, final numbers beside their baselines, where
//! the time went, answers drawn on the screenshots they are about, and the recipe.
//!
//! The look is that of the evaluation's report, whose stylesheet is taken as it is; `train.css` adds what it has not.
//! Questions come from pages and answers from a model, and both are hostile: the template escapes all values, and the page's
//! content security policy lets only its own script run and nothing be loaded from the network. Pictures lie inside.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use crate::metrics::Line;

mod curves;
mod drawn;
mod figure;
mod page;
mod plot;
#[cfg(test)]
mod tests;

pub use drawn::drawn;
pub use figure::figures;

/// The name of the file.
pub const FILE: &str = "report.html";

const TEMPLATE: &str = include_str!("report.html");
const LOOK: &str = include_str!("../../../../agent/harness/src/report/report.css");
/// Colours of curves, in light and in dark.
const TINTS: &str = include_str!("tints.css");
const STYLE: &str = include_str!("train.css");
const SCRIPT: &str = include_str!("report.js");

/// Bytes of pictures in a page; what is past them is told in words.
const PICTURES: usize = 16 << 20;

/// What a report is made of.
#[derive(Debug, Clone, Default)]
pub struct ReportData {
    /// What the run is called.
    pub run: String,
    /// What it does, for example `Pre-training`.
    pub stage: String,
    /// Names and values under the title: device, model, seed, commit.
    pub facts: Vec<(String, String)>,
    /// Why the run has not come to its end, and how to go on; None if it has.
    pub unfinished: Option<String>,
    /// The record of the run. Curves are drawn of all numbers in it; the part of a name after `/` is that of a source.
    pub lines: Vec<Line>,
    /// Final numbers; the first is the headline.
    pub scores: Vec<Score>,
    /// Where the time went, in the order of a step.
    pub phases: Vec<Phase>,
    /// Answers on what was held out.
    pub predictions: Vec<Prediction>,
    /// The resolved recipe, as TOML.
    pub recipe: String,
}

/// A final number beside what it has to be compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// What was measured.
    pub name: String,
    /// In which unit.
    pub unit: Unit,
    /// What came out.
    pub value: f64,
    /// The 95% interval.
    pub interval: Option<(f64, f64)>,
    /// How many questions it is over.
    pub questions: u64,
    /// What guessing gives.
    pub chance: Option<f64>,
    /// What a model gives that reads the question and does not see the picture.
    pub text_blind: Option<f64>,
}

/// How a score is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 0 to 1, printed in percent.
    Share,
    /// Any number, for example a loss in nats.
    Number,
}

/// A part of the time of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// For example `waiting for data`, `forward`, `backward`, `optimiser`, `evaluation`.
    pub name: String,
    /// Of wall clock, over the whole run.
    pub seconds: f64,
}

/// One question with its answer. Places are in pixels of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Where it is from.
    pub source: String,
    /// What was asked.
    pub question: String,
    /// What the model wrote.
    pub reply: String,
    /// The screenshot: a PNG file.
    pub picture: Vec<u8>,
    /// Left, top, right and bottom of what was meant.
    pub target: [f64; 4],
    /// Where the reply points; None if it points nowhere.
    pub answer: Option<Answer>,
    /// Whether that counts as right.
    pub right: bool,
}

/// Where a reply points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// At a point: x and y.
    Point([f64; 2]),
    /// At a box: left, top, right and bottom.
    Box([f64; 4]),
}

/// The page is not on the disk.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be written: {source}", .path.display())]
pub struct ReportError {
    /// Which file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// Writes the report into a run's folder, or writes it again; where it lies. A reader sees the old page or the new one.
///
/// # Errors
/// If the page cannot be written.
pub fn write(run: &Path, data: &ReportData) -> Result<PathBuf, ReportError> {
    let path = run.join(FILE);
    let partial = run.join(format!("{FILE}.partial"));
    let written = std::fs::write(&partial, html(data)).and_then(|()| std::fs::rename(&partial, &path));
    match written {
        Ok(()) => Ok(path),
        Err(source) => {
            // What is left of it only takes room; the error is that of the page.
            _ = std::fs::remove_file(&partial);
            Err(ReportError { path, source })
        }
    }
}

/// The page.
pub fn html(data: &ReportData) -> String {
    let page = page::Page::new(data);
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let script_hash = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, SCRIPT.as_bytes()));
    // Without a `<` nothing in it can end the block; JSON has another way to write one.
    let data = serde_json::to_string(&page.told()).expect("plain data can be written as JSON").replace('<', "\\u003c");
    environment
        .render_str(
            TEMPLATE,
            context! {
                page => Value::from(Serde(&page)),
                data => Value::from_safe_string(data),
                style => Value::from_safe_string([LOOK, TINTS, STYLE].concat()),
                script => Value::from_safe_string(SCRIPT.to_owned()),
                script_hash => Value::from_safe_string(script_hash),
            },
        )
        .expect("the template is fixed and a test renders every branch of it")
}
