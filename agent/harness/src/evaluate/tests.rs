use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glim_tasks::{Items, Suite, Task, TaskFamily};
use serde_json::Map;

use super::*;
use crate::rollout::fake::{FakeFamily, FakeWorlds, Fault, rollout};
use crate::rollout::{Event, Rollout};
use crate::store::Disk;

const BEHAVIOURS: [&str; 4] = ["solve", "miss", "mumble", "give-up"];

fn evaluation(out: &Path, behaviours: &[&str], episodes: u64) -> Evaluation {
    let families = behaviours.iter().map(|behaviour| FakeFamily::new(behaviour) as Arc<dyn TaskFamily>).collect();
    Evaluation {
        out: out.to_owned(),
        suites: vec![Suite { name: "fake".into(), families }],
        episodes,
        first_seed: 100,
        judge: None,
        commit: None,
        conditions: Map::new(),
    }
}

/// Seed 101 never plays, seed 100 plays at the second attempt.
fn unlucky() -> Rollout<FakeWorlds> {
    let faults = [(101, (Fault::Dies, 99)), (100, (Fault::Dies, 1))].into();
    rollout(FakeWorlds { faults, ..FakeWorlds::default() }, 3)
}

/// What of the results does not depend on the clock or on how often the run was interrupted.
fn essence(results: &Results) -> Vec<String> {
    let line = |episode: &EpisodeResult| {
        let EpisodeResult { task, seed, score, status, end, turns, .. } = episode;
        format!("{task} {seed} {score:?} {status:?} {end:?} {turns}")
    };
    results.episodes.iter().map(line).collect()
}

/// Notes which episodes are played to their end.
#[derive(Default)]
struct Watch(Mutex<Vec<(String, u64)>>);

impl Observer for Watch {
    fn on(&self, event: &Event<'_>) {
        if let Event::Finished(finished) = event {
            self.0.lock().unwrap().push((finished.episode.task.clone(), finished.episode.seed.0));
        }
    }
}

#[tokio::test]
async fn an_evaluation_counts_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let run = evaluation(folder.path(), &["solve", "mumble", "judged"], 3);
    let Evaluated { results, tally, resumed } = run.run(&unlucky(), Arc::new(()), &Stop::default()).await.unwrap();
    assert_eq!((resumed, tally.finished, tally.unfinished), (0, 7, 0));
    assert!(results.complete);

    let Totals { episodes, successes, void, undecided, truncated, .. } = results.total;
    // Seed 101 is void in `solve` and `judged`; in `mumble` nobody ever steps, so it is played.
    assert_eq!((episodes, successes, void, undecided, truncated), (5, 2, 2, 2, 3));
    assert_eq!(results.total.interval, Some(wilson(2, 5)));
    assert_eq!(results.suites.len(), 1);
    assert_eq!(
        results.tasks.iter().map(|task| task.name.as_str()).collect::<Vec<_>>(),
        ["fake/solve", "fake/mumble", "fake/judged"]
    );
    let void = &results.episodes[1];
    assert_eq!((void.seed, void.status, void.score, void.attempt), (Seed(101), Status::Void, None, 3));
    assert!(void.reason.starts_with("died: "), "{void:?}");
    assert_eq!((results.episodes[0].seed, results.episodes[0].attempt), (Seed(100), 2));
    assert_eq!(read_results(folder.path()).unwrap(), results);

    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join(FILE)).unwrap()).unwrap();
    for key in ["task", "seed", "score", "status", "turns", "env_ms", "policy_ms"] {
        assert!(!file["episodes"][0][key].is_null(), "{key} is missing");
    }
    assert_eq!(file["suites"][0]["name"], "fake");
    assert_eq!(file["suites"][0]["success_rate"], 0.4);
    assert_eq!(file["episodes"][1]["status"], "void");
}

