//! Whether a request can be served, found out before it waits for anything.

use glim_processor::Tokenizer;

use super::error::EngineError;
use super::prompt::{PictureFormat, Prompt};
use super::request::Request;
use super::thinking::{Thinking, ThinkingTokens};
use crate::config::MediaTokens;
use crate::positions::Positions;

/// Alternatives that are told for each token, at the most.
const MOST_ALTERNATIVES: usize = 1000;

/// What requests must fit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// Tokens of prompt and reply, at the most.
    pub context: usize,
    /// Ids of the model.
    pub vocab: usize,
    pub media: MediaTokens,
    /// Patches along each side of a window that becomes one token.
    pub merge: usize,
    /// Values of a patch.
    pub patch_values: usize,
}

/// What was found out about a request.
#[derive(Debug)]
pub(crate) struct Checked {
    pub prompt: Prompt,
    pub positions: Positions,
    pub thinking: Option<Thinking>,
    /// Tokens of reply at the most.
    pub limit: usize,
}

/// Checks a request.
///
/// # Errors
/// [`EngineError::Invalid`] and [`EngineError::TooLong`].
pub(crate) fn check(request: &Request, facts: &Facts, tokenizer: &Tokenizer) -> Result<Checked, EngineError> {
    let invalid = |reason: String| EngineError::Invalid { reason };
    let input = &request.input;
    sampling(request).map_err(invalid)?;
    if let Some(id) = input.ids.iter().find(|&&id| id as usize >= facts.vocab) {
        return Err(invalid(format!("token id {id} lies beyond the {} ids of the vocabulary", facts.vocab)));
    }
    let prompt_tokens = input.ids.len();
    if prompt_tokens >= facts.context {
        return Err(EngineError::TooLong { prompt: prompt_tokens, context: facts.context });
    }
    let format = PictureFormat {
        placeholder: facts.media.image,
        video_start: facts.media.video_start,
        video_end: facts.media.video_end,
        merge: facts.merge,
        patch_values: facts.patch_values,
    };
    let prompt = Prompt::new(input.clone(), &format).map_err(invalid)?;
    let grids = |pictures: &[_]| {
        pictures.iter().map(|picture: &std::sync::Arc<glim_processor::Patches>| picture.grid).collect::<Vec<_>>()
    };
    let positions = Positions::of(&input.ids, &grids(&input.images), &grids(&input.videos), facts.media, facts.merge)
        .map_err(|error| invalid(error.to_string()))?;
    let thinking = match request.thinking_budget {
        Some(budget) => Some(thinking(budget, &input.ids, tokenizer).map_err(invalid)?),
        None => None,
    };
    Ok(Checked { prompt, positions, thinking, limit: request.max_tokens.min(facts.context - prompt_tokens) })
}

fn sampling(request: &Request) -> Result<(), String> {
    let sampling = &request.sampling;
    if request.max_tokens == 0 {
        return Err("max_tokens is 0; ask for one at least".to_owned());
    }
    if !sampling.temperature.is_finite() || sampling.temperature < 0.0 {
        return Err(format!("temperature is {}; give 0 (greedy) or more", sampling.temperature));
    }
    if sampling.top_p.is_nan() || sampling.top_p <= 0.0 || sampling.top_p > 1.0 {
        return Err(format!("top_p is {}; give more than 0, and at most 1", sampling.top_p));
    }
    if request.top_logprobs > MOST_ALTERNATIVES {
        return Err(format!("top_logprobs is {}; give at most {MOST_ALTERNATIVES}", request.top_logprobs));
    }
    Ok(())
}

fn thinking(budget: usize, ids: &[u32], tokenizer: &Tokenizer) -> Result<Thinking, String> {
    let close = tokenizer.token_id("</think>").ok_or(
        "a thinking budget is given, and the vocabulary has no `</think>` to end the thinking with; leave it out",
    )?;
    let tokens = ThinkingTokens { open: tokenizer.token_id("<think>"), close, answer: tokenizer.token_id("<answer>") };
    let roles: Vec<u32> = ["<|assistant|>", "<|user|>", "<|observation|>", "<|system|>"]
        .iter()
        .filter_map(|role| tokenizer.token_id(role))
        .collect();
    let last = ids.iter().rposition(|id| roles.contains(id)).unwrap_or(0);
    Ok(Thinking::new(tokens, budget, &ids[last..]))
}
