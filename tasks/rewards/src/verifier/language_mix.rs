//! Whether a reply keeps to one language; the ground truth does not matter.

use std::borrow::Cow;

use super::Verifier;
use crate::Finding;
use crate::reply::{LanguageLimits, mixes_languages};

/// See the module.
#[derive(Debug)]
pub(super) struct LanguageMix;

impl Verifier for LanguageMix {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        Ok(Cow::Borrowed(reply))
    }

    fn compare(&self, _question: &str, answer: &str, _truth: &str) -> Finding {
        if mixes_languages(answer, LanguageLimits::default()) {
            Finding::decided(0.0, "long Chinese and long English paragraphs are mixed")
        } else {
            Finding::decided(1.0, "the languages are not mixed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LanguageMix;
    use crate::{Finding, Verifier};

    #[test]
    fn looks_at_the_whole_reply() {
        let mixed = format!("<think>{}\n\n{}</think>", "中".repeat(60), "word ".repeat(210));
        let score = |reply: &str| match LanguageMix.compare("", reply, "") {
            Finding::Decided { score, .. } => score,
            Finding::Open { .. } => panic!("a rule decides"),
        };
        assert_eq!(score(&mixed), 0.0);
        assert_eq!(score(&mixed.replace('中', "日")), 0.0);
        assert_eq!(score(&mixed.replace('中', "한")), 1.0);
    }
}
