//! The worker's side: one job at a time and hand, answered before it is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::jetstream::{AckKind, Context, Message};
use futures::StreamExt as _;
use glim_browser::Browser;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::brief::Brief;
use super::link::{ACK_WAIT, Link, crawls, patiently, upload_id};
use super::{QueueError, QueueServer, parts};
use crate::crawl::CrawlError;
use crate::crawl::job::{Answer, Came, Job};
use crate::crawl::stage::{Hand, Stage};
use crate::fetch::{Fetch, FetchSettings};
use crate::filter::Drop;
use crate::source;

/// How long one request for a job waits for it.
const PULL: Duration = Duration::from_secs(5);

/// How often a server without a crawl is asked whether it has one.
const LOOK: Duration = Duration::from_secs(2);

/// A page at which so many workers died is not given to another.
const MOST_DEATHS: i64 = 5;

/// What a worker did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worked {
    /// The crawl it works on, if there is one.
    pub crawl: Option<String>,
    /// Pages that it showed, those that are not kept included.
    pub pages: u64,
}

/// Shows pages for the crawls on a server, until `stop` turns true: for one crawl after the other, waiting where there is
/// none. `hands` is how many pages are shown at once, as many as the recipe says if absent. `told` is given the progress.
///
/// # Errors
/// If the server cannot be used, a crawl needs what is not on this machine, or the browser does not start.
pub async fn work(
    server: &QueueServer,
    hands: Option<usize>,
    browser: &Arc<Browser>,
    mut stop: watch::Receiver<bool>,
    told: impl Fn(&Worked) + Send + Sync + 'static,
) -> Result<Worked, CrawlError> {
    let context = server.connect().await?;
    // What cannot be at all is told at once; later the server may be away for a while.
    crawls(server, &context).await?;
    let pages = Arc::new(AtomicU64::new(0));
    let told = Arc::new(told);
    loop {
        told(&Worked { crawl: None, pages: pages.load(Ordering::Relaxed) });
        let link = tokio::select! {
            link = find(server, &context) => link?,
            _ = stop.wait_for(|&stopped| stopped) => break,
        };
        let Some((stage, of_recipe)) = prepare(&link, browser).await? else { continue };
        let mut tasks = JoinSet::new();
        for _ in 0..hands.unwrap_or(of_recipe) {
            let (pages, told, crawl) = (pages.clone(), told.clone(), link.crawl().to_owned());
            let station = Station {
                server: server.clone(),
                link: link.clone(),
                hand: Hand::new(stage.clone(), browser.clone()),
                stop: stop.clone(),
                count: Box::new(move || {
                    let pages = pages.fetch_add(1, Ordering::Relaxed) + 1;
                    told(&Worked { crawl: Some(crawl.clone()), pages });
                }),
            };
            tasks.spawn(station.work());
        }
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(worked) => worked?,
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
        if *stop.borrow() {
            break;
        }
    }
    Ok(Worked { crawl: None, pages: pages.load(Ordering::Relaxed) })
}

