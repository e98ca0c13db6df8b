//! The episodes of a run folder, as far as a choice among them needs to know them.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use glim_env::{Action, Completion, Observation, SCHEMA_VERSION};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{DistillOptions, RECORD, same};
use crate::disk::is_partial;
use crate::training::{Curation, curate};
use crate::{DataError, sha256};

/// Name of an episode's file.
pub(super) const EPISODE: &str = "episode.jsonl";
/// Damaged episodes whose mistakes are told.
const TOLD: usize = 10;

/// A run folder.
pub(super) struct Run {
    /// Without links, so that one folder has one name.
    pub(super) path: PathBuf,
    pub(super) episodes: Vec<Found>,
    /// Instances by task that have no episode because every attempt was void.
    pub(super) voids: BTreeMap<String, u64>,
    pub(super) unfinished: u64,
    pub(super) damaged: u64,
    /// What is wrong with the first of these.
    pub(super) damage: Vec<String>,
}

/// An episode whose verdict could be read.
pub(super) struct Found {
    /// Its folder, and the name of that of its task.
    pub(super) folder: PathBuf,
    pub(super) task_folder: String,
    pub(super) task: String,
    pub(super) seed: u64,
    pub(super) agent: String,
    pub(super) score: f64,
    pub(super) state: State,
}

/// What it is good for.
pub(super) enum State {
    /// The verifier could not decide.
    Undecided,
    Failure,
    /// A success that cannot be learned from, and why.
    Unfit(&'static str),
    Sound(Sound),
}

/// A success that can be learned from.
#[derive(Clone)]
pub(super) struct Sound {
    /// Turns that are learned from.
    pub(super) turns: usize,
    /// A hash of task, seed and actions.
    pub(super) exact: String,
    /// A hash of goal, screens and what was done on them.
    pub(super) near: String,
    /// Its screenshots.
    pub(super) pictures: Vec<String>,
}

#[derive(Deserialize)]
struct RunLine {
    schema_version: u32,
}

#[derive(Deserialize)]
struct Header {
    line: String,
    schema_version: u32,
    task: String,
    seed: u64,
    goal: String,
    #[serde(default)]
    agent: String,
}

#[derive(Deserialize)]
struct End {
    line: String,
    verdict: Verdict,
}

#[derive(Deserialize)]
struct Verdict {
    score: f64,
    #[serde(default)]
    undecided: bool,
}

#[derive(Deserialize)]
pub(super) struct TurnLine {
    screenshot: Option<Picture>,
    pub(super) observation: Observation,
    completion: Completion,
    pub(super) action: Option<Action>,
    #[serde(default)]
    outcome: String,
}

#[derive(Deserialize)]
struct Picture {
    file: String,
    sha256: String,
}

#[derive(Deserialize)]
struct Void {
    task: String,
    seed: u64,
    #[serde(default)]
    exhausted: bool,
}

/// Reads a run folder.
pub(super) fn run(path: &Path, options: &DistillOptions) -> Result<Run, DataError> {
    let not_a_run = |reason| DataError::NotARun { path: path.to_owned(), reason };
    let path = fs::canonicalize(path).map_err(DataError::io(path, "read"))?;
    if path.join(RECORD).exists() {
        return Err(not_a_run(
            "it was made by `glim data distill` and has no failures; name the runs that it was made from",
        ));
    }
    let record = path.join("run.json");
    let text = match fs::read(&record) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Err(not_a_run("it has no `run.json`; a folder that `glim eval --out` made has one"));
        }
        Err(error) => return Err(DataError::io(record, "read")(error)),
    };
    let RunLine { schema_version: found } = serde_json::from_slice(&text).map_err(|error| DataError::Line {
        path: record.clone(),
        line: error.line(),
        reason: error.to_string(),
    })?;
    if found > SCHEMA_VERSION {
        return Err(DataError::Newer { path: record, found, known: SCHEMA_VERSION });
    }
    let mut run = Run {
        path: path.clone(),
        episodes: Vec::new(),
        voids: BTreeMap::new(),
        unfinished: 0,
        damaged: 0,
        damage: Vec::new(),
    };
    for task in folders(&path.join("episodes"))? {
        let task_folder = task.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for folder in folders(&task)? {
            if is_partial(&folder) {
                run.unfinished += 1;
                continue;
            }
            match episode(&folder, &task_folder, options)? {
                Ok(found) => run.episodes.push(found),
                Err(damage) => {
                    run.damaged += 1;
                    if run.damage.len() < TOLD {
                        run.damage.push(damage);
                    }
                }
            }
        }
    }
    run.voids = voids(&path, &run.episodes)?;
    Ok(run)
}

/// Hashes of the episodes below these folders, as [`Sound`] has them.
pub(super) fn known(folders: &[PathBuf]) -> Result<HashSet<String>, DataError> {
    let mut hashes = HashSet::new();
    for folder in folders {
        let mut files = Vec::new();
        crate::training::episode_files(folder, &mut files)?;
        for file in files {
            let lines = Lines::open(&file)?;
            let sound = lines.header().and_then(|header| {
                let turns = lines.turns()?;
                Ok(same::hashes(&header.task, header.seed, &header.goal, &learned(&turns)))
            });
            // What cannot be read is not learned from either.
            hashes.extend(sound.into_iter().flat_map(|(exact, near)| [exact, near]));
        }
    }
    Ok(hashes)
}

