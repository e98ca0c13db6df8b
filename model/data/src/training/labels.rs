//! What each image token should know by itself: the word that covers its cell, and where that word's middle is.
//!
//! A small model learns to point only with such help (see `dense` in the experiment's script): the merged vision tokens
//! predict, through the word embedding, the first token of the covering element's text, and its middle in 28 bins an axis.
//! An element labels the cells of which it covers a fifth or more, and always those that it covers most of; of several
//! the one with the larger share counts.

use glim_processor::{Grid, ProcessorError, Tokenizer};

use super::Scene;

/// Bins of an axis.
const BINS: f64 = 28.0;

/// The share of a cell that a word has to cover, unless it covers none better.
const COVERED: f64 = 0.2;

/// The label of one image token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellLabel {
    /// First token of the text that covers it; -1 if none does.
    pub token: i64,
    /// Bin 0..=27 of that text's middle, from the left; 0 if there is none.
    pub x_bin: i64,
    /// The same from the top.
    pub y_bin: i64,
}

impl CellLabel {
    /// That of a cell which nothing covers.
    pub const NONE: CellLabel = CellLabel { token: -1, x_bin: 0, y_bin: 0 };
}

/// A label for each image token of a picture of `size` image pixels, row by row, as its tokens stand in the sequence.
pub(super) fn labels(
    scene: &Scene,
    size: (u32, u32),
    grid: Grid,
    merge: usize,
    tokenizer: &Tokenizer,
) -> Result<Vec<CellLabel>, ProcessorError> {
    let (rows, columns) = (grid.h / merge, grid.w / merge);
    let mut labels = vec![CellLabel::NONE; rows * columns];
    let mut covered = vec![0.0_f64; rows * columns];
    // In cells, of which the resized picture has whole ones.
    let (across, down) = (columns as f64 / f64::from(size.0), rows as f64 / f64::from(size.1));
    for (text, of) in &scene.words {
        let [left, top, right, bottom] = of.map(f64::from);
        let [left, top, right, bottom] = [left * across, top * down, right * across, bottom * down];
        let shares: Vec<(usize, f64)> = overlaps(top, bottom, rows)
            .flat_map(|(row, high)| {
                overlaps(left, right, columns).map(move |(column, wide)| (row * columns + column, high * wide))
            })
            .collect();
        let most = shares.iter().map(|(_, share)| *share).fold(0.0, f64::max);
        let mine = shares.into_iter().filter(|&(at, share)| share > covered[at] && (share >= COVERED || share == most));
        let mine: Vec<(usize, f64)> = mine.collect();
        let word = text.split_whitespace().next().unwrap_or_default();
        if mine.is_empty() || word.is_empty() {
            continue;
        }
        let Some(&token) = tokenizer.encode(word)?.first() else { continue };
        let bin = |middle: f64, cells: usize| (middle / cells as f64 * BINS).clamp(0.0, BINS - 1.0) as i64;
        let label = CellLabel {
            token: i64::from(token),
            x_bin: bin((left + right) / 2.0, columns),
            y_bin: bin((top + bottom) / 2.0, rows),
        };
        for (at, share) in mine {
            (labels[at], covered[at]) = (label, share);
        }
    }
    Ok(labels)
}

/// The cells that a stretch touches, and how much of each it covers.
fn overlaps(from: f64, to: f64, cells: usize) -> impl Iterator<Item = (usize, f64)> {
    let first = from.floor().clamp(0.0, cells as f64) as usize;
    let last = to.ceil().clamp(0.0, cells as f64) as usize;
    (first..last).map(move |cell| (cell, (to.min(cell as f64 + 1.0) - from.max(cell as f64)).max(0.0)))
}
