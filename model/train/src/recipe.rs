//! A recipe: everything that moves a result of training, in one file.

use std::path::{Path, PathBuf};

use glim_data::training::{DataRecipe, SourceRecipe};
use glim_vlm::checkpoint::read_config;
use glim_vlm::{Config, Model};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::objective::LossRecipe;
use crate::optimizer::OptimizerRecipe;
use crate::plan::{self, Batch, Device, Optimizer, Parallel, Plan, Precision, Setup};
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

/// Blocks that are computed again on the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Recompute {
    /// All or none.
    All(bool),
    /// The first so many.
    First(usize),
}

impl Default for Recompute {
    fn default() -> Recompute {
        Recompute::All(false)
    }
}

impl Recompute {
    /// How many, counted from the first.
    pub fn blocks(self) -> usize {
        match self {
            Recompute::All(true) => usize::MAX,
            Recompute::All(false) => 0,
            Recompute::First(count) => count,
        }
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
    /// Blocks of which only what goes in is kept, and the rest computed again on the way back: less memory, and up to a third
    /// more work. `true` means all of them, a number the first so many of the decoder and of the tower.
    #[serde(default)]
    pub recompute: Recompute,
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
    /// What `glim train plan` forecasts from; training itself does not read it.
    #[serde(default)]
    pub plan: Option<PlanRecipe>,
}

/// What a forecast is made from, beside the recipe itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRecipe {
    /// The model's `config.json`.
    pub config: PathBuf,
    /// `h100`, `h200` or `a100`.
    pub device: String,
    /// How the work is spread.
    #[serde(default)]
    pub parallel: Parallel,
    /// Packed sequences in a step, over all devices.
    pub sequences: u64,
    /// Sequences that a device works on at once.
    #[serde(default = "one")]
    pub at_once: u64,
    /// Tokens of the samples in a sequence, as they are typical.
    #[serde(default)]
    pub samples: Vec<u64>,
    /// Share of the tokens that are of pictures, 0 to 1.
    pub image_share: f64,
    /// Tokens of a picture, as it is typical.
    pub image_tokens: u64,
    /// Share of the device's peak that is reached.
    pub share_of_peak: f64,
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
    /// Steps left out one after another, at most. A higher loss is then taken for the new level; what is no number ends the
    /// run.
    pub most: u32,
}

impl Default for SpikeRecipe {
    fn default() -> SpikeRecipe {
        SpikeRecipe { deviations: 8.0, most: 3 }
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
        let text = std::fs::read_to_string(path).map_err(|source| RecipeError::Io { path: path.to_owned(), source })?;
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
        let config = self.plan.iter_mut().map(|plan| &mut plan.config);
        for path in paths.chain(config).chain([&mut self.model.from]) {
            *path = folder.join(&*path);
        }
    }

    /// Forecasts the run's memory, work and time.
    ///
    /// # Errors
    /// If the recipe has no `plan`, its configuration makes no model, or there can be no such run.
    pub fn plan(&self) -> Result<Plan, TrainError> {
        let wanted = self.plan.as_ref().ok_or_else(|| TrainError::Plan {
            reason: "the recipe has no table `[plan]`, which says on what and with which batches".to_owned(),
        })?;
        let config = read_config(&wanted.config)?;
        let wrong = |reason: String| TrainError::Plan { reason };
        let device = Device::known(&wanted.device).ok_or_else(|| {
            let names: Vec<&str> = Device::names().collect();
            wrong(format!("`plan.device` is `{}`; there are {}", wanted.device, names.join(", ")))
        })?;
        let name = wanted.config.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let setup = Setup {
            model: planned(&config, name),
            frozen: self.optimizer.frozen.clone(),
            batch: Batch {
                length: self.data.token_budget as u64,
                sequences: wanted.sequences,
                at_once: wanted.at_once,
                steps: self.steps,
                samples: wanted.samples.clone(),
                image_share: wanted.image_share,
                image_tokens: wanted.image_tokens,
            },
            precision: Precision::Bf16,
            optimizer: if self.model.ema > 0.0 { Optimizer::AdamWWithAverage } else { Optimizer::AdamW },
            parallel: wanted.parallel,
            recomputed: self.recompute.blocks() as u64,
            sharded_optimizer: self.optimizer.sharded,
            logits_chunk: (glim_vlm::loss::LOGITS_ON_A_GPU / config.text.vocab) as u64,
            device,
            share_of_peak: wanted.share_of_peak,
        };
        Plan::new(&setup).map_err(|error| wrong(error.to_string()))
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

/// A model as a plan sees it.
fn planned(config: &Config, name: String) -> plan::Model {
    let (text, vision) = (&config.text, &config.vision);
    let experts = text.experts.as_ref().map(|of| plan::Experts {
        routed: of.routed as u64,
        shared: of.shared as u64,
        chosen: of.chosen as u64,
        intermediate: of.intermediate as u64,
        dense_layers: of.dense_layers as u64,
    });
    plan::Model {
        name,
        tensors: Model::shapes(config),
        text: plan::Text {
            layers: text.layers as u64,
            hidden: text.hidden as u64,
            intermediate: text.intermediate as u64,
            heads: text.heads as u64,
            kv_heads: text.kv_heads as u64,
            head_dim: text.head_dim as u64,
            vocab: text.vocab as u64,
            experts,
        },
        vision: plan::Vision {
            depth: vision.depth as u64,
            hidden: vision.hidden as u64,
            intermediate: vision.out as u64,
            merge: vision.merge as u64,
        },
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
