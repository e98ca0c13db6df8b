//! A screenshot as pixels: what its hashes are, whether something is painted in a place, and how it is stored.

use std::io::Cursor;

use glim_data::record::BoxPx;
use image::{ImageFormat, RgbImage};
use serde::{Deserialize, Serialize};

/// Channels that differ by no more than this are one colour.
const PLAIN: u8 = 8;

/// How pictures are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageKind {
    /// Lossless, as the browser wrote it.
    Png,
    /// Lossless and about a quarter smaller.
    #[default]
    Webp,
    /// With losses; see [`Encoding::quality`].
    Jpeg,
}

/// How pictures are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// The file format.
    pub kind: ImageKind,
    /// Of JPEG, 1..=100.
    pub quality: u8,
}

/// A picture that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the picture of {bytes} bytes could not be {what}: {reason}")]
pub struct PictureError {
    what: &'static str,
    bytes: usize,
    reason: String,
}

/// A decoded screenshot.
#[derive(Debug, Clone)]
pub struct Picture {
    pixels: RgbImage,
}

impl Picture {
    /// Decodes a PNG file.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(png: &[u8]) -> Result<Picture, PictureError> {
        let broken = |error: image::ImageError| PictureError { what: "read", bytes: png.len(), reason: error.to_string() };
        Ok(Picture { pixels: image::load_from_memory_with_format(png, ImageFormat::Png).map_err(broken)?.into_rgb8() })
    }

    /// A picture of these pixels.
    pub fn of(pixels: RgbImage) -> Picture {
        Picture { pixels }
    }

    /// Its pixels.
    pub fn pixels(&self) -> &RgbImage {
        &self.pixels
    }

    /// Image pixels.
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Image pixels.
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// Whether a place shows one colour only; true for places outside.
    pub fn is_plain(&self, place: BoxPx) -> bool {
        let (width, height) = self.pixels.dimensions();
        let [left, top] = [place[0].max(0.0) as u32, place[1].max(0.0) as u32];
        let (right, bottom) = ((place[2].ceil().max(0.0) as u32).min(width), (place[3].ceil().max(0.0) as u32).min(height));
        if left >= right || top >= bottom {
            return true;
        }
        let (mut low, mut high) = ([u8::MAX; 3], [u8::MIN; 3]);
        let row = |y: u32| {
            let from = (y * width + left) as usize * 3;
            &self.pixels.as_raw()[from..from + (right - left) as usize * 3]
        };
        for y in top..bottom {
            for pixel in row(y).chunks_exact(3) {
                for channel in 0..3 {
                    low[channel] = low[channel].min(pixel[channel]);
                    high[channel] = high[channel].max(pixel[channel]);
                }
            }
            if (0..3).any(|channel| high[channel] - low[channel] > PLAIN) {
                return false;
            }
        }
        true
    }

    /// The share of the picture, 0..=1, that has its most common colour, seen coarsely.
    pub fn plain_share(&self) -> f64 {
        let mut counts = std::collections::HashMap::new();
        let (width, height) = self.pixels.dimensions();
        let (mut of, mut most) = (0u32, 0u32);
        for y in (0..height).step_by(3) {
            for x in (0..width).step_by(3) {
                let [r, g, b] = self.pixels.get_pixel(x, y).0;
                let count = counts.entry((r >> 3, g >> 3, b >> 3)).or_insert(0u32);
                *count += 1;
                most = most.max(*count);
                of += 1;
            }
        }
        f64::from(most) / f64::from(of.max(1))
    }

    /// A hash of 64 bits that pictures which look alike share but for a few bits: signs of differences along the rows of a
    /// grid of 9 x 8 mean brightnesses.
    pub fn perceptual_hash(&self) -> u64 {
        let (width, height) = self.pixels.dimensions();
        if width == 0 || height == 0 {
            return 0;
        }
        let mut hash = 0u64;
        for row in 0..8 {
            let mut cells = [0u64; 9];
            for (column, cell) in cells.iter_mut().enumerate() {
                let column = column as u32;
                let (left, right) = (width * column / 9, (width * (column + 1) / 9).max(width * column / 9 + 1).min(width));
                let (top, bottom) = (height * row / 8, (height * (row + 1) / 8).max(height * row / 8 + 1).min(height));
                let (mut sum, mut count) = (0u64, 0u64);
                for y in (top..bottom).step_by(2) {
                    for x in (left..right).step_by(2) {
                        let [r, g, b] = self.pixels.get_pixel(x, y).0;
                        sum += u64::from(r) * 299 + u64::from(g) * 587 + u64::from(b) * 114;
                        count += 1;
                    }
                }
                *cell = sum / count.max(1);
            }
            for column in 0..8 {
                hash = hash << 1 | u64::from(cells[column] > cells[column + 1]);
            }
        }
        hash
    }

    /// The file to store. `png` is the picture as the browser wrote it.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn encode(&self, png: &[u8], encoding: Encoding) -> Result<Vec<u8>, PictureError> {
        let failed = |reason: String| PictureError { what: "stored", bytes: png.len(), reason };
        let mut file = Vec::new();
        match encoding.kind {
            ImageKind::Png => file.extend_from_slice(png),
            ImageKind::Webp => image_webp::WebPEncoder::new(&mut file)
                .encode(self.pixels.as_raw(), self.width(), self.height(), image_webp::ColorType::Rgb8)
                .map_err(|error| failed(error.to_string()))?,
            ImageKind::Jpeg => {
                image::codecs::jpeg::JpegEncoder::new_with_quality(Cursor::new(&mut file), encoding.quality)
                    .encode_image(&self.pixels)
                    .map_err(|error| failed(error.to_string()))?;
            }
        }
        Ok(file)
    }

    /// Black and white squares of two pixels down to `bottom`, white below: for tests.
    #[cfg(test)]
    pub fn checkered(width: u32, height: u32, bottom: u32) -> Picture {
        Picture::of(RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([if y < bottom && (x / 2 + y / 2) % 2 == 0 { 0 } else { 255 }; 3])
        }))
    }
}

