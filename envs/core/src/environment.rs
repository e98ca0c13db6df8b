//! A world an agent can act in. It moves; it does not judge.

use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::{Action, ActionKind, Evidence, Observation, Query, Seed, StartState};

/// A world an agent can act in.
pub trait Environment: Send {
    /// Puts the world into its start. Equal (`start`, `seed`) give equal observations.
    ///
    /// # Errors
    /// If the world broke or could not be brought up; the environment stays usable and may be reset again.
    fn reset(&mut self, start: &StartState, seed: Seed) -> impl Future<Output = Result<Observation, EnvError>> + Send;

    /// Acts, waits until the screen has settled, looks again. An action that cannot be done is
    /// [`Outcome::Rejected`], not an error.
    ///
    /// # Errors
    /// If the world broke: the episode is void, and only [`Environment::reset`] may follow.
    fn step(&mut self, action: &Action) -> impl Future<Output = Result<Step, EnvError>> + Send;

    /// Ground truth for a verifier. Leaves the world unchanged.
    ///
    /// # Errors
    /// If the world broke or cannot answer this kind of query.
    fn probe(&mut self, query: &Query) -> impl Future<Output = Result<Evidence, EnvError>> + Send;

    /// The kinds of action it takes; it rejects others with a reason.
    fn accepts(&self) -> &[ActionKind];
}

/// What came of one action.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The screen afterwards.
    pub observation: Observation,
    /// Whether the action was done.
    pub outcome: Outcome,
    /// The value of [`crate::WebStart::watch`], `null` without one. For the task, not for the agent.
    pub signal: serde_json::Value,
}

/// Whether an action was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was done. That says nothing about its effect.
    Done,
    /// It could not be done; the world is as it was.
    Rejected {
        /// Why, for the agent to read.
        reason: String,
    },
}

impl Outcome {
    /// A rejection.
    pub fn rejected(reason: impl Into<String>) -> Outcome {
        Outcome::Rejected { reason: reason.into() }
    }
}

/// The world broke. The episode is void: it is retried and counted, never scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// The engine could not be started.
    #[error("{what} could not be started: {reason}")]
    Start {
        /// The program.
        what: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The engine's process ended.
    #[error("{what} died: {reason}")]
    Died {
        /// The program.
        what: String,
        /// What is known of the cause.
        reason: String,
    },
    /// One page, tab or application crashed while the engine lives on.
    #[error("{what} crashed: {reason}")]
    Crashed {
        /// What crashed.
        what: String,
        /// What is known of the cause.
        reason: String,
    },
    /// Something took longer than its limit.
    #[error("{what} did not finish within {limit_ms} ms")]
    Timeout {
        /// What was waited for.
        what: String,
        /// The limit.
        limit_ms: u64,
    },
    /// The start page could not be reached.
    #[error("`{url}` could not be reached: {reason}")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        reason: String,
    },
    /// The world gave an answer that makes no sense.
    #[error("{what} failed: {reason}")]
    Protocol {
        /// What was asked of it.
        what: String,
        /// What it said.
        reason: String,
    },
    /// This environment cannot do that at all.
    #[error("this environment cannot {what}")]
    Unsupported {
        /// What was asked of it.
        what: String,
    },
}
