//! Every case that is beyond doubt gives the recorded reward; the doubtful ones that differ are pinned by group.
//!
//! `DECISIONS.md` has a row for each group of the list below: whoever changes one changes both.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::play;

const TOLERANCE: f64 = 1e-9;

/// The doubtful cases that give something else here, by group. Groups that are not listed have none.
const DIFFERENT_ON_PURPOSE: &[(&str, usize)] = &[
    ("biology-fmt", 2),
    ("biology-val", 3),
    ("format_check-fmt", 3),
    ("general-fmt", 1),
    ("general-reply", 1),
    ("geography-fmt", 2),
    ("geography-val", 5),
    ("geoquest-fmt", 1),
    ("geoquest-reply", 3),
    ("liberal_arts-fmt", 2),
    ("multi_image-fmt", 1),
];

#[derive(Default)]
struct Count {
    equal: usize,
    different: usize,
    dubious_equal: usize,
    dubious_different: usize,
}

#[test]
fn settled_cases_give_the_recorded_reward() {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut rewarded_hedges = Vec::new();
    for case in cases() {
        let Some(score) = play::run(&case) else { continue };
        let id = case["id"].as_str().unwrap();
        let group = id.rsplit_once('-').unwrap().0;
        let same = equal(&score, &case["reward"]);
        let told =
            || format!("{id}: {score} here, {} recorded ({})", case["reward"], case["note"].as_str().unwrap_or(""));
        let count = counts.entry(case["verifier"].as_str().unwrap().to_owned()).or_default();
        match (case["dubious"].as_bool().unwrap(), same) {
            (false, true) => count.equal += 1,
            (false, false) => {
                count.different += 1;
                wrong.push(told());
            }
            (true, true) => count.dubious_equal += 1,
            (true, false) => {
                count.dubious_different += 1;
                groups.entry(group.to_owned()).or_default().push(told());
            }
        }
        if group.ends_with("-hedge") && score != 0.0 {
            rewarded_hedges.push(told());
        }
    }
    println!("{:<16} {:>6} {:>9} {:>14} {:>17}", "verifier", "equal", "different", "dubious, equal", "dubious, differ");
    for (verifier, count) in &counts {
        let Count { equal, different, dubious_equal, dubious_different } = count;
        println!("{verifier:<16} {equal:>6} {different:>9} {dubious_equal:>14} {dubious_different:>17}");
    }
    for case in groups.values().flatten() {
        println!("{case}");
    }
    assert!(wrong.is_empty(), "{} settled cases differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rewarded_hedges.is_empty(), "hedges are rewarded:\n{}", rewarded_hedges.join("\n"));
    let differing: Vec<(&str, usize)> = groups.iter().map(|(group, cases)| (group.as_str(), cases.len())).collect();
    assert_eq!(differing, DIFFERENT_ON_PURPOSE);
}

fn cases() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 21, "the cases are there");
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn equal(given: &Value, recorded: &Value) -> bool {
    match (given.as_f64(), recorded.as_f64()) {
        (Some(given), Some(recorded)) => (given - recorded).abs() <= TOLERANCE,
        _ => given == recorded,
    }
}
