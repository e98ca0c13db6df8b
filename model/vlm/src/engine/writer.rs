//! One reply as it is written: from tokens that are drawn to events, and to its end.

use glim_processor::StreamDecoder;

use super::repetition::RepetitionGuard;
use super::request::{Finish, Reason, Request, Token};
use super::sampler::{Draw, Drawn};
use super::stop::StopMatcher;
use super::thinking::Thinking;
use crate::random::uniform;

/// The state of one reply.
#[derive(Debug)]
pub(crate) struct Writer<'p> {
    request: Request,
    text: Option<StreamDecoder<'p>>,
    stops: StopMatcher,
    guard: RepetitionGuard,
    thinking: Option<Thinking>,
    /// Ids that end a reply.
    ends: &'p [u32],
    /// Tokens at the most.
    limit: usize,
    written: usize,
}

impl<'p> Writer<'p> {
    /// The start of a reply of at most `limit` tokens.
    pub fn new(
        request: Request,
        thinking: Option<Thinking>,
        text: StreamDecoder<'p>,
        ends: &'p [u32],
        limit: usize,
    ) -> Writer<'p> {
        let stops = StopMatcher::new(&request.stop);
        let guard = RepetitionGuard::new(request.repetition_window);
        Writer { request, text: Some(text), stops, guard, thinking, ends, limit, written: 0 }
    }

    /// How the next token is to be drawn.
    pub fn draw(&self) -> Draw {
        let sampling = &self.request.sampling;
        Draw {
            temperature: sampling.temperature,
            top_k: sampling.top_k,
            top_p: sampling.top_p,
            uniform: uniform(sampling.seed, self.written as u64),
            alternatives: self.request.top_logprobs,
            forced: self.thinking.as_ref().and_then(Thinking::forced),
        }
    }

    /// Writes a token; with the end of the reply, if it is one. `forced` is what [`Writer::draw`] said.
    pub fn push(&mut self, drawn: Drawn, forced: bool) -> (Token, Option<Finish>) {
        self.written += 1;
        if let Some(thinking) = &mut self.thinking {
            thinking.push(drawn.id);
        }
        let ended = !forced && self.ends.contains(&drawn.id);
        // The token that ends a reply is none of its text.
        let piece = match &mut self.text {
            Some(text) if !ended => text.push(drawn.id),
            _ => String::new(),
        };
        let repeated = self.guard.push(&piece);
        let released = self.stops.push(&piece);
        let reason = if ended || released.stopped {
            Some(Reason::Stop)
        } else if repeated {
            Some(Reason::Repetition)
        } else if self.written >= self.limit {
            Some(Reason::Length)
        } else {
            None
        };
        let token = Token { id: drawn.id, logprob: drawn.logprob, top: drawn.top, text: released.text, forced };
        (token, reason.map(|reason| self.finish(reason, released.stopped)))
    }

    /// Tokens written so far.
    pub fn written(&self) -> usize {
        self.written
    }

    fn finish(&mut self, mut reason: Reason, stopped: bool) -> Finish {
        let mut text = String::new();
        if !stopped {
            let rest = self.text.take().map(StreamDecoder::finish).unwrap_or_default();
            let released = self.stops.push(&rest);
            text = released.text;
            if released.stopped {
                reason = Reason::Stop;
            } else {
                text.push_str(&self.stops.finish());
            }
        }
        Finish { reason, text, prompt_tokens: self.request.input.ids.len(), completion_tokens: self.written }
    }
}
