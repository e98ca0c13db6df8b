//! `glim checkpoint`: whether one is whole, and one to begin with.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use glim_processor::Tokenizer;
use glim_vlm::checkpoint::{self, Report};
use serde_json::Value;

use crate::arguments::{Checkpoint, CheckpointCheck, CheckpointInit};
use crate::eval::say;

/// Names of each kind that are told; a wrong configuration has hundreds.
const TOLD: usize = 10;

/// What belongs to a tokenizer and goes with it into a checkpoint.
const TOKENIZER_FILES: [&str; 6] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "generation_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
];

/// Where the configuration names a token of the processor, and which.
const TOKENS: [(&str, &str); 6] = [
    ("image_token_id", "<|image|>"),
    ("video_token_id", "<|video|>"),
    ("image_start_token_id", "<|begin_of_image|>"),
    ("image_end_token_id", "<|end_of_image|>"),
    ("video_start_token_id", "<|begin_of_video|>"),
    ("video_end_token_id", "<|end_of_video|>"),
];

pub(crate) fn checkpoint(command: &Checkpoint) -> Result<ExitCode> {
    match command {
        Checkpoint::Check(arguments) => check(arguments),
        Checkpoint::Init(arguments) => init(arguments),
    }
}

fn check(arguments: &CheckpointCheck) -> Result<ExitCode> {
    let report = checkpoint::check(&arguments.checkpoint, arguments.index.as_deref())?;
    let Report { tensors, parameters, shapes_compared, missing, unexpected, differing } = &report;
    let by = if *shapes_compared { "by name and shape" } else { "by name: an index has no shapes" };
    say(&format!("{tensors} tensors, {:.3} million parameters, compared {by}", *parameters as f64 / 1e6));
    tell("missing", missing);
    let shapes =
        |(name, found, wanted): &(String, Vec<usize>, Vec<i64>)| format!("{name} is {found:?}, not {wanted:?}");
    tell("differs", &differing.iter().map(shapes).collect::<Vec<_>>());
    tell("unused", unexpected);
    if report.is_sound() {
        say("ok       the checkpoint is what its configuration says");
        return Ok(ExitCode::SUCCESS);
    }
    say("broken   the model cannot be loaded from it");
    Ok(ExitCode::FAILURE)
}

fn tell(what: &str, names: &[String]) {
    for name in names.iter().take(TOLD) {
        say(&format!("{what:<8} {name}"));
    }
    if names.len() > TOLD {
        say(&format!("         and {} more", names.len() - TOLD));
    }
}

fn init(arguments: &CheckpointInit) -> Result<ExitCode> {
    let CheckpointInit { config, tokenizer, seed, out } = arguments;
    let mut config = read_json(config)?;
    speak(&mut config, &Tokenizer::open(tokenizer)?)?;
    claim(out)?;
    for name in TOKENIZER_FILES {
        copy(&tokenizer.join(name), &out.join(name))?;
    }
    write(out, &config, *seed)
}

/// A new checkpoint in `out`, with this tokenizer and fresh weights.
pub(crate) fn begin(out: &Path, mut config: Value, tokenizer: &Tokenizer, seed: u64) -> Result<ExitCode> {
    speak(&mut config, tokenizer)?;
    claim(out)?;
    tokenizer.save(out)?;
    write(out, &config, seed)
}

/// A configuration as it stands in a file.
pub(crate) fn read_json(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("`{}` is not JSON", path.display()))
}

fn claim(out: &Path) -> Result<()> {
    if out.join("config.json").exists() {
        bail!("`{}` holds a checkpoint already; name another folder, or remove it", out.display());
    }
    std::fs::create_dir_all(out).with_context(|| format!("`{}` cannot be made", out.display()))
}

fn write(out: &Path, config: &Value, seed: u64) -> Result<ExitCode> {
    let parameters = checkpoint::init(out, config, seed)?;
    say(&format!("{:.3} million parameters, drawn with the seed {seed}: {}", parameters as f64 / 1e6, out.display()));
    Ok(ExitCode::SUCCESS)
}

/// Writes the tokens of pictures and of the end into a configuration, which was made for another vocabulary perhaps.
fn speak(config: &mut Value, tokenizer: &Tokenizer) -> Result<()> {
    let rows = config.pointer("/text_config/vocab_size").and_then(Value::as_u64);
    let rows = rows.context("the configuration has no text_config.vocab_size")?;
    let known = tokenizer.vocabulary();
    if (rows as usize) < known {
        bail!(
            "the configuration has {rows} embeddings, and the tokenizer {known} tokens: raise text_config.vocab_size"
        );
    }
    for (field, token) in TOKENS {
        let id = tokenizer.token_id(token).with_context(|| format!("the tokenizer has no token `{token}`"))?;
        config[field] = id.into();
    }
    for field in ["eos_token_id", "pad_token_id"] {
        config["text_config"][field] = match field {
            "eos_token_id" => tokenizer.eos().into(),
            _ => tokenizer.eos().first().copied().into(),
        };
    }
    Ok(())
}

/// Copies a file if there is one.
fn copy(from: &Path, to: &Path) -> Result<()> {
    match std::fs::copy(from, to) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            Err(error).with_context(|| format!("`{}` cannot be copied to `{}`", from.display(), to.display()))
        }
    }
}
