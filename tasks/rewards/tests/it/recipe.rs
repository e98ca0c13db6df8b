//! The recipe that people start from: in each of its domains a right answer is paid, and a wrong one is not.

use std::collections::BTreeSet;

use glim_rewards::{Config, Kind, Sample, System};
use serde_json::json;

/// Domain, question, ground truth, right answers, wrong answers; what stands in the box.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: &[Row] = &[
    ("math", "Solve 3x + 4 = 19", "x = 5", &["5", "x=5"], &["3x+4=19", "6", "5 or 6"]),
    ("physics", "How fast is it?", "5 m/s", &["18 km/h", r"5\ \mathrm{m}/\mathrm{s}"], &["5 km/h", "5 m"]),
    ("chemistry", "How much is it?", "0.25 mol", &["250 mmol", "1/4 mol"], &["0.25 g", "0.26 mol"]),
    ("long_document", "Who wrote it?", "Ada Lovelace", &["Ada Lovelace"], &["Ada Lovelace or Charles Babbage"]),
    ("chart", "In which year was it highest?", "2016", &["2016", "2016.0"], &["2015", "2015.01", "2014+1"]),
    ("ocr", "What does the sign say?", "EXIT", &["EXIT"], &["STOP", "EXIT/STOP", "EXIT EXIT"]),
    ("vqa", "What animal is it?", "zebra", &["zebra"], &["a zebra or a horse"]),
    ("geoguess", "Where is it?", "Paris, France", &[], &[""]),
    ("grounding", "Where is it?", "[[100, 100, 200, 200]]", &["[[100, 100, 200, 200]]"], &["[[0, 0, 999, 999]]"]),
    ("grounding_points", "Where is it?", "[[100, 100, 200, 200]]", &["[[150, 150]]"], &["[[500, 500]]"]),
    ("spatial", "How far is it?", "2", &["2"], &["between 1 and 3"]),
    (
        "gui_android",
        "Open the menu",
        r#"{"action_type": "click", "box_2d": [[100, 100, 200, 200]]}"#,
        &[r#"{"action_type": "click", "box_2d": [[100, 100, 200, 200]]}"#],
        &[r#"{"action_type": "click", "box_2d": [[0, 0, 999, 999]]}"#, r#"{"action_type": "wait"}"#],
    ),
    (
        "gui_osworld",
        "Open the menu",
        "left_click(start_box='[400, 300]')",
        &["left_click(start_box='[400, 300]')"],
        &["WAIT()", "left_click(start_box='[800, 300]')"],
    ),
    (
        "gui_webvoyager",
        "Answer",
        "ANSWER(content='5 stars')",
        &["ANSWER(content='5 stars')", "ANSWER(content='5 Stars.')"],
        &["ANSWER(content='4 stars')", "WAIT()"],
    ),
    ("video", "What comes first?", "the dog", &["the dog"], &["the dog or the cat"]),
    ("video_choice", "Which?\nA. a cat\nB. a dog", "B", &["B", "**B**", "B. a dog"], &["A", "A or B", "B. a cat"]),
    ("video_moments", "When?", "[12.5, 20]", &["[12.5, 20]", "from 12.5 s to 20 s"], &["[-12.5, -20]", "[90, 99]"]),
    ("biology", "Which genotype?", "AaBb", &["AaBb", "BbAa"], &["AABb"]),
    ("geography", "Which rivers?", "Nile, Amazon", &["Amazon, Nile"], &["Nile or Amazon or Rhine"]),
    ("liberal_arts", "Which?", "B", &["B"], &["A or B"]),
    ("counting", "How many?", "5", &["5", "five", "5 apples"], &["6", "5 or 6", "several", "from 0 to 10"]),
    ("multi_image", "What is the sum?", "0.5", &["1/2", "50%"], &["0.6", "0 to 1"]),
    ("general", "Which town?", "Paris", &["Paris"], &["Paris or Rome"]),
];

#[tokio::test]
async fn right_answers_are_paid_and_wrong_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../recipes/rewards.toml")).unwrap();
    // Nobody answers there.
    let recipe = recipe
        .replace("http://localhost:8000/v1", "http://127.0.0.1:9/v1")
        .replace("tries = 4", "tries = 1")
        .replace("../runs/judge_cache", folder.path().to_str().unwrap());
    let domains: BTreeSet<&str> = recipe.lines().filter_map(|line| line.strip_prefix("[domains.")).collect();
    let told: BTreeSet<String> = ROWS.iter().map(|row| format!("{}]", row.0)).collect();
    let named = |line: &&str| line.split_once(']').map(|(name, _)| format!("{name}]"));
    assert_eq!(domains.iter().filter_map(named).collect::<BTreeSet<_>>(), told, "each domain has a row");

    let mut mistakes = Vec::new();
    let system = System::new(&Config::read(&recipe).unwrap()).unwrap();
    for (domain, question, truth, right, wrong) in ROWS {
        let answers = right.iter().map(|answer| (answer, 1.0)).chain(wrong.iter().map(|answer| (answer, 0.0)));
        for (answer, expected) in answers {
            let response = format!(
                "<think>I would say left_click(start_box='[400, 300]').</think>\
                 <answer><|begin_of_box|>{answer}<|end_of_box|></answer>"
            );
            let sample = json!({
                "id": 1, "source": domain, "question": question, "response": response, "ground_truth": truth
            });
            let reward = system.reward(&serde_json::from_value::<Sample>(sample).unwrap()).await.unwrap();
            if reward.score != expected || reward.kind == Kind::Undecided {
                mistakes.push(format!("{domain}: {answer:?} earns {} ({})", reward.score, reward.reason));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}
