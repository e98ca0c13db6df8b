//! The model itself, as the engine asks for it.

use std::ops::Range;
use std::rc::Rc;

use glim_processor::{Grid, Patches};
use tch::{Device, Tensor};

use super::device_sampler;
use super::forward::{Chunk, Forward};
use super::sampler::{Draw, Drawn, draw_rows};
use crate::cache::Cache;
use crate::model::{Model, Prompt};

/// Tokens that each row has room for at first, and when there is nothing to do.
const FIRST_CAPACITY: usize = 256;

/// A model on a device, with its cache.
pub(crate) struct Loaded {
    model: Model,
    cache: Cache,
    /// Threads that draw.
    threads: usize,
}

impl Loaded {
    /// With an empty cache of so many rows.
    pub fn new(model: Model, slots: usize, threads: usize) -> Loaded {
        let cache = model.cache(slots, FIRST_CAPACITY);
        Loaded { model, cache, threads }
    }
}

impl Forward for Loaded {
    /// `[tokens, hidden]`.
    type Features = Tensor;
    /// `[rows, vocab]` in f32.
    type Logits = Tensor;

    fn look(&self, pictures: &[&Patches]) -> Vec<Tensor> {
        let grids: Vec<Grid> = pictures.iter().map(|picture| picture.grid).collect();
        let pixels = pictures.iter().map(|picture| {
            Tensor::from_slice(&picture.pixels).view([picture.grid.patches() as i64, -1]) // [patches, values]
        });
        let pixels = Tensor::cat(&pixels.collect::<Vec<_>>(), 0).to_device(self.model.device());
        let features = self.model.encode_images(&pixels.to_kind(self.model.kind()), &grids); // [tokens, hidden]
        let mut first = 0;
        let of_each = grids.iter().map(|&grid| {
            let tokens = self.model.tokens(&[grid]) as i64;
            first += tokens;
            // A copy, since a view would keep the features of all.
            features.narrow(0, first - tokens, tokens).copy()
        });
        of_each.collect()
    }

    fn join(&self, parts: &[(Rc<Tensor>, Range<usize>)]) -> Tensor {
        let rows =
            |(features, rows): &(Rc<Tensor>, Range<usize>)| features.narrow(0, rows.start as i64, rows.len() as i64);
        match parts {
            [one] => rows(one),
            all => Tensor::cat(&all.iter().map(rows).collect::<Vec<_>>(), 0),
        }
    }

    fn bytes(&self, features: &Tensor) -> u64 {
        (features.numel() * features.kind().elt_size_in_bytes()) as u64
    }

    fn read(&mut self, chunks: &[Chunk<'_, Tensor>]) -> Tensor {
        let prompts = chunks.iter().map(|chunk| Prompt {
            slot: chunk.slot,
            ids: chunk.ids,
            positions: chunk.positions,
            features: chunk.features,
            from: chunk.range.start,
            to: chunk.range.end,
        });
        self.model.prefill(&mut self.cache, &prompts.collect::<Vec<_>>())
    }

    fn step(&mut self, slots: &[usize], ids: &[u32], positions: &[i64]) -> Tensor {
        self.model.decode(&mut self.cache, slots, ids, positions)
    }

    fn draw(&self, logits: &Tensor, draws: &[(usize, Draw)]) -> Vec<Option<Drawn>> {
        if logits.device() != Device::Cpu {
            return device_sampler::draw_rows(logits, draws);
        }
        let (rows, vocab) = logits.size2().expect("logits are [rows, vocab]");
        let logits = logits.contiguous().view([rows * vocab]);
        let logits = Vec::<f32>::try_from(&logits).expect("a flat tensor of f32 on the CPU");
        draw_rows(&logits, vocab as usize, draws, self.threads)
    }

    fn keep(&mut self, slot: usize, tokens: usize) {
        self.cache.truncate(slot, tokens);
    }

    fn copy(&mut self, from: usize, to: usize, tokens: usize) {
        self.cache.copy_prefix(from, to, tokens);
    }

    fn cache_bytes(&self) -> u64 {
        self.cache.bytes() as u64
    }

    fn shrink(&mut self) {
        self.cache.shrink(FIRST_CAPACITY);
    }
}
