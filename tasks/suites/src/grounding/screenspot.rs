//! The files of ScreenSpot, ScreenSpot-v2, ScreenSpot-Pro and OSWorld-G.
//!
//! Which layout an entry has, its own fields say: `box_type` is OSWorld-G's, `img_size` ScreenSpot-Pro's. That decides how
//! its four numbers are read.

use std::fs;
use std::path::{Path, PathBuf};

use glim_env::Point;
use serde_json::Value;

use super::mistakes::Mistakes;
use super::pictures::{Pictures, check_size, from_sides, name_part, numbers, on_picture, words};
use super::{Item, LoadError, Region};

/// Where pictures lie beside the annotations.
const FOLDERS: [&str; 3] = ["screenspot_imgs", "screenspotv2_image", "images"];

/// All items of a set.
pub(super) fn items(root: &Path) -> Result<Vec<Item>, LoadError> {
    let (base, files) = files(root)?;
    let mut pictures = Pictures::new(&base, &FOLDERS);
    let (mut items, mut mistakes) = (Vec::new(), Mistakes::default());
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).map_err(LoadError::read(&file))?;
        let list = match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
            Ok(Value::Array(list)) => list,
            Ok(_) => {
                mistakes.note(&format!("`{name}`"), "it is no list of entries");
                continue;
            }
            Err(error) => {
                mistakes.note(&format!("`{name}`"), &error.to_string());
                continue;
            }
        };
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (at, entry) in list.iter().enumerate() {
            let place = format!("`{name}`, entry {at}");
            items.extend(mistakes.take(&place, item(entry, &stem, &place, &mut pictures)));
        }
    }
    mistakes.end(root, items)
}

/// The folder of a set, and its files of annotations.
fn files(root: &Path) -> Result<(PathBuf, Vec<PathBuf>), LoadError> {
    if root.is_file() {
        let folder = root.parent().unwrap_or(Path::new("")).to_owned();
        let base = if is_annotations(&folder) { folder.join("..") } else { folder };
        return Ok((base, vec![root.to_owned()]));
    }
    let listed = json_files(root)?;
    let named = |path: &PathBuf, beginning: &str| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning))
    };
    let spots: Vec<PathBuf> = listed.iter().filter(|path| named(path, "screenspot_")).cloned().collect();
    if !spots.is_empty() {
        return Ok((root.to_owned(), spots));
    }
    if is_annotations(root) && !listed.is_empty() {
        return Ok((root.join(".."), listed));
    }
    let annotations = root.join("annotations");
    if annotations.is_dir() {
        let files = json_files(&annotations)?;
        if !files.is_empty() {
            return Ok((root.to_owned(), files));
        }
    }
    let osworld = root.join("OSWorld-G.json");
    if osworld.is_file() {
        return Ok((root.to_owned(), vec![osworld]));
    }
    let reason = "there is neither `screenspot_*.json`, nor `annotations/*.json`, nor `OSWorld-G.json`".to_owned();
    Err(LoadError::NotASet { path: root.to_owned(), reason })
}

fn is_annotations(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "annotations")
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(LoadError::read(folder))? {
        let path = entry.map_err(LoadError::read(folder))?.path();
        if path.is_file() && path.extension().is_some_and(|ending| ending == "json") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn item(entry: &Value, stem: &str, place: &str, pictures: &mut Pictures) -> Result<Item, String> {
    if !entry.is_object() {
        return Err("it is no object".to_owned());
    }
    let is_osworld = !entry["box_type"].is_null();
    let is_pro = !entry["img_size"].is_null();
    let file = words(entry, if is_osworld { "image_path" } else { "img_filename" })?;
    let instruction = words(entry, "instruction")?.to_owned();
    let (picture, size) = pictures.find(file)?;
    let mut labels = Vec::new();
    let mut label = |name: &str, field: &str| {
        if let Ok(value) = words(entry, field) {
            labels.push(format!("{name}={value}"));
        }
    };
    let (group, region) = if is_osworld {
        check_size(entry, "image_size", size)?;
        let kind = words(entry, "box_type")?;
        let types = entry["GUI_types"].as_array().map(Vec::as_slice).unwrap_or_default();
        labels.extend(types.iter().filter_map(Value::as_str).map(|name| format!("gui_type={name}")));
        (name_part(kind), osworld_region(entry, kind, size)?)
    } else if is_pro {
        check_size(entry, "img_size", size)?;
        label("data_type", "ui_type");
        label("data_source", "application");
        label("platform", "platform");
        let region = match entry["gt_type"].as_str() {
            Some("negative") => Region::Absent,
            _ => Region::Box(on_picture("bbox", numbers(entry, "bbox")?, size)?),
        };
        let group = words(entry, "group").unwrap_or(stem);
        (format!("{}-{}", name_part(group), name_part(words(entry, "ui_type").unwrap_or("other"))), region)
    } else {
        label("data_type", "data_type");
        label("data_source", "data_source");
        let platform = stem.strip_prefix("screenspot_").unwrap_or(stem);
        let platform = platform.strip_suffix("_v2").unwrap_or(platform);
        let region = Region::Box(on_picture("bbox", from_sides(numbers(entry, "bbox")?), size)?);
        let kind = words(entry, "data_type").unwrap_or("other");
        (format!("{}-{}", name_part(platform), name_part(kind)), region)
    };
    Ok(Item { group, picture, size, instruction, region, labels, entry: place.to_owned() })
}

fn osworld_region(entry: &Value, kind: &str, size: (u32, u32)) -> Result<Region, String> {
    const FIELD: &str = "box_coordinates";
    match kind {
        "bbox" => Ok(Region::Box(on_picture(FIELD, from_sides(numbers(entry, FIELD)?), size)?)),
        "refusal" => Ok(Region::Absent),
        "polygon" => {
            let list = entry[FIELD].as_array().map(Vec::as_slice).unwrap_or_default();
            let numbers: Option<Vec<f64>> = list.iter().map(|at| at.as_f64().filter(|at| at.is_finite())).collect();
            let corners = numbers.filter(|numbers| numbers.len() >= 6 && numbers.len() % 2 == 0);
            let corners = corners.ok_or_else(|| format!("`{FIELD}` is no list of x and y of three corners or more"))?;
            let hull = corners.chunks(2).fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[l, t, r, b], at| {
                [l.min(at[0]), t.min(at[1]), r.max(at[0]), b.max(at[1])]
            });
            on_picture(FIELD, hull, size)?;
            Ok(Region::Polygon(corners.chunks(2).map(|at| Point::new(at[0], at[1])).collect()))
        }
        other => Err(format!("`box_type` is `{other}`, and it is `bbox`, `polygon` or `refusal`")),
    }
}
