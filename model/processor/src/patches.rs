//! From resized bytes to normalised patches, in the order in which the model reads them.
//!
//! A patch is 14 x 14 pixels of two frames. Patches go by slice of time, then by merge window (row by row), then row by
//! row within the window, so that the four patches that become one token lie side by side. A picture is a video whose
//! two frames are the same.
//!
//! ```text
//! patches of a picture of 4 x 4:     0  1  4  5        one patch: [red, green, blue] x [frame 0, frame 1] x 14 x 14
//!                                    2  3  6  7
//!                                    8  9 12 13
//!                                   10 11 14 15
//! ```

use rayon::prelude::*;

use crate::resize::{Bicubic, smart_resize};
use crate::settings::Settings;
use crate::{Grid, Patches, Picture, ProcessorError};

/// Makes patches of pictures and of the frames of a video.
#[derive(Debug, Clone)]
pub(crate) struct Patcher {
    settings: Settings,
    /// What each byte of each channel becomes.
    normalised: Box<[[f32; 256]; 3]>,
}

impl Patcher {
    pub(crate) fn new(settings: Settings) -> Self {
        let normalised = Box::new(std::array::from_fn(|channel| normalised(&settings, channel)));
        Self { settings, normalised }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A picture's patches.
    ///
    /// # Errors
    /// [`ProcessorError::Aspect`], [`ProcessorError::Size`].
    pub(crate) fn picture(&self, picture: Picture) -> Result<Patches, ProcessorError> {
        let temporal = self.settings.temporal_patch_size;
        let (height, width) = self.target(temporal, &picture)?;
        let resized = Bicubic::default().resize(picture, height, width)?;
        Ok(self.cut(&vec![&resized; temporal]))
    }

    /// A video's patches. All frames have one size; the last is repeated until they fill whole slices.
    ///
    /// # Errors
    /// As [`Patcher::picture`], and [`ProcessorError::Video`] without frames or if their sizes differ.
    pub(crate) fn video(&self, mut frames: Vec<Picture>) -> Result<Patches, ProcessorError> {
        let temporal = self.settings.temporal_patch_size;
        let Some(first) = frames.first() else {
            return Err(ProcessorError::Video("has no frames".into()));
        };
        let size = (first.width(), first.height());
        if let Some((at, other)) = frames.iter().enumerate().find(|(_, frame)| (frame.width(), frame.height()) != size)
        {
            return Err(ProcessorError::Video(format!(
                "has frames of {}x{} and, at {at}, of {}x{} pixels; all must have one size",
                size.0,
                size.1,
                other.width(),
                other.height()
            )));
        }
        // A video of one frame is a still: sampling would have repeated it.
        while frames.len() < temporal {
            frames.push(frames[0].clone());
        }
        let (height, width) = self.target(frames.len(), &frames[0])?;
        let resized = frames
            .into_par_iter()
            .map_init(Bicubic::default, |bicubic, frame| bicubic.resize(frame, height, width))
            .collect::<Result<Vec<_>, _>>()?;
        let mut slices: Vec<&Picture> = resized.iter().collect();
        let last = resized.last().expect("there is at least one frame");
        slices.resize(resized.len().next_multiple_of(temporal), last);
        Ok(self.cut(&slices))
    }

    /// Height and width after resizing.
    fn target(&self, frames: usize, picture: &Picture) -> Result<(usize, usize), ProcessorError> {
        let (height, width) = (picture.height(), picture.width());
        let bounds = self.settings.bounds();
        if self.settings.do_resize {
            return smart_resize(frames, height, width, &bounds);
        }
        if height == 0 || width == 0 || height % bounds.factor != 0 || width % bounds.factor != 0 {
            let reason = format!("is not resized, so its sides must be multiples of {}", bounds.factor);
            return Err(ProcessorError::Size { width, height, reason });
        }
        Ok((height, width))
    }

    /// Frames of whole slices to patches.
    fn cut(&self, frames: &[&Picture]) -> Patches {
        let Settings { patch_size: patch, temporal_patch_size: temporal, merge_size: merge, .. } = self.settings;
        let (width, height) = (frames[0].width(), frames[0].height());
        let grid = Grid { t: frames.len() / temporal, h: height / patch, w: width / patch };
        let dim = 3 * temporal * patch * patch;
        let mut pixels = vec![0.0; grid.patches() * dim];
        // One row of merge windows is one run of the output.
        let run = merge * grid.w * dim;
        pixels.par_chunks_mut(run).enumerate().for_each(|(at, out)| {
            let (slice, window_row) = (at / (grid.h / merge), at % (grid.h / merge));
            let frames = &frames[slice * temporal..][..temporal];
            for (index, out) in out.chunks_exact_mut(dim).enumerate() {
                let (window, inside) = (index / (merge * merge), index % (merge * merge));
                let row = (window_row * merge + inside / merge) * patch;
                let column = (window * merge + inside % merge) * patch;
                self.one(frames, row, column, out);
            }
        });
        let key = key(grid, &self.settings, frames);
        Patches { grid, pixels, key }
    }

    /// The patch at `row`, `column` (in pixels) of the frames of one slice: `[3, temporal, patch, patch]`.
    fn one(&self, frames: &[&Picture], row: usize, column: usize, out: &mut [f32]) {
        let patch = self.settings.patch_size;
        let area = patch * patch;
        for (channel, (table, out)) in self.normalised.iter().zip(out.chunks_exact_mut(frames.len() * area)).enumerate()
        {
            for (at, frame) in frames.iter().enumerate() {
                if at > 0 && std::ptr::eq(*frame, frames[at - 1]) {
                    out.copy_within((at - 1) * area..at * area, at * area);
                    continue;
                }
                let stride = 3 * frame.width();
                for (y, out) in out[at * area..][..area].chunks_exact_mut(patch).enumerate() {
                    let line = &frame.pixels()[(row + y) * stride + 3 * column..][..3 * patch];
                    for (out, pixel) in out.iter_mut().zip(line.chunks_exact(3)) {
                        *out = table[usize::from(pixel[channel])];
                    }
                }
            }
        }
    }
}

/// In f32 and in the reference's order: mean and deviation are scaled up to bytes, not bytes down to 0..1.
fn normalised(settings: &Settings, channel: usize) -> [f32; 256] {
    let (mut mean, mut std) = (settings.image_mean[channel] as f32, settings.image_std[channel] as f32);
    if settings.do_rescale {
        let scale = (1.0 / settings.rescale_factor) as f32;
        (mean, std) = (mean * scale, std * scale);
    }
    std::array::from_fn(|byte| {
        let byte = byte as f32;
        match (settings.do_normalize, settings.do_rescale) {
            (true, _) => (byte - mean) / std,
            (false, true) => byte * settings.rescale_factor as f32,
            (false, false) => byte,
        }
    })
}

/// A cryptographic hash, so that nobody can make a picture for which another's features are used.
fn key(grid: Grid, settings: &Settings, frames: &[&Picture]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    let layout = [settings.patch_size, settings.temporal_patch_size, settings.merge_size];
    for number in [grid.t, grid.h, grid.w].into_iter().chain(layout) {
        hasher.update(&(number as u64).to_le_bytes());
    }
    let mut digest = None;
    for (at, frame) in frames.iter().enumerate() {
        if at == 0 || !std::ptr::eq(*frame, frames[at - 1]) {
            digest = Some(blake3::hash(frame.pixels()));
        }
        hasher.update(digest.expect("set at the first frame").as_bytes());
    }
    let hash = hasher.finalize();
    let half = hash.as_bytes().first_chunk().expect("a hash has 32 bytes");
    u128::from_le_bytes(*half)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without resizing and with bytes as they are, so that each value says where it came from.
    fn raw() -> Patcher {
        let settings =
            Settings { do_resize: false, do_rescale: false, do_normalize: false, patch_size: 1, ..Settings::default() };
        Patcher::new(settings)
    }

    fn numbered(width: usize, height: usize, first: u8) -> Picture {
        let pixels = (0..width * height).flat_map(|at| [first + at as u8, 100, 200]).collect();
        Picture::new(width, height, pixels).unwrap()
    }

    fn reds(patches: &Patches) -> Vec<f32> {
        patches.pixels.chunks_exact(6).map(|patch| patch[0]).collect()
    }

    #[test]
    fn patches_of_a_window_lie_side_by_side() {
        let patches = raw().picture(numbered(4, 4, 0)).unwrap();
        assert_eq!(patches.grid, Grid { t: 1, h: 4, w: 4 });
        let order = [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15].map(|at: u8| f32::from(at));
        assert_eq!(reds(&patches), order);
        // Channel by channel, each in both frames.
        assert_eq!(patches.pixels[..6], [0.0, 0.0, 100.0, 100.0, 200.0, 200.0]);
    }

    #[test]
    fn an_odd_frame_is_repeated() {
        let patches = raw().video(vec![numbered(2, 2, 0), numbered(2, 2, 10), numbered(2, 2, 20)]).unwrap();
        assert_eq!(patches.grid, Grid { t: 2, h: 2, w: 2 });
        let frames: Vec<_> = patches.pixels.chunks_exact(24).map(|slice| (slice[0], slice[1])).collect();
        assert_eq!(frames, [(0.0, 10.0), (20.0, 20.0)]);
    }

    #[test]
    fn equal_pixels_have_equal_keys() {
        let patcher = raw();
        let one = patcher.picture(numbered(4, 4, 0)).unwrap();
        let still = patcher.video(vec![numbered(4, 4, 0), numbered(4, 4, 0)]).unwrap();
        assert_eq!((one.pixels == still.pixels, one.key), (true, still.key));
        assert_ne!(one.key, patcher.picture(numbered(4, 4, 1)).unwrap().key);
        assert_ne!(patcher.picture(numbered(2, 8, 0)).unwrap().key, patcher.picture(numbered(8, 2, 0)).unwrap().key);
    }

    #[test]
    fn frames_of_two_sizes_are_refused() {
        let error = raw().video(vec![numbered(2, 2, 0), numbered(4, 2, 0)]).unwrap_err();
        assert_eq!(error.to_string(), "video has frames of 2x2 and, at 1, of 4x2 pixels; all must have one size");
    }

    #[test]
    fn sides_that_do_not_divide_are_refused() {
        let error = raw().picture(numbered(3, 2, 0)).unwrap_err();
        assert!(error.to_string().contains("multiples of 2"), "{error}");
    }
}
