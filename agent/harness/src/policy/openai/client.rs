//! A model server: requests with retries, a cap on those in flight, and a count of the tokens they took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use glim_env::{Seed, SplitMix};
use reqwest::header::HeaderValue;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::carrier::{Carrier, Failure};
use crate::policy::PolicyError;

/// The environment variable that the key is read from.
pub(super) const KEY: &str = "OPENAI_API_KEY";

/// Limits of the requests to one server.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Longest time that one try may take.
    pub timeout: Duration,
    /// How often a request is tried.
    pub tries: u32,
    /// Pause before the second try; doubled for each further one, and shortened by chance to at least half.
    pub first_pause: Duration,
    /// Longest pause between tries. A server that asks for a longer one is given up.
    pub longest_pause: Duration,
    /// Requests in flight at once.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            // 8192 tokens at 30 a second.
            timeout: Duration::from_secs(300),
            tries: 6,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
            concurrency: 16,
        }
    }
}

/// What the requests to a server took so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Replies received.
    pub replies: u64,
    /// Tries beyond the first of a request.
    pub retries: u64,
    /// Tokens read by the model, as the server counted them.
    pub prompt_tokens: u64,
    /// Tokens written by the model, as the server counted them.
    pub completion_tokens: u64,
}

#[derive(Default)]
struct Counters {
    replies: AtomicU64,
    retries: AtomicU64,
    prompt_tokens: AtomicU64,
    completion_tokens: AtomicU64,
}

/// A key that cannot be printed.
struct Secret(String);

/// One server.
pub(super) struct Client {
    api: async_openai::Client<OpenAIConfig>,
    server: String,
    limits: Limits,
    in_flight: Semaphore,
    counters: Counters,
    key: Option<Secret>,
}

impl Client {
    /// A server at a base URL, with the key from the environment if there is one.
    pub(super) fn new(base_url: &str, key: Option<String>, limits: Limits) -> Result<Client, String> {
        let url = reqwest::Url::parse(base_url).map_err(|error| format!("`{base_url}` is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("`{base_url}` is not an http or https URL"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("the base URL must not hold a password; put the key into `{KEY}`"));
        }
        let key = key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
        let authorization = match &key {
            Some(key) => {
                let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
                    .map_err(|_| format!("the key in `{KEY}` has characters that no key has"))?;
                value.set_sensitive(true);
                Some(value)
            }
            None => None,
        };
        let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if key.is_some() && url.scheme() == "http" && !is_local {
            tracing::warn!(server = %url, "the key is sent over plain HTTP");
        }
        // reqwest is built without a crypto provider. It may have been installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .timeout(limits.timeout)
            .connect_timeout(limits.timeout.min(Duration::from_secs(10)))
            // A redirect could lead the key elsewhere.
            .redirect(reqwest::redirect::Policy::none());
        if is_local {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| format!("no HTTP client could be made: {}", error.without_url()))?;
        let server = base_url.trim_end_matches('/').to_owned();
        // The library's own key stays empty: the carrier adds ours.
        let config = OpenAIConfig::new().with_api_base(server.clone()).with_api_key("");
        let api =
            async_openai::Client::build(http.clone(), config).with_http_service(Carrier::new(http, authorization));
        let in_flight = Semaphore::new(limits.concurrency.max(1));
        Ok(Client { api, server, limits, in_flight, counters: Counters::default(), key: key.map(Secret) })
    }

    /// Its base URL.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// What was used so far.
    pub(super) fn usage(&self) -> Usage {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Usage {
            replies: read(&self.counters.replies),
            retries: read(&self.counters.retries),
            prompt_tokens: read(&self.counters.prompt_tokens),
            completion_tokens: read(&self.counters.completion_tokens),
        }
    }

    /// Counts the tokens of a reply.
    pub(super) fn count(&self, prompt_tokens: Option<u32>, completion_tokens: Option<u32>) {
        self.counters.replies.fetch_add(1, Ordering::Relaxed);
        self.counters.prompt_tokens.fetch_add(prompt_tokens.unwrap_or(0).into(), Ordering::Relaxed);
        self.counters.completion_tokens.fetch_add(completion_tokens.unwrap_or(0).into(), Ordering::Relaxed);
    }

    /// Asks for a chat completion until there is one, the server refuses, or the tries are used up.
    pub(super) async fn complete(&self, body: &Value, seed: Seed) -> Result<Value, PolicyError> {
        let mut chance = seed.derive("pause").generator();
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.attempt(body).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => self.redacted(failure),
            };
            let pause = if tries < self.limits.tries { self.pause(&failure, tries, &mut chance) } else { None };
            let Some(pause) = pause else { return Err(self.given_up(failure, tries)) };
            tracing::debug!(server = self.server, tries, ?pause, %failure, "the model server is tried again");
            self.counters.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, body: &Value) -> Result<Value, Failure> {
        let _permit = self.in_flight.acquire().await.expect("the semaphore is never closed");
        self.api.chat().create_byot::<&Value, Value>(body).await.map_err(|error| match error {
            OpenAIError::Boxed(inner) => match inner.downcast::<Failure>() {
                Ok(failure) => *failure,
                Err(other) => Failure::Connection(other.to_string()),
            },
            other => Failure::Connection(other.to_string()),
        })
    }

