//! The whole system: samples in, rewards out.
//!
//! It owns its settings, verifiers and judges; nothing is shared between two systems but the cache's folder. A sample goes
//! through the rules, which are pure, and then through the judge if they leave it open. What breaks in one sample, a panic
//! included, stays in that sample.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::config::{Config, ConfigError};
use crate::domain::{self, Room, Step};
use crate::judge::{Cache, CacheError, Cost, Judge, JudgeError, Panel, Question, Ruling, Scale};
use crate::{Kind, Reward, verifier};

#[cfg(test)]
mod tests;

/// Largest picture that is sent to a judge, in bytes.
const LARGEST_IMAGE: u64 = 20 << 20;

/// One sample to reward.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// A text or number that the caller knows it by.
    pub id: serde_json::Value,
    /// A source of data that the configuration names, or one of its domains.
    pub source: String,
    /// What was asked; shown to verifiers and judges.
    #[serde(default)]
    pub question: String,
    /// The whole reply of the model.
    pub response: String,
    /// What is right, in the form that the domain's `ground_truth` says.
    pub ground_truth: String,
    /// The picture that the question is about, a PNG or JPEG file; only a judge looks at it.
    #[serde(default)]
    pub image: Option<PathBuf>,
}

/// Verifiers and judges by domain.
#[derive(Debug)]
pub struct System {
    config: Config,
    rooms: BTreeMap<String, (Room, Option<Panel>)>,
    judges: BTreeMap<String, Arc<Judge>>,
}

/// A system cannot be made of a configuration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// Settings that a verifier refuses.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A judge that cannot be asked.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// A cache that cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// A sample names a source that the configuration does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source `{name}` is not in the configuration, which has {known}")]
pub struct UnknownSource {
    /// The source.
    pub name: String,
    /// The sources and domains that there are.
    pub known: String,
}

impl System {
    /// A system as configured. Keys of judges are read from the environment.
    ///
    /// # Errors
    /// If a verifier refuses its settings, a judge cannot be asked, or the cache's folder cannot be made.
    pub fn new(config: &Config) -> Result<System, SystemError> {
        System::with(config, verifier::named)
    }

    fn with(config: &Config, registry: domain::Registry) -> Result<System, SystemError> {
        let cache = config.cache.as_deref().map(Cache::open).transpose()?.map(Arc::new);
        let mut judges = BTreeMap::new();
        for (name, settings) in &config.judges {
            judges.insert(name.clone(), Arc::new(Judge::new(name, settings, cache.clone())?));
        }
        let mut rooms = BTreeMap::new();
        let mut mistakes = Vec::new();
        for (name, domain) in &config.domains {
            let asked = judges.iter().filter(|(name, _)| domain.judges.as_ref().is_none_or(|some| some.contains(name)));
            let asked: Vec<_> = asked.map(|(_, judge)| Arc::clone(judge)).collect();
            let panel = (domain.has_model() && !asked.is_empty()).then(|| Panel::new(asked));
            match Room::new(domain, registry) {
                Ok(room) => {
                    rooms.insert(name.clone(), (room, panel));
                }
                Err(reason) => mistakes.push(format!("domains.{name}: {reason}")),
            }
        }
        if !mistakes.is_empty() {
            return Err(ConfigError::Mistakes(mistakes).into());
        }
        Ok(System { config: config.clone(), rooms, judges })
    }

    /// What a sample is worth.
    ///
    /// # Errors
    /// If its source is unknown.
    pub async fn reward(&self, sample: &Sample) -> Result<Reward, UnknownSource> {
        let name = self.config.domain_of(&sample.source).ok_or_else(|| self.unknown(&sample.source))?;
        let (room, panel) = &self.rooms[name];
        let by_rules = AssertUnwindSafe(|| room.decide(&sample.question, &sample.response, &sample.ground_truth));
        let step = catch_unwind(by_rules).unwrap_or_else(|panic| {
            Step::Done(domain::undecided(format!("the verifier failed: {}", told(panic.as_ref()))))
        });
        Ok(match step {
            Step::Done(reward) => reward,
            Step::Open { answer, truth, reason } => match panel {
                None => Reward { extracted: Some(answer), ..domain::undecided(format!("{reason}; there is no judge")) },
                Some(panel) => judged(room, panel, sample, answer, &truth).await,
            },
        })
    }

    /// What the judges took so far, each by itself.
    pub fn costs(&self) -> Vec<Cost> {
        self.judges.values().map(|judge| judge.cost()).collect()
    }

    fn unknown(&self, name: &str) -> UnknownSource {
        let known: Vec<_> =
            self.config.sources.keys().chain(self.config.domains.keys()).map(|name| format!("`{name}`")).collect();
        UnknownSource { name: name.to_owned(), known: known.join(", ") }
    }
}

/// Asks the judges, with the picture if there is one.
async fn judged(room: &Room, panel: &Panel, sample: &Sample, answer: String, truth: &str) -> Reward {
    let image = match &sample.image {
        None => None,
        Some(path) => match picture(path).await {
            Ok(image) => Some(image),
            Err(reason) => return Reward { extracted: Some(answer), ..domain::undecided(reason) },
        },
    };
    let scale = if room.is_binary() { Scale::Binary } else { Scale::Graded };
    let question =
        Question { verifier: room.verifier_name(), question: &sample.question, truth, answer: &answer, image, scale };
    match panel.decide(&question).await {
        Ruling::Score { score, reason } => {
            Reward { score, kind: Kind::Judge, reason: format!("judge: {reason}").into(), extracted: Some(answer) }
        }
        Ruling::NoVerdict { reason } => {
            Reward { extracted: Some(answer), ..domain::undecided(format!("no verdict: {reason}")) }
        }
    }
}

/// A picture as a judge can be shown it.
async fn picture(path: &Path) -> Result<Arc<[u8]>, String> {
    let wrong = |reason: String| format!("the picture `{}` cannot be shown to the judge: {reason}", path.display());
    let size = tokio::fs::metadata(path).await.map_err(|error| wrong(error.to_string()))?.len();
    if size > LARGEST_IMAGE {
        return Err(wrong(format!("it has {size} bytes, more than {LARGEST_IMAGE}")));
    }
    let file = tokio::fs::read(path).await.map_err(|error| wrong(error.to_string()))?;
    if !file.starts_with(b"\x89PNG\r\n\x1a\n") && !file.starts_with(b"\xff\xd8\xff") {
        return Err(wrong("it is neither PNG nor JPEG".to_owned()));
    }
    Ok(file.into())
}

fn told(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it panicked")
}
