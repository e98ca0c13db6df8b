use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use glim_env::Notice;
use glim_tasks::Suite;

use super::*;
use crate::evaluate::Evaluation;
use crate::rollout::fake::{FakeFamily, FakeWorlds, Fault, rollout};
use crate::rollout::{Finished, Stop};
use crate::store;

const HOSTILE: &str = "</script></style></pre></title>--><img src=x onerror=alert(1)>\"'`${alert(2)}{{ 7*7 }}";

/// A run with every kind of outcome, and hostile words in all places where a model or a page can put them.
async fn run() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names = ["solve", "miss", "mumble", "judged", "give-up", HOSTILE];
    let families = names.iter().map(|name| FakeFamily::new(name) as Arc<dyn glim_tasks::TaskFamily>).collect();
    let evaluation = Evaluation {
        out: folder.path().to_owned(),
        suites: vec![Suite { name: "fake".into(), families }],
        episodes: 4,
        first_seed: 0,
        judge: Some(HOSTILE.into()),
        commit: Some("0123456789abcdef".into()),
        conditions: [("viewport".to_owned(), HOSTILE.into())].into_iter().collect(),
    };
    let worlds = FakeWorlds { faults: [(1, (Fault::Dies, 99)), (2, (Fault::Dies, 1))].into(), ..FakeWorlds::default() };
    evaluation.run(&rollout(worlds, 2), Arc::new(()), &Stop::default()).await.unwrap();
    poison(folder.path());
    folder
}

/// Rewrites one episode with hostile words.
fn poison(run: &Path) {
    let folder = store::episode_folder(run, "fake/miss", glim_env::Seed(0));
    let mut finished: Finished = store::read(&folder).unwrap().finished;
    finished.episode.goal = HOSTILE.into();
    finished.verdict.reason = HOSTILE.into();
    finished.verdict.details.insert(HOSTILE.into(), HOSTILE.into());
    finished.verdict = finished.verdict.labelled(&[format!("kind={HOSTILE}")]).measured(&[(HOSTILE, 0.125)]);
    let turn = &mut finished.episode.turns[0];
    (turn.prompt, turn.completion.text) = (HOSTILE.into(), HOSTILE.into());
    turn.outcome = glim_env::Outcome::rejected(HOSTILE);
    turn.observation.title = HOSTILE.into();
    turn.observation.url = HOSTILE.into();
    turn.observation.elements[0].name = HOSTILE.into();
    turn.observation.notices.push(Notice::Blocked { url: HOSTILE.into(), reason: HOSTILE.into() });
    turn.observation.settled = false;
    finished.episode.end = Some(glim_env::End::Fail { reason: HOSTILE.into() });
    std::fs::remove_dir_all(&folder).unwrap();
    let record = RunRecord::read(run).unwrap();
    store::Store::open(run, record).unwrap().write(&finished).unwrap();
}

#[tokio::test]
async fn the_page_shows_every_kind_of_outcome() {
    let folder = run().await;
    let path = write(folder.path()).unwrap();
    let page = std::fs::read_to_string(path).unwrap();
    for state in ["success", "failure", "undecided", "void"] {
        assert!(page.contains(&format!(r#"data-state="{state}""#)), "no episode is {state}");
    }
    for part in [
        "<circle class=\"ring\"",
        "<rect class=\"box\"",
        "data:image/png;base64,",
        "By label",
        "12.5 %",
        "replies in a row could not be read",
        "died: the fake died",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    // Writing it again gives the same page.
    assert_eq!(html(folder.path(), &ReportOptions::default()).unwrap(), page);
}

#[tokio::test]
async fn what_models_and_pages_say_stays_text() {
    let folder = run().await;
    let page = html(folder.path(), &ReportOptions::default()).unwrap();
    assert!(!page.contains("<img src=x"), "hostile markup is in the page");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert!(page.contains("{{ 7*7 }}") && !page.contains("alert(2)}49"));
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert_eq!(page.matches("</style>").count(), 1);
    // Every picture lies inside, and nothing is loaded from elsewhere.
    let sources: HashSet<&str> = page.split("<img src=\"").skip(1).map(|rest| &rest[..10]).collect();
    assert_eq!(sources, HashSet::from(["data:image"]));
    for load in ["http://", "src=\"http", "<link", "@import", "url("] {
        assert!(!page.contains(load), "{load}");
    }
}

#[tokio::test]
async fn a_budget_bounds_the_page_and_it_says_so() {
    let folder = run().await;
    let all = html(folder.path(), &ReportOptions::default()).unwrap();
    let few = html(folder.path(), &ReportOptions { bytes: 30_000, ..ReportOptions::default() }).unwrap();
    let none = html(folder.path(), &ReportOptions { bytes: 0, ..ReportOptions::default() }).unwrap();
    let films = |page: &str| page.matches("class=\"film\"").count();
    assert!(films(&all) > films(&few) && films(&few) > films(&none) && films(&none) == 0);
    assert!(few.len() < all.len() && none.contains("are told in words only"));
    let one = html(folder.path(), &ReportOptions { per_task: 1, ..ReportOptions::default() }).unwrap();
    assert_eq!(films(&one), 6);
    let short = html(folder.path(), &ReportOptions { turns: 2, ..ReportOptions::default() }).unwrap();
    assert!(short.contains("turns<br>left out"));
}
