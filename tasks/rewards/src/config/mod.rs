//! The configuration: which source of data is judged how. TOML, with every mistake told at once.
//!
//! ```toml
//! [judges.glm]
//! model = "glm-4.5v"
//! url = "http://localhost:8000/v1"
//!
//! [domains.math]                 # a row of the paper's Table 1
//! verifier = "math"
//! rule = true                    # R
//! model = true                   # M
//! binary = true                  # B
//! settings = { tolerance = 1e-6 }
//!
//! [sources]                      # other names of domains
//! "geometry-3k" = "math"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::verifier::Settings;

#[cfg(test)]
mod tests;
mod validate;

/// A configuration in which everything fits together.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where verdicts of the judges are kept.
    pub cache: Option<PathBuf>,
    /// The judges by name.
    pub judges: BTreeMap<String, JudgeSettings>,
    /// The domains by name.
    pub domains: BTreeMap<String, Domain>,
    /// Further names of domains, as they stand in the samples.
    pub sources: BTreeMap<String, String>,
}

/// A model that judges.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JudgeSettings {
    /// Its name at the server.
    pub model: String,
    /// The base URL of an OpenAI-compatible server, usually ending in `/v1`. The key comes from `OPENAI_API_KEY`.
    pub url: String,
    /// How many votes it has, each drawn anew.
    pub samples: u32,
    /// Sampling temperature; 0 is greedy.
    pub temperature: f64,
    /// Longest reply in tokens, thinking included.
    pub max_tokens: u32,
    /// Longest time for one try, in seconds.
    pub timeout_s: u64,
    /// How often a request is tried.
    pub tries: u32,
    /// Requests in flight at once.
    pub concurrency: usize,
}

impl Default for JudgeSettings {
    fn default() -> JudgeSettings {
        JudgeSettings {
            model: String::new(),
            url: String::new(),
            samples: 1,
            temperature: 0.0,
            max_tokens: 4096,
            timeout_s: 120,
            tries: 4,
            concurrency: 16,
        }
    }
}

/// How the ground truth of a sample is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TruthForm {
    /// As a plain value: `42`.
    #[default]
    Value,
    /// As a whole reply, with frame and box, as in the published data.
    Reply,
}

/// How the samples of a domain are judged: a row of the paper's Table 1.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Domain {
    /// The name of its verifier.
    pub verifier: String,
    /// Whether rules decide. Without them only identical texts and evasive answers are decided before the judge.
    pub rule: Option<bool>,
    /// Whether a judge decides what rules leave open.
    pub model: Option<bool>,
    /// Whether an answer is right or wrong, and nothing between.
    pub binary: Option<bool>,
    /// The judges that are asked; all if absent.
    pub judges: Option<Vec<String>>,
    /// Whether a reply may mix long Chinese and long English paragraphs.
    pub mixed_languages: bool,
    /// How ground truths are written.
    pub ground_truth: TruthForm,
    /// Settings of the verifier.
    pub settings: Settings,
}

impl Domain {
    /// Whether rules decide.
    pub fn has_rule(&self) -> bool {
        self.rule.unwrap_or(true)
    }

    /// Whether a judge may be asked.
    pub fn has_model(&self) -> bool {
        self.model.unwrap_or(false)
    }

    /// Whether nothing lies between right and wrong.
    pub fn is_binary(&self) -> bool {
        self.binary.unwrap_or(false)
    }
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("`{path}` cannot be read: {reason}", path = .path.display())]
    Unreadable {
        /// Its file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is not TOML.
    #[error("the configuration is not TOML: {0}")]
    Syntax(String),
    /// It says what cannot be meant.
    #[error("the configuration has {count} mistakes:\n- {list}", count = .0.len(), list = .0.join("\n- "))]
    Mistakes(Vec<String>),
}

impl Config {
    /// Reads a file. A relative `cache` starts at the file's folder.
    ///
    /// # Errors
    /// If the file cannot be read, or as [`Config::read`].
    pub fn open(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        let mut config = Config::read(&text)?;
        if let (Some(cache), Some(folder)) = (&mut config.cache, path.parent()) {
            *cache = folder.join(&cache);
        }
        Ok(config)
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// All that is wrong with it, with the keys that are known where one is not.
    pub fn read(text: &str) -> Result<Config, ConfigError> {
        let table: Table = toml::from_str(text).map_err(|error| ConfigError::Syntax(error.to_string()))?;
        let mut mistakes = Vec::new();
        let file: File = section("", &table, &mut mistakes);
        let File { cache, judges, domains, sources } = file;
        let judges = judges
            .iter()
            .map(|(name, table)| (name.clone(), section(&format!("judges.{name}."), table, &mut mistakes)));
        let judges = judges.collect();
        let domains = domains.into_iter().map(|(name, table)| {
            let domain = domain(&format!("domains.{name}."), table, &mut mistakes);
            (name, domain)
        });
        let domains = domains.collect();
        let config = Config { cache, judges, domains, sources };
        config.validate(&mut mistakes);
        if mistakes.is_empty() { Ok(config) } else { Err(ConfigError::Mistakes(mistakes)) }
    }

    /// The domain of a source of data.
    pub fn domain_of(&self, source: &str) -> Option<&str> {
        let name = self.sources.get(source).map_or(source, String::as_str);
        self.domains.get_key_value(name).map(|(name, _)| name.as_str())
    }
}

/// The file before its parts are looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    cache: Option<PathBuf>,
    judges: BTreeMap<String, Table>,
    domains: BTreeMap<String, Table>,
    sources: BTreeMap<String, String>,
}

/// A domain; its settings are a section of their own.
fn domain(place: &str, mut table: Table, mistakes: &mut Vec<String>) -> Domain {
    let settings = match table.remove("settings") {
        Some(Value::Table(settings)) => section(&format!("{place}settings."), &settings, mistakes),
        Some(other) => {
            mistakes.push(format!("{place}settings: a table is expected, this is a {}", other.type_str()));
            Settings::default()
        }
        None => Settings::default(),
    };
    Domain { settings, ..section(place, &table, mistakes) }
}

/// A section of which every key is read by itself, so that one mistake does not hide the next.
fn section<T: DeserializeOwned + Default>(place: &str, table: &Table, mistakes: &mut Vec<String>) -> T {
    let mut good = Table::new();
    for (key, value) in table {
        let alone = Table::from_iter([(key.clone(), value.clone())]);
        match Value::Table(alone.clone()).try_into::<T>() {
            Ok(_) => good.extend(alone),
            Err(error) => mistakes.push(format!("{place}{key}: {}", error.message())),
        }
    }
    Value::Table(good).try_into().expect("each of its keys was read alone")
}
