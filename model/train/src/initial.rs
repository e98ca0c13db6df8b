//! Fresh weights from which a small model learns.
//!
//! `LEARNING.md` of the project found what decides whether a model of a million numbers leaves its plateau: words and vision
//! tokens that share a space (tied embeddings with a deviation of 0.05), matrices scaled by the width they read
//! (0.8 / sqrt(width)), and a learned position table that begins as sines and cosines, so that neighbours are alike.
//! Checkpoints of the published size begin with the deviation of their configuration instead.

use glim_vlm::Model;
use tch::{Kind, Tensor, no_grad};

const EMBEDDING_DEVIATION: f64 = 0.05;
const GAIN: f64 = 0.8;

/// Scales the fresh weights of `model` for a small model: what was drawn is kept, so equal seeds stay equal.
pub fn scale_for_small(model: &Model) {
    let drawn = model.config.text.initial;
    no_grad(|| {
        for (name, weight) in model.weights() {
            let mut tensor = weight.shallow_clone();
            let size = tensor.size();
            if name.ends_with("position_embedding.weight") {
                tensor.copy_(&waves(model.config.vision.table_side(), size[1]).to_kind(tensor.kind()));
            } else if name.ends_with("embed_tokens.weight") || name == "lm_head.weight" {
                let _ = tensor.g_mul_scalar_(EMBEDDING_DEVIATION / drawn);
            } else if size.len() >= 2 {
                let width: i64 = size[1..].iter().product();
                let _ = tensor.g_mul_scalar_(GAIN / (width as f64).sqrt() / drawn);
            }
        }
    });
}

/// Sines and cosines of the columns and rows of a square of `side`, with wavelengths from two sides down to four cells.
///
/// # Shapes
/// - returns `[side * side, width]`
fn waves(side: usize, width: i64) -> Tensor {
    let quarter = (width / 4).max(1) as usize;
    let step = (side as f64 / 2.0).ln() / (quarter.max(2) - 1) as f64;
    let turns: Vec<f64> =
        (0..quarter).map(|at| std::f64::consts::PI / side as f64 * (at as f64 * step).exp()).collect();
    let mut numbers = Vec::with_capacity(side * side * width as usize);
    for row in 0..side {
        for column in 0..side {
            let mut cell = Vec::with_capacity(width as usize);
            for place in [column, row] {
                let place = place as f64 + 0.5;
                cell.extend(turns.iter().map(|turn| (place * turn).sin() as f32));
                cell.extend(turns.iter().map(|turn| (place * turn).cos() as f32));
            }
            cell.resize(width as usize, 0.0);
            numbers.extend(cell);
        }
    }
    Tensor::from_slice(&numbers).view([(side * side) as i64, width]).to_kind(Kind::Float)
}
