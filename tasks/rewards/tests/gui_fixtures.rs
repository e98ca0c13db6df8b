//! The published results of the GUI verifiers: all that are not dubious are ours too.
//!
//! `GLIM_REWARD_CASES` names the folder of the case files; `tests/cases` holds those of this repository.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use glim_rewards::gui::{Android, OsWorld, Terms, WebVoyager};
use glim_rewards::{Finding, Verifier};
use rstest::rstest;
use serde_json::Value;

fn cases(name: &str) -> Vec<Value> {
    let folder = std::env::var_os("GLIM_REWARD_CASES")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases"), PathBuf::from);
    let path = folder.join(format!("{name}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("a case is JSON")).collect()
}

/// What a verifier gives for a case: the value is read out of the reply, or is there already.
fn reward(verifier: &dyn Verifier, case: &Value) -> f64 {
    let value = |field: &str| {
        let value = &case[field];
        if case["config"]["mode"] == "judge" {
            return Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        verifier.read(value.as_str().expect("a reply is text")).ok().map(Cow::into_owned)
    };
    let (Some(answer), Some(truth)) = (value("response"), value("ground_truth")) else { return 0.0 };
    match verifier.compare(case["question"].as_str().unwrap_or(""), &answer, &truth) {
        Finding::Decided { score, .. } => score,
        Finding::Open { reason } => panic!("{}: {reason}", case["id"]),
    }
}

#[rstest]
#[case::android("androidworld", &Android { terms: Terms::Published })]
#[case::osworld("osworld", &OsWorld { terms: Terms::Published })]
#[case::webvoyager("webvoyager", &WebVoyager { terms: Terms::Published })]
fn results_are_the_published_ones(#[case] name: &str, #[case] verifier: &dyn Verifier) {
    let mut wrong = Vec::new();
    let mut equal = 0;
    let mut dubious: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    for case in cases(name) {
        let (given, published) = (reward(verifier, &case), case["reward"].as_f64().unwrap());
        let same = (given - published).abs() <= 1e-9;
        let id = case["id"].as_str().unwrap().to_owned();
        let line = format!("{id}: published {published}, here {given}; {}", case["note"]);
        if case["dubious"] == false {
            equal += usize::from(same);
            if !same {
                wrong.push(line);
            }
        } else {
            let (same_here, others) = dubious.entry(id[..id.len() - 5].to_owned()).or_default();
            *same_here += usize::from(same);
            if !same {
                others.push(line);
            }
        }
    }
    eprintln!("{name}: {equal} equal, {} differ", wrong.len());
    for (group, (same, others)) in dubious {
        eprintln!("  dubious {group}: {same} equal, {} differ", others.len());
        for line in others {
            eprintln!("    {line}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
