//! The folder that is written: under a temporary name until all of it is there.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::disk::{Disk, NewFile, partial_of};
use crate::shard::extension;
use crate::{DataError, Row};

/// A folder on its way. Dropped before [`Folder::finish`], it leaves nothing.
pub(crate) struct Folder {
    disk: Disk,
    partial: PathBuf,
    path: PathBuf,
    finished: bool,
}

impl Folder {
    /// Begins a folder that does not exist, or is empty.
    pub(crate) fn create(path: &Path) -> Result<Folder, DataError> {
        let taken = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        };
        if taken {
            return Err(DataError::Exists { path: path.to_owned() });
        }
        let disk = Disk::default();
        let partial = partial_of(path);
        disk.remove_folder(&partial)?;
        disk.create_folder(&partial)?;
        Ok(Folder { disk, partial, path: path.to_owned(), finished: false })
    }

    /// Where it is until it is finished.
    pub(crate) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Where it will be.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a file in it, with the folders above.
    pub(crate) fn file(&self, name: &str) -> Result<Output, DataError> {
        let path = self.partial.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(DataError::io(parent, "created"))?;
        }
        Ok(Output { file: BufWriter::new(self.disk.create(&path)?), path })
    }

    /// Writes a picture. Pictures are many and are not waited for one by one.
    pub(crate) fn picture(&self, name: &str, picture: &[u8]) -> Result<(), DataError> {
        let path = self.partial.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(DataError::io(parent, "created"))?;
        }
        fs::write(&path, picture).map_err(DataError::io(&path, "written"))
    }

    /// Gives the folder its name.
    pub(crate) fn finish(mut self) -> Result<(), DataError> {
        self.disk.sync_folder(&self.partial)?;
        self.disk.rename(&self.partial, &self.path)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed now is removed by the next try.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// A file that is being written.
pub(crate) struct Output {
    path: PathBuf,
    file: BufWriter<NewFile>,
}

impl Output {
    /// Adds bytes.
    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), DataError> {
        self.file.write_all(content).map_err(DataError::io(&self.path, "written"))
    }

    /// Waits until all of it is on the disk.
    pub(crate) fn finish(self) -> Result<(), DataError> {
        let file = self.file.into_inner().map_err(|error| DataError::io(&self.path, "written")(error.into_error()))?;
        file.finish().map(|_| ())
    }

    /// For writers that take one; errors are of [`Output::path`].
    pub(super) fn into_parts(self) -> (BufWriter<NewFile>, PathBuf) {
        (self.file, self.path)
    }
}

/// A file of JSON values: one a line, or as one list.
pub(crate) struct Listing {
    file: Output,
    as_list: bool,
    empty: bool,
}

impl Listing {
    /// One value a line.
    pub(super) fn lines(file: Output) -> Listing {
        Listing { file, as_list: false, empty: true }
    }

    /// One JSON list.
    pub(super) fn list(file: Output) -> Listing {
        Listing { file, as_list: true, empty: true }
    }

    pub(super) fn push(&mut self, value: &impl Serialize) -> Result<(), DataError> {
        self.push_text(&serde_json::to_vec(value).expect("plain data with text keys can be written as JSON"))
    }

    /// Adds what is JSON already, on one line.
    pub(super) fn push_text(&mut self, text: &[u8]) -> Result<(), DataError> {
        if self.as_list {
            self.file.write(if self.empty { b"[\n" } else { b",\n" })?;
        }
        self.file.write(text)?;
        self.empty = false;
        if self.as_list { Ok(()) } else { self.file.write(b"\n") }
    }

    pub(super) fn finish(mut self) -> Result<(), DataError> {
        if self.as_list {
            self.file.write(if self.empty { b"[]\n" } else { b"\n]\n" })?;
        }
        self.file.finish()
    }
}

/// Where a screen's picture lies below `folder`: spread over 256 folders, since many file systems are slow with large
/// ones.
pub(crate) fn picture_path(folder: &str, row: &Row) -> String {
    let name = file_name(&row.screen.screen_id);
    let spread = crate::seed::hash(0, &name) & 0xff;
    format!("{folder}/{spread:02x}/{name}.{}", extension(&row.picture))
}

/// A screen's id as a file's name, which it mostly is; otherwise its hash.
pub(super) fn file_name(screen_id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
    if (1..=128).contains(&screen_id.len()) && screen_id.bytes().all(plain) {
        screen_id.to_owned()
    } else {
        let mut hash = crate::sha256(screen_id.as_bytes());
        hash.truncate(32);
        hash
    }
}
