//! The lines of an `episode.jsonl`: one for the goal, one for each turn, one for the end.

use std::collections::BTreeMap;

use glim_env::{Action, Completion, End, Evidence, Observation, Outcome, Seed, Timings};
use glim_tasks::Verdict;
use serde::{Deserialize, Serialize};

/// The name of the file.
pub(super) const FILE: &str = "episode.jsonl";

/// Which line it is, the field `line` of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Episode,
    Turn,
    End,
}

/// What every line begins with.
#[derive(Debug, Deserialize)]
pub(super) struct AnyLine {
    pub(super) line: Kind,
}

/// What the first line is read as before it is known to be of a version that can be read.
#[derive(Debug, Deserialize)]
pub(super) struct Version {
    pub(super) schema_version: u32,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EpisodeLine {
    pub(super) line: Kind,
    pub(super) schema_version: u32,
    pub(super) task: String,
    pub(super) seed: Seed,
    pub(super) goal: String,
    pub(super) agent: String,
    pub(super) attempt: u32,
}

/// A screenshot beside the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Picture {
    /// Its name in the episode's folder.
    pub(super) file: String,
    /// Of the file, in hexadecimal.
    pub(super) sha256: String,
}

/// One turn.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TurnLine {
    pub(super) line: Kind,
    pub(super) index: usize,
    pub(super) screenshot: Option<Picture>,
    pub(super) observation: Observation,
    #[serde(default)]
    pub(super) prompt: String,
    pub(super) completion: Completion,
    pub(super) action: Option<Action>,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    pub(super) timings: Timings,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EndLine {
    pub(super) line: Kind,
    #[serde(flatten)]
    pub(super) end: End,
    pub(super) screenshot: Option<Picture>,
    pub(super) observation: Option<Observation>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) verdict: Verdict,
    pub(super) rewards: BTreeMap<String, f64>,
    #[serde(flatten)]
    pub(super) totals: Totals,
}

/// Sums over the turns, so that a summary needs only the first and the last line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) turns: usize,
    pub(super) reset_ms: f64,
    pub(super) env_ms: f64,
    pub(super) policy_ms: f64,
}
