//! A prompt with each picture's placeholders found.

use std::ops::Range;
use std::sync::Arc;

use glim_processor::{Input, Patches};

/// What the checkpoint says about pictures in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureFormat {
    /// The placeholder of one token of a picture, or of a video's frame.
    pub placeholder: u32,
    /// Opens a video: placeholders behind it belong to videos.
    pub video_start: u32,
    /// Closes it.
    pub video_end: u32,
    /// Patches are merged in windows of so many rows and columns.
    pub merge: usize,
    /// Values of one patch.
    pub patch_values: usize,
}

/// Placeholders in a row that stand for features in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    /// Where in the prompt.
    at: Range<usize>,
    /// Of which picture: images first, then videos.
    picture: usize,
    /// Of the picture's features, the first.
    first: usize,
}

/// A prompt that was found to be sound.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    /// Ids and pictures.
    pub input: Arc<Input>,
    runs: Vec<Run>,
}

impl Prompt {
    /// Finds each placeholder's picture.
    ///
    /// # Errors
    /// Says what does not fit, where placeholders and pictures do not.
    pub fn new(input: Arc<Input>, format: &PictureFormat) -> Result<Prompt, String> {
        for (kind, pictures) in [("image", &input.images), ("video", &input.videos)] {
            for (number, picture) in pictures.iter().enumerate() {
                check_picture(picture, format).map_err(|reason| format!("{kind} {number} {reason}"))?;
            }
        }
        let mut runs: Vec<Run> = Vec::new();
        let tokens = |picture: &Arc<Patches>| picture.grid.tokens(format.merge);
        let mut images = Cursor::new("image", 0, input.images.iter().map(tokens).collect());
        let mut videos = Cursor::new("video", input.images.len(), input.videos.iter().map(tokens).collect());
        let mut open = 0i64;
        for (place, &id) in input.ids.iter().enumerate() {
            if id == format.video_start {
                open += 1;
            } else if id == format.video_end {
                open -= 1;
            } else if id == format.placeholder {
                let cursor = if open > 0 { &mut videos } else { &mut images };
                let (picture, feature) = cursor.next()?;
                match runs.last_mut() {
                    Some(run) if run.at.end == place && run.picture == picture => run.at.end += 1,
                    _ => runs.push(Run { at: place..place + 1, picture, first: feature }),
                }
            }
        }
        images.finish()?;
        videos.finish()?;
        Ok(Prompt { input, runs })
    }

    /// Tokens of the prompt.
    pub fn len(&self) -> usize {
        self.input.ids.len()
    }

    /// Its pictures: images first, then videos.
    pub fn pictures(&self) -> impl Iterator<Item = &Arc<Patches>> {
        self.input.images.iter().chain(&self.input.videos)
    }

    /// The features that stand in a part of the prompt, in their order there: of which picture, and which of its rows.
    pub fn features(&self, part: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.runs.iter().filter_map(move |run| {
            let (start, end) = (run.at.start.max(part.start), run.at.end.min(part.end));
            (start < end).then(|| {
                let first = run.first + start - run.at.start;
                (run.picture, first..first + end - start)
            })
        })
    }

    /// How many tokens from the start two prompts have in common, pictures included.
    pub fn common_prefix(&self, other: &Prompt) -> usize {
        let ids = self.input.ids.iter().zip(&other.input.ids).take_while(|(a, b)| a == b).count();
        let described = |prompt: &'_ Prompt| -> Vec<(Range<usize>, u128, usize)> {
            let key = |run: &Run| prompt.pictures().nth(run.picture).map_or(0, |picture| picture.key);
            prompt.runs.iter().map(|run| (run.at.clone(), key(run), run.first)).collect()
        };
        let (ours, theirs) = (described(self), described(other));
        let differing = ours.iter().zip(&theirs).find(|((at, key, first), (their_at, their_key, their_first))| {
            (at.start, key, first) != (their_at.start, their_key, their_first)
        });
        // Runs that begin alike and end apart do so at ids that differ, or where a picture of another size begins.
        differing.map_or(ids, |((at, ..), (their_at, ..))| ids.min(at.start).min(their_at.start))
    }
}

fn check_picture(picture: &Patches, format: &PictureFormat) -> Result<(), String> {
    let grid = picture.grid;
    if grid.patches() == 0 || !grid.h.is_multiple_of(format.merge) || !grid.w.is_multiple_of(format.merge) {
        return Err(format!(
            "has a grid of {}x{}x{} patches, and rows and columns must be multiples of {}",
            grid.t, grid.h, grid.w, format.merge
        ));
    }
    let expected = grid.patches() * format.patch_values;
    if picture.pixels.len() != expected {
        return Err(format!("has {} values, and its grid asks for {expected}", picture.pixels.len()));
    }
    Ok(())
}

/// Hands out the features of all pictures of a kind, one after another.
struct Cursor {
    kind: &'static str,
    first_picture: usize,
    tokens: Vec<usize>,
    picture: usize,
    feature: usize,
    placeholders: usize,
}

impl Cursor {
    fn new(kind: &'static str, first_picture: usize, tokens: Vec<usize>) -> Cursor {
        Cursor { kind, first_picture, tokens, picture: 0, feature: 0, placeholders: 0 }
    }

