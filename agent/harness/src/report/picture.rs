//! Screenshots made small enough to lie inside the page.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::codecs::jpeg::JpegEncoder;
use image::{GenericImageView as _, ImageReader, Limits};

/// Widest picture in the page, in pixels.
const WIDTH: u32 = 320;
/// A picture that needs no scaling stays as it is up to this size in bytes: JPEG blurs small text.
const KEEP: usize = 24 * 1024;
/// JPEG quality, 1..=100.
const QUALITY: u8 = 70;
/// No side of a screenshot is longer than this in pixels; a file that says otherwise is not decoded.
const LONGEST: u32 = 16_384;

/// A `data:` URI of a PNG file, scaled down to [`WIDTH`]; `None` if it is no picture.
pub(super) fn thumbnail(png: &[u8]) -> Option<String> {
    let mut reader = ImageReader::with_format(Cursor::new(png), image::ImageFormat::Png);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST), Some(LONGEST));
    reader.limits(limits);
    let picture = reader.decode().ok()?;
    let (width, height) = picture.dimensions();
    if width <= WIDTH && png.len() <= KEEP {
        return Some(format!("data:image/png;base64,{}", BASE64.encode(png)));
    }
    let small = if width > WIDTH {
        // A page of any length keeps its shape; a side has at least one pixel.
        let height = (f64::from(height) * f64::from(WIDTH) / f64::from(width)).round().max(1.0) as u32;
        picture.thumbnail_exact(WIDTH, height)
    } else {
        picture
    };
    let mut jpeg = Vec::new();
    small.into_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY)).ok()?;
    Some(format!("data:image/jpeg;base64,{}", BASE64.encode(jpeg)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let noise = |x: u32, y: u32| image::Rgb([(x * 7 + y * 13) as u8, (x * y) as u8, (x ^ y) as u8]);
        let mut file = Cursor::new(Vec::new());
        image::RgbImage::from_fn(width, height, noise).write_to(&mut file, image::ImageFormat::Png).unwrap();
        file.into_inner()
    }

    #[test]
    fn a_small_picture_stays_and_a_large_one_shrinks() {
        assert!(thumbnail(&png(40, 30)).unwrap().starts_with("data:image/png;base64,"));
        let large = thumbnail(&png(1280, 720)).unwrap();
        let data = BASE64.decode(large.strip_prefix("data:image/jpeg;base64,").unwrap()).unwrap();
        assert_eq!(image::load_from_memory(&data).unwrap().dimensions(), (320, 180));
        assert!(data.len() < 40_000, "{} bytes", data.len());
    }

    #[test]
    fn what_is_no_picture_is_none() {
        assert_eq!(thumbnail(b"not a picture"), None);
        assert_eq!(thumbnail(&png(40, 30)[..60]), None);
    }
}
