//! The reference's choice of frames, to the rounding.

use crate::{Family, ProcessorError, Settings};

/// How the frames of a video are chosen and their times written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VideoRules {
    family: Family,
    /// Frames in a slice.
    temporal: usize,
    /// If not, all frames are looked at.
    sample: bool,
    fps: f64,
    max_duration: f64,
}

/// Up to so many seconds, so many slices a second (GLM-4.6V).
const RATES: [(f64, f64); 3] = [(30.0, 3.0), (300.0, 1.0), (2400.0, 0.5)];
/// Frames looked at, at most (GLM-4.6V).
const MAX_FRAMES: usize = 640;

impl VideoRules {
    /// Those of a family, with a checkpoint's numbers.
    pub fn new(family: Family, settings: &Settings) -> Self {
        Self {
            family,
            temporal: settings.temporal_patch_size,
            sample: settings.do_sample_frames,
            fps: settings.fps,
            max_duration: settings.max_duration,
        }
    }

    /// Whose rules they are.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Which of `total` frames are looked at: indices, ascending, an even number of them (the last may come twice).
    /// `fps` are frames in a second; without a duration, in seconds, it is taken from the number of frames.
    ///
    /// # Errors
    /// [`ProcessorError::Video`] if there are no frames.
    pub fn sample(&self, total: usize, fps: f64, duration: Option<f64>) -> Result<Vec<usize>, ProcessorError> {
        if total == 0 {
            return Err(ProcessorError::Video("has no frames".into()));
        }
        if !self.sample {
            return Ok((0..total).collect());
        }
        let estimate = ((total - 1) as f64 / fps).round_ties_even() + 1.0;
        let duration = duration.filter(|&duration| duration > 0.0).unwrap_or(estimate);
        let mut chosen = match self.family {
            Family::Glm4v => self.by_rate(total, fps, duration),
            Family::Glm46v => self.by_length(total, fps, duration),
        };
        chosen.dedup();
        // Under a sixth of a second the reference takes nothing and then fails; one look is better.
        if chosen.is_empty() {
            chosen.push(0);
        }
        if chosen.len() % 2 == 1 {
            chosen.extend(chosen.last().copied());
        }
        Ok(chosen)
    }

    fn by_rate(&self, total: usize, fps: f64, duration: f64) -> Vec<usize> {
        let at = |frame: f64| (frame.ceil() as usize).min(total - 1);
        if duration <= self.max_duration {
            let count = ((duration * self.fps).floor() as usize).max(1);
            return (0..count).map(|index| at(index as f64 * fps / self.fps)).collect();
        }
        let count = (self.max_duration * self.fps) as usize;
        if count >= total {
            return (0..total).collect();
        }
        spaced(0.0, duration, count).map(|second| at(second * fps)).collect()
    }

    fn by_length(&self, total: usize, fps: f64, duration: f64) -> Vec<usize> {
        let longest = RATES[RATES.len() - 1];
        let effective = duration.min(longest.0);
        let (_, rate) = RATES.into_iter().find(|&(seconds, _)| effective <= seconds).unwrap_or(longest);
        let count = ((effective * rate * self.temporal as f64) as usize).min(MAX_FRAMES);
        let last = total - 1;
        let evenly = |from: usize, to: usize| -> Vec<usize> {
            spaced(from as f64, to as f64, count).map(|frame| frame.floor() as usize).collect()
        };
        if total < count {
            return evenly(0, last);
        }
        let (each_frame, each_look) = (1.0 / fps, 1.0 / (self.temporal as f64 * rate));
        let (mut next, mut chosen) = (0.0, Vec::new());
        for frame in 0..total {
            if frame as f64 * each_frame >= next {
                next += each_look;
                chosen.push(frame);
                if next >= duration.trunc() {
                    break;
                }
            }
        }
        match chosen.len() {
            taken if taken < count => evenly(chosen[0], chosen[taken - 1]),
            taken if taken > count => evenly(0, last),
            _ => chosen,
        }
    }

    /// When a slice was, as the prompt says it.
    pub(crate) fn stamp(&self, seconds: f64) -> String {
        match self.family {
            Family::Glm4v => format!("{}", seconds.trunc()),
            Family::Glm46v => format!("{seconds:.1} seconds"),
        }
    }
}

/// `count` numbers from `start` to `stop`, both included, rounded as numpy's `linspace` does.
fn spaced(start: f64, stop: f64, count: usize) -> impl Iterator<Item = f64> {
    let step = (stop - start) / (count as f64 - 1.0);
    (0..count).map(move |at| match at {
        0 => start,
        at if at == count - 1 => stop,
        at => at as f64 * step + start,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(family: Family) -> VideoRules {
        VideoRules::new(family, &Settings::video())
    }

    #[test]
    fn a_single_frame_is_looked_at_twice() {
        assert_eq!(rules(Family::Glm4v).sample(1, 24.0, None).unwrap(), [0, 0]);
        assert_eq!(rules(Family::Glm46v).sample(1, 24.0, Some(1.0 / 24.0)).unwrap(), [0, 0]);
        assert!(rules(Family::Glm4v).sample(0, 24.0, None).is_err());
    }

    #[test]
    fn times_are_written_as_python_rounds() {
        let of = |seconds| (rules(Family::Glm4v).stamp(seconds), rules(Family::Glm46v).stamp(seconds));
        assert_eq!(of(2.75), ("2".into(), "2.8 seconds".into()));
        assert_eq!(of(0.25), ("0".into(), "0.2 seconds".into()));
        assert_eq!(of(0.35), ("0".into(), "0.3 seconds".into()));
        assert_eq!(of(1000.0), ("1000".into(), "1000.0 seconds".into()));
    }
}
