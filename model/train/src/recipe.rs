//! A recipe: everything that moves a result of training, in one file.

use std::path::{Path, PathBuf};

use glim_data::training::{DataRecipe, SourceRecipe};
use serde::{Deserialize, Serialize};

use crate::objective::LossRecipe;
use crate::optimizer::OptimizerRecipe;
use crate::schedule::Schedule;

/// Which stage a run is. Both learn from what [`DataRecipe`] gives; the name is checked so that a recipe is not run as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Pre-training.
    Pretrain,
    /// Supervised fine-tuning.
    Sft,
}

impl Stage {
    /// What a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Stage::Pretrain => "Pre-training",
            Stage::Sft => "Supervised fine-tuning",
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stage::Pretrain => "pretrain",
            Stage::Sft => "sft",
        })
    }
}

/// A training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Which stage.
    pub stage: Stage,
    /// Root of all chance in the run.
    #[serde(default)]
    pub seed: u64,
    /// Steps of the optimiser.
    pub steps: u64,
    /// Packed batches in a step, on each rank.
    #[serde(default = "one")]
    pub accumulate: u64,
    /// What goes into each block is kept and the rest computed again on the way back: less memory, a third more work.
    #[serde(default)]
    pub recompute: bool,
    /// The model to begin with.
    pub model: ModelRecipe,
    /// What is learned from.
    pub data: DataRecipe,
    /// The optimiser.
    #[serde(default)]
    pub optimizer: OptimizerRecipe,
    /// The learning rate over the steps.
    #[serde(default)]
    pub schedule: Schedule,
    /// The losses.
    #[serde(default)]
    pub loss: LossRecipe,
    /// Steps that are left out because they would harm.
    #[serde(default)]
    pub spikes: SpikeRecipe,
    /// What is kept on the way.
    #[serde(default)]
    pub checkpoints: CheckpointRecipe,
    /// What is measured on the way.
    #[serde(default)]
    pub evaluation: EvaluationRecipe,
}

fn one() -> u64 {
    1
}

/// The model to begin with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecipe {
    /// Folder of a checkpoint, with its tokenizer and template.
    pub from: PathBuf,
    /// The checkpoint's weights are fresh: scale them so that a small model learns from them.
    #[serde(default)]
    pub scale_for_small: bool,
    /// A running mean of the weights with this decay is kept beside them and exported; 0 keeps none.
    #[serde(default)]
    pub ema: f64,
}

/// Steps that are left out because they would harm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpikeRecipe {
    /// A step whose loss lies this many deviations above the running mean is left out; 0 leaves out only what is no number.
    pub deviations: f64,
    /// Steps left out one after another that end the run.
    pub most: u32,
}

impl Default for SpikeRecipe {
    fn default() -> SpikeRecipe {
        SpikeRecipe { deviations: 8.0, most: 10 }
    }
}

/// What is kept on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointRecipe {
    /// Steps between checkpoints; there is one at the end in any case.
    pub every: u64,
    /// The last so many are kept, beside the best.
    pub keep: usize,
}

impl Default for CheckpointRecipe {
    fn default() -> CheckpointRecipe {
        CheckpointRecipe { every: 500, keep: 2 }
    }
}

/// What is measured on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationRecipe {
    /// Steps between evaluations; 0 evaluates at the end only.
    pub every: u64,
    /// Questions at a time.
    pub samples: usize,
    /// Tokens of an answer at the most.
    pub max_tokens: usize,
    /// What is asked; its sources should hold nothing that is learned from. Absent: nothing is asked.
    pub data: Option<DataRecipe>,
}

impl Default for EvaluationRecipe {
    fn default() -> EvaluationRecipe {
        EvaluationRecipe { every: 500, samples: 200, max_tokens: 64, data: None }
    }
}

/// Why a recipe cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The file cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no recipe.
    #[error("`{}` is no recipe: {reason}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// Its numbers cannot be meant.
    #[error("`{}` cannot be used:{}", path.display(), mistakes.iter().map(|it| format!("\n  - {it}")).collect::<String>())]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// All of them.
        mistakes: Vec<String>,
    },
}

