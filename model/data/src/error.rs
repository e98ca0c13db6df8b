//! What can go wrong with a dataset. Every error names the path.

use std::path::PathBuf;

/// A dataset or what is made from it could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
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
    /// A file is cut off, or is not one of ours.
    #[error("`{}` is no shard that can be read: {reason}", path.display())]
    Shard {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A row of a shard cannot be used.
    #[error("row {row} of `{}` cannot be used: {reason}", path.display())]
    Row {
        /// The shard.
        path: PathBuf,
        /// From 0.
        row: usize,
        /// What is wrong.
        reason: String,
    },
    /// A recipe has mistakes.
    #[error("the data recipe has {} mistakes: {}", mistakes.len(), mistakes.join("; "))]
    Recipe {
        /// All of them.
        mistakes: Vec<String>,
    },
    /// What is mixed gives nothing to train on.
    #[error("`{source_name}` gives nothing to train on: {reason}")]
    Nothing {
        /// The source.
        source_name: String,
        /// Why.
        reason: String,
    },
    /// A thread that prepares samples ended in the middle of its work.
    #[error("a thread that prepares samples broke down: {reason}")]
    Worker {
        /// Its last words.
        reason: String,
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
        /// [`crate::record::SCHEMA_VERSION`].
        known: u32,
    },
    /// A record breaks a promise that all records keep.
    #[error("screen `{screen_id}` of page `{page_id}` cannot be stored: {reason}")]
    Record {
        /// The page that it was given for.
        page_id: String,
        /// The screen.
        screen_id: String,
        /// What is wrong.
        reason: String,
    },
    /// A page's id cannot be the name of a folder.
    #[error("`{page_id}` is no id of a page: up to 128 letters, digits, `-`, `_`, `~` are, and `.` inside")]
    PageId {
        /// The id.
        page_id: String,
    },
    /// Another process is writing to this dataset.
    #[error("`{}` is in use by another process", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// There is no dataset.
    #[error("`{}` holds no dataset: {reason}", path.display())]
    NotADataset {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// There is no run of episodes.
    #[error("`{}` is no run: {reason}", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// The folder holds a dataset that was made otherwise; these pages must not be mixed with it.
    #[error("`{}` holds a dataset with {what} {there}, not {here}; choose another folder", path.display())]
    OtherDataset {
        /// The folder.
        path: PathBuf,
        /// What differs: `recipe`, `split`.
        what: &'static str,
        /// Its value in the folder.
        there: String,
        /// Its value now.
        here: String,
    },
    /// A write failed, and what it left could not be undone.
    #[error("an earlier write to `{}` failed half-way; open the dataset again, which repairs it", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
    },
    /// What is to be made is there already.
    #[error("`{}` exists already; choose another name", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// An option is outside its limits.
    #[error("`{name}` is {value}; {limit}")]
    Option {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        limit: &'static str,
    },
}

impl DataError {
    /// For `map_err` around IO.
    pub(crate) fn io(path: impl Into<PathBuf>, doing: &'static str) -> impl FnOnce(std::io::Error) -> DataError {
        let path = path.into();
        move |source| DataError::Io { path, doing, source }
    }
}
