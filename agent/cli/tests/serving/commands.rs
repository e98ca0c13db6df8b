//! The other commands that know a model.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::checkpoint::{Checkpoint, glim, run, said};

fn generate(checkpoint: &Checkpoint, more: &[&str]) -> Output {
    glim().args(["generate", "--device", "cpu", "--checkpoint"]).arg(checkpoint.path()).args(more).output().unwrap()
}

fn picture(folder: &Path, name: &str, width: u32, height: u32) -> String {
    let file = folder.join(name);
    image::RgbImage::from_pixel(width, height, image::Rgb([200, 40, 40])).save(&file).unwrap();
    file.display().to_string()
}

#[test]
fn generate_writes_the_reply_and_what_it_took() {
    let checkpoint = Checkpoint::taught("gray box", false);
    let folder = tempfile::tempdir().unwrap();
    let shown = picture(folder.path(), "red.png", 112, 112);
    let output = generate(&checkpoint, &["Say it.", "--image", &shown, "--image", &shown, "--system", "Be short."]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "gray box\n");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("prompt ") && told.contains("reply ") && told.contains("tokens/s"), "{told}");
    // As it is, without a template: the model answers a line end.
    let raw = generate(&checkpoint, &["--raw", "\n"]);
    assert_eq!(String::from_utf8_lossy(&raw.stdout), "gray box\n");
    let cut = generate(&checkpoint, &["Say it.", "--max-tokens", "1"]);
    assert!(String::from_utf8_lossy(&cut.stderr).contains("cut off"), "{}", said(&cut));
}

#[test]
fn generate_says_what_is_wrong() {
    let checkpoint = Checkpoint::random(2);
    let folder = tempfile::tempdir().unwrap();
    let long = picture(folder.path(), "long.png", 20_000, 20);
    let broken = folder.path().join("broken.png");
    std::fs::write(&broken, "no picture").unwrap();
    let broken = broken.display().to_string();
    let words = "word ".repeat(4000);
    for (arguments, says) in [
        (vec!["x", "--image", "/nowhere.png"], "/nowhere.png"),
        (vec!["x", "--image", &broken], "broken.png"),
        (vec!["x", "--image", &long], "aspect ratio"),
        (vec![words.as_str(), "--context", "2048"], "2048"),
        (vec!["--raw", "x", "--image", &long], "has 0 `<|image|>`"),
    ] {
        let output = generate(&checkpoint, &arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(says), "{says}: {}", said(&output));
    }
    let output = glim().args(["generate", "x", "--checkpoint", "/nowhere"]).output().unwrap();
    assert_eq!(said(&output).matches("No such file").count(), 1, "it is said once: {}", said(&output));
}

#[test]
fn equal_seeds_give_equal_replies() {
    let checkpoint = Checkpoint::random(2);
    let reply = |seed: &str| {
        let output = generate(&checkpoint, &["Go.", "--temperature", "1", "--max-tokens", "24", "--seed", seed]);
        assert!(output.status.success(), "{}", said(&output));
        output.stdout
    };
    assert_eq!(reply("4"), reply("4"));
    assert_ne!(reply("4"), reply("5"));
}

#[test]
fn a_checkpoint_is_checked_without_loading_it() {
    let checkpoint = Checkpoint::random(2);
    let told = run(glim().args(["checkpoint", "check"]).arg(checkpoint.path()));
    assert!(told.contains("by name and shape") && told.contains("ok "), "{told}");
    let file = checkpoint.path().join("config.json");
    let mut wider: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    wider["text_config"]["intermediate_size"] = 112.into();
    wider["text_config"]["num_hidden_layers"] = 3.into();
    std::fs::write(&file, wider.to_string()).unwrap();
    let output = glim().args(["checkpoint", "check"]).arg(checkpoint.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = said(&output);
    assert!(told.contains("differs ") && told.contains("missing ") && told.contains("layers.2."), "{told}");
    let served = glim().args(["serve", "--port", "0", "--checkpoint"]).arg(checkpoint.path()).output().unwrap();
    assert!(!served.status.success(), "a checkpoint that is not whole is not served");
}

#[test]
fn equal_seeds_make_equal_checkpoints() {
    let weights = |seed: u64| std::fs::read(Checkpoint::random(seed).path().join("model.safetensors")).unwrap();
    let first = weights(1);
    assert!(first == weights(1) && first != weights(2));
}

#[test]
fn a_tokenizer_gives_back_what_it_was_given() {
    let checkpoint = Checkpoint::random(2);
    let told = run(glim().args(["tokenizer", "encode", "--tokenizer"]).arg(checkpoint.path()).arg("red mug<|user|>"));
    let tokens: String = told.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(tokens.replace('Ġ', " "), "red mug<|user|>");
    let mut small = glim();
    small.args(["tokenizer", "train", "--vocab-size", "9", "--out", "/nowhere", "--text"]).arg(file!());
    let output = small.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("too small"), "{}", said(&output));
}

/// In real Chromium: what a local checkpoint says is an episode like any other, with its tokens.
#[test]
fn a_local_checkpoint_plays_in_an_evaluation() {
    let checkpoint = Checkpoint::taught("gray box", false);
    let folder = tempfile::tempdir().unwrap();
    let agent = format!("local:{}", checkpoint.path().display());
    let mut command = glim();
    command.args(["eval", "--suite", "pages", "--task", "click-button", "--episodes", "2", "--turns", "2"]);
    command.args(["--viewport", "320x240", "--device", "cpu", "--agent", &agent, "--out"]).arg(folder.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let results: Value = serde_json::from_slice(&std::fs::read(folder.path().join("results.json")).unwrap()).unwrap();
    assert_eq!(results["agent"], "local:tiny");
    let episodes = results["episodes"].as_array().unwrap();
    assert!(episodes.len() >= 2 && episodes.iter().all(|it| it["status"] == "truncated"), "{results}");
    let first = std::fs::read_dir(folder.path().join("episodes")).unwrap().next().unwrap().unwrap().path().join("0");
    let record = std::fs::read_to_string(first.join("episode.jsonl")).unwrap();
    let turn: Value = record
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|it: &Value| it.get("completion").is_some())
        .unwrap();
    let completion = &turn["completion"];
    assert_eq!(completion["text"], "gray box", "{completion}");
    let tokens = &completion["tokens"];
    let drawn = tokens["ids"].as_array().unwrap().len();
    assert!(drawn > 0 && tokens["logprobs"].as_array().unwrap().len() == drawn, "{tokens}");
    assert_eq!(completion["completion_tokens"], drawn);
}
