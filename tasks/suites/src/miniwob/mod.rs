//! MiniWoB++ (Shi et al., 2017; Liu et al., 2018; Farama Foundation): the pages of the Python package `miniwob` 1.1.0,
//! unmodified, from a folder that the user names.
//!
//! A page makes up its own goal and reward; we load it, seed it, begin and ask. Seed `s` is `Math.seedrandom(s)`, as in
//! the package, so that equal seeds give the package's own instances. BrowserGym draws the page's seed from its own:
//! its seed `s` is our seed `numpy.random.RandomState(s).randint(0, 1000000)`. Data mode is the package's `train`.
//!
//! **How we differ** from the package and from BrowserGym:
//! - An episode has no time limit unless [`suite_with_time_limits`] is asked for, and time is that of the page, which
//!   passes only while the environment settles or waits: thinking costs nothing. The decayed reward falls over the
//!   page's own limit (10 to 60 s) in both cases.
//! - The score is the raw reward, at least 0; success is the full raw reward of 1, which the package calls its binary
//!   reward. BrowserGym counts any raw reward above 0 as success. Pages that ask for a place, an angle or a colour
//!   (`circle-center`, `use-colorwheel`) pay by distance, and seldom pay in full; [`Verdict::details`] holds the raw
//!   reward, to set another threshold.
//! - The query strip stays visible, as in the package; BrowserGym empties it, by which the goal of `use-colorwheel-2`
//!   gains a colour code, and it ends an episode when a page's address gains a `#`. The agent sees the task area of 160x210
//!   pixels (375x667 for the flight pages), which shows neither score nor clock; the page is laid out in the package's
//!   larger window, because menus and dialogs look at the window's size.
//! - A page that keeps something of an earlier episode is loaded again at each reset (`catalog.rs` lists them).
//!
//! **Which pages.** All that can be ended: the 128 tasks that the package registers (125 of them, tagged `browsergym`,
//! are those of BrowserGym, the other 3 are tagged `flight`), and 5 pages that it ships unregistered, tagged so:
//! `button-delay`, `chase-circle`, `moving-items` and `simon-says`, which move on the clock, and
//! `flight.Alaska-auto-medium`. No task is `hover-shape`, which never ends and never pays: its reward is a TODO.

mod catalog;
mod folder;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use glim_env::{Action, Episode, Evidence, Query, Seed, StartState, Viewport, WebStart};
use serde_json::Value;

pub use folder::FolderError;

use crate::{
    Backend, BackendError, Goal, PageServer, PageServerError, Situation, Stage, StageError, Suite, Task, TaskFamily,
    Verdict, wob,
};

/// The host that answers for the pages.
const HOST: &str = "miniwob.test";

/// Task area and window of the package's `constants.py`, in CSS pixels.
const AREA: Viewport = Viewport::new(160, 210);
const WINDOW: (u32, u32) = (500, 320);
const FLIGHT_AREA: Viewport = Viewport::new(375, 667);
const FLIGHT_WINDOW: (u32, u32) = (600, 800);

/// One task family for each page in `root`, which may be the package's folder, `html` in it, or `html/miniwob`.
/// Episodes have no time limit.
///
/// # Errors
/// If the pages are not there; the error says how to get them.
pub fn suite(root: &Path) -> Result<Suite, FolderError> {
    open(root, TimeLimit::Off)
}

/// Like [`suite`], but an episode is over with a raw reward of -1 when the page's own limit has passed in page time.
///
/// # Errors
/// If the pages are not there; the error says how to get them.
pub fn suite_with_time_limits(root: &Path) -> Result<Suite, FolderError> {
    open(root, TimeLimit::Page)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeLimit {
    Off,
    Page,
}

fn open(root: &Path, time_limit: TimeLimit) -> Result<Suite, FolderError> {
    let html = folder::find(root)?;
    let pages = folder::pages(&html)?;
    let server = Arc::new(SharedServer { html, running: Mutex::default() });
    let families = pages
        .into_iter()
        .map(|page| {
            let name = format!("miniwob/{}", page.name);
            Arc::new(Family { name, page: Arc::new(page), time_limit, server: server.clone() }) as Arc<dyn TaskFamily>
        })
        .collect();
    Ok(Suite { name: "miniwob".to_owned(), families })
}

/// A page that can be begun.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    /// As the package names it: `click-test`, `flight.AA`.
    name: String,
    /// Below the folder `html`: `miniwob/click-test.html`.
    path: String,
}

