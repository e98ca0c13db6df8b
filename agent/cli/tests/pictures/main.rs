//! Sets of still pictures asked of a model behind a server, and its successes chosen to learn from, as a person runs it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod server;

use std::path::Path;
use std::process::{Command, Output};

use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use tempfile::TempDir;

use server::Model;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glim")).args(arguments).env("OPENAI_API_KEY", "k").output().unwrap()
}

fn succeed(arguments: &[&str]) -> String {
    let done = run(arguments);
    assert!(done.status.success(), "{arguments:?}: {}{}", text(&done.stdout), text(&done.stderr));
    text(&done.stdout)
}

fn fail(arguments: &[&str]) -> String {
    let done = run(arguments);
    assert_eq!(done.status.code(), Some(1), "{arguments:?}: {}{}", text(&done.stdout), text(&done.stderr));
    text(&done.stderr)
}

/// Screens of 200 x 100 pixels, a target in the middle of one in two.
fn screens(entries: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("screenspot_imgs")).unwrap();
    let entry = |at: usize| {
        let picture = format!("{at}.png");
        let colour = Rgb([(at * 9) as u8, 90, 90]);
        RgbImage::from_pixel(200, 100, colour).save(folder.path().join("screenspot_imgs").join(&picture)).unwrap();
        let left = if at.is_multiple_of(2) { 90 } else { 10 };
        json!({"img_filename": picture, "bbox": [left, 40, 20, 20], "instruction": format!("open item {at}"),
            "data_type": if at < entries / 2 { "text" } else { "icon" }, "data_source": "ios"})
    };
    let list: Vec<Value> = (0..entries).map(entry).collect();
    std::fs::write(folder.path().join("screenspot_mobile.json"), json!(list).to_string()).unwrap();
    folder
}

fn results(run: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(run.join("results.json")).unwrap()).unwrap()
}

#[test]
fn a_model_is_asked_about_screens_and_its_successes_are_learned_from() {
    let data = screens(8);
    let (model, folder) = (Model::start("left_click(start_box='[500,500]')"), tempfile::tempdir().unwrap());
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let root = data.path().to_str().unwrap();
    let agent = model.agent();
    let ask = |suite: &str, out: &Path, more: &[&str]| {
        let out = out.to_str().unwrap();
        let all = ["eval", "--suite", suite, "--data", root, "--agent", &agent, "--dialect", "desktop", "--out", out];
        succeed(&[&all[..], more].concat())
    };
    let told = ask("screenspot", &first, &["--episodes", "2"]);
    assert!(told.contains("mobile-icon") && told.contains("data_source=ios") && told.contains("chance"), "{told}");
    assert_eq!(results(&first)["episodes"].as_array().unwrap().len(), 4);
    assert!(model.requests().iter().all(|request| request.contains("open item")), "each is asked for its own");
    let told = ask("screenspot", &first, &[]);
    assert!(told.contains("4 episodes were finished before"), "{told}");
    assert_eq!(model.requests().len(), 8);

    let found = results(&first);
    let total = &found["total"];
    assert_eq!((&total["successes"], &total["episodes"], &total["void"]), (&json!(4), &json!(8), &json!(0)));
    assert_eq!(total["measures"]["center"], json!(0.5));
    assert!((total["measures"]["chance"].as_f64().unwrap() - 0.02).abs() < 1e-9, "{total}");
    assert!(total["interval"]["low"].as_f64().unwrap() < 0.5);
    let labels: Vec<&str> = found["labels"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert_eq!(labels, ["screenspot/data_source=ios", "screenspot/data_type=icon", "screenspot/data_type=text"]);
    assert!(first.join("report.html").is_file());

    // Distilled of two runs, of which the second says the same; twice changes nothing.
    ask("screenspot", &second, &[]);
    let out = folder.path().join("set");
    let (one, two, set) = (first.to_str().unwrap(), second.to_str().unwrap(), out.to_str().unwrap());
    let distill = ["data", "distill", "--episodes", one, "--episodes", two, "--out", set];
    let told = succeed(&distill);
    assert!(
        told.contains("50.0 %") && told.contains("dropped: 4 duplicate") && told.contains("4 episodes: "),
        "{told}"
    );
    let manifest = std::fs::read_to_string(out.join("manifest.jsonl")).unwrap();
    assert_eq!(manifest.lines().count(), 4);
    for line in manifest.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["difficulty"], "medium");
        assert!(out.join(line["episode"].as_str().unwrap()).join("000.png").is_file());
    }
    let told = succeed(&distill);
    assert!(told.contains("4 episodes, as they were: "), "{told}");
    let told = fail(&["data", "distill", "--episodes", one, "--out", set]);
    assert!(told.contains("choose another folder"), "{told}");
    let told = fail(&["data", "distill", "--episodes", root, "--out", folder.path().join("none").to_str().unwrap()]);
    assert!(told.contains("is no run: it has no `run.json`"), "{told}");
}

#[test]
fn a_model_is_asked_for_boxes_on_photographs() {
    let data = tempfile::tempdir().unwrap();
    RgbImage::from_pixel(200, 100, Rgb([80, 90, 200])).save(data.path().join("a.jpg")).unwrap();
    let line = |sides: [u32; 4]| json!({"image": "a.jpg", "sentence": "the blue one", "bbox": sides}).to_string();
    let lines = [line([50, 25, 150, 75]), line([0, 0, 40, 40])].join("\n");
    std::fs::write(data.path().join("refcoco_val.jsonl"), lines).unwrap();
    // Bare, in the words of the question, which is no action in any dialect.
    let model =
        Model::start("<think>In the middle.</think><answer><|begin_of_box|>[[250,250,750,750]]<|end_of_box|></answer>");
    let out = data.path().join("run");
    let (root, to, agent) = (data.path().to_str().unwrap(), out.to_str().unwrap(), model.agent());
    let told = succeed(&["eval", "--suite", "refcoco", "--suite-root", root, "--agent", &agent, "--out", to]);
    assert!(told.contains("refcoco_val") && told.contains("iou"), "{told}");
    let found = results(&out);
    assert_eq!((&found["total"]["successes"], &found["total"]["episodes"]), (&json!(1), &json!(2)));
    assert_eq!(found["total"]["measures"]["point"], json!(0.5));
    assert_eq!(found["total"]["measures"]["whole"], json!(0.0));
    assert!(model.requests().iter().all(|request| request.contains("the blue one")));
}

#[test]
fn a_set_with_mistakes_is_refused_with_all_of_them() {
    let data = screens(4);
    std::fs::remove_file(data.path().join("screenspot_imgs/1.png")).unwrap();
    std::fs::write(data.path().join("screenspot_imgs/3.png"), "no picture").unwrap();
    std::fs::write(data.path().join("screenspot_web.json"), "[{").unwrap();
    let out = data.path().join("run");
    let (root, to) = (data.path().to_str().unwrap(), out.to_str().unwrap());
    let told = fail(&["eval", "--suite", "screenspot", "--data", root, "--agent", "random", "--out", to]);
    for expected in ["has 3 mistakes", "`screenspot_mobile.json`, entry 1: ", "entry 3: ", "`screenspot_web.json`: EOF"]
    {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    assert!(!out.exists());
    let told = fail(&["eval", "--suite", "refcoco", "--agent", "random", "--out", to]);
    assert!(told.contains("--suite-root"), "{told}");
}
