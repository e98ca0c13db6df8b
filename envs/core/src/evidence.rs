//! What a verifier asks of the world, and what it is told.

use serde::{Deserialize, Serialize};

/// A question about what is true, asked after the last turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Query {
    /// The value of a JavaScript expression in the page's own world. For pages of ours only: a foreign page can lie.
    Script {
        /// The expression; its value must be JSON.
        expression: String,
    },
    /// The address of the active tab.
    Url,
    /// A question to the task's own backend (SQL for the bundled sites).
    Backend {
        /// In the backend's language.
        query: String,
    },
    /// A question to a judging model, with the last screenshots of the episode.
    Judge {
        /// The whole prompt.
        prompt: String,
        /// How many screenshots, counted from the last one.
        screenshots: usize,
    },
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was asked.
    pub query: Query,
    /// What is true.
    pub value: serde_json::Value,
}
