//! Questions about a picture: the same text is right, all else is for a judge.
//!
//! As published. `2` and `2.0`, `yes` and `Yes` are not the same text; a judge may take them for the same answer.

use std::borrow::Cow;

use super::{Verifier, read_framed, same_text, texts_differ};
use crate::Finding;
use crate::reply::{Boxed, Frame};

/// See the module.
#[derive(Debug)]
pub(super) struct Vqa {
    pub(super) boxed: Boxed,
}

impl Verifier for Vqa {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::ThinkAnswer, self.boxed)
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        same_text(answer, truth).unwrap_or_else(texts_differ)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Vqa;
    use crate::reply::Boxed;
    use crate::{Finding, Verifier};

    #[rstest]
    #[case::same("red", "red", true)]
    #[case::other_case("Red", "red", false)]
    #[case::other_spelling("2", "2.0", false)]
    fn only_the_same_text_is_decided(#[case] answer: &str, #[case] truth: &str, #[case] same: bool) {
        let finding = Vqa { boxed: Boxed::Required }.compare("", answer, truth);
        let expected = if same { Finding::decided(1.0, "the same text") } else { Finding::open("the texts differ") };
        assert_eq!(finding, expected);
    }
}
