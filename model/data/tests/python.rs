//! What the real Python libraries make of our files: every field of every row, by value.

#![allow(clippy::unwrap_used, reason = "all of this is a test")]

mod sample;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use glim_data::convert::{ConvertOptions, Format, convert};
use glim_data::dataset::{DatasetWriter, Split, SplitRule, WriterOptions};
use glim_data::shard::ShardOptions;
use rstest::{fixture, rstest};
use serde_json::Value;

/// As `scripts/setup --test` installs them.
const PACKAGES: &str = "datasets-5.2.0";

struct Made {
    folder: tempfile::TempDir,
}

impl Made {
    fn root(&self) -> PathBuf {
        self.folder.path().join("set")
    }

    /// What `read.py` says about a path, one JSON value a line.
    fn read(&self, scenario: &str, path: &Path) -> Vec<Value> {
        let mut command = Command::new("python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read.py")).arg(scenario).arg(path);
        let home = self.folder.path().join("huggingface");
        command.env("PYTHONPATH", packages()).env("HF_HOME", home).env("HF_HUB_OFFLINE", "1");
        let output =
            command.output().unwrap_or_else(|error| panic!("python3 does not run: {error}; scripts/setup --test"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{scenario}: {}", String::from_utf8_lossy(&output.stderr));
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Three shards of training, one of validation.
#[fixture]
fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let options = WriterOptions {
        split: SplitRule::Sites(["b.test".to_owned()].into()),
        shard: ShardOptions { rows: 3, group_rows: 2, ..ShardOptions::default() },
        ..WriterOptions::default()
    };
    let mut writer = DatasetWriter::open(&folder.path().join("set"), options).unwrap();
    for (site, page, screens) in PAGES {
        writer.add_page(&sample::page_id(site, page), sample::page(site, page, screens)).unwrap();
    }
    writer.finish().unwrap();
    Made { folder }
}

const PAGES: [(&str, usize, usize); 5] =
    [("a.test", 0, 3), ("a.test", 1, 2), ("b.test", 2, 2), ("c.test", 3, 1), ("c.test", 4, 3)];

/// What must be read: the record as JSON, and of the picture its size, its first pixel and its digest.
fn expected(split: Option<Split>) -> BTreeMap<String, Value> {
    let mut rows = BTreeMap::new();
    for (site, page, screens) in PAGES {
        let side = if site == "b.test" { Split::Validation } else { Split::Train };
        if split.is_some_and(|split| split != side) {
            continue;
        }
        for (at, (screen, picture)) in sample::page(site, page, screens).into_iter().enumerate() {
            let mut row = serde_json::to_value(&screen).unwrap();
            let color = (page * 100 + at) % 256;
            let (width, height) = sample::SIZE;
            row["image"] = serde_json::json!({
                "size": [width, height],
                "color": [color, (page * 100 + at) / 256, 200],
                "sha256": glim_data::sha256(&picture),
            });
            rows.insert(screen.screen_id, row);
        }
    }
    rows
}

fn assert_rows(rows: Vec<Value>, mut expected: BTreeMap<String, Value>) {
    for row in rows {
        let id = row["screen_id"].as_str().expect("every row has an id");
        let expected = expected.remove(id).unwrap_or_else(|| panic!("{id} is there twice, or should not be"));
        for (name, value) in expected.as_object().expect("a row is an object") {
            assert_eq!(&row[name], value, "field `{name}` of {id}");
        }
        assert_eq!(row.as_object().map(|row| row.len()), expected.as_object().map(|row| row.len()), "fields of {id}");
    }
    assert!(expected.is_empty(), "missing: {:?}", expected.keys());
}

#[rstest]
#[case::whole("datasets")]
#[case::streaming("datasets_streaming")]
fn datasets_shows_pictures_and_nested_fields(made: Made, #[case] scenario: &str) {
    let mut rows = made.read(scenario, &made.root());
    let about = rows.remove(0);
    assert_eq!(about["splits"], serde_json::json!(["train", "validation"]));
    assert_eq!(about["image"], "Image");
    assert_rows(rows, expected(None));
}

#[rstest]
fn pyarrow_reads_a_shard_and_one_row_group_of_it(made: Made) {
    let file = made.root().join("data/validation-00000.parquet");
    let mut rows = made.read("pyarrow", &file);
    let about = rows.remove(0);
    assert_eq!(about["row_groups"], 1);
    assert_eq!(about["image"], "struct<bytes: binary, path: string>");
    assert_eq!(about["box_px"], "list<item: float>");
    assert_rows(rows, expected(Some(Split::Validation)));
}

#[rstest]
fn webdataset_reads_pairs_of_pictures_and_records(made: Made) {
    let to = made.folder.path().join("tars");
    convert(&made.root(), &to, &ConvertOptions::new(Format::WebDataset)).unwrap();
    let rows = made.read("webdataset", &to.join("train-000000.tar"));
    assert_rows(rows, expected(Some(Split::Train)));
}

#[rstest]
#[case::llama_factory(Format::LlamaFactory, "train.json")]
#[case::ms_swift(Format::MsSwift, "train.jsonl")]
#[case::ms_swift_objects(Format::MsSwiftObjects, "train.jsonl")]
fn lists_of_messages_load_as_trainers_load_them(made: Made, #[case] format: Format, #[case] file: &str) {
    let to = made.folder.path().join("messages");
    convert(&made.root(), &to, &ConvertOptions::new(format)).unwrap();
    let rows = made.read("messages", &to.join(file));
    let questions: usize =
        expected(Some(Split::Train)).values().map(|row| row["questions"].as_array().unwrap().len()).sum();
    assert_eq!(rows.len(), questions);
    for row in rows {
        assert_eq!(row["size"], serde_json::json!([sample::SIZE.0, sample::SIZE.1]));
        assert_eq!(row["roles"], serde_json::json!(["user", "assistant"]));
        let boxes = row["boxes"].as_u64().unwrap();
        assert_eq!(row["marks"], if format == Format::MsSwiftObjects { boxes } else { 0 }, "{row}");
    }
}

fn packages() -> PathBuf {
    let folder = std::env::var_os("GLIM_DATASETS").map(PathBuf::from).unwrap_or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").filter(|it| !it.is_empty()).map(PathBuf::from);
        cache
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
            .unwrap()
            .join("glim")
            .join(PACKAGES)
    });
    assert!(
        folder.join("datasets").is_dir() && folder.join("webdataset").is_dir(),
        "the Python packages datasets and webdataset are not in `{}`: install them with scripts/setup --test, or name a \
         folder that has them with GLIM_DATASETS",
        folder.display()
    );
    folder
}