/// An episode, or what is wrong with it. One of a newer version is an error, since its meaning is not known.
fn episode(folder: &Path, task_folder: &str, options: &DistillOptions) -> Result<Result<Found, String>, DataError> {
    let path = folder.join(EPISODE);
    let lines = match Lines::open(&path) {
        Ok(lines) => lines,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let damage = |what: String| format!("`{}`: {what}", path.display());
    let (header, end) = match lines.header().and_then(|header| Ok((header, lines.end()?))) {
        Ok(ends) => ends,
        Err(what) => return Ok(Err(damage(what))),
    };
    if header.schema_version > SCHEMA_VERSION {
        return Err(DataError::Newer { path, found: header.schema_version, known: SCHEMA_VERSION });
    }
    let state = match end.verdict {
        Verdict { undecided: true, .. } => State::Undecided,
        Verdict { score, .. } if score < options.min_score || score.is_nan() => State::Failure,
        Verdict { .. } => lines.examine(folder, &header, &options.curate),
    };
    let Header { task, seed, agent, .. } = header;
    let (folder, task_folder) = (folder.to_owned(), task_folder.to_owned());
    Ok(Ok(Found { folder, task_folder, task, seed, agent, score: end.verdict.score, state }))
}

/// The lines of an `episode.jsonl`.
struct Lines(Vec<String>);

impl Lines {
    fn open(path: &Path) -> Result<Lines, DataError> {
        let text = fs::read_to_string(path).map_err(DataError::io(path, "read"))?;
        Ok(Lines(text.lines().map(str::to_owned).collect()))
    }

    fn parse<T: DeserializeOwned>(&self, at: usize) -> Result<T, String> {
        let line = self.0.get(at).ok_or("it has too few lines")?;
        serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1))
    }

    fn header(&self) -> Result<Header, String> {
        let header: Header = self.parse(0)?;
        if header.line == "episode" { Ok(header) } else { Err("line 1 is not that of an episode".to_owned()) }
    }

    fn end(&self) -> Result<End, String> {
        let end: End = self.parse(self.0.len().saturating_sub(1))?;
        if end.line == "end" { Ok(end) } else { Err("it is cut off: it has no end".to_owned()) }
    }

    fn turns(&self) -> Result<Vec<TurnLine>, String> {
        (1..self.0.len().saturating_sub(1)).map(|at| self.parse(at)).collect()
    }

    /// What a success can be learned from.
    fn examine(&self, folder: &Path, header: &Header, rules: &Curation) -> State {
        let Ok(turns) = self.turns() else { return State::Unfit("damaged") };
        let end: Result<LastPicture, String> = self.parse(self.0.len() - 1);
        let last = end.ok().and_then(|end| end.screenshot);
        let mut pictures: Vec<String> = Vec::new();
        for picture in turns.iter().filter_map(|turn| turn.screenshot.as_ref()).chain(&last) {
            if pictures.contains(&picture.file) {
                continue;
            }
            // The name comes from a file that may have been tampered with.
            let is_name = Path::new(&picture.file).components().count() == 1 && picture.file != "..";
            let png = if is_name { fs::read(folder.join(&picture.file)).ok() } else { None };
            if png.is_none_or(|png| sha256(&png) != picture.sha256) {
                return State::Unfit("damaged");
            }
            pictures.push(picture.file.clone());
        }
        let learned = learned(&turns);
        if learned.is_empty() {
            return State::Unfit("no_action");
        }
        if let Some(fault) = learned.iter().find_map(|turn| curate(&turn.completion.text, rules)) {
            return State::Unfit(fault.name());
        }
        let (exact, near) = same::hashes(&header.task, header.seed, &header.goal, &learned);
        State::Sound(Sound { turns: learned.len(), exact, near, pictures })
    }
}

/// The picture of the last observation.
#[derive(Deserialize)]
struct LastPicture {
    screenshot: Option<Picture>,
}

/// The turns that are learned from: their action was done, and their screen is there.
fn learned(turns: &[TurnLine]) -> Vec<&TurnLine> {
    let fits = |turn: &&TurnLine| turn.action.is_some() && turn.outcome == "done" && turn.screenshot.is_some();
    turns.iter().filter(fits).collect()
}

impl TurnLine {
    /// What stands for its pixels.
    pub(super) fn picture(&self) -> &str {
        self.screenshot.as_ref().map_or("", |picture| &picture.sha256)
    }
}

/// Instances whose last attempt was void and that have no episode. What a crash left of a last line is passed over.
fn voids(run: &Path, episodes: &[Found]) -> Result<BTreeMap<String, u64>, DataError> {
    let path = run.join("voids.jsonl");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(DataError::io(path, "read")(error)),
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut last: BTreeMap<(String, u64), bool> = BTreeMap::new();
    for (at, line) in whole.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let void: Void = serde_json::from_str(line).map_err(|error| DataError::Line {
            path: path.clone(),
            line: at + 1,
            reason: error.to_string(),
        })?;
        last.insert((void.task, void.seed), void.exhausted);
    }
    let finished: HashSet<(&str, u64)> = episodes.iter().map(|found| (found.task.as_str(), found.seed)).collect();
    let mut counts = BTreeMap::new();
    for ((task, seed), exhausted) in last {
        if exhausted && !finished.contains(&(task.as_str(), seed)) {
            *counts.entry(task).or_default() += 1;
        }
    }
    Ok(counts)
}

/// The folders in a folder, in the order of their names; none if it does not exist.
fn folders(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DataError::io(path, "read")(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(DataError::io(path, "read"))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
