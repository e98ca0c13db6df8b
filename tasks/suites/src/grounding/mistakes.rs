//! What is wrong with a set, told together.

use std::path::{Path, PathBuf};

/// Mistakes that are told; of more, only the number.
const TOLD: usize = 20;

/// A set of pictures could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file or folder is missing or cannot be read.
    #[error("`{}` could not be read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There are no files of such a set.
    #[error("`{}` holds no set of this kind: {reason}", path.display())]
    NotASet {
        /// The folder or file.
        path: PathBuf,
        /// What was looked for.
        reason: String,
    },
    /// Entries cannot be used.
    #[error("`{}` has {count} mistakes:{}", path.display(), list(told, *count))]
    Mistakes {
        /// The folder or file.
        path: PathBuf,
        /// How many there are.
        count: usize,
        /// The first of them, each with file and entry.
        told: Vec<String>,
    },
}

fn list(told: &[String], count: usize) -> String {
    let mut text: String = told.iter().map(|mistake| format!("\n  {mistake}")).collect();
    if count > told.len() {
        text.push_str(&format!("\n  and {} more", count - told.len()));
    }
    text
}

impl LoadError {
    pub(super) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> LoadError {
        let path = path.to_owned();
        move |source| LoadError::Read { path, source }
    }
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    count: usize,
    told: Vec<String>,
}

impl Mistakes {
    /// Notes one.
    pub(super) fn note(&mut self, at: &str, what: &str) {
        self.count += 1;
        if self.told.len() < TOLD {
            self.told.push(format!("{at}: {what}"));
        }
    }

    /// Keeps what is right and notes what is not.
    pub(super) fn take<T>(&mut self, at: &str, found: Result<T, String>) -> Option<T> {
        found.map_err(|what| self.note(at, &what)).ok()
    }

    /// The items, if there are any and nothing is wrong with the set.
    pub(super) fn end<T>(self, root: &Path, items: Vec<T>) -> Result<Vec<T>, LoadError> {
        let path = root.to_owned();
        if self.count > 0 {
            return Err(LoadError::Mistakes { path, count: self.count, told: self.told });
        }
        if items.is_empty() {
            return Err(LoadError::NotASet { path, reason: "its files have no entry".to_owned() });
        }
        Ok(items)
    }
}
