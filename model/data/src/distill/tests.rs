use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use glim_env::{
    Action, Completion, Element, Observation, Outcome, Point, Rect, SCHEMA_VERSION, Screenshot, Scroll, States, Target,
    Timings, Turn, Viewport,
};
use glim_processor::{DEFAULT_TEMPLATE, Family, Processor, Settings, Template, Training};
use serde_json::{Value, json};

use super::*;
use crate::training::{
    AugmentRecipe, DataRecipe, EpisodesRecipe, Learn, Mixture, Places, PromptForm, Ready, SourceRecipe, Thinking,
};
use crate::{sample, sha256};

const REPLY: &str = "I press the button. left_click(start_box='[203,208]')";

/// A run folder that can hold episodes.
fn run_folder(root: &Path, name: &str) -> PathBuf {
    let run = root.join(name);
    fs::create_dir_all(run.join("episodes")).unwrap();
    fs::write(run.join("run.json"), json!({"schema_version": SCHEMA_VERSION, "agent": "local:a"}).to_string()).unwrap();
    run
}

fn button(name: &str) -> Element {
    let rect = Rect::new(10.0, 10.0, 60.0, 30.0);
    Element {
        mark: 1,
        role: "button".to_owned(),
        tag: "button".to_owned(),
        name: name.to_owned(),
        text: name.to_owned(),
        value: None,
        input_type: String::new(),
        states: States::default(),
        rect,
        fragments: Vec::new(),
        point: rect.center(),
        visible: 1.0,
        shown: 1.0,
        central: true,
        clickable: true,
        editable: false,
        scrollable: false,
        options: Vec::new(),
        frame: Vec::new(),
    }
}

/// A click at a place of a screen that has a button of this name; without a name it has no elements.
fn click(named: &str, x: f64, y: f64, reply: &str) -> Turn {
    let elements = if named.is_empty() { Vec::new() } else { vec![button(named)] };
    let observation = Observation {
        screenshot: Screenshot { png: sample::picture(named.len()).into() },
        viewport: Viewport::new(sample::SIZE.0, sample::SIZE.1),
        url: String::new(),
        title: String::new(),
        tabs: Vec::new(),
        scroll: Scroll::default(),
        elements,
        notices: Vec::new(),
        settled: true,
    };
    Turn {
        observation,
        prompt: String::new(),
        completion: Completion { text: reply.to_owned(), ..Completion::default() },
        action: Some(Action::click(Target::Point(Point::new(x, y)))),
        outcome: Outcome::Done,
        timings: Timings::default(),
    }
}

fn episode(run: &Path, task: &str, seed: u64, turns: &[Turn], verdict: Value) -> PathBuf {
    let folder = run.join("episodes").join(task.replace('/', "__")).join(seed.to_string());
    fs::create_dir_all(&folder).unwrap();
    let mut lines =
        vec![json!({"line": "episode", "schema_version": 1, "task": task, "seed": seed, "goal": "Press it.",
        "agent": "local:a", "attempt": 1})];
    for (index, turn) in turns.iter().enumerate() {
        let png = &turn.observation.screenshot.png;
        let file = format!("{index:03}.png");
        fs::write(folder.join(&file), png).unwrap();
        let mut line = json!({"line": "turn", "index": index, "screenshot": {"file": file, "sha256": sha256(png)}});
        for (name, value) in serde_json::to_value(turn).unwrap().as_object().unwrap() {
            match value {
                Value::Object(outcome) if name == "outcome" => line.as_object_mut().unwrap().extend(outcome.clone()),
                value => line[name] = value.clone(),
            }
        }
        lines.push(line);
    }
    lines.push(json!({"line": "end", "end": "done", "screenshot": null, "verdict": verdict}));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(folder.join("episode.jsonl"), text).unwrap();
    folder
}

fn right() -> Value {
    json!({"score": 1.0, "reason": "r"})
}

fn wrong() -> Value {
    json!({"score": 0.0, "reason": "r"})
}

/// A success whose screen no other has.
fn solved(run: &Path, task: &str, seed: u64) -> PathBuf {
    episode(run, task, seed, &[click(&format!("{task} {seed}"), 20.0, 20.0, REPLY)], right())
}

fn failed(run: &Path, task: &str, seed: u64) -> PathBuf {
    episode(run, task, seed, &[click("x", 20.0, 20.0, REPLY)], wrong())
}

fn dropped(done: &Distilled, task: &str) -> Vec<(String, u64)> {
    done.tasks[task].dropped.clone().into_iter().collect()
}

