use std::path::PathBuf;
use std::sync::Arc;

use glim_env::Outcome;
use glim_tasks::TaskFamily;
use serde_json::{Map, Value, json};

use super::*;
use crate::rollout::fake::{FakeFamily, FakeWorlds, rollout};
use crate::rollout::{Limits, Stop};

pub(crate) fn record() -> RunRecord {
    RunRecord {
        schema_version: glim_env::SCHEMA_VERSION,
        glim: "0".into(),
        commit: None,
        agent: "fake".into(),
        dialect: "web".into(),
        judge: None,
        limits: Limits::default(),
        conditions: Map::new(),
        suites: vec!["fake".into()],
        families: vec!["fake/miss".into()],
        items: Default::default(),
        episodes: 1,
        first_seed: 0,
        concurrency: 1,
    }
}

/// Plays one episode into a fresh run folder: the run, the folder of the episode, and what was recorded.
async fn recorded(behaviour: &str) -> (tempfile::TempDir, PathBuf, Finished) {
    #[derive(Default)]
    struct Keep(std::sync::Mutex<Option<Finished>>);
    impl Recorder for Keep {
        fn finished(&self, finished: &Finished) -> Result<(), RecordError> {
            *self.0.lock().unwrap() = Some(finished.clone());
            Ok(())
        }
        fn void(&self, void: &Void) -> Result<(), RecordError> {
            panic!("{void:?}")
        }
    }
    let keep = Arc::new(Keep::default());
    let instances = vec![FakeFamily::instance(behaviour, 2)];
    rollout(FakeWorlds::default(), 1).run(instances, keep.clone(), Arc::new(()), &Stop::default()).await.unwrap();
    let finished = keep.0.lock().unwrap().take().unwrap();
    let run = tempfile::tempdir().unwrap();
    Store::open(run.path(), record()).unwrap().write(&finished).unwrap();
    let folder = episode_folder(run.path(), &finished.episode.task, finished.episode.seed);
    (run, folder, finished)
}