#[tokio::test]
async fn a_power_cut_at_any_write_loses_nothing_and_repeats_nothing() {
    let whole = tempfile::tempdir().unwrap();
    let run = evaluation(whole.path(), &BEHAVIOURS, 3);
    let reference = essence(&run.run(&unlucky(), Arc::new(()), &Stop::default()).await.unwrap().results);

    let mut survived = false;
    for writes in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let run = evaluation(folder.path(), &BEHAVIOURS, 3);
        let first = run.run_on(Disk::dying_after(writes), &unlucky(), Arc::new(()), &Stop::default()).await;
        survived = first.is_ok();
        let kept: BTreeSet<_> = store::episodes(folder.path()).unwrap().into_iter().collect();
        for episode in &kept {
            store::read(episode).unwrap();
        }
        let watch = Arc::new(Watch::default());
        let resumed = run.run(&unlucky(), watch.clone(), &Stop::default()).await.unwrap();
        assert_eq!(essence(&resumed.results), reference, "after {writes} writes");
        assert_eq!(resumed.resumed, kept.len());
        let again = watch.0.lock().unwrap().clone();
        for (task, seed) in again {
            let episode = store::episode_folder(folder.path(), &task, Seed(seed));
            assert!(!kept.contains(&episode), "{episode:?} was played twice");
        }
        let leftovers = walk(folder.path()).into_iter().filter(|path| path.ends_with(".partial"));
        assert_eq!(leftovers.count(), 0);
        if survived {
            break;
        }
        assert!(writes < 1000, "the disk dies too late");
    }
    assert!(survived);
}

fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.display().to_string());
        if path.is_dir() {
            found.extend(walk(&path));
        }
    }
    found
}

#[tokio::test]
async fn a_run_that_was_stopped_says_so_and_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let run = evaluation(folder.path(), &BEHAVIOURS, 3);
    let stop = Stop::default();
    stop.finish();
    let stopped = run.run(&unlucky(), Arc::new(()), &stop).await.unwrap();
    assert_eq!((stopped.results.complete, stopped.results.unfinished, stopped.tally.unfinished), (false, 12, 12));
    assert!(Table::new(&stopped.results, 80).to_string().contains("12 not finished"));
    assert!(run.run(&unlucky(), Arc::new(()), &Stop::default()).await.unwrap().results.complete);
    // Nothing is left but what was void, which is tried again.
    let third = run.run(&unlucky(), Arc::new(()), &Stop::default()).await.unwrap();
    assert_eq!((third.resumed, third.tally.void, third.tally.finished), (10, 2, 0));
    assert_eq!(third.results.episodes[1].attempt, 6);
}

/// Not a test by itself: what [`a_killed_process_leaves_a_run_that_can_be_resumed`] kills.
#[tokio::test]
async fn a_process_to_be_killed() {
    let Some(out) = std::env::var_os("GLIM_TEST_EVALUATE_INTO") else { return };
    let run = evaluation(Path::new(&out), &BEHAVIOURS, 40);
    run.run(&unlucky(), Arc::new(()), &Stop::default()).await.unwrap();
}

#[tokio::test]
async fn a_killed_process_leaves_a_run_that_can_be_resumed() {
    let whole = tempfile::tempdir().unwrap();
    let run = evaluation(whole.path(), &BEHAVIOURS, 40);
    let reference = essence(&run.run(&unlucky(), Arc::new(()), &Stop::default()).await.unwrap().results);

    let folder = tempfile::tempdir().unwrap();
    let run = evaluation(folder.path(), &BEHAVIOURS, 40);
    let mut moments = Seed(std::process::id().into()).generator();
    let (mut kept, mut cut_short) = (BTreeSet::new(), 0);
    for _ in 0..12 {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "evaluate::tests::a_process_to_be_killed", "--nocapture"])
            .env("GLIM_TEST_EVALUATE_INTO", folder.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(20 + moments.below(150) as u64)).await;
        cut_short += usize::from(child.try_wait().unwrap().is_none());
        child.kill().await.unwrap();
        let now: BTreeSet<_> = store::episodes(folder.path()).unwrap().into_iter().collect();
        assert!(now.is_superset(&kept), "an episode was lost");
        for episode in &now {
            store::read(episode).unwrap();
        }
        kept = now;
    }
    assert!(cut_short > 0, "no process was killed in time");
    let watch = Arc::new(Watch::default());
    let resumed = run.run(&unlucky(), watch.clone(), &Stop::default()).await.unwrap();
    assert_eq!(essence(&resumed.results), reference);
    assert_eq!(resumed.resumed, kept.len());
    assert_eq!(watch.0.lock().unwrap().len(), resumed.tally.finished);
}

