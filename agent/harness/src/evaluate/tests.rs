use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glim_tasks::{Suite, TaskFamily};
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

#[test]
fn a_table_fits_its_terminal() {
    let totals = Totals {
        episodes: 12,
        successes: 9,
        success_rate: Some(0.75),
        interval: Some(wilson(9, 12)),
        mean_score: Some(0.791),
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
    for width in 40..140 {
        let table = Table::new(&results, width).to_string();
        let rows: Vec<usize> = table.lines().take(6).map(|line| line.chars().count()).collect();
        assert!(rows.iter().all(|row| *row == rows[0] && *row <= width), "{width}: {rows:?}\n{table}");
    }
}
