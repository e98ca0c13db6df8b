use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::dataset::{DatasetWriter, SplitRule, WriterOptions};
use crate::sample;

struct Made {
    folder: tempfile::TempDir,
}

impl Made {
    fn new() -> Made {
        let folder = tempfile::tempdir().unwrap();
        let options =
            WriterOptions { split: SplitRule::Sites(["b.test".to_owned()].into()), ..WriterOptions::default() };
        let mut writer = DatasetWriter::open(&folder.path().join("set"), options).unwrap();
        for (site, page) in [("a.test", 0), ("a.test", 1), ("b.test", 2)] {
            writer.add_page(&sample::page_id(site, page), sample::page(site, page, 2)).unwrap();
        }
        writer.finish().unwrap();
        Made { folder }
    }

    fn convert(&self, options: &ConvertOptions) -> (PathBuf, Converted) {
        let to = self.folder.path().join("out");
        let converted = convert(&self.folder.path().join("set"), &to, options).unwrap();
        (to, converted)
    }
}

fn read(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn lines(path: PathBuf) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn llama_factory_gets_messages_and_a_list_of_files() {
    let made = Made::new();
    let (out, converted) = made.convert(&ConvertOptions::new(Format::LlamaFactory));
    assert_eq!(converted, Converted { screens: 6, samples: 30 });
    let train = read(out.join("train.json"));
    assert_eq!(train.as_array().unwrap().len(), 20);
    let first = &train[0];
    assert_eq!(first["messages"][0], json!({"role": "user", "content": "<image>Where is the link “Download now”?"}));
    assert_eq!(first["messages"][1]["content"], "<|begin_of_box|>[[90,79,460,227]]<|end_of_box|>");
    // Words of a page are no picture.
    assert_eq!(train[2]["messages"][1]["content"], "A ‹image> button to search");
    let mut pictures = BTreeSet::new();
    for sample in train.as_array().unwrap().iter().chain(read(out.join("validation.json")).as_array().unwrap()) {
        let picture = sample["images"][0].as_str().unwrap();
        assert_eq!(&fs::read(out.join(picture)).unwrap()[..4], b"\x89PNG");
        pictures.insert(picture.to_owned());
        let messages = sample["messages"].to_string();
        assert_eq!(messages.matches("<image>").count(), 1, "{messages}");
    }
    assert_eq!(pictures.len(), 6);
    let info = read(out.join("dataset_info.json"));
    assert_eq!(info["glim_train"]["file_name"], "train.json");
    assert_eq!(info["glim_train"]["columns"], json!({"messages": "messages", "images": "images"}));
    assert_eq!(info["glim_validation"]["tags"]["assistant_tag"], "assistant");
}

#[test]
fn ms_swift_gets_lines_with_places_in_the_text_or_beside_it() {
    let made = Made::new();
    let options = ConvertOptions { scale: Scale::Pixels, keep_marks: false, ..ConvertOptions::new(Format::MsSwift) };
    let (out, _) = made.convert(&options);
    let train = lines(out.join("train.jsonl"));
    assert_eq!(train[0]["messages"][1]["content"], "[[18,10,92,27]]");
    assert_eq!(train[2]["messages"][0]["content"], "<image>What is at [[120,60,180,90]]?");
    let picture = PathBuf::from(train[0]["images"][0].as_str().unwrap());
    assert!(picture.is_absolute() && picture.starts_with(&out) && picture.is_file(), "{picture:?}");

    fs::remove_dir_all(&out).unwrap();
    let root = Some("pictures".to_owned());
    let options = ConvertOptions { image_root: root, ..ConvertOptions::new(Format::MsSwiftObjects) };
    let (out, _) = made.convert(&options);
    let train = lines(out.join("train.jsonl"));
    assert_eq!(train[1]["messages"][1]["content"], "<|begin_of_box|>[<bbox>,<bbox>]<|end_of_box|>");
    assert_eq!(train[1]["objects"]["bbox"], json!([[18.0, 9.5, 92.0, 27.25], [120.0, 60.0, 180.0, 90.0]]));
    assert_eq!(train[3]["objects"], json!({"ref": [], "bbox": [[150.0, 75.0]]}));
    assert_eq!(train[4]["objects"]["bbox"], json!([]));
    assert!(train[0]["images"][0].as_str().unwrap().starts_with("pictures/images/"));
}

#[test]
fn screenspot_gets_boxes_of_single_targets() {
    let made = Made::new();
    let (out, converted) = made.convert(&ConvertOptions::new(Format::ScreenSpot));
    assert_eq!(converted, Converted { screens: 6, samples: 6 });
    let web = read(out.join("train/screenspot_web.json"));
    assert_eq!(web.as_array().unwrap().len(), 2);
    let expected = json!({
        "img_filename": "a~test-0-s0.png",
        "bbox": [18, 10, 74, 17],
        "instruction": "the link “Download now”",
        "data_type": "text",
        "data_source": "a.test",
    });
    assert_eq!(web[0], expected);
    assert!(out.join("train/screenspot_imgs/a~test-0-s0.png").is_file());
    assert_eq!(read(out.join("validation/screenspot_mobile.json"))[0]["data_source"], "b.test");
}

#[test]
fn seeclick_gets_elements_as_shares() {
    let made = Made::new();
    let options = ConvertOptions { split: Some(Split::Validation), ..ConvertOptions::new(Format::SeeClick) };
    let (out, converted) = made.convert(&options);
    assert_eq!(converted, Converted { screens: 2, samples: 4 });
    assert!(!out.join("train.json").exists());
    let shot = &read(out.join("validation.json"))[0];
    assert_eq!(shot["elements"][0]["bbox"], json!([0.09, 0.079167, 0.46, 0.227083]));
    assert_eq!(
        shot["elements"][1],
        json!({"instruction": "Search", "bbox": [0.6, 0.5, 0.9, 0.75], "data_type": "icon"})
    );
    assert!(out.join(shot["img_filename"].as_str().unwrap()).is_file());
}

#[test]
fn webdataset_gets_tars_of_a_bounded_size() {
    let made = Made::new();
    let options = ConvertOptions { tar_rows: 3, scale: Scale::Unit, ..ConvertOptions::new(Format::WebDataset) };
    let (out, _) = made.convert(&options);
    let mut names = Vec::new();
    for tar in ["train-000000.tar", "train-000001.tar", "validation-000000.tar"] {
        let mut archive = tar::Archive::new(fs::File::open(out.join(tar)).unwrap());
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            names.push(entry.path().unwrap().display().to_string());
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            if names.last().unwrap().ends_with(".json") {
                let screen: crate::Screen = serde_json::from_slice(&content).unwrap();
                assert_eq!(screen.questions[0].answer, "<|begin_of_box|>[[0.090,0.079,0.460,0.227]]<|end_of_box|>");
            }
        }
    }
    assert_eq!(names.len(), 12);
    assert_eq!(names[..2], ["a~test-0-s0.png", "a~test-0-s0.json"]);
}

#[test]
fn a_folder_that_is_there_is_left_alone_and_a_failure_leaves_nothing() {
    let made = Made::new();
    let to = made.folder.path().join("out");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("mine"), "x").unwrap();
    let from = made.folder.path().join("set");
    let error = convert(&from, &to, &ConvertOptions::new(Format::SeeClick)).unwrap_err().to_string();
    assert!(error.ends_with("out` exists already; choose another name"), "{error}");
    // A shard that is damaged in its middle: the conversion fails half-way.
    let shard = from.join("data/train-00000.parquet");
    let mut file = fs::read(&shard).unwrap();
    file[4..600].fill(0xff);
    fs::write(&shard, file).unwrap();
    let other = made.folder.path().join("other");
    let error = convert(&from, &other, &ConvertOptions::new(Format::LlamaFactory)).unwrap_err().to_string();
    assert!(error.contains("train-00000.parquet` is no shard that can be read"), "{error}");
    let names: BTreeSet<_> = fs::read_dir(made.folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["out", "set"].map(Into::into).into());
}
