//! The parity fixtures' `preprocess` folder: the small ones here, and all of those that `GLIM_PARITY_DIR` names.

use std::path::{Path, PathBuf};

use glim_processor::{
    Bounds, Family, Frame, Grid, Patches, Picture, Processor, Settings, Tokenizer, Video, VideoRules, smart_resize,
};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use serde_json::Value;

use crate::{fnv, golden, read};

fn folders() -> Vec<PathBuf> {
    let named = std::env::var_os("GLIM_PARITY_DIR").map(|dir| Path::new(&dir).join("preprocess"));
    std::iter::once(golden("preprocess")).chain(named).collect()
}

fn processor() -> Processor {
    let tokenizer = Tokenizer::open(&golden("tokenizer")).unwrap();
    Processor::new(tokenizer, None, Family::Glm4v, Settings::default(), Settings::video())
}

/// Frames, height, width, temporal factor, factor, least and most pixels, and what becomes of them.
type SmartResizeRow = (usize, usize, usize, usize, usize, usize, usize, Value);

#[derive(Deserialize)]
struct SmartResize {
    rows: Vec<SmartResizeRow>,
}

#[test]
fn sizes_are_equal() {
    for folder in folders() {
        let table: SmartResize = read(&folder.join("smart_resize.json"));
        assert!(table.rows.len() > 3000);
        for (frames, height, width, temporal, factor, min_pixels, max_pixels, expected) in table.rows {
            let bounds = Bounds { temporal, factor, min_pixels, max_pixels };
            let ours = smart_resize(frames, height, width, &bounds).ok();
            let expected = (expected != "error").then(|| serde_json::from_value(expected).unwrap());
            assert_eq!(ours, expected, "{frames} frames of {height}x{width}, {bounds:?}");
        }
    }
}

fn bytes_of(file: &SafeTensors<'_>, name: &str) -> (Vec<usize>, Vec<u8>) {
    let tensor = file.tensor(name).unwrap();
    assert_eq!(tensor.dtype(), Dtype::U8);
    (tensor.shape().to_vec(), tensor.data().to_vec())
}

fn floats_of(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let tensor = file.tensor(name).unwrap();
    assert_eq!(tensor.dtype(), Dtype::F32);
    tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn grid_of(file: &SafeTensors<'_>, name: &str) -> Grid {
    let numbers: Vec<_> = file
        .tensor(name)
        .unwrap()
        .data()
        .chunks_exact(8)
        .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()) as usize)
        .collect();
    Grid { t: numbers[0], h: numbers[1], w: numbers[2] }
}

/// One grey level is `1 / 255 / std`, 0.0146 at most; equal bytes differ by nothing, and these are equal.
fn assert_equal(ours: &Patches, grid: Grid, pixels: &[f32], name: &str) {
    assert_eq!(ours.grid, grid, "{name}");
    assert_eq!(ours.pixels.len(), pixels.len(), "{name}");
    let worst = ours.pixels.iter().zip(pixels).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-6, "{name} is off by {worst}");
}

#[test]
fn pixels_are_equal() {
    let processor = processor();
    for folder in folders() {
        let mut seen = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.extension().is_none_or(|end| end != "safetensors") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let file = SafeTensors::deserialize(&bytes).unwrap();
            if name.starts_with("image_") {
                let (shape, pixels) = bytes_of(&file, "image_u8_hwc");
                let ours = processor.picture(Picture::new(shape[1], shape[0], pixels).unwrap()).unwrap();
                let expected = floats_of(&file, "pixel_values_torchvision");
                assert_equal(&ours, grid_of(&file, "image_grid_thw"), &expected, &name);
            } else {
                let (shape, pixels) = bytes_of(&file, "frames_u8_thwc");
                let frames = pixels.chunks_exact(shape[1] * shape[2] * 3).map(<[u8]>::to_vec);
                let frames = frames.map(|pixels| Frame::Picture(Picture::new(shape[2], shape[1], pixels).unwrap()));
                let video = Video::chosen(frames.collect(), (0..shape[0]).collect(), 24.0).unwrap();
                let (ours, _) = processor.video(&video).unwrap();
                let expected = floats_of(&file, "pixel_values_videos");
                assert_equal(&ours, grid_of(&file, "video_grid_thw"), &expected, &name);
            }
            seen += 1;
        }
        assert!(seen >= 2, "{} has no fixtures", folder.display());
    }
}

#[derive(Deserialize)]
struct Sampled {
    total: usize,
    fps: f64,
    duration: f64,
    indices: Vec<usize>,
}

#[test]
fn frames_are_equal() {
    let rules = VideoRules::new(Family::Glm4v, &Settings::video());
    for folder in folders() {
        let rows: Vec<Sampled> = read(&folder.join("video_sample_frames.json"));
        assert!(rows.len() >= 8);
        for row in rows {
            let ours = rules.sample(row.total, row.fps, Some(row.duration)).unwrap();
            assert_eq!(ours, row.indices, "{} frames at {}", row.total, row.fps);
        }
    }
}

#[derive(Deserialize)]
struct Hashed {
    rules: String,
    total: usize,
    fps: f64,
    duration: Option<f64>,
    count: usize,
    first: Vec<usize>,
    hash: String,
}

#[test]
fn frames_of_both_rules_are_equal() {
    let rows: Vec<Hashed> = read(&golden("sampling.json"));
    assert_eq!(rows.len(), 42);
    for row in rows {
        let family = if row.rules == "glm4v" { Family::Glm4v } else { Family::Glm46v };
        let rules = VideoRules::new(family, &Settings::video());
        let ours = rules.sample(row.total, row.fps, row.duration).unwrap();
        let what = format!("{}: {} frames at {} for {:?}", row.rules, row.total, row.fps, row.duration);
        assert_eq!(ours.len(), row.count, "{what}");
        assert_eq!(ours[..row.first.len()], row.first, "{what}");
        assert_eq!(fnv(ours.iter().flat_map(|&index| (index as u32).to_le_bytes())), row.hash, "{what}");
    }
}
