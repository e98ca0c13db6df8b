//! How large a picture becomes, and its pixels at that size.
//!
//! Both follow the reference, Hugging Face's `smart_resize` and torchvision's bicubic resampling with antialias on bytes
//! (kernel a = -0.5, weights as 16-bit integers, rows first, rounded to bytes between the two passes). The arithmetic of
//! `fast_image_resize` is the same, except that it takes columns first; hence two calls, one for each pass.
//!
//! ```text
//! 1920 x 1080  ->  1932 x 1092   (multiples of 28 near the original)
//!    1 x 1     ->    84 x 84     (at least 112 x 112 pixels over two frames)
//! 5000 x 20    ->  an error      (over 200:1)
//! ```

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use crate::{Picture, ProcessorError};

/// What a picture's size is rounded to and held between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Frames in one slice of time.
    pub temporal: usize,
    /// Sides become multiples of this: patch size times merge size, in pixels.
    pub factor: usize,
    /// Least number of pixels, over all frames together.
    pub min_pixels: usize,
    /// Largest number of pixels, over all frames together.
    pub max_pixels: usize,
}

/// Longest side over shortest, at most.
const MAX_ASPECT: f64 = 200.0;

/// Height and width that `frames` frames of `height` x `width` are resized to: multiples of `bounds.factor`, with the
/// aspect ratio kept as well as that allows.
///
/// # Errors
/// [`ProcessorError::Aspect`] over 200:1, [`ProcessorError::Size`] without pixels, [`ProcessorError::Video`] with fewer
/// frames than make a slice.
pub fn smart_resize(
    frames: usize,
    height: usize,
    width: usize,
    bounds: &Bounds,
) -> Result<(usize, usize), ProcessorError> {
    if height == 0 || width == 0 {
        return Err(ProcessorError::Size { width, height, reason: "has no pixels".into() });
    }
    if frames < bounds.temporal {
        return Err(ProcessorError::Video(format!("has {frames} frames, and needs at least {}", bounds.temporal)));
    }
    let factor = bounds.factor as f64;
    let (mut h, mut w) = (height as f64, width as f64);
    if h < factor || w < factor {
        let scale = (factor / h).max(factor / w);
        (h, w) = ((h * scale).trunc(), (w * scale).trunc());
    }
    let ratio = h.max(w) / h.min(w);
    if ratio > MAX_ASPECT {
        return Err(ProcessorError::Aspect { width, height, ratio });
    }
    // Halves go to the even neighbour, as Python rounds.
    let mut rows = (h / factor).round_ties_even() * factor;
    let mut columns = (w / factor).round_ties_even() * factor;
    let temporal = bounds.temporal as f64;
    let count = frames as f64;
    let total = (count / temporal).round_ties_even() * temporal * rows * columns;
    if total > bounds.max_pixels as f64 {
        let beta = (count * h * w / bounds.max_pixels as f64).sqrt();
        rows = ((h / beta / factor).floor() * factor).max(factor);
        columns = ((w / beta / factor).floor() * factor).max(factor);
    } else if total < bounds.min_pixels as f64 {
        let beta = (bounds.min_pixels as f64 / (count * h * w)).sqrt();
        rows = (h * beta / factor).ceil() * factor;
        columns = (w * beta / factor).ceil() * factor;
    }
    Ok((rows as usize, columns as usize))
}

/// Resamples pictures; keeps its buffers from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Bicubic {
    resizer: Resizer,
}

impl Bicubic {
    /// The picture at `height` x `width`. Equal to torchvision's, byte for byte.
    ///
    /// # Errors
    /// [`ProcessorError::Size`] if a side is zero.
    pub(crate) fn resize(&mut self, picture: Picture, height: usize, width: usize) -> Result<Picture, ProcessorError> {
        for (width, height) in [(picture.width(), picture.height()), (width, height)] {
            if width == 0 || height == 0 {
                return Err(ProcessorError::Size { width, height, reason: "has no pixels".into() });
            }
        }
        let rows = picture.height();
        let picture = self.pass(picture, width, rows)?;
        self.pass(picture, width, height)
    }

    fn pass(&mut self, picture: Picture, width: usize, height: usize) -> Result<Picture, ProcessorError> {
        if (width, height) == (picture.width(), picture.height()) {
            return Ok(picture);
        }
        let mut pixels = vec![0; 3 * width * height];
        self.resample(&picture, (width as u32, height as u32), &mut pixels).map_err(|error| ProcessorError::Size {
            width,
            height,
            reason: format!("cannot be resampled: {error}"),
        })?;
        Picture::new(width, height, pixels)
    }

    // Typed, so that the kernels of other pixels are not compiled.
    fn resample(&mut self, from: &Picture, size: (u32, u32), to: &mut [u8]) -> Result<(), Box<dyn std::error::Error>> {
        let source = TypedImageRef::<U8x3>::from_buffer(from.width() as u32, from.height() as u32, from.pixels())?;
        let mut target = TypedImage::<U8x3>::from_buffer(size.0, size.1, to)?;
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom)).use_alpha(false);
        Ok(self.resizer.resize_typed(&source, &mut target, &options)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: Bounds = Bounds { temporal: 2, factor: 28, min_pixels: 112 * 112, max_pixels: 28 * 28 * 15000 };

    #[test]
    fn sides_are_multiples_near_the_original() {
        assert_eq!(smart_resize(2, 1080, 1920, &IMAGE).unwrap(), (1092, 1932));
    }

    #[test]
    fn one_pixel_is_scaled_up() {
        assert_eq!(smart_resize(2, 1, 1, &IMAGE).unwrap(), (84, 84));
    }

    #[test]
    fn halves_round_to_even() {
        // 42 / 28 = 1.5 and 70 / 28 = 2.5 are both two tokens.
        let loose = Bounds { min_pixels: 1, ..IMAGE };
        assert_eq!(smart_resize(2, 42, 70, &loose).unwrap(), (56, 56));
    }

    #[test]
    fn long_pictures_are_refused() {
        assert!(smart_resize(2, 28, 5600, &IMAGE).is_ok());
        let error = smart_resize(2, 20, 20_000, &IMAGE).unwrap_err();
        assert_eq!(error.to_string(), "aspect ratio of a 20000x20 picture is 1000, and may be at most 200; crop it");
    }

    #[test]
    fn nothing_is_refused() {
        assert!(smart_resize(2, 0, 5, &IMAGE).unwrap_err().to_string().contains("has no pixels"));
        assert!(smart_resize(1, 5, 5, &IMAGE).unwrap_err().to_string().contains("at least 2"));
    }

    #[test]
    fn no_pixels_are_refused() {
        let empty = Picture::new(0, 5, Vec::new()).unwrap();
        assert!(empty.resized(28, 28).unwrap_err().to_string().contains("0x5 pixels has no pixels"));
    }

    #[test]
    fn a_flat_picture_stays_flat() {
        let flat = Picture::new(37, 19, [7, 100, 255].repeat(37 * 19)).unwrap();
        let resized = Bicubic::default().resize(flat, 56, 28).unwrap();
        assert_eq!(resized.pixels(), [7, 100, 255].repeat(56 * 28));
    }
}
