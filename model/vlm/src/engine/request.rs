//! What is asked of the engine, and what it answers.

use std::sync::Arc;

use glim_processor::Input;

/// How tokens are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// 0 is greedy.
    pub temperature: f32,
    /// Share of probability mass that is drawn from, in (0, 1]; 1 draws from all.
    pub top_p: f32,
    /// How many of the likeliest tokens are drawn from; 0 draws from all.
    pub top_k: usize,
    /// Equal requests with equal seeds give equal tokens, whatever else is in the batch.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { temperature: 0.0, top_p: 1.0, top_k: 0, seed: 0 }
    }
}

/// One reply to be written.
#[derive(Debug, Clone)]
pub struct Request {
    /// The prompt.
    pub input: Arc<Input>,
    /// How to draw.
    pub sampling: Sampling,
    /// Tokens at the most, thinking and inserted ones included.
    pub max_tokens: usize,
    /// Texts that end the reply; they are not part of it.
    pub stop: Vec<String>,
    /// Tokens of thinking at the most. When they are used up, `</think><answer>` is inserted and the answer is written.
    pub thinking_budget: Option<usize>,
    /// End a reply that repeats itself: a window of this many characters that has occurred ten times. 0 never does.
    pub repetition_window: usize,
    /// How many of the likeliest alternatives to tell for each token.
    pub top_logprobs: usize,
}

/// One token of a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Its id.
    pub id: u32,
    /// Its log-probability in nats under the distribution it was drawn from before temperature, top-k and top-p: that of
    /// the model itself.
    pub logprob: f32,
    /// The likeliest tokens, with theirs.
    pub top: Vec<(u32, f32)>,
    /// Text that became whole with it; empty while a character is in pieces or a stop text may have begun.
    pub text: String,
    /// Whether it was inserted rather than drawn.
    pub forced: bool,
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The model ended it, or a stop text did.
    Stop,
    /// It is as long as it may be.
    Length,
    /// It repeated itself.
    Repetition,
}

/// The end of a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    /// Why.
    pub reason: Reason,
    /// Text that was held back and belongs to the reply after all.
    pub text: String,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens of the reply.
    pub completion_tokens: usize,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// One more token.
    Token(Token),
    /// The last event.
    Finished(Finish),
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Its tokens, that which ended it included.
    pub tokens: Vec<Token>,
    /// Its text, without the stop text and without the token that ended it.
    pub text: String,
    /// Why it ended, and how long it is. Its text is part of `text`.
    pub finish: Finish,
}
