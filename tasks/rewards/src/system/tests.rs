use std::borrow::Cow;

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::Finding;
use crate::reply::{Boxed, Frame};
use crate::verifier::{Settings, Verifier};

/// Compares texts; breaks in every way at certain answers.
struct Exact;

impl Verifier for Exact {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let answer = crate::reply::read(reply, Frame::ThinkAnswer, Boxed::Required);
        answer.map(Cow::Borrowed).map_err(|flaw| flaw.to_string().into())
    }

    fn read_value<'a>(&self, value: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        if value.is_empty() { Err("it is empty".into()) } else { Ok(value.into()) }
    }

    fn compare(&self, _: &str, answer: &str, truth: &str) -> Finding {
        match answer {
            "panic" => panic!("no rule for {answer}"),
            "overflow" => Finding::decided(f64::from(i32::MAX - truth.len() as i32).abs().powi(99), "huge"),
            "nan" => Finding::Decided { score: f64::NAN, reason: "nan".into() },
            "half" => Finding::decided(0.5, "half of it"),
            "5 open" => Finding::open("words differ"),
            _ => Finding::decided(f64::from(u8::from(answer == truth)), "the texts"),
        }
    }
}

fn exact(name: &str, _: &Settings) -> Option<Box<dyn Verifier>> {
    (name != "physics").then(|| Box::new(Exact) as Box<dyn Verifier>)
}

fn system(domain: &str) -> System {
    let judges = "[judges.gone]\nmodel = 'm'\nurl = 'http://127.0.0.1:9/v1'\ntries = 1\n";
    let config = Config::read(&format!("{judges}[domains.math]\nverifier = 'math'\n{domain}")).unwrap();
    System::with(&config, exact).unwrap()
}

const RULES: &str = "rule = true\nmodel = false\nbinary = false";

fn reply(answer: &str) -> String {
    format!("<think>Well.</think><answer><|begin_of_box|>{answer}<|end_of_box|></answer>")
}

fn sample(response: &str) -> Sample {
    serde_json::from_value(json!({"id": 1, "source": "math", "response": response, "ground_truth": "5"})).unwrap()
}

#[rstest]
#[case::right(&reply("5"), 1.0, Kind::Rule, "the texts")]
#[case::wrong(&reply("6"), 0.0, Kind::Rule, "the texts")]
#[case::partly(&reply("half"), 0.5, Kind::Rule, "half of it")]
#[case::frame("5", 0.0, Kind::Format, "format: it does not begin with `<think>`")]
#[case::no_box("<think>a</think><answer>5</answer>", 0.0, Kind::Format, "answer: no box stands in the answer part")]
#[case::open(&reply("5 open"), 0.0, Kind::Undecided, "words differ; there is no judge")]
#[case::panic(&reply("panic"), 0.0, Kind::Undecided, "the verifier failed: no rule for panic")]
#[case::overflow(&reply("overflow"), 0.0, Kind::Undecided, "the verifier failed: a score lies in 0..=1, this is inf")]
#[case::nan(&reply("nan"), 0.0, Kind::Undecided, "the verifier failed: a score lies in 0..=1, this is NaN")]
#[tokio::test]
async fn each_outcome_has_its_kind(
    #[case] response: &str,
    #[case] score: f64,
    #[case] kind: Kind,
    #[case] reason: &str,
) {
    let reward = system(RULES).reward(&sample(response)).await.unwrap();
    assert_eq!((reward.score, reward.kind, reward.reason.as_ref()), (score, kind, reason));
}

#[tokio::test]
async fn what_breaks_in_one_sample_touches_no_other() {
    let system = system(RULES);
    for answer in ["5", "panic", "5", "nan", "5"] {
        let reward = system.reward(&sample(&reply(answer))).await.unwrap();
        assert_eq!(reward.score, f64::from(u8::from(answer == "5")));
    }
}

