//! The guard against a reply that goes round in circles.
//!
//! The released reward code of GLM-V counts every place at which a window of 50 characters occurs, overlapping ones too,
//! and calls ten a repetition. **How we differ**: occurrences do not overlap, since by that count a rule of 59 dashes
//! would already end a reply.

use std::collections::HashMap;

/// How often a window must have occurred.
const OCCURRENCES: u32 = 10;
/// Arithmetic is modulo 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;
const BASE: u64 = 0x0F3A_9C71_52D4_E86B;

/// Counts the windows of a growing text.
#[derive(Debug)]
pub(crate) struct RepetitionGuard {
    window: usize,
    /// The last `window` characters, as a ring.
    ring: Vec<char>,
    length: usize,
    hash: u64,
    /// `BASE` to the power of `window`, to take the oldest character out of `hash`.
    oldest: u64,
    /// For each window: how often it occurred without overlap, and where it last began.
    seen: HashMap<u64, (u32, usize)>,
}

impl RepetitionGuard {
    /// A guard with a window of so many characters; with 0 it never finds anything.
    pub fn new(window: usize) -> RepetitionGuard {
        let oldest = (0..window).fold(1, |power, _| multiply(power, BASE));
        RepetitionGuard { window, ring: Vec::new(), length: 0, hash: 0, oldest, seen: HashMap::new() }
    }

    /// Adds text; true once a window has occurred ten times.
    pub fn push(&mut self, text: &str) -> bool {
        self.window > 0 && text.chars().any(|character| self.push_char(character))
    }

    fn push_char(&mut self, character: char) -> bool {
        // One more than the code point, so that leading zeros change the hash.
        let value = |character: char| u64::from(character) + 1;
        self.hash = (multiply(self.hash, BASE) + value(character)) % PRIME;
        if self.length < self.window {
            self.ring.push(character);
        } else {
            let place = self.length % self.window;
            let leaving = std::mem::replace(&mut self.ring[place], character);
            self.hash = (self.hash + PRIME - multiply(value(leaving), self.oldest)) % PRIME;
        }
        self.length += 1;
        if self.length < self.window {
            return false;
        }
        let start = self.length - self.window;
        let (count, last) = self.seen.entry(self.hash).or_insert((0, start));
        if *count == 0 || start >= *last + self.window {
            *count += 1;
            *last = start;
        }
        *count >= OCCURRENCES
    }
}

fn multiply(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many characters the guard speaks, fed in pieces of 7 characters.
    fn stops_after(window: usize, text: &str) -> Option<usize> {
        let mut guard = RepetitionGuard::new(window);
        let characters: Vec<char> = text.chars().collect();
        let mut length = 0;
        for piece in characters.chunks(7) {
            length += piece.len();
            if guard.push(&piece.iter().collect::<String>()) {
                return Some(length);
            }
        }
        None
    }

    #[test]
    fn a_sentence_said_ten_times_is_found_and_nine_times_is_not() {
        let sentence = "I click the button once more, in the hope of ....\n";
        assert_eq!(sentence.chars().count(), 50);
        assert_eq!(stops_after(50, &sentence.repeat(9)), None);
        assert_eq!(stops_after(50, &sentence.repeat(12)), Some(504)); // 500, rounded up to a piece
    }

    #[test]
    fn a_window_comes_back_between_other_words() {
        let phrase = "then scroll down again ";
        let text: String = (0..10).map(|n| format!("{phrase}({n}) ")).collect();
        assert!(stops_after(phrase.len(), &text).is_some());
        let text: String = (0..9).map(|n| format!("{phrase}({n}) ")).collect();
        assert!(stops_after(phrase.len(), &text).is_none());
    }

    #[test]
    fn a_rule_of_dashes_and_a_long_list_pass() {
        assert_eq!(stops_after(50, &"-".repeat(120)), None);
        let list: String = (0..2000).map(|n| format!("item {n} lies at {}\n", n * 17)).collect();
        assert_eq!(stops_after(50, &list), None);
        assert_eq!(stops_after(0, &"a".repeat(2000)), None);
    }

    #[test]
    fn characters_count_and_not_bytes() {
        assert!(stops_after(4, &"点击这里".repeat(10)).is_some());
        assert!(stops_after(4, &"点击这里".repeat(9)).is_none());
    }
}
