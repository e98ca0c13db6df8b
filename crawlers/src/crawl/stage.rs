//! Where pages are shown: what all hands of a process share, and a hand with a browser context of its own.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use glim_browser::{Browser, BrowserEnv};
use glim_data::{Row, Screen};
use glim_env::{EnvError, Seed};
use url::Url;

use super::CrawlError;
use super::job::{Answer, Came, Job};
use crate::archive::{ArchiveServer, Replay};
use crate::blocklist::Blocklist;
use crate::filter::{Drop, Filter};
use crate::page::{Ask, Camera, Shot, Shown, Way};
use crate::questions::{self, Elsewhere};
use crate::recipe::CrawlRecipe;
use crate::recipe::looks::ViewRecipe;
use crate::recipe::source::SourceRecipe;
use crate::synthetic::Press;
use crate::synthetic::code::{self, Draft, Proofs};

/// Names of other screens that are remembered for questions about what is not there.
const NAMES: usize = 500;

/// A browser context is put away after this many pages: its renderer has grown by then.
const PAGES_OF_A_CONTEXT: u32 = 40;

/// What all hands share.
pub(super) struct Stage {
    recipe: CrawlRecipe,
    camera: Camera,
    filter: Filter,
    archive: ArchiveServer,
    /// Hosts with servers on this machine.
    routes: BTreeMap<String, SocketAddr>,
    /// What synthetic pages come from, by the names of their sources.
    presses: BTreeMap<String, Arc<Press>>,
    /// Code that is being checked.
    proofs: Arc<Proofs>,
    names: Mutex<VecDeque<(String, &'static str)>>,
}

impl Stage {
    /// With what pages that are not live are loaded from, and the version of the browser that shows them.
    pub(super) async fn open(
        recipe: CrawlRecipe,
        mut replay: Replay,
        browser: String,
    ) -> Result<Arc<Stage>, CrawlError> {
        let mut routes = BTreeMap::new();
        for (host, place) in &recipe.hosts {
            match place.parse() {
                Ok(address) => drop(routes.insert(host.clone(), address)),
                Err(_) => drop(replay.folders.insert(host.clone(), place.into())),
            }
        }
        let mut presses = BTreeMap::new();
        for one in &recipe.sources {
            if let SourceRecipe::SyntheticOcr(ocr) = one {
                let press = Arc::new(Press::open(ocr, &recipe.views)?);
                replay.made.insert(ocr.domain(), press.clone());
                presses.insert(ocr.name.clone(), press);
            }
        }
        let proofs = Arc::new(Proofs::default());
        if recipe.looks.code {
            replay.made.insert(code::HOSTS.to_owned(), proofs.clone());
        }
        let lists = &recipe.blocklists;
        let blocklist = if lists.is_empty() { None } else { Some(Arc::new(Blocklist::load(lists)?)) };
        Ok(Arc::new(Stage {
            camera: Camera {
                looks: recipe.looks.clone(),
                encoding: recipe.encoding(),
                blocklist,
                browser,
                seed: Seed(recipe.seed).derive("page"),
                code: recipe.looks.code.then(|| recipe.code.clone()),
            },
            filter: Filter::new(recipe.filter.clone())?,
            archive: ArchiveServer::start(replay).await?,
            routes,
            presses,
            proofs,
            names: Mutex::default(),
            recipe,
        }))
    }

