//! What is wrong with an archive, counted.

use std::collections::BTreeMap;
use std::fmt;

/// Examples that are kept of all that is counted.
const EXAMPLES: usize = 50;

/// What is wrong with one record, or with what stands where one should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Problem {
    /// The file or a compressed part of it ends in the middle of a record.
    Truncated,
    /// Compressed bytes that cannot be unpacked.
    Corrupt,
    /// It unpacks to more than is read.
    TooLarge,
    /// The whole file unpacks to more than is likely; what follows is left out.
    Bomb,
    /// The headers of a record are longer than is read, or are none.
    Head,
    /// A length that is none, or after which no record follows.
    Length,
    /// An address that is none of the web.
    Address,
    /// An HTTP message that is none.
    Message,
    /// A body that is not encoded as its headers say; it is served as it is, or as far as it goes.
    Encoding,
    /// A revisit whose original is not there.
    Original,
    /// An entry of a WACZ file that cannot be read.
    Entry,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Problem::Truncated => "cut off",
            Problem::Corrupt => "corrupt",
            Problem::TooLarge => "too large",
            Problem::Bomb => "a bomb",
            Problem::Head => "bad record headers",
            Problem::Length => "wrong length",
            Problem::Address => "no web address",
            Problem::Message => "no HTTP message",
            Problem::Encoding => "wrong encoding",
            Problem::Original => "original missing",
            Problem::Entry => "bad zip entry",
        })
    }
}

/// Problems by kind, with the first examples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    counts: BTreeMap<Problem, u64>,
    examples: Vec<String>,
}

impl Problems {
    /// Counts one. `place` says where: a file and an offset, or an address.
    pub(super) fn add(&mut self, problem: Problem, place: impl fmt::Display) {
        *self.counts.entry(problem).or_default() += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{place}: {problem}"));
        }
    }

    /// How often each kind was met.
    pub fn counts(&self) -> &BTreeMap<Problem, u64> {
        &self.counts
    }

    /// How often a kind was met.
    pub fn count(&self, problem: Problem) -> u64 {
        self.counts.get(&problem).copied().unwrap_or(0)
    }

    /// The first ones, each with its place.
    pub fn examples(&self) -> &[String] {
        &self.examples
    }
}
