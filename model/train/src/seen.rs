//! What the model was shown: patches made a picture again, so that answers can be drawn where they point.

use glim_data::training::Prepared;
use glim_processor::{Processor, Settings};

use crate::evaluate::{Answered, Score, place};
use crate::report::{Answer, Prediction};

/// The first picture of a sample as the model sees it, resized and all: width, height, and RGB bytes.
///
/// # Panics
/// If the sample was not prepared with these settings.
pub fn picture(sample: &Prepared, settings: &Settings) -> Option<(usize, usize, Vec<u8>)> {
    let grid = sample.grids.first().filter(|grid| grid.t == 1)?;
    let (patch, merge, temporal) = (settings.patch_size, settings.merge_size, settings.temporal_patch_size);
    let (width, height) = (grid.w * patch, grid.h * patch);
    let numbers = 3 * temporal * patch * patch;
    let mut bytes = vec![0; width * height * 3];
    let windows = grid.w / merge;
    for at in 0..grid.h * grid.w {
        // Patches lie in windows of merge x merge, row by row.
        let (window, within) = (at / (merge * merge), at % (merge * merge));
        let row = (window / windows) * merge + within / merge;
        let column = (window % windows) * merge + within % merge;
        let values = &sample.patches[at * numbers..(at + 1) * numbers];
        for channel in 0..3 {
            let (mean, deviation) = (settings.image_mean[channel], settings.image_std[channel]);
            for y in 0..patch {
                for x in 0..patch {
                    let value = f64::from(values[(channel * temporal * patch + y) * patch + x]);
                    let byte = ((value * deviation + mean) * 255.0).round().clamp(0.0, 255.0);
                    bytes[((row * patch + y) * width + column * patch + x) * 3 + channel] = byte as u8;
                }
            }
        }
    }
    Some((width, height, bytes))
}

/// An answer with the picture that it is about; `None` where no place was asked for or there is no picture.
pub fn prediction(sample: &Prepared, answered: &Answered, source: &str, processor: &Processor) -> Option<Prediction> {
    let Score::Place { inside, .. } = answered.score else { return None };
    let (width, height, bytes) = picture(sample, processor.image_settings())?;
    let in_pixels = |[l, t, r, b]: [f64; 4]| {
        let (x, y) = (width as f64 / 1000.0, height as f64 / 1000.0);
        [l * x, t * y, r * x, b * y]
    };
    let answer = place(&answered.said).map(in_pixels).map(|[l, t, r, b]| match l == r && t == b {
        true => Answer::Point([l, t]),
        false => Answer::Box([l, t, r, b]),
    });
    Some(Prediction {
        source: source.to_owned(),
        question: answered.question.clone(),
        reply: answered.said.clone(),
        picture: encoded(width, height, &bytes),
        target: in_pixels(*answered.asked.boxes.first()?),
        answer,
        right: inside,
    })
}

fn encoded(width: usize, height: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("memory takes a header");
    writer.write_image_data(bytes).expect("there are as many bytes as pixels");
    writer.finish().expect("memory takes an end");
    file
}
