//! Training of models of the GLM-4.1V architecture: pre-training and supervised fine-tuning, from a recipe to a checkpoint.

pub mod events;
pub mod metrics;
pub mod plan;
pub mod progress;
pub mod report;
