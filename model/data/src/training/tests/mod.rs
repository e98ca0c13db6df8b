//! The reading half, over shards, episodes and text that the tests write: real pictures, tokenizer and template.

mod conversations;
mod loading;
mod pictures;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use glim_env::{
    Action, Completion, Element, Observation, Outcome, Point, Rect, Screenshot, Scroll, States, Target, Timings, Turn,
    Viewport,
};
use glim_processor::{DEFAULT_TEMPLATE, Family, Processor, Settings, Template, Training};
use serde_json::{Value, json};

use super::*;
use crate::dataset::Split;
use crate::shard::{Row, ShardOptions, ShardWriter};
use crate::{sample, sha256};

const CORPUS: &str = "Where is the link “Download now”? Locate all controls. What is at the box? Click the search button. \
                      It is not on this screen. Download now Search Give the bounding box of the button \"OK\".";

/// A processor with a tokenizer trained on a few words, and the project's own template or another.
fn processor_with(template: &str) -> Arc<Processor> {
    let training = Training { vocabulary: 420, min_frequency: 1, single_digits: false };
    let tokenizer = training.train([CORPUS.to_owned()]).unwrap();
    let template = Template::new("test.jinja", template).unwrap();
    let (images, videos) = (Settings::default(), Settings::video());
    Arc::new(Processor::new(tokenizer, Some(template), Family::Glm4v, images, videos))
}

fn processor() -> Arc<Processor> {
    processor_with(DEFAULT_TEMPLATE)
}

/// A shard of screens of the crate's samples, one page each.
fn shard(folder: &Path, rows: usize, group_rows: usize) -> std::path::PathBuf {
    let path = folder.join("train-00000.parquet");
    let options = ShardOptions { group_rows, ..ShardOptions::default() };
    let mut writer = ShardWriter::create(&path, &options).unwrap();
    for at in 0..rows {
        let screen = sample::screen("a.test", at, 0);
        writer.push(Row { screen, picture: sample::picture(at * 100) }).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn screens(path: &Path) -> ScreensRecipe {
    ScreensRecipe {
        name: "pages".to_owned(),
        weight: 1.0,
        path: path.to_owned(),
        split: Split::Train,
        tasks: BTreeSet::new(),
        kinds: BTreeSet::new(),
        per_screen: 2,
        coordinate_step: 1,
        min_side: 0.0,
        max_elements: None,
        augment: AugmentRecipe::default(),
    }
}

fn recipe(sources: Vec<SourceRecipe>) -> DataRecipe {
    DataRecipe {
        sources,
        token_budget: 600,
        window: 0,
        workers: 1,
        ahead: 2,
        memory_mb: 64,
        skip_broken: false,
        thinking: Thinking::Last,
    }
}

/// A folder with a `.txt` and a `.jsonl` file.
fn texts(folder: &Path) -> SourceRecipe {
    let path = folder.join("texts");
    fs::create_dir_all(&path).unwrap();
    let notes: String = (0..20).map(|at| format!("Note {at}: the button is at the top.\n\n")).collect();
    fs::write(path.join("notes.txt"), notes).unwrap();
    let asked = json!({"messages": [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here."}]});
    fs::write(path.join("chat.jsonl"), format!("{}\n{asked}\n", json!({"text": "Only words."}))).unwrap();
    let text =
        TextRecipe { name: "texts".to_owned(), weight: 0.5, path, piece_bytes: 64, curate: None, thinking: None };
    SourceRecipe::Text(text)
}

fn button(mark: u32, name: &str, rect: Rect<glim_env::Css>) -> Element {
    Element {
        mark,
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

/// A turn on a screen with two buttons, one of which is clicked.
fn turn(outcome: Outcome) -> Turn {
    let elements = vec![
        button(1, "OK", Rect::new(10.0, 10.0, 60.0, 30.0)),
        button(2, "Cancel", Rect::new(120.0, 60.0, 60.0, 30.0)),
    ];
    let observation = Observation {
        screenshot: Screenshot { png: sample::picture(7).into() },
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
        prompt: "You act.\n\n# Goal\nPress OK.\n\n# Current screenshot\n\n<image 1>".to_owned(),
        completion: Completion { text: "left_click(start_box='[203,208]')".to_owned(), ..Completion::default() },
        action: Some(Action::click(Target::Point(Point::new(40.0, 25.0)))),
        outcome,
        timings: Timings::default(),
    }
}

/// An episode as a run folder has it.
fn episode(run: &Path, task: &str, seed: u64, turns: &[Turn], score: f64) {
    let folder = run.join("episodes").join(task.replace('/', "__")).join(seed.to_string());
    fs::create_dir_all(&folder).unwrap();
    let header = json!({"line": "episode", "schema_version": 1, "task": task, "seed": seed, "goal": "Press OK.",
        "agent": "scripted", "attempt": 1});
    let mut lines = vec![header];
    for (index, turn) in turns.iter().enumerate() {
        let png = &turn.observation.screenshot.png;
        fs::write(folder.join("000.png"), png).unwrap();
        let mut line =
            json!({"line": "turn", "index": index, "screenshot": {"file": "000.png", "sha256": sha256(png)}});
        let Value::Object(fields) = serde_json::to_value(turn).unwrap() else { unreachable!("a turn is an object") };
        for (name, value) in fields {
            match (name.as_str(), value) {
                ("outcome", Value::Object(outcome)) => line.as_object_mut().unwrap().extend(outcome),
                (_, value) => line[name] = value,
            }
        }
        lines.push(line);
    }
    lines.push(json!({"line": "end", "end": "done", "verdict": {"score": score, "reason": "r"}}));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(folder.join("episode.jsonl"), text).unwrap();
}

fn episodes(run: &Path, learn: Learn) -> EpisodesRecipe {
    EpisodesRecipe {
        name: "episodes".to_owned(),
        weight: 1.0,
        path: run.to_owned(),
        learn,
        min_score: 1.0,
        tasks: BTreeSet::new(),
        prompt: PromptForm::Goal,
        curate: None,
        thinking: None,
        places: Places::Both,
        per_screen: 4,
        coordinate_step: 1,
        augment: AugmentRecipe::default(),
    }
}

/// The sample at an index, whole.
fn prepared(mixture: &Mixture, index: u64) -> Prepared {
    match mixture.measure(index).unwrap() {
        Ready::Sample(measured) => mixture.finish(*measured).unwrap(),
        Ready::Dropped(reason) => panic!("{index} was dropped: {reason}"),
    }
}

/// The words of what is learned, each run of tokens by itself.
fn learned(of: &Prepared, processor: &Processor) -> Vec<String> {
    assert_eq!(of.ids.len(), of.weights.len());
    let mut runs: Vec<Vec<u32>> = Vec::new();
    let mut before = 0.0;
    for (id, weight) in of.ids.iter().zip(&of.weights) {
        if *weight > 0.0 {
            if before == 0.0 {
                runs.push(Vec::new());
            }
            runs.last_mut().unwrap().push(*id);
        }
        before = *weight;
    }
    runs.iter().map(|ids| processor.tokenizer().decode(ids, false).unwrap()).collect()
}
