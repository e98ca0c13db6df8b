//! Every recorded case of the published system that is beyond doubt gives the same here; counts by verifier are printed.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and this one reports"
)]

use std::collections::BTreeMap;
use std::path::Path;

use glim_rewards::cases;
use serde_json::Value;

/// How far a score may lie from the recorded one.
const TOLERANCE: f64 = 1e-9;

#[derive(Default)]
struct Count {
    equal: usize,
    settled: usize,
    dubious_equal: usize,
    dubious: usize,
}

fn equal(given: &Value, recorded: &Value) -> bool {
    match (given, recorded) {
        (Value::Number(given), Value::Number(recorded)) => {
            (given.as_f64().unwrap() - recorded.as_f64().unwrap()).abs() <= TOLERANCE
        }
        (Value::Array(given), Value::Array(recorded)) => {
            given.len() == recorded.len() && given.iter().zip(recorded).all(|(given, recorded)| equal(given, recorded))
        }
        _ => given == recorded,
    }
}

#[test]
fn settled_cases_give_the_recorded_reward() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut different = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines() {
            let case = cases::read(line).unwrap();
            let outcome = cases::run(&case);
            let is_equal = equal(&outcome.score, &case.reward);
            let count = counts.entry(case.verifier.clone()).or_default();
            if case.dubious {
                count.dubious += 1;
                count.dubious_equal += usize::from(is_equal);
            } else {
                count.settled += 1;
                count.equal += usize::from(is_equal);
                if !is_equal {
                    let (id, reason, note) = (&case.id, &outcome.reason, &case.note);
                    different
                        .push(format!("{id}: {} here, {} recorded ({reason}; {note})", outcome.score, case.reward));
                }
            }
        }
    }
    for (verifier, count) in &counts {
        let Count { equal, settled, dubious_equal, dubious } = count;
        println!("{verifier:<16} {equal:>4} of {settled:>4} settled, {dubious_equal:>3} of {dubious:>3} dubious alike");
    }
    assert!(counts.values().map(|count| count.settled).sum::<usize>() > 3000, "the cases are there");
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}
