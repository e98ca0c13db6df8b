//! An agent evaluated on real pages in real Chromium: several episodes at once, recorded, shown, killed and resumed.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glim_agent::evaluate::{EpisodeResult, Evaluated, Evaluation, Results, Status};
use glim_agent::policy::{Policy, Random, Scripted};
use glim_agent::rollout::{Event, Limits, Observer, Rollout, Stop, Void, Worlds};
use glim_agent::{Agent, Dialect, report, store};
use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_env::{EnvError, Seed};
use glim_tasks::{Suite, pages};

/// Families that need one step, several steps and scrolling.
const FAMILIES: usize = 3;

/// Where a process that is to be killed evaluates into.
const INTO: &str = "GLIM_TEST_EVALUATE_INTO";

/// Contexts of one browser.
struct Contexts(Arc<Browser>);

impl Worlds for Contexts {
    type Env = BrowserEnv;

    async fn open(&self) -> Result<BrowserEnv, EnvError> {
        Ok(self.0.env())
    }
}

fn some_pages() -> Suite {
    let mut suite = pages::start().unwrap_or_else(|error| panic!("{error}"));
    suite.families.truncate(FAMILIES);
    suite
}

fn rollout(policy: Arc<dyn Policy>) -> Rollout<Contexts> {
    Rollout {
        worlds: Arc::new(Contexts(Browser::new(BrowserConfig::default()))),
        agent: Agent::new(policy, Dialect::Web),
        judge: None,
        limits: Limits::default(),
        concurrency: 4,
    }
}

fn evaluation(out: &Path, episodes: u64) -> Evaluation {
    Evaluation {
        out: out.to_owned(),
        suites: vec![some_pages()],
        episodes,
        first_seed: 0,
        judge: None,
        commit: None,
        conditions: serde_json::Map::new(),
    }
}

async fn evaluate(out: &Path, episodes: u64, policy: Arc<dyn Policy>) -> Evaluated {
    let stop = Stop::default();
    let evaluated = evaluation(out, episodes).run(&rollout(policy), Arc::new(()), &stop).await;
    evaluated.unwrap_or_else(|error| panic!("{error}"))
}

/// What of the results does not depend on the clock.
fn essence(results: &Results) -> Vec<String> {
    let line = |episode: &EpisodeResult| {
        let EpisodeResult { task, seed, goal, score, status, end, turns, .. } = episode;
        format!("{task} {seed} {goal:?} {score:?} {status:?} {end:?} {turns}")
    };
    results.episodes.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scripted_agent_succeeds_and_the_random_one_does_not() {
    let (scripted, random) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let best = evaluate(scripted.path(), 4, Arc::new(Scripted)).await.results;
    assert!(best.complete && best.episodes.len() == FAMILIES * 4);
    for episode in &best.episodes {
        assert!(episode.success, "{episode:?}");
        assert!(episode.env_ms > episode.reset_ms && episode.turns > 0, "{episode:?}");
    }

    let worst = evaluate(random.path(), 4, Arc::new(Random)).await.results;
    assert!(worst.total.successes * 4 <= worst.total.episodes, "{:?}", worst.total);
    assert_eq!((worst.total.void, worst.total.undecided), (0, 0));

    // What is recorded is enough to judge again, without a browser.
    for (run, results) in [(&scripted, &best), (&random, &worst)] {
        let suite = some_pages();
        for folder in store::episodes(run.path()).unwrap() {
            let stored = store::read(&folder).unwrap_or_else(|error| panic!("{error}"));
            let episode = &stored.finished.episode;
            let family = suite.families.iter().find(|family| family.name() == episode.task).unwrap();
            let again = store::judge_again(&stored, &*family.instantiate(episode.seed));
            assert_eq!(again, stored.finished.verdict, "{}", folder.display());
            assert!(stored.screenshots.iter().all(Option::is_some));
        }
        let page = std::fs::read_to_string(report::write(run.path()).unwrap()).unwrap();
        assert!(page.matches("data:image/").count() >= results.episodes.len(), "each episode has a picture");
    }
}

/// Not a test by itself: what the next one kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_to_be_killed() {
    let Some(out) = std::env::var_os(INTO) else { return };
    evaluate(Path::new(&out), 6, Arc::new(Scripted)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_again_and_again_gives_the_results_of_one_that_was_not() {
    let whole = tempfile::tempdir().unwrap();
    let reference = essence(&evaluate(whole.path(), 6, Arc::new(Scripted)).await.results);

    let killed = tempfile::tempdir().unwrap();
    let mut moments = Seed(std::process::id().into()).generator();
    let mut kept = Vec::new();
    let mut cut_short = 0;
    for _ in 0..4 {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "evaluation::a_process_to_be_killed", "--nocapture"])
            .env(INTO, killed.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // At a random moment after the next episode, or after the one that follows, and so on.
        let enough = kept.len() + 1 + moments.below(4);
        let recorded = async {
            while store::episodes(killed.path()).unwrap().len() < enough {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(moments.below(60) as u64)).await;
        };
        tokio::select! {
            () = recorded => {
                child.kill().await.unwrap();
                cut_short += 1;
            }
            status = child.wait() => assert!(status.unwrap().success()),
        }
        let now = store::episodes(killed.path()).unwrap();
        assert!(kept.iter().all(|episode| now.contains(episode)), "an episode was lost");
        for episode in &now {
            store::read(episode).unwrap_or_else(|error| panic!("{error}"));
        }
        kept = now;
    }
    assert!(cut_short > 0, "no process was killed in time");
    let resumed = evaluate(killed.path(), 6, Arc::new(Scripted)).await;
    assert_eq!(essence(&resumed.results), reference);
    assert_eq!((resumed.resumed, resumed.tally.finished), (kept.len(), FAMILIES * 6 - kept.len()));
}

/// Kills the browser once, in the middle of an episode.
struct Killer {
    browser: Arc<Browser>,
    turns: AtomicUsize,
    voids: Mutex<Vec<Void>>,
}

impl Observer for Killer {
    fn on(&self, event: &Event<'_>) {
        match event {
            Event::Turn { .. } if self.turns.fetch_add(1, Ordering::SeqCst) == 3 => {
                let browser = self.browser.clone();
                tokio::spawn(async move {
                    let pid = browser.pid().await.expect("the browser runs").to_string();
                    let kill = tokio::process::Command::new("kill").args(["-9", &pid]).status().await;
                    assert!(kill.unwrap().success());
                });
            }
            Event::Void(void) => self.voids.lock().unwrap().push((*void).clone()),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_browser_makes_episodes_void_and_none_of_them_zero() {
    let folder = tempfile::tempdir().unwrap();
    let rollout = rollout(Arc::new(Scripted));
    let browser = rollout.worlds.0.clone();
    let killer = Arc::new(Killer { browser, turns: AtomicUsize::new(0), voids: Mutex::default() });
    let run = evaluation(folder.path(), 4).run(&rollout, killer.clone(), &Stop::default()).await;
    let Evaluated { results, tally, .. } = run.unwrap_or_else(|error| panic!("{error}"));
    let voids = killer.voids.lock().unwrap().clone();
    assert!(tally.void_attempts > 0 && tally.panics == 0, "{tally:?}");
    assert_eq!(store::voids(folder.path()).unwrap().len(), voids.len());
    assert!(
        voids.iter().all(|void| ["died", "crashed", "protocol", "start"].contains(&void.kind.as_str())),
        "{voids:?}"
    );
    assert!(results.complete);
    for episode in &results.episodes {
        assert!(episode.success && episode.status == Status::Done, "{episode:?} of {voids:?}");
    }
}
