use std::sync::Arc;

use glim_tasks::{Suite, TaskFamily};

use super::*;
use crate::evaluate::Evaluation;
use crate::policy::{Policy, Scripted};
use crate::rollout::fake::{FakeFamily, FakePolicy, FakeWorlds, Fault, rollout};
use crate::rollout::{Finished, Stop};
use crate::store::{self, RunRecord, Store};
use crate::{Agent, Dialect};

const HOSTILE: &str = "</script></style></pre></title>--><img src=x onerror=alert(1)>\"'`${alert(2)}{{ 7*7 }}";

/// A run of four seeds each. Seed 1 is void, but for an agent that mumbles and so never steps.
async fn run(folder: &Path, names: &[&str], policy: Arc<dyn Policy>, first_seed: u64) {
    let families = names.iter().map(|name| FakeFamily::new(name) as Arc<dyn TaskFamily>).collect();
    let evaluation = Evaluation {
        out: folder.to_owned(),
        suites: vec![Suite { name: "fake".into(), families }],
        episodes: 4,
        first_seed,
        judge: None,
        commit: None,
        conditions: [("viewport".to_owned(), HOSTILE.into())].into_iter().collect(),
    };
    let worlds = FakeWorlds { faults: [(1, (Fault::Dies, 99))].into(), ..FakeWorlds::default() };
    let mut rollout = rollout(worlds, 2);
    rollout.agent = Agent::new(policy, Dialect::Web);
    evaluation.run(&rollout, Arc::new(()), &Stop::default()).await.unwrap();
}

/// Changes a finished episode of a run.
fn revise(run: &Path, task: &str, seed: u64, change: impl FnOnce(&mut Finished)) {
    let folder = store::episode_folder(run, task, glim_env::Seed(seed));
    let mut finished = store::read(&folder).unwrap().finished;
    change(&mut finished);
    std::fs::remove_dir_all(&folder).unwrap();
    Store::open(run, RunRecord::read(run).unwrap()).unwrap().write(&finished).unwrap();
}

const NAMES: [&str; 6] = ["solve", "miss", "mumble", "judged", "give-up", HOSTILE];

struct Runs {
    folder: tempfile::TempDir,
    comparison: Comparison,
}

/// An agent that mumbles and gives up, and one that knows the way: both with what is void and what is undecided. One
/// instance was solved before alone.
async fn runs() -> Runs {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("be#fore"), folder.path().join("after"));
    run(&before, &NAMES, Arc::new(FakePolicy), 0).await;
    run(&after, &NAMES, Arc::new(Scripted), 0).await;
    revise(&after, "fake/solve", 2, |finished| {
        finished.verdict.score = 0.0;
        finished.verdict.reason = HOSTILE.into();
        finished.episode.turns[0].completion.text = HOSTILE.into();
        finished.episode.turns[0].outcome = glim_env::Outcome::rejected(HOSTILE);
    });
    let side = |label: &str, run: &Path| Side { label: label.into(), run: run.to_owned() };
    let comparison =
        Comparison { sides: vec![side("untrained", &before), side("trained", &after)], ..Comparison::default() };
    Runs { folder, comparison }
}

#[tokio::test]
async fn pairs_are_counted_as_by_hand() {
    let Runs { comparison, folder: _folder } = runs().await;
    let contrast = comparison.count().unwrap();
    assert_eq!(contrast.shared, 24);
    let count = |run: usize| {
        let totals = &contrast.total.totals[run];
        (totals.successes, totals.episodes, totals.void, totals.undecided)
    };
    // Six families of four seeds. Before: seeds 0, 2 and 3 of `solve`, `miss` and the hostile one are solved and seed 1 of
    // them is void; `mumble` and `give-up` fail. After: all that is decided is solved but the one that was revised.
    let before = count(0);
    assert_eq!(before, (9, 17, 4, 3));
    assert_eq!(count(1), (14, 15, 6, 3));
    let pairs = contrast.total.pairs;
    assert_eq!(pairs, Pairs { gained: 6, lost: 1, both: 8, neither: 0 });
    // Seven changed, one the other way: 2 (1 + 7) / 128.
    assert!((pairs.p_value() - 0.125).abs() < 1e-12);
    assert!((contrast.total.change.unwrap() - (14.0 / 15.0 - 9.0 / 17.0)).abs() < 1e-12);
    assert_eq!(contrast.overlap(), Some(true));
    let order: Vec<&str> = contrast.families.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(order[..3], ["fake/mumble", "fake/give-up", "fake/solve"]);
    assert_eq!(order[5], "fake/judged");
    assert_eq!(contrast.families[0].pairs, Pairs { gained: 3, ..Pairs::default() });
    assert_eq!(contrast.differences, [("agent".to_owned(), vec!["fake".to_owned(), "scripted".to_owned()])]);
}

