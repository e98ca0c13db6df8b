//! What is learned from a batch: the next token where it counts, what each cell of a picture shows, and its letters.
//!
//! The loss over words alone leaves a small model on a plateau: it learns how coordinates are written, not where to look. A
//! dense loss on the merged vision tokens breaks it: each cell of 28 x 28 pixels predicts, through the matrix that words are
//! written with, the first token of what is written there, and through a small head the centre of the element that covers
//! it, in bins. That is enough where a few dozen words are all there is. To read pages it has never seen, the tower is asked
//! which letters each patch of 14 x 14 pixels shows. The page gives these labels for nothing. It departs from the paper, which
//! trains models that can see already.
//!
//! Losses of the micro-batches of a step are shares of one mean, so accumulating equals the large batch.

use std::collections::BTreeMap;

use glim_data::training::{LETTER_KINDS, NO_LETTER, Prepared, UNKNOWN_LETTERS};
use glim_kernels::ranks::{RankError, World};
use glim_processor::Grid;
use glim_vlm::trace::Trace;
use glim_vlm::{Model, Packed, Positions, Read, Targets};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::adapter::uniform;
use crate::heads::{Head, Heads};

/// Bins along each axis of a picture, in which centres are predicted.
pub const BINS: i64 = 28;

/// Added to the mean square of a vision token before it is compared with words.
const EPSILON: f64 = 1e-5;

/// The auxiliary losses of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossRecipe {
    /// Weight of the words that cells show; 0 leaves all dense losses out.
    pub dense: f64,
    /// Weight of the centres beside `dense`.
    pub centre: f64,
    /// Weight of the letters that patches show; 0 leaves them out.
    pub letters: f64,
    /// Weight of looking at what a reply names while it is written; 0 leaves it out.
    pub look: f64,
    /// The share of cells without an element that must say so, and how much it counts that a patch shows no letter.
    pub background: f64,
    /// The share of all steps after which all of these end.
    pub dense_until: f64,
}

impl Default for LossRecipe {
    fn default() -> LossRecipe {
        LossRecipe { dense: 0.0, centre: 0.5, letters: 0.0, look: 0.0, background: 0.15, dense_until: 1.0 }
    }
}

impl LossRecipe {
    /// What is wrong with it.
    pub fn mistakes(&self) -> Vec<String> {
        let fields = [("dense", self.dense), ("centre", self.centre), ("letters", self.letters), ("look", self.look)];
        let shares = [("background", self.background), ("dense_until", self.dense_until)];
        let below = fields.iter().filter(|(_, value)| !(value.is_finite() && *value >= 0.0));
        let outside = shares.iter().filter(|(_, value)| !(0.0..=1.0).contains(value));
        below
            .map(|(name, value)| format!("`loss.{name}` is {value}, a number of at least 0 was expected"))
            .chain(outside.map(|(name, value)| format!("`loss.{name}` is {value}, a share in 0..=1 was expected")))
            .collect()
    }
}

/// How much there is in a step, over all its micro-batches and ranks: losses are shares of means over these.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Sum of the weights of learned tokens.
    pub words: f64,
    /// Cells that must say what they show.
    pub cells: f64,
    /// Of those, cells with an element.
    pub covered: f64,
    /// Sum of the weights of the letters that patches must say.
    pub letters: f64,
    /// Tokens that must look at what their reply names.
    pub looks: f64,
}

impl Totals {
    /// Adds up those of all ranks.
    ///
    /// # Errors
    /// If a rank cannot be reached.
    pub fn add_up(&mut self, world: &World) -> Result<(), RankError> {
        if world.size() > 1 {
            let mut all = [Tensor::from_slice(&[self.words, self.cells, self.covered, self.letters, self.looks])];
            world.all_reduce_sum(&mut all)?;
            [self.words, self.cells, self.covered, self.letters, self.looks] =
                [0, 1, 2, 3, 4].map(|at| all[0].double_value(&[at]));
        }
        Ok(())
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.words += other.words;
        self.cells += other.cells;
        self.covered += other.covered;
        self.letters += other.letters;
        self.looks += other.looks;
    }
}

