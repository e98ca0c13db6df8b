//! A model that judges, for [`glim_env::Query::Judge`].

use std::sync::Arc;

use super::PolicyError;

/// A vision model behind an OpenAI-compatible server that answers a judge's question.
#[derive(Debug)]
pub struct JudgeModel {
    model: String,
}

impl JudgeModel {
    /// From `MODEL@BASE_URL`.
    ///
    /// # Errors
    /// If it is not of that form.
    pub fn from_spec(spec: &str) -> Result<JudgeModel, super::SpecError> {
        Ok(JudgeModel { model: spec.to_owned() })
    }

    /// Asks, with pictures (PNG or JPEG files), and returns the reply's text.
    ///
    /// # Errors
    /// If no reply could be had: the verdict is undecided, or the episode void.
    pub async fn ask(&self, prompt: &str, images: &[Arc<[u8]>]) -> Result<String, PolicyError> {
        let _ = (prompt, images);
        Err(PolicyError::Unplayable { policy: self.model.clone(), reason: "not connected".to_owned() })
    }
}