    /// How long to wait before another try; `None` if there is no use.
    fn pause(&self, failure: &Failure, tries: u32, chance: &mut SplitMix) -> Option<Duration> {
        let asked = match failure {
            Failure::Status { status: 429, kind: Some(kind), .. } if kind == "insufficient_quota" => return None,
            Failure::Status { status: 408 | 409 | 425 | 429 | 500..=599, retry_after, .. } => *retry_after,
            Failure::Status { .. } => return None,
            Failure::Connection(_) | Failure::Timeout | Failure::Garbage(_) => None,
        };
        if let Some(asked) = asked {
            return (asked <= self.limits.longest_pause).then_some(asked);
        }
        let doubled = self.limits.first_pause.saturating_mul(2_u32.saturating_pow(tries - 1));
        Some(doubled.min(self.limits.longest_pause).mul_f64(0.5 + chance.unit() / 2.0))
    }

    fn given_up(&self, failure: Failure, tries: u32) -> PolicyError {
        let server = self.server.clone();
        match failure {
            Failure::Connection(reason) => PolicyError::Unreachable { server, tries, reason },
            Failure::Timeout => {
                let limit_ms = u64::try_from(self.limits.timeout.as_millis()).unwrap_or(u64::MAX);
                PolicyError::Timeout { server, limit_ms, tries }
            }
            Failure::Garbage(reason) => PolicyError::BadReply { server, reason },
            Failure::Status { status: status @ (401 | 403), .. } => {
                PolicyError::KeyRefused { server, status, variable: KEY }
            }
            Failure::Status { status: 429, reason, kind, .. } if kind.as_deref() != Some("insufficient_quota") => {
                PolicyError::RateLimited { server, tries, reason }
            }
            Failure::Status { status: status @ 500..=599, reason, .. } => {
                PolicyError::Server { server, status, tries, reason }
            }
            Failure::Status { status: 404, reason, .. } => {
                let reason = format!("{reason}; is the model's name right, and does the base URL end in `/v1`?");
                PolicyError::Rejected { server, status: 404, reason }
            }
            Failure::Status { status, reason, .. } => PolicyError::Rejected { server, status, reason },
        }
    }

    /// The failure without the key, which a server may have repeated.
    fn redacted(&self, failure: Failure) -> Failure {
        let Some(Secret(key)) = &self.key else { return failure };
        let clean = |text: String| text.replace(key.as_str(), "[key]");
        match failure {
            Failure::Connection(reason) => Failure::Connection(clean(reason)),
            Failure::Garbage(reason) => Failure::Garbage(clean(reason)),
            Failure::Status { status, reason, kind, retry_after } => {
                Failure::Status { status, reason: clean(reason), kind, retry_after }
            }
            Failure::Timeout => Failure::Timeout,
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("server", &self.server).field("limits", &self.limits).finish_non_exhaustive()
    }
}
