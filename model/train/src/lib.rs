//! Training of models of the GLM-4.1V architecture: pre-training and supervised fine-tuning, from a recipe to a checkpoint.
//!
//! In the order of a run: [`recipe`] says what is wanted and [`plan`] what it will cost, [`words`] and [`initial`] are where a
//! small model begins, [`objective`] what is learned from a batch, [`schedule`], [`optimizer`], [`adapter`] and [`spikes`] how a step is
//! taken, [`trainer`] and [`run`] the loop, [`evaluate`] measures, [`checkpoint`] keeps. What a person sees of it is kept by
//! [`record`] in [`metrics`], [`events`] and a [`report`], and shown in [`progress`]. Data comes from `glim_data::training`, on threads of its own.

pub mod adapter;
pub mod checkpoint;
pub mod error;
pub mod evaluate;
pub mod events;
pub mod heads;
pub mod initial;
pub mod metrics;
pub mod objective;
pub mod optimizer;
pub mod plan;
pub mod progress;
pub mod recipe;
pub mod record;
pub mod report;
pub mod run;
pub mod schedule;
pub mod seen;
pub mod spikes;
pub mod trainer;
pub mod words;

pub use error::TrainError;
pub use recipe::Recipe;
pub use trainer::Trainer;
