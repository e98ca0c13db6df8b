//! Policies by name, as they are given on the command line.

use std::sync::Arc;

use super::Policy;

/// The policy that a name stands for: `scripted`, `random`, `noop`, `openai:MODEL@BASE_URL`, `replay:EPISODE_DIR`.
///
/// # Errors
/// If the name is not one of these, or what it names is missing; the text says what to do.
pub fn from_spec(spec: &str) -> Result<Arc<dyn Policy>, SpecError> {
    Err(SpecError { spec: spec.to_owned(), reason: "unknown".to_owned() })
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
