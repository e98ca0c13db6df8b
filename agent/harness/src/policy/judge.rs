//! A model that judges, for [`glim_env::Query::Judge`].

use std::sync::Arc;

use glim_env::Seed;

use super::openai::OpenAi;
use super::{Part, PolicyError, Sampling, SpecError, Usage};
use crate::dialect::Reply;

/// A vision model behind an OpenAI-compatible server that answers a judge's question.
#[derive(Debug)]
pub struct JudgeModel {
    model: OpenAi,
}

impl JudgeModel {
    /// From `MODEL@BASE_URL`, with the key in `OPENAI_API_KEY`, as for agents.
    ///
    /// # Errors
    /// If it is not of that form.
    pub fn from_spec(spec: &str) -> Result<JudgeModel, SpecError> {
        Ok(JudgeModel { model: OpenAi::from_spec(spec)? })
    }

    /// A judge that asks a model.
    pub fn new(model: OpenAi) -> JudgeModel {
        JudgeModel { model }
    }

    /// Asks, with pictures (PNG or JPEG files) after the words, and returns the reply without its thought.
    ///
    /// # Errors
    /// If no reply could be had: the verdict is undecided, or the episode void.
    pub async fn ask(&self, prompt: &str, images: &[Arc<[u8]>]) -> Result<String, PolicyError> {
        // Greedy, so that judging again gives the same verdict as far as the server is able to.
        let sampling = Sampling { temperature: 0.0, top_p: 1.0, max_tokens: 4096 };
        let mut user = vec![Part::Text(prompt.to_owned())];
        user.extend(images.iter().cloned().map(Part::Image));
        let completion = self.model.complete("", &user, sampling, Seed(0)).await?;
        Ok(Reply::split(&completion.text).into_body())
    }

    /// What was used so far.
    pub fn usage(&self) -> Usage {
        self.model.usage()
    }
}
