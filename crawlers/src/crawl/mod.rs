//! A crawl: targets in, a dataset out.
//!
//! The desk gives pages out as the frontier and politeness let it. Hands show them: each has a browser context of its own,
//! shows the page in all views, and asks its questions. They are here, or on any number of machines, reached by a
//! [`queue`]. One keeper owns the dataset: it finds near-duplicates, drops what stands in an evaluation set, and writes. A
//! page is done when the dataset has it or its reason for not having it, so a crawl that was killed goes on where it was.

mod desk;
mod job;
mod keeper;
pub mod queue;
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use futures::StreamExt as _;
use glim_browser::Browser;
use glim_data::DataError;
use glim_data::dataset::DatasetWriter;
use glim_data::stats::Stats;
use glim_env::EnvError;
use tokio::sync::{mpsc, watch};

use crate::address::PageId;
use crate::archive::ArchiveError;
use crate::blocklist::BlocklistError;
use crate::fetch::{Fetch, FetchError, FetchSettings};
use crate::filter::ContaminationError;
use crate::frontier::{Frontier, FrontierCounts, FrontierError, FrontierSettings};
use crate::politeness::Politeness;
use crate::recipe::CrawlRecipe;
use crate::source::{self, SourceError, Target, Targets};
use crate::synthetic::PressError;
use desk::Desk;
use keeper::Keeper;
use queue::{Coordinator, QueueError, QueueServer};
use stage::{Hand, Stage};

/// A crawl that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrawlError {
    /// Of the dataset.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Of a source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Of an archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Of the frontier's files.
    #[error(transparent)]
    Frontier(#[from] FrontierError),
    /// Of a blocklist.
    #[error(transparent)]
    Blocklist(#[from] BlocklistError),
    /// Of an evaluation set.
    #[error(transparent)]
    Contamination(#[from] ContaminationError),
    /// What fetches robots.txt and indexes cannot be set up.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A file beside the dataset.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The browser cannot be started.
    #[error(transparent)]
    Browser(#[from] EnvError),
    /// Of what synthetic pages are made of.
    #[error(transparent)]
    Press(#[from] PressError),
    /// Of the queue to other machines.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The recipe has hosts that workers elsewhere cannot reach.
    #[error(
        "`{host}` is served on this machine (`hosts`, `sites`), where workers do not reach it: crawl it without a queue"
    )]
    ServedHere {
        /// One of them.
        host: String,
    },
}

/// Who shows the pages of a crawl.
#[derive(Clone)]
pub enum Hands {
    /// This process, in a browser.
    Here(Arc<Browser>),
    /// Workers anywhere, which [`queue::work`].
    Queue(QueueServer),
}

/// How far a crawl is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrawlProgress {
    /// Pages kept in this run.
    pub pages: u64,
    /// Screens kept in this run.
    pub screens: u64,
    /// Questions kept in this run.
    pub questions: u64,
    /// Pages dropped in this run, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Pairs of screenshot and code kept in this run.
    pub codes: u64,
    /// Screenshots in this run whose code was not kept, by reason.
    pub codes_dropped: BTreeMap<String, u64>,
    /// What the frontier counts.
    pub frontier: FrontierCounts,
}

/// Runs a crawl until its sources are used up, it has the pages it wants, or `stop` turns true; then what is finished is in
/// shards. `told` is given the progress now and then.
///
/// # Errors
/// If it cannot begin, or the disk refuses.
pub async fn run(
    recipe: CrawlRecipe,
    recipe_text: &str,
    out: &Path,
    hands: Hands,
    mut stop: watch::Receiver<bool>,
    told: impl Fn(&CrawlProgress) + Send + 'static,
) -> Result<(CrawlProgress, Stats), CrawlError> {
    if let (Hands::Queue(_), Some(host)) = (&hands, recipe.hosts.keys().next()) {
        return Err(CrawlError::ServedHere { host: host.clone() });
    }
    let mut writer = DatasetWriter::open(out, recipe.writer_options(recipe_text))?;
    let fetch = Fetch::new(FetchSettings::of(&recipe.politeness, BTreeMap::new()))?;
    let sources = source::open(&recipe.sources, recipe.frontier.normalize(), fetch.clone()).await?;
    // Ids of others than us are no pages of ours.
    let done = writer.take_done_before();
    let done = done.into_iter().filter_map(|(page, site)| Some((page.parse::<PageId>().ok()?, site)));
    let frontier = Frontier::new(
        of_this_machine(sources.targets, recipe.hosts.keys().cloned().collect()),
        done,
        FrontierSettings {
            recipe: recipe.frontier.clone(),
            per_host: recipe.politeness.per_host,
            delay: recipe.politeness.delay(),
            folder: out.join("frontier"),
        },
    )?;
    let keeper = Keeper::open(writer, &recipe, out)?;
    let (reports, inbox) = mpsc::channel(recipe.workers);
    let politeness = Politeness::new(recipe.politeness.clone(), fetch);
    let desk = Arc::new(Desk::new(frontier.clone(), politeness, reports, &recipe));
    let mut tasks = tokio::task::JoinSet::new();
    match hands {
        Hands::Here(browser) => {
            let workers = recipe.workers;
            let stage = Stage::open(recipe, sources.replay, browser.version().await?).await?;
            for _ in 0..workers {
                tasks.spawn(show(Hand::new(stage.clone(), browser.clone()), desk.clone()));
            }
        }
        Hands::Queue(server) => {
            let coordinator = Coordinator::open(&server, recipe, &out.join("frontier")).await?;
            tasks.spawn(coordinator.run(desk.clone()));
        }
    }
    // The keeper ends when nobody can tell it anything any more.
    drop(desk);
    let keeping = tokio::task::spawn_blocking(move || keeper.keep(inbox, &frontier, told));
    let mut failed = None;
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => failed = failed.or(Some(error)),
                Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
                None => break,
            },
            // What is under way is given up: it is done again when the crawl goes on.
            _ = stop.wait_for(|&stopped| stopped) => { tasks.shutdown().await; break; }
        }
    }
    let (progress, stats) = keeping.await.expect("the keeper does not panic")?;
    match failed {
        Some(error) => Err(error),
        None => Ok((progress, stats)),
    }
}

/// Targets of hosts that are served here are not of the live web.
fn of_this_machine(targets: Targets, hosts: BTreeSet<String>) -> Targets {
    let mark = move |target: Result<Target, SourceError>| {
        let mut target = target?;
        if target.is_live() && target.url.host_str().is_some_and(|host| hosts.contains(host)) {
            target.source.kind = "site".to_owned();
        }
        Ok(target)
    };
    targets.map(mark).boxed()
}

/// Shows pages in this process.
async fn show(mut hand: Hand, desk: Arc<Desk>) -> Result<(), CrawlError> {
    while let Some(errand) = desk.next().await? {
        let answer = hand.show(&errand.job()).await?;
        if !desk.finish(errand, answer, None).await? {
            break;
        }
    }
    Ok(())
}
