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
            for name in ["processor_class", "video_processor_type"] {
                match json[name].as_str() {
                    Some(class) if class.starts_with("Glm46V") => return Ok(Self::Glm46v),
                    Some(class) if class.starts_with("Glm4v") => return Ok(Self::Glm4v),
                    _ => {}
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
}
