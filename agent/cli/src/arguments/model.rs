//! The commands that know a model.

// A build without one reads them all the same, to say that it has none.
#![cfg_attr(not(feature = "torch"), allow(dead_code))]

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Where a local checkpoint computes.
#[derive(Args, Clone, Copy, Default)]
pub(crate) struct DeviceArguments {
    /// Where a local checkpoint computes: cpu, cuda (or cuda:1 and so on), auto.
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = device)]
    pub device: On,

    /// In which numbers: f32, bf16, or auto, which is bf16 on a GPU and f32 on the CPU.
    #[arg(long, value_enum, value_name = "DTYPE", default_value_t = Precision::Auto)]
    pub dtype: Precision,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum On {
    #[default]
    Auto,
    Cpu,
    Cuda(usize),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precision {
    #[default]
    Auto,
    F32,
    Bf16,
}

#[derive(Args)]
pub(crate) struct Serve {
    /// The folder of the checkpoint: config.json, weights, tokenizer, chat template.
    #[arg(long, value_name = "DIR")]
    pub checkpoint: PathBuf,

    /// The address to listen on. Any but a loopback address needs a token.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,

    /// The port; 0 takes any that is free and says which.
    #[arg(long, value_name = "N", default_value_t = 8000)]
    pub port: u16,

    /// A file that holds the token that clients must show; the variable GLIM_TOKEN if absent.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// What the model is called; the name of its folder if absent.
    #[arg(long, value_name = "NAME")]
    pub model_name: Option<String>,

    /// Replies written at once, at the most.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = at_least_one)]
    pub max_batch: usize,

    /// Replies that may wait for a place among them; further requests are refused.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = at_least_one)]
    pub queue: usize,

    /// Tokens of prompt and reply together at the most; what the checkpoint allows if absent.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub context: Option<usize>,

    #[command(flatten)]
    pub device: DeviceArguments,
}

#[derive(Args)]
pub(crate) struct Generate {
    /// What to reply to.
    pub prompt: String,

    /// The folder of the checkpoint: config.json, weights, tokenizer, chat template.
    #[arg(long, value_name = "DIR")]
    pub checkpoint: PathBuf,

    /// A picture, shown before the words. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub image: Vec<PathBuf>,

    /// The standing instruction.
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    pub system: Option<String>,

    /// Sampling temperature; 0 always takes the likeliest token.
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = temperature)]
    pub temperature: f32,

    /// Share of probability that is drawn from, above 0 and up to 1.
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = share)]
    pub top_p: f32,

    /// How many of the likeliest tokens are drawn from; 0 draws from all.
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub top_k: usize,

    /// Tokens of the reply at the most.
    #[arg(long, value_name = "N", default_value_t = 8192, value_parser = at_least_one)]
    pub max_tokens: usize,

    /// The seed of the sampling.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// Tokens of thought at the most; then the answer is asked for.
    #[arg(long, value_name = "N")]
    pub thinking_budget: Option<usize>,

    /// Give the prompt to the model as it is, without the chat template; special tokens in it are read as such.
    #[arg(long)]
    pub raw: bool,

    /// Tokens of prompt and reply together at the most; what the checkpoint allows if absent.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub context: Option<usize>,

    #[command(flatten)]
    pub device: DeviceArguments,
}

#[derive(Subcommand)]
pub(crate) enum Tokenizer {
    /// Learn a vocabulary of byte pairs from text, with the special tokens of GLM.
    Train(TokenizerTrain),
    /// Show the tokens of a text.
    Encode(TokenizerEncode),
}

#[derive(Args)]
pub(crate) struct TokenizerTrain {
    /// Text files, or folders that are searched for .txt, .md, .json and .jsonl files.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub text: Vec<PathBuf>,

    /// Tokens in all, special ones included.
    #[arg(long, value_name = "N")]
    pub vocab_size: usize,

    /// Make each digit a token of its own, instead of up to three: small models learn coordinates so.
    #[arg(long)]
    pub single_digits: bool,

    /// The folder for tokenizer.json, tokenizer_config.json and chat_template.jinja.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(Args)]
pub(crate) struct TokenizerEncode {
    /// The folder of a tokenizer or a checkpoint.
    #[arg(long, value_name = "DIR")]
    pub tokenizer: PathBuf,

    /// The text.
    pub text: String,
}

#[derive(Subcommand)]
pub(crate) enum Checkpoint {
    /// Hold every tensor of a configuration against what a checkpoint has, by name and shape. Loads nothing.
    Check(CheckpointCheck),
    /// Make a checkpoint with random weights, to train from or to try things out.
    Init(CheckpointInit),
}

#[derive(Args)]
pub(crate) struct CheckpointCheck {
    /// The folder of a checkpoint, or its config.json alone.
    pub checkpoint: PathBuf,

    /// The index of a checkpoint whose weights are elsewhere: names are held against it.
    #[arg(long, value_name = "FILE")]
    pub index: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct CheckpointInit {
    /// The configuration, as in any checkpoint.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// The folder of the tokenizer that goes with it.
    #[arg(long, value_name = "DIR")]
    pub tokenizer: PathBuf,

    /// The seed of the weights.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// The folder of the checkpoint.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

fn device(text: &str) -> Result<On, String> {
    match text.split_once(':') {
        None if text == "auto" => Ok(On::Auto),
        None if text == "cpu" => Ok(On::Cpu),
        None if text == "cuda" => Ok(On::Cuda(0)),
        Some(("cuda", index)) => index.parse().map(On::Cuda).map_err(|_| format!("`{index}` is no number of a GPU")),
        _ => Err("devices are cpu, cuda, cuda:N and auto".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "it must be a whole number of at least 1".to_owned())
}

fn temperature(text: &str) -> Result<f32, String> {
    let wrong = || "it must be a number from 0 to 2".to_owned();
    text.parse().ok().filter(|it| (0.0..=2.0).contains(it)).ok_or_else(wrong)
}

fn share(text: &str) -> Result<f32, String> {
    let wrong = || "it must be a number above 0 and up to 1".to_owned();
    text.parse().ok().filter(|it| *it > 0.0 && *it <= 1.0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read() {
        for (text, read) in [("cpu", On::Cpu), ("cuda", On::Cuda(0)), ("cuda:3", On::Cuda(3)), ("auto", On::Auto)] {
            assert_eq!(device(text), Ok(read));
        }
        for wrong in ["", "gpu", "cuda:", "cuda:x", "cpu:0"] {
            assert!(device(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_held_to_their_range() {
        assert_eq!((temperature("0.7"), share("1"), at_least_one("3")), (Ok(0.7), Ok(1.0), Ok(3)));
        assert!(
            temperature("-1").is_err()
                && temperature("nan").is_err()
                && share("0").is_err()
                && at_least_one("0").is_err()
        );
    }
}
