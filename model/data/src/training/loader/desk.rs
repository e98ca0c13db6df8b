//! Where the threads of a loader take work and bring it back. No thread works here for long; nothing is decoded.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::pack::{Packed, Packer};
use super::super::{Measured, Mixture, Ready};
use super::{Batch, Counts, Cursor, Prepared, Share};
use crate::DataError;

/// Samples in a row that may not come before that is an error, if the sources have fewer.
const PATIENCE: u64 = 1000;

/// Messages about broken rows that are kept.
const TOLD: usize = 20;

/// One thing to do.
pub(super) enum Work {
    Measure { position: u64, index: u64 },
    Finish { batch: u64, slot: usize, measured: Box<Measured> },
}

/// What came and what did not. Counts samples of all ranks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Micro-batches that were closed.
    pub batches: u64,
    /// Samples in them.
    pub samples: u64,
    /// Tokens in them.
    pub tokens: u64,
    /// Tokens that they had room for.
    pub room: u64,
    /// Samples that did not come, by reason. `broken` are those that could not be read, `broken_file` files.
    pub dropped: Counts,
    /// What was said about the first broken ones.
    pub broken: Vec<String>,
}

impl Statistics {
    /// The share of the room that is filled, 0..=1.
    pub fn fill(&self) -> f64 {
        if self.room == 0 { 0.0 } else { self.tokens as f64 / self.room as f64 }
    }
}

/// A micro-batch of this rank whose samples are being decoded.
struct Pending {
    slots: Vec<Option<Prepared>>,
    missing: usize,
    tokens: usize,
}

pub(super) struct Desk {
    share: Share,
    start: Cursor,
    budget: u64,
    ahead: usize,
    workers: u64,
    skip_broken: bool,
    patience: u64,
    /// The next position of the stream, counted from the cursor, to be measured, and the next to be packed.
    claim: u64,
    packed: u64,
    measured: BTreeMap<u64, Result<Ready, DataError>>,
    packer: Packer<Box<Measured>>,
    /// Positions in a row at which nothing came.
    idle: u64,
    jobs: VecDeque<(u64, usize, Box<Measured>)>,
    pending: BTreeMap<u64, Pending>,
    /// Where each round of micro-batches ends.
    rounds: BTreeMap<u64, Cursor>,
    /// The next micro-batch that this rank is given.
    wanted: u64,
    failure: Option<(u64, DataError)>,
    failed: bool,
    stopped: bool,
    statistics: Statistics,
}

impl Desk {
    pub(super) fn new(mixture: &Mixture, start: Cursor, share: Share) -> Desk {
        let recipe = mixture.recipe();
        let samples: usize = mixture.sizes().iter().sum();
        let told = mixture.broken();
        let mut statistics = Statistics { broken: told.iter().take(TOLD).cloned().collect(), ..Statistics::default() };
        if !told.is_empty() {
            statistics.dropped.insert("broken_file", told.len() as u64);
        }
        Desk {
            share,
            budget: recipe.token_budget as u64,
            ahead: recipe.ahead,
            workers: recipe.workers as u64,
            skip_broken: recipe.skip_broken,
            patience: PATIENCE.max(4 * samples as u64),
            claim: 0,
            packed: 0,
            measured: BTreeMap::new(),
            packer: Packer::new(recipe.token_budget, recipe.window, &start),
            idle: 0,
            jobs: VecDeque::new(),
            pending: BTreeMap::new(),
            rounds: BTreeMap::new(),
            wanted: start.batches + share.rank,
            failure: None,
            failed: false,
            stopped: false,
            statistics,
            start,
        }
    }

    pub(super) fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    pub(super) fn is_over(&self) -> bool {
        self.stopped
    }

    pub(super) fn break_down(&mut self, reason: String) {
        self.fail(0, DataError::Worker { reason });
    }

    /// Something to do, if there is: what is closed goes before what is far ahead.
    pub(super) fn next_work(&mut self) -> Option<Work> {
        if let Some((batch, slot, measured)) = self.jobs.pop_front() {
            return Some(Work::Finish { batch, slot, measured });
        }
        let in_round = !(self.number() - self.start.batches).is_multiple_of(self.share.world);
        let may_pack = self.pending.len() < self.ahead || in_round;
        // Enough for every thread to be busy while the slowest one holds up the packing.
        let may_measure = self.claim - self.packed < 4 * self.workers;
        if self.failure.is_some() || self.failed || !may_pack || !may_measure {
            return None;
        }
        let position = self.claim;
        self.claim += 1;
        Some(Work::Measure { position, index: self.index(position) })
    }

