//! The writes of a store, made so that after a crash every name holds either all of its content or does not exist.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::StoreError;

/// Where a store writes. A test's disk can die after any number of writes, in the middle of one.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    #[cfg(test)]
    power_cut: Option<PowerCut>,
}

impl Disk {
    /// Writes a new file and waits until it is on the disk.
    pub(crate) fn write(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        let write = || {
            let mut file = File::create(path)?;
            let content = self.cut(content)?;
            file.write_all(content.0)?;
            content.1?;
            file.sync_all()
        };
        write().map_err(StoreError::io(path, "written"))
    }

    /// Replaces a file at once: readers see the old content or the new.
    pub(crate) fn replace(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        let partial = partial_of(path);
        self.write(&partial, content)?;
        self.rename(&partial, path)
    }

    /// Adds to a file and waits until it is on the disk.
    pub(crate) fn append(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        let append = || {
            let mut file = OpenOptions::new().append(true).create(true).open(path)?;
            let content = self.cut(content)?;
            file.write_all(content.0)?;
            content.1?;
            file.sync_all()
        };
        append().map_err(StoreError::io(path, "written"))
    }

    /// Gives a whole file or folder its final name.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.cut(b"").and_then(|_| fs::rename(from, to)).map_err(StoreError::io(to, "put in place"))?;
        self.sync_folder(to.parent().unwrap_or(Path::new(".")))
    }

    /// Creates a folder and those above it.
    pub(crate) fn create_folder(&self, path: &Path) -> Result<(), StoreError> {
        if path.is_dir() {
            return Ok(());
        }
        self.cut(b"").and_then(|_| fs::create_dir_all(path)).map_err(StoreError::io(path, "created"))?;
        self.sync_folder(path.parent().unwrap_or(Path::new(".")))
    }

    /// Waits until the names in a folder are on the disk.
    pub(crate) fn sync_folder(&self, path: &Path) -> Result<(), StoreError> {
        // The parent of a bare name is the empty path.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        self.cut(b"").and_then(|_| File::open(path)?.sync_all()).map_err(StoreError::io(path, "written"))
    }

    /// What of `content` still reaches the disk, and whether that is all.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "only a test's disk dies"))]
    fn cut<'a>(&self, content: &'a [u8]) -> std::io::Result<(&'a [u8], std::io::Result<()>)> {
        #[cfg(test)]
        if let Some(power) = &self.power_cut {
            return power.spend(content);
        }
        Ok((content, Ok(())))
    }
}

/// The name under which something is written until it is whole.
pub(super) fn partial_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// Counts down the writes that a dying disk still does; the one after them is torn.
#[cfg(test)]
#[derive(Debug)]
struct PowerCut(std::sync::atomic::AtomicI64);

#[cfg(test)]
impl PowerCut {
    fn spend<'a>(&self, content: &'a [u8]) -> std::io::Result<(&'a [u8], std::io::Result<()>)> {
        let dead = || std::io::Error::other("the power is cut");
        match self.0.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) {
            left if left > 0 => Ok((content, Ok(()))),
            0 => Ok((&content[..content.len() / 2], Err(dead()))),
            _ => Err(dead()),
        }
    }
}

#[cfg(test)]
impl Disk {
    /// A disk that does so many writes, tears the next one and does nothing from then on.
    pub(crate) fn dying_after(writes: i64) -> Disk {
        Disk { power_cut: Some(PowerCut(writes.into())) }
    }
}
