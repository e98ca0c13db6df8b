//! Web archives, read, written and replayed; folders of HTML, served.
//!
//! [`Archive`] indexes WARC and WACZ files: of each record it keeps the address and where it stands, never the body.
//! [`ArchiveServer`] answers a browser's requests from them and from folders, and from nowhere else. [`ArchiveWriter`]
//! records what a live page was made of, so that the same server shows it again.
//!
//! Archives come from strangers. What is cut off, lies about its length or unpacks without end costs one record, is
//! counted in [`Problems`], and the rest is still served.

mod folder;
mod index;
mod lookup;
mod message;
mod pairs;
mod problems;
mod region;
mod reply;
mod scan;
mod server;
mod wacz;
mod warc;
mod writer;

use std::io;
use std::path::{Path, PathBuf};

pub use index::{Archive, ArchiveFile, Page};
pub use lookup::Match;
pub use message::Message;
pub use problems::{Problem, Problems};
pub use server::{ArchiveServer, MadePages, Replay, Served};
pub use writer::{ArchiveWriter, Exchange};

/// What an archive may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record as it is unpacked from the archive, and of its body once that is unpacked too.
    pub record_bytes: u64,
    /// Bytes of a record's own headers, and of the HTTP headers in it.
    pub head_bytes: u64,
    /// How many times larger a whole file may become when it is unpacked.
    pub file_ratio: u64,
    /// Bytes that a file may unpack to however small it is.
    pub file_bytes: u64,
    /// Records of all files together that are indexed, at about 300 bytes of memory each.
    pub records: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            record_bytes: 64 << 20,
            head_bytes: 64 << 10,
            file_ratio: 200,
            file_bytes: 256 << 20,
            records: 5_000_000,
        }
    }
}

/// An archive cannot be read or written at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A file or folder cannot be read or written.
    #[error("`{}` cannot be {done}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done with it.
        done: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A file is no archive.
    #[error("`{}` is no {kind} file: {reason}", path.display())]
    NoArchive {
        /// The file.
        path: PathBuf,
        /// What it should be.
        kind: &'static str,
        /// Why it is not.
        reason: String,
    },
    /// There are more records than are indexed.
    #[error("the archives up to `{}` have more than {limit} records", path.display())]
    Records {
        /// The file at which the limit was reached.
        path: PathBuf,
        /// [`Limits::records`].
        limit: u32,
    },
    /// No loopback port could be opened.
    #[error("a loopback port for the archive could not be opened: {0}; check that 127.0.0.1 is up and ports are free")]
    Bind(io::Error),
}

impl Limits {
    /// Bytes that this much of a file may unpack to.
    fn allowed(&self, packed: u64) -> u64 {
        self.file_bytes.saturating_add(packed.saturating_mul(self.file_ratio))
    }
}

impl ArchiveError {
    fn io(path: &Path, done: &'static str) -> impl FnOnce(io::Error) -> ArchiveError {
        let path = path.to_owned();
        move |error| ArchiveError::Io { path, done, error }
    }
}
