//! Where each token lies in time, height and width.
//!
//! Words follow one another on all three axes. The tokens of a picture share one time and lie in a plane of rows and
//! columns; what comes after goes on past its longer side. Frames of a video are pictures of their own, since their
//! timestamps stand between them as text. Equal to `get_rope_index` of the reference.

use glim_processor::Grid;

use crate::config::MediaTokens;

/// Positions of a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions {
    /// Time, height and width of each token.
    pub axes: [Vec<i64>; 3],
    /// What is added to the index of a token that comes after the prompt.
    pub delta: i64,
}

/// Ids, pictures and videos that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// An id that no token has.
    #[error("token id {id} lies beyond the vocabulary of {vocab}")]
    Id {
        /// The id.
        id: u32,
        /// Ids there are.
        vocab: usize,
    },
    /// More or fewer pictures than places for them.
    #[error("the prompt has {places} places for {what}, and {given} were given")]
    Count {
        /// Pictures or frames.
        what: &'static str,
        /// Places.
        places: usize,
        /// What was given.
        given: usize,
    },
    /// A place that is longer or shorter than its picture.
    #[error("a picture of {wanted} tokens has a place of {found}")]
    Place {
        /// Tokens of the picture.
        wanted: usize,
        /// Tokens of its place.
        found: usize,
    },
    /// A picture whose grid does not divide into windows.
    #[error("a grid of {rows} x {columns} patches does not divide into windows of {merge} x {merge}")]
    Grid {
        /// Rows of patches.
        rows: usize,
        /// Columns of patches.
        columns: usize,
        /// Side of a window.
        merge: usize,
    },
    /// Nothing to read.
    #[error("the prompt is empty")]
    Empty,
}

impl Positions {
    /// Positions of a prompt with these pictures and videos, in the order of their places.
    ///
    /// # Errors
    /// If there is a picture without a place, or a place without its picture.
    pub fn of(
        ids: &[u32],
        images: &[Grid],
        videos: &[Grid],
        tokens: MediaTokens,
        merge: usize,
    ) -> Result<Positions, InputError> {
        if ids.is_empty() {
            return Err(InputError::Empty);
        }
        for grid in images.iter().chain(videos) {
            if grid.h % merge != 0 || grid.w % merge != 0 || grid.patches() == 0 {
                return Err(InputError::Grid { rows: grid.h, columns: grid.w, merge });
            }
        }
        let frames: Vec<Grid> = videos.iter().flat_map(|video| vec![Grid { t: 1, ..*video }; video.t]).collect();
        let mut given = [images.iter(), frames.iter()];
        let mut places = [0, 0];
        let mut axes: [Vec<i64>; 3] = Default::default();
        let (mut next, mut open, mut at) = (0i64, 0i64, 0);
        while at < ids.len() {
            if ids[at] != tokens.image {
                open += i64::from(ids[at] == tokens.video_start) - i64::from(ids[at] == tokens.video_end);
                axes.iter_mut().for_each(|axis| axis.push(next));
                next += 1;
                at += 1;
                continue;
            }
            let which = usize::from(open > 0);
            places[which] += 1;
            let run = ids[at..].iter().take_while(|id| **id == tokens.image).count();
            let Some(grid) = given[which].next() else {
                // Counted to the end, so that the message says how many places there are.
                at += run;
                continue;
            };
            let (rows, columns) = (grid.h / merge, grid.w / merge);
            if run < rows * columns {
                return Err(InputError::Place { wanted: rows * columns, found: run });
            }
            for token in 0..rows * columns {
                axes[0].push(next);
                axes[1].push(next + (token / columns) as i64);
                axes[2].push(next + (token % columns) as i64);
            }
            next += rows.max(columns) as i64;
            at += rows * columns;
        }
        for (which, what, count) in [(0, "pictures", images.len()), (1, "frames of videos", frames.len())] {
            if places[which] != count {
                return Err(InputError::Count { what, places: places[which], given: count });
            }
        }
        let largest = axes.iter().flatten().copied().max().unwrap_or(-1);
        Ok(Positions { axes, delta: largest + 1 - ids.len() as i64 })
    }

    /// How many tokens these are.
    pub fn len(&self) -> usize {
        self.axes[0].len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.axes[0].is_empty()
    }

    /// The position, on all axes, of the token with this index after the prompt.
    pub fn after(&self, index: usize) -> i64 {
        index as i64 + self.delta
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: MediaTokens = MediaTokens { image: 9, video_start: 7, video_end: 8 };

    #[test]
    fn a_picture_is_a_plane_and_words_go_on_past_its_longer_side() {
        let grid = Grid { t: 1, h: 2, w: 6 };
        let positions = Positions::of(&[1, 9, 9, 9, 2], &[grid], &[], TOKENS, 2).unwrap();
        assert_eq!(positions.axes, [vec![0, 1, 1, 1, 4], vec![0, 1, 1, 1, 4], vec![0, 1, 2, 3, 4]]);
        assert_eq!((positions.delta, positions.after(5)), (0, 5));
    }

    #[test]
    fn frames_of_a_video_are_planes_of_their_own() {
        let video = Grid { t: 2, h: 2, w: 2 };
        let positions = Positions::of(&[7, 9, 3, 9, 3, 8], &[], &[video], TOKENS, 2).unwrap();
        assert_eq!(positions.axes[0], [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let grid = Grid { t: 1, h: 2, w: 4 };
        let of = |ids: &[u32], images: &[Grid]| Positions::of(ids, images, &[], TOKENS, 2).unwrap_err();
        assert_eq!(of(&[], &[]), InputError::Empty);
        assert_eq!(of(&[1], &[grid]), InputError::Count { what: "pictures", places: 0, given: 1 });
        assert_eq!(of(&[9, 9, 1, 9, 9], &[grid]), InputError::Count { what: "pictures", places: 2, given: 1 });
        assert_eq!(of(&[9, 1], &[grid]), InputError::Place { wanted: 2, found: 1 });
        let odd = Grid { t: 1, h: 3, w: 2 };
        assert_eq!(of(&[9], &[odd]), InputError::Grid { rows: 3, columns: 2, merge: 2 });
    }
}
