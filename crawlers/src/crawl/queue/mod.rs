//! A crawl on more than one machine, over NATS JetStream.
//!
//! The coordinator is a crawl like any other, with its frontier, its politeness, its keeper and its dataset, but no browser:
//! what it gives out goes through a work queue to workers, of any number on any machine, and their answers come back.
//!
//! ```text
//! stream  glim_jobs_CRAWL       glim.CRAWL.job.PAGE               a page to show; in the stream until it is answered
//! stream  glim_answers_CRAWL    glim.CRAWL.answer.PAGE.UPLOAD     an answer in parts; there until the dataset has it
//!                               glim.CRAWL.brief.UPLOAD           the recipe, with the files that workers need
//! ```
//!
//! **How nothing is lost or doubled.** A worker takes one job at a time, says every few seconds that it is still at it, and
//! says that it is done only once all parts of its answer are on the server's disk. If it dies, the server gives the job to
//! another. An answer counts when all its parts are there, so half of one is nothing. It is removed only once the keeper
//! has the page on its own disk. A page has one lease, so the first answer takes it and a second one finds none; and the
//! dataset takes no page twice. A coordinator that was killed finds in the streams which pages are still out, takes leases
//! of them again, and reads the answers from the first on.
//!
//! **Politeness is of all workers together.** A job is in the queue only while the coordinator holds its host's turn and a
//! permit, which it gives back with the answer; then the host's delay counts from when the page was really loaded.
//! `robots.txt` is asked by the coordinator alone.
//!
//! **Folders and archives are not sent.** A worker opens those of the recipe itself, at the same absolute paths, so they
//! have to be on its machine, too; if one is not, it says which, and takes no jobs. Blocklists and lists of bad words are
//! sent with the recipe.

mod brief;
mod coordinator;
mod link;
mod parts;
mod server;
mod worker;

use std::path::PathBuf;

pub(super) use coordinator::Coordinator;
pub use server::QueueServer;
pub use worker::{Worked, work};

/// How workers and coordinator speak; both must have the same.
const PROTOCOL: u32 = 1;

/// Crawling on more than one machine cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The address is none.
    #[error("`{url}` is no address of a NATS server: {reason}; it is of the form nats://HOST:4222 or tls://HOST:4222")]
    Address {
        /// As it was given, without the password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The credentials file cannot be used.
    #[error("the credentials file `{}` cannot be used: {reason}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing answers, or it does not let us in.
    #[error("the NATS server {server} cannot be used: {reason}; {advice}")]
    Unreachable {
        /// Its address.
        server: String,
        /// Why.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
    /// It has no JetStream.
    #[error(
        "the NATS server {server} has no JetStream: start it as `nats-server -js -sd FOLDER`, or allow it for the account"
    )]
    NoJetStream {
        /// Its address.
        server: String,
    },
    /// It refuses something.
    #[error("the NATS server {server} could not {doing}: {reason}")]
    Refused {
        /// Its address.
        server: String,
        /// What was asked of it.
        doing: &'static str,
        /// What it said.
        reason: String,
    },
    /// The coordinator is of another version.
    #[error(
        "the crawl `{crawl}` is told in version {theirs}, and this worker reads version {PROTOCOL}: use the same Glim for both"
    )]
    Version {
        /// The crawl.
        crawl: String,
        /// Its version.
        theirs: u32,
    },
    /// A source of the crawl is not on this machine.
    #[error("the crawl `{crawl}` shows pages from `{}`, which is not on this machine: put it there, at the same path", path.display())]
    NotHere {
        /// The crawl.
        crawl: String,
        /// The folder or archive.
        path: PathBuf,
    },
    /// What the coordinator sent cannot be read.
    #[error("the recipe of the crawl `{crawl}` cannot be read: {reason}")]
    Brief {
        /// The crawl.
        crawl: String,
        /// What is wrong with it.
        reason: String,
    },
}
