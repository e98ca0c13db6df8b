//! Liberal arts: the same text is right, an empty one is wrong, all else is for a judge.

use std::borrow::Cow;

use super::{Verifier, read_framed, same_text, texts_differ};
use crate::Finding;
use crate::reply::{Boxed, Frame};
use crate::text::trim;

/// See the module.
#[derive(Debug)]
pub(super) struct LiberalArts {
    pub(super) boxed: Boxed,
}

impl Verifier for LiberalArts {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::ThinkAnswer, self.boxed)
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        let (answer, truth) = (trim(answer), trim(truth));
        same_text(answer, truth).unwrap_or_else(|| {
            if answer.is_empty() || truth.is_empty() {
                Finding::decided(0.0, "one of the texts is empty")
            } else {
                texts_differ()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::LiberalArts;
    use crate::reply::Boxed;
    use crate::{Finding, Verifier};

    #[rstest]
    #[case::same_but_for_blanks("唐朝\u{3000}", "唐朝", Some(1.0))]
    #[case::both_empty("", " ", Some(1.0))]
    #[case::no_answer("", "唐朝", Some(0.0))]
    #[case::other("唐 朝", "唐朝", None)]
    fn compares(#[case] answer: &str, #[case] truth: &str, #[case] expected: Option<f64>) {
        let score = match (LiberalArts { boxed: Boxed::Required }).compare("", answer, truth) {
            Finding::Decided { score, .. } => Some(score),
            Finding::Open { .. } => None,
        };
        assert_eq!(score, expected);
    }
}
