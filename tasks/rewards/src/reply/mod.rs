//! The frame of a reply: whether it is kept, and what stands in it.
//!
//! ```text
//! <think>…</think><answer>… <|begin_of_box|>42<|end_of_box|> …</answer>
//! ```
//!
//! One scanner serves the check and the reading, so that what passes the one is seen alike by the other. Tags are matched
//! without regard to ASCII case, box tokens exactly; other letters that fold to a tag's (the Kelvin sign, the dotless i, the
//! long s) make no tag, unlike in the published system. Everything here is linear in the length of the reply.

mod boxes;
mod language;
mod pattern;
mod repetition;

use thiserror::Error;

pub use boxes::{BEGIN_OF_BOX, END_OF_BOX, boxes, boxes_between};
pub use language::{LanguageLimits, mixes_languages};
pub use pattern::{LONGEST_FOR_PATTERN, Pattern, PatternError};
pub use repetition::{RepetitionLimits, RepetitionLimitsError, repeats};

use crate::text::{is_blank, trim};

const THINK: &str = "<think>";
const THINK_END: &str = "</think>";
const ANSWER: &str = "<answer>";
const ANSWER_END: &str = "</answer>";
const ALL_TAGS: [&str; 4] = [THINK, THINK_END, ANSWER, ANSWER_END];

/// The frame that a domain asks of its replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// `<think>…</think><answer>…</answer>`, no tag inside either part.
    ThinkAnswer,
    /// `<think>…</think>…`: all that follows the thinking part is the answer part, and may hold tags.
    Think,
    /// As [`Think`](Self::Think), and no tag inside either part.
    ThinkUntagged,
}

/// Whether the answer part must hold a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boxed {
    /// Without a box there is no answer.
    Required,
    /// Without a box the whole answer part is the answer.
    Optional,
}

/// The two parts of a reply, trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// What was thought.
    pub thinking: &'a str,
    /// What was answered.
    pub answer: &'a str,
}

/// What is wrong with the frame of a reply, or of a ground truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Flaw {
    /// Nothing may come before the thinking part.
    #[error("it does not begin with `<think>`")]
    NoThink,
    /// The thinking part is open to the end.
    #[error("`<think>` is not closed")]
    ThinkUnclosed,
    /// Only blanks may stand between the parts.
    #[error("`<answer>` does not follow `</think>`")]
    NoAnswer,
    /// The answer part is open to the end.
    #[error("`<answer>` is not closed")]
    AnswerUnclosed,
    /// At most one line feed may follow.
    #[error("something follows `</answer>`")]
    TextAfter,
    /// A tag that the frame does not allow there.
    #[error("a tag stands inside the thinking part")]
    TagInThinking,
    /// A tag that the frame does not allow there.
    #[error("a tag stands inside the answer part")]
    TagInAnswer,
    /// Found by [`check`] alone, which counts tokens without regard to case.
    #[error("more than one box token of a kind stands in the answer part")]
    BoxTokenTwice,
    /// Found by [`check`] alone: reading accepts it.
    #[error("`\\boxed{{` stands in the answer part")]
    LegacyBox,
    /// Nothing was answered.
    #[error("the answer part is empty")]
    EmptyAnswer,
    /// A box is required and there is none.
    #[error("no box stands in the answer part")]
    NoBox,
    /// Which one is meant cannot be told.
    #[error("more than one box stands in the answer part")]
    ManyBoxes,
    /// A reply that a pattern finds nothing in.
    #[error("the pattern finds nothing")]
    NoMatch,
    /// The group that should hold the answer, or the thinking, is missing or empty-handed.
    #[error("a group of the pattern took no part in the match")]
    GroupUnused,
    /// A reply in which no pattern is searched.
    #[error("it is longer than {LONGEST_FOR_PATTERN} bytes, the most that a pattern is searched in")]
    TooLong,
}

/// Whether a reply keeps the frame that all replies must keep, whatever their domain.
///
/// It asks for [`Frame::ThinkAnswer`], at most one box token of a kind and no `\boxed{` in the answer part. A box is not
/// required, and box tokens need not pair up.
///
/// # Errors
/// What is wrong.
pub fn check(reply: &str) -> Result<(), Flaw> {
    let answer = split(reply, Frame::ThinkAnswer)?.answer;
    let repeated = |token| find(answer, token).is_some_and(|at| find(&answer[at + 1..], token).is_some());
    if repeated(BEGIN_OF_BOX) || repeated(END_OF_BOX) {
        return Err(Flaw::BoxTokenTwice);
    }
    if find(answer, boxes::LEGACY_BOX).is_some() {
        return Err(Flaw::LegacyBox);
    }
    Ok(())
}

