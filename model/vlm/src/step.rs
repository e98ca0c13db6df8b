//! A decoding step on a GPU, recorded once and replayed.
//!
//! A step of a large model is hundreds of kernels of a few microseconds, and asking for them one by one takes longer than
//! they run. So the step is recorded for a number of rows and a span of the cache, on tensors that stay where they are,
//! and each step after writes four small tensors and replays.

use std::collections::BTreeMap;

use glim_kernels::gpu::Recorded;
use glim_kernels::step::{Held, Kernels};
use tch::{Device, Kind, Tensor};

use crate::Model;
use crate::cache::Cache;
use crate::text::Rotary;

/// Recorded steps of one cache. They know its tensors by address, so they go when it grows.
#[derive(Default)]
pub(crate) struct Steps(BTreeMap<Key, Step>);

/// Records at the most; each holds its own intermediate results.
const KEPT: usize = 48;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    rows: usize,
    span: i64,
    in_order: bool,
}

struct Step {
    /// `[rows]` each, on the GPU: written before each replay.
    ids: Tensor,
    positions: Tensor,
    slots: Tensor,
    lengths: Tensor,
    /// Read by every replay, and so kept: a record knows tensors by address alone.
    _frequencies: Tensor,
    /// `[rows, vocab]` in f32: read after it.
    logits: Tensor,
    work: Recorded,
}

/// Tokens that are looked at, for rows that hold up to `longest`: few different numbers, none much too large.
fn span(longest: i64, capacity: i64) -> i64 {
    let step = (longest.unsigned_abs().next_power_of_two() / 4).max(256) as i64;
    (longest.unsigned_abs().next_multiple_of(step.unsigned_abs()) as i64).min(capacity)
}

impl Model {
    /// One step by a record, or `None` where there is none: on the CPU, in f32, for a mixture of experts.
    pub(crate) fn recorded_step(
        &self,
        cache: &mut Cache,
        slots: &[i64],
        lengths: &[i64],
        ids: &[u32],
        positions: &[i64],
    ) -> Option<Tensor> {
        let Device::Cuda(_) = self.device() else { return None };
        if self.kind() != Kind::BFloat16 || !self.text.has_step() || slots.is_empty() {
            return None;
        }
        let kernels = match Kernels::load(self.device()) {
            Ok(kernels) => kernels,
            Err(reason) => {
                tracing::warn!("kernels of the GPU cannot be used, decoding is slower: {reason}");
                return None;
            }
        };
        let longest = lengths.iter().copied().max().unwrap_or(0) + 1;
        let in_order = slots.iter().enumerate().all(|(row, slot)| row as i64 == *slot);
        let key = Key { rows: slots.len(), span: span(longest, cache.capacity() as i64), in_order };
        let place = |numbers: &[i64]| Tensor::from_slice(numbers).to_device(self.device());
        let ids: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
        if let Some(step) = cache.steps.0.get(&key) {
            for (tensor, numbers) in
                [(&step.ids, &ids[..]), (&step.positions, positions), (&step.slots, slots), (&step.lengths, lengths)]
            {
                tensor.shallow_clone().copy_(&Tensor::from_slice(numbers));
            }
            step.work.replay();
            return Some(step.logits.copy());
        }
        let (ids, positions, slots, lengths) = (place(&ids), place(positions), place(slots), place(lengths));
        let frequencies = Rotary::frequencies(&self.config.text.rope).to_device(self.device());
        let layers = &cache.layers;
        let work = || {
            let angles = positions.to_kind(Kind::Float).unsqueeze(1) * &frequencies; // [rows, rotary_dim / 2]
            let (cos, sin) = (angles.cos(), angles.sin());
            let hidden = self.text.embed_tokens.index_select(0, &ids);
            let hidden = self.text.step(&kernels, hidden, (&cos, &sin), |number| Held {
                keys: &layers[number].keys,
                values: &layers[number].values,
                slots: &slots,
                lengths: &lengths,
                span: key.span,
                in_order,
            });
            self.logits(&hidden)
        };
        // Done once for its result, and to let libraries prepare what cannot be prepared within a record.
        let first = work();
        let mut logits = None;
        let recorded = Recorded::record(self.device(), || logits = Some(work()));
        if cache.steps.0.len() >= KEPT {
            cache.steps.0.clear();
        }
        let logits = logits.expect("recording does the work");
        let step = Step { ids, positions, slots, lengths, _frequencies: frequencies, logits, work: recorded };
        cache.steps.0.insert(key, step);
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_few_and_hold_all() {
        let spans: std::collections::BTreeSet<i64> = (1..=32_768).map(|longest| span(longest, 1 << 20)).collect();
        assert!(spans.len() < 40, "{spans:?}");
        assert!((1..=32_768).all(|longest| {
            let span = span(longest, 1 << 20);
            span >= longest && span <= (longest + 255).max(longest * 3 / 2)
        }));
        assert_eq!(span(700, 768), 768);
    }
}