impl Recipe {
    /// Reads a recipe, with `KEY=VALUE` settings put over it: `steps=100`, `optimizer.rate=1e-3`. Relative paths begin where
    /// the recipe lies.
    ///
    /// # Errors
    /// If it cannot be read, is no recipe, or cannot be meant; then all mistakes at once.
    pub fn read(path: &Path, settings: &[String]) -> Result<Recipe, RecipeError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| RecipeError::Io { path: path.to_owned(), source })?;
        let form = |reason: String| RecipeError::Form { path: path.to_owned(), reason };
        let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| form(error.to_string()))?;
        for setting in settings {
            put(&mut table, setting).map_err(form)?;
        }
        let mut recipe: Recipe = table.try_into().map_err(|error: toml::de::Error| form(error.to_string()))?;
        recipe.begin_paths_at(path.parent().unwrap_or(Path::new("")));
        let mistakes = recipe.mistakes();
        match mistakes.is_empty() {
            true => Ok(recipe),
            false => Err(RecipeError::Mistakes { path: path.to_owned(), mistakes }),
        }
    }

    /// Paths of a recipe begin where it lies.
    fn begin_paths_at(&mut self, folder: &Path) {
        let sources = self.data.sources.iter_mut();
        let asked = self.evaluation.data.iter_mut().flat_map(|data| &mut data.sources);
        let paths = sources.chain(asked).map(|source| match source {
            SourceRecipe::Screens(of) => &mut of.path,
            SourceRecipe::Episodes(of) => &mut of.path,
            SourceRecipe::Text(of) => &mut of.path,
        });
        for path in paths.chain([&mut self.model.from]) {
            *path = folder.join(&*path);
        }
    }

    /// Everything that cannot be meant.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        for (name, value) in [("steps", self.steps), ("accumulate", self.accumulate)] {
            if value == 0 {
                mistakes.push(format!("`{name}` is 0, at least 1 was expected"));
            }
        }
        if !(0.0..1.0).contains(&self.model.ema) {
            mistakes.push(format!("`model.ema` is {}, a number in 0..1 was expected", self.model.ema));
        }
        if self.spikes.deviations < 0.0 || self.spikes.most == 0 {
            mistakes.push("`spikes` wants `deviations` of at least 0 and `most` of at least 1".to_owned());
        }
        if self.checkpoints.every == 0 || self.checkpoints.keep == 0 {
            mistakes.push("`checkpoints` wants `every` and `keep` of at least 1".to_owned());
        }
        mistakes.extend(self.data.validate().into_iter().map(|it| format!("`data`: {it}")));
        if let Some(data) = &self.evaluation.data {
            mistakes.extend(data.validate().into_iter().map(|it| format!("`evaluation.data`: {it}")));
            if self.evaluation.samples == 0 || self.evaluation.max_tokens == 0 {
                mistakes.push("`evaluation` wants `samples` and `max_tokens` of at least 1".to_owned());
            }
        }
        mistakes.extend(self.optimizer.mistakes());
        mistakes.extend(self.schedule.mistakes(self.steps));
        mistakes.extend(self.loss.mistakes());
        mistakes
    }
}

/// Puts `a.b=VALUE` into a table; a value that is no TOML is a text.
fn put(table: &mut toml::Table, setting: &str) -> Result<(), String> {
    let (key, value) = setting.split_once('=').ok_or_else(|| format!("`{setting}` is not KEY=VALUE"))?;
    let parsed = format!("value = {value}").parse::<toml::Table>().ok().and_then(|mut it| it.remove("value"));
    let value = parsed.unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let mut names: Vec<&str> = key.split('.').collect();
    let last = names.pop().filter(|name| !name.is_empty()).ok_or_else(|| format!("`{setting}` has no key"))?;
    let mut place = table;
    for name in names {
        let entry = place.entry(name).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        place = entry.as_table_mut().ok_or_else(|| format!("`{name}` in `{key}` is no table"))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}
