//! The episode store: one folder for a run, one folder in it for each episode, readable without Glim.
//!
//! ```text
//! RUN/run.json                                 what was run, under which conditions
//! RUN/episodes/pages__click-button/7/          suite__family, seed
//!     episode.jsonl                            goal; one line a turn; end, evidence, verdict, rewards
//!     000.png 001.png ...                      each different screenshot once
//! RUN/voids.jsonl                              attempts that do not count, and why
//! RUN/results.json RUN/report.html             made from the above
//! ```
//! An episode is written to a folder whose name ends in `.partial` and gets its name when all of it is on the disk. So a
//! crash at any moment leaves whole episodes and folders that are clearly unfinished; the next run removes these and
//! plays them again. Judging needs only what is stored: see [`judge_again`].

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use glim_env::{Episode, Seed};

use crate::rollout::{Finished, RecordError, Recorder, Void};

mod disk;
mod error;
mod lines;
mod read;
mod record;
#[cfg(test)]
mod tests;
mod voids;
mod write;

pub(crate) use disk::Disk;
pub use error::StoreError;
pub use read::{StoredEpisode, Summary, judge_again, read, read_text, summary};
pub use record::RunRecord;

/// A run folder that this process writes to; no other can at the same time.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    disk: Disk,
    /// Held for its lock, which the system releases however the process ends.
    _lock: File,
}

impl Store {
    /// Opens a run folder for writing: makes it, or continues what is in it if it was run under the same conditions.
    /// Whatever an interrupted run left unfinished is removed.
    ///
    /// # Errors
    /// If the folder cannot be written, is in use, or holds something else.
    pub fn open(root: &Path, record: RunRecord) -> Result<Store, StoreError> {
        Store::open_on(Disk::default(), root, record)
    }

    /// [`Store::open`] with the disk's behaviour chosen, for tests of crashes.
    pub(crate) fn open_on(disk: Disk, root: &Path, mut record: RunRecord) -> Result<Store, StoreError> {
        disk.create_folder(root)?;
        let known = root.join(record::FILE).exists();
        if !known && !is_blank(root)? {
            return Err(StoreError::NotARun { path: root.to_owned() });
        }
        let path = root.join("lock");
        let lock = File::create(&path).map_err(StoreError::io(&path, "written"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::InUse { path: root.to_owned() }),
            Err(fs::TryLockError::Error(source)) => return Err(StoreError::Io { path, doing: "locked", source }),
        }
        if known {
            let there = RunRecord::read(root)?;
            if let Some((what, here, there)) = record.difference(&there) {
                return Err(StoreError::OtherRun { path: root.to_owned(), what, there, here });
            }
            record.widen(there);
        }
        remove_partial(root)?;
        voids::repair(root)?;
        let text = serde_json::to_vec_pretty(&record).expect("plain data with text keys can be written as JSON");
        disk.replace(&root.join(record::FILE), &text)?;
        disk.create_folder(&root.join("episodes"))?;
        Ok(Store { root: root.to_owned(), disk, _lock: lock })
    }

    /// The run folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether this episode is finished and recorded.
    pub fn contains(&self, task: &str, seed: Seed) -> bool {
        episode_folder(&self.root, task, seed).exists()
    }

    /// Records a finished episode.
    ///
    /// # Errors
    /// If it cannot be written; nothing is left under its name then.
    pub fn write(&self, finished: &Finished) -> Result<(), StoreError> {
        let folder = episode_folder(&self.root, &finished.episode.task, finished.episode.seed);
        write::finished(&self.disk, &folder, finished)
    }

    /// Replaces a file of the run folder at once: a reader sees the old content or the new.
    ///
    /// # Errors
    /// If it cannot be written; the old content stays.
    pub fn replace(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        self.disk.replace(&self.root.join(name), content)
    }
}

impl Recorder for Store {
    fn finished(&self, finished: &Finished) -> Result<(), RecordError> {
        Ok(self.write(finished)?)
    }

    fn void(&self, void: &Void) -> Result<(), RecordError> {
        Ok(voids::append(&self.disk, &self.root, void)?)
    }

    fn abandoned(&self, episode: &Episode, attempt: u32) -> Result<(), RecordError> {
        let folder = episode_folder(&self.root, &episode.task, episode.seed);
        Ok(write::unfinished(&self.disk, &folder, episode, attempt)?)
    }
}

/// Where an episode lies in a run folder.
pub fn episode_folder(run: &Path, task: &str, seed: Seed) -> PathBuf {
    let mut name = String::with_capacity(task.len() + 1);
    for char in task.chars() {
        match char {
            '/' => name.push_str("__"),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => name.push(char),
            '.' if !name.is_empty() => name.push(char),
            other => {
                let mut bytes = [0; 4];
                for byte in other.encode_utf8(&mut bytes).bytes() {
                    name.push_str(&format!("%{byte:02X}"));
                }
            }
        }
    }
    run.join("episodes").join(name).join(seed.to_string())
}

/// The folders of all finished episodes of a run, by task and then by seed.
///
/// # Errors
/// If the folder cannot be read.
pub fn episodes(run: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    for task in folders(&run.join("episodes"))? {
        for episode in folders(&task)? {
            let seed = episode.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<u64>().ok());
            // Partial ones and what does not belong here have no number for a name.
            found.extend(seed.map(|seed| (task.clone(), seed, episode)));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, _, episode)| episode).collect())
}

/// The attempts of a run that do not count, in the order in which they happened.
///
/// # Errors
/// If the record of them cannot be read.
pub fn voids(run: &Path) -> Result<Vec<Void>, StoreError> {
    voids::read(run)
}

fn folders(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                found.push(entry.path());
            }
        }
        Ok(found)
    };
    match read() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        found => found.map_err(StoreError::io(path, "read")),
    }
}

fn is_partial(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "partial")
}

/// Whether a folder holds nothing but what a run that was killed at once leaves.
fn is_blank(root: &Path) -> Result<bool, StoreError> {
    for entry in fs::read_dir(root).map_err(StoreError::io(root, "read"))? {
        let path = entry.map_err(StoreError::io(root, "read"))?.path();
        if !is_partial(&path) && path.file_name().is_some_and(|name| name != "lock") {
            return Ok(false);
        }
    }
    Ok(true)
}

fn remove_partial(root: &Path) -> Result<(), StoreError> {
    for task in folders(&root.join("episodes"))? {
        for episode in folders(&task)?.into_iter().filter(|path| is_partial(path)) {
            fs::remove_dir_all(&episode).map_err(StoreError::io(&episode, "removed"))?;
        }
    }
    for entry in fs::read_dir(root).map_err(StoreError::io(root, "read"))? {
        let path = entry.map_err(StoreError::io(root, "read"))?.path();
        if is_partial(&path) && path.is_file() {
            fs::remove_file(&path).map_err(StoreError::io(&path, "removed"))?;
        }
    }
    Ok(())
}

/// The SHA-256 of some bytes, in hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
