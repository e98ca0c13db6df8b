//! The rollout loop: many episodes at once, each played, judged and handed to a recorder.
//!
//! Episodes are started in the order in which they are given, by as many workers as may run at once; each worker keeps
//! one world and resets it between episodes. When something other than the agent fails, the episode is [`Void`]: it is
//! tried again in a fresh world, a bounded number of times, and is never scored. A panic in a task or in our own code
//! costs one attempt, not the run. Whatever is in flight is bounded by the number of workers, since a worker goes on
//! only when its episode is recorded.

use std::sync::Arc;

use glim_env::{EnvError, Environment, Episode, Evidence, Observation, Seed, Turn};
use glim_tasks::{TaskFamily, Verdict};

use crate::Agent;
use crate::policy::{JudgeModel, PolicyError};

mod episode;
#[cfg(test)]
pub(crate) mod fake;
mod limits;
mod stop;
#[cfg(test)]
mod tests;
mod void;
mod workers;

pub(crate) use episode::verdict;
pub use limits::Limits;
pub use stop::Stop;
pub use void::{Cause, Void};

/// Where worlds come from.
pub trait Worlds: Send + Sync + 'static {
    /// The kind of world.
    type Env: Environment + 'static;

    /// Opens one.
    ///
    /// # Errors
    /// If it cannot be opened.
    fn open(&self) -> impl Future<Output = Result<Self::Env, EnvError>> + Send;
}

/// Where finished episodes go. Called on threads that may block.
pub trait Recorder: Send + Sync + 'static {
    /// An episode with its verdict.
    ///
    /// # Errors
    /// If it cannot be kept: the run stops.
    fn finished(&self, finished: &Finished) -> Result<(), RecordError>;

    /// An attempt that does not count.
    ///
    /// # Errors
    /// If it cannot be kept: the run stops.
    fn void(&self, void: &Void) -> Result<(), RecordError>;

    /// An episode that was cut off by [`Stop::abandon`], for looking at. It will be repeated.
    ///
    /// # Errors
    /// If it cannot be kept; this is reported and otherwise ignored.
    fn abandoned(&self, episode: &Episode, attempt: u32) -> Result<(), RecordError> {
        let _ = (episode, attempt);
        Ok(())
    }
}

/// Why a recorder failed; its text names the path.
pub type RecordError = Box<dyn std::error::Error + Send + Sync>;

/// Someone who watches. Called between turns, so it must be quick.
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn on(&self, event: &Event<'_>);
}

/// Nobody watches.
impl Observer for () {
    fn on(&self, _event: &Event<'_>) {}
}

/// What happens while episodes are played.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The first observation is there.
    Started {
        /// The episode, without turns.
        episode: &'a Episode,
        /// Which attempt at it, from 1.
        attempt: u32,
        /// What the agent is about to be shown.
        observation: &'a Observation,
        /// How many turns it gets.
        budget: usize,
    },
    /// A turn is complete.
    Turn {
        /// The episode with this turn.
        episode: &'a Episode,
        /// Which turn, from 0.
        index: usize,
        /// The turn.
        turn: &'a Turn,
        /// What the screen shows now.
        after: &'a Observation,
    },
    /// An episode has its verdict and is recorded.
    Finished(&'a Finished),
    /// An attempt does not count; [`Void::exhausted`] says whether none follows.
    Void(&'a Void),
}

/// One task instance to be played.
#[derive(Clone)]
pub struct Instance {
    /// The family.
    pub family: Arc<dyn TaskFamily>,
    /// What makes the instance.
    pub seed: Seed,
    /// Attempts that earlier runs made at it; only for counting on.
    pub attempts: u32,
}

/// A judged episode.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// What happened.
    pub episode: Episode,
    /// Which attempt at the instance this was, from 1.
    pub attempt: u32,
    /// What the verifier was told.
    pub evidence: Vec<Evidence>,
    /// What it found.
    pub verdict: Verdict,
    /// Wall time of the reset, in milliseconds.
    pub reset_ms: f64,
}

impl Finished {
    /// Wall time in the world, in milliseconds: the reset and all steps.
    pub fn env_ms(&self) -> f64 {
        self.reset_ms + self.episode.turns.iter().map(|turn| turn.timings.env_ms).sum::<f64>()
    }

    /// Wall time spent waiting for the policy, in milliseconds.
    pub fn policy_ms(&self) -> f64 {
        self.episode.turns.iter().map(|turn| turn.timings.policy_ms).sum()
    }
}

/// How a run went, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Episodes with a verdict.
    pub finished: usize,
    /// Instances whose every attempt was void.
    pub void: usize,
    /// Void attempts, including those whose instance was finished later.
    pub void_attempts: usize,
    /// Void attempts that were caused by a panic, which is a bug.
    pub panics: usize,
    /// Instances that were not finished because the run was stopped.
    pub unfinished: usize,
}

/// A run that could not go on. What was finished before is recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// No world can be started.
    #[error("no world could be started in {tries} tries: {error}")]
    World {
        /// Tries in a row.
        tries: u32,
        /// The last cause.
        error: EnvError,
    },
    /// The policy failed in a way that every episode would meet.
    #[error("the policy cannot play: {0}")]
    Policy(PolicyError),
    /// An episode could not be recorded.
    #[error("an episode could not be recorded: {0}")]
    Record(RecordError),
}

/// A set-up for playing episodes.
pub struct Rollout<W> {
    /// Where worlds come from.
    pub worlds: Arc<W>,
    /// Who acts.
    pub agent: Agent,
    /// Who answers [`glim_env::Query::Judge`]; without one such tasks stay undecided.
    pub judge: Option<Arc<JudgeModel>>,
    /// Bounds of each episode.
    pub limits: Limits,
    /// Episodes at once, at least 1.
    pub concurrency: usize,
}

impl<W: Worlds> Rollout<W> {
    /// Plays all `instances`, started in their order.
    ///
    /// # Errors
    /// If the run cannot go on; what was finished until then is recorded.
    ///
    /// # Panics
    /// If a recorder panics, or an observer at the end of an episode. Other panics make one attempt void.
    pub async fn run(
        &self,
        instances: Vec<Instance>,
        recorder: Arc<dyn Recorder>,
        observer: Arc<dyn Observer>,
        stop: &Stop,
    ) -> Result<Tally, RunError> {
        workers::Run::new(self.clone(), instances, recorder, observer, stop.clone()).work().await
    }
}

impl<W> Clone for Rollout<W> {
    fn clone(&self) -> Self {
        Rollout {
            worlds: self.worlds.clone(),
            agent: self.agent.clone(),
            judge: self.judge.clone(),
            limits: self.limits,
            concurrency: self.concurrency,
        }
    }
}
