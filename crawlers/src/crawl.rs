//! A crawl: targets in, a dataset out.
//!
//! The frontier hands targets to workers; each has a browser context of its own, shows the page in all views, and asks its
//! questions. One keeper owns the dataset: it finds near-duplicates, drops what stands in an evaluation set, and writes. A
//! page is done when the dataset has it or its reason for not having it, so a crawl that was killed goes on where it was.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use glim_browser::{Browser, BrowserEnv};
use glim_data::dataset::DatasetWriter;
use glim_data::stats::Stats;
use glim_data::{DataError, Screen};
use glim_env::{EnvError, Seed};
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::address::PageId;
use crate::archive::{ArchiveError, ArchiveServer};
use crate::blocklist::{Blocklist, BlocklistError};
use crate::fetch::{Fetch, FetchError, FetchSettings};
use crate::filter::{Contamination, ContaminationError, Drop, Filter, Fingerprint, NearDuplicates, text_of};
use crate::frontier::{Frontier, FrontierCounts, FrontierError, FrontierSettings, Lease, Outcome};
use crate::page::{Ask, Camera, Shot, Shown, Way};
use crate::politeness::{Admission, Answer, Politeness};
use crate::questions::{self, Elsewhere};
use crate::recipe::CrawlRecipe;
use crate::recipe::source::SourceRecipe;
use crate::source::{self, SourceError};
use crate::synthetic::code::{self, Draft, Proofs};
use crate::synthetic::{Press, PressError};

/// Names of other screens that are remembered for questions about what is not there.
const NAMES: usize = 500;

/// A browser context is put away after this many pages: its renderer has grown by then.
const PAGES_OF_A_CONTEXT: u32 = 40;

/// Times that a page is shown whose world broke.
const TRIES: u32 = 2;

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
    /// Of what synthetic pages are made of.
    #[error(transparent)]
    Press(#[from] PressError),
    /// What fetches robots.txt and indexes cannot be set up.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A file beside the dataset.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The browser cannot be started.
    #[error(transparent)]
    Browser(#[from] EnvError),
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

/// What a worker tells the keeper of a page.
struct Report {
    lease: Lease,
    shots: Result<Vec<Shot>, Drop>,
}

/// What all workers share.
struct Shared {
    recipe: CrawlRecipe,
    camera: Camera,
    filter: Filter,
    politeness: Politeness,
    archive: ArchiveServer,
    /// By the names of their sources.
    presses: BTreeMap<String, Arc<Press>>,
    /// Code that is being checked.
    proofs: Arc<Proofs>,
    names: Mutex<VecDeque<(String, &'static str)>>,
    started: AtomicU64,
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
    browser: &Arc<Browser>,
    mut stop: watch::Receiver<bool>,
    told: impl Fn(&CrawlProgress) + Send + 'static,
) -> Result<(CrawlProgress, Stats), CrawlError> {
    let mut writer = DatasetWriter::open(out, recipe.writer_options(recipe_text))?;
    let fetch = Fetch::new(FetchSettings::of(&recipe.politeness, BTreeMap::new()))?;
    let mut sources = source::open(&recipe.sources, recipe.frontier.normalize(), fetch.clone()).await?;
    let mut presses = BTreeMap::new();
    for one in &recipe.sources {
        if let SourceRecipe::SyntheticOcr(ocr) = one {
            let press = Arc::new(Press::open(ocr, &recipe.views)?);
            sources.replay.made.insert(ocr.domain(), press.clone());
            presses.insert(ocr.name.clone(), press);
        }
    }
    let proofs = Arc::new(Proofs::default());
    if recipe.looks.code {
        sources.replay.made.insert(code::HOSTS.to_owned(), proofs.clone());
    }
    // Ids of others than us are no pages of ours.
    let done = writer.take_done_before();
    let done = done.into_iter().filter_map(|(page, site)| Some((page.parse::<PageId>().ok()?, site)));
    let frontier = Frontier::new(
        sources.targets,
        done,
        FrontierSettings {
            recipe: recipe.frontier.clone(),
            per_host: recipe.politeness.per_host,
            delay: recipe.politeness.delay(),
            folder: out.join("frontier"),
        },
    )?;
    let blocklist =
        if recipe.blocklists.is_empty() { None } else { Some(Arc::new(Blocklist::load(&recipe.blocklists)?)) };
    let seen = NearDuplicates::open(&out.join("fingerprints.bin"), recipe.filter.same_text, |page| writer.contains(page))?;
    let keeper = Keeper {
        sets: Contamination::load(&recipe.contamination.files, recipe.contamination.ngram)?,
        hits: out.join("contamination.jsonl"),
        writer,
        seen,
        progress: CrawlProgress::default(),
    };
    let shared = Arc::new(Shared {
        camera: Camera {
            looks: recipe.looks.clone(),
            encoding: recipe.encoding(),
            blocklist,
            browser: browser.version().await?,
            seed: Seed(recipe.seed).derive("page"),
            code: recipe.looks.code.then(|| recipe.code.clone()),
        },
        filter: Filter::new(recipe.filter.clone())?,
        politeness: Politeness::new(recipe.politeness.clone(), fetch),
        archive: ArchiveServer::start(sources.replay).await?,
        presses,
        proofs,
        names: Mutex::default(),
        started: AtomicU64::new(0),
        recipe,
    });
    let (reports, inbox) = mpsc::channel(shared.recipe.workers);
    let keeping = tokio::task::spawn_blocking({
        let (frontier, shared) = (frontier.clone(), shared.clone());
        move || keeper.keep(inbox, &frontier, shared.recipe.pages_max, told)
    });
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..shared.recipe.workers {
        let worker = Worker { shared: shared.clone(), browser: browser.clone(), reports: reports.clone(), env: None, proof_env: None, shown: 0 };
        workers.spawn(worker.work(frontier.clone()));
    }
    drop(reports);
    let mut failed = None;
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => failed = failed.or(Some(error)),
                Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
                None => break,
            },
            // What is under way is given up: it is done again when the crawl goes on.
            _ = stop.wait_for(|&stopped| stopped) => { workers.shutdown().await; break; }
        }
    }
    let (progress, stats) = keeping.await.expect("the keeper does not panic")?;
    match failed {
        Some(error) => Err(error),
        None => Ok((progress, stats)),
    }
}