impl ImageKind {
    /// `png`, `webp` or `jpeg`.
    pub fn name(self) -> &'static str {
        match self {
            ImageKind::Png => "png",
            ImageKind::Webp => "webp",
            ImageKind::Jpeg => "jpeg",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_one_colour_is_plain() {
        let picture = Picture::checkered(100, 100, 50);
        assert!(!picture.is_plain([10.0, 10.0, 20.0, 20.0]));
        assert!(!picture.is_plain([10.0, 45.0, 20.0, 60.0]));
        assert!(picture.is_plain([10.0, 50.0, 20.0, 60.0]));
        assert!(picture.is_plain([200.0, 0.0, 300.0, 10.0]));
        assert!((picture.plain_share() - 0.75).abs() < 0.05, "{}", picture.plain_share());
    }

    #[test]
    fn alike_pictures_have_alike_hashes() {
        let drawn = |shift: u32| {
            Picture::of(RgbImage::from_fn(320, 200, |x, y| image::Rgb([((x + shift) * 255 / 400) as u8 ^ (y / 50 * 40) as u8; 3])))
        };
        let distance = |a: &Picture, b: &Picture| (a.perceptual_hash() ^ b.perceptual_hash()).count_ones();
        let other = Picture::of(RgbImage::from_fn(320, 200, |x, y| image::Rgb([(x * y / 251 % 256) as u8; 3])));
        assert!(distance(&drawn(0), &drawn(3)) <= 4);
        assert!(distance(&drawn(0), &other) > 16);
    }

    #[test]
    fn lossless_files_give_the_pixels_back() {
        let picture = Picture::checkered(64, 48, 20);
        let mut png = Cursor::new(Vec::new());
        picture.pixels().write_to(&mut png, ImageFormat::Png).unwrap();
        let png = png.into_inner();
        assert_eq!(picture.encode(&png, Encoding { kind: ImageKind::Png, quality: 90 }).unwrap(), png);
        let file = picture.encode(&png, Encoding { kind: ImageKind::Webp, quality: 90 }).unwrap();
        let mut decoder = image_webp::WebPDecoder::new(Cursor::new(file)).unwrap();
        let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_image(&mut pixels).unwrap();
        assert_eq!(pixels, *picture.pixels().as_raw());
        let jpeg = picture.encode(&png, Encoding { kind: ImageKind::Jpeg, quality: 90 }).unwrap();
        assert_eq!(image::load_from_memory(&jpeg).unwrap().width(), 64);
        assert!(Picture::read(b"not a picture").is_err());
    }
}
