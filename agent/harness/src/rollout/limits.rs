//! How long an episode may last.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds of one episode. None of them is ever the agent's fault by itself: an episode that is cut off is judged as it
/// stands, and a world that does not answer in time makes it void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Turns in an episode; the task's own budget if absent.
    pub turns: Option<usize>,
    /// Longest wait for one reply of the policy, in milliseconds; then the episode ends with
    /// [`glim_env::End::TimeLimit`].
    pub reply_ms: u64,
    /// Longest wait for the world to reset, step or answer, in milliseconds; then the episode is void. The environment
    /// has shorter limits of its own; this one catches an environment that hangs.
    pub world_ms: u64,
    /// Longest episode, in milliseconds, from the first observation to the start of the last turn.
    pub episode_ms: u64,
    /// Replies in a row from which no action can be read before the episode ends with [`glim_env::End::Unreadable`].
    pub unreadable: usize,
    /// Further attempts at an instance after a void one.
    pub retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { turns: None, reply_ms: 300_000, world_ms: 120_000, episode_ms: 1_800_000, unreadable: 5, retries: 2 }
    }
}

impl Limits {
    pub(super) fn reply(&self) -> Duration {
        Duration::from_millis(self.reply_ms)
    }

    pub(super) fn world(&self) -> Duration {
        Duration::from_millis(self.world_ms)
    }

    pub(super) fn episode(&self) -> Duration {
        Duration::from_millis(self.episode_ms)
    }
}
