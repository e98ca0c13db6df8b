//! Which frames of a video are looked at, and when each was.
//!
//! Frames come from the caller, from a folder of pictures or from an animated GIF; there is no decoder of films here, so
//! that nothing in C is needed: `ffmpeg -i film.mp4 frames/%06d.png` makes the folder. Only the frames that are looked
//! at are read and decoded.
//!
//! GLM-4.1V and GLM-4.5V take two frames a second, of videos over five minutes 600 in all. GLM-4.6V takes six, two or
//! one, by length, and 640 at most.
//!
//! ```text
//! 100 frames at 30 a second, GLM-4.1V   ->   frames 0 15 30 45 60 75, of which each pair is a slice at 0, 1 and 2 s
//! ```

mod sampling;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, DynamicImage, ImageDecoder};

use crate::picture::to_rgb;
use crate::{Picture, ProcessorError};

pub use sampling::VideoRules;

/// Frames and their times.
#[derive(Debug, Clone)]
pub struct Video {
    frames: Vec<Frame>,
    /// Frames in a second of the original.
    fps: f64,
    /// In seconds; if not known it is taken from the number of frames.
    duration: Option<f64>,
    /// Which frames of the original these are, if they were chosen before.
    chosen: Option<Vec<usize>>,
}

/// One frame.
#[derive(Debug, Clone)]
pub enum Frame {
    /// Decoded.
    Picture(Picture),
    /// A file, read when the frame is looked at.
    File(PathBuf),
}

impl Frame {
    pub(crate) fn decode(self, max_pixels: usize) -> Result<Picture, ProcessorError> {
        match self {
            Self::Picture(picture) => Ok(picture),
            Self::File(path) => {
                let bytes = std::fs::read(&path).map_err(|error| ProcessorError::io(&path, error))?;
                Picture::decode(&bytes, max_pixels).map_err(|error| ProcessorError::file(path, error))
            }
        }
    }
}

impl Video {
    /// A whole video of `fps` frames a second, of which frames are chosen later.
    ///
    /// # Errors
    /// [`ProcessorError::Video`] without frames, or if `fps` is not above 0.
    pub fn new(frames: Vec<Frame>, fps: f64) -> Result<Self, ProcessorError> {
        if frames.is_empty() {
            return Err(ProcessorError::Video("has no frames".into()));
        }
        if !(fps > 0.0 && fps.is_finite()) {
            return Err(ProcessorError::Video(format!("has {fps} frames a second; the number must be above 0")));
        }
        Ok(Self { frames, fps, duration: None, chosen: None })
    }

    /// Frames chosen before: `indices[i]` is the number of `frames[i]` in a video of `fps` frames a second.
    ///
    /// # Errors
    /// As [`Video::new`], and if there are more or fewer indices than frames.
    pub fn chosen(frames: Vec<Frame>, indices: Vec<usize>, fps: f64) -> Result<Self, ProcessorError> {
        if frames.len() != indices.len() {
            let (frames, indices) = (frames.len(), indices.len());
            return Err(ProcessorError::Video(format!("has {frames} frames and {indices} indices of frames")));
        }
        Ok(Self { chosen: Some(indices), ..Self::new(frames, fps)? })
    }

    /// A folder of pictures, in the order of their names, taken `fps` times a second.
    ///
    /// # Errors
    /// [`ProcessorError::Io`], and as [`Video::new`].
    pub fn folder(dir: &Path, fps: f64) -> Result<Self, ProcessorError> {
        let failed = |error| ProcessorError::io(dir, error);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let extension = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
            if ["png", "jpg", "jpeg", "webp", "gif"].contains(&extension.as_str()) {
                files.push(path);
            }
        }
        files.sort();
        Self::new(files.into_iter().map(Frame::File).collect(), fps)
    }

    /// An animated GIF. Its frames are taken to be equally long, as most are.
    ///
    /// # Errors
    /// [`ProcessorError::Undecodable`]; [`ProcessorError::TooLarge`] if all frames together have over `max_pixels`.
    pub fn gif(encoded: &[u8], max_pixels: usize) -> Result<Self, ProcessorError> {
        let undecodable =
            |error: image::ImageError| ProcessorError::Undecodable { bytes: encoded.len(), reason: error.to_string() };
        let decoder = GifDecoder::new(Cursor::new(encoded)).map_err(undecodable)?;
        let (width, height) = decoder.dimensions();
        let (width, height) = (width as usize, height as usize);
        let (mut frames, mut seconds) = (Vec::new(), 0.0);
        // Checked before each frame is decoded.
        let room = max_pixels.checked_div(width * height).unwrap_or_default();
        for frame in decoder.into_frames() {
            if frames.len() >= room {
                return Err(ProcessorError::TooLarge { width, height: height * (frames.len() + 1), limit: max_pixels });
            }
            let frame = frame.map_err(undecodable)?;
            let (numerator, denominator) = frame.delay().numer_denom_ms();
            seconds += f64::from(numerator) / f64::from(denominator) / 1000.0;
            let pixels = to_rgb(DynamicImage::ImageRgba8(frame.into_buffer()));
            frames.push(Frame::Picture(Picture::new(width, height, pixels)?));
        }
        // Without delays viewers show ten frames a second.
        let fps = if seconds > 0.0 { frames.len() as f64 / seconds } else { 10.0 };
        Self::new(frames, fps)
    }

    /// This, lasting so many seconds.
    #[must_use]
    pub fn lasting(mut self, seconds: f64) -> Self {
        self.duration = Some(seconds);
        self
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Never, as a video has at least one frame.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The frames to look at, each with its time in seconds.
    pub(crate) fn take(&self, rules: &VideoRules) -> Result<Vec<(Frame, f64)>, ProcessorError> {
        let indices = match &self.chosen {
            Some(_) => (0..self.frames.len()).collect(),
            None => rules.sample(self.frames.len(), self.fps, self.duration)?,
        };
        let time = |at: usize| self.chosen.as_ref().map_or(at, |chosen| chosen[at]) as f64 / self.fps;
        Ok(indices.into_iter().map(|at| (self.frames[at].clone(), time(at))).collect())
    }
}
