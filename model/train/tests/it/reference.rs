//! What was trained here, as `transformers` loads it.

use std::path::PathBuf;
use std::process::Command;

use glim_processor::{Content, Message, Options, Processor};
use glim_vlm::trace::Trace;
use glim_vlm::{Model, Packed};
use rstest::rstest;
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

use crate::running::{begin, go, recipe};

/// What `reference.py` prints.
#[derive(Deserialize)]
struct Theirs {
    ids: Vec<u32>,
    /// Of each token, one for each word of the vocabulary.
    logits: Vec<Vec<f64>>,
}

#[rstest]
#[case::weights(&[])]
#[case::merged_adapters(&["optimizer.adapter={rank=4,alpha=8.0,matrices=[\"proj\"]}"])]
#[ignore = "needs a Python with torch and transformers: make test-export"]
fn transformers_gives_a_trained_model_the_same_logits(#[case] settings: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    begin(folder.path());
    let first = folder.path().join("first");
    Processor::open(&first).and_then(|processor| processor.save(&first)).expect("the folder can be written");
    let (ended, _) = go(&recipe(folder.path(), settings), folder.path().join("run"), 99);
    let words = "the 7 red button";
    let picture = folder.path().join("picture.png");
    let encoded = png_of(70, 45);
    std::fs::write(&picture, &encoded).expect("the folder can be written");

    let python = PathBuf::from(std::env::var_os("GLIM_TRANSFORMERS").expect("GLIM_TRANSFORMERS names a Python"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/reference.py");
    let output = Command::new(&python).arg(script).args([&ended.last, &picture]).arg(words).output();
    let output = output.unwrap_or_else(|error| panic!("`{}` does not run: {error}", python.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Theirs = serde_json::from_slice(&output.stdout).expect("it prints what was asked for");

    let processor = Processor::open(&ended.last).expect("a checkpoint has a processor");
    let asking = Message::new("user", [Content::Image(encoded.into()), Content::Text(words.to_owned())]);
    let input = processor.input(&[asking], &Options::default()).expect("it is a prompt");
    assert_eq!(input.ids, theirs.ids);

    let model = Model::load(&ended.last, Device::Cpu, Kind::Float).expect("it can be loaded");
    let grids: Vec<_> = input.images.iter().map(|image| image.grid).collect();
    let pixels = Tensor::from_slice(&input.images[0].pixels).view([grids[0].patches() as i64, -1]);
    let positions = [model.positions(&input.ids, &grids, &[]).expect("pictures have their places")];
    let packed = Packed { ids: &input.ids, positions: &positions, pixels: Some(&pixels), grids: &grids };
    let ours = tch::no_grad(|| model.logits(&model.forward(&packed, 0, &Trace::off()))).to_kind(Kind::Double);
    let theirs = Tensor::from_slice(&theirs.logits.concat()).view([theirs.ids.len() as i64, -1]);
    assert_eq!(ours.size(), theirs.size());
    let far = ((ours - &theirs).norm() / theirs.norm()).double_value(&[]);
    assert!(far < 1e-4, "{far:.2e} away from the reference, of its Euclidean norm");
}

fn png_of(width: u32, height: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| [3 * x, 5 * y, x * y % 256]))
        .map(|it| it as u8)
        .collect();
    let mut encoded = Vec::new();
    let mut encoder = png::Encoder::new(&mut encoded, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).expect("memory can be written");
    encoded
}
