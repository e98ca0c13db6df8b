use std::fs;

use glim_env::{Completion, Observation, Outcome, Screenshot, Scroll, Timings, Turn};
use image::{Rgb, RgbImage};
use rstest::rstest;
use serde_json::json;
use tempfile::TempDir;

use super::*;

/// A folder with pictures of 200 x 100 pixels and other files.
fn set(pictures: &[&str], files: &[(&str, Value)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in pictures {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_pixel(200, 100, Rgb([9, 9, 9])).save(&path).unwrap();
    }
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Texts stand for themselves, so that they may be no JSON.
        let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        fs::write(path, text).unwrap();
    }
    folder
}

fn spot(picture: &str, sides: [f64; 4], instruction: &str, kind: &str) -> Value {
    json!({"img_filename": picture, "bbox": sides, "instruction": instruction, "data_type": kind, "data_source": "ios"})
}

fn names(suite: &Suite) -> Vec<(String, u64)> {
    suite.families.iter().map(|family| (family.name().to_owned(), family.items().unwrap().count)).collect()
}

fn only(suite: &Suite) -> Arc<dyn Task> {
    assert_eq!(suite.families.len(), 1);
    suite.families[0].instantiate(Seed(0))
}

fn goal(task: &dyn Task) -> String {
    let Goal::Text(text) = task.goal() else { panic!("the goal is known") };
    text
}

/// What is found of an agent that replies so.
fn judged(task: &dyn Task, reply: &str, action: Option<Action>) -> Verdict {
    let observation = Observation {
        screenshot: Screenshot::default(),
        viewport: Viewport::new(200, 100),
        url: String::new(),
        title: String::new(),
        tabs: Vec::new(),
        scroll: Scroll::default(),
        elements: Vec::new(),
        notices: Vec::new(),
        settled: true,
    };
    let completion = Completion { text: reply.to_owned(), ..Completion::default() };
    let timings = Timings::default();
    let turn = Turn { observation, prompt: String::new(), completion, action, outcome: Outcome::Done, timings };
    let (name, goal, agent) = (String::new(), String::new(), String::new());
    let episode = Episode { task: name, seed: Seed(0), goal, agent, turns: vec![turn], last: None, end: None };
    task.judge(&episode, &[])
}

fn click(x: f64, y: f64) -> Option<Action> {
    Some(Action::click(Point::new(x, y)))
}

#[rstest]
#[case::first("screenspot_web.json", "screenspot_imgs/a.png")]
#[case::second("screenspot_web_v2.json", "screenspotv2_image/a.png")]
#[case::beside("screenspot_web.json", "a.png")]
fn screenspot_is_judged_by_the_box_and_its_edge(#[case] file: &str, #[case] picture: &str) {
    let folder = set(&[picture], &[(file, json!([spot("a.png", [20.0, 10.0, 40.0, 20.0], "view my cart", "icon")]))]);
    let suite = screenspot(folder.path(), None).unwrap();
    assert_eq!(names(&suite), [("screenspot/web-icon".to_owned(), 1)]);
    let task = only(&suite);
    assert!(goal(&*task).ends_with("meant by: view my cart"), "{}", goal(&*task));
    assert_eq!(task.turn_budget(), 1);
    for (x, y, right) in [(20.0, 10.0, true), (60.0, 30.0, true), (61.0, 30.0, false), (100.0, 50.0, false)] {
        assert_eq!(judged(&*task, "", click(x, y)).is_success(), right, "{x} {y}");
    }
    let verdict = judged(&*task, "", click(30.0, 20.0));
    assert_eq!(verdict.details["labels"], json!(["data_type=icon", "data_source=ios"]));
    assert_eq!(verdict.details["measures"], json!({"chance": 0.04, "center": 0.0}));
    assert_eq!(verdict.details["target"], json!([20.0, 10.0, 60.0, 30.0]));
    assert_eq!(verdict.details["said"], json!([30.0, 20.0]));
    assert_eq!(verdict.details["entry"], format!("`{file}`, entry 0"));
    assert!(judged(&*task, "<|begin_of_box|>[[100,100,290,290]]<|end_of_box|>", None).is_success(), "a bare box");
    for (reply, action) in
        [("I do not know.", None), ("", Some(Action::Done)), ("", Some(Action::Fail { reason: String::new() }))]
    {
        let verdict = judged(&*task, reply, action);
        assert!(!verdict.is_success() && !verdict.undecided, "{verdict:?}");
    }
}

