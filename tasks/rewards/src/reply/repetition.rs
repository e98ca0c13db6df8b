//! Whether a text repeats itself: some stretch of it again and again.

use thiserror::Error;

/// The characters of rules, frames and tables, of which long runs are no repetition.
const RULES: [char; 13] = ['=', '|', '-', '~', '_', '#', '*', '.', '%', '－', '█', ' ', '─'];

/// A prime that fits a word with room to spare, and a generator of its residues: fingerprints of windows are taken in them.
const MODULUS: u64 = (1 << 61) - 1;
const GENERATOR: u64 = 0x1F3B_9C2A_57E4_D80D % MODULUS;

/// What counts as a repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepetitionLimits {
    /// The length of the stretch, in code points.
    pub window: usize,
    /// How often it occurs, overlapping itself or not.
    pub times: usize,
    /// From which length on a run of a rule's character is left out.
    pub run: usize,
}

impl Default for RepetitionLimits {
    fn default() -> Self {
        Self { window: 50, times: 10, run: 3 }
    }
}

/// Limits under which every text, or none, would repeat itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RepetitionLimitsError {
    /// An empty window is found everywhere.
    #[error("`window` must be at least 1, this is 0")]
    Window,
    /// Everything occurs once.
    #[error("`times` must be at least 2, this is {0}")]
    Times(usize),
}

/// Whether some stretch of `window` code points occurs `times` times, once table rules and long runs of rule characters are
/// left out. Takes one sort of as many fingerprints as the text has code points.
///
/// # Errors
/// Limits that make no sense.
pub fn repeats(text: &str, limits: RepetitionLimits) -> Result<bool, RepetitionLimitsError> {
    if limits.window == 0 {
        return Err(RepetitionLimitsError::Window);
    }
    if limits.times < 2 {
        return Err(RepetitionLimitsError::Times(limits.times));
    }
    let points = without_rules(text, limits.run);
    if points.len() < limits.window {
        return Ok(false);
    }
    let mut prints = fingerprints(&points, limits.window);
    prints.sort_unstable();
    Ok(prints.windows(limits.times).any(|run| run[0] == run[limits.times - 1]))
}

fn without_rules(text: &str, run: usize) -> Vec<char> {
    let mut points = without_table_rules(text);
    for rule in RULES {
        if !text.contains(rule) {
            continue;
        }
        let mut kept = 0;
        let mut at = 0;
        while at < points.len() {
            let length = points[at..].iter().take_while(|point| **point == rule).count();
            if length == 0 {
                points[kept] = points[at];
                (kept, at) = (kept + 1, at + 1);
                continue;
            }
            if length < run {
                points.copy_within(at..at + length, kept);
                kept += length;
            }
            at += length;
        }
        points.truncate(kept);
    }
    points
}

/// The text with each `|---|` made one bar.
fn without_table_rules(text: &str) -> Vec<char> {
    let mut points = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(point) = rest.chars().next() {
        points.push(point);
        rest = &rest[point.len_utf8()..];
        if point == '|' {
            let after = rest.trim_start_matches('-');
            if after.len() < rest.len()
                && let Some(after) = after.strip_prefix('|')
            {
                rest = after;
            } else {
                // The hyphens are passed at once, so that a row of bars and hyphens is not walked again and again.
                points.extend(rest[..rest.len() - after.len()].chars());
                rest = after;
            }
        }
    }
    points
}

/// A fingerprint of each window: its code points as the digits of a number, modulo a prime of 61 bits.
fn fingerprints(points: &[char], window: usize) -> Vec<u64> {
    let leading = (1..window).fold(1, |power, _| multiply(power, GENERATOR));
    let mut prints = Vec::with_capacity(points.len() + 1 - window);
    let mut print = 0;
    for (index, point) in points.iter().enumerate() {
        if let Some(leaving) = index.checked_sub(window) {
            print = reduced(print + MODULUS - multiply(leading, digit(points[leaving])));
        }
        print = reduced(multiply(print, GENERATOR) + digit(*point));
        if index + 1 >= window {
            prints.push(print);
        }
    }
    prints
}

/// A code point as a digit: never 0, so that no window is a shorter one with zeros in front.
fn digit(point: char) -> u64 {
    u64::from(u32::from(point)) + 1
}

fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    reduced((product >> 61) as u64 + (product as u64 & MODULUS))
}

/// The residue of a sum of two residues.
fn reduced(sum: u64) -> u64 {
    if sum >= MODULUS { sum - MODULUS } else { sum }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rstest::rstest;

    use super::{RULES, RepetitionLimits, RepetitionLimitsError, repeats, without_rules};

    #[rstest]
    #[case::nine_times("abcdefghij", 9, false)]
    #[case::ten_times("abcdefghij", 10, true)]
    #[case::rules_are_left_out("=", 100, false)]
    #[case::other_marks_are_not("。", 19, true)]
    #[case::overlapping("ab", 14, true)]
    #[case::too_few("ab", 13, false)]
    fn blocks(#[case] block: &str, #[case] times: usize, #[case] repeated: bool) {
        let limits = RepetitionLimits { window: 10, times: 10, run: 3 };
        assert_eq!(repeats(&block.repeat(times), limits), Ok(repeated));
    }

    #[rstest]
    #[case("|---|--|a", "|--|a")]
    #[case("a===b==c", "ab==c")]
    #[case("|-", "|-")]
    #[case("a --- b", "a  b")]
    #[case("a -- b", "a -- b")]
    #[case("==---==", "====")]
    fn rules(#[case] text: &str, #[case] left: &str) {
        assert_eq!(without_rules(text, 3).iter().collect::<String>(), left);
    }

    #[test]
    fn refuses_limits_without_sense() {
        let limits = RepetitionLimits::default();
        assert_eq!(repeats("a", RepetitionLimits { window: 0, ..limits }), Err(RepetitionLimitsError::Window));
        assert_eq!(repeats("a", RepetitionLimits { times: 1, ..limits }), Err(RepetitionLimitsError::Times(1)));
    }

    #[test]
    fn agrees_with_counting_whole_windows() {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize
        };
        for _ in 0..300 {
            let text: String = (0..next() % 120).map(|_| ['a', 'b', '中', RULES[next() % 13]][next() % 4]).collect();
            let limits = RepetitionLimits { window: 1 + next() % 6, times: 2 + next() % 5, run: 1 + next() % 4 };
            let points = without_rules(&text, limits.run);
            let mut counts = HashMap::new();
            points.windows(limits.window).for_each(|window| *counts.entry(window).or_insert(0) += 1);
            let most = counts.values().copied().max().unwrap_or(0);
            assert_eq!(repeats(&text, limits), Ok(most >= limits.times), "{text} {limits:?}");
        }
    }
}
