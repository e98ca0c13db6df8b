//! The set on the disk.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::read::EPISODE;
use super::{Chosen, DistillOptions, Distilled, MANIFEST, RECORD};
use crate::convert::files::Folder;
use crate::{DataError, sha256};

/// Version of the record.
const SCHEMA_VERSION: u32 = 1;

/// Writes the set; whether it was there already.
pub(super) fn set(
    out: &Path,
    options: &DistillOptions,
    runs: &[&Path],
    chosen: &[Chosen],
    done: &Distilled,
) -> Result<bool, DataError> {
    let mut names = HashSet::new();
    let places: Vec<String> = chosen.iter().map(|of| place(of, done, &mut names)).collect();
    let mut manifest = String::new();
    for (of, place) in chosen.iter().zip(&places) {
        manifest.push_str(&line(of, place, done).to_string());
        manifest.push('\n');
    }
    let mut record = serde_json::to_string_pretty(&json!({
        "schema_version": SCHEMA_VERSION,
        "runs": runs.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
        "known": options.known.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
        "min_score": options.min_score,
        "curate": options.curate,
        "per_task": options.per_task,
        "per_solved_task": options.per_solved_task,
        "kept": done.kept(),
        "tasks": done.tasks,
        "manifest_sha256": sha256(manifest.as_bytes()),
    }))
    .expect("plain data with text keys can be written as JSON");
    record.push('\n');
    if is_there(out, &record)? {
        return Ok(true);
    }
    let folder = Folder::create(out)?;
    for (of, place) in chosen.iter().zip(&places) {
        episode(&folder, of, place, done)?;
    }
    for (name, text) in [(MANIFEST, &manifest), (RECORD, &record)] {
        let mut file = folder.file(name)?;
        file.write(text.as_bytes())?;
        file.finish()?;
    }
    folder.finish()?;
    Ok(false)
}

/// Whether `out` holds a set made of the same.
fn is_there(out: &Path, record: &str) -> Result<bool, DataError> {
    let path = out.join(RECORD);
    let there = match fs::read_to_string(&path) {
        Ok(there) => there,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(DataError::io(path, "read")(error)),
    };
    if there == record {
        return Ok(true);
    }
    let short = |text: &str| sha256(text.as_bytes())[..12].to_owned();
    let (there, here) = (short(&there), short(record));
    Err(DataError::OtherDataset { path: out.to_owned(), what: "episodes or options", there, here })
}

/// Where an episode lies in the set. Several of one instance are told apart by a number.
fn place(of: &Chosen, done: &Distilled, names: &mut HashSet<String>) -> String {
    let (_, difficulty) = hardness(of, done);
    let name = format!("{difficulty}/{}/{}", of.found.task_folder, of.found.seed);
    let mut own = name.clone();
    let mut number = 1;
    while !names.insert(own.clone()) {
        number += 1;
        own = format!("{name}-{number}");
    }
    own
}

/// The rate of success of an episode's task, and the name of its difficulty.
fn hardness(of: &Chosen, done: &Distilled) -> (f64, &'static str) {
    let task = done.tasks.get(&of.found.task).expect("the task of an episode was counted");
    let rate = task.pass_rate().expect("a success was counted");
    (rate, super::Difficulty::of(rate).name())
}

fn line(of: &Chosen, place: &str, done: &Distilled) -> Value {
    let (pass_rate, difficulty) = hardness(of, done);
    json!({
        "episode": place,
        "task": of.found.task,
        "seed": of.found.seed,
        "agent": of.found.agent,
        "score": of.found.score,
        "turns": of.sound.turns,
        "pass_rate": pass_rate,
        "difficulty": difficulty,
        "source": of.found.folder.to_string_lossy(),
    })
}

/// Copies an episode. Its first line says how hard its task is, all others are as they were.
fn episode(folder: &Folder, of: &Chosen, place: &str, done: &Distilled) -> Result<(), DataError> {
    let path = of.found.folder.join(EPISODE);
    let text = fs::read_to_string(&path).map_err(DataError::io(&path, "read"))?;
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let wrong = |error: serde_json::Error| DataError::Line { path: path.clone(), line: 1, reason: error.to_string() };
    let mut header: Map<String, Value> = serde_json::from_str(first).map_err(wrong)?;
    let (pass_rate, difficulty) = hardness(of, done);
    header.insert("pass_rate".to_owned(), pass_rate.into());
    header.insert("difficulty".to_owned(), difficulty.into());
    let header = Value::Object(header);
    for picture in &of.sound.pictures {
        let from = of.found.folder.join(picture);
        folder.picture(&format!("{place}/{picture}"), &fs::read(&from).map_err(DataError::io(&from, "read"))?)?;
    }
    let mut file = folder.file(&format!("{place}/{EPISODE}"))?;
    file.write(format!("{header}\n{rest}").as_bytes())?;
    file.finish()
}