    /// What waits at the cursor comes first.
    fn index(&self, position: u64) -> u64 {
        let waiting = self.start.waiting.len() as u64;
        match usize::try_from(position).ok().and_then(|at| self.start.waiting.get(at)) {
            Some(index) => *index,
            None => self.start.next + (position - waiting),
        }
    }

    pub(super) fn measured(&mut self, position: u64, measured: Result<Ready, DataError>) {
        self.measured.insert(position, measured);
        while self.failure.is_none()
            && let Some(measured) = self.measured.remove(&self.packed)
        {
            let index = self.index(self.packed);
            self.packed += 1;
            self.pack(index, measured);
        }
    }

    fn pack(&mut self, index: u64, measured: Result<Ready, DataError>) {
        let sample = match measured {
            Ok(Ready::Sample(measured)) => {
                self.idle = 0;
                Some((measured.tokens(), measured))
            }
            Ok(Ready::Dropped(reason)) => {
                self.drop_one(reason);
                None
            }
            Err(error) if self.skip_broken => {
                self.pass_over(&error);
                None
            }
            Err(error) => return self.fail(self.number(), error),
        };
        if sample.is_none() {
            self.idle += 1;
            if self.idle > self.patience {
                let dropped = &self.statistics.dropped;
                let reason = format!("{} samples in a row did not come: {dropped:?}", self.idle);
                return self.fail(self.number(), DataError::Nothing { source_name: "sources".to_owned(), reason });
            }
        }
        if let Some(packed) = self.packer.push(index, sample) {
            self.close(packed);
        }
    }

    fn close(&mut self, packed: Packed<Box<Measured>>) {
        let Packed { number, samples, tokens, cursor_after } = packed;
        self.statistics.batches += 1;
        self.statistics.samples += samples.len() as u64;
        self.statistics.tokens += tokens as u64;
        self.statistics.room += self.budget;
        let since = number - self.start.batches;
        if (since + 1).is_multiple_of(self.share.world) {
            self.rounds.insert(since / self.share.world, cursor_after);
        }
        if since % self.share.world == self.share.rank {
            let slots = samples.iter().map(|_| None).collect();
            self.pending.insert(number, Pending { slots, missing: samples.len(), tokens });
            self.jobs.extend(samples.into_iter().enumerate().map(|(slot, measured)| (number, slot, measured)));
        }
    }

    pub(super) fn finished(&mut self, batch: u64, slot: usize, finished: Result<Prepared, DataError>) {
        let Some(pending) = self.pending.get_mut(&batch) else { return };
        match finished {
            Ok(prepared) => pending.slots[slot] = Some(prepared),
            Err(error) if self.skip_broken => self.pass_over(&error),
            Err(error) => return self.fail(batch, error),
        }
        if let Some(pending) = self.pending.get_mut(&batch) {
            pending.missing -= 1;
        }
    }

    /// The micro-batch that is wanted, if it is there or never will be.
    pub(super) fn take(&mut self) -> Option<Result<Batch, DataError>> {
        if self.failed {
            let reason = "it stopped at an error before".to_owned();
            return Some(Err(DataError::Worker { reason }));
        }
        let round = (self.wanted - self.start.batches) / self.share.world;
        // Nothing is packed after a failure, so a round that is not closed never will be.
        let hopeless = |(number, _): &(u64, DataError)| *number <= self.wanted || !self.rounds.contains_key(&round);
        if self.failure.as_ref().is_some_and(hopeless) {
            self.failed = true;
            return self.failure.take().map(|(_, error)| Err(error));
        }
        let done = self.pending.get(&self.wanted).is_some_and(|pending| pending.missing == 0);
        if !done || !self.rounds.contains_key(&round) {
            return None;
        }
        let Pending { slots, tokens, .. } = self.pending.remove(&self.wanted)?;
        let cursor_after = self.rounds.remove(&round)?;
        self.wanted += self.share.world;
        let samples = slots.into_iter().flatten().collect();
        Some(Ok(Batch { samples, tokens, cursor_after, waited: Duration::ZERO }))
    }

    /// Of the micro-batch that is open.
    fn number(&self) -> u64 {
        self.packer.number()
    }

    fn fail(&mut self, number: u64, error: DataError) {
        if self.failure.as_ref().is_none_or(|(other, _)| number < *other) {
            self.failure = Some((number, error));
        }
    }

    fn pass_over(&mut self, error: &DataError) {
        self.drop_one("broken");
        if self.statistics.broken.len() < TOLD {
            self.statistics.broken.push(error.to_string());
        }
    }

    fn drop_one(&mut self, reason: &'static str) {
        *self.statistics.dropped.entry(reason).or_default() += 1;
    }
}
