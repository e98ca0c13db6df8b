//! Samples into micro-batches of a fixed budget of tokens, in the order of the stream.
//!
//! A micro-batch takes what waits from before, oldest first, and then new samples as long as they fit. One that does not
//! fit waits for the next micro-batch; once more wait than the window allows, the micro-batch is closed. Without a window
//! that is the first that does not fit. What waits is part of the cursor, so packing goes on anywhere.
//!
//! ```text
//! budget 10, window 1     5 4 7 1 8 ...   ->   [5 4 1] [7 ...]       (7 waits, 1 goes first, 8 closes)
//! ```

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Where a stream of micro-batches goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The first index of the stream that was not looked at.
    pub next: u64,
    /// Indices before it whose samples wait, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<u64>,
    /// Micro-batches before this, of all ranks.
    #[serde(default)]
    pub batches: u64,
}

/// Closes micro-batches.
#[derive(Debug)]
pub(super) struct Packer<T> {
    budget: usize,
    window: usize,
    next: u64,
    batches: u64,
    waiting: VecDeque<(u64, usize, T)>,
    open: Vec<T>,
    used: usize,
}

/// A closed micro-batch.
#[derive(Debug)]
pub(super) struct Packed<T> {
    /// Its number among those of all ranks.
    pub(super) number: u64,
    pub(super) samples: Vec<T>,
    pub(super) tokens: usize,
    pub(super) cursor_after: Cursor,
}

impl<T> Packer<T> {
    /// Goes on at a cursor; what waits there has to be given again first, in order.
    pub(super) fn new(budget: usize, window: usize, from: &Cursor) -> Packer<T> {
        Packer {
            budget,
            window,
            next: from.next,
            batches: from.batches,
            waiting: VecDeque::new(),
            open: Vec::new(),
            used: 0,
        }
    }

    /// Of the micro-batch that is open.
    pub(super) fn number(&self) -> u64 {
        self.batches
    }

    /// Takes the sample at an index; `None` if none comes there. Returns the micro-batch that it closes.
    pub(super) fn push(&mut self, index: u64, sample: Option<(usize, T)>) -> Option<Packed<T>> {
        self.next = self.next.max(index + 1);
        if let Some((tokens, sample)) = sample {
            if self.used + tokens <= self.budget {
                self.used += tokens;
                self.open.push(sample);
            } else {
                self.waiting.push_back((index, tokens, sample));
            }
        }
        (self.waiting.len() > self.window).then(|| self.close())
    }

    fn close(&mut self) -> Packed<T> {
        let samples = std::mem::take(&mut self.open);
        let tokens = std::mem::take(&mut self.used);
        let number = self.batches;
        self.batches += 1;
        let waiting = self.waiting.iter().map(|(index, _, _)| *index).collect();
        let cursor_after = Cursor { next: self.next, waiting, batches: self.batches };
        // The next one begins with what waits.
        for (index, tokens, sample) in std::mem::take(&mut self.waiting) {
            if self.used + tokens <= self.budget {
                self.used += tokens;
                self.open.push(sample);
            } else {
                self.waiting.push_back((index, tokens, sample));
            }
        }
        Packed { number, samples, tokens, cursor_after }
    }
}
