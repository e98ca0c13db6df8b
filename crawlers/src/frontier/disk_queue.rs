//! A queue in an append-only file of JSON lines.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{FrontierError, failed};

/// The longest line that is read, in bytes: an address and what belongs to it.
const LONGEST_LINE: u64 = 256 << 10;

/// Items in a file, first in, first out. Writing goes to the system's cache and reading comes from there, as a rule, so
/// neither is worth a thread. After a crash of the program all that was pushed is in the file.
#[derive(Debug)]
pub(super) struct DiskQueue<T> {
    path: PathBuf,
    writer: File,
    reader: BufReader<File>,
    written: u64,
    read: u64,
    /// Whether it is emptied when all is read; one that is kept is read from the start by the next run.
    is_scratch: bool,
    items: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> DiskQueue<T> {
    /// A queue that goes on with what is in the file, all of which is shown to `each` first.
    pub fn open(path: &Path, mut each: impl FnMut(&T)) -> Result<DiskQueue<T>, FrontierError> {
        let mut queue = DiskQueue::with(path, false, false)?;
        while let Some(item) = queue.pop()? {
            each(&item);
        }
        queue.reader.seek(SeekFrom::Start(0)).map_err(failed(path, "read"))?;
        queue.read = 0;
        Ok(queue)
    }

    /// An empty queue.
    pub fn create(path: &Path) -> Result<DiskQueue<T>, FrontierError> {
        DiskQueue::with(path, true, true)
    }

    fn with(path: &Path, is_scratch: bool, is_emptied: bool) -> Result<DiskQueue<T>, FrontierError> {
        let mut writer = OpenOptions::new().append(true).create(true).open(path).map_err(failed(path, "opened"))?;
        if is_emptied {
            writer.set_len(0).map_err(failed(path, "emptied"))?;
        }
        let file = File::open(path).map_err(failed(path, "opened"))?;
        let mut written = file.metadata().map_err(failed(path, "read"))?.len();
        if written > 0 {
            // What a killed run wrote last may be half a line; what comes next must not become the other half.
            writer.write_all(b"\n").map_err(failed(path, "written"))?;
            written += 1;
        }
        let reader = BufReader::new(file);
        Ok(DiskQueue { path: path.to_owned(), writer, reader, written, read: 0, is_scratch, items: PhantomData })
    }

    /// Whether all that was pushed is popped.
    pub fn is_empty(&self) -> bool {
        self.read >= self.written
    }

    /// Adds one at the end.
    pub fn push(&mut self, item: &T) -> Result<(), FrontierError> {
        self.push_all(std::slice::from_ref(item))
    }

    /// Adds several at the end, or none.
    pub fn push_all(&mut self, items: &[T]) -> Result<(), FrontierError> {
        let mut lines = Vec::new();
        for item in items {
            serde_json::to_writer(&mut lines, item).expect("plain data with text keys can be written as JSON");
            lines.push(b'\n');
        }
        let written = self.writer.write_all(&lines);
        if written.is_err() {
            // What was written of them must not become the beginning of what comes next.
            let _ = self.writer.set_len(self.written);
        }
        written.map_err(failed(&self.path, "written"))?;
        self.written += lines.len() as u64;
        Ok(())
    }

    /// Takes the first. Lines that are none of ours are passed over.
    pub fn pop(&mut self) -> Result<Option<T>, FrontierError> {
        while !self.is_empty() {
            let mut line = Vec::new();
            let read = self.reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
            let read = read.map_err(failed(&self.path, "read"))?;
            if read == 0 {
                break;
            }
            self.read += read as u64;
            if let Ok(item) = serde_json::from_slice(&line) {
                return Ok(Some(item));
            }
        }
        self.read = self.written;
        if self.is_scratch && self.written > 0 {
            self.writer.set_len(0).map_err(failed(&self.path, "emptied"))?;
            self.reader.seek(SeekFrom::Start(0)).map_err(failed(&self.path, "read"))?;
            (self.written, self.read) = (0, 0);
        }
        Ok(None)
    }
}