    /// The shots with their questions.
    fn asked(&self, mut shots: Vec<Shot>) -> Vec<Shot> {
        let elsewhere: Vec<_> = self.names().iter().cloned().collect();
        for shot in &mut shots {
            let counts = &self.recipe.questions;
            let asked =
                questions::ask(&shot.screen, &shot.others, &Elsewhere(&elsewhere), counts, Seed(self.recipe.seed));
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

    fn names(&self) -> MutexGuard<'_, VecDeque<(String, &'static str)>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows one page after the other.
pub(super) struct Hand {
    stage: Arc<Stage>,
    browser: Arc<Browser>,
    env: Option<BrowserEnv>,
    /// Where code is checked, so that pages need not be loaded again.
    proof_env: Option<BrowserEnv>,
    shown: u32,
}

impl Hand {
    pub(super) fn new(stage: Arc<Stage>, browser: Arc<Browser>) -> Hand {
        Hand { stage, browser, env: None, proof_env: None, shown: 0 }
    }

    /// Shows a page in all views. What is wrong with the page is an answer; an error is that of the browser, which cannot
    /// be started.
    pub(super) async fn show(&mut self, job: &Job) -> Result<Answer, CrawlError> {
        let target = job.target();
        let stage = self.stage.clone();
        let ask = Ask {
            url: target.url.to_string(),
            page_id: target.page_id.to_string(),
            way: if target.url.host_str().is_some_and(|host| stage.routes.contains_key(host)) {
                Way::Routes(stage.routes.clone())
            } else if target.is_live() {
                Way::Live { agent: Some(format!("({})", stage.recipe.politeness.user_agent())), also: Vec::new() }
            } else {
                Way::Archive(stage.archive.address())
            },
            source: target.source,
            license: target.license,
        };
        let begun = Instant::now();
        let mut links = Vec::new();
        let mut without_code = Vec::new();
        let came = match self.views(&ask, job.depth, &mut links).await {
            Ok(Ok(shots)) => {
                let reasons = shots.iter().filter_map(|shot| shot.draft.as_ref()?.as_ref().err());
                without_code.extend(reasons.map(|drop| drop.reason.to_string()));
                Came::Rows(shots.into_iter().map(|shot| Row { screen: shot.screen, picture: shot.image }).collect())
            }
            Ok(Err(drop)) => Came::Dropped(drop),
            Err(error @ EnvError::Start { .. }) => return Err(error.into()),
            Err(error) => {
                self.env = None;
                let is_slow = matches!(error, EnvError::Timeout { .. });
                Came::Broken { drop: Drop::new(word_for(&error), error.to_string()), is_slow }
            }
        };
        Ok(Answer { came, links, without_code, took: begun.elapsed() })
    }

    async fn views(
        &mut self,
        ask: &Ask,
        depth: u32,
        links: &mut Vec<Url>,
    ) -> Result<Result<Vec<Shot>, Drop>, EnvError> {
        let stage = self.stage.clone();
        let is_made = ask.source.kind == "synthetic";
        if let Some(press) = stage.presses.get(&ask.source.archive).filter(|_| is_made) {
            return Ok(match press.show(&stage.camera, self.env(), ask).await? {
                Shown::Shots(shots) => Ok(shots),
                Shown::Dropped(drop) => Err(drop),
            });
        }
        let mut all = Vec::new();
        for (nth, view) in stage.recipe.views.iter().enumerate() {
            let env = self.env();
            let judge = |screen: &Screen, picture: &crate::picture::Picture| stage.filter.drops(screen, picture);
            match stage.camera.show(env, ask, view, judge).await? {
                Shown::Shots(shots) => all.extend(shots),
                // What the first view drops is dropped; another view may be worth less and is left out.
                Shown::Dropped(drop) if nth == 0 => return Ok(Err(drop)),
                Shown::Dropped(_) => continue,
            }
            if nth == 0 && depth < stage.recipe.frontier.link_depth {
                let found = env.document().await?.links;
                links.extend(found.iter().filter_map(|link| Url::parse(link).ok()));
            }
        }
        let mut asked = stage.asked(all);
        for shot in &mut asked {
            if let Some(Ok(draft)) = shot.draft.take_if(|draft| draft.is_ok()) {
                shot.draft = self.proof(shot, draft).await.err().map(Err);
            }
        }
        Ok(Ok(asked))
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
            if let Some(list) = &self.stage.camera.blocklist {
                env.set_filter(Some(list.clone()));
            }
            env
        })
    }

    /// Keeps code that gives the page that it is of.
    async fn proof(&mut self, shot: &mut Shot, draft: Draft) -> Result<(), Drop> {
        let stage = self.stage.clone();
        let named = |view: &&ViewRecipe| view.name == shot.screen.view.name;
        let Some(view) = stage.recipe.views.iter().find(named) else { return Ok(()) };
        let env = self.proof_env.get_or_insert_with(|| {
            let mut env = self.browser.env();
            env.set_reads_text(true);
            env
        });
        let server = stage.archive.address();
        let limit = Duration::from_secs(stage.recipe.looks.page_seconds);
        let checking = stage.proofs.check(server, &stage.camera, env, &stage.recipe.code, view, shot, draft);
        let reason = match tokio::time::timeout(limit, checking).await {
            Ok(Ok(checked)) => return checked.map(drop),
            Ok(Err(broke)) => broke.to_string(),
            Err(late) => late.to_string(),
        };
        // The page itself is none the worse for it.
        self.proof_env = None;
        Err(Drop::new("code_not_shown", reason))
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
