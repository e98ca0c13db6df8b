//! Which of the models a checkpoint is, as far as its input goes.
//!
//! ```text
//! {"processor_class": "Glm46VProcessor"}   ->   Glm46v       (preprocessor_config.json)
//! {"model_type": "glm4v_moe"}              ->   Glm4v        (config.json)
//! ```

use std::path::Path;

use crate::ProcessorError;
use crate::settings::read_json;

/// Models that read videos alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// GLM-4.1V and GLM-4.5V.
    Glm4v,
    /// GLM-4.6V.
    Glm46v,
}

impl Family {
    /// That of a checkpoint's folder. The class of the processor counts more than the type of the model, since GLM-4.6V
    /// is a `glm4v_moe` as well; with neither it is GLM-4.1V.
    ///
    /// # Errors
    /// [`ProcessorError::Io`]; [`ProcessorError::File`] if the model is of another kind.
    pub fn open(dir: &Path) -> Result<Self, ProcessorError> {
        let files = [
            "processor_config.json",
            "preprocessor_config.json",
            "video_preprocessor_config.json",
            "tokenizer_config.json",
        ];
        for file in files {
            let Some(json) = read_json(&dir.join(file))? else { continue };
            let named = [
                &json["processor_class"],
                &json["video_processor_type"],
                &json["video_processor"]["video_processor_type"],
            ];
            for class in named.into_iter().filter_map(|name| name.as_str()) {
                if let Some(family) = [Self::Glm46v, Self::Glm4v].into_iter().find(|one| class.starts_with(one.class()))
                {
                    return Ok(family);
                }
            }
        }
        let path = dir.join("config.json");
        let Some(config) = read_json(&path)? else { return Ok(Self::Glm4v) };
        match config["model_type"].as_str() {
            Some("glm46v") => Ok(Self::Glm46v),
            Some("glm4v" | "glm4v_moe") | None => Ok(Self::Glm4v),
            Some(other) => {
                Err(ProcessorError::file(path, format!("model_type is {other}; known are glm4v, glm4v_moe and glm46v")))
            }
        }
    }

    /// What the reference's classes are named after it.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Glm4v => "Glm4v",
            Self::Glm46v => "Glm46V",
        }
    }
}
