//! The streams of one crawl on a server: what is put into them and taken out.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Consumer, pull};
use async_nats::jetstream::context::{GetStreamErrorKind, PublishError};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, DirectGetErrorKind, RetentionPolicy, Stream};
use async_nats::jetstream::{Context, ErrorCode};
use futures::TryStreamExt as _;

use super::parts::{Part, Upload};
use super::{QueueError, QueueServer};
use crate::address::PageId;
use crate::crawl::job::Job;

/// A worker that says nothing for so long is dead, and its job another's.
pub(super) const ACK_WAIT: Duration = Duration::from_secs(20);

/// What the names of streams with jobs begin with.
const JOBS: &str = "glim_jobs_";

/// The workers of a crawl, as its stream of jobs knows them.
const WORKERS: &str = "workers";

/// Pages that are worked on at once, by all workers of a crawl.
const MOST_AT_ONCE: i64 = 100_000;

/// The longest time between two tries to reach a server that is away.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The streams of a crawl.
#[derive(Clone)]
pub(super) struct Link {
    pub context: Context,
    server: String,
    crawl: String,
    jobs: Stream<()>,
    answers: Stream<()>,
}

/// What the queue looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Census {
    /// Jobs that workers have.
    pub busy: usize,
    /// Workers that wait for one.
    pub idle: usize,
}

impl Link {
    /// The streams of a crawl, which need not be there.
    pub async fn new(server: &QueueServer, context: Context, crawl: &str) -> Result<Link, QueueError> {
        let refused = |reason: String| QueueError::Refused { server: server.name(), doing: "name a stream", reason };
        let stream = |name: String| context.get_stream_no_info(name);
        let jobs = stream(format!("{JOBS}{crawl}")).await.map_err(|error| refused(error.to_string()))?;
        let answers = stream(format!("glim_answers_{crawl}")).await.map_err(|error| refused(error.to_string()))?;
        Ok(Link { context, server: server.name(), crawl: crawl.to_owned(), jobs, answers })
    }

    pub fn crawl(&self) -> &str {
        &self.crawl
    }

    /// Makes the streams, where they are not there.
    pub async fn ensure(&self) -> Result<(), QueueError> {
        let config = |name: String, kinds: &[&str], retention| Config {
            name,
            subjects: kinds.iter().map(|kind| format!("glim.{}.{kind}.>", self.crawl)).collect(),
            retention,
            allow_direct: true,
            ..Config::default()
        };
        let jobs = config(format!("{JOBS}{}", self.crawl), &["job"], RetentionPolicy::WorkQueue);
        let answers = config(format!("glim_answers_{}", self.crawl), &["answer", "brief"], RetentionPolicy::Limits);
        // Workers look for the jobs, and need the other then.
        for config in [answers, jobs] {
            self.context.get_or_create_stream(config).await.map_err(|error| self.refused("make a stream", error))?;
        }
        self.consumer().await?;
        Ok(())
    }

    fn refused(&self, doing: &'static str, error: impl Display) -> QueueError {
        QueueError::Refused { server: self.server.clone(), doing, reason: error.to_string() }
    }

