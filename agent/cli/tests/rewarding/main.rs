//! `glim reward` as a trainer runs it: another process that writes samples and reads rewards.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use self::server::{Judge, RIGHT, WRONG};

mod server;

const KEY: &str = "sk-very-secret";

fn glim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glim"));
    command.args(arguments).env("OPENAI_API_KEY", KEY).env_remove("GLIM_LOG");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs to the end on an input.
fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = glim(arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that refuses its configuration reads nothing.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap();
    done
}

fn records(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn config(folder: &Path, judges: &str) -> PathBuf {
    let path = folder.join("rewards.toml");
    let domains = r#"
        cache = "verdicts"
        [domains.ocr]
        verifier = "ocr"
        rule = true
        model = false
        binary = false
        [domains.vqa]
        verifier = "vqa"
        rule = true
        model = true
        binary = true
        [sources]
        street = "vqa"
    "#;
    std::fs::write(&path, format!("{domains}{judges}")).unwrap();
    path
}

fn sample(id: impl Into<Value>, source: &str, answer: &str, truth: &str) -> Value {
    let response = format!("<think>Well.</think><answer><|begin_of_box|>{answer}<|end_of_box|></answer>");
    json!({"id": id.into(), "source": source, "question": "What is it?", "response": response, "ground_truth": truth})
}

fn reward(config: &Path, lines: &[String]) -> Output {
    run(&["reward", "--config", config.to_str().unwrap()], &(lines.join("\n") + "\n"))
}

#[test]
fn rewards_come_in_the_order_of_the_samples_whatever_the_judge_takes() {
    let folder = tempfile::tempdir().unwrap();
    let judge = Judge::start(|prompt| if prompt.contains("canine") { (RIGHT, 300) } else { (WRONG, 0) });
    let config = config(folder.path(), &judge.settings());
    let image = folder.path().join("a.png");
    std::fs::write(&image, b"\x89PNG\r\n\x1a\n").unwrap();
    let mut seen = sample(1, "street", "canine", "dog");
    seen["image"] = json!(image);
    let lines = [
        seen,
        sample("b", "ocr", "abcd", "abce"),
        sample(3, "vqa", "cat", "dog"),
        sample(4, "vqa", "dog", "dog"),
        json!({"id": 5, "source": "vqa", "response": "dog", "ground_truth": "dog"}),
    ]
    .map(|line| line.to_string());
    let done = reward(&config, &lines);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let given: Vec<_> = records(&done)
        .into_iter()
        .map(|record| (record["id"].clone(), record["score"].as_f64().unwrap(), record["kind"].clone()))
        .collect();
    let expected = [
        (json!(1), 1.0, json!("judge")),
        (json!("b"), 0.75, json!("rule")),
        (json!(3), 0.0, json!("judge")),
        (json!(4), 1.0, json!("rule")),
        (json!(5), 0.0, json!("format")),
    ];
    assert_eq!(given, expected);
    let requests = judge.requests();
    assert_eq!(requests.len(), 2);
    let pictures = |request: &Value| request["messages"][0]["content"].as_array().unwrap().len() - 1;
    assert_eq!(requests.iter().map(pictures).sum::<usize>(), 1);
    assert_eq!(judge.keys(), [format!("Bearer {KEY}"), format!("Bearer {KEY}")]);
    let told = text(&done.stderr);
    assert!(told.contains("5 samples: 1 format, 2 judge, 2 rule"), "{told}");
    assert!(told.contains("judge local: 2 replies (200 tokens read, 14 written)"), "{told}");
    assert!(!told.contains(KEY));
    // Again: nothing is asked twice.
    let again = reward(&config, &lines);
    assert_eq!(again.stdout, done.stdout);
    assert_eq!(judge.requests().len(), 2);
    assert!(text(&again.stderr).contains("2 verdicts from the cache"), "{}", text(&again.stderr));
}

#[test]
fn a_reward_is_there_before_the_next_sample_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "");
    let mut child = glim(&["reward", "--config", config.to_str().unwrap()]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for number in 0..3 {
        writeln!(stdin, "{}", sample(number, "ocr", "a", "a")).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["id"], number);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_broken_line_has_its_record_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "");
    let mut misspelt = sample(4, "ocr", "a", "a");
    misspelt["imge"] = json!("a.png");
    let lines = [
        sample(1, "ocr", "a", "a").to_string(),
        "{\"id\": 2, ".to_owned(),
        String::new(),
        sample(3, "chess", "a", "a").to_string(),
        misspelt.to_string(),
        "[]".to_owned(),
        format!("\"{}\"", "x".repeat(9 << 20)),
        sample(8, "ocr", "a", "a").to_string() + "\r",
    ];
    let done = reward(&config, &lines);
    assert_eq!(done.status.code(), Some(1));
    let records = records(&done);
    let scores: Vec<_> = records.iter().map(|record| record.get("score").and_then(Value::as_f64)).collect();
    assert_eq!(scores, [Some(1.0), None, None, None, None, None, Some(1.0)]);
    let error = |at: usize| records[at]["error"].as_str().unwrap().to_owned();
    assert_eq!((&records[1]["line"], &records[1]["id"]), (&json!(2), &Value::Null));
    assert!(error(1).contains("the line is no sample: EOF"), "{}", error(1));
    assert_eq!((&records[2]["line"], &records[2]["id"]), (&json!(4), &json!(3)));
    assert!(error(2).contains("`chess` is not in the configuration, which has `street`, `ocr`, `vqa`"), "{}", error(2));
    assert_eq!(records[3]["id"], json!(4));
    assert!(error(3).contains("unknown field `imge`"), "{}", error(3));
    assert!(error(5).contains("longer than 8388608 bytes"), "{}", error(5));
    let told = text(&done.stderr);
    assert!(told.contains("5 of 7 lines could not be used"), "{told}");
}

