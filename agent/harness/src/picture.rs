//! Pictures of a prompt, made from screenshots: marked, and at half size.

use std::io::Cursor;
use std::sync::Arc;

use glim_env::{Observation, Screenshot};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, ImageFormat, ImageReader, RgbImage};

use crate::marks;
use crate::policy::PolicyError;

/// The screenshot with numbered marks on what can be operated, as a PNG file.
///
/// # Errors
/// If the screenshot is not a picture.
pub(crate) fn marked(observation: &Observation) -> Result<Arc<[u8]>, PolicyError> {
    let mut picture = decoded(&observation.screenshot)?;
    marks::draw(&mut picture, observation.viewport, &marks::marked(observation));
    encoded(&picture)
}

/// The screenshot at half its width and height, as a PNG file.
///
/// # Errors
/// If the screenshot is not a picture.
pub(crate) fn halved(screenshot: &Screenshot) -> Result<Arc<[u8]>, PolicyError> {
    encoded(&half(&decoded(screenshot)?))
}

fn decoded(screenshot: &Screenshot) -> Result<RgbImage, PolicyError> {
    if screenshot.png.is_empty() {
        return Err(PolicyError::Picture { reason: "it is empty".to_owned() });
    }
    let reader = ImageReader::with_format(Cursor::new(&*screenshot.png), ImageFormat::Png);
    let picture = reader.decode().map_err(|error| PolicyError::Picture { reason: error.to_string() })?;
    Ok(picture.into_rgb8())
}

/// Fast compression: the file lives for one request.
fn encoded(picture: &RgbImage) -> Result<Arc<[u8]>, PolicyError> {
    let mut file = Vec::new();
    PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Up)
        .write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .map_err(|error| PolicyError::Picture { reason: error.to_string() })?;
    Ok(file.into())
}

/// Means of two by two pixels. An odd last row or column is dropped.
fn half(picture: &RgbImage) -> RgbImage {
    let (width, height) = ((picture.width() / 2).max(1), (picture.height() / 2).max(1));
    if picture.width() < 2 || picture.height() < 2 {
        return picture.clone();
    }
    let row_bytes = 3 * picture.width() as usize;
    let mut small = Vec::with_capacity(3 * (width * height) as usize);
    for rows in picture.as_raw().chunks_exact(2 * row_bytes) {
        let (upper, lower) = rows.split_at(row_bytes);
        for (a, b) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for c in 0..3 {
                let sum = u16::from(a[c]) + u16::from(a[c + 3]) + u16::from(b[c]) + u16::from(b[c + 3]);
                small.push(((sum + 2) / 4) as u8);
            }
        }
    }
    RgbImage::from_raw(width, height, small).expect("each pixel was pushed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_picture_is_the_mean_of_its_pixels() {
        let picture = RgbImage::from_fn(5, 4, |x, y| image::Rgb([(x * 10) as u8, (y * 10) as u8, 7]));
        let small = half(&picture);
        assert_eq!(small.dimensions(), (2, 2));
        assert_eq!(small.get_pixel(1, 1).0, [25, 25, 7]);
        let file = encoded(&small).expect("it can be encoded");
        assert_eq!(decoded(&Screenshot { png: file }).expect("it is a PNG file"), small);
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        for png in [&b""[..], b"\x89PNG", b"GIF89a"] {
            assert!(matches!(halved(&Screenshot { png: png.into() }), Err(PolicyError::Picture { .. })));
        }
    }
}
