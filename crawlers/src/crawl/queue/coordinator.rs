//! The coordinator's side: jobs out, answers in.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

use super::brief::Brief;
use super::link::{Census, Link, patiently, upload_id};
use super::parts::{Part, Upload};
use super::{QueueError, QueueServer};
use crate::address::PageId;
use crate::crawl::CrawlError;
use crate::crawl::desk::{Desk, Errand};
use crate::crawl::job::{Answer, Came, Job};
use crate::filter::Drop;
use crate::recipe::CrawlRecipe;

/// Jobs that are out at the least, so that workers that come find some.
const FEWEST: usize = 16;

/// How often the queue is looked at for answers while there are none, for workers, and for what was lost.
const LOOK: Duration = Duration::from_millis(100);
const COUNT: Duration = Duration::from_secs(1);
const SEARCH: Duration = Duration::from_secs(30);

/// A job that is out for so long is searched for.
const LONG: Duration = Duration::from_secs(120);

/// A job that is out.
struct Out {
    errand: Errand,
    since: Instant,
    /// Whether it was searched for and not found: then it is answered, or lost.
    is_missing: bool,
}

/// Gives a crawl's pages to workers.
pub(in crate::crawl) struct Coordinator {
    link: Link,
    brief: Vec<u8>,
    /// What a coordinator before this one had out.
    adopted: Vec<Job>,
    /// The place in the stream up to which answers were read.
    read: AtomicU64,
    out: Mutex<HashMap<PageId, Out>>,
    most: AtomicUsize,
    changed: Notify,
}

impl Coordinator {
    /// Makes the crawl's streams, or takes them up again. Its name on the server is kept in `folder`.
    pub async fn open(server: &QueueServer, recipe: CrawlRecipe, folder: &Path) -> Result<Coordinator, CrawlError> {
        let crawl = name(&recipe.name, folder)?;
        let link = Link::new(server, server.connect().await?, &crawl).await?;
        let brief = Brief::new(recipe)?.encode();
        link.ensure().await?;
        // Jobs before answers: whatever is answered in between is then seen as both, and not as neither.
        let mut adopted = link.jobs().await?;
        adopted.extend(answered(&link).await?);
        link.put_brief(brief.clone()).await?;
        tracing::info!(crawl, adopted = adopted.len(), "workers may come");
        Ok(Coordinator {
            link,
            brief,
            adopted,
            read: AtomicU64::new(0),
            out: Mutex::default(),
            most: AtomicUsize::new(FEWEST),
            changed: Notify::new(),
        })
    }

    /// Gives out pages until there are no more and all are answered; then the streams are removed.
    pub async fn run(mut self, desk: Arc<Desk>) -> Result<(), CrawlError> {
        for job in std::mem::take(&mut self.adopted) {
            if let Some(errand) = desk.adopt(job).await {
                self.note(errand);
            }
        }
        let (settle, settled) = mpsc::unbounded_channel();
        tokio::select! {
            given = self.give(&desk) => given?,
            taken = self.take(&desk, &settle) => return taken,
            () = self.sweep(settled) => {}
            () = self.count() => {}
            () = self.search(&desk) => {}
        }
        // The dataset is complete, whatever becomes of the streams.
        if let Err(error) = self.link.remove().await {
            tracing::warn!(%error, "the streams of the crawl are still on the server");
        }
        Ok(())
    }

