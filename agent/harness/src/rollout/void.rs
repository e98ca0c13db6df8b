//! Episodes that do not count, because something other than the agent failed.

use glim_env::{EnvError, Seed};
use glim_tasks::{BackendError, StageError};
use serde::{Deserialize, Serialize};

use crate::policy::PolicyError;

/// Why an episode is void.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The world broke.
    #[error(transparent)]
    World(#[from] EnvError),
    /// The task could not be put up.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The task's backend could not answer.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The policy could not reply.
    #[error(transparent)]
    Policy(PolicyError),
    /// The judging model could not reply.
    #[error("the judge failed: {0}")]
    Judge(PolicyError),
    /// Our own code panicked. That is a bug, and a summary has to say so.
    #[error("bug: {message}")]
    Panic {
        /// The text of the panic.
        message: String,
    },
}

impl Cause {
    /// Its kind, as it is counted: `died`, `timeout`, `policy`, `panic`, ...
    pub fn kind(&self) -> &'static str {
        match self {
            Cause::World(EnvError::Start { .. }) => "start",
            Cause::World(EnvError::Died { .. }) => "died",
            Cause::World(EnvError::Crashed { .. }) => "crashed",
            Cause::World(EnvError::Timeout { .. }) => "timeout",
            Cause::World(EnvError::Unreachable { .. }) => "unreachable",
            Cause::World(EnvError::Protocol { .. }) => "protocol",
            Cause::World(EnvError::Unsupported { .. }) => "unsupported",
            Cause::World(_) => "world",
            Cause::Stage(_) => "stage",
            Cause::Backend(_) => "backend",
            Cause::Policy(_) => "policy",
            Cause::Judge(_) => "judge",
            Cause::Panic { .. } => "panic",
        }
    }

    /// Whether the world itself is in doubt, so that the next attempt needs a fresh one.
    pub(super) fn spoils_world(&self) -> bool {
        !matches!(self, Cause::Policy(_) | Cause::Judge(_) | Cause::Stage(_))
    }
}

/// One attempt that does not count, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Void {
    /// Suite and family.
    pub task: String,
    /// The instance.
    pub seed: Seed,
    /// Which attempt at the instance, from 1.
    pub attempt: u32,
    /// [`Cause::kind`].
    pub kind: String,
    /// The cause in words.
    pub cause: String,
    /// Turns that were complete when it happened.
    pub turn: usize,
    /// Whether it was the last attempt that is allowed: the instance is void.
    pub exhausted: bool,
}

/// The text of a panic.
pub(super) fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}
