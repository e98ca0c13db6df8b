//! Why training stops.

use std::path::PathBuf;

use glim_data::DataError;
use glim_kernels::ranks::RankError;
use glim_processor::ProcessorError;
use glim_vlm::checkpoint::CheckpointError;

use crate::events::EventsError;
use crate::metrics::MetricsError;
use crate::recipe::RecipeError;
use crate::report::ReportError;

/// Why training stops. What was done stays in the last checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A model or a state that cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Data that cannot be had.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The tokenizer or the template.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
    /// A state that is not of this recipe.
    #[error("`{}` cannot be gone on from: {reason}; was the recipe changed?", path.display())]
    Resume {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// Another rank is gone.
    #[error("{0}; start all ranks again, they go on from the last checkpoint")]
    Rank(#[from] RankError),
    /// The record.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// TensorBoard's events.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// The report.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// There is no forecast.
    #[error("this cannot be planned: {reason}")]
    Plan {
        /// What is missing or wrong.
        reason: String,
    },
    /// Held-out data that asks for nothing.
    #[error(
        "`evaluation.data` gave {found} questions where `evaluation.samples` wants {wanted}: screens and episodes ask, text \
         does not"
    )]
    NothingAsked {
        /// Questions that were found.
        found: usize,
        /// How many were wanted.
        wanted: usize,
    },
    /// No such device.
    #[error("the device cannot be used: {reason}")]
    Device {
        /// What is wrong with it.
        reason: String,
    },
    /// A folder of another run.
    #[error(
        "`{}` is the run of another recipe; name another folder with --out, or remove it", path.display()
    )]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing is learned any more.
    #[error(
        "{count} steps one after another were left out, the last, step {step}, because {reason}; lower `optimizer.rate` and go \
         on from the last checkpoint"
    )]
    Diverged {
        /// The last step.
        step: u64,
        /// Steps left out.
        count: u32,
        /// Why the last was.
        reason: String,
    },
    /// Something beside the checkpoints cannot be written or read.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