fn manifest(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join(MANIFEST)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn successes_are_taken_with_the_difficulty_that_all_episodes_give() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (run_folder(folder.path(), "one"), run_folder(folder.path(), "two"));
    for seed in 0..3 {
        solved(&one, "pages/easy", seed);
        failed(&two, "pages/hard", seed);
    }
    let source = solved(&one, "pages/hard", 9);
    episode(
        &two,
        "pages/hard",
        10,
        &[click("u", 20.0, 20.0, REPLY)],
        json!({"score": 0.0, "reason": "r", "undecided": true}),
    );
    fs::create_dir_all(two.join("episodes/pages__hard/11.partial")).unwrap();
    let void =
        |seed: u64, exhausted: bool| json!({"task": "pages/hard", "seed": seed, "exhausted": exhausted}).to_string();
    // One was tried again and finished, one will be tried again, of one the last line is cut off.
    let voids = [void(0, true), void(12, true), void(13, true), void(13, false), void(14, true)].join("\n");
    fs::write(two.join("voids.jsonl"), voids).unwrap();

    let out = folder.path().join("out");
    let done = distill(&out, &DistillOptions::new(vec![one.clone(), two, one.join(".")])).unwrap();
    let hard = &done.tasks["pages/hard"];
    assert_eq!((hard.read, hard.successes, hard.failures, hard.undecided, hard.void, hard.kept), (5, 1, 3, 1, 1, 1));
    assert_eq!((hard.pass_rate(), hard.difficulty()), (Some(0.25), Some(Difficulty::Hard)));
    assert_eq!((done.tasks["pages/easy"].pass_rate(), done.kept(), done.unfinished), (Some(1.0), 4, 1));
    assert!(!done.unchanged);
    let table = done.to_string();
    assert!(table.contains("25.0 %        hard") && table.contains("1 unfinished"), "{table}");

    let lines = manifest(&out);
    let hard = lines.iter().find(|line| line["task"] == "pages/hard").unwrap();
    assert_eq!((&hard["pass_rate"], &hard["difficulty"]), (&json!(0.25), &json!("hard")));
    let kept = out.join(hard["episode"].as_str().unwrap());
    assert_eq!(kept, out.join("hard/pages__hard/9"));
    let (then, now) =
        (fs::read_to_string(source.join("episode.jsonl")), fs::read_to_string(kept.join("episode.jsonl")));
    let (then, now) = (then.unwrap(), now.unwrap());
    let header: Value = serde_json::from_str(now.lines().next().unwrap()).unwrap();
    assert_eq!((&header["difficulty"], &header["seed"]), (&json!("hard"), &json!(9)));
    assert_eq!(then.lines().skip(1).collect::<Vec<_>>(), now.lines().skip(1).collect::<Vec<_>>());
    assert_eq!(fs::read(source.join("000.png")).unwrap(), fs::read(kept.join("000.png")).unwrap());
}

#[test]
fn the_set_is_read_by_a_recipe_whole_or_by_difficulty() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_folder(folder.path(), "run");
    for seed in 0..4 {
        solved(&run, "pages/solved", seed);
    }
    solved(&run, "pages/half", 0);
    failed(&run, "pages/half", 1);
    let out = folder.path().join("out");
    distill(&out, &DistillOptions::new(vec![run])).unwrap();
    for (path, samples) in [(out.clone(), 5), (out.join("medium"), 1), (out.join("very_easy"), 4)] {
        let training = Training { vocabulary: 420, min_frequency: 1, single_digits: false };
        let tokenizer =
            training.train(["Press it. I press the button. left_click(start_box='[203,208]')".to_owned()]).unwrap();
        let template = Template::new("test.jinja", DEFAULT_TEMPLATE).unwrap();
        let (images, videos) = (Settings::default(), Settings::video());
        let processor = Arc::new(Processor::new(tokenizer, Some(template), Family::Glm4v, images, videos));
        let source = EpisodesRecipe {
            name: "distilled".to_owned(),
            weight: 1.0,
            path,
            learn: Learn::Actions,
            min_score: 1.0,
            tasks: BTreeSet::new(),
            prompt: PromptForm::Goal,
            curate: Some(Curation::default()),
            thinking: None,
            places: Places::Both,
            per_screen: 4,
            coordinate_step: 1,
            augment: AugmentRecipe::default(),
        };
        let recipe = DataRecipe {
            sources: vec![SourceRecipe::Episodes(source)],
            token_budget: 600,
            window: 0,
            workers: 1,
            ahead: 2,
            memory_mb: 64,
            skip_broken: false,
            thinking: Thinking::Last,
        };
        let mixture = Mixture::open(&recipe, processor, None, 3).unwrap();
        assert_eq!(mixture.sizes(), [samples]);
        for index in 0..samples as u64 {
            let Ready::Sample(measured) = mixture.measure(index).unwrap() else { panic!("{index} was dropped") };
            mixture.finish(*measured).unwrap();
        }
    }
}