/// Losses of a micro-batch, sums in nats that a step divides by its [`Totals`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// By source, as the recipe numbers them: sum over learned tokens, and the sum of their weights.
    pub words: BTreeMap<usize, (f64, f64)>,
    /// Sum over the words of cells.
    pub cells: f64,
    /// Sum over the centres of covered cells.
    pub centres: f64,
    /// Weighted sum over the letters of patches.
    pub letters: f64,
    /// Sum over tokens that look at what their reply names.
    pub looks: f64,
}

impl Losses {
    /// Adds another micro-batch's.
    pub fn add(&mut self, other: &Losses) {
        for (source, (loss, weight)) in &other.words {
            let entry = self.words.entry(*source).or_default();
            entry.0 += loss;
            entry.1 += weight;
        }
        self.cells += other.cells;
        self.centres += other.centres;
        self.letters += other.letters;
        self.looks += other.looks;
    }

    /// The mean over words.
    pub fn word_mean(&self) -> f64 {
        let (loss, weight) = self.words.values().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        if weight > 0.0 { loss / weight } else { 0.0 }
    }
}

/// Which cells and patches of a micro-batch are asked, and what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cells {
    /// Rows of the vision tokens.
    pub places: Vec<i64>,
    /// The token that each should say.
    pub tokens: Vec<i64>,
    /// Rows of those that an element covers.
    pub covered: Vec<i64>,
    /// Its centre along x and y, in bins, one after the other.
    pub centres: Vec<i64>,
    /// Rows of the patches.
    pub patches: Vec<i64>,
    /// The letters that each should say, as many for each, one after the other.
    pub letters: Vec<i64>,
    /// How much each of these counts. Were saying that there is none worth as much as a letter, reading would begin late.
    pub letter_weights: Vec<f32>,
}

impl Cells {
    /// Of these samples; `key` and the place decide which empty cells are asked. `nothing` is the token of an empty cell.
    pub fn of(samples: &[Prepared], recipe: &LossRecipe, nothing: i64, key: u64) -> Cells {
        let mut cells = Cells::default();
        if recipe.letters > 0.0 {
            cells.ask_for_letters(samples, recipe.background as f32);
        }
        if recipe.dense == 0.0 {
            return cells;
        }
        let labels = samples.iter().flat_map(|sample| &sample.labels);
        for (place, label) in labels.enumerate() {
            let place = place as i64;
            if label.token >= 0 {
                cells.places.push(place);
                cells.tokens.push(label.token);
                cells.covered.push(place);
                cells.centres.extend([label.x_bin, label.y_bin]);
            } else if uniform(key, place as u64) < recipe.background {
                cells.places.push(place);
                cells.tokens.push(nothing);
            }
        }
        cells
    }

    fn ask_for_letters(&mut self, samples: &[Prepared], background: f32) {
        let known = samples.iter().flat_map(|sample| &sample.letters).enumerate();
        for (place, letters) in known.filter(|(_, letters)| **letters != UNKNOWN_LETTERS) {
            self.patches.push(place as i64);
            self.letters.extend(letters.map(i64::from));
            self.letter_weights.extend(letters.map(|letter| if letter == NO_LETTER { background } else { 1.0 }));
        }
    }
}

/// What a micro-batch adds to [`Totals`].
pub fn totals(samples: &[Prepared], cells: &Cells) -> Totals {
    let words = samples.iter().flat_map(|sample| sample.weights.iter().skip(1)).map(|it| f64::from(*it)).sum();
    let letters = cells.letter_weights.iter().map(|weight| f64::from(*weight)).sum();
    let looks = samples.iter().flat_map(|sample| &sample.named).map(|it| it.tokens.len() as f64).sum();
    Totals { words, cells: cells.places.len() as f64, covered: cells.covered.len() as f64, letters, looks }
}

/// What is computed of a micro-batch.
pub struct Forward {
    /// A scalar in f32, the share of the step's loss, that knows its gradients.
    pub loss: Tensor,
    /// Its parts.
    pub losses: Losses,
}