    /// What workers take jobs from.
    pub async fn consumer(&self) -> Result<Consumer<pull::Config>, QueueError> {
        let config = pull::Config {
            durable_name: Some(WORKERS.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: MOST_AT_ONCE,
            ..pull::Config::default()
        };
        let consumer = self.jobs.get_or_create_consumer(WORKERS, config).await;
        consumer.map_err(|error| self.refused("hand out jobs", error))
    }

    pub async fn census(&self) -> Result<Census, QueueError> {
        let info = self.jobs.consumer_info(WORKERS).await;
        let info = info.map_err(|error| self.refused("tell of its workers", error))?;
        Ok(Census { busy: info.num_ack_pending, idle: info.num_waiting })
    }

    /// Whether the crawl is still there.
    pub async fn is_there(&self) -> Result<bool, QueueError> {
        match self.context.get_stream(format!("{JOBS}{}", self.crawl)).await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error.kind()) => Ok(false),
            Err(error) => Err(self.refused("tell of a stream", error)),
        }
    }

    /// Puts a job into the queue; once more under the same `id` adds nothing.
    pub async fn publish(&self, job: &Job, id: &str) -> Result<(), PublishError> {
        let text = serde_json::to_vec(job).expect("a job can be written as JSON");
        let message = PublishMessage::build().payload(text.into()).message_id(id);
        self.context.send_publish(self.job_subject(job.target().page_id), message).await?.await?;
        Ok(())
    }

    fn job_subject(&self, page: PageId) -> String {
        format!("glim.{}.job.{page}", self.crawl)
    }

    /// The subject of an answer about a page.
    pub fn answer_subject(&self, page: PageId, upload: &str) -> String {
        format!("glim.{}.answer.{page}.{upload}", self.crawl)
    }

    /// The page that an answer is about.
    pub fn page_of(&self, subject: &str) -> Option<PageId> {
        let rest = subject.strip_prefix(&format!("glim.{}.answer.", self.crawl))?;
        rest.split('.').next()?.parse().ok()
    }

    /// Whether a page's job is still in the queue.
    pub async fn has_job(&self, page: PageId) -> Result<bool, QueueError> {
        match self.jobs.direct_get_next_for_subject(self.job_subject(page), None).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.refused("tell of a job", error)),
        }
    }

    /// All jobs in the queue, those that workers have included.
    pub async fn jobs(&self) -> Result<Vec<Job>, QueueError> {
        let mut jobs = Vec::new();
        let mut from = 1;
        loop {
            let subject = format!("glim.{}.job.*", self.crawl);
            let message = match self.jobs.direct_get_next_for_subject(subject, Some(from)).await {
                Ok(message) => message,
                Err(error) if error.kind() == DirectGetErrorKind::NotFound => return Ok(jobs),
                Err(error) => return Err(self.refused("tell of its jobs", error)),
            };
            from = message.sequence + 1;
            match serde_json::from_slice(&message.payload) {
                Ok(job) => jobs.push(job),
                Err(error) => tracing::warn!(%error, "a job in the queue is none of ours"),
            }
        }
    }

    /// The place of the last message in the stream of answers, whether it is still there or not.
    pub async fn last_answer(&self) -> Result<u64, QueueError> {
        let info = self.answers.get_info().await.map_err(|error| self.refused("tell of its answers", error))?;
        Ok(info.state.last_sequence)
    }

    /// The first part of any answer after a place in the stream, if there is one.
    pub async fn next_part(&self, after: u64) -> Result<Option<Part>, QueueError> {
        self.part("answer", after).await
    }

    async fn part(&self, kind: &str, mut after: u64) -> Result<Option<Part>, QueueError> {
        loop {
            let subject = format!("glim.{}.{kind}.>", self.crawl);
            match self.answers.direct_get_next_for_subject(subject, Some(after + 1)).await {
                Ok(message) => {
                    after = message.sequence;
                    if let Some(part) = Part::of(message) {
                        return Ok(Some(part));
                    }
                }
                Err(error) if error.kind() == DirectGetErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(self.refused("give an answer", error)),
            }
        }
    }

    /// Replaces what workers have to know of the crawl.
    pub async fn put_brief(&self, bytes: Vec<u8>) -> Result<(), QueueError> {
        self.purge(format!("glim.{}.brief.>", self.crawl)).await?;
        let subject = format!("glim.{}.brief.{}", self.crawl, upload_id());
        let put = super::parts::put(&self.context, &subject, None, bytes).await;
        put.map_err(|error| self.refused("keep the recipe", error))
    }

    /// What workers have to know of the crawl, if all of it is there.
    pub async fn brief(&self) -> Result<Option<Vec<u8>>, QueueError> {
        let (mut after, mut of, mut upload) = (0, String::new(), Upload::default());
        while let Some(part) = self.part("brief", after).await? {
            after = part.sequence;
            if part.subject != of {
                (of, upload) = (part.subject.clone(), Upload::default());
            }
            if let Some(whole) = upload.add(part) {
                return Ok(Some(whole));
            }
        }
        Ok(None)
    }

    /// Removes all that is under a subject.
    pub async fn purge(&self, subject: String) -> Result<(), QueueError> {
        let purged = self.answers.purge().filter(subject).await;
        purged.map(drop).map_err(|error| self.refused("remove what is done", error))
    }

    /// Removes the crawl from the server.
    pub async fn remove(&self) -> Result<(), QueueError> {
        for name in [format!("{JOBS}{}", self.crawl), format!("glim_answers_{}", self.crawl)] {
            match self.context.delete_stream(name).await {
                Ok(_) => {}
                Err(error) if is_missing(&error.kind()) => {}
                Err(error) => return Err(self.refused("remove a stream", error)),
            }
        }
        Ok(())
    }
}

/// The crawls on a server, each with its jobs.
pub(super) async fn crawls(server: &QueueServer, context: &Context) -> Result<Vec<(String, u64)>, QueueError> {
    let found: Result<Vec<_>, _> = context.streams().try_collect().await;
    let found = found.map_err(|error| QueueError::Refused {
        server: server.name(),
        doing: "list its streams",
        reason: error.to_string(),
    })?;
    let ours = found.into_iter().filter_map(|info| {
        let crawl = info.config.name.strip_prefix(JOBS)?.to_owned();
        Some((crawl, info.state.messages))
    });
    Ok(ours.collect())
}

/// A name that no other upload has.
pub(super) fn upload_id() -> String {
    let random: [u8; 8] =
        ring::rand::generate(&ring::rand::SystemRandom::new()).expect("the system has random numbers").expose();
    format!("{:016x}", u64::from_le_bytes(random))
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// Tries something until it succeeds: the server may be away for a while.
pub(super) async fn patiently<T, E: Display, F: Future<Output = Result<T, E>>>(
    what: &'static str,
    mut once: impl FnMut() -> F,
) -> T {
    let mut wait = Duration::from_millis(200);
    loop {
        match once().await {
            Ok(value) => return value,
            Err(error) => tracing::warn!(%error, "{what} did not succeed; it is tried again"),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}