#[test]
fn what_is_the_same_or_nearly_the_same_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (run_folder(folder.path(), "first"), run_folder(folder.path(), "second"));
    let known = run_folder(folder.path(), "known");
    let task = "pages/press";
    let ok = |x: f64, reply: &str| click("OK", x, 20.0, reply);
    // The same actions on screens that differ, in two runs.
    episode(&first, task, 0, &[click("Go", 20.0, 20.0, REPLY)], right());
    episode(&second, task, 0, &[click("Gone", 20.0, 20.0, "Other words.")], right());
    // Another point of the same button, under another seed; and longer ways to the same are none.
    episode(&first, task, 1, &[ok(20.0, REPLY)], right());
    episode(&first, task, 2, &[ok(30.0, REPLY)], right());
    episode(&first, task, 3, &[ok(30.0, REPLY), ok(21.0, REPLY)], right());
    // Without elements pixels count, and cells.
    episode(&first, task, 4, &[click("", 100.0, 70.0, REPLY)], right());
    episode(&first, task, 5, &[click("", 100.4, 70.4, REPLY)], right());
    episode(&first, task, 6, &[click("", 150.0, 70.0, REPLY)], right());
    // What is learned from already.
    episode(&known, task, 70, &[click("Stop", 20.0, 20.0, REPLY)], right());
    episode(&first, task, 7, &[click("Stop", 25.0, 20.0, REPLY)], right());

    let out = folder.path().join("out");
    let options = DistillOptions { known: vec![known], ..DistillOptions::new(vec![first, second]) };
    let done = distill(&out, &options).unwrap();
    let reasons = [("duplicate", 1), ("known", 1), ("near_duplicate", 2)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(dropped(&done, task), reasons);
    let seeds: Vec<u64> = manifest(&out).iter().map(|line| line["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, [0, 1, 3, 4, 6]);
    assert!(manifest(&out)[0]["source"].as_str().unwrap().contains("first"), "the run that was named first");
}

#[test]
fn unsound_and_damaged_episodes_are_left_out_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_folder(folder.path(), "run");
    let task = "pages/press";
    solved(&run, task, 0);
    let repeated = "Wait, again. ".repeat(40);
    episode(&run, task, 1, &[click("a", 20.0, 20.0, &repeated)], right());
    let mut rejected = click("b", 20.0, 20.0, REPLY);
    rejected.outcome = Outcome::rejected("it is covered");
    episode(&run, task, 2, &[rejected.clone()], right());
    // A fault in a turn that is not learned from harms nobody.
    rejected.completion.text = repeated;
    episode(&run, task, 3, &[rejected, click("c", 20.0, 20.0, REPLY)], right());
    fs::write(episode(&run, task, 4, &[click("d", 20.0, 20.0, REPLY)], right()).join("000.png"), "other").unwrap();
    fs::remove_file(solved(&run, task, 5).join("000.png")).unwrap();
    let escaping = solved(&run, task, 6).join("episode.jsonl");
    let text = fs::read_to_string(&escaping).unwrap();
    fs::write(&escaping, text.replace("000.png", "../0/000.png")).unwrap();
    let torn = solved(&run, task, 7).join("episode.jsonl");
    let text = fs::read_to_string(&torn).unwrap();
    fs::write(&torn, &text[..text.len() / 2]).unwrap();
    fs::remove_file(solved(&run, task, 8).join("episode.jsonl")).unwrap();

    let out = folder.path().join("out");
    let done = distill(&out, &DistillOptions::new(vec![run.clone()])).unwrap();
    let reasons = [("curated_repetition", 1), ("damaged", 3), ("no_action", 1)];
    assert_eq!(dropped(&done, task), reasons.map(|(name, count)| (name.to_owned(), count)));
    assert_eq!((done.kept(), done.tasks[task].read, done.damaged), (2, 7, 2));
    assert!(done.damage.iter().any(|what| what.contains("pages__press/7/episode.jsonl")), "{:?}", done.damage);
    assert!(done.to_string().contains("2 episodes cannot be read"), "{done}");
    let strict = DistillOptions { curate: Curation { tags: true, verifiable: None }, ..DistillOptions::new(vec![run]) };
    let done = distill(&folder.path().join("strict"), &strict).unwrap();
    assert_eq!(done.kept(), 0);
    assert_eq!(done.tasks[task].dropped["curated_tags"], 3);
    assert!(!folder.path().join("strict").exists(), "nothing is written if nothing is kept");
}

#[test]
fn caps_keep_easy_tasks_from_filling_the_set_and_instances_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (run_folder(folder.path(), "one"), run_folder(folder.path(), "two"));
    for seed in 0..12 {
        solved(&one, "pages/solved", seed);
        solved(&one, "pages/most", seed);
        // A second solution of the same instance.
        let other = click(&format!("other {seed}"), 100.0, 70.0, REPLY);
        episode(&two, "pages/most", seed, &[other], right());
    }
    failed(&one, "pages/most", 99);
    let options = DistillOptions { per_task: 15, per_solved_task: 4, ..DistillOptions::new(vec![one, two]) };
    let done = distill(&folder.path().join("out"), &options).unwrap();
    assert_eq!((done.tasks["pages/solved"].kept, done.tasks["pages/most"].kept), (4, 15));
    assert_eq!(dropped(&done, "pages/solved"), [("over_cap".to_owned(), 8)]);
    let lines = manifest(&folder.path().join("out"));
    let of = |task: &str| {
        lines.iter().filter(|line| line["task"] == task).map(|line| line["seed"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let seeds: BTreeSet<u64> = of("pages/most").into_iter().collect();
    assert_eq!(seeds.len(), 12, "each instance comes before one comes twice");
    assert_ne!(of("pages/solved"), [0, 1, 2, 3], "those that are kept are spread over the seeds");
    assert!(folder.path().join("out/very_easy/pages__most").read_dir().unwrap().count() == 15);
}

#[test]
fn the_same_again_changes_nothing_and_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_folder(folder.path(), "run");
    solved(&run, "pages/a", 0);
    let out = folder.path().join("out");
    // What a killed process left.
    fs::create_dir_all(folder.path().join("out.partial/hard/x/0")).unwrap();
    fs::write(folder.path().join("out.partial/hard/x/0/episode.jsonl"), "{").unwrap();
    let options = DistillOptions::new(vec![run.clone()]);
    assert!(!distill(&out, &options).unwrap().unchanged);
    assert!(!folder.path().join("out.partial").exists());
    let files = |root: &Path| {
        let mut found = Vec::new();
        crate::training::episode_files(root, &mut found).unwrap();
        found.iter().map(|file| (file.clone(), fs::metadata(file).unwrap().modified().unwrap())).collect::<Vec<_>>()
    };
    let before = files(&out);
    assert_eq!(before.len(), 1);
    let again = distill(&out, &options).unwrap();
    assert!(again.unchanged && again.kept() == 1);
    assert_eq!(files(&out), before);
    solved(&run, "pages/a", 1);
    let error = distill(&out, &options).unwrap_err();
    assert!(matches!(error, DataError::OtherDataset { .. }), "{error}");
    assert_eq!(files(&out), before);
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("mine"), "x").unwrap();
    assert!(matches!(distill(&taken, &options), Err(DataError::Exists { .. })));
}

#[test]
fn what_is_no_run_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (run, out) = (run_folder(folder.path(), "run"), folder.path().join("out"));
    solved(&run, "pages/a", 0);
    let refused = |run: &Path| {
        distill(&folder.path().join("other"), &DistillOptions::new(vec![run.to_owned()])).unwrap_err().to_string()
    };
    let missing = folder.path().join("missing");
    assert!(refused(&missing).contains(&format!("`{}` could not be read", missing.display())));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(refused(&empty).contains("is no run: it has no `run.json`"), "{}", refused(&empty));
    assert!(refused(&run.join("run.json")).contains("is no run"), "{}", refused(&run.join("run.json")));
    distill(&out, &DistillOptions::new(vec![run.clone()])).unwrap();
    assert!(refused(&out).contains("made by `glim data distill`"), "{}", refused(&out));
    fs::write(run.join("run.json"), "{").unwrap();
    assert!(refused(&run).contains("line 1 of `"), "{}", refused(&run));
    fs::write(run.join("run.json"), json!({"schema_version": 99}).to_string()).unwrap();
    assert!(refused(&run).contains("schema version 99"), "{}", refused(&run));
    for wrong in [
        DistillOptions::new(Vec::new()),
        DistillOptions { min_score: 0.0, ..DistillOptions::new(vec![run.clone()]) },
        DistillOptions { per_task: 0, ..DistillOptions::new(vec![run]) },
    ] {
        assert!(matches!(distill(&out, &wrong), Err(DataError::Option { .. })));
    }
}
