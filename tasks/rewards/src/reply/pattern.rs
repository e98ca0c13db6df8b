//! Reading by a pattern from the settings, in the syntax that the published settings are written in.
//!
//! Patterns are searched ignoring case and across lines, as the published system does, but in linear time: look-around and
//! back-references are refused. `$` stands at the end or before one final line feed, and `\s` is any blank of `text`.

use regex::{Regex, RegexBuilder};
use thiserror::Error;

use super::{Flaw, Parts};
use crate::text::trim;

/// The longest reply, in bytes, in which a pattern is searched.
pub const LONGEST_FOR_PATTERN: usize = 1 << 16;

/// A pattern that finds the answer in a reply.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// The group that holds the answer; 0 is the whole match.
    answer: usize,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{pattern}` is no pattern: {reason}")]
pub struct PatternError {
    pattern: String,
    reason: String,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is no pattern, or would be too large.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let regex = RegexBuilder::new(&in_our_syntax(pattern))
            .case_insensitive(true)
            .dot_matches_new_line(true)
            .build()
            .map_err(|error| PatternError { pattern: pattern.to_owned(), reason: error.to_string() })?;
        let named = regex.capture_names().position(|name| name == Some("answer"));
        Ok(Self { answer: named.unwrap_or(regex.captures_len() - 1), regex })
    }

    /// What the pattern finds, trimmed: its group `answer`, else its last group, else the whole match. The whole reply where
    /// it finds nothing.
    ///
    /// # Errors
    /// [`Flaw::TooLong`], or [`Flaw::GroupUnused`] where that group took no part in the match.
    pub fn answer<'a>(&self, reply: &'a str) -> Result<&'a str, Flaw> {
        let Some(captures) = self.captures(reply)? else {
            return Ok(trim(reply));
        };
        captures.get(self.answer).map(|found| trim(found.as_str())).ok_or(Flaw::GroupUnused)
    }

    /// The parts of a reply, trimmed: the first and the second group.
    ///
    /// # Errors
    /// [`Flaw::TooLong`], [`Flaw::NoMatch`], or [`Flaw::GroupUnused`] where a group is missing or took no part.
    pub fn parts<'a>(&self, reply: &'a str) -> Result<Parts<'a>, Flaw> {
        let captures = self.captures(reply)?.ok_or(Flaw::NoMatch)?;
        let group = |index| captures.get(index).map(|found| trim(found.as_str())).ok_or(Flaw::GroupUnused);
        Ok(Parts { thinking: group(1)?, answer: group(2)? })
    }

    fn captures<'a>(&self, reply: &'a str) -> Result<Option<regex::Captures<'a>>, Flaw> {
        if reply.len() > LONGEST_FOR_PATTERN { Err(Flaw::TooLong) } else { Ok(self.regex.captures(reply)) }
    }
}

/// A pattern with `$`, `\Z` and `\s` written so that they mean here what they mean in the settings.
fn in_our_syntax(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len() + 16);
    let mut in_class = false;
    let mut points = pattern.chars();
    while let Some(point) = points.next() {
        match (point, in_class) {
            ('\\', _) => match (points.next(), in_class) {
                (Some('s'), false) => written.push_str(r"[\s\x1C-\x1F]"),
                (Some('s'), true) => written.push_str(r"\s\x1C-\x1F"),
                (Some('S'), false) => written.push_str(r"[^\s\x1C-\x1F]"),
                (Some('Z'), false) => written.push_str(r"\z"),
                (next, _) => written.extend(['\\'].into_iter().chain(next)),
            },
            ('$', false) => written.push_str(r"(?:\n?\z)"),
            _ => {
                in_class = if in_class { point != ']' } else { point == '[' };
                written.push(point);
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{LONGEST_FOR_PATTERN, Pattern};
    use crate::reply::Flaw;

    #[rstest]
    #[case::named(r"(?P<answer>\d+) of (\d+)", "3 of 4", Ok("3"))]
    #[case::last_group(r"(\d+) of (\d+)", "3 of 4", Ok("4"))]
    #[case::whole_match(r"\d+", "all ４２ of them", Ok("４２"))]
    #[case::no_match(r"\d+", " none ", Ok("none"))]
    #[case::unused_group(r"(\d+)|none", "none", Err(Flaw::GroupUnused))]
    #[case::any_case("final: (.*)$", "FINAL:  42\n", Ok("42"))]
    #[case::across_lines("^<think>(.*?)</think>(?P<answer>.*)$", "<Think>\n</think>a\nb\n", Ok("a\nb"))]
    #[case::before_the_last_line_feed("(a+)$", "aa\n", Ok("aa"))]
    #[case::not_before_two("(a+)$", "aa\n\n", Ok("aa"))]
    #[case::blanks_of_python(r"x\s[\s]y(.*)", "x\u{1C}\u{1F}yz", Ok("z"))]
    #[case::dollar_in_a_class(r"[$](\d)", "$7", Ok("7"))]
    #[case::escaped_dollar(r"\$(\d)", "$7", Ok("7"))]
    fn answers(#[case] pattern: &str, #[case] reply: &str, #[case] answer: Result<&str, Flaw>) {
        assert_eq!(Pattern::new(pattern).expect("a pattern").answer(reply), answer);
    }

    #[test]
    fn parts_are_the_first_two_groups() {
        let pattern = Pattern::new("^<think>(.*?)</think>(.*)$").expect("a pattern");
        let parts = pattern.parts("<think> a </think> b ").expect("both groups");
        assert_eq!((parts.thinking, parts.answer), ("a", "b"));
        assert_eq!(pattern.parts("a"), Err(Flaw::NoMatch));
        assert_eq!(Pattern::new("(a)").expect("a pattern").parts("a"), Err(Flaw::GroupUnused));
    }

    #[test]
    fn refuses_broken_patterns_and_long_replies() {
        let error = Pattern::new("(").expect_err("a group is open").to_string();
        assert!(error.starts_with("`(` is no pattern: "), "{error}");
        let pattern = Pattern::new("(.*)").expect("a pattern");
        assert_eq!(pattern.answer(&"a".repeat(LONGEST_FOR_PATTERN + 1)), Err(Flaw::TooLong));
    }
}
