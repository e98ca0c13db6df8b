//! Questions about several pictures: the same text or number is right, another number wrong, all else is for a judge.

use std::borrow::Cow;

use super::{Verifier, read_framed, same_text};
use crate::Finding;
use crate::number::{NumberSettings, Ruling};
use crate::reply::{Boxed, Frame};

/// See the module.
#[derive(Debug)]
pub(super) struct MultiImage {
    boxed: Boxed,
    ruling: Ruling,
}

impl MultiImage {
    /// With these settings.
    pub(super) fn new(settings: NumberSettings) -> Self {
        Self { boxed: settings.boxed, ruling: Ruling::new(settings) }
    }
}

impl Verifier for MultiImage {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::Think, self.boxed)
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        same_text(answer, truth).unwrap_or_else(|| self.ruling.decide(question, answer, truth))
    }
}

#[cfg(test)]
mod tests {
    use super::MultiImage;
    use crate::number::NumberSettings;
    use crate::{Finding, Verifier};

    #[test]
    fn reads_what_follows_the_thinking() {
        let verifier = MultiImage::new(NumberSettings::default());
        let read = |reply| verifier.read(reply).ok();
        assert_eq!(read("<think>a</think>so <|begin_of_box|>B<|end_of_box|>").as_deref(), Some("B"));
        assert_eq!(read("<think>a</think><answer><|begin_of_box|>B<|end_of_box|></answer>").as_deref(), Some("B"));
        assert_eq!(read("<think>a</think>B"), None);
        assert_eq!(verifier.compare("", "B", "B"), Finding::decided(1.0, "the same text"));
    }

    #[test]
    fn compares_numbers_and_leaves_words() {
        let verifier = MultiImage::new(NumberSettings::default());
        assert_eq!(verifier.compare("", "3/4", "0.75").score(), Some(1.0));
        assert_eq!(verifier.compare("", "2", "3").score(), Some(0.0));
        for (answer, truth) in [("the red bus", "a bus"), ("c", "C"), ("Paris", "PARIS"), ("left", "right")] {
            assert_eq!(verifier.compare("", answer, truth).score(), None, "{answer} for {truth}");
        }
    }
}
