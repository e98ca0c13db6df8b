//! What the engine asks of a model.

use std::ops::Range;
use std::rc::Rc;

use glim_processor::Patches;

use super::sampler::{Draw, Drawn};
use crate::positions::Positions;

/// A part of a prompt, to be read into a row of the cache that holds what comes before it.
pub(crate) struct Chunk<'a, F> {
    /// The row.
    pub slot: usize,
    /// All ids of the prompt.
    pub ids: &'a [u32],
    /// Positions of all of them.
    pub positions: &'a Positions,
    /// Features of all its pictures in the order of their places.
    pub features: Option<&'a F>,
    /// Which tokens are to be read.
    pub range: Range<usize>,
}

/// A model with its cache of keys and values. It lives on the engine's thread.
pub(crate) trait Forward {
    /// Features of pictures.
    type Features;
    /// Rows of logits, one for each part or row that was computed.
    type Logits;

    /// Features of each picture, all computed in one pass.
    fn look(&self, pictures: &[&Patches]) -> Vec<Self::Features>;

    /// One after another, the given rows of features.
    fn join(&self, parts: &[(Rc<Self::Features>, Range<usize>)]) -> Self::Features;

    /// Bytes of features.
    fn bytes(&self, features: &Self::Features) -> u64;

    /// Reads parts of prompts; gives logits after the last token of each.
    fn read(&mut self, chunks: &[Chunk<'_, Self::Features>]) -> Self::Logits;

    /// Reads one more token in each of `slots`; gives logits after each.
    fn step(&mut self, slots: &[usize], ids: &[u32], positions: &[i64]) -> Self::Logits;

    /// Draws from rows of logits; a row may be named more than once. None where it holds no distribution.
    fn draw(&self, logits: &Self::Logits, draws: &[(usize, Draw)]) -> Vec<Option<Drawn>>;

    /// Forgets what lies past the first `tokens` of a row.
    fn keep(&mut self, slot: usize, tokens: usize);

    /// Lets row `to` begin with the first `tokens` of row `from`, and hold nothing else.
    fn copy(&mut self, from: usize, to: usize, tokens: usize);

    /// Bytes of keys and values, used or not.
    fn cache_bytes(&self) -> u64;

    /// Gives memory back; no row holds anything.
    fn shrink(&mut self);
}