#[tokio::test]
async fn the_page_shows_all_of_a_comparison() {
    let Runs { folder, mut comparison } = runs().await;
    super::super::write(&comparison.sides[0].run).unwrap();
    comparison.facts = vec![("trained for".into(), "40 minutes".into())];
    comparison.figures =
        vec![Figure { title: "Loss".into(), note: "by step".into(), svg: "<svg id=\"ours\"></svg>".into() }];
    let path = comparison.write(folder.path()).unwrap();
    assert_eq!(path, folder.path().join(FILE));
    let page = std::fs::read_to_string(&path).unwrap();
    let shown = page.replace("&#x2f;", "/");
    for part in [
        "untrained → trained",
        "trained for 40 minutes",
        "<svg id=\"ours\"></svg>",
        "24 episodes of 6 tasks",
        "+40.4</span> <small>points",
        "The 95 % intervals overlap.",
        "15 pairs of the same task and seed. If neither run were better",
        "in about 13 of 100 comparisons (p = 0.13, exact sign test, two-sided)",
        "9 of 17 · 95 % interval 31",
        ">4 void</span>",
        "Solved by trained, not by untrained <small>6</small>",
        "Solved by untrained, not by trained <small>1</small>",
        "<a href=\"be%23fore/report.html\">untrained</a>",
        "href=\"be%23fore/episodes/fake__mumble/0/000.png\"",
        "<circle class=\"ring\"",
        "let me think about it",
        "data:image/png;base64,",
        "<td data-value=\"scripted\">scripted</td>",
    ] {
        assert!(shown.contains(part), "{part} is missing");
    }
    // A void episode is none that failed: nothing of seed 1 is shown as gained or lost.
    assert!(!page.contains("<span class=\"quiet\">seed 1</span>"));
    // Two of each family: of six that were gained four, and the one that was lost.
    assert_eq!(page.matches("class=\"film\"").count(), 10);
    // Prompts are for the report of the run.
    assert!(!page.contains("<h4>Prompt</h4>"));
    // Writing it again gives the same page.
    assert_eq!(comparison.html(folder.path()).unwrap(), page);
}

#[tokio::test]
async fn what_models_and_pages_say_stays_text() {
    let Runs { folder, mut comparison } = runs().await;
    comparison.title = HOSTILE.into();
    comparison.facts = vec![(HOSTILE.into(), HOSTILE.into())];
    comparison.sides[1].label = HOSTILE.into();
    comparison.figures = vec![Figure { title: HOSTILE.into(), note: HOSTILE.into(), svg: "<svg></svg>".into() }];
    let page = comparison.html(folder.path()).unwrap();
    assert!(!page.contains("<img src=x"), "hostile markup is in the page");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert!(page.contains("{{ 7*7 }}") && !page.contains("alert(2)}49"));
    for tag in ["<script", "</script>", "</style>", "<title>", "</title>"] {
        assert_eq!(page.matches(tag).count(), 1, "{tag}");
    }
    for (at, _) in page.match_indices("<img src=\"") {
        assert!(page[at + 10..].starts_with("data:image/"));
    }
    for load in ["http://", "src=\"http", "<link", "@import", "url("] {
        assert!(!page.contains(load), "{load}");
    }
    let hash = page.split_once("script-src 'sha256-").unwrap().1.split_once('\'').unwrap().0;
    let script = page.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
    use base64::Engine as _;
    let digest = ring::digest::digest(&ring::digest::SHA256, script.as_bytes());
    assert_eq!(hash, base64::engine::general_purpose::STANDARD.encode(digest));
}

#[tokio::test]
async fn a_budget_bounds_the_page_and_losses_keep_their_share() {
    let Runs { folder, mut comparison } = runs().await;
    let mut pages = Vec::new();
    for bytes in [ReportOptions::default().bytes, 70_000, 0] {
        comparison.options = ReportOptions { bytes, ..ReportOptions::default() };
        pages.push(comparison.html(folder.path()).unwrap());
    }
    let films = |page: &str| page.matches("class=\"film\"").count();
    assert!(
        films(&pages[0]) > films(&pages[1]) && films(&pages[1]) > 2 && films(&pages[2]) == 0,
        "{}",
        films(&pages[1])
    );
    assert!(pages[1].contains("shown, some of every task"));
    let lost = pages[1].split_once("Solved by untrained, not by trained").unwrap().1;
    assert_eq!(films(lost), 2);
    // One of each family first.
    comparison.options = ReportOptions { per_task: 1, ..ReportOptions::default() };
    let page = comparison.html(folder.path()).unwrap();
    assert_eq!(films(&page), 6);
    // Of a long episode the middle is left out.
    comparison.options = ReportOptions { turns: 1, ..ReportOptions::default() };
    assert!(comparison.html(folder.path()).unwrap().contains("turns<br>left out"));
}

