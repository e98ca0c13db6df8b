//! Which target is next, and for whom.
//!
//! Targets come from the sources in their order and are handed to whoever asks. A host that has its hands full, or whose
//! next page is not due, is passed over: its targets wait in memory, up to a limit, and then on the disk. So no worker
//! waits for a slow host while the sources or the targets in memory have another, and a source of billions costs no more
//! memory than the ids of the pages that were handed out: 16 bytes each, and the counts of their sites.
//!
//! Nothing is written about targets themselves. A target that was handed out and never reported is not in the data set, so
//! after a crash the sources bring it again. Links that pages have are kept in an append-only file, because no source
//! would bring those.
//!
//! ```text
//! while let Some(lease) = frontier.next().await? {
//!     let permit = match politeness.admit(&lease.target().url).await {   // live targets only
//!         Granted(permit) => permit,
//!         Later { after } => { lease.report(PutOff { after }); continue }
//!         Refused(reason) => { lease.report(Dropped); continue }
//!     };
//!     … load the page; drop(permit); make its records; lease.links(…) …
//!     lease.report(Done);                                              // once the records are on the disk
//! }
//! ```

mod disk_queue;
mod lease;
mod turns;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use glim_data::record::Source;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;
use url::Url;

use crate::address::{Normalize, PageId, authority, site};
use crate::recipe::source::FrontierRecipe;
use crate::source::{Target, Targets};
use disk_queue::DiskQueue;
pub use lease::Lease;
use turns::{Pace, Turns};

/// Errors of sources that are remembered.
const MOST_PROBLEMS: usize = 50;
/// Targets that are read from the disk in one go.
const MOST_REFILLED: usize = 1000;
/// Links of one page that are looked at.
const MOST_LINKS: usize = 10_000;

/// The files of a frontier cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be {done}: {error}", path.display())]
pub struct FrontierError {
    /// The file.
    pub path: PathBuf,
    /// What was to be done with it.
    pub done: &'static str,
    /// What the system said.
    pub error: std::io::Error,
}

/// How a frontier hands targets out.
#[derive(Debug, Clone)]
pub struct FrontierSettings {
    /// What the recipe says.
    pub recipe: FrontierRecipe,
    /// Pages of one live host that are out at once.
    pub per_host: u32,
    /// From one page of a live host to its next.
    pub delay: Duration,
    /// Where links are kept (`links.jsonl`) and what waits for slow hosts (`waiting.jsonl`).
    pub folder: PathBuf,
}

/// What came of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the data set.
    Done,
    /// It is not, and is not tried again. Its place in the count of its site is free.
    Dropped,
    /// It failed in a way that may pass. It counts as tried.
    Retry {
        /// How long its host is left alone.
        after: Duration,
    },
    /// It was not tried, because its host is not to be visited yet.
    PutOff {
        /// How long its host is left alone.
        after: Duration,
    },
}

/// What a frontier did so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontierCounts {
    /// Targets handed out, again included.
    pub handed_out: u64,
    /// Reported as done.
    pub done: u64,
    /// Reported as dropped, or tried too often.
    pub dropped: u64,
    /// Passed over because they were done before or had been there already.
    pub known: u64,
    /// Passed over because their site has enough.
    pub capped: u64,
    /// Links that were new.
    pub links: u64,
    /// Entries of sources that could not be used.
    pub bad_entries: u64,
    /// The first of those, in words.
    pub problems: Vec<String>,
}

/// A target on its way through the frontier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    url: Url,
    /// How many links it is away from a page of a source.
    depth: u32,
    source: Source,
    license: String,
    #[serde(skip)]
    tries: Tries,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tries {
    attempts: u32,
    put_off: u32,
}

/// What a worker finds.
enum Step {
    Found(Box<Lease>),
    /// All is done.
    Over,
    /// Something may have come; another look tells.
    Again,
    /// Nothing now; perhaps at that time.
    Wait(Option<Instant>),
}

/// Hands out targets to any number of workers.
#[derive(Debug)]
pub struct Frontier {
    settings: FrontierSettings,
    feed: tokio::sync::Mutex<Feed>,
    state: Mutex<State>,
    changed: Notify,
}

