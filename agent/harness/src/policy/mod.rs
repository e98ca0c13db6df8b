//! Who decides: a policy reads a prompt and writes a reply.
//!
//! A policy knows nothing of environments and never sees an [`glim_env::Action`]: it writes text, and the dialect reads
//! the action from it. That keeps remote models, a local decoding engine, scripts and recordings behind one door, and
//! lets every one of them exercise the same parser.

use std::fmt::Write as _;
use std::sync::Arc;

use futures::future::BoxFuture;
use glim_env::{Completion, Seed};
use glim_tasks::{Situation, Task};

use crate::Dialect;

mod error;
mod judge;
mod openai;
mod replay;
mod scripted;
mod spec;

#[cfg(test)]
mod tests;

pub use error::PolicyError;
pub use judge::JudgeModel;
pub use openai::{Limits, OpenAi, Usage};
pub use replay::Replay;
pub use scripted::{Noop, Random, Scripted};
pub use spec::{SpecError, from_spec};

/// One piece of a message.
#[derive(Debug, Clone)]
pub enum Part {
    /// Words.
    Text(String),
    /// An encoded picture, PNG or JPEG.
    Image(Arc<[u8]>),
}

/// How a model draws its tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// 0 is greedy.
    pub temperature: f64,
    /// Share of probability mass that is drawn from, 0..=1. 1 draws from all: cutting the tail garbles long runs of RL.
    pub top_p: f64,
    /// Longest reply in tokens, thinking included.
    pub max_tokens: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        // The evaluation of GLM-4.1V allows 8192 tokens of output.
        Sampling { temperature: 0.0, top_p: 1.0, max_tokens: 8192 }
    }
}

/// What a policy replies to, in words and pictures, and the situation it was written from.
pub struct Prompt<'a> {
    /// The standing instruction: role, action space, form of the reply.
    pub system: String,
    /// Goal, history and screen.
    pub user: Vec<Part>,
    /// How to draw the reply.
    pub sampling: Sampling,
    /// Seed of this reply; equal prompts and seeds give equal replies where the policy is able to.
    pub seed: Seed,
    /// What the prompt was written from, for policies that read no prose.
    pub situation: Situation<'a>,
    /// The task, for policies that know its solution; absent when there is none, as in a free run.
    pub task: Option<&'a dyn Task>,
    /// The language of the reply.
    pub dialect: Dialect,
}

impl Prompt<'_> {
    /// The prompt as it is recorded: pictures are numbered, not included.
    pub fn text(&self) -> String {
        let mut text = self.system.clone();
        let mut pictures = 0;
        for part in &self.user {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            match part {
                Part::Text(words) => text.push_str(words),
                Part::Image(_) => {
                    pictures += 1;
                    // Writing to a string cannot fail.
                    let _ = write!(text, "<image {pictures}>");
                }
            }
        }
        text
    }
}

/// Something that replies to a prompt.
pub trait Policy: Send + Sync {
    /// Its name in records and reports: `scripted`, `openai:MODEL`.
    fn name(&self) -> &str;

    /// Replies.
    ///
    /// # Errors
    /// If the policy itself failed; the episode is void. A reply that makes no sense is not an error.
    fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>>;

    /// Whether it reads [`Prompt::system`] and [`Prompt::user`]; if not, neither is written, and no picture is drawn.
    fn needs_prompt(&self) -> bool {
        true
    }
}
