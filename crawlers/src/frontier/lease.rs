//! A target that somebody works on.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::{Frontier, FrontierError, Item, Outcome, Tries};
use crate::address::{PageId, authority, site};
use crate::source::Target;

/// A target that somebody works on. Dropped without a report, as when a worker panics, it is tried again.
#[derive(Debug)]
pub struct Lease {
    pub(super) target: Target,
    pub(super) item: Item,
    pub(super) host: String,
    pub(super) frontier: Arc<Frontier>,
    pub(super) is_reported: bool,
}

impl Frontier {
    /// A lease of a target that somebody works on already, for a crawl before this one that was cut off. `depth` and
    /// `attempt` are those of the lease it had. `None` if the page is done or known.
    pub fn adopt(self: &Arc<Frontier>, target: Target, depth: u32, attempt: u32) -> Option<Lease> {
        let mut state = self.state();
        if !state.seen.insert(PageId::of(&target.url)) {
            return None;
        }
        *state.sites.entry(site(&target.url)).or_default() += 1;
        let Target { url, source, license, .. } = target;
        let item = Item { url, depth, source, license, tries: Tries { attempts: attempt, put_off: 0 } };
        let host = authority(&item.url);
        state.turns.adopt(&host, self.pace(&item), Instant::now());
        Some(self.lease(&mut state, item, host))
    }
}

impl Lease {
    /// What is to be crawled.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How many links it is away from a page of a source.
    pub fn depth(&self) -> u32 {
        self.item.depth
    }

    /// How often it was tried before.
    pub fn attempt(&self) -> u32 {
        self.item.tries.attempts
    }

    /// Keeps the links that its page has, those of its own site within the recipe's depth; returns how many are new.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn links(&self, links: &[Url]) -> Result<usize, FrontierError> {
        self.frontier.add_links(self, links)
    }

    /// Says what came of it.
    pub fn report(mut self, outcome: Outcome) {
        self.frontier.clone().report(&mut self, outcome);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_reported {
            self.frontier.clone().report(self, Outcome::Retry { after: Duration::ZERO });
        }
    }
}
