//! Questions about a long document: a judge compares what is meant; rules decide only the same text and an empty one.
//!
//! The published system can be told to use this verifier and has none. Frame and box are those of the other texts.

use std::borrow::Cow;

use super::liberal_arts::LiberalArts;
use super::{Verifier, read_framed};
use crate::Finding;
use crate::reply::{Boxed, Frame};

/// See the module.
#[derive(Debug)]
pub(super) struct LongDocument {
    pub(super) boxed: Boxed,
}

impl Verifier for LongDocument {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::ThinkAnswer, self.boxed)
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        LiberalArts { boxed: self.boxed }.compare(question, answer, truth)
    }
}

#[cfg(test)]
mod tests {
    use super::LongDocument;
    use crate::reply::Boxed;
    use crate::{Finding, Verifier};

    #[test]
    fn leaves_other_words_to_the_judge() {
        let verifier = LongDocument { boxed: Boxed::Optional };
        let answer = verifier.read("<think>a</think><answer>In March.</answer>").expect("an answer");
        assert_eq!(verifier.compare("When?", &answer, "March 2024"), Finding::open("the texts differ"));
        assert_eq!(verifier.compare("When?", &answer, "In March."), Finding::decided(1.0, "the same text"));
    }
}
