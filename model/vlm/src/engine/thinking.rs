//! Forced answering: a reply that has used up its budget of thinking is made to answer.
//!
//! The paper inserts `</think>` at the limit, and its released evaluation script `</think><answer>`. We insert both where
//! the vocabulary has `<answer>` (GLM-4.1V), and `</think>` alone where it does not (GLM-4.5V dropped the answer tags).

/// The tokens that delimit thinking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThinkingTokens {
    /// `<think>`, where the vocabulary has it.
    pub open: Option<u32>,
    /// `</think>`.
    pub close: u32,
    /// `<answer>`, where the vocabulary has it.
    pub answer: Option<u32>,
}

/// Where a reply stands with its thinking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thinking {
    tokens: ThinkingTokens,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many more tokens may be spent.
    Thinking { left: usize },
    /// `</think>` was inserted and `<answer>` comes next.
    Closed,
    /// Thinking is over, or never was.
    Over,
}

impl Thinking {
    /// The state at the start of a reply to a `prompt` (its ids, from the last message on; of earlier messages the
    /// thoughts are over). A prompt that itself closes the thinking leaves nothing to limit.
    pub fn new(tokens: ThinkingTokens, budget: usize, last_message: &[u32]) -> Thinking {
        let state = if last_message.contains(&tokens.close) { State::Over } else { State::Thinking { left: budget } };
        Thinking { tokens, state }
    }

    /// The token that must come next, if one must.
    pub fn forced(&self) -> Option<u32> {
        match self.state {
            State::Thinking { left: 0 } => Some(self.tokens.close),
            State::Closed => self.tokens.answer,
            _ => None,
        }
    }

    /// Takes note of the token that came. `<think>` itself costs nothing.
    pub fn push(&mut self, id: u32) {
        self.state = match self.state {
            State::Thinking { left: 0 } if self.tokens.answer.is_some() => State::Closed,
            State::Thinking { .. } if id == self.tokens.close || Some(id) == self.tokens.answer => State::Over,
            State::Thinking { left } if Some(id) == self.tokens.open => State::Thinking { left },
            State::Thinking { left } => State::Thinking { left: left.saturating_sub(1) },
            State::Closed | State::Over => State::Over,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: ThinkingTokens = ThinkingTokens { open: Some(1), close: 2, answer: Some(3) };

    /// Replaces what `model` says wherever a token is forced; forced tokens are negative.
    fn reply(mut thinking: Thinking, model: &[u32], length: usize) -> Vec<i64> {
        let mut written = Vec::new();
        let mut model = model.iter();
        while written.len() < length {
            let forced = thinking.forced();
            let Some(id) = forced.or_else(|| model.next().copied()) else { break };
            thinking.push(id);
            written.push(if forced.is_some() { -i64::from(id) } else { i64::from(id) });
        }
        written
    }

    #[test]
    fn at_the_budget_the_answer_is_forced_once() {
        let thinking = Thinking::new(TOKENS, 3, &[]);
        assert_eq!(reply(thinking, &[1, 10, 11, 12, 13, 14, 15], 9), [1, 10, 11, 12, -2, -3, 13, 14, 15]);
    }

    #[test]
    fn without_an_answer_token_only_the_end_of_thinking_is_inserted() {
        let thinking = Thinking::new(ThinkingTokens { answer: None, ..TOKENS }, 1, &[]);
        assert_eq!(reply(thinking, &[1, 10, 11, 12], 9), [1, 10, -2, 11, 12]);
    }

    #[test]
    fn thinking_that_ends_in_time_is_left_alone() {
        assert_eq!(reply(Thinking::new(TOKENS, 3, &[]), &[1, 10, 11, 2, 3, 13, 14], 9), [1, 10, 11, 2, 3, 13, 14]);
        assert_eq!(reply(Thinking::new(TOKENS, 2, &[]), &[3, 10, 11, 12, 13], 9), [3, 10, 11, 12, 13]);
    }

    #[test]
    fn no_budget_answers_at_once_and_closed_prompts_are_not_touched() {
        assert_eq!(reply(Thinking::new(TOKENS, 0, &[1]), &[10, 11], 9), [-2, -3, 10, 11]);
        assert_eq!(reply(Thinking::new(TOKENS, 0, &[1, 2]), &[10, 11], 9), [10, 11]);
    }

    #[test]
    fn the_reply_may_end_between_the_inserted_tokens() {
        assert_eq!(reply(Thinking::new(TOKENS, 1, &[]), &[10, 11], 2), [10, -2]);
    }
}
