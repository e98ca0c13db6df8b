//! Reading one episode.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glim_env::{End, Episode, Evidence, Observation, SCHEMA_VERSION, Screenshot, Seed, Turn};
use glim_tasks::{Task, Verdict};
use serde::de::DeserializeOwned;

use super::lines::{AnyLine, EndLine, EpisodeLine, FILE, Kind, Picture, TurnLine, Version};
use super::{StoreError, sha256};
use crate::rollout::{self, Finished};

/// A finished episode as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEpisode {
    /// The folder it lies in.
    pub folder: PathBuf,
    /// What happened and what the verifier found.
    pub finished: Finished,
    /// Training signals by name.
    pub rewards: BTreeMap<String, f64>,
    /// File names of the screenshots: of each turn, then of the last observation.
    pub screenshots: Vec<Option<String>>,
}

/// The first and last line of an episode, for tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The folder it lies in.
    pub folder: PathBuf,
    /// Suite and family.
    pub task: String,
    /// The instance.
    pub seed: Seed,
    /// The instruction.
    pub goal: String,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// How it ended.
    pub end: End,
    /// What the verifier found.
    pub verdict: Verdict,
    /// How many turns it took.
    pub turns: usize,
    /// Wall time of the reset, in milliseconds.
    pub reset_ms: f64,
    /// Wall time in the world, reset included, in milliseconds.
    pub env_ms: f64,
    /// Wall time spent waiting for the policy, in milliseconds.
    pub policy_ms: f64,
}

/// Reads an episode with its screenshots from its folder.
///
/// # Errors
/// If a file is missing, a line is not what it should be, a screenshot is not the recorded one, or the episode was
/// written by a newer version.
pub fn read(folder: &Path) -> Result<StoredEpisode, StoreError> {
    let mut pictures = HashMap::new();
    read_with(folder, |picture| {
        if let Some(png) = pictures.get(&picture.file) {
            return Ok(Arc::clone(png));
        }
        let path = folder.join(&picture.file);
        // The name comes from a file that may have been tampered with.
        if Path::new(&picture.file).components().count() != 1 || path.file_name().is_none() {
            let reason = format!("`screenshot.file`: `{}` is not the name of a file", picture.file);
            return Err(StoreError::Line { path: folder.join(FILE), line: 1, reason });
        }
        let png: Arc<[u8]> = fs::read(&path).map_err(StoreError::io(&path, "read"))?.into();
        let found = sha256(&png);
        if found != picture.sha256 {
            return Err(StoreError::Picture { path, found, recorded: picture.sha256.clone() });
        }
        pictures.insert(picture.file.clone(), Arc::clone(&png));
        Ok(png)
    })
}

/// Reads an episode without its screenshots, for judges and statistics that look at no pixels.
///
/// # Errors
/// As [`read`], but screenshots are not looked at.
pub fn read_text(folder: &Path) -> Result<StoredEpisode, StoreError> {
    read_with(folder, |_| Ok(Arc::default()))
}

/// Reads only what a table shows of an episode.
///
/// # Errors
/// If the first or the last line is not what it should be, or the episode was written by a newer version.
pub fn summary(folder: &Path) -> Result<Summary, StoreError> {
    // Turns are long and need not be read; but what is wrong with a file is told by reading all of it.
    let ends = first_and_last_line(&folder.join(FILE)).ok();
    let quick = ends.and_then(|(first, last)| {
        let header: EpisodeLine = serde_json::from_slice(&first).ok()?;
        let end: EndLine = serde_json::from_slice(&last).ok()?;
        let whole = header.schema_version <= SCHEMA_VERSION && header.line == Kind::Episode && end.line == Kind::End;
        whole.then_some((header, end))
    });
    let (header, end) = match quick {
        Some(ends) => ends,
        None => {
            let file = File::open(folder)?;
            (file.header()?, file.end()?)
        }
    };
    Ok(Summary {
        folder: folder.to_owned(),
        task: header.task,
        seed: header.seed,
        goal: header.goal,
        attempt: header.attempt,
        end: end.end,
        verdict: end.verdict,
        turns: end.totals.turns,
        reset_ms: end.totals.reset_ms,
        env_ms: end.totals.env_ms,
        policy_ms: end.totals.policy_ms,
    })
}

/// The first and the last line of a file, without what is between them.
fn first_and_last_line(path: &Path) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    /// Bytes read at once from the end: most last lines are shorter.
    const STEP: u64 = 64 * 1024;
    let mut file = BufReader::new(fs::File::open(path)?);
    let mut first = Vec::new();
    file.read_until(b'\n', &mut first)?;
    let mut start = file.seek(SeekFrom::End(0))?;
    let mut tail: Vec<u8> = Vec::new();
    while start > 0 {
        let step = start.min(STEP);
        start -= step;
        file.seek(SeekFrom::Start(start))?;
        let mut piece = Vec::new();
        file.by_ref().take(step).read_to_end(&mut piece)?;
        piece.append(&mut tail);
        tail = piece;
        let text = tail.strip_suffix(b"\n").unwrap_or(&tail);
        if let Some(at) = text.iter().rposition(|byte| *byte == b'\n') {
            tail.drain(..=at);
            break;
        }
    }
    Ok((first, tail))
}