/// The crawl with the most to do, once there is one.
async fn find(server: &QueueServer, context: &Context) -> Result<Link, QueueError> {
    loop {
        let found = patiently("looking for a crawl", || crawls(server, context)).await;
        if let Some((crawl, _)) = found.into_iter().max_by_key(|(_, jobs)| *jobs) {
            return Link::new(server, context.clone(), &crawl).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// All that showing the pages of a crawl needs, and the hands its recipe asks for; `None` if the crawl is gone.
async fn prepare(link: &Link, browser: &Arc<Browser>) -> Result<Option<(Arc<Stage>, usize)>, CrawlError> {
    let brief = loop {
        if let Some(brief) = patiently("asking for the recipe", || link.brief()).await {
            break brief;
        }
        if !patiently("looking for the crawl", || link.is_there()).await {
            return Ok(None);
        }
        tokio::time::sleep(LOOK).await;
    };
    let folder = tempfile::tempdir()?;
    let recipe = Brief::decode(&brief, link.crawl())?.unpack(folder.path(), link.crawl())?;
    let fetch = Fetch::new(FetchSettings::of(&recipe.politeness, BTreeMap::new()))?;
    let sources = source::open(&recipe.sources, recipe.frontier.normalize(), fetch).await?;
    let hands = recipe.workers;
    Ok(Some((Stage::open(recipe, sources.replay, browser.version().await?).await?, hands)))
}

/// One hand at a queue.
struct Station {
    server: QueueServer,
    link: Link,
    hand: Hand,
    stop: watch::Receiver<bool>,
    count: Box<dyn Fn() + Send + Sync>,
}

/// What came of a request for a job.
enum Pulled {
    Job(Box<Message>),
    Nothing,
    /// The consumer may be gone.
    Failed,
}

impl Station {
    /// Works until the crawl is over, or another has more to do.
    async fn work(mut self) -> Result<(), CrawlError> {
        let mut consumer = None;
        let mut stop = self.stop.clone();
        loop {
            let known = match consumer.take() {
                Some(known) => known,
                None => match self.consumer().await {
                    Some(found) => found,
                    None => return Ok(()),
                },
            };
            let pulled = tokio::select! {
                pulled = pull(&known) => pulled,
                _ = stop.wait_for(|&stopped| stopped) => return Ok(()),
            };
            match pulled {
                Pulled::Job(message) => {
                    self.serve(*message).await?;
                    consumer = Some(known);
                }
                Pulled::Nothing => {
                    if self.is_needed_elsewhere().await {
                        return Ok(());
                    }
                    consumer = Some(known);
                }
                Pulled::Failed => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    /// Where jobs come from; `None` if the crawl is over.
    async fn consumer(&self) -> Option<Consumer<pull::Config>> {
        loop {
            if !patiently("looking for the crawl", || self.link.is_there()).await {
                return None;
            }
            match self.link.consumer().await {
                Ok(consumer) => return Some(consumer),
                Err(error) => tracing::warn!(%error, "no jobs yet"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether this crawl has nothing to do, as one whose coordinator is away, and another has.
    async fn is_needed_elsewhere(&self) -> bool {
        let Ok(found) = crawls(&self.server, &self.link.context).await else { return false };
        let own = found.iter().find(|(crawl, _)| crawl == self.link.crawl());
        match own {
            None => true,
            Some((_, jobs)) => *jobs == 0 && found.iter().any(|(_, jobs)| *jobs > 0),
        }
    }

    /// Shows a page and sends what came of it; only then is the job done.
    async fn serve(&mut self, message: Message) -> Result<(), CrawlError> {
        let job: Job = match serde_json::from_slice(&message.payload) {
            Ok(job) => job,
            Err(error) => {
                tracing::warn!(%error, "a job cannot be read");
                acknowledge(&message, AckKind::Term).await;
                return Ok(());
            }
        };
        let mut stop = self.stop.clone();
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        let deliveries = message.info().map_or(1, |info| info.delivered);
        let (link, count) = (self.link.clone(), &self.count);
        let hand = &mut self.hand;
        let done = async {
            let answer = if deliveries > MOST_DEATHS {
                let detail = format!("{} workers died at it, or left it", deliveries - 1);
                Answer {
                    came: Came::Dropped(Drop::new("crashed", detail)),
                    links: Vec::new(),
                    without_code: Vec::new(),
                    took: Duration::ZERO,
                }
            } else {
                hand.show(&job).await?
            };
            send(&link, &job, &text, answer).await;
            count();
            Ok(())
        };
        let done: Option<Result<(), CrawlError>> = tokio::select! {
            done = done => Some(done),
            () = go_on(&message) => None,
            // What is not finished goes to another worker at once.
            _ = stop.wait_for(|&stopped| stopped) => None,
        };
        let is_done = matches!(done, Some(Ok(())));
        acknowledge(&message, if is_done { AckKind::Ack } else { AckKind::Nak(None) }).await;
        done.unwrap_or(Ok(()))
    }
}

async fn pull(consumer: &Consumer<pull::Config>) -> Pulled {
    let Ok(mut batch) = consumer.fetch().max_messages(1).expires(PULL).messages().await else { return Pulled::Failed };
    match batch.next().await {
        Some(Ok(message)) => Pulled::Job(Box::new(message)),
        Some(Err(error)) => {
            tracing::debug!(%error, "no job came");
            Pulled::Failed
        }
        None => Pulled::Nothing,
    }
}

/// Sends an answer, until it is on the server's disk or the crawl is over.
async fn send(link: &Link, job: &Job, text: &str, answer: Answer) {
    let bytes = answer.encode();
    let subject = link.answer_subject(job.target().page_id, &upload_id());
    patiently("sending an answer", || async {
        let sent = parts::put(&link.context, &subject, Some(text), bytes.clone()).await;
        match sent {
            Err(error) if link.is_there().await.unwrap_or(true) => Err(error),
            _ => Ok(()),
        }
    })
    .await;
}

/// Says now and then that a job is still worked on.
async fn go_on(message: &Message) {
    loop {
        tokio::time::sleep(ACK_WAIT / 4).await;
        if let Err(error) = message.ack_with(AckKind::Progress).await {
            tracing::debug!(%error, "the server did not hear that a page is still worked on");
        }
    }
}

/// If the server does not hear it, the job comes again, and its second answer is not needed.
async fn acknowledge(message: &Message, kind: AckKind) {
    if let Err(error) = message.double_ack_with(kind).await {
        tracing::debug!(%error, "the server did not hear that a page is done");
    }
}
