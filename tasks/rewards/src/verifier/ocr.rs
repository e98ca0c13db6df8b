//! Text in a picture: how similar the texts are, 1 less the Levenshtein distance over the longer length.
//!
//! Line feeds and spaces do not count, other blanks do. Two bounds make a similarity full or nothing. By rule alone: the
//! published system can ask a judge about what lies between, which its own settings switch off.

use std::borrow::Cow;

use super::{Verifier, read_framed};
use crate::Finding;
use crate::distance::levenshtein;
use crate::reply::{Boxed, Frame};
use crate::text::trim;

/// See the module.
#[derive(Debug)]
pub(super) struct Ocr {
    pub(super) boxed: Boxed,
    /// Whether case does not count.
    pub(super) ignore_case: bool,
    /// The similarity from which on an answer is worth 1.
    pub(super) full_from: f64,
    /// The similarity up to which an answer is worth 0, unless it reaches `full_from`.
    pub(super) none_up_to: f64,
}

impl Verifier for Ocr {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::Think, self.boxed)
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        let (answer, truth) = (self.cleaned(answer), self.cleaned(truth));
        let lengths = [answer.chars().count(), truth.chars().count()];
        let (shorter, longer) = (lengths[0].min(lengths[1]), lengths[0].max(lengths[1]));
        if longer == 0 {
            return Finding::decided(0.0, "ground truth: it is empty");
        }
        // So much the lengths alone allow, in the doubles of the similarity.
        let most = 1.0 - (longer - shorter) as f64 / longer as f64;
        if most < self.full_from && most <= self.none_up_to {
            return Finding::decided(0.0, "too little in common");
        }
        let Some(distance) = levenshtein(&answer, &truth) else {
            return Finding::open("the texts are too long to compare");
        };
        let similarity = 1.0 - distance as f64 / longer as f64;
        if similarity >= self.full_from {
            Finding::decided(1.0, if distance == 0 { "the same text" } else { "similar enough" })
        } else if similarity <= self.none_up_to {
            Finding::decided(0.0, "too little in common")
        } else {
            Finding::decided(similarity, "similar texts")
        }
    }
}

impl Ocr {
    fn cleaned(&self, text: &str) -> String {
        let lower = self.ignore_case.then(|| text.to_lowercase());
        trim(lower.as_deref().unwrap_or(text)).chars().filter(|point| !matches!(point, '\n' | ' ')).collect()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Ocr;
    use crate::reply::Boxed;
    use crate::{Finding, Verifier};

    const OCR: Ocr = Ocr { boxed: Boxed::Required, ignore_case: false, full_from: 1.0, none_up_to: 0.0 };

    fn score(verifier: &Ocr, answer: &str, truth: &str) -> Option<f64> {
        match verifier.compare("", answer, truth) {
            Finding::Decided { score, .. } => Some(score),
            Finding::Open { .. } => None,
        }
    }

    #[rstest]
    #[case::line_feed("EXIT\n12", "EXIT 12", 1.0)]
    #[case::tab("EXIT\t12", "EXIT 12", 1.0 - 1.0 / 7.0)]
    #[case::case_counts("exit", "EXIT", 0.0)]
    #[case::numbers_are_texts("43", "43.0", 0.5)]
    #[case::code_points("🙂🙃", "🙂🙂", 0.5)]
    #[case::nothing_to_read(" ", "\n", 0.0)]
    fn similarity(#[case] answer: &str, #[case] truth: &str, #[case] expected: f64) {
        assert_eq!(score(&OCR, answer, truth), Some(expected));
    }

    #[rstest]
    #[case("abcdefghiX", 1.0)]
    #[case("abcdefghXX", 0.8)]
    #[case("abcdeXXXXX", 0.0)]
    #[case("abcde", 0.0)]
    #[case("abcdef", 0.6)]
    fn bounds(#[case] answer: &str, #[case] expected: f64) {
        let bounded = Ocr { full_from: 0.9, none_up_to: 0.5, ..OCR };
        assert_eq!(score(&bounded, answer, "abcdefghij"), Some(expected));
    }

    #[test]
    fn case_can_be_ignored() {
        let lenient = Ocr { ignore_case: true, ..OCR };
        assert_eq!(score(&lenient, "Exit", "EXIT"), Some(1.0));
        assert_eq!(score(&lenient, "Σ", "ς"), Some(0.0));
    }

    #[test]
    fn texts_too_long_to_compare_are_nobodys_fault() {
        assert_eq!(score(&OCR, &"a".repeat(100_000), &"b".repeat(100_000)), None);
    }
}