/// A family that has only so many instances.
struct Few {
    of: Arc<FakeFamily>,
    items: Items,
}

impl TaskFamily for Few {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn instantiate(&self, seed: Seed) -> Arc<dyn Task> {
        self.of.instantiate(seed)
    }

    fn items(&self) -> Option<Items> {
        Some(self.items.clone())
    }
}

#[tokio::test]
async fn items_are_played_once_each_whatever_the_seeds_and_only_with_the_same_data() {
    let folder = tempfile::tempdir().unwrap();
    let run = |count: u64, content: &str| {
        let items = Items { count, content: content.to_owned() };
        let few = Arc::new(Few { of: FakeFamily::new("solve"), items });
        let mut evaluation = evaluation(folder.path(), &["miss"], 2);
        evaluation.suites[0].families.insert(0, few);
        evaluation
    };
    let play =
        async |run: &Evaluation| run.run(&rollout(FakeWorlds::default(), 2), Arc::new(()), &Stop::default()).await;
    assert_eq!(run(3, "a").planned(), 5);
    let first = play(&run(3, "a")).await.unwrap();
    let played: Vec<(&str, u64)> = first.results.episodes.iter().map(|of| (of.task.as_str(), of.seed.0)).collect();
    let expected = [("fake/solve", 0), ("fake/solve", 1), ("fake/solve", 2), ("fake/miss", 100), ("fake/miss", 101)];
    assert_eq!(played, expected);
    assert!(first.results.complete);
    let more = play(&run(4, "a")).await.unwrap();
    assert_eq!((more.resumed, more.tally.finished, more.results.unfinished), (5, 1, 0));
    let fewer = play(&run(2, "a")).await.unwrap();
    assert_eq!((fewer.tally.finished, fewer.results.unfinished, fewer.results.complete), (0, 0, true));
    let error = play(&run(3, "b")).await.unwrap_err().to_string();
    assert!(error.contains("data of `fake/solve` a, not b"), "{error}");
}

#[test]
fn labels_and_measures_are_counted_over_what_counts() {
    let episode = |task: &str, score: Option<f64>, details: serde_json::Value| EpisodeResult {
        task: task.to_owned(),
        seed: Seed(0),
        goal: String::new(),
        score,
        success: score == Some(1.0),
        status: Status::Done,
        undecided: score.is_none(),
        end: None,
        reason: String::new(),
        attempt: 1,
        turns: 1,
        env_ms: 0.0,
        reset_ms: 0.0,
        policy_ms: 0.0,
        details: details.as_object().unwrap().clone(),
    };
    let of = |labels: &[&str], chance: f64| serde_json::json!({"labels": labels, "measures": {"chance": chance}});
    let episodes = [
        episode("spot/a", Some(1.0), of(&["type=icon", "os=ios"], 0.2)),
        episode("spot/b", Some(0.0), of(&["type=icon"], 0.4)),
        episode("spot/b", None, of(&["type=icon"], 0.9)),
        episode("pages/c", Some(1.0), serde_json::json!({"labels": 7, "measures": {"chance": "high"}})),
    ];
    let groups = results::labelled(&episodes);
    let told: Vec<_> = groups.iter().map(|of| (of.name.as_str(), of.totals.successes, of.totals.episodes)).collect();
    assert_eq!(told, [("spot/os=ios", 1, 1), ("spot/type=icon", 1, 2)]);
    let measures = Totals::of(episodes.iter()).measures;
    assert_eq!(measures.len(), 1);
    assert!((measures["chance"] - 0.3).abs() < 1e-12, "{measures:?}");
}