/// One of the tasks that show pages.
struct Worker {
    shared: Arc<Shared>,
    browser: Arc<Browser>,
    reports: mpsc::Sender<Report>,
    env: Option<BrowserEnv>,
    /// Where code is checked, so that pages need not be loaded again.
    proof_env: Option<BrowserEnv>,
    shown: u32,
}

impl Worker {
    async fn work(mut self, frontier: Arc<Frontier>) -> Result<(), CrawlError> {
        let most = self.shared.recipe.pages_max;
        while let Some(lease) = frontier.next().await? {
            if most > 0 && self.shared.started.fetch_add(1, Ordering::Relaxed) >= most {
                return Ok(());
            }
            let Some(report) = self.page(lease).await? else {
                self.shared.started.fetch_sub(1, Ordering::Relaxed);
                continue;
            };
            if report.shots.is_err() {
                self.shared.started.fetch_sub(1, Ordering::Relaxed);
            }
            if self.reports.send(report).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Shows a page; `None` where it is to be tried later.
    async fn page(&mut self, lease: Lease) -> Result<Option<Report>, CrawlError> {
        let shared = self.shared.clone();
        let live = lease.target().is_live();
        let mut permit = None;
        if live {
            match shared.politeness.admit(&lease.target().url).await {
                Admission::Granted(granted) => permit = Some(granted),
                Admission::Later { after } => {
                    lease.report(Outcome::PutOff { after });
                    return Ok(None);
                }
                Admission::Refused(why) => {
                    let drop = Drop::new("refused", why.to_string());
                    return Ok(Some(Report { lease, shots: Err(drop) }));
                }
            }
        }
        let target = lease.target();
        let ask = Ask {
            url: target.url.to_string(),
            page_id: target.page_id.to_string(),
            source: target.source.clone(),
            license: target.license.clone(),
            way: if live {
                Way::Live { agent: Some(format!("({})", shared.recipe.politeness.user_agent())), also: Vec::new() }
            } else {
                Way::Archive(shared.archive.address())
            },
        };
        let url = target.url.clone();
        let shown = self.views(&ask, &lease).await;
        drop(permit);
        match shown {
            Ok(shots) => Ok(Some(Report { lease, shots })),
            Err(error @ EnvError::Start { .. }) => Err(error.into()),
            Err(error) => {
                self.env = None;
                let answer = match &error {
                    EnvError::Timeout { .. } => Answer::TimedOut,
                    _ => Answer::Broken,
                };
                let attempt = lease.attempt();
                let pause = if live { shared.politeness.answered(&url, &answer, attempt) } else { None };
                let again = pause.or_else(|| (!live && attempt + 1 < TRIES).then_some(Duration::ZERO));
                tracing::debug!(%url, %error, attempt, "a page was not shown");
                if let Some(after) = again {
                    lease.report(Outcome::Retry { after });
                    return Ok(None);
                }
                Ok(Some(Report { lease, shots: Err(Drop::new(word_for(&error), error.to_string())) }))
            }
        }
    }

    /// The browser context to show the next page in.
    fn env(&mut self) -> &mut BrowserEnv {
        self.shown += 1;
        if self.shown.is_multiple_of(PAGES_OF_A_CONTEXT) {
            self.env = None;
            self.proof_env = None;
        }
        self.env.get_or_insert_with(|| {
            let mut env = self.browser.env();
            env.set_reads_text(true);
            if let Some(list) = &self.shared.camera.blocklist {
                env.set_filter(Some(list.clone()));
            }
            env
        })
    }

    async fn views(&mut self, ask: &Ask, lease: &Lease) -> Result<Result<Vec<Shot>, Drop>, EnvError> {
        let shared = self.shared.clone();
        if let Some(press) = Some(&ask.source).filter(|source| source.kind == "synthetic")
            .and_then(|source| shared.presses.get(&source.archive))
        {
            return Ok(match press.show(&shared.camera, self.env(), ask).await? {
                Shown::Shots(shots) => Ok(shots),
                Shown::Dropped(drop) => Err(drop),
            });
        }
        let mut all = Vec::new();
        for (nth, view) in shared.recipe.views.iter().enumerate() {
            let env = self.env();
            let judge = |screen: &Screen, picture: &crate::picture::Picture| shared.filter.drops(screen, picture);
            match shared.camera.show(env, ask, view, judge).await? {
                Shown::Shots(shots) => all.extend(shots),
                // What the first view drops is dropped; another view may be worth less and is left out.
                Shown::Dropped(drop) if nth == 0 => return Ok(Err(drop)),
                Shown::Dropped(_) => continue,
            }
            if nth == 0 && lease.depth() < shared.recipe.frontier.link_depth {
                let found = env.document().await?.links;
                let links: Vec<Url> = found.iter().filter_map(|link| Url::parse(link).ok()).collect();
                if let Err(error) = lease.links(&links) {
                    tracing::warn!(%error, "the links of a page were not kept");
                }
            }
        }
        let mut asked = shared.asked(all);
        for shot in &mut asked {
            if let Some(Ok(draft)) = shot.draft.take_if(|draft| draft.is_ok()) {
                shot.draft = self.proof(shot, draft).await.err().map(Err);
            }
        }
        Ok(Ok(asked))
    }

    /// Keeps code that gives the page that it is of.
    async fn proof(&mut self, shot: &mut Shot, draft: Draft) -> Result<(), Drop> {
        let shared = self.shared.clone();
        let Some(view) = shared.recipe.views.iter().find(|view| view.name == shot.screen.view.name) else { return Ok(()) };
        let env = self.proof_env.get_or_insert_with(|| {
            let mut env = self.browser.env();
            env.set_reads_text(true);
            env
        });
        let server = shared.archive.address();
        let limit = Duration::from_secs(shared.recipe.looks.page_seconds);
        let checking = shared.proofs.check(server, &shared.camera, env, &shared.recipe.code, view, shot, draft);
        match tokio::time::timeout(limit, checking).await {
            Ok(Ok(checked)) => checked.map(drop),
            // The page itself is none the worse for it.
            failed => {
                self.proof_env = None;
                let reason = failed.map_or_else(|late| late.to_string(), |broke| broke.map_or_else(|error| error.to_string(), |_| String::new()));
                Err(Drop::new("code_not_shown", reason))
            }
        }
    }
}

impl Shared {
    /// The shots with their questions.
    fn asked(&self, mut shots: Vec<Shot>) -> Vec<Shot> {
        let elsewhere: Vec<_> = self.names().iter().cloned().collect();
        for shot in &mut shots {
            let counts = &self.recipe.questions;
            let asked = questions::ask(&shot.screen, &shot.others, &Elsewhere(&elsewhere), counts, Seed(self.recipe.seed));
            shot.screen.questions.extend(asked);
        }
        let mut names = self.names();
        for name in shots.iter().take(1).flat_map(|shot| questions::names(&shot.screen)).take(20) {
            if names.len() >= NAMES {
                names.pop_front();
            }
            names.push_back(name);
        }
        shots
    }

    fn names(&self) -> std::sync::MutexGuard<'_, VecDeque<(String, &'static str)>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The word that a broken world is counted by.
fn word_for(error: &EnvError) -> &'static str {
    match error {
        EnvError::Timeout { .. } => "too_slow",
        EnvError::Unreachable { .. } => "unreachable",
        EnvError::Crashed { .. } | EnvError::Died { .. } => "crashed",
        _ => "broken",
    }
}

/// The one that writes.
struct Keeper {
    writer: DatasetWriter,
    seen: NearDuplicates,
    sets: Contamination,
    hits: PathBuf,
    progress: CrawlProgress,
}

impl Keeper {
    fn keep(
        mut self,
        mut inbox: mpsc::Receiver<Report>,
        frontier: &Frontier,
        pages_max: u64,
        told: impl Fn(&CrawlProgress),
    ) -> Result<(CrawlProgress, Stats), CrawlError> {
        while let Some(Report { lease, shots }) = inbox.blocking_recv() {
            let page_id = lease.target().page_id.to_string();
            let kept = match shots {
                Ok(shots) if pages_max > 0 && self.progress.pages >= pages_max => {
                    drop(shots);
                    lease.report(Outcome::PutOff { after: Duration::ZERO });
                    continue;
                }
                Ok(shots) => self.page(&page_id, shots)?,
                Err(drop) => Err(drop),
            };
            match kept {
                Ok(()) => lease.report(Outcome::Done),
                Err(drop) => {
                    self.writer.drop_page(&page_id, drop.reason, &drop.detail)?;
                    *self.progress.dropped.entry(drop.reason.to_owned()).or_default() += 1;
                    lease.report(Outcome::Dropped);
                }
            }
            self.progress.frontier = frontier.counts();
            told(&self.progress);
        }
        self.progress.frontier = frontier.counts();
        let stats = self.writer.finish()?;
        Ok((self.progress, stats))
    }