struct Feed {
    targets: Targets,
    /// Whether the next one is taken from the links, if there are any.
    is_links_turn: bool,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct State {
    turns: Turns<Item>,
    /// All that is in the data set or was taken in, ever.
    seen: HashSet<PageId>,
    sites: HashMap<String, u32>,
    links: DiskQueue<Item>,
    known_links: HashSet<PageId>,
    waiting: DiskQueue<Item>,
    out: usize,
    is_fed: bool,
    counts: FrontierCounts,
}

impl Frontier {
    /// Targets from sources, less those that are `done`: pages of the data set with their sites.
    ///
    /// # Errors
    /// If the files in its folder cannot be used.
    pub fn new(
        targets: Targets,
        done: impl IntoIterator<Item = (PageId, String)>,
        settings: FrontierSettings,
    ) -> Result<Arc<Frontier>, FrontierError> {
        let (mut seen, mut sites) = (HashSet::new(), HashMap::new());
        for (page, site) in done {
            if seen.insert(page) {
                *sites.entry(site).or_default() += 1;
            }
        }
        std::fs::create_dir_all(&settings.folder).map_err(failed(&settings.folder, "created"))?;
        let mut known_links = HashSet::new();
        let links = DiskQueue::open(&settings.folder.join("links.jsonl"), |item: &Item| {
            known_links.insert(PageId::of(&item.url));
        })?;
        let waiting = DiskQueue::create(&settings.folder.join("waiting.jsonl"))?;
        let state = State {
            turns: Turns::new(),
            seen,
            sites,
            links,
            known_links,
            waiting,
            out: 0,
            is_fed: false,
            counts: FrontierCounts::default(),
        };
        let feed = tokio::sync::Mutex::new(Feed { targets, is_links_turn: false });
        Ok(Arc::new(Frontier { settings, feed, state: Mutex::new(state), changed: Notify::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it did so far.
    pub fn counts(&self) -> FrontierCounts {
        self.state().counts.clone()
    }

    /// The next target, once there is one; `None` when all are done. Any number of workers may wait at once.
    ///
    /// # Errors
    /// If the files in its folder cannot be used.
    pub async fn next(self: &Arc<Frontier>) -> Result<Option<Lease>, FrontierError> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let until = match self.look()? {
                Step::Found(lease) => return Ok(Some(*lease)),
                Step::Over => return Ok(None),
                Step::Again => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Step::Wait(until) => until,
            };
            let due = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                read = self.read_on() => read?,
                () = due => {}
                () = changed => {}
            }
        }
    }

    fn look(self: &Arc<Frontier>) -> Result<Step, FrontierError> {
        let mut state = self.state();
        let now = Instant::now();
        if let Some((item, host)) = state.turns.take(now) {
            return Ok(Step::Found(Box::new(self.lease(&mut state, item, host))));
        }
        if self.refill(&mut state)? || state.turns.is_ready(now) {
            return Ok(Step::Again);
        }
        let has_nothing = state.turns.is_empty() && state.links.is_empty() && state.waiting.is_empty();
        if state.is_fed && state.out == 0 && has_nothing {
            return Ok(Step::Over);
        }
        Ok(Step::Wait(state.turns.next_due()))
    }

    fn lease(self: &Arc<Frontier>, state: &mut State, item: Item, host: String) -> Lease {
        state.out += 1;
        state.counts.handed_out += 1;
        let target = Target::new(item.url.clone(), item.source.clone(), item.license.clone());
        Lease { target, item, host, frontier: self.clone(), is_reported: false }
    }

    /// Takes targets that wait on the disk back into memory where there is room; whether there are more to look at.
    fn refill(&self, state: &mut State) -> Result<bool, FrontierError> {
        // What waits is a leftover of the sources: they come first, and half of the room lets the other hosts in.
        for _ in 0..MOST_REFILLED {
            if !state.is_fed || state.turns.len() >= self.settings.recipe.read_ahead.div_ceil(2) {
                return Ok(false);
            }
            match state.waiting.pop()? {
                Some(item) => self.take_in(state, item)?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Reads one target from the sources or the links; waits for ever where there are none.
    async fn read_on(&self) -> Result<(), FrontierError> {
        let mut feed = self.feed.lock().await;
        feed.is_links_turn = !feed.is_links_turn;
        let is_fed = {
            let mut state = self.state();
            let has_room = state.turns.len() < self.settings.recipe.read_ahead;
            if has_room && (feed.is_links_turn || state.is_fed) && !state.links.is_empty() {
                if let Some(item) = state.links.pop()? {
                    self.take_in(&mut state, item)?;
                }
                // Also without an item, if the last lines were none: then it may be over.
                self.changed.notify_waiters();
                return Ok(());
            }
            state.is_fed
        };
        if is_fed {
            drop(feed);
            return std::future::pending().await;
        }
        let next = feed.targets.next().await;
        let mut state = self.state();
        match next {
            Some(Ok(target)) => {
                let Target { url, source, license, .. } = target;
                self.take_in(&mut state, Item { url, depth: 0, source, license, tries: Tries::default() })?;
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "an entry of a source is left out");
                state.counts.bad_entries += 1;
                if state.counts.problems.len() < MOST_PROBLEMS {
                    state.counts.problems.push(error.to_string());
                }
            }
            None => state.is_fed = true,
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// Takes a target into memory, unless it is known or its site has enough; without room, it waits on the disk.
    fn take_in(&self, state: &mut State, item: Item) -> Result<(), FrontierError> {
        let page = PageId::of(&item.url);
        if state.seen.contains(&page) {
            state.counts.known += 1;
            return Ok(());
        }
        let cap = self.settings.recipe.pages_per_site;
        let site = site(&item.url);
        let taken = state.sites.get(&site).copied().unwrap_or(0);
        if cap > 0 && taken >= cap {
            state.counts.capped += 1;
            return Ok(());
        }
        let host = authority(&item.url);
        // A host that nobody waits for goes out at once, so it may pass one whose targets fill the memory.
        if state.turns.len() >= self.settings.recipe.read_ahead && !state.turns.is_new(&host) {
            return state.waiting.push(&item);
        }
        state.seen.insert(page);
        state.sites.insert(site, taken + 1);
        let pace = self.pace(&item);
        state.turns.add(host, item, pace, Instant::now());
        Ok(())
    }

    fn pace(&self, item: &Item) -> Pace {
        if is_live(item) {
            Pace { at_once: self.settings.per_host, delay: self.settings.delay }
        } else {
            Pace { at_once: u32::MAX, delay: Duration::ZERO }
        }
    }

    fn report(&self, lease: &mut Lease, outcome: Outcome) {
        lease.is_reported = true;
        let mut state = self.state();
        let now = Instant::now();
        let mut tries = lease.item.tries;
        let after = match outcome {
            Outcome::Retry { after } => {
                tries.attempts += 1;
                Some(after)
            }
            Outcome::PutOff { after } => {
                tries.put_off += 1;
                Some(after)
            }
            Outcome::Done | Outcome::Dropped => None,
        };
        let most = self.settings.recipe.attempts;
        // A host that puts off for ever is no better than one that fails.
        let is_again = after.is_some() && tries.attempts < most && tries.put_off < most.saturating_mul(10);
        state.out -= 1;
        state.turns.leave_alone(&lease.host, after.unwrap_or_default(), now);
        if is_again {
            let item = Item { tries, ..lease.item.clone() };
            let is_first = matches!(outcome, Outcome::PutOff { .. });
            state.turns.give_back(&lease.host, item, is_first, now);
        } else {
            state.turns.finish(&lease.host, now);
            if outcome == Outcome::Done {
                state.counts.done += 1;
            } else {
                state.counts.dropped += 1;
                if let Some(taken) = state.sites.get_mut(&site(&lease.target.url)) {
                    *taken = taken.saturating_sub(1);
                }
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    fn add_links(&self, lease: &Lease, links: &[Url]) -> Result<usize, FrontierError> {
        let recipe = &self.settings.recipe;
        let depth = lease.item.depth + 1;
        if depth > recipe.link_depth {
            return Ok(0);
        }
        let normalize: Normalize = recipe.normalize();
        let own = site(&lease.target.url);
        let mut state = self.state();
        let mut added = Vec::new();
        for link in links.iter().take(MOST_LINKS) {
            let Ok(url) = normalize.parse(link.as_str()) else { continue };
            let page = PageId::of(&url);
            let is_room = (state.known_links.len() as u64) < recipe.links_max;
            if site(&url) == own && is_room && !state.seen.contains(&page) && state.known_links.insert(page) {
                let source = source_of_link(&lease.item.source);
                added.push(Item { url, depth, source, license: lease.item.license.clone(), tries: Tries::default() });
            }
        }
        if let Err(error) = state.links.push_all(&added) {
            // They come again, with their page.
            for item in &added {
                state.known_links.remove(&PageId::of(&item.url));
            }
            return Err(error);
        }
        state.counts.links += added.len() as u64;
        drop(state);
        self.changed.notify_waiters();
        Ok(added.len())
    }
}

fn is_live(item: &Item) -> bool {
    matches!(item.source.kind.as_str(), "live" | "common_crawl")
}

/// A linked page comes from the same place, but no index says where in it.
fn source_of_link(of: &Source) -> Source {
    match of.kind.as_str() {
        "live" | "common_crawl" => Source { kind: "live".to_owned(), ..Source::default() },
        _ => Source { kind: of.kind.clone(), archive: of.archive.clone(), ..Source::default() },
    }
}

fn failed<'a>(path: &'a Path, done: &'static str) -> impl Fn(std::io::Error) -> FrontierError + 'a {
    move |error| FrontierError { path: path.to_owned(), done, error }
}
