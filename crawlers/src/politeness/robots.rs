//! The robots.txt of each host (RFC 9309), asked for once and believed for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use texting_robots::Robot;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

use super::RobotsFetch;
use crate::recipe::source::PolitenessRecipe;

/// How long a host is left alone whose robots.txt cannot be had now.
const UNKNOWN: Duration = Duration::from_secs(600);

/// What a host says about us.
pub(super) enum Rules {
    /// It says nothing: all may be loaded.
    All,
    /// It cannot be asked now, so nothing may be.
    Unknown { until: Instant },
    /// It says this.
    Known(Box<Robot>),
}

struct Entry {
    rules: Arc<OnceCell<Arc<Rules>>>,
    until: Instant,
}

/// Rules by scheme, host and port.
pub(super) struct Robots {
    fetch: RobotsFetch,
    lifetime: Duration,
    hosts_max: usize,
    known: Mutex<HashMap<String, Entry>>,
}

impl Robots {
    pub fn new(fetch: RobotsFetch, lifetime: Duration, hosts_max: usize) -> Robots {
        Robots { fetch, lifetime, hosts_max, known: Mutex::default() }
    }

    /// The rules of a page's host. Whoever asks first fetches them, the others wait for that.
    pub async fn rules(&self, url: &Url) -> Arc<Rules> {
        let origin = url.origin().ascii_serialization();
        let cell = self.cell(&origin);
        let rules = cell
            .get_or_init(|| async {
                let Ok(robots) = Url::parse(&format!("{origin}/robots.txt")) else { return Arc::new(Rules::All) };
                Arc::new(rules_of((self.fetch)(robots).await, Instant::now()))
            })
            .await
            .clone();
        if let Rules::Unknown { until } = &*rules {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(entry) = known.get_mut(&origin) {
                entry.until = *until;
            }
        }
        rules
    }

    /// Hosts whose rules are in memory.
    #[cfg(test)]
    pub fn remembered(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn cell(&self, origin: &str) -> Arc<OnceCell<Arc<Rules>>> {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get(origin)
            && entry.until > now
        {
            return entry.rules.clone();
        }
        if known.len() >= self.hosts_max {
            known.retain(|_, entry| entry.until > now);
        }
        if known.len() >= self.hosts_max {
            // The half that is oldest goes at once, so that a full memory is not searched for each new host.
            let mut ages: Vec<Instant> = known.values().map(|entry| entry.until).collect();
            let middle = ages.len() / 2;
            let (_, median, _) = ages.select_nth_unstable(middle);
            let median = *median;
            known.retain(|_, entry| entry.until > median);
        }
        let rules = Arc::new(OnceCell::new());
        known.insert(origin.to_owned(), Entry { rules: rules.clone(), until: now + self.lifetime });
        rules
    }
}

/// What an answer means: none of the 4xx forbids anything, and a server in trouble forbids everything.
fn rules_of(reply: super::RobotsReply, now: Instant) -> Rules {
    match reply {
        Some((200..300, body)) => match Robot::new(PolitenessRecipe::NAME, &body) {
            Ok(robot) => Rules::Known(Box::new(robot)),
            // Bytes that are no robots.txt forbid nothing.
            Err(_) => Rules::All,
        },
        Some((429, _)) => Rules::Unknown { until: now + UNKNOWN },
        // Also 3xx, of which there are none left but those that went round too often: the RFC takes them for absent.
        Some((300..500, _)) => Rules::All,
        Some(_) | None => Rules::Unknown { until: now + UNKNOWN },
    }
}

/// How long a host wants us to wait between pages.
pub(super) fn delay(robot: &Robot) -> Duration {
    robot.delay.and_then(|seconds| Duration::try_from_secs_f32(seconds).ok()).unwrap_or_default()
}
