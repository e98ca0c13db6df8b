//! The files of RefCOCO, RefCOCO+ and RefCOCOg: as published, or a line of JSON for each expression.
//!
//! As published are `instances.json` (COCO's, with `images` and `annotations`) and the refs, which come as a Python pickle
//! and are read as JSON: a list of `{"ref_id", "ann_id", "image_id", "split", "sentences": [{"sent"}]}` in `refs*.json`.
//! What is for training is passed over. In lines, the picture is `image` or `img_path`, the words are `sentence`, `sent` or
//! `expression`, and `bbox` is left, top, right and bottom, as in the files of Qwen-VL and Shikra.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::mistakes::Mistakes;
use super::pictures::{Pictures, from_sides, name_part, numbers, on_picture, words};
use super::{Item, LoadError, Region};

/// Where pictures lie beside the annotations.
const FOLDERS: [&str; 4] = ["images", "train2014", "coco/train2014", "images/train2014"];

/// All items of a set that are not for training.
pub(super) fn items(root: &Path) -> Result<Vec<Item>, LoadError> {
    let base = if root.is_file() { root.parent().unwrap_or(Path::new("")) } else { root };
    let mut set = Set { pictures: Pictures::new(base, &FOLDERS), items: Vec::new(), mistakes: Mistakes::default() };
    if root.is_file() {
        set.lines(root)?;
        return set.mistakes.end(root, set.items);
    }
    let instances = root.join("instances.json");
    let refs = files(root, |name| name.starts_with("refs") && name.ends_with(".json"))?;
    let lines = files(root, |name| name.ends_with(".jsonl"))?;
    if instances.is_file() && !refs.is_empty() {
        let known = set.instances(&instances)?;
        for file in &refs {
            set.refs(file, &known)?;
        }
    } else if !lines.is_empty() {
        for file in &lines {
            set.lines(file)?;
        }
    } else {
        let pickles = files(root, |name| name.starts_with("refs") && name.ends_with(".p"))?;
        let reason = match pickles.first() {
            Some(pickle) => {
                let name = file_name(pickle);
                format!("`{name}` is a Python pickle, which is not read: write the same as JSON beside it")
            }
            None => "there is neither `refs*.json` with `instances.json`, nor `*.jsonl`".to_owned(),
        };
        return Err(LoadError::NotASet { path: root.to_owned(), reason });
    }
    set.mistakes.end(root, set.items)
}

/// What has been read.
struct Set {
    pictures: Pictures,
    items: Vec<Item>,
    mistakes: Mistakes,
}

/// Pictures and boxes by their ids.
#[derive(Default)]
struct Instances {
    files: HashMap<u64, String>,
    /// The picture and the box as left, top, right and bottom.
    boxes: HashMap<u64, (u64, [f64; 4])>,
}

