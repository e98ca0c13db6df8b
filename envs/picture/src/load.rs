//! From a file to a PNG that is known to be whole.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, ImageReader, Limits};

/// Longest side, in pixels. Larger files are mistakes or attacks.
pub(crate) const LONGEST_SIDE: u32 = 16_384;
/// Bytes that decoding may take.
const MEMORY: u64 = 1 << 30;

/// A picture that can be shown.
pub(crate) struct Loaded {
    pub(crate) png: Vec<u8>,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Reads a picture to its end, so that a file that is cut off is found here and not by a model.
pub(crate) fn png(path: &Path) -> Result<Loaded, String> {
    let file = fs::read(path).map_err(|error| error.to_string())?;
    let mut reader = ImageReader::new(Cursor::new(&file)).with_guessed_format().map_err(|error| error.to_string())?;
    let format = reader.format();
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| error.to_string())?;
    let (width, height) = (picture.width(), picture.height());
    if format == Some(ImageFormat::Png) {
        return Ok(Loaded { png: file, width, height });
    }
    let mut png = Cursor::new(Vec::new());
    picture.to_rgb8().write_to(&mut png, ImageFormat::Png).map_err(|error| error.to_string())?;
    Ok(Loaded { png: png.into_inner(), width, height })
}