impl Page {
    fn is_flight(&self) -> bool {
        self.name.starts_with("flight.")
    }
}

struct Family {
    name: String,
    page: Arc<Page>,
    time_limit: TimeLimit,
    server: Arc<SharedServer>,
}

impl TaskFamily for Family {
    fn name(&self) -> &str {
        &self.name
    }

    fn instantiate(&self, seed: Seed) -> Arc<dyn Task> {
        let (page, time_limit, server) = (self.page.clone(), self.time_limit, self.server.clone());
        Arc::new(Instance { name: self.name.clone(), page, seed, time_limit, server })
    }
}

struct Instance {
    name: String,
    page: Arc<Page>,
    seed: Seed,
    time_limit: TimeLimit,
    server: Arc<SharedServer>,
}

impl Task for Instance {
    fn goal(&self) -> Goal {
        wob::goal()
    }

    fn stage(&self) -> Result<Stage, StageError> {
        let server =
            self.server.get().map_err(|error| StageError { task: self.name.clone(), reason: error.to_string() })?;
        let start = start(&self.page, self.seed, self.time_limit).route(HOST, server.addr());
        Ok(Stage { start: StartState::Web(start), backend: Some(Box::new(Pages(server))) })
    }

    fn queries(&self, _episode: &Episode) -> Vec<Query> {
        wob::queries()
    }

    fn judge(&self, _episode: &Episode, evidence: &[Evidence]) -> Verdict {
        judge(evidence)
    }

    fn solve(&self, _situation: &Situation<'_>) -> Option<Action> {
        None
    }

    fn is_over(&self, signal: &Value) -> bool {
        wob::is_over(signal)
    }

    fn tags(&self) -> Vec<String> {
        catalog::tags(&self.page.name)
    }
}

/// Where an episode begins; the route to the server is the caller's to add.
fn start(page: &Page, seed: Seed, time_limit: TimeLimit) -> WebStart {
    let (area, window) = if page.is_flight() { (FLIGHT_AREA, FLIGHT_WINDOW) } else { (AREA, WINDOW) };
    WebStart {
        window: Some(window),
        begin: Some(begin(seed, time_limit)),
        reload: catalog::keeps_state(&page.name),
        ..wob::start(&format!("http://{HOST}/{}", page.path), area, seed, wob::NO_TIME_LIMIT_MS)
    }
}

/// The reset of the package's `selenium_instance.py`, in its order: stop what runs, seed, set the data mode, begin.
///
/// The focus of the episode before is dropped first, which a page that was just loaded does not have. Without a time
/// limit the page's timer is stopped but not forgotten, since an episode without one could not be ended.
fn begin(seed: Seed, time_limit: TimeLimit) -> String {
    let untimed = match time_limit {
        TimeLimit::Off => " clearTimeout(core.EP_TIMER);",
        TimeLimit::Page => "",
    };
    // An arrow function, because the environment takes one expression.
    format!(
        "(() => {{ if (core.ept0 !== null && document.activeElement) document.activeElement.blur(); \
         core.endEpisode(0); Math.seedrandom({seed}); core.setDataMode('train'); \
         core.startEpisodeReal();{untimed} }})()"
    )
}

