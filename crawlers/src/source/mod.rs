//! What to crawl, as a stream of targets.
//!
//! Each source runs on a thread of its own, which reads only as fast as targets are taken: a snapshot of billions of pages
//! costs no more memory than a list of ten. The order is that of the source, and the same in each run.

mod cdx;
mod columnar;
mod folder;
mod list;
mod open;
mod pages;
mod parts;
mod read;
mod select;
mod sitemap;
mod synthetic;

use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use futures::stream::BoxStream;
use glim_data::record::Source;
use tokio::sync::mpsc;
use url::Url;

use self::read::Place;
use crate::address::{AddressError, Normalize, PageId};
use crate::fetch::FetchError;

pub use open::{Sources, open};

/// Targets that a source's thread may be ahead of the crawl.
const AHEAD: usize = 256;

/// A page that is to be crawled.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Its address, in its one form.
    pub url: Url,
    /// The id that follows from the address.
    pub page_id: PageId,
    /// Where it comes from.
    pub source: Source,
    /// Licence of the page as the recipe says.
    pub license: String,
}

impl Target {
    /// A target at an address that [`Normalize`] has seen.
    pub fn new(url: Url, source: Source, license: String) -> Target {
        Target { page_id: PageId::of(&url), url, source, license }
    }

    /// Whether it is loaded from the network, so that its site is to be treated politely.
    pub fn is_live(&self) -> bool {
        matches!(self.source.kind.as_str(), "live" | "common_crawl")
    }
}

/// Targets in a fixed order. An error concerns one entry of a source unless [`SourceError::ends_source`]; either way the
/// stream goes on.
pub type Targets = BoxStream<'static, Result<Target, SourceError>>;

/// A source, or an entry of it, cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file or folder cannot be read.
    #[error("`{}` cannot be read: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A line says nothing that can be used.
    #[error("{file}, line {line}: {reason}")]
    Line {
        /// The file or URL.
        file: String,
        /// The line's number, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// An entry names no page.
    #[error("{file}: {error}")]
    Address {
        /// The file or URL that has the entry.
        file: String,
        /// What is wrong with the address.
        error: AddressError,
    },
    /// A file is not what it should be.
    #[error("{file} cannot be read: {reason}")]
    Broken {
        /// The file or URL.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A limit of the recipe or the program is reached, and the rest is left out.
    #[error("{file} has more than {limit} {what}; the rest is left out")]
    Limit {
        /// The file or URL.
        file: String,
        /// What is limited.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// Something could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// An archive cannot be used.
    #[error(transparent)]
    Archive(#[from] crate::archive::ArchiveError),
    /// The thread of a source panicked.
    #[error("reading the source `{0}` failed: this is a bug of Glim")]
    Panicked(String),
}

impl SourceError {
    /// Whether nothing more comes from the source that it concerns.
    pub fn ends_source(&self) -> bool {
        !matches!(self, SourceError::Line { .. } | SourceError::Address { .. } | SourceError::Limit { .. })
    }

    fn io(path: &Path) -> impl FnOnce(io::Error) -> SourceError {
        let path = path.to_owned();
        move |error| SourceError::Io { path, error }
    }
}

/// Why the thread of a source ends before its source does.
enum Halt {
    /// Nobody takes targets any more.
    Gone,
    /// The source broke.
    Broke(SourceError),
}

impl<E: Into<SourceError>> From<E> for Halt {
    fn from(error: E) -> Halt {
        Halt::Broke(error.into())
    }
}

/// Where the thread of a source puts what it finds.
struct Emit {
    sender: mpsc::Sender<Result<Target, SourceError>>,
    normalize: Normalize,
    license: String,
}

impl Emit {
    /// An address as it stands in `file`, and where its page comes from.
    fn address(&self, text: &str, source: Source, file: &str) -> Result<(), Halt> {
        match self.normalize.parse(text) {
            Ok(url) => self.target(url, source),
            Err(error) => self.send(Err(SourceError::Address { file: file.to_owned(), error })),
        }
    }

    /// A page at an address in its one form.
    fn target(&self, url: Url, source: Source) -> Result<(), Halt> {
        self.send(Ok(Target::new(url, source, self.license.clone())))
    }

    /// An error that concerns one entry.
    fn complain(&self, error: SourceError) -> Result<(), Halt> {
        self.send(Err(error))
    }

    /// Reads files one after another while more are wanted. One that cannot be read is reported, and the next comes.
    fn each(&self, places: &[Place], mut read: impl FnMut(&Place) -> Result<bool, Halt>) -> Result<(), Halt> {
        for place in places {
            match read(place) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(Halt::Gone) => return Err(Halt::Gone),
                Err(Halt::Broke(error)) => self.complain(error)?,
            }
        }
        Ok(())
    }

    fn send(&self, item: Result<Target, SourceError>) -> Result<(), Halt> {
        self.sender.blocking_send(item).map_err(|_| Halt::Gone)
    }
}

/// Runs a source on a thread of its own once the first target is asked for.
fn stream(
    name: String,
    normalize: Normalize,
    license: String,
    run: impl FnOnce(&Emit) -> Result<(), Halt> + Send + 'static,
) -> Targets {
    let start = move || {
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let emit = Emit { sender, normalize, license };
        let source = name.clone();
        let thread = move || {
            // What it panicked with is on stderr; here it only must not look like the end of the source.
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| run(&emit)));
            let last = match outcome {
                Ok(Ok(()) | Err(Halt::Gone)) => return,
                Ok(Err(Halt::Broke(error))) => error,
                Err(_) => SourceError::Panicked(source),
            };
            let _ = emit.send(Err(last));
        };
        let spawned = std::thread::Builder::new().name("glim-source".to_owned()).spawn(thread);
        let failed = spawned
            .err()
            .map(|error| Err(SourceError::Broken { file: name, reason: format!("it got no thread: {error}") }));
        futures::stream::iter(failed).chain(futures::stream::poll_fn(move |context| receiver.poll_recv(context)))
    };
    futures::stream::once(async { start() }).flatten().boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(run: impl FnOnce(&Emit) -> Result<(), Halt> + Send + 'static) -> Targets {
        stream("test".to_owned(), Normalize { drop_tracking: false }, String::new(), run)
    }

    #[tokio::test]
    async fn a_source_that_panics_does_not_look_as_if_it_had_ended() {
        let targets = source(|emit| {
            emit.address("http://a.test/", Source::default(), "a list")?;
            panic!("a bug");
        });
        let found: Vec<_> = targets.collect().await;
        assert!(found[0].is_ok());
        let error = found[1].as_ref().unwrap_err();
        assert!(error.ends_source() && error.to_string().contains("`test`"), "{error}");
        assert_eq!(found.len(), 2);
    }

    #[tokio::test]
    async fn nothing_is_read_before_it_is_wanted() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let targets = source(move |_| {
            let _ = sender.send(());
            Ok(())
        });
        drop(targets);
        assert!(receiver.recv().is_err(), "the source was dropped, not run");
    }
}
