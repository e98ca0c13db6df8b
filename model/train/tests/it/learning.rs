//! What is computed, and that it is learned.

use std::time::Duration;

use glim_data::training::Batch;
use glim_kernels::ranks::World;
use glim_processor::Processor;
use glim_train::Trainer;
use glim_train::trainer::Step;
use rstest::rstest;
use tch::{Device, Kind};

use crate::sample::{batch, checkpoint, recipe, sample};

fn steps(settings: &[&str], batches: &dyn Fn(&Processor) -> Vec<Batch>, count: u64) -> Vec<Step> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    checkpoint(folder.path(), true, 7);
    let recipe = recipe(folder.path(), settings);
    let processor = Processor::open(folder.path()).expect("the checkpoint has a tokenizer");
    let batches = batches(&processor);
    let mut trainer = Trainer::begin(&recipe, Device::Cpu, Kind::Float, 1).expect("the checkpoint can be loaded");
    (0..count).map(|_| trainer.step(&batches, Duration::ZERO, &World::single()).expect("nothing diverges")).collect()
}

fn losses(steps: &[Step]) -> Vec<f64> {
    steps.iter().map(|step| step.losses.word_mean()).collect()
}

#[rstest]
#[case::words_alone(&["model.scale_for_small=true"])]
#[case::with_cells(&["model.scale_for_small=true", "loss.dense=1.0"])]
#[case::with_letters(&["model.scale_for_small=true", "loss.letters=1.0"])]
#[case::looking(&["model.scale_for_small=true", "loss.look=1.0"])]
#[case::recomputed(&["model.scale_for_small=true", "loss.dense=1.0", "loss.look=1.0", "recompute=true"])]
fn a_single_batch_is_learned_by_heart(#[case] settings: &[&str]) {
    let one = |processor: &Processor| vec![batch((0..3).map(|number| sample(processor, number)).collect())];
    let losses = losses(&steps(settings, &one, 150));
    assert!(losses[0] > 3.0, "nothing is known before: {}", losses[0]);
    let last = losses[losses.len() - 1];
    assert!(last < 0.01, "{last}");
}

#[test]
fn letters_are_learned_where_they_are_known() {
    let one = |processor: &Processor| vec![batch((0..3).map(|number| sample(processor, number)).collect())];
    let settings = ["model.scale_for_small=true", "loss.letters=1.0", "loss.background=1.0"];
    let steps = steps(&settings, &one, 150);
    let loss = |step: &Step| step.losses.letters / step.totals.letters;
    assert_eq!(steps[0].totals.letters, 90.0, "of one patch of each picture nothing is known");
    assert!((loss(&steps[0]) - 96f64.ln()).abs() < 1e-4, "a fresh head knows nothing: {}", loss(&steps[0]));
    assert!(loss(&steps[149]) < 0.05, "{}", loss(&steps[149]));
    assert!(steps[0].totals.cells == 0.0 && steps[0].losses.cells == 0.0, "cells were not asked for");
}

#[test]
fn replies_look_at_what_they_name() {
    let one = |processor: &Processor| vec![batch((0..3).map(|number| sample(processor, number)).collect())];
    let steps = steps(&["model.scale_for_small=true", "loss.look=1.0"], &one, 150);
    let loss = |step: &Step| step.losses.looks / step.totals.looks;
    assert!((loss(&steps[0]) - 4f64.ln()).abs() < 0.5, "a fresh model looks anywhere: {}", loss(&steps[0]));
    assert!(loss(&steps[149]) < 0.05, "{}", loss(&steps[149]));
}

#[test]
fn accumulating_equals_the_large_batch() {
    let whole = |processor: &Processor| vec![batch((0..4).map(|number| sample(processor, number)).collect())];
    let parts = |processor: &Processor| {
        vec![
            batch(vec![sample(processor, 0)]),
            batch(vec![sample(processor, 1), sample(processor, 2)]),
            batch(vec![sample(processor, 3)]),
        ]
    };
    let settings = ["loss.letters=0.5", "loss.background=1.0", "loss.look=0.5"];
    let (whole, parts) =
        (steps(&settings, &whole, 10), steps(&[&settings[..], &["accumulate=3"]].concat(), &parts, 10));
    for (a, b) in whole.iter().zip(&parts) {
        let (x, y) = (a.losses.word_mean(), b.losses.word_mean());
        assert!((x - y).abs() < 1e-5 * x.abs(), "step {}: {x} and {y}", a.step);
        assert!((a.norm - b.norm).abs() < 1e-4 * a.norm, "step {}: {} and {}", a.step, a.norm, b.norm);
    }
}

