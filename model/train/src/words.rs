//! The words of a recipe's data, from which a tokenizer for a fresh model is made.

use std::sync::Arc;

use glim_data::training::{Mixture, Prompter, Ready};
use glim_processor::{Content, Processor, Training};

use crate::TrainError;
use crate::recipe::Recipe;

/// Samples that are read at the most.
const SAMPLES: u64 = 20_000;

/// What is said in the samples of a recipe, a message each, as far as they are learned from.
///
/// # Errors
/// If the data cannot be read.
pub fn words(recipe: &Recipe, prompter: Option<Arc<dyn Prompter>>) -> Result<Vec<String>, TrainError> {
    // Samples are told with a tokenizer; bytes will do where only their words are wanted.
    let folder = tempfile::tempdir().map_err(|source| TrainError::Io { path: std::env::temp_dir(), source })?;
    let bytes = Training { vocabulary: 0, min_frequency: 1, single_digits: true }.smallest().train([String::new()])?;
    bytes.save(folder.path())?;
    let mut data = recipe.data.clone();
    data.token_budget = 1 << 24;
    let mixture = Mixture::open(&data, Arc::new(Processor::open(folder.path())?), prompter, recipe.seed)?;
    let samples = (mixture.sizes().iter().sum::<usize>() as u64).clamp(1, SAMPLES);
    let mut words = Vec::new();
    for index in 0..samples {
        let Ready::Sample(measured) = mixture.measure(index)? else { continue };
        for part in measured.sample().messages.iter().flat_map(|message| &message.content) {
            if let Content::Text(text) = part {
                words.push(text.clone());
            }
        }
    }
    Ok(words)
}
