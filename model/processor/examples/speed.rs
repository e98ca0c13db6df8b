//! How long a screenshot of 1920 x 1080 takes, step by step; the best of twenty runs, in milliseconds.
//!
//! `cargo run --release -p glim-processor --example speed`, and beside it, for torchvision,
//! `python model/processor/tests/golden/make_golden.py time`.

#![allow(clippy::print_stdout, missing_docs)]

use std::time::Instant;

use glim_processor::{Family, Picture, Processor, ProcessorError, Settings, Tokenizer, Training};
use image::{ExtendedColorType, ImageEncoder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (width, height) = (1920, 1080);
    let mut state = 1u32;
    let pixels = (0..width * height * 3).map(|at| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Flat areas with some noise, as screens have.
        ((at / 3 % width / 120 * 12) as u8) + if at / 40_000 % 4 == 0 { (state >> 26) as u8 } else { 0 }
    });
    let picture = Picture::new(width, height, pixels.collect())?;
    let mut file = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut file);
    encoder.write_image(picture.pixels(), width as u32, height as u32, ExtendedColorType::Rgb8)?;
    let processor = Processor::new(tokenizer()?, None, Family::Glm4v, Settings::default(), Settings::video());
    println!("decode PNG      {:8.1}", best(|| Picture::decode(&file, width * height).map(drop))?);
    println!("copy            {:8.1}", best(|| Picture::new(width, height, picture.pixels().to_vec()).map(drop))?);
    println!("copy and resize {:8.1}", best(|| picture.clone().resized(1932, 1092).map(drop))?);
    println!("all but decode  {:8.1}", best(|| processor.picture(picture.clone()).map(drop))?);
    println!("all             {:8.1}", best(|| processor.image(&file).map(drop))?);
    Ok(())
}

fn tokenizer() -> Result<Tokenizer, ProcessorError> {
    Training { vocabulary: 300, min_frequency: 2, single_digits: false }
        .train(["no words are measured here".to_owned()])
}

fn best(work: impl Fn() -> Result<(), ProcessorError>) -> Result<f64, ProcessorError> {
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(best)
}