    fn next(&mut self) -> Result<(usize, usize), String> {
        let Some(&tokens) = self.tokens.get(self.picture) else {
            return Err(self.mismatch("more than"));
        };
        let place = (self.first_picture + self.picture, self.feature);
        self.placeholders += 1;
        self.feature += 1;
        if self.feature == tokens {
            (self.picture, self.feature) = (self.picture + 1, 0);
        }
        Ok(place)
    }

    fn finish(&self) -> Result<(), String> {
        if self.picture < self.tokens.len() {
            return Err(self.mismatch(&format!("{} placeholders for", self.placeholders)));
        }
        Ok(())
    }

    fn mismatch(&self, found: &str) -> String {
        let (kind, count) = (self.kind, self.tokens.len());
        let needed: usize = self.tokens.iter().sum();
        format!("the prompt has {found} the {needed} {kind} tokens of its {count} {kind}s; let the processor write it")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use glim_processor::Grid;

    use super::*;

    pub(crate) const FORMAT: PictureFormat =
        PictureFormat { placeholder: 90, video_start: 91, video_end: 92, merge: 2, patch_values: 1 };

    pub(crate) fn picture(t: usize, h: usize, w: usize, key: u128) -> Arc<Patches> {
        Arc::new(Patches { grid: Grid { t, h, w }, pixels: vec![key as f32; t * h * w], key })
    }

    pub(crate) fn prompt(ids: &[u32], images: &[Arc<Patches>], videos: &[Arc<Patches>]) -> Result<Prompt, String> {
        Prompt::new(Arc::new(Input { ids: ids.to_vec(), images: images.to_vec(), videos: videos.to_vec() }), &FORMAT)
    }

    #[test]
    fn features_lie_where_their_placeholders_are() {
        let ids = [1, 90, 90, 2, 91, 90, 5, 90, 6, 92, 90];
        let found = prompt(&ids, &[picture(1, 2, 4, 1), picture(1, 2, 2, 2)], &[picture(2, 2, 2, 3)]).unwrap();
        let all: Vec<_> = found.features(0..ids.len()).collect();
        assert_eq!(all, [(0, 0..2), (2, 0..1), (2, 1..2), (1, 0..1)]);
        let cut: Vec<_> = found.features(2..6).collect();
        assert_eq!(cut, [(0, 1..2), (2, 0..1)]);
        assert_eq!(found.features(8..10).count(), 0);
    }

    #[test]
    fn pictures_side_by_side_are_told_apart() {
        let found = prompt(&[90, 90, 90], &[picture(1, 2, 2, 1), picture(1, 2, 4, 2)], &[]).unwrap();
        assert_eq!(found.features(0..3).collect::<Vec<_>>(), [(0, 0..1), (1, 0..2)]);
    }

    #[test]
    fn what_does_not_match_is_told() {
        let error = |ids: &[u32], images: &[Arc<Patches>]| prompt(ids, images, &[]).unwrap_err();
        assert!(error(&[90, 90], &[picture(1, 2, 2, 1)]).contains("more than the 1 image tokens of its 1 images"));
        assert!(error(&[90], &[picture(1, 2, 4, 1)]).contains("1 placeholders for the 2 image tokens"));
        assert!(error(&[91, 90, 92], &[picture(1, 2, 2, 1)]).contains("video tokens of its 0 videos"));
        assert!(error(&[90], &[picture(1, 3, 2, 1)]).contains("multiples of 2"));
        let short = Arc::new(Patches { grid: Grid { t: 1, h: 2, w: 2 }, pixels: vec![0.0; 3], key: 1 });
        assert!(error(&[90], &[short]).contains("image 0 has 3 values, and its grid asks for 4"));
    }

    #[test]
    fn prefixes_end_at_other_words_and_at_other_pictures() {
        let (a, b) = (picture(1, 2, 4, 1), picture(1, 2, 4, 2));
        let common = |x: &Prompt, y: &Prompt| {
            assert_eq!(x.common_prefix(y), y.common_prefix(x));
            x.common_prefix(y)
        };
        let first = prompt(&[1, 90, 90, 2, 90, 90, 3], &[a.clone(), b.clone()], &[]).unwrap();
        assert_eq!(common(&first, &first.clone()), 7);
        assert_eq!(common(&first, &prompt(&[1, 90, 90, 2, 90, 90, 4, 5], &[a.clone(), b.clone()], &[]).unwrap()), 6);
        assert_eq!(common(&first, &prompt(&[1, 90, 90, 2, 90, 90, 3], &[a.clone(), a.clone()], &[]).unwrap()), 4);
        assert_eq!(common(&first, &prompt(&[1, 90, 90, 2, 90, 90, 3], &[b, a.clone()], &[]).unwrap()), 1);
        // A picture of another size has another key, although its first placeholders are the same ids.
        let small = picture(1, 2, 2, 7);
        assert_eq!(common(&first, &prompt(&[1, 90, 2], std::slice::from_ref(&small), &[]).unwrap()), 1);
        assert_eq!(
            common(
                &prompt(&[1, 90, 90, 2], std::slice::from_ref(&a), &[]).unwrap(),
                &prompt(&[1, 90, 90], &[a], &[]).unwrap()
            ),
            3
        );
    }
}
