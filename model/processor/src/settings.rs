//! How a checkpoint wants its pictures and videos prepared.
//!
//! Read unchanged from `preprocessor_config.json` and `video_preprocessor_config.json`, or from the one
//! `processor_config.json` into which newer checkpoints put both; what is absent has the reference's default.
//!
//! ```text
//! {"size": {"shortest_edge": 12544, "longest_edge": 9633792}, "patch_size": 14, "merge_size": 2,
//!  "temporal_patch_size": 2, "image_mean": [0.48145466, 0.4578275, 0.40821073], ...}
//! ```

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::resize::Bounds;
use crate::{Family, ProcessorError};

/// How pictures, or the frames of videos, are resized, normalised and cut.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether sizes are changed at all; if not, sides must already be multiples of patch size times merge size.
    pub do_resize: bool,
    /// Pixels over all frames of a picture (which counts as one slice of frames) or video.
    pub size: Size,
    /// Pillow's number for the kernel; 3, bicubic, is the one there is.
    pub resample: u32,
    /// Whether bytes are multiplied by `rescale_factor`.
    pub do_rescale: bool,
    /// 1/255.
    pub rescale_factor: f64,
    /// Whether the mean is subtracted and the result divided by the standard deviation.
    pub do_normalize: bool,
    /// Of red, green and blue, on the scale of 0 to 1.
    pub image_mean: [f64; 3],
    /// Of red, green and blue, on the scale of 0 to 1.
    pub image_std: [f64; 3],
    /// Side of a patch, in pixels.
    pub patch_size: usize,
    /// Frames in a patch.
    pub temporal_patch_size: usize,
    /// Patches on the side of what becomes one token.
    pub merge_size: usize,
    /// Frames taken of a second of video (GLM-4.1V).
    pub fps: f64,
    /// Seconds of video up to which that many are taken; of longer ones as many as of this length (GLM-4.1V).
    pub max_duration: f64,
    /// Whether frames are chosen here. If not, all that are given are used.
    pub do_sample_frames: bool,
}

/// Least and largest number of pixels. The names are the file's, though they measure areas.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Size {
    /// Least number of pixels.
    pub shortest_edge: usize,
    /// Largest number of pixels.
    pub longest_edge: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            do_resize: true,
            size: Size { shortest_edge: 112 * 112, longest_edge: 28 * 28 * 15000 },
            resample: 3,
            do_rescale: true,
            rescale_factor: 1.0 / 255.0,
            do_normalize: true,
            image_mean: [0.48145466, 0.4578275, 0.40821073],
            image_std: [0.26862954, 0.26130258, 0.27577711],
            patch_size: 14,
            temporal_patch_size: 2,
            merge_size: 2,
            fps: 2.0,
            max_duration: 300.0,
            do_sample_frames: true,
        }
    }
}

impl Settings {
    /// The reference's defaults for videos.
    pub fn video() -> Self {
        let size = Size { shortest_edge: 112 * 112, longest_edge: 28 * 28 * 2 * 30000 };
        Self { size, ..Self::default() }
    }

    /// Those of a checkpoint's folder: of pictures, then of videos.
    ///
    /// # Errors
    /// [`ProcessorError::Io`] and [`ProcessorError::File`] if a file is there but cannot be read or understood,
    /// [`ProcessorError::Setting`] if it asks for what there is not.
    pub fn open(dir: &Path) -> Result<(Self, Self), ProcessorError> {
        let combined = read_json(&dir.join("processor_config.json"))?;
        let part = |name: &str| combined.as_ref().and_then(|all| all.get(name)).cloned();
        let image_file = dir.join("preprocessor_config.json");
        let image = match part("image_processor") {
            Some(part) => Some(part),
            None => read_json(&image_file)?,
        };
        let video_file = dir.join("video_preprocessor_config.json");
        let video = match part("video_processor") {
            Some(part) => Some(part),
            // Before videos had a file of their own, they were prepared by that of pictures.
            None => read_json(&video_file)?.or_else(|| image.clone()),
        };
        let image = Self::default().overlaid(image, &image_file)?;
        let video = Self::video().overlaid(video, &video_file)?;
        Ok((image, video))
    }

