//! A dataset: a folder of shards with a manifest, readable without Glim and continued by whoever was killed.
//!
//! ```text
//! DATASET/data/train-00000.parquet        shards; a page is in one of them, a site on one side of the split
//!         data/validation-00000.parquet
//! DATASET/manifest.jsonl                  one line for each shard: what is in it, with which SHA-256
//! DATASET/drops.jsonl                     one line for each page that gave nothing, and why
//! DATASET/spool/PAGE_ID/                  the screens of a page that is in no shard yet
//! DATASET/dataset.json DATASET/recipe.toml   how it is made
//! DATASET/README.md                       the card, with the header that Hugging Face reads
//! ```
//!
//! **How nothing is lost or doubled.** A page is done when its folder in the spool has its name, or when a line of
//! `drops.jsonl` is on the disk. A shard takes whole pages from the spool: it is written under a temporary name, synced,
//! renamed, its line is appended to the manifest and synced, and only then do its pages leave the spool. So at any moment
//! a page is in the spool, in a shard with a line, or in both; opening the folder again removes shards without a line
//! (their pages are still in the spool) and spooled pages that a line names, and cuts off a line that was not finished.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::shard::{Columns, Rows, Shard};
use crate::stats::Stats;
use crate::{DataError, Row, Screen};

mod card;
mod journal;
mod split;
mod spool;
#[cfg(test)]
mod tests;
mod write;

pub use split::{Split, SplitRule, split_of};
pub use write::{DatasetWriter, Progress, WriterOptions};

const MANIFEST: &str = "manifest.jsonl";
const DROPS: &str = "drops.jsonl";
const ABOUT: &str = "dataset.json";
const RECIPE: &str = "recipe.toml";
const CARD: &str = "README.md";
const DATA: &str = "data";
const SPOOL: &str = "spool";

/// A line of the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardLine {
    /// Its place in the dataset's folder: `data/train-00000.parquet`.
    pub file: String,
    /// The side of the split it is on.
    pub split: Split,
    /// Rows in it.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The pages in it, whole, in order.
    pub pages: Vec<String>,
    /// The site of each of them.
    #[serde(default)]
    pub sites: Vec<String>,
    /// What is in it.
    pub stats: Stats,
}

/// A line of `drops.jsonl`: a page that gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropLine {
    /// The page.
    pub page_id: String,
    /// One of a few words: `blank`, `error_page`, `near_duplicate`.
    pub reason: String,
    /// More of it, for a person.
    #[serde(default)]
    pub detail: String,
}

/// `dataset.json`: what must stay the same as long as pages are added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct About {
    schema_version: u32,
    name: String,
    split: SplitRule,
}

/// A dataset that is read: what is in its shards. What is added meanwhile is seen when it is opened again.
#[derive(Debug, Clone)]
pub struct Dataset {
    root: PathBuf,
    shards: Vec<(PathBuf, Split)>,
}

impl Dataset {
    /// Opens a dataset's folder by its manifest. A folder without one, such as a download, is read by the names of its
    /// files; so is a single shard.
    ///
    /// # Errors
    /// If there is no dataset, or a shard that the manifest names is missing.
    pub fn open(path: &Path) -> Result<Dataset, DataError> {
        let mut shards = Vec::new();
        if path.is_file() {
            shards.push((path.to_owned(), Split::of_file(path)));
        } else if path.join(MANIFEST).is_file() {
            for line in lines::<ShardLine>(&path.join(MANIFEST))? {
                shards.push((path.join(&line.file), line.split));
            }
        } else {
            let data = path.join(DATA);
            let folder = if data.is_dir() { data } else { path.to_owned() };
            for entry in fs::read_dir(&folder).map_err(DataError::io(&folder, "read"))? {
                let file = entry.map_err(DataError::io(&folder, "read"))?.path();
                if file.extension().is_some_and(|ending| ending == "parquet") {
                    shards.push((file.clone(), Split::of_file(&file)));
                }
            }
            if shards.is_empty() {
                let reason = "there is no manifest.jsonl and no .parquet file";
                return Err(DataError::NotADataset { path: path.to_owned(), reason });
            }
        }
        for (file, _) in &shards {
            fs::metadata(file).map_err(DataError::io(file, "read"))?;
        }
        shards.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        Ok(Dataset { root: path.to_owned(), shards })
    }

