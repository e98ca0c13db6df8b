//! One judge: a model behind a server, its permits, its votes in flight, and what it cost.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use glim_agent::policy::{JudgeModel, Limits, OpenAi, SpecError};
use serde::Serialize;
use serde_json::{Map, json};
use tokio::sync::{OnceCell, Semaphore};

use super::cache::{Cache, Key};
use super::vote::{self, Scale, Vote};
use crate::config::JudgeSettings;

/// A vote, or why there is none.
type Outcome = Result<Vote, String>;

/// A model that judges.
#[derive(Debug)]
pub struct Judge {
    name: String,
    settings: JudgeSettings,
    cache: Option<Arc<Cache>>,
    /// One client for each vote of each scale, since seed and demanded form are the client's.
    binary: Vec<JudgeModel>,
    graded: Vec<JudgeModel>,
    permits: Semaphore,
    in_flight: Mutex<HashMap<Key, Weak<OnceCell<Outcome>>>>,
    cached: AtomicU64,
    failed: AtomicU64,
}

/// A judge cannot be asked at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the judge `{name}` cannot be used: {source}")]
pub struct JudgeError {
    /// Its name.
    pub name: String,
    /// Why.
    pub source: SpecError,
}

/// What the votes of a judge took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The judge's name.
    pub judge: String,
    /// Replies received.
    pub replies: u64,
    /// Tries beyond the first of a request.
    pub retries: u64,
    /// Votes that the cache had.
    pub cached: u64,
    /// Votes that were asked for and gave no verdict.
    pub failed: u64,
    /// Tokens read by the model, as the server counted them.
    pub prompt_tokens: u64,
    /// Tokens written by the model, as the server counted them.
    pub completion_tokens: u64,
}

impl Judge {
    /// A judge with its settings, and a cache to share. The key is read from `OPENAI_API_KEY`.
    ///
    /// # Errors
    /// If the settings name no server, or the key has characters that no key has.
    pub fn new(name: &str, settings: &JudgeSettings, cache: Option<Arc<Cache>>) -> Result<Judge, JudgeError> {
        let clients = |scale| {
            let client = |number| client(settings, scale, number);
            let clients: Result<Vec<_>, _> = (0..settings.samples).map(client).collect();
            clients.map_err(|source| JudgeError { name: name.to_owned(), source })
        };
        Ok(Judge {
            name: name.to_owned(),
            settings: settings.clone(),
            cache,
            binary: clients(Scale::Binary)?,
            graded: clients(Scale::Graded)?,
            permits: Semaphore::new(settings.concurrency),
            in_flight: Mutex::default(),
            cached: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    /// How many votes it has.
    pub fn votes(&self) -> u32 {
        self.settings.samples
    }

    /// What it took so far.
    pub fn cost(&self) -> Cost {
        let mut cost = Cost {
            judge: self.name.clone(),
            replies: 0,
            retries: 0,
            cached: self.cached.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            prompt_tokens: 0,
            completion_tokens: 0,
        };
        for usage in self.binary.iter().chain(&self.graded).map(JudgeModel::usage) {
            cost.replies += usage.replies;
            cost.retries += usage.retries;
            cost.prompt_tokens += usage.prompt_tokens;
            cost.completion_tokens += usage.completion_tokens;
        }
        cost
    }

    /// One of its votes: from the cache, from the same question in flight, or from the server.
    pub(super) async fn vote(&self, prompt: &str, image: Option<&Arc<[u8]>>, scale: Scale, number: u32) -> Outcome {
        let key = Key::of(&self.settings, scale, number, prompt, image);
        let cell = self.cell(key);
        cell.get_or_init(|| self.ask(key, prompt, image, scale, number)).await.clone()
    }

    /// The place for the outcome of a vote, shared by all who ask for it at the same time.
    fn cell(&self, key: Key) -> Arc<OnceCell<Outcome>> {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = in_flight.get(&key).and_then(Weak::upgrade) {
            return cell;
        }
        if in_flight.len() > 2 * self.settings.concurrency.max(64) {
            in_flight.retain(|_, cell| cell.strong_count() > 0);
        }
        let cell = Arc::default();
        in_flight.insert(key, Arc::downgrade(&cell));
        cell
    }

    async fn ask(&self, key: Key, prompt: &str, image: Option<&Arc<[u8]>>, scale: Scale, number: u32) -> Outcome {
        if let Some(cache) = &self.cache
            && let Some(vote) = cache.read(key).await
        {
            self.cached.fetch_add(1, Ordering::Relaxed);
            return Ok(vote);
        }
        let clients = match scale {
            Scale::Binary => &self.binary,
            Scale::Graded => &self.graded,
        };
        let images: Vec<_> = image.cloned().into_iter().collect();
        let reply = {
            let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
            clients[number as usize].ask(prompt, &images).await
        };
        let outcome = reply.map_err(|error| error.to_string()).and_then(|reply| Vote::read(scale, &reply));
        match &outcome {
            Ok(vote) => {
                if let Some(cache) = &self.cache {
                    cache.write(key, vote).await;
                }
            }
            Err(reason) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(judge = self.name, reason, "no verdict");
            }
        }
        outcome
    }
}

/// The client of one vote. Only what differs from the judge's defaults is set by force, so that the client can still leave
/// out what a server does not take.
fn client(settings: &JudgeSettings, scale: Scale, number: u32) -> Result<JudgeModel, SpecError> {
    let default = JudgeSettings::default();
    let limits = Limits {
        timeout: Duration::from_secs(settings.timeout_s),
        tries: settings.tries,
        concurrency: settings.concurrency,
        ..Limits::default()
    };
    let mut extra = Map::new();
    if settings.temperature != default.temperature {
        extra.insert("temperature".to_owned(), json!(settings.temperature));
    }
    if settings.max_tokens != default.max_tokens {
        extra.insert("max_tokens".to_owned(), json!(settings.max_tokens));
    }
    if settings.samples > 1 {
        extra.insert("seed".to_owned(), json!(number));
    }
    let model = OpenAi::with_limits(&format!("{}@{}", settings.model, settings.url), limits)?;
    Ok(JudgeModel::new(model.with_extra(extra).with_form(vote::demanded(scale))))
}
