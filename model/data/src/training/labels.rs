//! What each image token should know by itself: the word that covers its cell, and where that word's middle is.
//!
//! A small model learns to point only with such help (see `dense` in the experiment's script): the merged vision tokens
//! predict, through the word embedding, the first token of the covering element's text, and its middle in 28 bins an axis.
//! An element labels the cells of which it covers a fifth or more, and always those that it covers most of; of several
//! the one with the larger share counts.
//!
//! Where it is known what is written, a cell says the token at its place instead: a question about the element has the same
//! tokens, and what lies in a cell is easier to see than where the text begins. The middle stays the element's.

use glim_processor::{Grid, ProcessorError, Tokenizer};

use super::Scene;
use super::letters::width;

/// Bins of an axis.
const BINS: f64 = 28.0;

/// The share of a cell that a word has to cover, unless it covers none better.
const COVERED: f64 = 0.2;

/// The share of a cell that a written token has to cover.
const WRITTEN: f64 = 0.05;

/// The label of one image token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellLabel {
    /// The token written there, or the first one of what covers it; -1 if nothing does.
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
    let lattice =
        Lattice { rows: grid.h / merge, columns: grid.w / merge, size: (f64::from(size.0), f64::from(size.1)) };
    let mut labels = vec![CellLabel::NONE; lattice.rows * lattice.columns];
    let mut covered = vec![0.0_f64; labels.len()];
    for (text, of) in &scene.words {
        let of = of.map(f64::from);
        let shares = lattice.under(of);
        let most = shares.iter().map(|(_, share)| *share).fold(0.0, f64::max);
        let mine = shares.into_iter().filter(|&(at, share)| share > covered[at] && (share >= COVERED || share == most));
        let mine: Vec<(usize, f64)> = mine.collect();
        let word = text.split_whitespace().next().unwrap_or_default();
        if mine.is_empty() || word.is_empty() {
            continue;
        }
        let Some(&token) = tokenizer.encode(word)?.first() else { continue };
        for (at, share) in mine {
            (labels[at], covered[at]) = (lattice.label(token, of), share);
        }
    }
    let mut covered = vec![WRITTEN; labels.len()];
    for (word, of) in scene.written.iter().flatten() {
        let of = of.map(f64::from);
        for (token, part) in pieces(word, of, tokenizer)? {
            for (at, share) in lattice.under(part) {
                if share > covered[at] {
                    covered[at] = share;
                    let label = if labels[at] == CellLabel::NONE { lattice.label(token, of) } else { labels[at] };
                    labels[at] = CellLabel { token: i64::from(token), ..label };
                }
            }
        }
    }
    Ok(labels)
}

/// The image tokens that show what lies there, on a scale of 0 to 1000: those of which it covers a fifth, or the most of all.
pub(super) fn shown(of: [f64; 4], grid: Grid, merge: usize) -> Vec<usize> {
    let shares = Lattice { rows: grid.h / merge, columns: grid.w / merge, size: (1000.0, 1000.0) }.under(of);
    let most = shares.iter().map(|(_, share)| *share).fold(0.0, f64::max);
    shares.into_iter().filter(|(_, share)| *share >= COVERED || *share == most).map(|(at, _)| at).collect()
}

/// The tokens of a word and where in its box each is written.
fn pieces(word: &str, of: [f64; 4], tokenizer: &Tokenizer) -> Result<Vec<(u32, [f64; 4])>, ProcessorError> {
    let ids = tokenizer.encode(word)?;
    let wide = |id: &u32| Ok(f64::from(tokenizer.decode(&[*id], false)?.chars().map(width).sum::<f32>()));
    let widths = ids.iter().map(wide).collect::<Result<Vec<f64>, ProcessorError>>()?;
    let [mut from, top, right, bottom] = of;
    let scale = (right - from) / widths.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let part = |(id, width): (u32, f64)| {
        let left = from;
        from += width * scale;
        (id, [left, top, from, bottom])
    };
    Ok(ids.into_iter().zip(widths).map(part).collect())
}

/// The cells of a picture of `size` image pixels.
struct Lattice {
    rows: usize,
    columns: usize,
    size: (f64, f64),
}

impl Lattice {
    /// The cells that a box touches, and how much of each it covers.
    fn under(&self, [left, top, right, bottom]: [f64; 4]) -> Vec<(usize, f64)> {
        let (across, down) = (self.columns as f64 / self.size.0, self.rows as f64 / self.size.1);
        let rows = overlaps(top * down, bottom * down, self.rows);
        let cells = rows.flat_map(|(row, high)| {
            let columns = overlaps(left * across, right * across, self.columns);
            columns.map(move |(column, wide)| (row * self.columns + column, high * wide))
        });
        cells.collect()
    }

    /// That of a cell with this token, of an element or a word with this box.
    fn label(&self, token: u32, [left, top, right, bottom]: [f64; 4]) -> CellLabel {
        let bin = |middle: f64, size: f64| (middle / size * BINS).clamp(0.0, BINS - 1.0) as i64;
        CellLabel {
            token: i64::from(token),
            x_bin: bin((left + right) / 2.0, self.size.0),
            y_bin: bin((top + bottom) / 2.0, self.size.1),
        }
    }
}

/// The cells that a stretch touches, and how much of each it covers.
fn overlaps(from: f64, to: f64, cells: usize) -> impl Iterator<Item = (usize, f64)> {
    let first = from.floor().clamp(0.0, cells as f64) as usize;
    let last = to.ceil().clamp(0.0, cells as f64) as usize;
    (first..last).map(move |cell| (cell, (to.min(cell as f64 + 1.0) - from.max(cell as f64)).max(0.0)))
}
