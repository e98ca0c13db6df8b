//! `local:DIR`: a checkpoint on this machine as an agent's policy.
//!
//! One engine is started for the whole run and shared by all its episodes: their replies are decoded together, and what
//! was computed for a screenshot is kept for the turns that show it again. A reply is recorded with its tokens, and with
//! the log-probability that each had when it was drawn, so that an episode can be learned from.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use glim_agent::policy::{self, Part, Policy, PolicyError, Prompt};
use glim_env::{Completion, TokenTrace};
use glim_processor::{Content, Input, Message, Options};
use glim_vlm::engine::{Engine, EngineError, Event, Request, Sampling};

use crate::arguments::DeviceArguments;
use crate::model;

/// A checkpoint that decides.
pub(crate) struct Local {
    name: String,
    engine: Engine,
}

impl Local {
    /// Starts the engine. `episodes` are played at once, so as many replies are decoded together.
    ///
    /// # Errors
    /// If it does not start: no such checkpoint, no such device, too little memory.
    pub async fn start(folder: &Path, device: &DeviceArguments, episodes: usize) -> Result<Local> {
        let mut options = device.options();
        options.max_batch = options.max_batch.max(episodes);
        let engine = model::start(folder, options).await?;
        Ok(Local { name: format!("local:{}", model::name(folder)), engine })
    }

    /// Message and pictures as the model reads them.
    async fn input(&self, prompt: &Prompt<'_>) -> Result<Input, PolicyError> {
        let messages = messages(&prompt.system, &prompt.user);
        let processor = self.engine.processor().clone();
        let prepared = tokio::task::spawn_blocking(move || processor.input(&messages, &Options::default()));
        match prepared.await {
            Ok(Ok(input)) => Ok(input),
            Ok(Err(error)) => Err(self.failed(error.to_string())),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(self.failed(error.to_string())),
            },
        }
    }

    async fn reply(&self, prompt: &Prompt<'_>) -> Result<Completion, PolicyError> {
        let input = Arc::new(self.input(prompt).await?);
        let (read, context) = (input.ids.len(), self.engine.context());
        let too_long = || PolicyError::TooLong { policy: self.name.clone(), prompt: read, context };
        let room = context.checked_sub(read).filter(|room| *room > 0).ok_or_else(too_long)?;
        let policy::Sampling { temperature, top_p, max_tokens } = prompt.sampling;
        let request = Request {
            input,
            sampling: Sampling { temperature: temperature as f32, top_p: top_p as f32, top_k: 0, seed: prompt.seed.0 },
            max_tokens: room.min(max_tokens as usize),
            stop: Vec::new(),
            thinking_budget: None,
            repetition_window: 0,
            top_logprobs: 0,
        };
        let mut generation = self.engine.submit(request).await.map_err(|error| self.engine_failed(error))?;
        let (mut text, mut trace) = (String::new(), TokenTrace::default());
        while let Some(event) = generation.next().await {
            match event.map_err(|error| self.engine_failed(error))? {
                Event::Token(token) => {
                    text.push_str(&token.text);
                    if token.forced {
                        trace.forced.push(trace.ids.len());
                    }
                    trace.ids.push(token.id);
                    trace.logprobs.push(token.logprob);
                }
                Event::Finished(finish) => {
                    text.push_str(&finish.text);
                    return Ok(Completion {
                        text,
                        prompt_tokens: u32::try_from(finish.prompt_tokens).ok(),
                        completion_tokens: u32::try_from(finish.completion_tokens).ok(),
                        tokens: Some(trace),
                    });
                }
            }
        }
        Err(self.failed("the engine left the reply unfinished".to_owned()))
    }

    fn failed(&self, reason: String) -> PolicyError {
        PolicyError::Engine { policy: self.name.clone(), reason }
    }

    fn engine_failed(&self, error: EngineError) -> PolicyError {
        let policy = self.name.clone();
        match error {
            EngineError::TooLong { prompt, context } => PolicyError::TooLong { policy, prompt, context },
            EngineError::Dead { reason } => PolicyError::Dead { policy, reason },
            other => PolicyError::Engine { policy, reason: other.to_string() },
        }
    }
}

impl Policy for Local {
    fn name(&self) -> &str {
        &self.name
    }

    fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
        self.reply(prompt).boxed()
    }
}

/// A prompt as messages, with its words and pictures in order.
fn messages(system: &str, user: &[Part]) -> Vec<Message> {
    let parts = user.iter().map(|part| match part {
        Part::Text(text) => Content::Text(text.clone()),
        Part::Image(file) => Content::Image(file.clone()),
    });
    let instruction = (!system.is_empty()).then(|| Message::text("system", system));
    instruction.into_iter().chain([Message::new("user", parts)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_becomes_messages_with_its_parts_in_order() {
        let file = |byte: u8| -> Arc<[u8]> { vec![byte].into() };
        let user = [Part::Text("# Before".to_owned()), Part::Image(file(1)), Part::Image(file(2))];
        let written = messages("Act.", &user);
        assert_eq!((written.len(), written[0].role.as_str(), written[1].role.as_str()), (2, "system", "user"));
        let [Content::Text(words), Content::Image(one), Content::Image(other)] = &written[1].content[..] else {
            panic!("{written:?}");
        };
        assert_eq!((words.as_str(), one, other), ("# Before", &file(1), &file(2)));
        assert_eq!(messages("", &user).len(), 1, "no instruction is no message");
    }
}