    /// Writes `preprocessor_config.json` and `video_preprocessor_config.json`, with the names of the reference's classes.
    ///
    /// # Errors
    /// [`ProcessorError::Io`].
    pub(crate) fn save(dir: &Path, family: Family, images: &Self, videos: &Self) -> Result<(), ProcessorError> {
        let class = family.class();
        let kinds = [
            ("preprocessor_config.json", "image_processor_type", "ImageProcessor", images),
            ("video_preprocessor_config.json", "video_processor_type", "VideoProcessor", videos),
        ];
        for (name, kind, suffix, settings) in kinds {
            let mut json = settings.to_json();
            if kind == "image_processor_type" {
                for name in ["fps", "max_duration", "do_sample_frames"] {
                    json.shift_remove(name);
                }
            }
            json.insert(kind.into(), format!("{class}{suffix}").into());
            json.insert("processor_class".into(), format!("{class}Processor").into());
            let path = dir.join(name);
            let text = format!("{:#}\n", Value::Object(json));
            std::fs::write(&path, text).map_err(|error| ProcessorError::io(path, error))?;
        }
        Ok(())
    }

    /// What sizes are held between.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            temporal: self.temporal_patch_size,
            factor: self.patch_size * self.merge_size,
            min_pixels: self.size.shortest_edge,
            max_pixels: self.size.longest_edge,
        }
    }

    /// These with what `given` names replaced.
    fn overlaid(self, given: Option<Value>, file: &Path) -> Result<Self, ProcessorError> {
        let Some(given) = given else { return Ok(self) };
        let Value::Object(given) = given else {
            return Err(ProcessorError::file(file, "not a JSON object"));
        };
        let mut all = self.to_json();
        for (name, value) in given {
            // Hugging Face writes null for what was not set.
            if !value.is_null() && all.contains_key(&name) {
                all.insert(name, value);
            }
        }
        let settings: Self =
            serde_json::from_value(Value::Object(all)).map_err(|error| ProcessorError::file(file, error))?;
        settings.validate()?;
        Ok(settings)
    }

    fn to_json(&self) -> serde_json::Map<String, Value> {
        let json = serde_json::json!({
            "do_resize": self.do_resize,
            "size": {"shortest_edge": self.size.shortest_edge, "longest_edge": self.size.longest_edge},
            "resample": self.resample,
            "do_rescale": self.do_rescale,
            "rescale_factor": self.rescale_factor,
            "do_normalize": self.do_normalize,
            "image_mean": self.image_mean,
            "image_std": self.image_std,
            "patch_size": self.patch_size,
            "temporal_patch_size": self.temporal_patch_size,
            "merge_size": self.merge_size,
            "fps": self.fps,
            "max_duration": self.max_duration,
            "do_sample_frames": self.do_sample_frames,
        });
        match json {
            Value::Object(map) => map,
            _ => unreachable!("written as an object above"),
        }
    }

    fn validate(&self) -> Result<(), ProcessorError> {
        let wrong = |setting: &str, value: &dyn std::fmt::Display, expected: &str| {
            let (value, expected) = (value.to_string(), expected.to_owned());
            Err(ProcessorError::Setting { setting: setting.into(), value, expected })
        };
        for (name, value) in [
            ("patch_size", self.patch_size),
            ("merge_size", self.merge_size),
            ("temporal_patch_size", self.temporal_patch_size),
        ] {
            if value == 0 || value > 1024 {
                return wrong(name, &value, "must lie between 1 and 1024");
            }
        }
        if self.do_resize && self.resample != 3 {
            return wrong("resample", &self.resample, "only 3, bicubic, is supported");
        }
        if self.size.shortest_edge == 0 || self.size.shortest_edge > self.size.longest_edge {
            return wrong("size.shortest_edge", &self.size.shortest_edge, "must lie between 1 and size.longest_edge");
        }
        if let Some(std) = self.image_std.iter().find(|&&std| std <= 0.0) {
            return wrong("image_std", std, "must be above 0");
        }
        if self.rescale_factor <= 0.0 {
            return wrong("rescale_factor", &self.rescale_factor, "must be above 0");
        }
        if self.fps <= 0.0 {
            return wrong("fps", &self.fps, "must be above 0");
        }
        if self.max_duration <= 0.0 {
            return wrong("max_duration", &self.max_duration, "must be above 0");
        }
        Ok(())
    }
}

/// None if there is no such file.
pub(crate) fn read_json(path: &Path) -> Result<Option<Value>, ProcessorError> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| ProcessorError::file(path, error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ProcessorError::io(path, error)),
    }
}
