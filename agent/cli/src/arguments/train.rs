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

    #[command(flatten)]
    pub device: DeviceArguments,
}