/// Losses of one micro-batch as shares of the step's.
///
/// # Panics
/// If samples do not fit the model: the loader prepares them with the model's own processor.
pub fn forward(
    model: &Model,
    heads: &Heads,
    samples: &[Prepared],
    cells: &Cells,
    totals: Totals,
    recipe: &LossRecipe,
    recompute: usize,
) -> Forward {
    let ids: Vec<u32> = samples.iter().flat_map(|sample| sample.ids.iter().copied()).collect();
    let positions: Vec<Positions> = samples.iter().map(|sample| positions(model, sample)).collect();
    let grids: Vec<Grid> = samples.iter().flat_map(|sample| sample.grids.iter().copied()).collect();
    let pixels = pixels(model, samples, &grids);
    let packed = Packed { ids: &ids, positions: &positions, pixels: pixels.as_ref(), grids: &grids };
    let trace = Trace::off();
    let patches = pixels.as_ref().map(|pixels| model.patches(pixels, &grids, recompute, &trace));
    let features = patches.as_ref().map(|patches| model.merge(patches, &trace));
    let (hidden, read) = if recipe.look > 0.0 {
        let read = model.read_and_look(&packed, features.as_ref(), recompute);
        (read.hidden.shallow_clone(), Some(read))
    } else {
        (model.read(&packed, features.as_ref(), recompute, &trace), None)
    }; // [tokens, hidden]

    let mut targets = Targets::default();
    let mut sources = Vec::new();
    let mut start = 0;
    for sample in samples {
        for (at, weight) in sample.weights.iter().enumerate().skip(1).filter(|(_, weight)| **weight > 0.0) {
            targets.places.push((start + at - 1) as i64);
            targets.ids.push(i64::from(sample.ids[at]));
            targets.weights.push((f64::from(*weight) / totals.words.max(f64::MIN_POSITIVE)) as f32);
            sources.push((sample.source, f64::from(*weight)));
        }
        start += sample.ids.len();
    }
    let (mut loss, each) = model.losses(&hidden, &targets);
    let mut losses = Losses::default();
    let each: Vec<f32> = Vec::try_from(each.to_device(Device::Cpu)).expect("losses are a list of f32");
    for ((source, weight), nats) in sources.iter().zip(&each) {
        let entry = losses.words.entry(*source).or_default();
        entry.0 += weight * f64::from(*nats);
        entry.1 += weight;
    }
    if let Some(sum) = read.and_then(|read| looks(&read, samples, model.config.tokens.image)) {
        losses.looks = sum.double_value(&[]);
        loss += sum * (recipe.look / totals.looks);
    }
    if let (Some(patches), Some(head)) =
        (patches.as_ref(), heads.letters.as_ref().filter(|_| !cells.patches.is_empty()))
    {
        let (read, sum) = letters(head, patches, cells);
        loss += read * (recipe.letters / totals.letters.max(f64::MIN_POSITIVE));
        losses.letters = sum;
    }
    if let (Some(features), Some(head)) =
        (features.as_ref(), heads.centre.as_ref().filter(|_| !cells.places.is_empty()))
    {
        let (dense, parts) = dense(model, head, features, cells, totals, recipe);
        loss += dense;
        (losses.cells, losses.centres) = parts;
    }
    Forward { loss, losses }
}

/// How far the attention of replies is from what they name: for each of their tokens the logarithm of the share that the
/// image tokens which show it have among all of the picture, summed. `None` if no reply names anything.
///
/// It is a head of the model that looks, so what is learned stays when this loss is gone.
fn looks(read: &Read, samples: &[Prepared], image: u32) -> Option<Tensor> {
    let mut parts = Vec::new();
    let mut start = 0;
    for sample in samples {
        let first = sample.ids.iter().position(|id| *id == image);
        if let Some(first) = first.filter(|_| !sample.named.is_empty()) {
            let count = sample.ids[first..].iter().take_while(|id| **id == image).count();
            let rows: Vec<i64> =
                sample.named.iter().flat_map(|it| it.tokens.clone()).map(|at| (start + at) as i64).collect();
            let mut elsewhere = vec![f32::NEG_INFINITY; rows.len() * count];
            let mut row = 0;
            for named in &sample.named {
                for _ in named.tokens.clone() {
                    named.cells.iter().for_each(|cell| elsewhere[row * count + cell] = 0.0);
                    row += 1;
                }
            }
            let device = read.query.device();
            let elsewhere = Tensor::from_slice(&elsewhere).view([-1, count as i64]).to_device(device);
            let query = read.query.index_select(0, &Tensor::from_slice(&rows).to_device(device));
            let key = read.key.narrow(0, (start + first) as i64, count as i64);
            let scores = query.matmul(&key.transpose(0, 1)).to_kind(Kind::Float); // [rows, count]
            let there = (&scores + elsewhere).logsumexp([1i64], false);
            parts.push((scores.logsumexp([1i64], false) - there).sum(Kind::Float));
        }
        start += sample.ids.len();
    }
    parts.into_iter().reduce(|sum, part| sum + part)
}

