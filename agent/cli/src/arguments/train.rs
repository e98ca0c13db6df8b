//! `glim train`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use glim_agent::Dialect;

use super::DeviceArguments;

#[derive(Subcommand)]
pub(crate) enum Train {
    /// Pre-training, by a recipe of this stage.
    Pretrain(TrainRun),
    /// Supervised fine-tuning, by a recipe of this stage.
    Sft(TrainRun),
    /// Forecast the memory, the work and the time that a recipe's run needs, from its table `[plan]`.
    Plan(TrainPlan),
    /// Make the checkpoint that a recipe begins with: fresh weights, and a tokenizer of the words of its data.
    Fresh(TrainFresh),
}

#[derive(Args)]
pub(crate) struct TrainPlan {
    /// The recipe.
    #[arg(long, value_name = "FILE")]
    pub recipe: PathBuf,

    /// Put a setting over the recipe's: `--set plan.device=h200`. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub(crate) struct TrainFresh {
    /// The recipe; the checkpoint goes to the folder that its `model.from` names.
    #[arg(long, value_name = "FILE")]
    pub recipe: PathBuf,

    /// The model's config.json; recipes/models has small ones. Ids of tokens are filled in.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// The seed of the weights.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// The language of the actions in brief prompts.
    #[arg(long, default_value_t = Dialect::Desktop)]
    pub dialect: Dialect,
}

#[derive(Args)]
pub(crate) struct TrainRun {
    /// The recipe: a TOML file that names model, data and everything else that moves a result.
    #[arg(long, value_name = "FILE")]
    pub recipe: PathBuf,

    /// Put a setting over the recipe's: `--set steps=100`, `--set optimizer.rate=1e-3`. May be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// The folder of the run. The same command goes on where an interrupted run stopped.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// The language of the actions in brief prompts: that of the episodes that are learned from, and of the agent later.
    #[arg(long, default_value_t = Dialect::Desktop)]
    pub dialect: Dialect,

    /// Processes on this machine that share the work, each with its part of the cores or a GPU of its own. Where `torchrun`
    /// starts them, it says how many there are.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub ranks: Option<u16>,

    #[command(flatten)]
    pub device: DeviceArguments,
}
