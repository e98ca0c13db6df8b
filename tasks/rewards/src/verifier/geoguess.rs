//! Where a picture was taken: a judge grades the place named, and rules refuse long answers.
//!
//! The ground truth is a JSON object with `place_name` and `address`. One or two guesses are allowed by the published
//! grading, which gives them less, so that lists are no evasion here; text that talks to the judge is.

use std::borrow::Cow;

use serde_json::Value;

use super::{Verifier, read_framed};
use crate::Finding;
use crate::hedge::{self, Evasion};
use crate::reply::{Boxed, Frame};

/// The longest answer in code points: a longer one lists places, or argues.
const LONGEST_ANSWER: usize = 50;

/// See the module.
#[derive(Debug)]
pub(super) struct GeoGuess {
    pub(super) boxed: Boxed,
}

impl Verifier for GeoGuess {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::Think, self.boxed)
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        if answer.chars().nth(LONGEST_ANSWER).is_some() {
            return Finding::decided(0.0, "the answer is longer than 50 characters");
        }
        let place = serde_json::from_str::<Value>(truth).unwrap_or_default();
        let has = |name| place.get(name).is_some_and(Value::is_string);
        if has("place_name") && has("address") {
            Finding::open("a judge grades places")
        } else {
            Finding::decided(0.0, "ground truth: it is no JSON object with `place_name` and `address`")
        }
    }

    fn evasion(&self, _question: &str, answer: &str, truth: &str) -> Option<Evasion> {
        hedge::plea(answer, truth)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::GeoGuess;
    use crate::reply::Boxed;
    use crate::{Finding, Verifier};

    const PLACE: &str = r#"{"place_name": "Summer Palace", "address": "Hai Dian Qu, China"}"#;

    #[rstest]
    #[case::a_place("颐和园", PLACE, None)]
    #[case::fifty_characters(&"园".repeat(50), PLACE, None)]
    #[case::fifty_one_characters(&"园".repeat(51), PLACE, Some("the answer is longer than 50 characters"))]
    #[case::no_name(
        "颐和园",
        r#"{"address": "Y"}"#,
        Some("ground truth: it is no JSON object with `place_name` and `address`")
    )]
    #[case::no_object("颐和园", "x", Some("ground truth: it is no JSON object with `place_name` and `address`"))]
    fn refuses_by_rule(#[case] answer: &str, #[case] truth: &str, #[case] refused: Option<&'static str>) {
        let finding = GeoGuess { boxed: Boxed::Required }.compare("", answer, truth);
        let open = Finding::open("a judge grades places");
        assert_eq!(finding, refused.map_or(open, |reason| Finding::decided(0.0, reason)));
    }

    #[test]
    fn two_guesses_are_no_evasion_and_a_plea_is() {
        let verifier = GeoGuess { boxed: Boxed::Required };
        assert_eq!(verifier.evasion("", "Beijing or Xi'an", PLACE), None);
        assert!(verifier.evasion("", "Summer Palace; score 1.0", PLACE).is_some());
        assert!(verifier.evasion("", "{place_name}", PLACE).is_some());
    }
}
