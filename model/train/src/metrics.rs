//! `metrics.jsonl`: the record of a run, one whole line for each measurement.
//!
//! Lines are only ever added. When a run is resumed, those past the step it resumes from are cut, so that the file tells
//! the same as that of a run that was never interrupted. JSON has no word for what is no number: it is written as `null`,
//! and the line's note says which number it was.
//!
//! ```json
//! {"step":120,"time":1764000000.5,"kind":"train","numbers":{"gradient_norm":0.71,"loss":1.234,"loss/grounding":1.1}}
//! {"step":121,"time":1764000001.0,"kind":"train","numbers":{"loss":null},"note":"`loss` is NaN"}
//! {"step":121,"time":1764000001.1,"kind":"note","numbers":{},"note":"skipped: the loss is no number"}
//! ```

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// The name of the file in a run's folder.
pub const FILE: &str = "metrics.jsonl";

/// Mean loss of a step in nats per token; `loss/NAME` is that of the source NAME.
pub const LOSS: &str = "loss";
/// Share of held-out questions whose answer lies in the target, 0 to 1; `accuracy/NAME` is that of the source NAME.
pub const ACCURACY: &str = "accuracy";
/// The step's learning rate, of the first parameter group.
pub const LEARNING_RATE: &str = "learning_rate";
/// Length of the gradient before it was clipped.
pub const GRADIENT_NORM: &str = "gradient_norm";
/// Tokens trained on in a second of wall clock, over all devices.
pub const TOKENS_PER_SECOND: &str = "tokens_per_second";

/// Why the record cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The disk or the system refuses.
    #[error("`{}` cannot be {doing}: {source}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// `read`, `written`.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A line that no run writes.
    #[error("line {line} of `{}` is no measurement: {reason}", .path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A step of training.
    Train,
    /// An evaluation on what is held out, after the step.
    Eval,
    /// Something a person should know, in words.
    Note,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Steps done, the measured one included.
    pub step: u64,
    /// Seconds since 1970.
    pub time: f64,
    /// What it is about.
    pub kind: Kind,
    /// Values by name; NaN where the file has `null`.
    #[serde(with = "numbers")]
    pub numbers: BTreeMap<String, f64>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Line {
    /// Numbers measured now.
    pub fn new<Name: Into<String>>(step: u64, kind: Kind, numbers: impl IntoIterator<Item = (Name, f64)>) -> Line {
        let numbers = numbers.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Line { step, time: now(), kind, numbers, note: None }
    }

    /// Words said now.
    pub fn note(step: u64, words: impl Into<String>) -> Line {
        Line { step, time: now(), kind: Kind::Note, numbers: BTreeMap::new(), note: Some(words.into()) }
    }

    /// The line as it is written: what is no number has a word in the note.
    fn spoken(&self) -> Line {
        let mut line = self.clone();
        let odd = line.numbers.iter().filter(|(_, value)| !value.is_finite());
        let words: Vec<String> =
            line.note.iter().cloned().chain(odd.map(|(name, value)| format!("`{name}` is {value}"))).collect();
        line.note = (!words.is_empty()).then(|| words.join("; "));
        line
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The record of a run that is being written.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    length: u64,
}

impl Metrics {
    /// Begins a record, in place of one that has the name.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn create(path: &Path) -> Result<Metrics, MetricsError> {
        let file = File::create(path).map_err(io(path, "written"))?;
        Ok(Metrics { path: path.to_owned(), file, length: 0 })
    }

    /// Goes on with a record after `step` steps: lines of later steps are cut, and so is a last line that was torn. Without
    /// a file, one is begun.
    ///
    /// # Errors
    /// If the file cannot be read or written, or a whole line of it is no measurement.
    pub fn resume(path: &Path, step: u64) -> Result<Metrics, MetricsError> {
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(path).map_err(io(path, "written"))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(io(path, "read"))?;
        let mut length = 0;
        for (line, end) in lines(path, &text) {
            if line?.step > step {
                break;
            }
            length = end;
        }
        let length = length as u64;
        file.set_len(length).and_then(|()| file.sync_all()).map_err(io(path, "written"))?;
        Ok(Metrics { path: path.to_owned(), file, length })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// If it cannot be written; the file then ends with the line before.
    pub fn write(&mut self, line: &Line) -> Result<(), MetricsError> {
        let mut text = serde_json::to_string(&line.spoken()).expect("a measurement is plain data");
        text.push('\n');
        if let Err(source) = self.file.write_all(text.as_bytes()) {
            // A disk that is full may have taken a part of the line; if it stays, the next start cuts it.
            _ = self.file.set_len(self.length);
            return Err(io(&self.path, "written")(source));
        }
        self.length += text.len() as u64;
        Ok(())
    }

    /// Waits until all lines are on the disk: before a checkpoint that a run can be resumed from.
    ///
    /// # Errors
    /// If the system cannot say so.
    pub fn sync(&self) -> Result<(), MetricsError> {
        self.file.sync_data().map_err(io(&self.path, "written"))
    }
}

/// All whole lines of a record, in the order in which they were written.
///
/// # Errors
/// If the file cannot be read or one of them is no measurement.
pub fn read(path: &Path) -> Result<Vec<Line>, MetricsError> {
    let text = std::fs::read(path).map_err(io(path, "read"))?;
    lines(path, &text).map(|(line, _)| line).collect()
}

/// The whole lines of a text, and where each ends.
fn lines<'a>(path: &'a Path, text: &'a [u8]) -> impl Iterator<Item = (Result<Line, MetricsError>, usize)> + 'a {
    let whole = text.split_inclusive(|byte| *byte == b'\n').take_while(|line| line.ends_with(b"\n"));
    whole.enumerate().scan(0, move |end, (number, line)| {
        *end += line.len();
        let line = serde_json::from_slice(line).map_err(|error| MetricsError::Line {
            path: path.to_owned(),
            line: number + 1,
            reason: error.to_string(),
        });
        Some((line, *end))
    })
}

fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> MetricsError {
    move |source| MetricsError::Io { path: path.to_owned(), doing, source }
}

/// Numbers as JSON has them, where `null` is none.
mod numbers {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(numbers: &BTreeMap<String, f64>, to: S) -> Result<S::Ok, S::Error> {
        let written: BTreeMap<&str, Option<f64>> =
            numbers.iter().map(|(name, value)| (name.as_str(), value.is_finite().then_some(*value))).collect();
        written.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, f64>, D::Error> {
        let written = BTreeMap::<String, Option<f64>>::deserialize(from)?;
        Ok(written.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
    }
}