/// The weighted sum over letters, as a tensor and in nats.
fn letters(head: &Head, patches: &Tensor, cells: &Cells) -> (Tensor, f64) {
    let device = patches.device();
    let asked = patches.index_select(0, &Tensor::from_slice(&cells.patches).to_device(device));
    let logits = head.logits(&asked, i64::from(LETTER_KINDS)); // [patches * slots, kinds]
    let targets = Tensor::from_slice(&cells.letters).to_device(device);
    let weights = Tensor::from_slice(&cells.letter_weights).to_device(device);
    let each = logits.cross_entropy_loss::<Tensor>(&targets, None, tch::Reduction::None, -100, 0.0);
    let sum = (each * weights).sum(Kind::Float);
    let value = sum.double_value(&[]);
    (sum, value)
}

/// The dense losses on the vision tokens, and their sums in nats.
fn dense(
    model: &Model,
    head: &Head,
    features: &Tensor,
    cells: &Cells,
    totals: Totals,
    recipe: &LossRecipe,
) -> (Tensor, (f64, f64)) {
    let width = *features.size().last().expect("features are [tokens, hidden]");
    let square = features.to_kind(Kind::Float).square().mean_dim(-1, true, Kind::Float);
    let normed = (features.to_kind(Kind::Float) * (square + EPSILON).rsqrt()).to_kind(features.kind());
    let each = (recipe.dense / totals.cells.max(1.0)) as f32;
    let targets =
        Targets { places: cells.places.clone(), ids: cells.tokens.clone(), weights: vec![each; cells.places.len()] };
    let (mut loss, words) = model.losses(&normed, &targets);
    let words = words.sum(Kind::Double).double_value(&[]);
    if cells.covered.is_empty() {
        return (loss, (words, 0.0));
    }
    let device = features.device();
    let covered = normed.index_select(0, &Tensor::from_slice(&cells.covered).to_device(device));
    let logits = head.logits(&covered, BINS); // [covered * 2, bins]
    debug_assert_eq!(covered.size(), [cells.covered.len() as i64, width]);
    let centres = Tensor::from_slice(&cells.centres).to_device(device);
    let sum = logits.cross_entropy_loss::<Tensor>(&centres, None, tch::Reduction::Sum, -100, 0.0);
    let value = sum.double_value(&[]);
    loss += sum * (recipe.dense * recipe.centre / (2.0 * totals.covered.max(1.0)));
    (loss, (words, value / 2.0))
}

/// Positions of one sample.
pub(crate) fn positions(model: &Model, sample: &Prepared) -> Positions {
    let (videos, images): (Vec<Grid>, Vec<Grid>) = sample.grids.iter().partition(|grid| grid.t > 1);
    model.positions(&sample.ids, &images, &videos).expect("the loader prepares samples for this model")
}

/// All patches, `[patches, numbers]`.
fn pixels(model: &Model, samples: &[Prepared], grids: &[Grid]) -> Option<Tensor> {
    let patches: usize = grids.iter().map(Grid::patches).sum();
    if patches == 0 {
        return None;
    }
    let parts: Vec<Tensor> = samples
        .iter()
        .filter(|sample| !sample.patches.is_empty())
        .map(|sample| Tensor::from_slice(&sample.patches))
        .collect();
    Some(Tensor::cat(&parts, 0).view([patches as i64, -1]).to_device(model.device()))
}