    fn page(&mut self, page_id: &str, shots: Vec<Shot>) -> Result<Result<(), Drop>, CrawlError> {
        let first = &shots[0].screen;
        let hash = u64::from_str_radix(&first.image.phash, 16).unwrap_or(0);
        let fingerprint = Fingerprint::new(page_id, hash, &text_of(first));
        if let Some(double) = self.seen.admit(fingerprint)? {
            return Ok(Err(Drop::new("near_duplicate", format!("of page {double}"))));
        }
        let site = first.site.clone();
        let mut rows = Vec::new();
        for shot in shots {
            self.progress.codes += u64::from(!shot.screen.html.is_empty());
            if let Some(Err(drop)) = &shot.draft {
                *self.progress.codes_dropped.entry(drop.reason.to_owned()).or_default() += 1;
            }
            // Views may be sent to different hosts; a page is on one side of the split all the same.
            let mut screen = Screen { site: site.clone(), ..shot.screen };
            if let Some(hit) = self.sets.of_screen(&screen) {
                self.note_hit(&screen, &hit)?;
                continue;
            }
            for hit in self.sets.clean(&mut screen) {
                self.note_hit(&screen, &hit)?;
            }
            rows.push((screen, shot.image));
        }
        if rows.is_empty() {
            return Ok(Err(Drop::new("contaminated", "every screen is in an evaluation set")));
        }
        self.progress.pages += 1;
        self.progress.screens += rows.len() as u64;
        self.progress.questions += rows.iter().map(|(screen, _)| screen.questions.len() as u64).sum::<u64>();
        self.writer.add_page(page_id, rows)?;
        Ok(Ok(()))
    }

    fn note_hit(&self, screen: &Screen, hit: &crate::filter::Hit) -> Result<(), CrawlError> {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&self.hits)?;
        let line = serde_json::json!({
            "screen_id": screen.screen_id, "url": screen.url, "kind": hit.kind, "set": hit.file, "detail": hit.detail,
        });
        writeln!(file, "{line}")?;
        Ok(())
    }
}