#[tokio::test]
async fn runs_with_little_in_common_are_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let made = [("a", &["solve", "mumble"][..], 0), ("b", &["mumble"], 2), ("c", &["mumble"], 50), ("d", &["miss"], 0)];
    for (name, families, seed) in made {
        run(&folder.path().join(name), families, Arc::new(FakePolicy), seed).await;
    }
    let of = |names: &[&str]| {
        let side = |name: &&str| Side { label: format!("run {name}"), run: folder.path().join(name) };
        let comparison = Comparison { sides: names.iter().map(side).collect(), ..Comparison::default() };
        let contrast = comparison.count().unwrap();
        let table = Table::new(&contrast, 80).to_string();
        (contrast, table, comparison.html(folder.path()).unwrap())
    };
    // Two seeds of one family are in both.
    let (contrast, table, page) = of(&["a", "b"]);
    assert_eq!((contrast.shared, contrast.total.pairs.count()), (2, 2));
    let said = "Not counted are 6 episodes of run a and 2 episodes of run b, which the other run does not have.";
    assert!(table.contains(said) && page.contains(said), "{table}");
    assert!(
        page.contains("No instance was solved by one and not by the other.") && page.contains("2 episodes of 1 task,")
    );
    assert_eq!(contrast.families.len(), 1);
    // The same family with other seeds, and another family.
    let (contrast, table, page) = of(&["b", "c"]);
    assert_eq!((contrast.shared, contrast.total.change, contrast.overlap()), (0, None, None));
    assert!(
        table.contains("have one task, but no seed of it in common") && page.contains("but no seed of it"),
        "{table}"
    );
    assert!(!page.contains("<th scope=\"col\">Change</th>") && page.contains("versus alone"));
    let (contrast, table, _) = of(&["b", "d"]);
    assert_eq!(contrast.families.len(), 2);
    assert!(table.contains("The runs have no task in common"), "{table}");
    // Three runs: what not all of them have is left out.
    let (contrast, _, page) = of(&["a", "b", "a"]);
    assert_eq!(contrast.shared, 2);
    assert!(page.contains("Change from run a to run a") && page.contains("which not all runs have"));
}

#[tokio::test]
async fn what_makes_a_comparison_doubtful_is_told() {
    let Runs { folder, comparison } = runs().await;
    let after = &comparison.sides[1].run;
    revise(after, "fake/solve", 0, |finished| finished.episode.goal = "something else".into());
    let mut record = RunRecord::read(after).unwrap();
    record.episodes = 5;
    std::fs::write(after.join("run.json"), serde_json::to_vec(&record).unwrap()).unwrap();
    let page = comparison.html(folder.path()).unwrap();
    for words in
        ["1 instance has another goal in one run", "trained is not complete: 6 planned episodes are not finished."]
    {
        assert!(page.contains(words), "{words}");
    }
    let missing = Comparison { sides: vec![comparison.sides[0].clone(); 2], ..Comparison::default() };
    assert!(missing.html(&folder.path().join("none")).is_ok(), "a page can be made for a folder that is not there yet");
    let gone = Side { label: String::new(), run: folder.path().join("gone") };
    let said = Comparison { sides: vec![gone.clone(), gone], ..Comparison::default() }.count().unwrap_err().to_string();
    assert!(said.contains("gone/run.json` could not be read"), "{said}");
}

#[tokio::test]
async fn a_terminal_shows_the_same_in_short() {
    let Runs { comparison, folder: _folder } = runs().await;
    let contrast = comparison.count().unwrap();
    let table = Table::new(&contrast, 80).to_string();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["task", "untrained", "trained", "change", "gained", "lost"]
    );
    assert_eq!(
        lines[1].split_whitespace().collect::<Vec<_>>(),
        ["fake", "9/17", "52.9", "%", "14/15", "93.3", "%", "+40.4", "6", "1"]
    );
    assert!(table.contains("+40.4 points; the 95 % intervals overlap"), "{table}");
    assert!(
        table.contains("15 pairs: 6 gained, 1 lost, 8 solved by both, 0 by neither; p = 0.13 (exact sign test)"),
        "{table}"
    );
    assert!(table.contains("untrained: 4 void, not in any rate") && table.contains("trained: 3 undecided"), "{table}");
    assert!(lines.iter().take(8).all(|line| line.chars().count() <= 80), "{table}");
    assert!(Table::new(&contrast, 120).to_string().contains("31-74"));
}

#[test]
fn a_way_leads_from_one_folder_to_another() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a/b", "a/c/d"] {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    let way = |from: &str, to: &str| relative(&folder.path().join(from), &folder.path().join(to));
    assert_eq!(way("a/b", "a/c/d"), Path::new("../c/d"));
    assert_eq!(way("a", "a/b"), Path::new("b"));
    assert_eq!(way("a/b", "a/b"), Path::new(""));
    assert_eq!(relative(Path::new("nowhere"), Path::new("there")), Path::new("there"));
}