    fn out(&self) -> MutexGuard<'_, HashMap<PageId, Out>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, errand: Errand) {
        let page = errand.job().target().page_id;
        self.out().insert(page, Out { errand, since: Instant::now(), is_missing: false });
    }

    async fn give(&self, desk: &Desk) -> Result<(), CrawlError> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.out().len() >= self.most.load(Ordering::Relaxed) {
                changed.await;
                continue;
            }
            let Some(errand) = desk.next().await? else { return Ok(()) };
            let job = errand.job();
            // Before it is out: its answer may be here as soon as it is.
            self.note(errand);
            let id = upload_id();
            patiently("giving out a page", || async {
                let sent = self.link.publish(&job, &id).await;
                if sent.is_err() {
                    self.restore().await;
                }
                sent
            })
            .await;
        }
    }

    async fn take(&self, desk: &Desk, settle: &mpsc::UnboundedSender<String>) -> Result<(), CrawlError> {
        let mut uploads: HashMap<PageId, HashMap<String, Upload>> = HashMap::new();
        loop {
            let Some(part) =
                patiently("asking for answers", || self.link.next_part(self.read.load(Ordering::Relaxed))).await
            else {
                tokio::time::sleep(LOOK).await;
                continue;
            };
            self.read.store(part.sequence, Ordering::Relaxed);
            let subject = part.subject.clone();
            let Some(page) = self.link.page_of(&subject) else { continue };
            if !self.out().contains_key(&page) {
                // Of a page that was answered already.
                let _ = settle.send(subject);
                continue;
            }
            let Some(whole) = uploads.entry(page).or_default().entry(subject.clone()).or_default().add(part) else {
                continue;
            };
            let others = uploads.remove(&page).into_iter().flat_map(HashMap::into_keys);
            for half in others.filter(|other| *other != subject) {
                let _ = settle.send(half);
            }
            let answer = read(whole, page).await;
            let Some(out) = self.out().remove(&page) else { continue };
            let settle = settle.clone();
            let settled = Box::new(move || {
                let _ = settle.send(subject);
            });
            if !desk.finish(out.errand, answer, Some(settled)).await? {
                return Ok(());
            }
            self.changed.notify_waiters();
        }
    }

    /// Removes answers that are done with.
    async fn sweep(&self, mut settled: mpsc::UnboundedReceiver<String>) {
        while let Some(subject) = settled.recv().await {
            patiently("removing an answer", || self.link.purge(subject.clone())).await;
        }
    }

    /// Keeps as many jobs in the queue as workers need: few, since each of them holds its host's turn.
    async fn count(&self) {
        let mut is_told = false;
        let mut alone = 0;
        loop {
            tokio::time::sleep(COUNT).await;
            let Ok(Census { busy, idle }) = self.link.census().await else {
                self.restore().await;
                continue;
            };
            self.most.store(FEWEST.max(2 * (busy + idle)), Ordering::Relaxed);
            self.changed.notify_waiters();
            alone = if busy + idle == 0 && !self.out().is_empty() { alone + 1 } else { 0 };
            if alone == 10 && !is_told {
                is_told = true;
                tracing::warn!(
                    "no worker is there; start some, anywhere, with `glim crawl --worker` and the address of the server"
                );
            }
        }
    }

    /// Makes the streams anew on a server that came back without its disk. What was in them is found missing later.
    async fn restore(&self) {
        let restored = async {
            self.link.ensure().await?;
            if self.link.last_answer().await? < self.read.load(Ordering::Relaxed) {
                self.read.store(0, Ordering::Relaxed);
            }
            if self.link.brief().await?.is_none() {
                self.link.put_brief(self.brief.clone()).await?;
            }
            Ok::<_, QueueError>(())
        };
        if let Err(error) = restored.await {
            tracing::debug!(%error, "the streams cannot be made now");
        }
    }

    /// Finds pages that are neither in the queue nor answered, as after a server lost its disk; they are given out again.
    async fn search(&self, desk: &Desk) {
        loop {
            tokio::time::sleep(SEARCH).await;
            let long: Vec<PageId> = {
                let out = self.out();
                out.iter().filter(|(_, it)| it.since.elapsed() > LONG).map(|(page, _)| *page).collect()
            };
            for page in long {
                let Ok(is_there) = self.link.has_job(page).await else { continue };
                let lost = {
                    let mut out = self.out();
                    let Some(it) = out.get_mut(&page) else { continue };
                    let is_lost = !is_there && it.is_missing;
                    it.is_missing = !is_there;
                    if is_lost { out.remove(&page) } else { None }
                };
                let Some(lost) = lost else { continue };
                tracing::warn!(%page, "a page was lost on its way, and is given out again");
                desk.give_back(lost.errand);
                self.changed.notify_waiters();
            }
        }
    }
}

/// The jobs whose answers are in the stream, perhaps in part.
async fn answered(link: &Link) -> Result<Vec<Job>, QueueError> {
    let (mut jobs, mut after) = (Vec::new(), 0);
    let mut last = String::new();
    while let Some(Part { sequence, subject, job, .. }) = link.next_part(after).await? {
        after = sequence;
        let job = job.and_then(|text| serde_json::from_str(&text).ok());
        if subject != last {
            jobs.extend(job);
            last = subject;
        }
    }
    Ok(jobs)
}

/// Reads an answer; pictures are hashed for it, which is not for the threads that speak with the server.
async fn read(whole: Vec<u8>, page: PageId) -> Answer {
    let read = tokio::task::spawn_blocking(move || Answer::decode(&whole, page));
    read.await.expect("reading an answer does not panic").unwrap_or_else(|reason| {
        tracing::warn!(%page, reason, "an answer cannot be read");
        let drop = Drop::new("garbled", format!("the answer cannot be read: {reason}"));
        Answer {
            came: Came::Broken { drop, is_slow: false },
            links: Vec::new(),
            without_code: Vec::new(),
            took: Duration::ZERO,
        }
    })
}

/// What a crawl is called on servers: like its dataset, and like no other. It is the same when the crawl goes on.
fn name(dataset: &str, folder: &Path) -> std::io::Result<String> {
    let path = folder.join("queue");
    let told = |error: std::io::Error| {
        std::io::Error::new(error.kind(), format!("`{}` cannot be used: {error}", path.display()))
    };
    match std::fs::read_to_string(&path) {
        Ok(known) if is_name(known.trim()) => return Ok(known.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(told(error)),
    }
    let speaking: String =
        dataset.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let name = format!("{}-{}", &speaking[..speaking.len().min(40)], upload_id());
    std::fs::write(&path, &name).map_err(told)?;
    Ok(name)
}

/// Whether a stream and a subject can be called so.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crawl_keeps_its_name_and_another_has_another() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = name("Döcs of a.b > *", one.path()).unwrap();
        assert!(is_name(&first), "{first}");
        assert_eq!(name("Döcs of a.b > *", one.path()).unwrap(), first);
        assert_ne!(name("Döcs of a.b > *", other.path()).unwrap(), first);
    }
}
