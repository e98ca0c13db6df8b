//! Micro-batches, prepared on threads ahead of the trainer, in an order that does not hang on how many threads there are.
//!
//! Threads take two kinds of work from one desk: measuring the next samples of the stream, and decoding those of
//! micro-batches that are closed and belong to this rank. Packing happens at the desk, in the order of the stream. No more
//! is done ahead than the recipe says.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use glim_processor::Processor;

use super::{Cursor, DataRecipe, Mixture, Prepared};
use crate::DataError;
use desk::{Desk, Work};

mod desk;

pub use desk::Statistics;

/// Which part of the micro-batches this process computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    pub rank: u64,
    /// Processes in all.
    pub world: u64,
}

impl Share {
    /// All of it.
    pub const WHOLE: Share = Share { rank: 0, world: 1 };
}

/// Samples that are computed at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// In the order of the stream, or nearly so with a window. Those that turn out to be broken when they are decoded are
    /// missing, if the recipe passes over them.
    pub samples: Vec<Prepared>,
    /// Their tokens; at most the recipe's budget.
    pub tokens: usize,
    /// Where a run goes on that has done this micro-batch, and on all other ranks those of the same round.
    pub cursor_after: Cursor,
    /// How long the trainer waited for it.
    pub waited: Duration,
}

/// Gives one micro-batch after the other, without an end. Its threads end when it is dropped.
pub struct Loader {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    mixture: Mixture,
    desk: Mutex<Desk>,
    changed: Condvar,
}

impl Loader {
    /// Opens the recipe's sources and begins at a cursor.
    ///
    /// # Errors
    /// As [`Mixture::open`], and if a thread cannot be started.
    pub fn open(recipe: &DataRecipe, processor: Arc<Processor>, seed: u64, start: Cursor) -> Result<Loader, DataError> {
        Loader::begin(Mixture::open(recipe, processor, None, seed)?, start, Share::WHOLE)
    }

    /// Begins at a cursor with this rank's share of the micro-batches: of those counted from the cursor, numbers `rank`,
    /// `rank + world` and so on.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn begin(mixture: Mixture, start: Cursor, share: Share) -> Result<Loader, DataError> {
        assert!(share.rank < share.world, "rank {} is one of {}", share.rank, share.world);
        let workers = mixture.recipe().workers;
        let desk = Mutex::new(Desk::new(&mixture, start, share));
        let mut loader = Loader {
            shared: Arc::new(Shared { mixture, desk, changed: Condvar::new() }),
            threads: Vec::with_capacity(workers),
        };
        for number in 0..workers {
            let shared = Arc::clone(&loader.shared);
            let thread = std::thread::Builder::new().name(format!("glim-data-{number}"));
            let thread = thread.spawn(move || shared.work());
            loader.threads.push(thread.map_err(|error| DataError::Worker { reason: error.to_string() })?);
        }
        Ok(loader)
    }

    /// The next micro-batch of this rank.
    ///
    /// # Errors
    /// If one of its samples cannot be read and the recipe does not pass over such, or a thread broke down. Nothing comes
    /// after an error.
    #[allow(clippy::should_implement_trait, reason = "it has no end, and nothing comes after an error")]
    pub fn next(&mut self) -> Result<Batch, DataError> {
        let begin = Instant::now();
        let mut desk = self.shared.lock();
        loop {
            if let Some(result) = desk.take() {
                self.shared.changed.notify_all();
                let mut batch = result?;
                batch.waited = begin.elapsed();
                return Ok(batch);
            }
            desk = self.shared.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What came and what did not, so far.
    pub fn statistics(&self) -> Statistics {
        self.shared.lock().statistics().clone()
    }

    /// Samples of each source, in the recipe's order.
    pub fn sizes(&self) -> Vec<usize> {
        self.shared.mixture.sizes()
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.shared.lock().stop();
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // It has told of its end at the desk.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let worked = catch_unwind(AssertUnwindSafe(|| {
            while let Some(work) = self.next_work() {
                self.do_one(work);
                self.changed.notify_all();
            }
        }));
        if let Err(panic) = worked {
            self.lock().break_down(words(&*panic));
            self.changed.notify_all();
        }
    }

    /// Waits for something to do; `None` at the end.
    fn next_work(&self) -> Option<Work> {
        let mut desk = self.lock();
        loop {
            if desk.is_over() {
                return None;
            }
            match desk.next_work() {
                Some(work) => return Some(work),
                None => desk = self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn do_one(&self, work: Work) {
        match work {
            Work::Measure { position, index } => {
                let measured = self.mixture.measure(index);
                self.lock().measured(position, measured);
            }
            Work::Finish { batch, slot, measured } => {
                let finished = self.mixture.finish(*measured);
                self.lock().finished(batch, slot, finished);
            }
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it gave no reason".to_owned())
}

/// Counts under reasons.
pub(super) type Counts = BTreeMap<&'static str, u64>;
