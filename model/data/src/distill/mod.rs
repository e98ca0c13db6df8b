//! Iterative enhancement: episodes of a checkpoint that a verifier accepts go back into what is learned from.
//!
//! ```text
//! RUN/run.json, episodes/TASK/SEED/episode.jsonl    of `glim eval`, any number of runs
//!      │ read: verdicts of all, whose share of successes is a task's difficulty
//!      │ accepted, whole, and sound by the rules of curation
//!      │ the same, or nearly the same, only once
//!      v at most so many of a task, fewer of one that is always solved
//! OUT/DIFFICULTY/TASK/SEED/episode.jsonl            what a recipe's `kind = "episodes"` reads, all or one difficulty
//! OUT/manifest.jsonl, distill.json                  where each is from; what was left out, and why
//! ```
//! The paper says that good samples of RL checkpoints return to the cold-start set, and that difficulty is the pass rate of
//! earlier checkpoints; **how we differ**: bounds, caps and what counts as the same are ours, since it names none. An
//! attempt that is void counts for nothing, and neither does a verdict that was not decided.
//!
//! The folder has its name only when all of it is written. The same command again finds it there and changes nothing.

mod choose;
mod read;
mod same;
mod table;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::training::Curation;
use read::{Found, Run, Sound, State};

/// Name of the file that says what was chosen, and from what.
const RECORD: &str = "distill.json";
/// Name of the file with a line for each episode.
const MANIFEST: &str = "manifest.jsonl";

/// What is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct DistillOptions {
    /// Folders of runs.
    pub runs: Vec<PathBuf>,
    /// Folders of episodes that are learned from already: what is in them is not taken again.
    pub known: Vec<PathBuf>,
    /// Score of a verdict from which on an episode is a success, 0..=1.
    pub min_score: f64,
    /// What is asked of its replies.
    pub curate: Curation,
    /// Episodes of one task, at most.
    pub per_task: usize,
    /// Episodes of a task that was solved each time, at most: there is little to learn from it.
    pub per_solved_task: usize,
}

impl DistillOptions {
    /// The usual ones.
    pub fn new(runs: Vec<PathBuf>) -> DistillOptions {
        let (known, curate) = (Vec::new(), Curation::default());
        DistillOptions { runs, known, min_score: 1.0, curate, per_task: 200, per_solved_task: 20 }
    }

    fn check(&self) -> Result<(), DataError> {
        let wrong = |name, value: String, limit| Err(DataError::Option { name, value, limit });
        if self.runs.is_empty() {
            return wrong("episodes", "empty".to_owned(), "there is at least one run");
        }
        if !(self.min_score > 0.0 && self.min_score <= 1.0) {
            return wrong("min_score", self.min_score.to_string(), "it is above 0 and at most 1");
        }
        if self.per_task == 0 {
            return wrong("per_task", "0".to_owned(), "it is 1 or more");
        }
        Ok(())
    }
}

/// How hard a task is for those who tried it, by their rate of success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difficulty {
    /// 90 % and more.
    VeryEasy,
    /// 70 % and more.
    Easy,
    /// 30 % and more.
    Medium,
    /// 10 % and more.
    Hard,
    /// Less.
    VeryHard,
}

impl Difficulty {
    /// By a rate of success, 0..=1.
    pub fn of(pass_rate: f64) -> Difficulty {
        match pass_rate {
            rate if rate >= 0.9 => Difficulty::VeryEasy,
            rate if rate >= 0.7 => Difficulty::Easy,
            rate if rate >= 0.3 => Difficulty::Medium,
            rate if rate >= 0.1 => Difficulty::Hard,
            _ => Difficulty::VeryHard,
        }
    }

    /// Its name in records and folders.
    pub fn name(self) -> &'static str {
        match self {
            Difficulty::VeryEasy => "very_easy",
            Difficulty::Easy => "easy",
            Difficulty::Medium => "medium",
            Difficulty::Hard => "hard",
            Difficulty::VeryHard => "very_hard",
        }
    }
}

