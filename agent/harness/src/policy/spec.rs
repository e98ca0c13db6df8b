//! Policies by name, as they are given on the command line.

use std::path::Path;
use std::sync::Arc;

use super::{Noop, OpenAi, Policy, Random, Replay, Scripted};

/// The policy that a name stands for: `scripted`, `random`, `noop`, `openai:MODEL@BASE_URL`, `replay:EPISODE_DIR`.
///
/// `local:DIR` is opened by the program that has a decoding engine, before it asks here.
///
/// Without `@BASE_URL`, `OPENAI_BASE_URL` or OpenAI's own server is asked. Keys come from `OPENAI_API_KEY` only.
///
/// # Errors
/// If the name is not one of these, or what it names is missing; the text says what to do.
pub fn from_spec(spec: &str) -> Result<Arc<dyn Policy>, SpecError> {
    let (kind, rest) = spec.split_once(':').unwrap_or((spec, ""));
    let wrong = |reason: &str| SpecError { spec: spec.to_owned(), reason: reason.to_owned() };
    match (kind, rest) {
        ("scripted", "") => Ok(Arc::new(Scripted)),
        ("random", "") => Ok(Arc::new(Random)),
        ("noop", "") => Ok(Arc::new(Noop)),
        ("openai", _) => Ok(Arc::new(OpenAi::from_spec(rest)?)),
        ("replay", "") => Err(wrong("say which episode: `replay:EPISODE_DIR`")),
        ("replay", folder) => Ok(Arc::new(Replay::open(Path::new(folder))?)),
        ("local", _) => Err(wrong("a local checkpoint needs the decoding engine, which this program does not have")),
        _ => Err(wrong(
            "agents are `scripted`, `random`, `noop`, `openai:MODEL@BASE_URL`, `replay:EPISODE_DIR` and `local:DIR`",
        )),
    }
}

/// A name stands for no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the agent `{spec}` cannot be used: {reason}")]
pub struct SpecError {
    /// The name.
    pub spec: String,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}
