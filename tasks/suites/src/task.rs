//! The contract between a task and the harness that runs it.

use std::sync::Arc;

use glim_env::{Action, Episode, Evidence, Observation, Query, Seed, StartState, Turn};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A named list of task families.
#[derive(Clone)]
pub struct Suite {
    /// `pages`, `miniwob`, `shop`, ...
    pub name: String,
    /// Its families, in the order in which a report lists them.
    pub families: Vec<Arc<dyn TaskFamily>>,
}

/// A way to make many tasks of one kind.
pub trait TaskFamily: Send + Sync {
    /// Suite and family: `pages/click-button`.
    fn name(&self) -> &str;

    /// One instance. Equal seeds give equal tasks.
    fn instantiate(&self, seed: Seed) -> Arc<dyn Task>;

    /// The instances there are, for a family that has only so many. Without them every seed makes one.
    fn items(&self) -> Option<Items> {
        None
    }
}

/// The instances of a family that has only so many, each of which is played once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items {
    /// How many are played: those of the seeds `0..count`.
    pub count: u64,
    /// A hash of all that the family's files hold, played or not, so that a run does not go on with others.
    pub content: String,
}

/// One instance of a task.
pub trait Task: Send + Sync {
    /// What the agent is asked to do.
    fn goal(&self) -> Goal;

    /// Puts up what the task needs outside the environment. Called inside a Tokio runtime, before each reset.
    ///
    /// # Errors
    /// If it could not be put up: the world is at fault, and the episode is void.
    fn stage(&self) -> Result<Stage, StageError>;

    /// What [`Task::judge`] wants to know, asked after the last turn.
    fn queries(&self, episode: &Episode) -> Vec<Query>;

    /// The verdict, from the episode and the answers to [`Task::queries`] in their order. Pure.
    fn judge(&self, episode: &Episode, evidence: &[Evidence]) -> Verdict;

    /// The next action of a scripted solution, worked out from what any agent would see; `None` if there is none or it is
    /// stuck. It proves that the task can be solved.
    fn solve(&self, situation: &Situation<'_>) -> Option<Action>;

    /// Whether the world says that the episode is over, by the value of [`glim_env::WebStart::watch`].
    fn is_over(&self, signal: &Value) -> bool {
        let _ = signal;
        false
    }

    /// How many turns an agent gets.
    fn turn_budget(&self) -> usize {
        30
    }

    /// Labels to look at results by: difficulty, site, kind of answer.
    fn tags(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Where the instruction comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Goal {
    /// The task knows it.
    Text(String),
    /// The world makes it up at reset; the answer to this query is the text.
    Asked(Query),
}

/// What a task put up: the start, and the backend behind it. Dropping it takes the backend down.
pub struct Stage {
    /// Where the environment begins.
    pub start: StartState,
    /// Who answers [`Query::Backend`].
    pub backend: Option<Box<dyn Backend>>,
}

impl From<StartState> for Stage {
    fn from(start: StartState) -> Self {
        Stage { start, backend: None }
    }
}

/// The truth behind a site of ours.
pub trait Backend: Send {
    /// Answers a [`Query::Backend`]. Leaves the world unchanged.
    ///
    /// # Errors
    /// If the query is wrong or the backend is gone.
    fn probe(&mut self, query: &str) -> Result<Value, BackendError>;
}

/// What a scripted solution may look at: nothing that an agent would not see.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The instruction.
    pub goal: &'a str,
    /// The screen.
    pub observation: &'a Observation,
    /// What was done so far.
    pub turns: &'a [Turn],
}

/// A verifier's finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// 0..=1, where 1 is the goal reached.
    pub score: f64,
    /// One sentence on why.
    pub reason: String,
    /// What else the verifier measured: `raw_reward`, `decayed_reward`, [`Verdict::LABELS`], [`Verdict::MEASURES`].
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub details: serde_json::Map<String, Value>,
    /// The verifier could not decide (no judge, unreadable judge): the score means nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undecided: bool,
}

impl Verdict {
    /// The detail that results are grouped by: a list of `name=value`.
    pub const LABELS: &'static str = "labels";
    /// The detail that results are averaged over beside the score: numbers by name.
    pub const MEASURES: &'static str = "measures";

    /// With labels to group results by, each as `name=value`.
    #[must_use]
    pub fn labelled(mut self, labels: &[String]) -> Verdict {
        self.details.insert(Verdict::LABELS.to_owned(), labels.into());
        self
    }

    /// With numbers, each 0..=1, that results show the means of beside the score.
    #[must_use]
    pub fn measured(mut self, measures: &[(&str, f64)]) -> Verdict {
        let measures = measures.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        self.details.insert(Verdict::MEASURES.to_owned(), Value::Object(measures.collect()));
        self
    }

    /// The goal is reached.
    pub fn success(reason: impl Into<String>) -> Verdict {
        Verdict::scored(1.0, reason)
    }

    /// The goal is not reached.
    pub fn failure(reason: impl Into<String>) -> Verdict {
        Verdict::scored(0.0, reason)
    }

    /// A score 0..=1.
    pub fn scored(score: f64, reason: impl Into<String>) -> Verdict {
        Verdict { score, reason: reason.into(), details: serde_json::Map::new(), undecided: false }
    }

    /// Nobody can say.
    pub fn undecided(reason: impl Into<String>) -> Verdict {
        Verdict { undecided: true, ..Verdict::failure(reason) }
    }

    /// Whether the goal is reached.
    pub fn is_success(&self) -> bool {
        !self.undecided && self.score >= 1.0
    }
}

/// A task could not be put up.
#[derive(Debug, thiserror::Error)]
#[error("the task `{task}` could not be put up: {reason}")]
pub struct StageError {
    /// Suite and family.
    pub task: String,
    /// Why.
    pub reason: String,
}

/// A backend could not answer.
#[derive(Debug, thiserror::Error)]
#[error("the backend could not answer `{query}`: {reason}")]
pub struct BackendError {
    /// What was asked.
    pub query: String,
    /// Why not.
    pub reason: String,
}