/// The answer in a reply, trimmed; empty where its box is.
///
/// # Errors
/// What is wrong with the reply, where it holds no answer or more than one.
pub fn read(reply: &str, frame: Frame, boxed: Boxed) -> Result<&str, Flaw> {
    answer_in(split(reply, frame)?, boxed)
}

/// The answer in the answer part of a reply: what [`read`] does once it knows the parts.
///
/// # Errors
/// [`Flaw::EmptyAnswer`], [`Flaw::NoBox`] or [`Flaw::ManyBoxes`].
pub fn answer_in(parts: Parts<'_>, boxed: Boxed) -> Result<&str, Flaw> {
    if parts.answer.is_empty() {
        return Err(Flaw::EmptyAnswer);
    }
    let mut found = boxes(parts.answer);
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(trim(only)),
        (Some(_), false) => Err(Flaw::ManyBoxes),
        (None, _) if boxed == Boxed::Optional => Ok(parts.answer),
        (None, _) => Err(Flaw::NoBox),
    }
}

/// The parts of a reply.
///
/// # Errors
/// What is wrong with its frame.
pub fn split(reply: &str, frame: Frame) -> Result<Parts<'_>, Flaw> {
    let rest = after(reply, THINK).ok_or(Flaw::NoThink)?;
    let end = find(rest, THINK_END).ok_or(Flaw::ThinkUnclosed)?;
    let thinking = trim(&rest[..end]);
    let rest = &rest[end + THINK_END.len()..];
    let answer = match frame {
        Frame::Think | Frame::ThinkUntagged => rest,
        Frame::ThinkAnswer => {
            let rest = after(rest.trim_start_matches(is_blank), ANSWER).ok_or(Flaw::NoAnswer)?;
            let end = find(rest, ANSWER_END).ok_or(Flaw::AnswerUnclosed)?;
            if !matches!(&rest[end + ANSWER_END.len()..], "" | "\n") {
                return Err(Flaw::TextAfter);
            }
            &rest[..end]
        }
    };
    let parts = Parts { thinking, answer: trim(answer) };
    match frame {
        Frame::Think if holds_any(thinking, &[THINK]) => Err(Flaw::TagInThinking),
        Frame::Think => Ok(parts),
        Frame::ThinkAnswer | Frame::ThinkUntagged => parts.without_tags(),
    }
}

impl Parts<'_> {
    /// The parts, if neither holds one of the four tags.
    ///
    /// # Errors
    /// [`Flaw::TagInThinking`] or [`Flaw::TagInAnswer`].
    pub fn without_tags(self) -> Result<Self, Flaw> {
        if holds_any(self.thinking, &ALL_TAGS) {
            Err(Flaw::TagInThinking)
        } else if holds_any(self.answer, &ALL_TAGS) {
            Err(Flaw::TagInAnswer)
        } else {
            Ok(self)
        }
    }
}

/// The text after a tag that it begins with.
fn after<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    begins_with(text.as_bytes(), tag).then(|| &text[tag.len()..])
}

/// Where a token stands first, without regard to ASCII case. A token begins and ends with characters that have no case.
fn find(text: &str, token: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(token.as_bytes()[0], bytes).find(|at| begins_with(&bytes[*at..], token))
}

/// Whether one of these tags stands in a text.
fn holds_any(text: &str, tags: &[&str]) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'<', bytes).any(|at| tags.iter().any(|tag| begins_with(&bytes[at..], tag)))
}

/// The last byte is looked at before the rest: rows of what tokens begin with are told at once.
fn begins_with(bytes: &[u8], token: &str) -> bool {
    let token = token.as_bytes();
    let last = token.len() - 1;
    bytes.len() > last
        && bytes[0] == token[0]
        && bytes[last] == token[last]
        && bytes[..last].eq_ignore_ascii_case(&token[..last])
}

#[cfg(test)]
mod tests;
