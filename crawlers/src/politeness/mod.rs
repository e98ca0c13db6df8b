//! When a site may be visited, and whether at all.
//!
//! Whoever wants to load a live page asks [`Politeness::admit`] first and holds the [`Permit`] while the page loads. The
//! sub-resources of a page are its browser's business, as they are when a person opens it. Bundled pages, folders and
//! archives need no permit.

mod retry;
mod robots;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::Instant;
use url::Url;

use crate::address::{authority, is_private_host};
use crate::fetch::Fetch;
use crate::recipe::source::PolitenessRecipe;

pub use retry::{Answer, Retry};
use robots::{Robots, Rules};

/// How long a worker waits for a host's turn itself; for longer it is sent away with [`Admission::Later`].
const PATIENCE: Duration = Duration::from_secs(1);

/// What came of asking for a robots.txt: its status and body, or nothing.
pub type RobotsReply = Option<(u16, Vec<u8>)>;

/// Fetches a robots.txt.
pub type RobotsFetch = Arc<dyn Fn(Url) -> BoxFuture<'static, RobotsReply> + Send + Sync>;

/// Whether a page may be loaded.
#[derive(Debug)]
pub enum Admission {
    /// It may, while the permit is held.
    Granted(Permit),
    /// Not yet. Others could go meanwhile.
    Later {
        /// How long its host is to be left alone.
        after: Duration,
    },
    /// It may not.
    Refused(Refusal),
}

/// Why a page may not be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The site does not want it.
    #[error("its robots.txt does not allow it")]
    Robots,
    /// The site wants to be visited more rarely than the recipe has patience for.
    #[error("its robots.txt asks for a longer delay than the recipe's longest")]
    Delay,
    /// It is not on the public web.
    #[error("its address is a private one")]
    Private,
    /// Nobody could be reached if we misbehaved.
    #[error("the recipe names no contact for sites of the live web")]
    NoContact,
}

/// How live sites are treated. Clones share what they know.
#[derive(Clone)]
pub struct Politeness {
    shared: Arc<Shared>,
}

struct Shared {
    recipe: PolitenessRecipe,
    robots: Robots,
    hosts: Mutex<HashMap<String, Host>>,
    left: Notify,
}

#[derive(Debug)]
struct Host {
    loading: u32,
    due: Instant,
}

impl std::fmt::Debug for Politeness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Politeness").field("recipe", &self.shared.recipe).finish_non_exhaustive()
    }
}

impl Politeness {
    /// With robots.txt files over HTTP.
    pub fn new(recipe: PolitenessRecipe, fetch: Fetch) -> Politeness {
        let most = recipe.robots_bytes;
        let robots: RobotsFetch = Arc::new(move |url| {
            let fetch = fetch.clone();
            Box::pin(async move {
                // Not tried again here: the host is asked again later, and nobody waits for it meanwhile.
                let fetched = fetch.get_once(&url, most).await;
                fetched.map(|fetched| (fetched.status, fetched.body)).inspect_err(|error| tracing::debug!(%error)).ok()
            })
        });
        Politeness::with_robots(recipe, robots)
    }

    /// With robots.txt files from anywhere.
    pub fn with_robots(recipe: PolitenessRecipe, fetch: RobotsFetch) -> Politeness {
        let lifetime = Duration::from_secs(recipe.robots_seconds);
        let robots = Robots::new(fetch, lifetime, recipe.hosts_max);
        Politeness { shared: Arc::new(Shared { recipe, robots, hosts: Mutex::default(), left: Notify::new() }) }
    }

