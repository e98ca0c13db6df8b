//! How the replies of the cases' judges are read: as published where that is sound, and as no verdict elsewhere.

use serde_json::Value;

use crate::reply;
use crate::text::{float, trim};

/// The number in a reply, in 0..=1 or minus infinity; `None` if it is no verdict.
pub(super) fn read(verifier: &str, reply: &str) -> Option<f64> {
    let score = match verifier {
        "general" => correct(reply)?,
        "geoquest" => place(reply)?,
        // The published system looks for `1.0` anywhere, so that `21.0` and `not 1.0` would be right.
        _ => float(trim(reply))?,
    };
    ((0.0..=1.0).contains(&score) || score == f64::NEG_INFINITY).then_some(score)
}

/// Boxed `Correct` and nothing that contradicts it.
fn correct(reply: &str) -> Option<f64> {
    let boxes = reply::boxes(reply);
    let all = |word: &str| !boxes.is_empty() && boxes.iter().all(|content| *content == word);
    if all("Correct") {
        return Some(1.0);
    }
    all("Incorrect").then_some(0.0)
}

/// The `score` of the first object, after the thought. Where there is no such object or score, as with a quote in its text,
/// the published system takes a score above 0.7 for right that stands before a comma.
fn place(reply: &str) -> Option<f64> {
    let reply = without_thought(reply);
    let reply = trim(&reply);
    let object = reply
        .find('{')
        .and_then(|open| serde_json::Deserializer::from_str(&reply[open..]).into_iter::<Value>().next()?.ok());
    let score = object.as_ref().and_then(|object| match object.get("score")? {
        Value::Bool(score) => Some(f64::from(u8::from(*score))),
        Value::Number(score) => score.as_f64(),
        Value::String(score) => float(score),
        _ => None,
    });
    score.or_else(|| {
        let scores = reply.match_indices("\"score\": ").map(|(at, key)| reply[at + key.len()..].lines().next());
        let (score, _) = scores.flatten().find_map(|line| line.split_once(','))?;
        float(score).map(|score| f64::from(u8::from(score > 0.7)))
    })
}

/// The text without its `<think>…</think>` and the blanks after each.
fn without_thought(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut kept = String::new();
    let mut at = 0;
    while let Some(open) = lower[at..].find("<think>").map(|found| at + found)
        && let Some(close) = lower[open..].find("</think>").map(|found| open + found + "</think>".len())
    {
        kept.push_str(&text[at..open]);
        at = text.len() - text[close..].trim_start_matches(crate::text::is_blank).len();
    }
    kept + &text[at..]
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::right("math", "1.0\n", Some(1.0))]
    #[case::between("chart", "0.7", Some(0.7))]
    #[case::lowest("chart", "-inf", Some(f64::NEG_INFINITY))]
    #[case::inside_another("math", "21.0", None)]
    #[case::denied("math", "0.0, not 1.0", None)]
    #[case::too_large("math", "8", None)]
    #[case::not_a_number("math", "nan", None)]
    #[case::empty("math", "", None)]
    #[case::boxed("general", "so <|begin_of_box|>Correct<|end_of_box|>", Some(1.0))]
    #[case::not_boxed("general", "Correct", None)]
    #[case::contradiction("general", "\\boxed{Incorrect} \\boxed{Correct}", None)]
    #[case::place("geoquest", "text {\"score\": 0.25} text", Some(0.25))]
    #[case::after_thought("geoquest", "<THINK>{\"score\": 1}</THINK> {\"score\": 0.4}", Some(0.4))]
    #[case::open_thought("geoquest", "<think>{\"score\": 1.0}", Some(1.0))]
    #[case::braces_inside("geoquest", "{\"analysis\": \"a {b} c\", \"score\": 0.8}", Some(0.8))]
    #[case::quote_inside("geoquest", "{\"analysis\": \"a \" b\", \"score\": 0.9, \"n\": 1}", Some(1.0))]
    #[case::quote_inside_low("geoquest", "{\"analysis\": \"a \" b\", \"score\": 0.6, \"n\": 1}", Some(0.0))]
    #[case::nested("geoquest", "{\"a\": {\"score\": 0.9}}", None)]
    #[case::negative("geoquest", "{\"score\": -1}", None)]
    #[case::word("geoquest", "{\"score\": \"high\"}", None)]
    fn a_reply_is_read(#[case] verifier: &str, #[case] reply: &str, #[case] expected: Option<f64>) {
        assert_eq!(read(verifier, reply), expected);
    }
}