#[test]
fn screenspot_pro_has_corners_groups_and_negatives() {
    let entry = |more: Value| {
        let mut entry = json!({
            "img_filename": "blender/a.png", "bbox": [100, 50, 120, 60], "img_size": [200, 100], "instruction": "add",
            "ui_type": "text", "application": "blender", "platform": "windows", "group": "Creative",
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let list = json!([entry(json!({})), entry(json!({"gt_type": "negative", "bbox": null, "ui_type": "icon"}))]);
    let folder = set(&["images/blender/a.png"], &[("annotations/blender_windows.json", list)]);
    for root in [
        folder.path().to_owned(),
        folder.path().join("annotations"),
        folder.path().join("annotations/blender_windows.json"),
    ] {
        let suite = screenspot(&root, None).unwrap();
        let expected = [("screenspot/Creative-icon".to_owned(), 1), ("screenspot/Creative-text".to_owned(), 1)];
        assert_eq!(names(&suite), expected, "{}", root.display());
        let (absent, there) = (suite.families[0].instantiate(Seed(0)), suite.families[1].instantiate(Seed(0)));
        for task in [&absent, &there] {
            assert!(goal(&**task).contains("If it is not on the picture"), "what is said does not tell them apart");
        }
        assert!(judged(&*there, "", click(110.0, 55.0)).is_success());
        assert!(!judged(&*absent, "", click(110.0, 55.0)).is_success());
        let fail = || Some(Action::Fail { reason: "it is not there".to_owned() });
        assert!(judged(&*absent, "", fail()).is_success() && !judged(&*there, "", fail()).is_success());
        let center = &judged(&*there, "", click(110.0, 55.0)).details["measures"]["center"];
        assert_eq!(center, &json!(1.0), "the middle of the picture is on the target's corner");
    }
}

#[test]
fn osworld_g_has_boxes_polygons_and_refusals() {
    let entry = |kind: &str, coordinates: Value| {
        json!({
            "id": kind, "image_path": "a.png", "image_size": [200, 100], "instruction": format!("the {kind}"),
            "box_type": kind, "box_coordinates": coordinates, "GUI_types": ["Button", "Icon"],
        })
    };
    let list = json!([
        entry("bbox", json!([10, 10, 20, 20])),
        entry("polygon", json!([0, 0, 100, 0, 0, 100])),
        entry("refusal", json!([-1, -1, -1, -1])),
    ]);
    let folder = set(&["images/a.png"], &[("OSWorld-G.json", list)]);
    let suite = screenspot(folder.path(), None).unwrap();
    let tasks: Vec<_> = suite.families.iter().map(|family| family.instantiate(Seed(0))).collect();
    assert_eq!(
        names(&suite).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["screenspot/bbox", "screenspot/polygon", "screenspot/refusal"]
    );
    assert!(judged(&*tasks[0], "", click(29.0, 29.0)).is_success());
    assert!(judged(&*tasks[1], "", click(40.0, 40.0)).is_success());
    assert!(!judged(&*tasks[1], "", click(60.0, 60.0)).is_success());
    assert_eq!(judged(&*tasks[1], "", None).details["measures"]["chance"], json!(0.25));
    assert!(!judged(&*tasks[2], "", click(29.0, 29.0)).is_success());
    assert_eq!(tasks[0].tags(), ["gui_type=Button", "gui_type=Icon"]);
}

#[test]
fn refcoco_is_judged_by_overlap_in_lines_and_as_published() {
    let line = |picture: &str, words: &str| {
        let place = json!([20.0, 10.0, 60.0, 50.0]);
        json!({picture: "data/refcoco/train2014/b.jpg", words: "the left dog", "bbox": place, "height": 100, "width": 200})
    };
    let lines = format!("{}\n\n{}\n", line("image", "sent"), line("img_path", "expression"));
    let published = [
        (
            "instances.json",
            json!({
                "images": [{"id": 7, "file_name": "b.jpg", "width": 200, "height": 100}],
                "annotations": [{"id": 3, "image_id": 7, "bbox": [20.0, 10.0, 40.0, 40.0]}],
            }),
        ),
        (
            "refs(unc).json",
            json!([
                {"ref_id": 0, "ann_id": 3, "image_id": 7, "split": "testA", "sentences": [{"sent": "the left dog"}, {"sent": "dog"}]},
                {"ref_id": 1, "ann_id": 99, "image_id": 7, "split": "train", "sentences": [{"sent": "not asked"}]},
            ]),
        ),
    ];
    let in_lines = set(&["train2014/b.jpg"], &[("refcoco_testA.jsonl", json!(lines))]);
    let as_published = set(&["train2014/b.jpg"], &published);
    for (folder, name) in [(&in_lines, "refcoco/refcoco_testA"), (&as_published, "refcoco/testA")] {
        let suite = refcoco(folder.path(), None).unwrap();
        assert_eq!(names(&suite), [(name.to_owned(), 2)]);
        let task = only(&suite);
        assert!(goal(&*task).starts_with("Where is "), "{}", goal(&*task));
        // 0..=999 across 200 and down 100 pixels: 20..60 and 10..50 are 100..300 and 100..500.
        let right = judged(&*task, "[[100,100,299,499]]", None);
        assert!(right.is_success(), "{right:?}");
        assert!(right.details["measures"]["iou"].as_f64().unwrap() > 0.95);
        let shifted = judged(&*task, "[[200,100,399,499]]", None);
        assert!(!shifted.is_success() && shifted.score == 0.0);
        assert_eq!(shifted.details["measures"]["point"], json!(1.0), "its middle is inside");
        let clicked = judged(&*task, "", click(40.0, 30.0));
        assert!(!clicked.is_success());
        assert_eq!(clicked.details["measures"]["point"], json!(1.0));
        assert_eq!(clicked.details["measures"]["whole"], json!(0.0));
        assert!(!judged(&*task, "nowhere", None).is_success());
    }
    assert_eq!(names(&refcoco(&in_lines.path().join("refcoco_testA.jsonl"), None).unwrap()).len(), 1, "one file");
}

#[test]
fn items_have_one_order_and_the_first_of_them_are_spread() {
    let list: Vec<Value> =
        (0..40).map(|at| spot("a.png", [f64::from(at), 10.0, 40.0, 20.0], &format!("number {at}"), "text")).collect();
    let folder = set(&["a.png"], &[("screenspot_mobile.json", json!(list))]);
    let all = screenspot(folder.path(), None).unwrap();
    let few = screenspot(folder.path(), Some(5)).unwrap();
    assert_eq!((names(&all)[0].1, names(&few)[0].1), (40, 5));
    let content = |suite: &Suite| suite.families[0].items().unwrap().content;
    assert_eq!(content(&all), content(&few), "a part of it is of the same set");
    let goals =
        |suite: &Suite| (0..5).map(|seed| goal(&*suite.families[0].instantiate(Seed(seed)))).collect::<Vec<_>>();
    assert_eq!(goals(&all), goals(&few));
    let in_file: Vec<String> = (0..5).map(|at| format!("number {at}")).collect();
    assert!(!goals(&few).iter().zip(&in_file).all(|(goal, name)| goal.ends_with(name)), "{:?}", goals(&few));
    let mut other = list;
    other[3]["bbox"] = json!([3.0, 10.0, 41.0, 20.0]);
    let folder = set(&["a.png"], &[("screenspot_mobile.json", json!(other))]);
    assert_ne!(content(&all), content(&screenspot(folder.path(), None).unwrap()));
}

#[test]
fn all_mistakes_are_told_with_file_and_entry() {
    let good = spot("a.png", [1.0, 1.0, 5.0, 5.0], "go", "text");
    let with = |field: &str, value: Value| {
        let mut entry = good.clone();
        entry[field] = value;
        entry
    };
    let list = json!([
        good,
        with("img_filename", json!("missing.png")),
        with("img_filename", json!("../../etc/passwd")),
        with("img_filename", json!("/etc/passwd")),
        with("img_filename", json!("text.png")),
        with("instruction", json!(" ")),
        with("instruction", json!(7)),
        with("bbox", json!([1, 2, 3])),
        with("bbox", json!([1, 2, "3", 4])),
        with("bbox", json!([5, 5, 0, 4])),
        with("bbox", json!([190, 5, 100, 4])),
        with("img_size", json!([400, 200])),
        with("box_type", json!("circle")),
        7,
    ]);
    let folder = set(
        &["a.png"],
        &[
            ("screenspot_web.json", list),
            ("screenspot_mobile.json", json!("[{")),
            ("screenspot_tv.json", json!({})),
            ("text.png", json!("no picture")),
        ],
    );
    let error = screenspot(folder.path(), None).err().unwrap();
    let told = error.to_string();
    let LoadError::Mistakes { count, .. } = error else { panic!("{told}") };
    assert_eq!(count, 15, "{told}");
    for expected in [
        "`screenspot_web.json`, entry 1: `missing.png` is not in `",
        "entry 2: `../../etc/passwd` is no name of a picture",
        "entry 3: `/etc/passwd` is no name of a picture",
        "entry 4: `text.png` is no picture that can be shown",
        "entry 5: `instruction` is empty",
        "entry 6: `instruction` is no text",
        "entry 7: `bbox` is no list of 4 numbers",
        "entry 8: `bbox` is no list of 4 numbers",
        "entry 9: `bbox` has no area",
        "entry 10: `bbox` lies outside of the picture: 190, 5 to 290, 9 of 200 x 100 pixels",
        "entry 11: `img_size` is 400 x 200, and the picture has 200 x 100 pixels",
        "entry 12: `image_path` is missing",
        "entry 13: it is no object",
        "`screenspot_mobile.json`: EOF",
        "`screenspot_tv.json`: it is no list of entries",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
}

#[test]
fn many_mistakes_are_counted() {
    let list: Vec<Value> = (0..50).map(|_| spot("missing.png", [1.0, 1.0, 5.0, 5.0], "go", "text")).collect();
    let folder = set(&[], &[("screenspot_web.json", json!(list))]);
    let told = screenspot(folder.path(), None).err().unwrap().to_string();
    assert!(told.contains("has 50 mistakes") && told.ends_with("and 30 more"), "{told}");
    assert_eq!(told.lines().count(), 22);
}

#[test]
fn refcoco_says_what_is_wrong_with_refs_and_lines() {
    let published = [
        (
            "instances.json",
            json!({"images": [{"id": 7, "file_name": "b.jpg"}], "annotations": [{"id": 3, "image_id": 8, "bbox": [0, 0, 1, 1]}]}),
        ),
        (
            "refs.json",
            json!([
                {"ann_id": 4, "split": "val", "sentences": [{"sent": "x"}]},
                {"ann_id": 3, "split": "val", "sentences": [{"sent": "x"}]},
                {"split": "val"},
            ]),
        ),
    ];
    let told = refcoco(set(&["b.jpg"], &published).path(), None).err().unwrap().to_string();
    for expected in [
        "`refs.json`, entry 0: `ann_id` 4 is not in",
        "entry 1: `image_id` 8 is not in",
        "entry 2: `ann_id` is missing",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    let lines = json!("{\"image\": \"b.jpg\", \"bbox\": [0, 0, 9, 9]}\n{\n");
    let told = refcoco(set(&["b.jpg"], &[("val.jsonl", lines)]).path(), None).err().unwrap().to_string();
    assert!(told.contains("`val.jsonl`, line 1: `sentence`, or `sent`, or `expression` is missing"), "{told}");
    assert!(told.contains("`val.jsonl`, line 2: EOF"), "{told}");
    let told = refcoco(set(&[], &[("refs(unc).p", json!("x"))]).path(), None).err().unwrap().to_string();
    assert!(told.contains("`refs(unc).p` is a Python pickle"), "{told}");
}

#[test]
fn folders_that_hold_no_set_are_refused() {
    let folder = set(&[], &[("screenspot_web.json", json!([]))]);
    for load in [screenspot, refcoco] {
        for (root, words) in
            [(folder.path().join("none"), "could not be read"), (folder.path().to_owned(), "holds no set")]
        {
            let told = load(&root, None).err().unwrap().to_string();
            assert!(told.contains(words) && told.contains(&root.display().to_string()), "{told}");
        }
    }
}