#[test]
fn what_is_no_number_is_left_out_and_in_the_end_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    checkpoint(folder.path(), true, 7);
    let recipe = recipe(folder.path(), &["spikes.most=3"]);
    let processor = Processor::open(folder.path()).expect("the checkpoint has a tokenizer");
    let mut trainer = Trainer::begin(&recipe, Device::Cpu, Kind::Float, 1).expect("the checkpoint can be loaded");
    let good = [batch(vec![sample(&processor, 1)])];
    let mut bad = [batch(vec![sample(&processor, 1)])];
    bad[0].samples[0].patches[5] = f32::NAN;
    trainer.step(&good, Duration::ZERO, &World::single()).expect("nothing is wrong");
    let left_out = trainer.step(&bad, Duration::ZERO, &World::single()).expect("one is left out").left_out;
    assert!(left_out.is_some_and(|reason| reason.contains("NaN")));
    let after = trainer.step(&good, Duration::ZERO, &World::single()).expect("the weights are whole");
    assert!(after.left_out.is_none() && after.losses.word_mean().is_finite());
    for _ in 0..3 {
        trainer.step(&bad, Duration::ZERO, &World::single()).expect("still left out");
    }
    let error =
        trainer.step(&bad, Duration::ZERO, &World::single()).expect_err("a fourth in a row ends the run").to_string();
    assert!(error.contains("lower `optimizer.rate`"), "{error}");
}

#[test]
fn frozen_parts_stay_and_groups_have_rates_of_their_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    checkpoint(folder.path(), false, 7);
    let settings = ["optimizer.frozen=[\"visual.blocks\"]", "optimizer.groups=[{contains=\"lm_head\", rate=0.5}]"];
    let recipe = recipe(folder.path(), &settings);
    let processor = Processor::open(folder.path()).expect("the checkpoint has a tokenizer");
    let mut trainer = Trainer::begin(&recipe, Device::Cpu, Kind::Float, 1).expect("the checkpoint can be loaded");
    let before: Vec<_> = trainer.model().weights().iter().map(|(name, it)| (name.clone(), it.copy())).collect();
    trainer.step(&[batch(vec![sample(&processor, 1)])], Duration::ZERO, &World::single()).expect("nothing diverges");
    let mut moved = std::collections::BTreeMap::new();
    for (name, old) in before {
        let change = (&*trainer.model().weights()[&name] - old).abs().max().double_value(&[]);
        moved.insert(name, change);
    }
    assert!(moved.iter().filter(|(name, _)| name.contains("visual.blocks")).all(|(_, change)| *change == 0.0));
    let largest = |part: &str| moved.iter().filter(|(name, _)| name.contains(part)).map(|it| *it.1).fold(0.0, f64::max);
    // The first step of AdamW moves each number by the rate, decay aside.
    let (head, layers) = (largest("lm_head"), largest("language_model.layers"));
    assert!((head / layers - 0.5).abs() < 0.05, "{head} {layers}");
}

#[test]
fn adapters_learn_and_what_is_exported_is_merged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    checkpoint(folder.path(), true, 7);
    let settings = ["optimizer.adapter={rank=4, alpha=8.0, matrices=[\"self_attn\", \"mlp\"]}", "optimizer.rate=1e-2"];
    let recipe = recipe(folder.path(), &settings);
    let processor = Processor::open(folder.path()).expect("the checkpoint has a tokenizer");
    let mut trainer = Trainer::begin(&recipe, Device::Cpu, Kind::Float, 1).expect("the checkpoint can be loaded");
    let name = "model.language_model.layers.0.mlp.down_proj.weight";
    let base = trainer.model().weights()[name].copy();
    let embedding = trainer.model().weights()["model.language_model.embed_tokens.weight"].copy();
    let samples = [batch((0..3).map(|number| sample(&processor, number)).collect())];
    let losses: Vec<f64> = (0..60)
        .map(|_| trainer.step(&samples, Duration::ZERO, &World::single()).expect("nothing diverges").losses.word_mean())
        .collect();
    // Embeddings and head are frozen and random, so there is little to win.
    assert!(losses[59] < 0.95 * losses[0], "{} {}", losses[0], losses[59]);
    let now = &trainer.model().weights()["model.language_model.embed_tokens.weight"];
    assert_eq!((&**now - embedding).abs().max().double_value(&[]), 0.0, "what has no adapter is frozen");

    let exported = folder.path().join("adapter");
    assert!(trainer.export_adapters(&exported).expect("the folder can be written"));
    let bytes = std::fs::read(exported.join("adapter_model.safetensors")).expect("it was written");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("base_model.model.model.language_model.layers.0.mlp.down_proj.lora_A.weight"));
    assert!(exported.join("adapter_config.json").is_file() && !exported.join("config.json").exists());
    let change = &*trainer.exported()[name] - base;
    let rank = change.linalg_matrix_rank(1e-4, false).int64_value(&[]);
    assert!((1..=4).contains(&rank), "the change of a matrix has the rank of its factors: {rank}");
}
