//! Short answers: right when the same, else for a judge to tell.

use std::borrow::Cow;

use crate::{Finding, Verifier, boxed_answer};

/// Compares short answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exact;

impl Verifier for Exact {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        boxed_answer::read(reply)
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        let (answer, truth) = (folded(answer), folded(truth));
        if truth.is_empty() {
            Finding::decided(0.0, "the ground truth is empty")
        } else if answer == truth {
            Finding::decided(1.0, "the same answer")
        } else if answer.is_empty() {
            Finding::decided(0.0, "the answer is empty")
        } else {
            Finding::open("the answers differ")
        }
    }
}

/// In lower case, with single blanks, without a full stop at the end.
pub(super) fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', '。']).trim_end().to_lowercase()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::same("A red car", "a red  car.", Some(1.0))]
    #[case::other("a blue car", "a red car", None)]
    #[case::full_stops("..", "a", Some(0.0))]
    #[case::no_truth("a", " ", Some(0.0))]
    fn only_equal_answers_are_decided(#[case] answer: &str, #[case] truth: &str, #[case] expected: Option<f64>) {
        let score = match Exact.compare("", answer, truth) {
            Finding::Decided { score, .. } => Some(score),
            Finding::Open { .. } => None,
        };
        assert_eq!(score, expected);
    }
}
