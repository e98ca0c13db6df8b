//! Where pages are given out and taken back: which is next, whether it may be visited, and what becomes of it.

use std::ops;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glim_data::Row;
use tokio::sync::{Notify, mpsc};

use super::CrawlError;
use super::job::{Answer, Came, Job};
use crate::filter::Drop;
use crate::frontier::{Frontier, Lease, Outcome};
use crate::politeness::{self, Admission, Permit, Politeness};
use crate::recipe::CrawlRecipe;

/// Times that a page is shown whose world broke, if it is not live.
const TRIES: u32 = 2;

/// Gives pages out to whoever shows them, here or elsewhere.
pub(super) struct Desk {
    frontier: Arc<Frontier>,
    politeness: Politeness,
    reports: mpsc::Sender<Report>,
    places: Arc<Places>,
    attempts: u32,
}

/// A page that is given out.
pub(super) struct Errand {
    lease: Lease,
    /// Held until its answer is in: so hosts are treated politely by all who show pages together.
    permit: Option<Permit>,
    place: Place,
}

/// What the keeper is told of a page.
pub(super) struct Report {
    pub(super) lease: Lease,
    pub(super) place: Place,
    pub(super) rows: Result<Vec<Row>, Drop>,
    /// Why screens have no code that was asked for.
    pub(super) without_code: Vec<String>,
    /// Called once the page is on the disk, or its reason for not being there.
    pub(super) settled: Option<Settled>,
}

/// Says that nothing more is to be done about an answer.
pub(super) type Settled = Box<dyn FnOnce() + Send>;

impl Errand {
    pub(super) fn job(&self) -> Job {
        let target = self.lease.target();
        Job {
            url: target.url.clone(),
            source: target.source.clone(),
            license: target.license.clone(),
            depth: self.lease.depth(),
            attempt: self.lease.attempt(),
        }
    }
}

impl Desk {
    pub(super) fn new(
        frontier: Arc<Frontier>,
        politeness: Politeness,
        reports: mpsc::Sender<Report>,
        recipe: &CrawlRecipe,
    ) -> Desk {
        let places = Arc::new(Places { most: recipe.pages_max, tally: Mutex::default(), changed: Notify::new() });
        Desk { frontier, politeness, reports, places, attempts: recipe.frontier.attempts }
    }

    /// The next page that may be visited now, once there is one; `None` when all is done.
    pub(super) async fn next(&self) -> Result<Option<Errand>, CrawlError> {
        loop {
            let Some(place) = self.places.take().await else { return Ok(None) };
            let Some(lease) = self.frontier.next().await? else { return Ok(None) };
            if !lease.target().is_live() {
                return Ok(Some(Errand { lease, permit: None, place }));
            }
            match self.politeness.admit(&lease.target().url).await {
                Admission::Granted(permit) => return Ok(Some(Errand { lease, permit: Some(permit), place })),
                Admission::Later { after } => lease.report(Outcome::PutOff { after }),
                Admission::Refused(why) => {
                    let rows = Err(Drop::new("refused", why.to_string()));
                    if !self.report(Report { lease, place, rows, without_code: Vec::new(), settled: None }).await {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// An errand for a page that was given out by a crawl before this one, which was cut off. `None` if it is done.
    pub(super) async fn adopt(&self, job: Job) -> Option<Errand> {
        let target = job.target();
        let lease = self.frontier.adopt(target, job.depth, job.attempt)?;
        let target = lease.target();
        let permit = if target.is_live() { Some(self.politeness.adopt(&target.url).await) } else { None };
        Some(Errand { lease, permit, place: self.places.take_one_more() })
    }

    /// Takes back a page that nobody has shown, for no fault of its own.
    pub(super) fn give_back(&self, errand: Errand) {
        errand.lease.report(Outcome::PutOff { after: Duration::ZERO });
    }

    /// Takes back what came of a page. `false` if nobody keeps anything any more.
    ///
    /// # Errors
    /// If the links of the page cannot be kept; then it is not done and comes again.
    pub(super) async fn finish(
        &self,
        errand: Errand,
        answer: Answer,
        settled: Option<Settled>,
    ) -> Result<bool, CrawlError> {
        let Errand { lease, permit, place } = errand;
        let target = lease.target();
        if let Some(permit) = permit {
            permit.end(answer.took);
        }
        lease.links(&answer.links)?;
        let rows = match answer.came {
            Came::Rows(rows) => Ok(rows),
            Came::Dropped(drop) => Err(drop),
            Came::Broken { drop, is_slow } => {
                let attempt = lease.attempt();
                tracing::debug!(url = %target.url, error = drop.detail, attempt, "a page was not shown");
                let again = if target.is_live() {
                    let how = if is_slow { politeness::Answer::TimedOut } else { politeness::Answer::Broken };
                    self.politeness.answered(&target.url, &how, attempt)
                } else {
                    (attempt + 1 < TRIES).then_some(Duration::ZERO)
                };
                // What is tried for the last time is told to the keeper, or it would be counted nowhere.
                if let Some(after) = again.filter(|_| attempt + 1 < self.attempts) {
                    lease.report(Outcome::Retry { after });
                    if let Some(settled) = settled {
                        settled();
                    }
                    return Ok(true);
                }
                Err(drop)
            }
        };
        Ok(self.report(Report { lease, place, rows, without_code: answer.without_code, settled }).await)
    }

    async fn report(&self, report: Report) -> bool {
        self.reports.send(report).await.is_ok()
    }
}

/// Places in the dataset for pages, of which there may be a limited number.
struct Places {
    most: u64,
    tally: Mutex<Tally>,
    changed: Notify,
}

#[derive(Default)]
struct Tally {
    /// Taken for pages that may still be dropped.
    taken: u64,
    filled: u64,
}

impl Places {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, once there is one; `None` when all are filled.
    async fn take(self: &Arc<Places>) -> Option<Place> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            {
                let mut tally = self.tally();
                if self.most == 0 || tally.taken + tally.filled < self.most {
                    tally.taken += 1;
                    return Some(Place { places: self.clone(), is_filled: false });
                }
                if tally.taken == 0 {
                    return None;
                }
            }
            changed.await;
        }
    }

    fn take_one_more(self: &Arc<Places>) -> Place {
        self.tally().taken += 1;
        Place { places: self.clone(), is_filled: false }
    }
}

/// A place for a page. It is free again if it is dropped without having been filled.
pub(super) struct Place {
    places: Arc<Places>,
    is_filled: bool,
}

impl Place {
    /// The page is kept.
    pub(super) fn fill(mut self) {
        self.is_filled = true;
    }
}

impl ops::Drop for Place {
    fn drop(&mut self) {
        let mut tally = self.places.tally();
        tally.taken -= 1;
        tally.filled += u64::from(self.is_filled);
        drop(tally);
        self.places.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_of_a_dropped_page_is_given_again_and_that_of_a_kept_one_is_not() {
        let places = Arc::new(Places { most: 2, tally: Mutex::default(), changed: Notify::new() });
        let (first, second) = (places.take().await.unwrap(), places.take().await.unwrap());
        let third = tokio::spawn({
            let places = places.clone();
            async move { places.take().await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(!third.is_finished(), "both places are taken, and may come free");
        first.fill();
        drop(second);
        assert!(third.await.unwrap());
        places.take().await.unwrap().fill();
        assert!(places.take().await.is_none(), "both are filled");
    }
}