/// Changes one line of the episode (from 1) as JSON.
fn tamper(folder: &Path, number: usize, change: impl FnOnce(&mut Value)) {
    let path = folder.join("episode.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut line: Value = serde_json::from_str(&lines[number - 1]).unwrap();
    change(&mut line);
    lines[number - 1] = line.to_string();
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[tokio::test]
async fn an_episode_comes_back_exactly_as_it_was() {
    let (run, folder, finished) = recorded("miss").await;
    let stored = read(&folder).unwrap();
    assert_eq!(stored.finished, finished);
    assert!(matches!(stored.finished.episode.turns[0].outcome, Outcome::Rejected { .. }));
    assert_eq!(stored.rewards, [("score".to_owned(), 1.0)].into());
    assert_eq!(episodes(run.path()).unwrap(), std::slice::from_ref(&folder));

    let summary = summary(&folder).unwrap();
    assert_eq!((summary.turns, summary.verdict, summary.attempt), (5, finished.verdict.clone(), 1));
    assert_eq!((summary.env_ms, summary.policy_ms), (finished.env_ms(), finished.policy_ms()));
}

#[tokio::test]
async fn a_reader_without_glim_finds_its_way() {
    let (_run, folder, _) = recorded("miss").await;
    let text = fs::read_to_string(folder.join("episode.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["line"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["episode", "turn", "turn", "turn", "turn", "turn", "end"]);
    assert_eq!(lines[0]["schema_version"], 1);
    assert_eq!(lines[1]["outcome"], "rejected");
    assert_eq!(lines[1]["completion"]["tokens"]["ids"], json!([7, 11]));
    assert_eq!(lines[6]["end"], "done");
    assert_eq!(lines[6]["verdict"]["score"], 1.0);
}

#[tokio::test]
async fn equal_screenshots_are_written_once() {
    let (_run, folder, _) = recorded("miss").await;
    // The rejected first turn changed nothing, nor did the end: four pictures for six observations.
    let pictures = fs::read_dir(&folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "png"));
    assert_eq!(pictures.count(), 4);
    let names = read(&folder).unwrap().screenshots;
    let names: Vec<&str> = names.iter().map(|name| name.as_deref().unwrap()).collect();
    assert_eq!(names, ["000.png", "000.png", "001.png", "002.png", "003.png", "003.png"]);
}

#[tokio::test]
async fn a_recorded_episode_can_be_judged_again() {
    let (_run, folder, finished) = recorded("solve").await;
    let stored = read_text(&folder).unwrap();
    let same = FakeFamily::new("solve").instantiate(finished.episode.seed);
    assert_eq!(judge_again(&stored, &*same), finished.verdict);
    // Another instance asks for another position, and a changed verifier for what nobody asked then.
    let other = FakeFamily::new("solve").instantiate(Seed(0));
    assert_eq!(judge_again(&stored, &*other).score, 0.0);
    let changed = FakeFamily::new("judged").instantiate(finished.episode.seed);
    let verdict = judge_again(&stored, &*changed);
    assert!(verdict.undecided && verdict.reason.contains("well done?"), "{verdict:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_with_line_and_field() {
    let (_run, folder, _) = recorded("solve").await;
    let error = |folder: &Path| read(folder).unwrap_err().to_string();

    tamper(&folder, 2, |line| line["timings"]["env_ms"] = json!("soon"));
    assert!(error(&folder).contains("line 2 of") && error(&folder).contains("soon"), "{}", error(&folder));

    let (_run, folder, _) = recorded("solve").await;
    tamper(&folder, 2, |line| drop(line.as_object_mut().unwrap().remove("completion")));
    assert!(error(&folder).contains("`completion`"), "{}", error(&folder));

    let (_run, folder, _) = recorded("solve").await;
    tamper(&folder, 1, |line| line["schema_version"] = json!(99));
    assert!(matches!(read(&folder), Err(StoreError::Newer { found: 99, .. })));

    let (_run, folder, _) = recorded("solve").await;
    fs::write(folder.join("000.png"), b"another picture").unwrap();
    assert!(matches!(read(&folder), Err(StoreError::Picture { .. })));
    read_text(&folder).unwrap();

    let (_run, folder, _) = recorded("solve").await;
    tamper(&folder, 3, |line| line["screenshot"]["file"] = json!("../../../secret"));
    assert!(error(&folder).contains("is not the name of a file"), "{}", error(&folder));

    let (_run, folder, _) = recorded("solve").await;
    let path = folder.join("episode.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 20]).unwrap();
    assert!(error(&folder).contains("line 6 of"), "{}", error(&folder));
    let cut: Vec<&str> = text.lines().take(3).collect();
    fs::write(&path, cut.join("\n")).unwrap();
    assert!(error(&folder).contains("cut off"), "{}", error(&folder));
    fs::write(&path, "").unwrap();
    assert!(error(&folder).contains("empty"), "{}", error(&folder));
}

#[tokio::test]
async fn a_summary_reads_the_ends_however_long_the_lines_are() {
    let (_run, folder, finished) = recorded("solve").await;
    let whole = summary(&folder).unwrap();
    tamper(&folder, 3, |line| line["prompt"] = "x".repeat(300_000).into());
    assert_eq!(summary(&folder).unwrap(), whole);
    let reason = "\u{fc}".repeat(300_000);
    tamper(&folder, 6, |line| line["verdict"]["reason"] = reason.clone().into());
    assert_eq!(summary(&folder).unwrap().verdict.reason, reason);
    assert_eq!(summary(&folder).unwrap().goal, finished.episode.goal);
    // An error names the line, as when all of it is read.
    tamper(&folder, 6, |line| line["turns"] = json!("four"));
    assert!(summary(&folder).unwrap_err().to_string().contains("line 6 of"));
    tamper(&folder, 1, |line| line["schema_version"] = json!(2));
    assert!(matches!(summary(&folder), Err(StoreError::Newer { found: 2, .. })));
}

#[test]
fn a_run_folder_is_one_runs_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), record()).unwrap();
    assert!(matches!(Store::open(folder.path(), record()), Err(StoreError::InUse { .. })));
    drop(store);
    Store::open(folder.path(), record()).unwrap();

    let mut other = record();
    other.limits.turns = Some(5);
    let error = Store::open(folder.path(), other).unwrap_err().to_string();
    assert!(error.contains("limits.turns null, not 5"), "{error}");
    let mut other = record();
    other.conditions.insert("viewport".into(), json!("1280x720"));
    assert!(matches!(Store::open(folder.path(), other), Err(StoreError::OtherRun { .. })));

    // More tasks, more seeds, other speed: the same run.
    let mut wider = record();
    wider.families = vec!["fake/solve".into(), "fake/miss".into()];
    (wider.concurrency, wider.limits.retries, wider.episodes) = (9, 7, 3);
    drop(Store::open(folder.path(), wider).unwrap());
    assert_eq!(RunRecord::read(folder.path()).unwrap().families, ["fake/miss", "fake/solve"]);

    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("thesis.tex"), "years of work").unwrap();
    assert!(matches!(Store::open(home.path(), record()), Err(StoreError::NotARun { .. })));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing was written there");
}

#[test]
fn what_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("run"), record()).unwrap_err().to_string();
    assert!(error.contains("a-file/run` could not be created"), "{error}");
}

#[test]
fn voids_survive_a_torn_line() {
    let folder = tempfile::tempdir().unwrap();
    let void = |attempt| Void {
        task: "fake/solve".into(),
        seed: Seed(3),
        attempt,
        kind: "died".into(),
        cause: "the fake died: signal 9".into(),
        turn: 1,
        exhausted: false,
    };
    let store = Store::open(folder.path(), record()).unwrap();
    store.void(&void(1)).unwrap();
    drop(store);
    let path = folder.path().join("voids.jsonl");
    let mut text = fs::read(&path).unwrap();
    text.extend_from_slice(br#"{"task":"fake/so"#);
    fs::write(&path, text).unwrap();
    assert_eq!(voids(folder.path()).unwrap(), [void(1)]);
    let store = Store::open(folder.path(), record()).unwrap();
    store.void(&void(2)).unwrap();
    assert_eq!(voids(folder.path()).unwrap(), [void(1), void(2)]);
}

#[test]
fn a_task_cannot_name_a_folder_elsewhere() {
    let folder = |task| episode_folder(Path::new("run"), task, Seed(1)).to_str().unwrap().to_owned();
    assert_eq!(folder("pages/click-button"), "run/episodes/pages__click-button/1");
    assert_eq!(folder("../../etc"), "run/episodes/%2E.__..__etc/1");
    assert_eq!(folder("a b/ü"), "run/episodes/a%20b__%C3%BC/1");
}