    /// Waits until a page may be loaded, or says that it takes longer or never will be.
    pub async fn admit(&self, url: &Url) -> Admission {
        let recipe = &self.shared.recipe;
        if is_private_host(url) {
            return Admission::Refused(Refusal::Private);
        }
        if recipe.contact.is_empty() {
            return Admission::Refused(Refusal::NoContact);
        }
        let delay = match self.delay(url).await {
            Ok(delay) => delay,
            Err(instead) => return instead,
        };
        let name = authority(url);
        loop {
            let mut left = std::pin::pin!(self.shared.left.notified());
            left.as_mut().enable();
            let now = Instant::now();
            let due = {
                let mut hosts = self.shared.hosts();
                self.shared.forget(&mut hosts, now);
                let host = hosts.entry(name.clone()).or_insert(Host { loading: 0, due: now });
                if host.due <= now && host.loading < recipe.per_host {
                    host.loading += 1;
                    host.due = now + delay;
                    return Admission::Granted(Permit { host: name, delay, shared: self.shared.clone() });
                }
                host.due
            };
            if due > now + PATIENCE {
                return Admission::Later { after: due - now };
            }
            // The host's turn comes, or one of its pages ends; until then this page would only wait.
            let waited = tokio::time::timeout(PATIENCE, async {
                if due > now { tokio::time::sleep_until(due).await } else { left.await }
            });
            if waited.await.is_err() {
                return Admission::Later { after: PATIENCE };
            }
        }
    }

    /// A permit for a page that somebody loads already, since before this began to count.
    pub async fn adopt(&self, url: &Url) -> Permit {
        let delay = self.delay(url).await.unwrap_or(self.shared.recipe.delay());
        let (host, now) = (authority(url), Instant::now());
        let mut hosts = self.shared.hosts();
        let known = hosts.entry(host.clone()).or_insert(Host { loading: 0, due: now });
        known.loading += 1;
        known.due = known.due.max(now + delay);
        drop(hosts);
        Permit { host, delay, shared: self.shared.clone() }
    }

    /// The delay of a page's host, if robots.txt lets it be loaded.
    async fn delay(&self, url: &Url) -> Result<Duration, Admission> {
        let recipe = &self.shared.recipe;
        if !recipe.robots {
            return Ok(recipe.delay());
        }
        let rules = self.shared.robots.rules(url).await;
        let asked = match &*rules {
            Rules::All => Duration::ZERO,
            Rules::Unknown { until } => {
                let after = until.saturating_duration_since(Instant::now()).max(PATIENCE);
                return Err(Admission::Later { after });
            }
            Rules::Known(robot) if !robot.allowed(url.as_str()) => return Err(Admission::Refused(Refusal::Robots)),
            Rules::Known(robot) => robots::delay(robot),
        };
        if asked > Duration::from_millis(recipe.longest_delay_ms) {
            return Err(Admission::Refused(Refusal::Delay));
        }
        Ok(asked.max(recipe.delay()))
    }

    /// Says how a page answered. If that may pass, its host is left alone for a while, and the page may be tried again
    /// after the time that is returned. `attempt` counts the tries before this one.
    pub fn answered(&self, url: &Url, answer: &Answer, attempt: u32) -> Option<Duration> {
        let retry = Retry::of(&self.shared.recipe);
        let wait = retry.wait(answer, attempt);
        // Also where this page is given up: the host is in trouble, whatever becomes of the page.
        if let Some(pause) = wait.or_else(|| answer.may_pass().then_some(retry.first)) {
            let now = Instant::now();
            let mut hosts = self.shared.hosts();
            let host = hosts.entry(authority(url)).or_insert(Host { loading: 0, due: now });
            host.due = host.due.max(now + pause);
        }
        wait
    }
}

impl Shared {
    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets hosts of which there is nothing to remember, once there are too many.
    fn forget(&self, hosts: &mut HashMap<String, Host>, now: Instant) {
        if hosts.len() >= self.recipe.hosts_max {
            hosts.retain(|_, host| host.loading > 0 || host.due > now);
        }
    }
}

/// Held while a page is loaded.
pub struct Permit {
    host: String,
    delay: Duration,
    shared: Arc<Shared>,
}

impl Permit {
    /// Ends it for a page that began to load only some time after the permit was given: `ago` before now. The host's next
    /// page is due the delay after that.
    pub fn end(self, ago: Duration) {
        let now = Instant::now();
        let due = now + self.delay.saturating_sub(ago);
        if let Some(host) = self.shared.hosts().get_mut(&self.host) {
            host.due = host.due.max(due);
        }
    }
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permit").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(host) = self.shared.hosts().get_mut(&self.host) {
            host.loading = host.loading.saturating_sub(1);
        }
        self.shared.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
