//! Checkpoints of a run: the layout of Hugging Face, with the state of the trainer beside it, whole or not at all.
//!
//! ```text
//! checkpoints/step-00000500/   config.json, model.safetensors, tokenizer.json, ...     what serves and evaluates
//!                              trainer/state.json, trainer/optimizer.safetensors       what goes on
//! checkpoints/best             the number of the best step, a line of text
//! ```
//! A folder is written under another name and moved to its own when all of it is on the disk. What a killed run left
//! unfinished is removed by the next.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use glim_data::training::Cursor;
use glim_vlm::Weight;
use glim_vlm::checkpoint::{Checkpoint as Weights, CheckpointError, SHARD_BYTES, save};
use serde::{Deserialize, Serialize};
use tch::Tensor;

const STATE: &str = "state.json";
const OPTIMIZER: &str = "optimizer";
const PARTIAL: &str = ".partial";

/// What is copied from the checkpoint that a run begins with.
const BESIDE: [&str; 7] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "generation_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
];

/// Where a run stands, without its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// The seed of the run.
    pub seed: u64,
    /// What of the data comes next.
    pub cursor: Cursor,
    /// Ranks that read it.
    pub ranks: usize,
    /// Tokens learned from so far, pictures included.
    pub tokens: u64,
    /// Running mean and variance of the loss, by which spikes are told.
    pub spikes: crate::spikes::Spikes,
    /// What the last evaluation found, if there was one; more is better.
    pub score: Option<f64>,
}

/// Checkpoints of one run.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    keep: usize,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError + '_ {
    CheckpointError::io(path)
}

impl Folder {
    /// Those below `run`; the last `keep` stay, beside the best.
    ///
    /// # Errors
    /// If the folder cannot be made, or what a killed run left cannot be removed.
    pub fn open(run: &Path, keep: usize) -> Result<Folder, CheckpointError> {
        let root = run.join("checkpoints");
        fs::create_dir_all(&root).map_err(at(&root))?;
        for entry in fs::read_dir(&root).map_err(at(&root))? {
            let path = entry.map_err(at(&root))?.path();
            if path.to_string_lossy().ends_with(PARTIAL) {
                fs::remove_dir_all(&path).map_err(at(&path))?;
            }
        }
        Ok(Folder { root, keep })
    }

    /// The folder of a step.
    pub fn path(&self, step: u64) -> PathBuf {
        self.root.join(format!("step-{step:08}"))
    }

    /// Steps that there are checkpoints of, in order.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn steps(&self) -> Result<Vec<u64>, CheckpointError> {
        let mut steps = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(at(&self.root))? {
            let name = entry.map_err(at(&self.root))?.file_name();
            let number: Option<u64> =
                name.to_str().and_then(|name| name.strip_prefix("step-")).and_then(|it| it.parse().ok());
            steps.extend(number);
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// The step with the best score, if one was told.
    pub fn best(&self) -> Option<u64> {
        fs::read_to_string(self.root.join("best")).ok()?.trim().parse().ok()
    }

    /// Writes a checkpoint. `from` is the folder whose tokenizer and template go with it; `state_tensors` are the trainer's.
    ///
    /// # Errors
    /// If something cannot be written; what there was before stays.
    pub fn write(
        &self,
        from: &Path,
        config: &serde_json::Value,
        weights: &BTreeMap<String, Weight>,
        state: &State,
        state_tensors: &BTreeMap<String, Weight>,
        is_best: bool,
    ) -> Result<PathBuf, CheckpointError> {
        let done = self.path(state.step);
        let partial = PathBuf::from(format!("{}{PARTIAL}", done.display()));
        let written = self.fill(&partial, from, config, weights, state, state_tensors);
        if let Err(error) = written {
            // A disk that is full stays full of it otherwise.
            let _ = fs::remove_dir_all(&partial);
            return Err(error);
        }
        if done.exists() {
            fs::remove_dir_all(&done).map_err(at(&done))?;
        }
        fs::rename(&partial, &done).map_err(at(&done))?;
        fs::File::open(&self.root).and_then(|root| root.sync_all()).map_err(at(&self.root))?;
        if is_best {
            let (best, next) = (self.root.join("best"), self.root.join("best.next"));
            fs::write(&next, format!("{}\n", state.step)).and_then(|()| fs::rename(&next, &best)).map_err(at(&best))?;
        }
        self.forget_old()?;
        Ok(done)
    }

    fn fill(
        &self,
        partial: &Path,
        from: &Path,
        config: &serde_json::Value,
        weights: &BTreeMap<String, Weight>,
        state: &State,
        state_tensors: &BTreeMap<String, Weight>,
    ) -> Result<(), CheckpointError> {
        save(partial, config, weights, SHARD_BYTES)?;
        for name in BESIDE {
            let (source, target) = (from.join(name), partial.join(name));
            match fs::copy(&source, &target) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&source)(error)),
                _ => {}
            }
        }
        let trainer = partial.join("trainer");
        save(&trainer.join(OPTIMIZER), &serde_json::json!({}), state_tensors, SHARD_BYTES)?;
        let path = trainer.join(STATE);
        let text = serde_json::to_string_pretty(state).expect("a state is plain data");
        fs::write(&path, text + "\n").and_then(|()| fs::File::open(&path)?.sync_all()).map_err(at(&path))
    }

    fn forget_old(&self) -> Result<(), CheckpointError> {
        let (steps, best) = (self.steps()?, self.best());
        let old = steps.len().saturating_sub(self.keep);
        for step in steps[..old].iter().filter(|step| Some(**step) != best) {
            let path = self.path(*step);
            fs::remove_dir_all(&path).map_err(at(&path))?;
        }
        Ok(())
    }

    /// The state and the tensors of a step's trainer.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn read(&self, step: u64) -> Result<(State, BTreeMap<String, Tensor>), CheckpointError> {
        let trainer = self.path(step).join("trainer");
        let path = trainer.join(STATE);
        let text = fs::read(&path).map_err(at(&path))?;
        let state = serde_json::from_slice(&text).map_err(|error| at(&path)(io::Error::other(error)))?;
        let weights = Weights::open(&trainer.join(OPTIMIZER))?;
        Ok((state, weights.read_all()?))
    }
}
