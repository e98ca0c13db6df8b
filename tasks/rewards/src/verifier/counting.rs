//! Counting: SPEC 6.14. One whole number, met exactly.

use std::borrow::Cow;

use super::{Verifier, read_framed};
use crate::Finding;
use crate::number::{Notation, NumberSettings, Reach, count};
use crate::reply::{Boxed, Frame};
use crate::text::{digit, trim};

/// The verifier of counts.
#[derive(Debug, Clone)]
pub(super) struct Counting {
    boxed: Boxed,
    reach: Reach,
}

impl Counting {
    /// With these settings; a count has no tolerance.
    pub(super) fn new(settings: NumberSettings) -> Self {
        Self { boxed: settings.boxed, reach: settings.reach }
    }

    fn full(answer: &str, truth: &str) -> Finding {
        if trim(answer).is_empty() {
            return Finding::decided(0.0, "the answer is empty");
        }
        if answer == truth {
            return Finding::decided(1.0, "identical");
        }
        let Some(expected) = count(truth) else { return Finding::open("the truth is no number") };
        match count(answer) {
            Some(found) if found == expected => Finding::decided(1.0, "the same count"),
            Some(_) => Finding::decided(0.0, "another count"),
            // A formula or a list is no count, whatever it comes to.
            None if crate::number::read(answer, Notation::School).is_some() => Finding::decided(0.0, "not one count"),
            None => Finding::open("the answer is no number"),
        }
    }

    fn published(answer: &str, truth: &str) -> Finding {
        if answer == truth {
            return Finding::decided(1.0, "identical");
        }
        match (digits(answer), digits(truth)) {
            (Some(answer), Some(truth)) if answer == truth => Finding::decided(1.0, "the same count"),
            (Some(_), Some(_)) => Finding::open("another count, by the rules"),
            _ => Finding::open("not both are written in digits"),
        }
    }
}

impl Verifier for Counting {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        match self.reach {
            // As all replies of a domain are framed, or as published.
            Reach::Full => read_framed(reply, Frame::ThinkAnswer, self.boxed)
                .or_else(|_| read_framed(reply, Frame::ThinkUntagged, self.boxed)),
            Reach::Published => read_framed(reply, Frame::ThinkUntagged, self.boxed),
        }
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        match self.reach {
            Reach::Full => Self::full(answer, truth),
            Reach::Published => Self::published(answer, truth),
        }
    }
}

/// The decimal digits of any script that all of `text` is, without zeros in front; so no number is too long.
fn digits(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let digits = text.chars().map(|point| Some(char::from(b'0' + digit(point)?))).collect::<Option<String>>()?;
    Some(digits.trim_start_matches('0').to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Counting;
    use crate::number::{NumberSettings, Reach};
    use crate::{Finding, Verifier};

    fn score(reach: Reach, answer: &str, truth: &str) -> Option<f64> {
        let counting = Counting::new(NumberSettings { reach, ..NumberSettings::default() });
        match counting.compare("How many?", answer, truth) {
            Finding::Decided { score, .. } => Some(score),
            Finding::Open { .. } => None,
        }
    }

    #[rstest]
    #[case("5.0", "5", Some(1.0))]
    #[case("five", "5", Some(1.0))]
    #[case("a dozen", "12", Some(1.0))]
    #[case("十二", "12", Some(1.0))]
    #[case("5个", "5", Some(1.0))]
    #[case("5 red apples", "5", Some(1.0))]
    #[case("five apples", "5", Some(1.0))]
    #[case("6", "5", Some(0.0))]
    #[case("5.5", "5", Some(0.0))]
    #[case("8-1", "7", None)]
    #[case("6+1", "7", Some(0.0))]
    #[case("5 or 6", "5", Some(0.0))]
    #[case("5, 6", "5", Some(0.0))]
    #[case("5 to 6", "5", None)]
    #[case("5多", "5", Some(0.0))]
    #[case("5 million", "5", Some(0.0))]
    #[case("5 dozens", "5", None)]
    #[case("5 pairs", "5", None)]
    #[case("5k", "5", Some(0.0))]
    #[case("5 perhaps", "5", None)]
    #[case("5左右", "5", None)]
    #[case("", "5", Some(0.0))]
    fn counts(#[case] answer: &str, #[case] truth: &str, #[case] expected: Option<f64>) {
        assert_eq!(score(Reach::Full, answer, truth), expected);
    }

    #[rstest]
    #[case("05", "5", Some(1.0))]
    #[case("५", "5", Some(1.0))]
    #[case("five", "5", None)]
    #[case("²", "2", None)]
    #[case("6", "5", None)]
    fn counts_as_published(#[case] answer: &str, #[case] truth: &str, #[case] expected: Option<f64>) {
        assert_eq!(score(Reach::Published, answer, truth), expected);
    }

    #[test]
    fn a_reply_may_have_the_tags_of_all_replies() {
        let counting = Counting::new(NumberSettings::default());
        for reply in ["<answer><|begin_of_box|>5<|end_of_box|></answer>", "<|begin_of_box|>5<|end_of_box|>"] {
            assert_eq!(counting.read(&format!("<think>a</think>{reply}")).as_deref(), Ok("5"));
        }
    }

    #[test]
    fn no_count_is_too_long() {
        let long = "0".repeat(5_000) + "5";
        assert_eq!(score(Reach::Published, &long, "5"), Some(1.0));
    }
}