#[test]
fn a_judge_that_is_not_there_leaves_samples_undecided() {
    let folder = tempfile::tempdir().unwrap();
    let gone = "[judges.gone]\nmodel = 'm'\nurl = 'http://127.0.0.1:9/v1'\ntries = 1\n";
    let done = reward(&config(folder.path(), gone), &[sample(1, "vqa", "cat", "dog").to_string()]);
    assert!(done.status.success());
    let record = &records(&done)[0];
    assert_eq!(
        (&record["kind"], &record["score"], &record["extracted"]),
        (&json!("undecided"), &json!(0.0), &json!("cat"))
    );
    assert!(record["reason"].as_str().unwrap().contains("is it running?"), "{record}");
}

#[test]
fn all_mistakes_of_a_configuration_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "[judges.a]\nmodell = 'm'\n[judges.b]\nmodel = 'm'\nurl = 'ftp://b'\n");
    let done = reward(&config, &[]);
    assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0));
    let told = text(&done.stderr);
    for part in
        ["rewards.toml", "judges.a.modell: unknown field", "judges.a.url: is missing", "`ftp://b` is not an http"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let missing = run(&["reward", "--config", "/nowhere.toml"], "");
    assert!(text(&missing.stderr).contains("`/nowhere.toml` cannot be read"), "{}", text(&missing.stderr));
}

#[test]
fn recorded_cases_are_run_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.jsonl");
    let frame = |answer: &str| format!("<think>a</think><answer><|begin_of_box|>{answer}<|end_of_box|></answer>");
    let case = |verifier: &str, config: Value, response: &str, truth: &str| {
        json!({"id": format!("{verifier}-1"), "verifier": verifier, "config": config, "question": "", "response": response,
               "ground_truth": truth, "reward": 0.0, "exception": null, "dubious": false, "note": ""})
        .to_string()
    };
    let judged = json!({"mode": "pipeline", "llm_api_key": "k", "llm_judge_prompt_template": "{question}{predict}{label}",
        "llm_judge_url": "http://JUDGE/r/%3C%7Cbegin_of_box%7C%3ECorrect%3C%7Cend_of_box%7C%3E"});
    let lines = [
        case("format_check", json!({"mode": "format_check"}), &frame("1"), ""),
        case("ocr", json!({"mode": "pipeline"}), &frame("abcd"), &frame("abce")),
        "no case".to_owned(),
        case("general", judged, "cat", "feline"),
        case("reward_system", json!({"mode": "system", "verifier_type": "vqa"}), &frame("a"), &frame("a")),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let done = run(&["reward", "--cases", file.to_str().unwrap()], "");
    assert_eq!(done.status.code(), Some(1), "one line is no case");
    let given: Vec<_> =
        records(&done).iter().map(|record| (record["score"].as_f64(), record["kind"].clone())).collect();
    let expected = [
        (Some(1.0), json!("rule")),
        (Some(0.75), json!("rule")),
        (None, Value::Null),
        (Some(1.0), json!("judge")),
        (Some(1.0), json!("rule")),
    ];
    assert_eq!(given, expected);
}

#[test]
fn the_help_shows_both_formats() {
    let told = text(&run(&["reward", "--help"], "").stdout);
    for part in ["\"ground_truth\"", "\"score\"", "undecided", "recipes/rewards.toml", "--cases"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let neither = run(&["reward"], "");
    assert!(text(&neither.stderr).contains("--config"), "{}", text(&neither.stderr));
}
