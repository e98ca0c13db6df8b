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

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: usize = 100;

    fn length(index: u64) -> Option<(usize, u64)> {
        let drawn = crate::seed::hash(3, &index.to_string());
        (!drawn.is_multiple_of(9)).then_some((1 + (drawn >> 8) as usize % BUDGET, index))
    }

    fn pack(window: usize, from: &Cursor, count: usize) -> Vec<Packed<u64>> {
        let mut packer = Packer::new(BUDGET, window, from);
        let indices = from.waiting.iter().copied().chain(from.next..);
        indices.filter_map(|index| packer.push(index, length(index))).take(count).collect()
    }

    #[test]
    fn samples_are_taken_as_they_fit() {
        let lengths = [50, 40, 70, 10, 80, 20];
        let mut packer = Packer::new(100, 1, &Cursor::default());
        let closed: Vec<_> =
            (0..).zip(lengths).filter_map(|(at, length)| packer.push(at, Some((length, length)))).collect();
        assert_eq!(closed.len(), 1);
        assert_eq!((&closed[0].samples[..], closed[0].tokens), (&[50, 40, 10][..], 100));
        assert_eq!(closed[0].cursor_after, Cursor { next: 5, waiting: vec![2, 4], batches: 1 });
    }

    #[test]
    fn packing_goes_on_anywhere_and_loses_nothing() {
        for window in [0, 1, 7] {
            let whole = pack(window, &Cursor::default(), 60);
            for stop in [0, 11, 30] {
                let resumed = pack(window, &whole[stop].cursor_after, 20);
                for (one, other) in whole[stop + 1..].iter().zip(&resumed) {
                    assert_eq!((one.number, &one.samples), (other.number, &other.samples));
                    assert_eq!(one.cursor_after, other.cursor_after);
                }
            }
            let Cursor { next, waiting, .. } = &whole[59].cursor_after;
            let mut seen: Vec<u64> =
                whole.iter().flat_map(|packed| packed.samples.clone()).chain(waiting.clone()).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..*next).filter(|index| length(*index).is_some()).collect::<Vec<_>>());
            assert!(whole.iter().all(|packed| packed.tokens <= BUDGET && !packed.samples.is_empty()));
            // Without a window the order is that of the stream.
            let order: Vec<u64> = whole.into_iter().flat_map(|packed| packed.samples).collect();
            assert_eq!(order.is_sorted(), window == 0);
        }
    }
}