/// What became of the episodes of one task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskCount {
    /// Episodes that were read, whatever came of them.
    pub read: u64,
    /// Those that a verifier accepted.
    pub successes: u64,
    /// Those that it did not.
    pub failures: u64,
    /// Those that it could not decide.
    pub undecided: u64,
    /// Instances that were tried and never finished, because something other than the agent failed.
    pub void: u64,
    /// Successes that were left out, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Successes that are in the set.
    pub kept: u64,
}

impl TaskCount {
    /// The share of successes in what was decided, 0..=1; `None` if nothing was.
    pub fn pass_rate(&self) -> Option<f64> {
        let decided = self.successes + self.failures;
        (decided > 0).then(|| self.successes as f64 / decided as f64)
    }

    /// How hard it is; `None` as of the rate.
    pub fn difficulty(&self) -> Option<Difficulty> {
        self.pass_rate().map(Difficulty::of)
    }

    fn drop_for(&mut self, reason: &str) {
        *self.dropped.entry(reason.to_owned()).or_default() += 1;
    }
}

/// What came of it; its [`std::fmt::Display`] is a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Distilled {
    /// By task.
    pub tasks: BTreeMap<String, TaskCount>,
    /// Episodes whose task and verdict cannot be read; they are in no count of a task.
    pub damaged: u64,
    /// What is wrong with the first of them.
    pub damage: Vec<String>,
    /// Folders of episodes that a run has not finished.
    pub unfinished: u64,
    /// Whether the set was there already, made of the same.
    pub unchanged: bool,
}

impl Distilled {
    /// Episodes in the set.
    pub fn kept(&self) -> u64 {
        self.tasks.values().map(|task| task.kept).sum()
    }
}

/// An episode that goes into the set.
struct Chosen {
    found: Found,
    sound: Sound,
}

/// Reads runs and writes the episodes to learn from into the folder `out`, which must not exist, be empty, or hold the same.
/// If there are none, nothing is written.
///
/// # Errors
/// If an option is outside its limits, a folder is no run or cannot be read, or `out` holds something else or cannot be
/// written; it does not exist then.
pub fn distill(out: &Path, options: &DistillOptions) -> Result<Distilled, DataError> {
    options.check()?;
    let mut runs: Vec<Run> = Vec::new();
    for path in &options.runs {
        let run = read::run(path, options)?;
        // A run that is named twice would not be twice the evidence.
        if runs.iter().all(|other| other.path != run.path) {
            runs.push(run);
        }
    }
    let mut done =
        Distilled { tasks: BTreeMap::new(), damaged: 0, damage: Vec::new(), unfinished: 0, unchanged: false };
    let mut accepted = Vec::new();
    for run in &mut runs {
        done.unfinished += run.unfinished;
        done.damaged += run.damaged;
        done.damage.append(&mut run.damage);
        for (task, void) in &run.voids {
            done.tasks.entry(task.clone()).or_default().void += void;
        }
        for found in run.episodes.drain(..) {
            count(&mut done.tasks, found, &mut accepted);
        }
    }
    let known: HashSet<String> = read::known(&options.known)?;
    let chosen = choose::choose(accepted, &known, options, &mut done.tasks);
    if !chosen.is_empty() {
        let paths: Vec<&Path> = runs.iter().map(|run| run.path.as_path()).collect();
        done.unchanged = write::set(out, options, &paths, &chosen, &done)?;
    }
    Ok(done)
}

/// Counts an episode under its task; one to choose from goes to the others.
fn count(tasks: &mut BTreeMap<String, TaskCount>, found: Found, accepted: &mut Vec<Chosen>) {
    let task = tasks.entry(found.task.clone()).or_default();
    task.read += 1;
    match &found.state {
        State::Undecided => task.undecided += 1,
        State::Failure => task.failures += 1,
        State::Unfit(reason) => {
            task.successes += 1;
            task.drop_for(reason);
        }
        State::Sound(sound) => {
            task.successes += 1;
            let sound = sound.clone();
            accepted.push(Chosen { found, sound });
        }
    }
}
