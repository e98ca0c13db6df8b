//! Why the engine did not answer.

use std::path::PathBuf;

/// Why the engine did not start, did not take a request, or did not finish it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// As many requests wait as may.
    #[error("the engine is busy: its queue is full; try again later, or start it with a longer queue")]
    Busy,
    /// No token of reply fits behind the prompt.
    #[error("the prompt has {prompt} tokens, and with its reply must fit in a context of {context}; shorten it")]
    TooLong {
        /// Tokens of the prompt.
        prompt: usize,
        /// Tokens of prompt and reply together, at the most.
        context: usize,
    },
    /// The request cannot be served by this model.
    #[error("the request is invalid: {reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The model computed numbers that are none; the other replies go on.
    #[error("the model gave no finite probabilities after {position} tokens; use f32, or check the weights")]
    NotFinite {
        /// Tokens of prompt and reply before it.
        position: usize,
    },
    /// The engine's thread is gone, and all requests with it.
    #[error("the engine is dead: {reason}")]
    Dead {
        /// Its last words.
        reason: String,
    },
    /// The engine did not start.
    #[error("could not start an engine on `{}`: {reason}", checkpoint.display())]
    Start {
        /// The folder of the checkpoint.
        checkpoint: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
}