#[test]
fn a_table_fits_its_terminal() {
    let totals = Totals {
        episodes: 12,
        successes: 9,
        success_rate: Some(0.75),
        interval: Some(wilson(9, 12)),
        mean_score: Some(0.791),
        measures: BTreeMap::new(),
        void: 1,
        undecided: 0,
        truncated: 2,
        mean_turns: Some(4.25),
        env_seconds_per_turn: Some(0.0431),
        policy_seconds_per_turn: Some(1.25),
        seconds_per_reset: Some(0.02),
    };
    let group = |name: &str| Group { name: name.into(), totals: totals.clone() };
    let results = Results {
        schema_version: 1,
        agent: "fake".into(),
        complete: true,
        unfinished: 0,
        total: totals.clone(),
        suites: vec![group("pages"), group("shop")],
        tasks: vec![group("pages/click-button"), group("shop/find-the-cheapest-red-mug-of-all")],
        labels: Vec::new(),
        episodes: Vec::new(),
    };
    insta::assert_snapshot!(Table::new(&results, 120), @r"
    task                                success    rate   95 %  score  void  turns  env s/turn  policy s/turn
    pages                                  9/12  75.0 %  47-91   0.79     1    4.2       0.043           1.25
      click-button                         9/12  75.0 %  47-91   0.79     1    4.2       0.043           1.25
    shop                                   9/12  75.0 %  47-91   0.79     1    4.2       0.043           1.25
      find-the-cheapest-red-mug-of-all     9/12  75.0 %  47-91   0.79     1    4.2       0.043           1.25
    all                                    9/12  75.0 %  47-91   0.79     1    4.2       0.043           1.25
    2 cut off by a budget or limit, and judged as they stood
    1 void: something other than the agent failed, not in any rate
    ");
    insta::assert_snapshot!(Table::new(&results, 40), @r"
    task               success    rate  void
    pages                 9/12  75.0 %     1
      click-button        9/12  75.0 %     1
    shop                  9/12  75.0 %     1
      find-the-cheap…     9/12  75.0 %     1
    all                   9/12  75.0 %     1
    2 cut off by a budget or limit, and judged as they stood
    1 void: something other than the agent failed, not in any rate
    ");
    let measures = BTreeMap::from([("chance".to_owned(), 0.0123), ("iou".to_owned(), 1.0)]);
    let totals = Totals { measures, ..totals };
    let group = |name: &str| Group { name: name.into(), totals: totals.clone() };
    let measured = Results {
        total: totals.clone(),
        suites: vec![group("spot")],
        tasks: vec![group("spot/web-icon")],
        labels: vec![group("spot/data_source=ios")],
        ..results.clone()
    };
    insta::assert_snapshot!(Table::new(&measured, 80), @r"
    task               success    rate   95 %  score  void  chance      iou
    spot                  9/12  75.0 %  47-91   0.79     1   1.2 %  100.0 %
      web-icon            9/12  75.0 %  47-91   0.79     1   1.2 %  100.0 %
      data_source=ios     9/12  75.0 %  47-91   0.79     1   1.2 %  100.0 %
    2 cut off by a budget or limit, and judged as they stood
    1 void: something other than the agent failed, not in any rate
    ");
    for (results, lines) in [(results, 6), (measured, 4)] {
        for width in 40..140 {
            let table = Table::new(&results, width).to_string();
            let rows: Vec<usize> = table.lines().take(lines).map(|line| line.chars().count()).collect();
            assert!(rows.iter().all(|row| *row == rows[0] && *row <= width), "{width}: {rows:?}\n{table}");
        }
    }
}