impl Set {
    fn lines(&mut self, file: &Path) -> Result<(), LoadError> {
        let text = fs::read_to_string(file).map_err(LoadError::read(file))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let place = format!("`{}`, line {}", file_name(file), at + 1);
            let read = serde_json::from_str::<Value>(line).map_err(|error| error.to_string());
            let found = read.and_then(|entry| self.line(&entry, &stem, &place));
            let found = self.mistakes.take(&place, found);
            self.items.extend(found);
        }
        Ok(())
    }

    fn line(&mut self, entry: &Value, stem: &str, place: &str) -> Result<Item, String> {
        if !entry.is_object() {
            return Err("it is no object".to_owned());
        }
        let picture = either(entry, &["image", "img_path"])?;
        let expression = either(entry, &["sentence", "sent", "expression"])?;
        let (picture, size) = self.pictures.find(picture)?;
        let region = Region::Box(on_picture("bbox", numbers(entry, "bbox")?, size)?);
        let group = name_part(stem);
        let (instruction, entry) = (expression.to_owned(), place.to_owned());
        Ok(Item { group, picture, size, instruction, region, labels: Vec::new(), entry })
    }

    fn instances(&mut self, file: &Path) -> Result<Instances, LoadError> {
        let mut known = Instances::default();
        let Some(all) = self.json(file)? else { return Ok(known) };
        let list = |name: &str| all[name].as_array().cloned().unwrap_or_default();
        for (at, image) in list("images").iter().enumerate() {
            let place = format!("`{}`, images {at}", file_name(file));
            let found = id(image, "id").and_then(|id| Ok((id, words(image, "file_name")?.to_owned())));
            known.files.extend(self.mistakes.take(&place, found));
        }
        for (at, of) in list("annotations").iter().enumerate() {
            let place = format!("`{}`, annotations {at}", file_name(file));
            let found = id(of, "id").and_then(|own| Ok((own, (id(of, "image_id")?, from_sides(numbers(of, "bbox")?)))));
            known.boxes.extend(self.mistakes.take(&place, found));
        }
        Ok(known)
    }

    fn refs(&mut self, file: &Path, known: &Instances) -> Result<(), LoadError> {
        let Some(all) = self.json(file)? else { return Ok(()) };
        let Some(list) = all.as_array() else {
            self.mistakes.note(&format!("`{}`", file_name(file)), "it is no list of refs");
            return Ok(());
        };
        for (at, entry) in list.iter().enumerate() {
            if entry["split"].as_str() == Some("train") {
                continue;
            }
            let place = format!("`{}`, entry {at}", file_name(file));
            let found = self.reference(entry, known, &place);
            let found = self.mistakes.take(&place, found);
            self.items.extend(found.into_iter().flatten());
        }
        Ok(())
    }

    /// The items of one ref: one for each of its sentences.
    fn reference(&mut self, entry: &Value, known: &Instances, place: &str) -> Result<Vec<Item>, String> {
        let split = words(entry, "split")?;
        let annotation = id(entry, "ann_id")?;
        let (image, sides) =
            known.boxes.get(&annotation).ok_or_else(|| format!("`ann_id` {annotation} is not in `instances.json`"))?;
        let file = known.files.get(image).ok_or_else(|| format!("`image_id` {image} is not in `instances.json`"))?;
        let (picture, size) = self.pictures.find(file)?;
        let region = Region::Box(on_picture("bbox", *sides, size)?);
        let sentences = entry["sentences"].as_array().filter(|list| !list.is_empty());
        let sentences = sentences.ok_or("`sentences` is missing, empty or no list")?;
        let item = |(at, sentence): (usize, &Value)| {
            Ok(Item {
                group: name_part(split),
                picture: picture.clone(),
                size,
                instruction: words(sentence, "sent").map_err(|what| format!("sentences {at}: {what}"))?.to_owned(),
                region: region.clone(),
                labels: Vec::new(),
                entry: format!("{place}, sentence {at}"),
            })
        };
        sentences.iter().enumerate().map(item).collect()
    }

    /// A file as JSON; if it is not, that is a mistake.
    fn json(&mut self, file: &Path) -> Result<Option<Value>, LoadError> {
        let text = fs::read(file).map_err(LoadError::read(file))?;
        let read = serde_json::from_slice(&text).map_err(|error| error.to_string());
        Ok(self.mistakes.take(&format!("`{}`", file_name(file)), read))
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn files(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, LoadError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(LoadError::read(folder))? {
        let path = entry.map_err(LoadError::read(folder))?.path();
        if path.is_file() && wanted(&file_name(&path)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The first of these fields that is there.
fn either<'a>(entry: &'a Value, fields: &[&str]) -> Result<&'a str, String> {
    let there = fields.iter().find(|field| !entry[**field].is_null());
    match there {
        Some(field) => words(entry, field),
        None => Err(format!("`{}` is missing", fields.join("`, or `"))),
    }
}

fn id(entry: &Value, field: &str) -> Result<u64, String> {
    entry[field].as_u64().ok_or_else(|| format!("`{field}` is missing or no number"))
}