    /// The folder, or the file.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its shards in order: training first.
    pub fn shards(&self) -> &[(PathBuf, Split)] {
        &self.shards
    }

    /// All rows of one side of the split, or of both. One shard is open at a time, a few rows are in memory.
    pub fn rows<'a>(&'a self, split: Option<Split>, columns: Columns<'a>) -> DatasetRows<'a> {
        let shards = self.shards.iter().filter(move |(_, of)| split.is_none_or(|split| *of == split));
        DatasetRows { shards: Box::new(shards), columns, rows: None, over: false }
    }

    /// The row of a screen, or the first one of a page, by its id. Ids are read until it is found, and then that row.
    ///
    /// # Errors
    /// If a shard cannot be read.
    pub fn find(&self, id: &str) -> Result<Option<(Split, Row)>, DataError> {
        for (path, split) in &self.shards {
            let shard = Shard::open(path)?;
            for (at, row) in shard.rows(Columns::Only(&["screen_id", "page_id"]))?.enumerate() {
                let Screen { screen_id, page_id, .. } = row?.screen;
                if screen_id == id || page_id == id {
                    return Ok(Some((*split, shard.row(at, Columns::All)?)));
                }
            }
        }
        Ok(None)
    }

    /// Pages that gave nothing.
    ///
    /// # Errors
    /// If the record of them cannot be read.
    pub fn drops(&self) -> Result<Vec<DropLine>, DataError> {
        let path = self.root.join(DROPS);
        if path.is_file() { lines(&path) } else { Ok(Vec::new()) }
    }

    /// How its sites were split, if it says so.
    ///
    /// # Errors
    /// If `dataset.json` is there and cannot be read.
    pub fn split_rule(&self) -> Result<Option<SplitRule>, DataError> {
        Ok(About::read(&self.root)?.map(|about| about.split))
    }
}

/// The rows of a dataset, in order. Ends after the first error.
pub struct DatasetRows<'a> {
    shards: Box<dyn Iterator<Item = &'a (PathBuf, Split)> + 'a>,
    columns: Columns<'a>,
    rows: Option<(Rows, Split)>,
    over: bool,
}

impl Iterator for DatasetRows<'_> {
    type Item = Result<(Split, Row), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over {
            if let Some((rows, split)) = &mut self.rows {
                match rows.next() {
                    Some(Ok(row)) => return Some(Ok((*split, row))),
                    Some(Err(error)) => return self.end(error),
                    None => self.rows = None,
                }
            }
            let (path, split) = self.shards.next()?;
            match Shard::open(path).and_then(|shard| shard.rows(self.columns)) {
                Ok(rows) => self.rows = Some((rows, *split)),
                Err(error) => return self.end(error),
            }
        }
        None
    }
}

impl DatasetRows<'_> {
    fn end<T>(&mut self, error: DataError) -> Option<Result<T, DataError>> {
        self.over = true;
        Some(Err(error))
    }
}

impl About {
    fn read(root: &Path) -> Result<Option<About>, DataError> {
        let path = root.join(ABOUT);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(DataError::io(&path, "read"))?,
        };
        let about = serde_json::from_slice(&text);
        about.map(Some).map_err(|error| DataError::Line { path, line: error.line(), reason: error.to_string() })
    }
}

/// The whole lines of a file; a last one that is still being written, or never was finished, is left out.
fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, DataError> {
    let mut file = BufReader::new(File::open(path).map_err(DataError::io(path, "read"))?);
    let mut found = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        file.read_until(b'\n', &mut line).map_err(DataError::io(path, "read"))?;
        if line.pop() != Some(b'\n') {
            break;
        }
        found.push(serde_json::from_slice(&line));
    }
    // Only the last line can be unfinished: each is on the disk before the next is begun.
    if found.last().is_some_and(Result::is_err) {
        found.pop();
    }
    let wrong = |at: usize, error: serde_json::Error| DataError::Line {
        path: path.to_owned(),
        line: at + 1,
        reason: error.to_string(),
    };
    found.into_iter().enumerate().map(|(at, line)| line.map_err(|error| wrong(at, error))).collect()
}
