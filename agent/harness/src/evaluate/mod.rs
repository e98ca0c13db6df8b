//! Evaluation: an agent on many instances of many tasks, counted honestly.
//!
//! What is counted is what lies in the run folder, never what is in memory, so that an interrupted evaluation that is
//! resumed gives the results of one that was not. Episodes that are void or undecided are shown and are in no rate.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glim_env::{SCHEMA_VERSION, Seed};
use glim_tasks::{Suite, TaskFamily};
use serde_json::{Map, Value};

use crate::rollout::{Instance, Observer, Rollout, RunError, Stop, Tally, Worlds};
use crate::store::{self, Disk, RunRecord, Store, StoreError};

mod interval;
mod results;
pub(crate) mod table;
#[cfg(test)]
mod tests;

pub use interval::{Interval, wilson};
pub use results::{EpisodeResult, FILE, Group, Results, Status, Totals, suite_of};
pub use table::Table;

/// What is to be evaluated, and where it is recorded.
#[derive(Clone)]
pub struct Evaluation {
    /// The run folder.
    pub out: PathBuf,
    /// The suites, with the families that are wanted.
    pub suites: Vec<Suite>,
    /// Episodes of each family that makes one of every seed; others have their [`glim_tasks::Items`], once each.
    pub episodes: u64,
    /// The seed of the first episode of each family; the others follow it, so that results can be compared seed by seed
    /// with those of other programs.
    pub first_seed: u64,
    /// Name of the judging model, for the record.
    pub judge: Option<String>,
    /// The commit the program was built from, if known, for the record.
    pub commit: Option<String>,
    /// Whatever else moves a result; a run is resumed only under equal conditions.
    pub conditions: Map<String, Value>,
}

/// An evaluation as it stands.
#[derive(Debug)]
pub struct Evaluated {
    /// What was found, also in [`FILE`] of the run folder.
    pub results: Results,
    /// What this call did; episodes of earlier ones are not in it.
    pub tally: Tally,
    /// Planned episodes that had been finished before.
    pub resumed: usize,
}

/// An evaluation that could not go on. What was finished before is recorded, and it can be resumed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The run folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The episodes cannot be played.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Two families have the same name.
    #[error("the task `{name}` is given twice")]
    Twice {
        /// Suite and family.
        name: String,
    },
}

impl Evaluation {
    /// How many episodes are planned.
    pub fn planned(&self) -> u64 {
        self.families().map(|family| self.seeds(family)).map(|seeds| seeds.end - seeds.start).sum()
    }

    fn families(&self) -> impl Iterator<Item = &dyn TaskFamily> {
        self.suites.iter().flat_map(|suite| &suite.families).map(|family| &**family)
    }

    /// The seeds that are played of a family.
    fn seeds(&self, family: &dyn TaskFamily) -> std::ops::Range<u64> {
        match family.items() {
            Some(items) => 0..items.count,
            None => self.first_seed..self.first_seed.saturating_add(self.episodes),
        }
    }

    /// Plays what is not yet finished, and counts. Instances that were void are tried again.
    ///
    /// # Errors
    /// If the run folder cannot be used or the run cannot go on. `results.json` is written in the latter case, too.
    pub async fn run<W: Worlds>(
        &self,
        rollout: &Rollout<W>,
        observer: Arc<dyn Observer>,
        stop: &Stop,
    ) -> Result<Evaluated, EvaluateError> {
        self.run_on(Disk::default(), rollout, observer, stop).await
    }

    async fn run_on<W: Worlds>(
        &self,
        disk: Disk,
        rollout: &Rollout<W>,
        observer: Arc<dyn Observer>,
        stop: &Stop,
    ) -> Result<Evaluated, EvaluateError> {
        let store = Arc::new(Store::open_on(disk, &self.out, self.record(rollout)?)?);
        let mut attempts: HashMap<(String, Seed), u32> = HashMap::new();
        for void in store::voids(&self.out)? {
            attempts.insert((void.task, void.seed), void.attempt);
        }
        let instances = self.instances(&store, &attempts);
        let resumed = usize::try_from(self.planned()).unwrap_or(usize::MAX) - instances.len();
        let ran = rollout.run(instances, store.clone(), observer, stop).await;
        let results = record_results(&store);
        // Why the run stopped says more than that its results could not be written either.
        let tally = ran?;
        Ok(Evaluated { results: results?, tally, resumed })
    }

    /// What remains to be played, in the order in which it is started: task by task, so that a worker's world mostly
    /// stays on one page.
    fn instances(&self, store: &Store, attempts: &HashMap<(String, Seed), u32>) -> Vec<Instance> {
        let mut instances = Vec::new();
        for family in self.suites.iter().flat_map(|suite| &suite.families) {
            for seed in self.seeds(&**family).map(Seed) {
                if !store.contains(family.name(), seed) {
                    let attempts = attempts.get(&(family.name().to_owned(), seed)).copied().unwrap_or(0);
                    instances.push(Instance { family: family.clone(), seed, attempts });
                }
            }
        }
        instances
    }

    fn record<W>(&self, rollout: &Rollout<W>) -> Result<RunRecord, EvaluateError> {
        let families: Vec<String> = self.families().map(|family| family.name().to_owned()).collect();
        let mut seen = std::collections::HashSet::new();
        if let Some(name) = families.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(EvaluateError::Twice { name: name.clone() });
        }
        Ok(RunRecord {
            schema_version: SCHEMA_VERSION,
            glim: env!("CARGO_PKG_VERSION").to_owned(),
            commit: self.commit.clone(),
            agent: rollout.agent.name().to_owned(),
            dialect: rollout.agent.dialect().to_string(),
            judge: self.judge.clone(),
            limits: rollout.limits,
            conditions: self.conditions.clone(),
            suites: self.suites.iter().map(|suite| suite.name.clone()).collect(),
            families,
            items: self.families().filter_map(|family| Some((family.name().to_owned(), family.items()?))).collect(),
            episodes: self.episodes,
            first_seed: self.first_seed,
            concurrency: rollout.concurrency,
        })
    }
}

/// Counts what is in the folder and writes it there.
fn record_results(store: &Store) -> Result<Results, StoreError> {
    let results = Results::of_run(store.root())?;
    let mut text = serde_json::to_vec_pretty(&results).expect("plain data with text keys can be written as JSON");
    text.push(b'\n');
    store.replace(FILE, &text)?;
    Ok(results)
}

/// Reads the results of a run as they were written.
///
/// # Errors
/// If the file is missing or is not one.
pub fn read_results(run: &Path) -> Result<Results, StoreError> {
    let path = run.join(FILE);
    let text = std::fs::read(&path).map_err(StoreError::io(&path, "read"))?;
    serde_json::from_slice(&text).map_err(|error| StoreError::Line {
        path,
        line: error.line(),
        reason: error.to_string(),
    })
}