/// The page's own raw reward as the score, 0 where it is below.
fn judge(evidence: &[Evidence]) -> Verdict {
    let mut verdict = wob::judge(evidence);
    let raw = verdict.details.get("raw_reward").and_then(Value::as_f64);
    let done = verdict.details.get("done").is_some_and(wob::is_over);
    if let (Some(raw), true, false) = (raw, done, verdict.undecided) {
        verdict.score = raw.clamp(0.0, 1.0);
    }
    verdict
}

/// One server for all episodes of a suite, running while any of them does: the address of a page stays the same, so
/// that the next episode can begin in the page of the last.
#[derive(Debug)]
struct SharedServer {
    html: PathBuf,
    running: Mutex<Weak<PageServer>>,
}

impl SharedServer {
    fn get(&self) -> Result<Arc<PageServer>, PageServerError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = running.upgrade() {
            return Ok(server);
        }
        let server = Arc::new(PageServer::folder(self.html.clone())?);
        *running = Arc::downgrade(&server);
        Ok(server)
    }
}

/// Holds the server for one episode; the pages answer for themselves.
struct Pages(Arc<PageServer>);

impl Backend for Pages {
    fn probe(&mut self, query: &str) -> Result<Value, BackendError> {
        let reason = format!("the pages at {} have no backend", self.0.addr());
        Err(BackendError { query: query.to_owned(), reason })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(name: &str) -> Page {
        Page { name: name.to_owned(), path: format!("miniwob/{name}.html") }
    }

    #[test]
    fn a_page_is_begun_as_its_package_does() {
        let start = start(&page("click-test"), Seed(7), TimeLimit::Page);
        let begin = start.begin.unwrap();
        assert!(
            begin.contains(
                "core.endEpisode(0); Math.seedrandom(7); core.setDataMode('train'); core.startEpisodeReal(); }"
            ),
            "{begin}"
        );
        assert_eq!(start.url, "http://miniwob.test/miniwob/click-test.html");
        assert_eq!((start.viewport, start.window), (Some(Viewport::new(160, 210)), Some((500, 320))));
        assert_eq!(start.ready.as_deref(), Some("WOB_TASK_READY === true"));
    }

    #[test]
    fn without_a_time_limit_only_the_timer_is_stopped() {
        let untimed = begin(Seed(u64::MAX), TimeLimit::Off);
        assert!(untimed.contains("Math.seedrandom(18446744073709551615);"), "the seed is written out: {untimed}");
        assert!(untimed.contains("core.startEpisodeReal(); clearTimeout(core.EP_TIMER);"), "{untimed}");
        assert!(!untimed.contains("EPISODE_MAX_TIME"), "the reward decays over the page's own limit: {untimed}");
    }

    #[test]
    fn flight_pages_have_their_own_size() {
        let flight = Page { name: "flight.AA".to_owned(), path: "flight/AA/wrapper.html".to_owned() };
        let start = start(&flight, Seed(0), TimeLimit::Off);
        assert_eq!((start.viewport, start.window), (Some(FLIGHT_AREA), Some(FLIGHT_WINDOW)));
        assert_eq!(start.url, "http://miniwob.test/flight/AA/wrapper.html");
    }

    #[test]
    fn the_score_is_the_raw_reward_and_only_the_full_one_is_success() {
        let verdict = |done: bool, raw: f64| {
            let value = json!({"done": done, "raw_reward": raw, "decayed_reward": raw / 2.0, "reason": null});
            judge(&[Evidence { query: wob::queries().remove(0), value }])
        };
        for (done, raw, score) in
            [(true, 1.0, 1.0), (true, 0.75, 0.75), (true, -1.0, 0.0), (true, 0.0, 0.0), (false, 0.5, 0.0)]
        {
            let verdict = verdict(done, raw);
            assert_eq!((verdict.score, verdict.is_success()), (score, score >= 1.0), "{verdict:?}");
            assert_eq!(verdict.details["raw_reward"], json!(raw));
            assert_eq!(verdict.details["decayed_reward"], json!(raw / 2.0));
        }
        assert!(judge(&[]).undecided);
    }
}
