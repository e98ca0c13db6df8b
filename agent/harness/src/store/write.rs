//! Writing one episode.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use glim_env::{Episode, Observation, SCHEMA_VERSION, Turn};
use glim_tasks::Verdict;
use serde::Serialize;

use super::disk::{Disk, partial_of};
use super::lines::{EndLine, EpisodeLine, FILE, Kind, Picture, Totals, TurnLine};
use super::{StoreError, sha256};
use crate::rollout::Finished;

/// Writes a finished episode to `folder`, which exists afterwards only if it is whole.
pub(super) fn finished(disk: &Disk, folder: &Path, finished: &Finished) -> Result<(), StoreError> {
    let mut partial = Partial::begin(disk, folder, &finished.episode, finished.attempt)?;
    let end = finished.episode.end.clone().expect("a finished episode has an end");
    let last = finished.episode.last.as_ref();
    let line = EndLine {
        line: Kind::End,
        end,
        screenshot: last.map(|last| partial.picture(last)).transpose()?.flatten(),
        observation: last.cloned(),
        evidence: finished.evidence.clone(),
        verdict: finished.verdict.clone(),
        rewards: rewards(&finished.verdict),
        totals: Totals {
            turns: finished.episode.turns.len(),
            reset_ms: finished.reset_ms,
            env_ms: finished.env_ms(),
            policy_ms: finished.policy_ms(),
        },
    };
    partial.line(&line);
    partial.write()?;
    disk.rename(&partial.folder, folder)
}

/// Writes what there is of an unfinished episode, under a name that says so.
pub(super) fn unfinished(disk: &Disk, folder: &Path, episode: &Episode, attempt: u32) -> Result<(), StoreError> {
    Partial::begin(disk, folder, episode, attempt)?.write()
}

/// The training signals that follow from a verdict alone.
fn rewards(verdict: &Verdict) -> BTreeMap<String, f64> {
    let score = (!verdict.undecided).then(|| ("score".to_owned(), verdict.score));
    score.into_iter().collect()
}

/// An episode on its way to the disk.
struct Partial<'a> {
    disk: &'a Disk,
    folder: PathBuf,
    lines: Vec<u8>,
    /// File names of the pictures that are written, by their hashes.
    pictures: HashMap<String, String>,
}

impl<'a> Partial<'a> {
    fn begin(disk: &'a Disk, folder: &Path, episode: &Episode, attempt: u32) -> Result<Partial<'a>, StoreError> {
        let folder = partial_of(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(StoreError::io(&folder, "removed"))?;
        }
        disk.create_folder(&folder)?;
        let mut partial = Partial { disk, folder, lines: Vec::new(), pictures: HashMap::new() };
        partial.line(&EpisodeLine {
            line: Kind::Episode,
            schema_version: SCHEMA_VERSION,
            task: episode.task.clone(),
            seed: episode.seed,
            goal: episode.goal.clone(),
            agent: episode.agent.clone(),
            attempt,
        });
        for (index, turn) in episode.turns.iter().enumerate() {
            partial.turn(index, turn)?;
        }
        Ok(partial)
    }

    fn turn(&mut self, index: usize, turn: &Turn) -> Result<(), StoreError> {
        let Turn { observation, prompt, completion, action, outcome, timings } = turn.clone();
        let screenshot = self.picture(&observation)?;
        self.line(&TurnLine {
            line: Kind::Turn,
            index,
            screenshot,
            observation,
            prompt,
            completion,
            action,
            outcome,
            timings,
        });
        Ok(())
    }

    /// Writes the screenshot unless an equal one is there; `None` if there is no picture at all.
    fn picture(&mut self, observation: &Observation) -> Result<Option<Picture>, StoreError> {
        let png = &observation.screenshot.png;
        if png.is_empty() {
            return Ok(None);
        }
        let sha256 = sha256(png);
        if let Some(file) = self.pictures.get(&sha256) {
            return Ok(Some(Picture { file: file.clone(), sha256 }));
        }
        let file = format!("{:03}.png", self.pictures.len());
        self.disk.write(&self.folder.join(&file), png)?;
        self.pictures.insert(sha256.clone(), file.clone());
        Ok(Some(Picture { file, sha256 }))
    }

    fn line(&mut self, line: &impl Serialize) {
        serde_json::to_writer(&mut self.lines, line).expect("plain data with text keys can be written as JSON");
        self.lines.push(b'\n');
    }

    fn write(&self) -> Result<(), StoreError> {
        self.disk.write(&self.folder.join(FILE), &self.lines)?;
        self.disk.sync_folder(&self.folder)
    }
}
