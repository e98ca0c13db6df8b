//! One vote, as it is demanded and read, and how votes are counted.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Whether anything lies between right and wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Right or wrong.
    Binary,
    /// Any number in 0..=1.
    Graded,
}

/// A valid vote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vote {
    /// In 0..=1; 0 or 1 where the scale is binary.
    pub score: f64,
    /// Why, in the judge's words.
    pub reason: String,
}

/// What a panel decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Ruling {
    /// A verdict.
    Score {
        /// In 0..=1.
        score: f64,
        /// How the votes fell, and a reason of one of those that prevailed.
        reason: String,
    },
    /// None: no valid vote, or no majority. The answer is neither right nor wrong.
    NoVerdict {
        /// Why.
        reason: String,
    },
}

/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 300;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BinaryReply {
    reason: String,
    verdict: Verdict,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Right,
    Wrong,
    Unsure,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GradedReply {
    reason: String,
    score: f64,
}

impl Vote {
    /// Reads a judge's reply, which must be the demanded object and nothing else.
    ///
    /// # Errors
    /// Why it is no vote.
    pub(super) fn read(scale: Scale, reply: &str) -> Result<Vote, String> {
        let reply = reply.trim();
        let wrong = |error: serde_json::Error| {
            format!("the judge's reply is not the demanded object ({error}): `{}`", beginning(reply, 80))
        };
        let (score, reason) = match scale {
            Scale::Binary => {
                let BinaryReply { reason, verdict } = serde_json::from_str(reply).map_err(wrong)?;
                match verdict {
                    Verdict::Right => (1.0, reason),
                    Verdict::Wrong => (0.0, reason),
                    Verdict::Unsure => return Err(format!("the judge cannot tell: {}", beginning(&reason, 80))),
                }
            }
            Scale::Graded => {
                let GradedReply { reason, score } = serde_json::from_str(reply).map_err(wrong)?;
                if !(0.0..=1.0).contains(&score) {
                    return Err(format!("the judge's score {score} is not in 0..=1"));
                }
                (score, reason)
            }
        };
        Ok(Vote { score, reason: beginning(&reason, LONGEST_REASON) })
    }
}

/// The `response_format` that demands such a vote.
pub(super) fn demanded(scale: Scale) -> Value {
    let last = match scale {
        Scale::Binary => ("verdict", json!({"type": "string", "enum": ["right", "wrong", "unsure"]})),
        Scale::Graded => ("score", json!({"type": "number"})),
    };
    json!({"type": "json_schema", "json_schema": {"name": "vote", "strict": true, "schema": {
        "type": "object",
        "properties": {"reason": {"type": "string"}, last.0: last.1},
        "required": ["reason", last.0],
        "additionalProperties": false,
    }}})
}

/// Counts votes: binary ones by strict majority of the valid, graded ones by their lower median, which no single judge can
/// raise.
pub(super) fn count(scale: Scale, votes: Vec<Result<Vote, String>>) -> Ruling {
    let asked = votes.len();
    let mut failed = None;
    let mut valid = Vec::new();
    for vote in votes {
        match vote {
            Ok(vote) => valid.push(vote),
            Err(reason) => failed = failed.or(Some(reason)),
        }
    }
    valid.sort_by(|left, right| left.score.total_cmp(&right.score));
    let Some(middle) = valid.len().checked_sub(1).map(|last| last / 2) else {
        return Ruling::NoVerdict { reason: failed.unwrap_or_else(|| "nobody was asked".to_owned()) };
    };
    let of = if valid.len() < asked { format!(" ({asked} asked)") } else { String::new() };
    if scale == Scale::Binary {
        let right = valid.iter().filter(|vote| vote.score > 0.5).count();
        if right * 2 == valid.len() {
            return Ruling::NoVerdict { reason: format!("{right} of {} votes say right{of}: a tie", valid.len()) };
        }
    }
    let prevailing = &valid[middle];
    let reason = match (scale, valid.len()) {
        (_, 1) => format!("{}{of}", prevailing.reason),
        (Scale::Binary, all) => {
            let agreeing = valid.iter().filter(|vote| vote.score == prevailing.score).count();
            format!("{agreeing} of {all} votes{of}: {}", prevailing.reason)
        }
        (Scale::Graded, all) => format!("median of {all} votes{of}: {}", prevailing.reason),
    };
    Ruling::Score { score: prevailing.score, reason }
}

fn beginning(text: &str, characters: usize) -> String {
    text.trim().chars().take(characters).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::right(Scale::Binary, r#"{"reason": "same", "verdict": "right"}"#, 1.0)]
    #[case::wrong(Scale::Binary, " {\"verdict\": \"wrong\", \"reason\": \"7 is not 8\"}\n", 0.0)]
    #[case::graded(Scale::Graded, r#"{"reason": "city", "score": 0.75}"#, 0.75)]
    #[case::whole(Scale::Graded, r#"{"reason": "all", "score": 1}"#, 1.0)]
    fn the_demanded_object_is_a_vote(#[case] scale: Scale, #[case] reply: &str, #[case] score: f64) {
        assert_eq!(Vote::read(scale, reply).unwrap().score, score);
    }

    #[rstest]
    #[case::empty("")]
    #[case::number("1.0")]
    #[case::word("right")]
    #[case::fenced("```json\n{\"reason\": \"r\", \"verdict\": \"right\"}\n```")]
    #[case::words_before(r#"Sure: {"reason": "r", "verdict": "right"}"#)]
    #[case::words_after(r#"{"reason": "r", "verdict": "right"} I hope that helps"#)]
    #[case::twice(r#"{"reason": "r", "verdict": "right"}{"reason": "r", "verdict": "wrong"}"#)]
    #[case::two_verdicts(r#"{"reason": "r", "verdict": "wrong", "verdict": "right"}"#)]
    #[case::no_reason(r#"{"verdict": "right"}"#)]
    #[case::more(r#"{"reason": "r", "verdict": "right", "confidence": 1}"#)]
    #[case::other_case(r#"{"reason": "r", "verdict": "Right"}"#)]
    #[case::other_type(r#"{"reason": "r", "verdict": true}"#)]
    #[case::unsure(r#"{"reason": "blank", "verdict": "unsure"}"#)]
    #[case::cut_off(r#"{"reason": "r", "verdict": "rig"#)]
    #[case::nested(r#"{"vote": {"reason": "r", "verdict": "right"}}"#)]
    #[case::list(r#"[{"reason": "r", "verdict": "right"}]"#)]
    #[case::null("null")]
    fn anything_else_is_none(#[case] reply: &str) {
        assert!(Vote::read(Scale::Binary, reply).is_err());
    }

    #[rstest]
    #[case::above(r#"{"reason": "r", "score": 1.01}"#)]
    #[case::below(r#"{"reason": "r", "score": -0.01}"#)]
    #[case::huge(r#"{"reason": "r", "score": 1e999}"#)]
    #[case::not_a_number(r#"{"reason": "r", "score": NaN}"#)]
    #[case::text(r#"{"reason": "r", "score": "1"}"#)]
    fn a_score_outside_is_none(#[case] reply: &str) {
        assert!(Vote::read(Scale::Graded, reply).is_err());
    }

    fn votes(scores: &[f64], failed: usize) -> Vec<Result<Vote, String>> {
        let valid = scores.iter().map(|&score| Ok(Vote { score, reason: format!("it is {score}") }));
        valid.chain((0..failed).map(|_| Err("gone".to_owned()))).collect()
    }

    #[rstest]
    #[case::one(&[1.0], 0, Some(1.0))]
    #[case::one_and_two_failed(&[1.0], 2, Some(1.0))]
    #[case::two_of_three(&[1.0, 0.0, 1.0], 0, Some(1.0))]
    #[case::one_of_three(&[1.0, 0.0, 0.0], 0, Some(0.0))]
    #[case::tie(&[1.0, 0.0], 0, None)]
    #[case::tie_after_failure(&[1.0, 0.0], 1, None)]
    #[case::none(&[], 3, None)]
    fn binary_votes_need_a_strict_majority(
        #[case] scores: &[f64],
        #[case] failed: usize,
        #[case] expected: Option<f64>,
    ) {
        let score = match count(Scale::Binary, votes(scores, failed)) {
            Ruling::Score { score, .. } => Some(score),
            Ruling::NoVerdict { .. } => None,
        };
        assert_eq!(score, expected);
    }

    #[test]
    fn one_judge_cannot_raise_a_graded_verdict() {
        for (scores, expected) in [(&[0.1, 1.0][..], 0.1), (&[0.1, 0.2, 1.0], 0.2), (&[0.5, 0.1, 1.0, 0.9], 0.5)] {
            let Ruling::Score { score, .. } = count(Scale::Graded, votes(scores, 0)) else { panic!("it is decided") };
            assert_eq!(score, expected);
        }
    }

    #[test]
    fn the_reason_tells_how_the_votes_fell() {
        let Ruling::Score { reason, .. } = count(Scale::Binary, votes(&[1.0, 0.0, 1.0], 1)) else { panic!("decided") };
        assert_eq!(reason, "2 of 3 votes (4 asked): it is 1");
    }
}
