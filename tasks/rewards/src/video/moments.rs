//! Temporal grounding: when something happens, as one or several intervals.
//!
//! The score is the intersection over the union of all intervals, and nothing below [`Moments::least_overlap`], so that the
//! whole video earns nothing for a moment.
//!
//! ```text
//! [12.5, 20]      00:12 - 00:20      from 12 s to 20 s      1:02:03 to 1:02:10      [[1, 2], [5, 8]]
//! ```

use std::borrow::Cow;

use crate::text::{trim, trim_start};
use crate::{Finding, Verifier, boxed_answer};

/// More intervals than these are no answer.
const MOST_INTERVALS: usize = 64;
/// Longer than any video, in seconds.
const LATEST: f64 = 1e6;
/// Digits of one number.
const MOST_DIGITS: usize = 12;

/// What may stand between times, in lower case; the longer ones first.
const WORDS: [&str; 24] = [
    "seconds", "second", "secs", "sec", "until", "between", "interval", "start", "from", "till", "and", "end", "to",
    "s", "at", "the", "从", "到", "至", "秒", "和", "开始", "结束", "=",
];
const MARKS: [char; 17] = ['-', '–', '—', '~', '～', '[', ']', '(', ')', ',', ';', '，', '；', '{', '}', ':', '"'];

/// Compares intervals of time.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Less overlap earns nothing, as intersection over union.
    pub least_overlap: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self { least_overlap: 0.1 }
    }
}

impl Verifier for Moments {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        with_intervals(boxed_answer::read(reply)?)
    }

    fn read_value<'a>(&self, value: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        with_intervals(trim(value).into())
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        let Some(truth) = intervals(truth) else {
            return Finding::decided(0.0, "the ground truth names no intervals of time");
        };
        let Some(answer) = intervals(answer) else {
            return Finding::decided(0.0, "the answer names no intervals of time");
        };
        if answer == truth {
            return Finding::decided(1.0, "the same time");
        }
        let common = common_length(&answer, &truth);
        let union = length(&answer) + length(&truth) - common;
        let overlap = if union > 0.0 { (common / union).clamp(0.0, 1.0) } else { 0.0 };
        if overlap < self.least_overlap {
            Finding::decided(0.0, "another time")
        } else {
            Finding::decided(overlap, "the times overlap")
        }
    }
}

fn with_intervals(text: Cow<'_, str>) -> Result<Cow<'_, str>, Cow<'static, str>> {
    if intervals(&text).is_some() { Ok(text) } else { Err("it names no intervals of time".into()) }
}

type Interval = (f64, f64);

fn length(intervals: &[Interval]) -> f64 {
    intervals.iter().map(|(start, end)| end - start).sum()
}

/// Of two sorted lists of intervals that do not overlap among themselves.
fn common_length(one: &[Interval], two: &[Interval]) -> f64 {
    let (mut left, mut right, mut common) = (0, 0, 0.0);
    while let (Some(first), Some(second)) = (one.get(left), two.get(right)) {
        common += (first.1.min(second.1) - first.0.max(second.0)).max(0.0);
        if first.1 < second.1 { left += 1 } else { right += 1 }
    }
    common
}

/// The intervals of a text, sorted and merged; `None` where it holds anything else, or an interval runs backwards.
fn intervals(text: &str) -> Option<Vec<Interval>> {
    let text = text.to_lowercase();
    let mut rest = trim_start(&text);
    let mut times = Vec::new();
    while !rest.is_empty() {
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            if times.len() == 2 * MOST_INTERVALS {
                return None;
            }
            let (time, after) = time(rest)?;
            times.push(time);
            rest = after;
        } else if let Some(after) = rest.strip_prefix(MARKS) {
            rest = after;
        } else {
            rest = WORDS.iter().find_map(|word| rest.strip_prefix(word))?;
        }
        rest = trim_start(rest.strip_prefix('.').filter(|after| after.is_empty()).unwrap_or(rest));
    }
    if times.is_empty() || times.len() % 2 == 1 {
        return None;
    }
    let mut intervals: Vec<Interval> = times.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    if intervals.iter().any(|(start, end)| start > end) {
        return None;
    }
    intervals.sort_by(|one, two| one.0.total_cmp(&two.0));
    let mut merged: Vec<Interval> = Vec::new();
    for (start, end) in intervals {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    Some(merged)
}

