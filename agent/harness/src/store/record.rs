//! `run.json`: what was run, with what, and under which conditions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use glim_env::SCHEMA_VERSION;
use glim_tasks::Items;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::StoreError;
use crate::rollout::Limits;

pub(super) const FILE: &str = "run.json";

/// What was run. Episodes of one folder have the same agent, dialect, judge, limits and conditions, so that they may be
/// counted together; there may be more tasks and seeds when it is resumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of the program.
    pub glim: String,
    /// The commit it was built from, if known.
    pub commit: Option<String>,
    /// Who acts.
    pub agent: String,
    /// In which dialect.
    pub dialect: String,
    /// The judging model, if any.
    pub judge: Option<String>,
    /// Bounds of each episode.
    pub limits: Limits,
    /// Whatever else moves a result: viewport, sampling, browser version.
    pub conditions: Map<String, Value>,
    /// Names of the suites.
    pub suites: Vec<String>,
    /// Names of the families, in the order in which they are reported.
    pub families: Vec<String>,
    /// The items of those families that have only so many; `episodes` and `first_seed` say nothing of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub items: BTreeMap<String, Items>,
    /// Episodes of each other family.
    pub episodes: u64,
    /// The seed of the first episode of each family; the others follow it.
    pub first_seed: u64,
    /// Episodes at once.
    pub concurrency: usize,
}

impl RunRecord {
    /// The seeds that are planned of a family.
    pub(crate) fn seeds(&self, family: &str) -> std::ops::Range<u64> {
        match self.items.get(family) {
            Some(items) => 0..items.count,
            None => self.first_seed..self.first_seed.saturating_add(self.episodes),
        }
    }

    /// Reads the record of a run.
    ///
    /// # Errors
    /// If it is not there, cannot be read, or is of a newer version.
    pub fn read(run: &Path) -> Result<RunRecord, StoreError> {
        let path = run.join(FILE);
        let text = fs::read(&path).map_err(StoreError::io(&path, "read"))?;
        let line = |error: serde_json::Error| StoreError::Line {
            path: path.clone(),
            line: error.line(),
            reason: error.to_string(),
        };
        let value: Value = serde_json::from_slice(&text).map_err(line)?;
        let found = value["schema_version"].as_u64().unwrap_or_default();
        if found > u64::from(SCHEMA_VERSION) {
            let found = u32::try_from(found).unwrap_or(u32::MAX);
            return Err(StoreError::Newer { path, found, known: SCHEMA_VERSION });
        }
        serde_json::from_slice(&text).map_err(line)
    }

    /// All that moves a result, by name: who acts and how, the limits, the conditions.
    pub(crate) fn settings(&self) -> Map<String, Value> {
        let limits = Limits { retries: 0, ..self.limits };
        let mut all = Map::new();
        all.insert("agent".into(), self.agent.clone().into());
        all.insert("dialect".into(), self.dialect.clone().into());
        all.insert("judge".into(), self.judge.clone().into());
        let limits = serde_json::to_value(limits).expect("plain data can be written as JSON");
        for (name, value) in limits.as_object().into_iter().flatten() {
            all.insert(format!("limits.{name}"), value.clone());
        }
        all.extend(self.conditions.clone());
        all
    }

    /// The first condition in which two runs differ, so that their episodes must not be mixed: its name, its value here
    /// and there. How often void episodes are retried moves no score.
    pub(super) fn difference(&self, there: &RunRecord) -> Option<(String, String, String)> {
        for (family, here) in &self.items {
            if let Some(there) = there.items.get(family).filter(|there| there.content != here.content) {
                return Some((format!("data of `{family}`"), here.content.clone(), there.content.clone()));
            }
        }
        let (here, there) = (self.settings(), there.settings());
        let value = |map: &Map<String, Value>, name: &str| map.get(name).unwrap_or(&Value::Null).to_string();
        here.keys()
            .chain(there.keys())
            .find(|name| here.get(*name) != there.get(*name))
            .map(|name| (name.clone(), value(&here, name), value(&there, name)))
    }

    /// Adds the tasks and seeds of an earlier part of the same run.
    pub(super) fn widen(&mut self, earlier: RunRecord) {
        let merge = |mine: &mut Vec<String>, mut theirs: Vec<String>| {
            theirs.append(mine);
            let mut seen = std::collections::HashSet::new();
            theirs.retain(|name| seen.insert(name.clone()));
            *mine = theirs;
        };
        merge(&mut self.suites, earlier.suites);
        merge(&mut self.families, earlier.families);
        for (family, items) in earlier.items {
            self.items.entry(family).or_insert(items);
        }
    }
}