#[tokio::test]
async fn a_wrong_ground_truth_is_told_apart() {
    let mut sample = sample(&reply("5"));
    sample.ground_truth = String::new();
    let reward = system(RULES).reward(&sample).await.unwrap();
    assert_eq!((reward.kind, reward.reason.as_ref()), (Kind::Format, "ground truth: it is empty"));
    sample.ground_truth = "5".to_owned();
    let framed = system(&format!("{RULES}\nground_truth = 'reply'"));
    let reward = framed.reward(&sample).await.unwrap();
    assert_eq!(reward.reason, "ground truth: it does not begin with `<think>`");
    sample.ground_truth = reply("5");
    assert_eq!(framed.reward(&sample).await.unwrap().score, 1.0);
}

#[tokio::test]
async fn mixed_languages_are_refused_unless_allowed() {
    let mixed = format!("<think>{}\n\n{}</think>", "中".repeat(60), "word ".repeat(250));
    let sample = sample(&format!("{mixed}<answer><|begin_of_box|>5<|end_of_box|></answer>"));
    let reward = system(RULES).reward(&sample).await.unwrap();
    assert_eq!((reward.score, reward.kind), (0.0, Kind::Format));
    let reward = system(&format!("{RULES}\nmixed_languages = true")).reward(&sample).await.unwrap();
    assert_eq!(reward.score, 1.0);
}

#[tokio::test]
async fn the_columns_of_the_table_are_kept() {
    let binary = system("rule = true\nmodel = false\nbinary = true");
    assert_eq!(binary.reward(&sample(&reply("half"))).await.unwrap().score, 0.0);
    let no_rule = system("rule = false\nmodel = true\nbinary = true");
    let same = no_rule.reward(&sample(&reply("5"))).await.unwrap();
    assert_eq!((same.score, same.kind), (1.0, Kind::Rule));
    let other = no_rule.reward(&sample(&reply("6"))).await.unwrap();
    assert_eq!(other.kind, Kind::Undecided);
    assert!(other.reason.contains("could not be reached in 1 tries"), "{}", other.reason);
    assert_eq!(other.extracted.as_deref(), Some("6"));
}

#[tokio::test]
async fn a_picture_that_cannot_be_shown_leaves_the_sample_undecided() {
    let system = system("rule = true\nmodel = true\nbinary = true");
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("a.png");
    std::fs::write(&text, "no picture").unwrap();
    for (path, told) in [(folder.path().join("missing.png"), "No such file"), (text, "neither PNG nor JPEG")] {
        let sample = Sample { image: Some(path), ..sample(&reply("5 open")) };
        let reward = system.reward(&sample).await.unwrap();
        assert_eq!(reward.kind, Kind::Undecided);
        assert!(reward.reason.contains(told), "{}", reward.reason);
        // Where a rule decides, nobody looks at it.
        let decided = system.reward(&Sample { response: reply("5"), ..sample }).await.unwrap();
        assert_eq!(decided.score, 1.0);
    }
}

#[tokio::test]
async fn an_unknown_source_is_an_error_that_tells_the_known() {
    let sample = Sample { source: "chess".to_owned(), ..sample(&reply("5")) };
    let error = system(RULES).reward(&sample).await.unwrap_err().to_string();
    assert_eq!(error, "the source `chess` is not in the configuration, which has `math`");
}

#[test]
fn a_verifier_that_refuses_its_settings_is_named() {
    let config = Config::read(&format!("[domains.p]\nverifier = 'physics'\n{RULES}")).unwrap();
    let error = System::with(&config, exact).unwrap_err().to_string();
    assert!(error.contains("domains.p: the verifier `physics` cannot be made"), "{error}");
}

#[rstest]
#[case::misspelt(json!({"id": 1, "source": "a", "response": "b", "ground_truth": "c", "imge": "d"}), "unknown field `imge`")]
#[case::missing(json!({"id": 1, "source": "a", "response": "b"}), "missing field `ground_truth`")]
#[case::no_text(json!({"id": 1, "source": "a", "response": null, "ground_truth": "c"}), "expected a string")]
fn a_sample_is_explicit(#[case] line: serde_json::Value, #[case] told: &str) {
    let error = serde_json::from_value::<Sample>(line).unwrap_err().to_string();
    assert!(error.contains(told), "{error}");
}