/// A time at the start of a text, in seconds, or with minutes and hours before colons.
fn time(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ':')).unwrap_or(text.len());
    // A colon that no digit follows belongs to what comes next.
    let (clock, mut rest) = text.split_at(text[..end].trim_end_matches(':').len());
    let parts: Vec<&str> = clock.split(':').collect();
    if parts.len() > 3 || parts.iter().any(|part| part.is_empty() || part.len() > MOST_DIGITS) {
        return None;
    }
    let mut seconds = 0.0;
    for (index, part) in parts.iter().enumerate() {
        let value: f64 = part.parse().ok()?;
        // Behind a colon there are two digits below sixty.
        if index > 0 && (part.len() != 2 || value >= 60.0) {
            return None;
        }
        seconds = seconds * 60.0 + value;
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > MOST_DIGITS {
            return None;
        }
        if digits > 0 {
            seconds += format!("0.{}", &fraction[..digits]).parse::<f64>().ok()?;
            rest = &fraction[digits..];
        }
    }
    (seconds <= LATEST).then_some((seconds, rest))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::list("[12.5, 20]", &[(12.5, 20.0)])]
    #[case::dash("12.5-20", &[(12.5, 20.0)])]
    #[case::clock("00:12 - 01:20", &[(12.0, 80.0)])]
    #[case::hours("1:02:03 to 1:02:10.5", &[(3723.0, 3730.5)])]
    #[case::words("From 12s to 20.0 seconds.", &[(12.0, 20.0)])]
    #[case::several("[[5, 8], [1, 2]]", &[(1.0, 2.0), (5.0, 8.0)])]
    #[case::merged("1-3 and 2-5", &[(1.0, 5.0)])]
    #[case::object(r#"{"start": 1, "end": 2}"#, &[(1.0, 2.0)])]
    #[case::chinese("从3秒到5秒", &[(3.0, 5.0)])]
    fn intervals_are_read(#[case] text: &str, #[case] expected: &[Interval]) {
        assert_eq!(intervals(text).as_deref(), Some(expected));
    }

    #[rstest]
    #[case::one_time("12")]
    #[case::three_times("1, 2, 3")]
    #[case::backwards("20 - 12")]
    #[case::words("about 12 to 20")]
    #[case::hedge("12-20 or 30-40")]
    #[case::seconds_over("00:72 - 01:90")]
    #[case::four_parts("1:00:00:00 - 2:00:00:00")]
    #[case::late("0 - 9999999")]
    #[case::huge("0 - 99999999999999999999999999")]
    #[case::not_a_number("0 - nan")]
    #[case::empty("")]
    fn what_is_no_interval_is_refused(#[case] text: &str) {
        assert_eq!(intervals(text), None);
    }

    #[rstest]
    #[case::same("10-20", "[10, 20]", 1.0)]
    #[case::half("10-15", "10-20", 0.5)]
    #[case::beside("20-30", "10-20", 0.0)]
    #[case::whole_video("0-1000", "10-20", 0.0)]
    #[case::union("0-2, 4-6", "0-6", 2.0 / 3.0)]
    #[case::listing("0-5, 5-10, 10-15, 15-20", "10-15", 0.25)]
    #[case::a_moment("5-5", "5-5", 1.0)]
    #[case::no_length("5-5", "6-6", 0.0)]
    fn overlap_is_of_the_unions(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
        let Finding::Decided { score, .. } = Moments::default().compare("", answer, truth) else {
            panic!("rules decide")
        };
        assert!((score - expected).abs() < 1e-12, "{score}");
    }
}
