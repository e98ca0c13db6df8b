//! What can go wrong with a run folder. Every error names the path.

use std::path::PathBuf;

/// A run folder or an episode could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk refused: full, read-only, no permission, gone.
    #[error("`{}` could not be {doing}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `written`, `read`, `created`, ...
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line or file is not what it should be.
    #[error("line {line} of `{}` cannot be read: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong, with the field's name.
        reason: String,
    },
    /// It was written by a newer version of the program.
    #[error("`{}` has schema version {found}; this version of Glim reads up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// [`glim_env::SCHEMA_VERSION`].
        known: u32,
    },
    /// A screenshot is not the one that was recorded.
    #[error("`{}` is not the recorded screenshot: its SHA-256 is {found}, not {recorded}", path.display())]
    Picture {
        /// The picture.
        path: PathBuf,
        /// What it hashes to.
        found: String,
        /// What the episode says.
        recorded: String,
    },
    /// Another process is writing to this run.
    #[error("`{}` is in use by another process", path.display())]
    InUse {
        /// The run folder.
        path: PathBuf,
    },
    /// The folder holds something that is not a run.
    #[error("`{}` is not empty and holds no run; choose another folder", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds a run under other conditions; its episodes must not be mixed with these.
    #[error("`{}` holds a run with {what} {there}, not {here}; choose another folder", path.display())]
    OtherRun {
        /// The run folder.
        path: PathBuf,
        /// What differs: `agent`, `limits.turns`, ...
        what: String,
        /// Its value in the folder.
        there: String,
        /// Its value now.
        here: String,
    },
}

impl StoreError {
    /// For `map_err` around IO.
    pub(crate) fn io(path: impl Into<PathBuf>, doing: &'static str) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = path.into();
        move |source| StoreError::Io { path, doing, source }
    }
}
