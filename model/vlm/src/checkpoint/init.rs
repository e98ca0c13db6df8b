//! A checkpoint to begin with.

use std::path::Path;

use serde_json::Value;
use tch::{Device, Kind};

use super::{CheckpointError, SHARD_BYTES, save};
use crate::{Config, Model};

/// Writes `config` and fresh weights into `folder`: a function of configuration and seed. Returns how many numbers they
/// are.
///
/// # Errors
/// If the configuration makes no model, or a file cannot be written.
pub fn init(folder: &Path, config: &Value, seed: u64) -> Result<u64, CheckpointError> {
    let wrong = |source| CheckpointError::Config { path: folder.join("config.json"), source };
    let model = Model::random(Config::parse(&config.to_string()).map_err(wrong)?, seed, Device::Cpu, Kind::Float);
    save(folder, config, model.weights(), SHARD_BYTES)?;
    Ok(model.weights().values().map(|weight| weight.numel() as u64).sum())
}
