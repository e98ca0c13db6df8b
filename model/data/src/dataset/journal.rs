//! A file of JSON lines that only grows, each line on the disk before the next is begun.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::lines;
use crate::DataError;
use crate::disk::Disk;

/// An open file of lines.
#[derive(Debug)]
pub(super) struct Journal {
    disk: Disk,
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    length: u64,
    /// A line was torn and could not be cut off.
    broken: bool,
}

impl Journal {
    /// Opens the file, makes it if it is not there, and cuts off a line that was never finished.
    pub(super) fn open<T: DeserializeOwned>(disk: &Disk, path: &Path) -> Result<(Journal, Vec<T>), DataError> {
        let known = path.exists();
        let opened = OpenOptions::new().append(true).create(true).open(path);
        let file = opened.map_err(DataError::io(path, "written"))?;
        if !known {
            disk.sync_folder(path.parent().unwrap_or(Path::new(".")))?;
        }
        let found = lines(path)?;
        let length = whole(path, found.len())?;
        if file.metadata().map_err(DataError::io(path, "read"))?.len() != length {
            disk.truncate(&file, length).map_err(DataError::io(path, "repaired"))?;
        }
        Ok((Journal { disk: disk.clone(), path: path.to_owned(), file, length, broken: false }, found))
    }

    /// Adds a line. If that fails, the file is as it was.
    pub(super) fn append(&mut self, line: &impl Serialize) -> Result<(), DataError> {
        if self.broken {
            return Err(DataError::Broken { path: self.path.clone() });
        }
        let mut text = serde_json::to_vec(line).expect("plain data with text keys can be written as JSON");
        text.push(b'\n');
        match self.disk.append(&self.file, &text) {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.broken = self.disk.truncate(&self.file, self.length).is_err();
                Err(DataError::io(&self.path, "written")(error))
            }
        }
    }
}

/// Bytes of the first lines of a file.
fn whole(path: &Path, lines: usize) -> Result<u64, DataError> {
    let mut reader = BufReader::new(File::open(path).map_err(DataError::io(path, "read"))?);
    let mut length = 0;
    for _ in 0..lines {
        length += reader.skip_until(b'\n').map_err(DataError::io(path, "read"))? as u64;
    }
    Ok(length)
}
