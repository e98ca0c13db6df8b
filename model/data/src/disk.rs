//! Writes made so that after a crash every name holds either all of its content or does not exist.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ring::digest;

use crate::DataError;

/// Where a dataset is written. A test's disk can fail after any number of writes, in the middle of one.
#[derive(Debug, Default, Clone)]
pub(crate) struct Disk {
    #[cfg(test)]
    fault: Option<std::sync::Arc<Fault>>,
}

impl Disk {
    /// Begins a new file, in place of one that has the name.
    pub(crate) fn create(&self, path: &Path) -> Result<NewFile, DataError> {
        let file = self.cut(b"").and_then(|_| File::create(path)).map_err(DataError::io(path, "written"))?;
        let digest = digest::Context::new(&digest::SHA256);
        Ok(NewFile { disk: self.clone(), path: path.to_owned(), file, digest, bytes: 0 })
    }

    /// Writes a new file and waits until it is on the disk.
    pub(crate) fn write(&self, path: &Path, content: &[u8]) -> Result<(), DataError> {
        let mut file = self.create(path)?;
        file.write_all(content).map_err(DataError::io(path, "written"))?;
        file.finish().map(|_| ())
    }

    /// Replaces a file at once: readers see the old content or the new.
    pub(crate) fn replace(&self, path: &Path, content: &[u8]) -> Result<(), DataError> {
        let partial = partial_of(path);
        self.write(&partial, content)?;
        self.rename(&partial, path)
    }

    /// Adds to a file that is open at its end, and waits until it is on the disk.
    pub(crate) fn append(&self, mut file: &File, content: &[u8]) -> io::Result<()> {
        let (content, whole) = self.cut(content)?;
        file.write_all(content)?;
        whole?;
        file.sync_all()
    }

    /// Cuts a file off.
    pub(crate) fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        self.cut(b"")?.1?;
        file.set_len(length)?;
        file.sync_all()
    }

    /// Gives a whole file or folder its final name.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), DataError> {
        self.cut(b"").and_then(|_| fs::rename(from, to)).map_err(DataError::io(to, "put in place"))?;
        self.sync_folder(to.parent().unwrap_or(Path::new(".")))
    }

    /// Creates a folder and those above it.
    pub(crate) fn create_folder(&self, path: &Path) -> Result<(), DataError> {
        if path.is_dir() {
            return Ok(());
        }
        self.cut(b"").and_then(|_| fs::create_dir_all(path)).map_err(DataError::io(path, "created"))?;
        self.sync_folder(path.parent().unwrap_or(Path::new(".")))
    }

    /// Removes a file, if it is there.
    pub(crate) fn remove_file(&self, path: &Path) -> Result<(), DataError> {
        match self.cut(b"").and_then(|_| fs::remove_file(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map_err(DataError::io(path, "removed")),
        }
    }

    /// Removes a folder and what is in it, if it is there. A crash may leave some of it.
    pub(crate) fn remove_folder(&self, path: &Path) -> Result<(), DataError> {
        let remove = || {
            let (_, whole) = self.cut(b"")?;
            if whole.is_err()
                && let Some(first) = fs::read_dir(path)?.next()
            {
                fs::remove_file(first?.path())?;
            }
            whole?;
            fs::remove_dir_all(path)
        };
        match remove() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map_err(DataError::io(path, "removed")),
        }
    }

    /// Waits until the names in a folder are on the disk.
    pub(crate) fn sync_folder(&self, path: &Path) -> Result<(), DataError> {
        // The parent of a bare name is the empty path.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        self.cut(b"").and_then(|_| File::open(path)?.sync_all()).map_err(DataError::io(path, "written"))
    }

    /// What of `content` still reaches the disk, and whether that is all.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "only a test's disk fails"))]
    fn cut<'a>(&self, content: &'a [u8]) -> io::Result<(&'a [u8], io::Result<()>)> {
        #[cfg(test)]
        if let Some(fault) = &self.fault {
            return fault.spend(content);
        }
        Ok((content, Ok(())))
    }
}

/// A file on its way to the disk. What passes is counted and hashed.
pub(crate) struct NewFile {
    disk: Disk,
    path: PathBuf,
    file: File,
    digest: digest::Context,
    bytes: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    /// In hexadecimal.
    pub(crate) sha256: String,
}

impl NewFile {
    /// Waits until all of it is on the disk.
    pub(crate) fn finish(self) -> Result<Written, DataError> {
        self.disk.cut(b"").and_then(|_| self.file.sync_all()).map_err(DataError::io(self.path, "written"))?;
        Ok(Written { bytes: self.bytes, sha256: hexadecimal(self.digest.finish().as_ref()) })
    }
}

impl Write for NewFile {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let (content, whole) = self.disk.cut(content)?;
        self.file.write_all(content)?;
        whole?;
        self.digest.update(content);
        self.bytes += content.len() as u64;
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The name under which something is written until it is whole.
pub(crate) fn partial_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// Whether something was still being written when its writer ended.
pub(crate) fn is_partial(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "partial")
}

/// The SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Counts down the writes that a failing disk still does; the one after them is torn.
#[cfg(test)]
#[derive(Debug)]
struct Fault {
    left: std::sync::atomic::AtomicI64,
    /// Nothing is written any more, as after a power cut; otherwise only that one write fails, as on a full disk.
    dead: bool,
}

#[cfg(test)]
impl Fault {
    fn spend<'a>(&self, content: &'a [u8]) -> io::Result<(&'a [u8], io::Result<()>)> {
        let failed = || io::Error::new(io::ErrorKind::StorageFull, "the disk is full");
        match self.left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) {
            left if left > 0 || (left < 0 && !self.dead) => Ok((content, Ok(()))),
            0 if content.is_empty() && !self.dead => Err(failed()),
            0 => Ok((&content[..content.len() / 2], Err(failed()))),
            _ => Err(failed()),
        }
    }
}

#[cfg(test)]
impl Disk {
    /// A disk that does so many writes, tears the next one and does nothing from then on.
    pub(crate) fn dying_after(writes: i64) -> Disk {
        Disk { fault: Some(std::sync::Arc::new(Fault { left: writes.into(), dead: true })) }
    }

    /// A disk that does so many writes, tears the next one and goes on.
    pub(crate) fn failing_once_after(writes: i64) -> Disk {
        Disk { fault: Some(std::sync::Arc::new(Fault { left: writes.into(), dead: false })) }
    }

    /// Whether the write that fails has been asked for.
    pub(crate) fn has_failed(&self) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.left.load(std::sync::atomic::Ordering::SeqCst) < 0)
    }
}
