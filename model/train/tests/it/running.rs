//! Whole runs: interrupted, resumed, refused.

use std::path::{Path, PathBuf};

use glim_train::Recipe;
use glim_train::run::{Ended, Place, Told, run};
use glim_vlm::engine::{Device, Dtype};

use crate::sample::checkpoint;

/// A folder with a checkpoint to begin with and words to learn.
pub fn begin(folder: &Path) {
    checkpoint(&folder.join("first"), true, 3);
    let lines = (0..60).map(|at| format!("the {at} red button is [[{at},{},3,4]]\n", at * 7 % 10));
    std::fs::write(folder.join("words.txt"), lines.collect::<String>()).expect("the folder can be written");
}

/// The recipe of a short run over them.
pub fn recipe(folder: &Path, settings: &[&str]) -> Recipe {
    let path = folder.join("recipe.toml");
    let text = "stage = \"pretrain\"\nsteps = 12\nseed = 5\n[model]\nfrom = \"first\"\nscale_for_small = true\n[optimizer]\nrate = 3e-3\n\
                [schedule]\nwarmup = 3\n[checkpoints]\nevery = 4\nkeep = 2\n[data]\ntoken_budget = 160\nworkers = 2\n\
                [[data.sources]]\nkind = \"text\"\nname = \"words\"\npath = \"words.txt\"\npiece_bytes = 120\n";
    std::fs::write(&path, text).expect("the folder can be written");
    let settings: Vec<String> = settings.iter().map(|it| (*it).to_owned()).collect();
    Recipe::read(&path, &settings).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs until `until` steps are done; losses by step, bit for bit.
pub fn go(recipe: &Recipe, out: PathBuf, until: u64) -> (Ended, Vec<(u64, u64)>) {
    let place = Place { out, device: Device::Cpu, dtype: Dtype::F32, prompter: None };
    let mut losses = Vec::new();
    let done = std::cell::Cell::new(0);
    let told = &mut |told: Told<'_>| {
        if let Told::Step(step) = told {
            done.set(step.step);
            losses.push((step.step, step.losses.word_mean().to_bits()));
        }
        Ok(())
    };
    let ended = run(recipe, &place, told, &|| done.get() >= until).unwrap_or_else(|error| panic!("{error}"));
    (ended, losses)
}

fn weights(ended: &Ended) -> Vec<u8> {
    std::fs::read(ended.last.join("model.safetensors")).expect("a checkpoint has weights")
}

#[test]
fn an_interrupted_run_goes_on_bit_for_bit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    begin(folder.path());
    for settings in [&["model.ema=0.9"][..], &["accumulate=2", "data.window=4"]] {
        let recipe = recipe(folder.path(), settings);
        let (whole, losses) = go(&recipe, folder.path().join("whole"), 99);
        assert_eq!((whole.step, whole.stopped, losses.len()), (12, false, 12));
        let parts = folder.path().join("parts");
        let mut pieces = Vec::new();
        for until in [3, 7, 99] {
            let (ended, losses) = go(&recipe, parts.clone(), until);
            assert_eq!(ended.stopped, until != 99);
            pieces.extend(losses);
        }
        assert_eq!(pieces, losses);
        let (last, _) = go(&recipe, parts.clone(), 99);
        assert_eq!(weights(&last), weights(&whole), "a run that is done changes nothing");
        let mut kept: Vec<_> = std::fs::read_dir(parts.join("checkpoints"))
            .expect("there are checkpoints")
            .map(|entry| entry.expect("it can be read").file_name())
            .collect();
        kept.sort();
        assert_eq!(kept, ["step-00000008", "step-00000012"], "the last two are kept");
        for name in ["whole", "parts"] {
            std::fs::remove_dir_all(folder.path().join(name)).expect("it was made here");
        }
    }
}

#[test]
fn what_a_killed_run_left_is_swept_and_not_gone_on_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    begin(folder.path());
    let recipe = recipe(folder.path(), &[]);
    let out = folder.path().join("run");
    go(&recipe, out.clone(), 5);
    let torn = out.join("checkpoints/step-00000009.partial");
    std::fs::create_dir_all(&torn).expect("the folder can be written");
    std::fs::write(torn.join("model.safetensors"), "torn").expect("the folder can be written");
    let (ended, losses) = go(&recipe, out, 99);
    assert_eq!((losses[0].0, ended.step), (6, 12));
    assert!(!torn.exists());
}

#[test]
fn another_recipe_is_not_mixed_into_a_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    begin(folder.path());
    go(&recipe(folder.path(), &[]), folder.path().join("run"), 2);
    let other = recipe(folder.path(), &["optimizer.rate=1e-2"]);
    let place = Place { out: folder.path().join("run"), device: Device::Cpu, dtype: Dtype::F32, prompter: None };
    let error = run(&other, &place, &mut |_| Ok(()), &|| false).expect_err("it is another's").to_string();
    assert!(error.contains("another recipe") && error.contains("--out"), "{error}");
}

#[test]
fn all_mistakes_of_a_recipe_are_told_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    begin(folder.path());
    recipe(folder.path(), &[]);
    let settings = [
        "steps=0",
        "optimizer.rate=-1.0",
        "schedule.decay_from=2.0",
        "loss.background=7.0",
        "data.token_budget=0",
        "checkpoints.keep=0",
    ]
    .map(str::to_owned);
    let error = Recipe::read(&folder.path().join("recipe.toml"), &settings).expect_err("it is full of mistakes");
    let error = error.to_string();
    for name in ["steps", "optimizer.rate", "decay_from", "background", "token_budget", "checkpoints"] {
        assert!(error.contains(name), "`{name}` is not told of: {error}");
    }
    let unknown = Recipe::read(&folder.path().join("recipe.toml"), &["optimizer.speed=1".to_owned()]);
    assert!(unknown.expect_err("there is no such key").to_string().contains("speed"));
}

#[test]
fn the_bundled_recipes_can_be_meant_and_the_papers_be_planned() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    for name in ["pretrain_demo", "pretrain_pages", "sft_demo", "pretrain_gpu", "paper_pretrain", "paper_long_context"]
    {
        let recipe = Recipe::read(&folder.join(format!("{name}.toml")), &[]).unwrap_or_else(|error| panic!("{error}"));
        let plan = recipe.plan();
        match name {
            "paper_pretrain" | "paper_long_context" => {
                let plan = plan.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!((plan.parameters.total, plan.devices), (10_292_777_472, 128));
                assert!(plan.memory_share.is_some_and(|share| share < 1.0), "{name} fits its devices");
            }
            "pretrain_gpu" => assert!(plan.is_ok_and(|plan| plan.memory_share.is_some_and(|share| share < 1.0))),
            _ => assert!(plan.is_err_and(|error| error.to_string().contains("[plan]"))),
        }
    }
}

#[test]
fn held_out_text_that_asks_nothing_is_an_error_and_no_hang() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    begin(folder.path());
    let data = "evaluation.data={token_budget=160, sources=[{kind=\"text\", name=\"words\", path=\"words.txt\"}]}";
    let recipe = recipe(folder.path(), &[data]);
    let place = Place { out: folder.path().join("run"), device: Device::Cpu, dtype: Dtype::F32, prompter: None };
    let error = run(&recipe, &place, &mut |_| Ok(()), &|| false).expect_err("nothing is asked").to_string();
    assert!(error.contains("evaluation.data") && error.contains("0 questions"), "{error}");
}
