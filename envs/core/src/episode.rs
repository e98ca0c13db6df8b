//! The record of one episode: enough to judge it again, train on it or show it, without the world.

use serde::{Deserialize, Serialize};

use crate::{Action, Observation, Outcome, Seed};

/// Version of the stored form; raised when old readers would misread it.
pub const SCHEMA_VERSION: u32 = 1;

/// Goal, turns and end of one attempt at one task instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Suite and family: `pages/click-button`.
    pub task: String,
    /// What made this instance.
    pub seed: Seed,
    /// The instruction as the agent was given it.
    pub goal: String,
    /// Which agent acted: `scripted`, `openai:MODEL`.
    pub agent: String,
    /// What was seen and done, in order.
    pub turns: Vec<Turn>,
    /// What the agent was left with: the observation after the last action.
    pub last: Option<Observation>,
    /// How it ended; `None` while it runs.
    pub end: Option<End>,
}

impl Episode {
    /// The text of an [`End::Answer`].
    pub fn answer(&self) -> Option<&str> {
        match &self.end {
            Some(End::Answer { text }) => Some(text),
            _ => None,
        }
    }
}

/// One observation, what the agent said to it, and what came of that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What the agent was shown.
    pub observation: Observation,
    /// The text it was prompted with; empty for agents that read no prompt.
    #[serde(default)]
    pub prompt: String,
    /// What it replied.
    pub completion: Completion,
    /// The action read from the reply; `None` if it could not be read.
    pub action: Option<Action>,
    /// What came of it; the reason of a rejection is shown in the next prompt.
    pub outcome: Outcome,
    /// Where the time went.
    pub timings: Timings,
}

/// A policy's reply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The whole text.
    pub text: String,
    /// Tokens as sampled, where the policy knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenTrace>,
    /// Tokens read, as the server counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u32>,
    /// Tokens written, as the server counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u32>,
}

/// Token ids with the log-probability each had when it was sampled, in nats.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenTrace {
    /// Ids of the policy's vocabulary.
    pub ids: Vec<u32>,
    /// Same length as `ids`.
    pub logprobs: Vec<f32>,
    /// Places in `ids` of tokens that were inserted rather than drawn, in order: where thinking was cut short, the tags
    /// that open the answer. A learner takes no gradient from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forced: Vec<usize>,
}

/// How an episode ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
#[non_exhaustive]
pub enum End {
    /// The agent answered.
    Answer {
        /// The answer.
        text: String,
    },
    /// The agent said that the goal is reached.
    Done,
    /// The agent gave up.
    Fail {
        /// Why, in its words.
        reason: String,
    },
    /// The world said that it is over.
    Over,
    /// The turn budget was used up.
    TurnBudget,
    /// The time limit passed.
    TimeLimit,
    /// The agent could not be understood.
    Unreadable {
        /// Replies in a row from which no action could be read.
        replies: usize,
    },
}

impl End {
    /// Whether the episode was cut off rather than ended by agent or world.
    pub fn is_truncated(&self) -> bool {
        matches!(self, End::TurnBudget | End::TimeLimit | End::Unreadable { .. })
    }
}

/// Wall time of one turn, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Acting, settling and observing.
    pub env_ms: f64,
    /// Waiting for the policy.
    pub policy_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_without_inserted_tokens_read_and_write_as_ever() {
        let old = r#"{"ids":[7,11],"logprobs":[-0.5,-1.25]}"#;
        let trace: TokenTrace = serde_json::from_str(old).expect("an old trace reads");
        assert!(trace.forced.is_empty());
        assert_eq!(serde_json::to_string(&trace).expect("it is plain data"), old);
        let cut = TokenTrace { forced: vec![1], ..trace };
        let text = serde_json::to_string(&cut).expect("it is plain data");
        assert_eq!(serde_json::from_str::<TokenTrace>(&text).expect("it reads back"), cut);
    }
}