/// Judges a recorded episode again, from the record alone. A verifier that now asks something that was not asked then
/// cannot decide.
///
/// # Panics
/// If the task gives a score outside 0..=1, which is a bug in the task.
pub fn judge_again(stored: &StoredEpisode, task: &dyn Task) -> Verdict {
    let Finished { episode, evidence, .. } = &stored.finished;
    let mut answers: Vec<Evidence> = Vec::new();
    for query in task.queries(episode) {
        match evidence.iter().find(|known| known.query == query) {
            Some(known) => answers.push(known.clone()),
            None => return Verdict::undecided(format!("the record holds no answer to {query:?}")),
        }
    }
    rollout::verdict(task, episode, &answers)
}

fn read_with(
    folder: &Path,
    mut load: impl FnMut(&Picture) -> Result<Arc<[u8]>, StoreError>,
) -> Result<StoredEpisode, StoreError> {
    let file = File::open(folder)?;
    let header: EpisodeLine = file.header()?;
    let end: EndLine = file.end()?;
    let mut screenshots = Vec::new();
    let mut restore = |mut observation: Observation, picture: Option<Picture>| {
        if let Some(picture) = &picture {
            observation.screenshot = Screenshot { png: load(picture)? };
        }
        screenshots.push(picture.map(|picture| picture.file));
        Ok(observation)
    };
    let mut turns = Vec::new();
    for number in 2..file.count() {
        let line: TurnLine = file.line(number, Kind::Turn)?;
        if line.index != turns.len() {
            return Err(file.error(number, format!("`index` is {}, not {}", line.index, turns.len())));
        }
        let TurnLine { prompt, completion, action, outcome, timings, .. } = line;
        let observation = restore(line.observation, line.screenshot)?;
        turns.push(Turn { observation, prompt, completion, action, outcome, timings });
    }
    if turns.len() != end.totals.turns {
        let reason = format!("`turns` is {}, but there are {}", end.totals.turns, turns.len());
        return Err(file.error(file.count(), reason));
    }
    let last = end.observation.map(|observation| restore(observation, end.screenshot)).transpose()?;
    let EpisodeLine { task, seed, goal, agent, attempt, .. } = header;
    let episode = Episode { task, seed, goal, agent, turns, last, end: Some(end.end) };
    Ok(StoredEpisode {
        folder: folder.to_owned(),
        finished: Finished {
            episode,
            attempt,
            evidence: end.evidence,
            verdict: end.verdict,
            reset_ms: end.totals.reset_ms,
        },
        rewards: end.rewards,
        screenshots,
    })
}

/// The text of an `episode.jsonl`.
struct File {
    path: PathBuf,
    text: String,
    /// Where each line lies in it.
    lines: Vec<std::ops::Range<usize>>,
}

impl File {
    fn open(folder: &Path) -> Result<File, StoreError> {
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path).map_err(StoreError::io(&path, "read"))?;
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            lines.push(start..start + line.trim_end().len());
            start += line.len();
        }
        Ok(File { path, text, lines })
    }

    fn count(&self) -> usize {
        self.lines.len()
    }

    fn header(&self) -> Result<EpisodeLine, StoreError> {
        let Version { schema_version: found } = self.parse(1)?;
        if found > SCHEMA_VERSION {
            return Err(StoreError::Newer { path: self.path.clone(), found, known: SCHEMA_VERSION });
        }
        self.line(1, Kind::Episode)
    }

    fn end(&self) -> Result<EndLine, StoreError> {
        self.line(self.count(), Kind::End)
    }

    /// A line of this kind; numbers count from 1.
    fn line<T: DeserializeOwned>(&self, number: usize, kind: Kind) -> Result<T, StoreError> {
        let AnyLine { line } = self.parse(number)?;
        if line != kind {
            return Err(self.error(number, format!("`line` is {line:?}, where {kind:?} is due; the file is cut off")));
        }
        self.parse(number)
    }

    fn parse<T: DeserializeOwned>(&self, number: usize) -> Result<T, StoreError> {
        let line = self.lines.get(number.wrapping_sub(1)).ok_or_else(|| self.error(1, "the file is empty".into()))?;
        serde_json::from_str(&self.text[line.clone()]).map_err(|error| self.error(number, error.to_string()))
    }

    fn error(&self, line: usize, reason: String) -> StoreError {
        StoreError::Line { path: self.path.clone(), line, reason }
    }
}
