//! A picture as bytes, and how one is got from an encoded file.
//!
//! PNG, JPEG, WebP and GIF (its first frame) become red, green and blue bytes the way the reference does it: grey is
//! repeated, a palette looked up, transparency dropped without blending, and no EXIF orientation applied.
//!
//! How we differ: sixteen bits become eight by keeping the high byte, of grey pictures too (the reference turns their
//! values over 255 white). JPEG goes through another decoder, whose bytes differ by a few levels at sharp colour edges.
//!
//! ```text
//! Picture { width: 2, height: 1, pixels: [255, 0, 0,   0, 0, 255] }      a red and a blue pixel
//! ```

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use crate::ProcessorError;
use crate::resize::Bicubic;

/// Red, green and blue bytes, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// A picture of `width` x `height` pixels from `[height, width, 3]` bytes.
    ///
    /// # Errors
    /// [`ProcessorError::Size`] if `pixels` has another length.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, ProcessorError> {
        let expected = width.checked_mul(height).and_then(|count| count.checked_mul(3));
        if expected != Some(pixels.len()) {
            let reason = format!("comes with {} bytes, and needs three for each pixel", pixels.len());
            return Err(ProcessorError::Size { width, height, reason });
        }
        Ok(Self { width, height, pixels })
    }

    /// Decodes a PNG, JPEG, WebP or GIF file; which one is told by its first bytes.
    ///
    /// # Errors
    /// [`ProcessorError::TooLarge`] over `max_pixels`, found before memory is taken, and
    /// [`ProcessorError::Undecodable`].
    pub fn decode(encoded: &[u8], max_pixels: usize) -> Result<Self, ProcessorError> {
        let undecodable = |reason: String| ProcessorError::Undecodable { bytes: encoded.len(), reason };
        let mut reader = ImageReader::new(Cursor::new(encoded))
            .with_guessed_format()
            .map_err(|error| undecodable(error.to_string()))?;
        if reader.format().is_none() {
            return Err(undecodable("neither PNG, JPEG, WebP nor GIF".into()));
        }
        reader.limits(limits(max_pixels));
        let decoder = reader.into_decoder().map_err(|error| undecodable(error.to_string()))?;
        let (width, height) = decoder.dimensions();
        let (width, height) = (width as usize, height as usize);
        if width.saturating_mul(height) > max_pixels {
            return Err(ProcessorError::TooLarge { width, height, limit: max_pixels });
        }
        let decoded = DynamicImage::from_decoder(decoder).map_err(|error| undecodable(error.to_string()))?;
        Self::new(width, height, to_rgb(decoded))
    }

    /// This moved by `dx` rightwards and `dy` downwards, where its edge is repeated, and each byte replaced by what stands for
    /// it in `table`. The size stays.
    #[must_use]
    pub fn changed(&self, dx: i32, dy: i32, table: &[u8; 256]) -> Self {
        let from = |at: usize, way: i32, size: usize| (at as i64 - i64::from(way)).clamp(0, size as i64 - 1) as usize;
        let columns: Vec<usize> = (0..self.width).map(|x| 3 * from(x, dx, self.width)).collect();
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            let line = &self.pixels[3 * self.width * from(y, dy, self.height)..][..3 * self.width];
            for &x in &columns {
                pixels.extend([line[x], line[x + 1], line[x + 2]].map(|byte| table[usize::from(byte)]));
            }
        }
        Self { width: self.width, height: self.height, pixels }
    }

    /// This at another size, resampled as the reference does it. Equal sizes change nothing.
    ///
    /// # Errors
    /// [`ProcessorError::Size`] if a side is zero.
    pub fn resized(self, width: usize, height: usize) -> Result<Self, ProcessorError> {
        Bicubic::default().resize(self, height, width)
    }

    /// In pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// In pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// `[height, width, 3]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }
}

/// The sides are checked by us, for a better message; this bounds what a decoder takes for itself.
fn limits(max_pixels: usize) -> Limits {
    let mut limits = Limits::no_limits();
    // Four channels of two bytes, and as much again for the decoder's own buffers.
    limits.max_alloc = Some((max_pixels as u64).saturating_mul(16).max(1 << 24));
    limits
}

pub(crate) fn to_rgb(decoded: DynamicImage) -> Vec<u8> {
    match decoded {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        DynamicImage::ImageLuma8(image) => image.as_raw().iter().flat_map(|&grey| [grey; 3]).collect(),
        DynamicImage::ImageLumaA8(image) => image.as_raw().chunks_exact(2).flat_map(|pixel| [pixel[0]; 3]).collect(),
        DynamicImage::ImageRgba8(image) => drop_alpha(image.as_raw()),
        DynamicImage::ImageLuma16(image) => image.as_raw().iter().flat_map(|&grey| [high(grey); 3]).collect(),
        DynamicImage::ImageLumaA16(image) => {
            image.as_raw().chunks_exact(2).flat_map(|pixel| [high(pixel[0]); 3]).collect()
        }
        DynamicImage::ImageRgb16(image) => image.as_raw().iter().map(|&value| high(value)).collect(),
        DynamicImage::ImageRgba16(image) => {
            image.as_raw().chunks_exact(4).flat_map(|pixel| [high(pixel[0]), high(pixel[1]), high(pixel[2])]).collect()
        }
        other => other.to_rgb8().into_raw(),
    }
}

fn drop_alpha(rgba: &[u8]) -> Vec<u8> {
    let mut rgb = vec![0; rgba.len() / 4 * 3];
    for (to, from) in rgb.chunks_exact_mut(3).zip(rgba.chunks_exact(4)) {
        to.copy_from_slice(&from[..3]);
    }
    rgb
}

fn high(value: u16) -> u8 {
    (value >> 8) as u8
}
