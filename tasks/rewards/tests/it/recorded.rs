//! Every case that is beyond doubt gives the recorded reward; the doubtful ones that differ are pinned by group.
//!
//! `DECISIONS.md` has a row for each group of the list below, and a test says where it has none.

use std::collections::BTreeMap;
use std::path::Path;

use glim_rewards::cases::{self, Case};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

/// The doubtful cases that give something else here, by group. Groups that are not listed have none.
const DIFFERENT_ON_PURPOSE: &[(&str, usize)] = &[
    ("androidworld-bool", 4),
    ("androidworld-code", 7),
    ("androidworld-keys", 2),
    ("androidworld-syntax", 3),
    ("androidworld-texttype", 1),
    ("biology-fmt", 2),
    ("biology-val", 3),
    ("chart-fmt", 1),
    ("chart-num", 9),
    ("chart-rand", 6),
    ("chart-year", 11),
    ("chemistry-fmt", 1),
    ("chemistry-judge0", 5),
    ("chemistry-notpl", 18),
    ("chemistry-off", 12),
    ("chemistry-rand", 16),
    ("counting-val", 1),
    ("format_check-fmt", 3),
    ("general-fmt", 1),
    ("general-reply", 1),
    ("geography-fmt", 2),
    ("geography-rand", 6),
    ("geography-val", 8),
    ("geoquest-fmt", 1),
    ("geoquest-reply", 3),
    ("liberal_arts-fmt", 2),
    ("math-fmt", 3),
    ("math-num", 32),
    ("math-rand", 26),
    ("math-tol", 8),
    ("mmsi-fmt", 1),
    ("mmsi-num", 19),
    ("mmsi-pct", 7),
    ("mmsi-rand", 9),
    ("multi_image-fmt", 1),
    ("multi_image-num", 17),
    ("multi_image-rand", 8),
    ("osworld-key", 3),
    ("osworld-scroll", 4),
    ("osworld-special", 2),
    ("osworld-syntax", 5),
    ("osworld-type", 11),
    ("physics-fmt", 1),
    ("physics-judge0", 4),
    ("physics-notpl", 11),
    ("physics-off", 12),
    ("physics-rand", 18),
    ("reward_system-batch", 6),
    ("reward_system-each", 1),
    ("reward_system-mathgt", 2),
    ("webvoyager-answer", 1),
    ("webvoyager-click", 1),
    ("webvoyager-clickfmt", 5),
    ("webvoyager-key", 1),
    ("webvoyager-scroll", 1),
    ("webvoyager-scrollfmt", 1),
    ("webvoyager-typefmt", 1),
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
    for case in recorded() {
        let outcome = cases::run(&case);
        let score = &outcome.score;
        let Case { id, reward, note, dubious, .. } = &case;
        let group = id.rsplit_once('-').unwrap().0;
        let told = || format!("{id}: {score} here, {reward} recorded ({}; {note})", outcome.reason);
        let count = counts.entry(case.verifier.clone()).or_default();
        match (dubious, equal(score, reward)) {
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
        if group.ends_with("-hedge") && *score != 0.0 {
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

#[test]
fn every_group_that_differs_has_a_decision() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("DECISIONS.md")).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(" | ").collect()).collect();
    for (name, _) in DIFFERENT_ON_PURPOSE {
        let (verifier, group) = name.rsplit_once('-').unwrap();
        let is_about = |row: &&Vec<&str>| {
            let [verifiers, groups, ..] = row.as_slice() else { return false };
            let mut names = verifiers.trim_start_matches("| ").split(", ");
            names.any(|name| name == verifier || name.starts_with("all")) && groups.contains(&format!("`{group}`"))
        };
        assert!(rows.iter().any(|row| is_about(&row)), "DECISIONS.md says nothing of {name}");
    }
}

fn recorded() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 21, "the cases are there");
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    texts.iter().flat_map(|text| text.lines()).map(|line| cases::read(line).unwrap()).collect()
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
