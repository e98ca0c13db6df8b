//! What the model reads.

use std::sync::Arc;

/// Patches of a picture or a video: slices in time, rows, columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grid {
    /// Slices of two frames; 1 for a picture.
    pub t: usize,
    /// Rows of patches; a multiple of the merge size.
    pub h: usize,
    /// Columns of patches; a multiple of the merge size.
    pub w: usize,
}

impl Grid {
    /// Patches in all.
    pub fn patches(&self) -> usize {
        self.t * self.h * self.w
    }

    /// Tokens that the decoder sees, with windows of `merge` x `merge` patches made one.
    pub fn tokens(&self, merge: usize) -> usize {
        self.patches() / (merge * merge)
    }
}

/// A picture or a video, resized, normalised and cut into patches.
#[derive(Debug, Clone, PartialEq)]
pub struct Patches {
    /// Its patches.
    pub grid: Grid,
    /// `[grid.patches(), channels * temporal * patch * patch]`, row by row, in the order of merge windows.
    pub pixels: Vec<f32>,
    /// Equal pixels and grid give an equal key; features are kept under it.
    pub key: u128,
}

/// One prompt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// Token ids with each picture's placeholder repeated once for each of its tokens.
    pub ids: Vec<u32>,
    /// Pictures, in the order of their placeholders outside of videos.
    pub images: Vec<Arc<Patches>>,
    /// Videos, in the order of theirs.
    pub videos: Vec<Arc<Patches>>,
}
