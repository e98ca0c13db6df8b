//! Questions about several pictures: the same text is right, all else is for a judge.

use std::borrow::Cow;

use super::{Verifier, read_framed, same_text, texts_differ};
use crate::Finding;
use crate::reply::{Boxed, Frame};

/// See the module.
#[derive(Debug)]
pub(super) struct MultiImage {
    pub(super) boxed: Boxed,
}

impl Verifier for MultiImage {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::Think, self.boxed)
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        same_text(answer, truth).unwrap_or_else(texts_differ)
    }
}

#[cfg(test)]
mod tests {
    use super::MultiImage;
    use crate::reply::Boxed;
    use crate::{Finding, Verifier};

    #[test]
    fn reads_what_follows_the_thinking() {
        let verifier = MultiImage { boxed: Boxed::Required };
        let read = |reply| verifier.read(reply).ok();
        assert_eq!(read("<think>a</think>so <|begin_of_box|>B<|end_of_box|>").as_deref(), Some("B"));
        assert_eq!(read("<think>a</think><answer><|begin_of_box|>B<|end_of_box|></answer>").as_deref(), Some("B"));
        assert_eq!(read("<think>a</think>B"), None);
        assert_eq!(verifier.compare("", "B", "B"), Finding::decided(1.0, "the same text"));
    }
}
