//! Keys and values of the tokens that were read, kept for those that come after.

use tch::{Device, Kind, Tensor};

use crate::step::Steps;

/// Room is made in steps of this many tokens at first, then doubled, so that a token never costs a copy of all.
const BLOCK: usize = 256;

/// One layer's.
pub(crate) struct LayerCache {
    /// `[slots, kv_heads, capacity, head_dim]`.
    pub keys: Tensor,
    /// The same.
    pub values: Tensor,
}

/// Keys and values of all layers, for a number of slots that each hold one growing text.
pub struct Cache {
    pub(crate) layers: Vec<LayerCache>,
    pub(crate) lengths: Vec<i64>,
    /// Steps recorded on these very tensors.
    pub(crate) steps: Steps,
    capacity: usize,
}

impl Cache {
    pub(crate) fn new(
        layers: usize,
        slots: usize,
        capacity: usize,
        kv_heads: usize,
        head_dim: usize,
        place: (Kind, Device),
    ) -> Cache {
        let capacity = capacity.max(1).next_multiple_of(BLOCK);
        let shape = [slots as i64, kv_heads as i64, capacity as i64, head_dim as i64];
        let layers = (0..layers)
            .map(|_| LayerCache { keys: Tensor::zeros(shape, place), values: Tensor::zeros(shape, place) })
            .collect();
        Cache { layers, lengths: vec![0; slots], steps: Steps::default(), capacity }
    }

    /// Slots there are.
    pub fn slots(&self) -> usize {
        self.lengths.len()
    }

    /// Tokens that a slot holds.
    pub fn len(&self, slot: usize) -> usize {
        self.lengths[slot].unsigned_abs() as usize
    }

    /// Tokens that each slot has room for now.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes of all keys and values, used or not.
    pub fn bytes(&self) -> usize {
        let one = |tensor: &Tensor| tensor.numel() * tensor.kind().elt_size_in_bytes();
        self.layers.iter().map(|layer| one(&layer.keys) + one(&layer.values)).sum()
    }

    /// Forgets what lies past the first `length` tokens of a slot.
    ///
    /// # Panics
    /// If the slot holds fewer.
    pub fn truncate(&mut self, slot: usize, length: usize) {
        assert!(length <= self.len(slot), "a slot is cut, not stretched");
        self.lengths[slot] = length as i64;
    }

    /// Lets `to` begin with the first `length` tokens of `from`, and hold nothing else.
    ///
    /// # Panics
    /// If `from` holds fewer.
    pub fn copy_prefix(&mut self, from: usize, to: usize, length: usize) {
        assert!(length <= self.len(from), "a prefix lies within its slot");
        if from != to {
            for layer in &mut self.layers {
                for tensor in [&layer.keys, &layer.values] {
                    let part = |slot: usize| tensor.get(slot as i64).narrow(1, 0, length as i64);
                    part(to).copy_(&part(from));
                }
            }
        }
        self.lengths[to] = length as i64;
    }

    /// Makes room for `length` tokens in each slot.
    pub fn reserve(&mut self, length: usize) {
        if length <= self.capacity {
            return;
        }
        let capacity = length.max(2 * self.capacity).next_multiple_of(BLOCK);
        let used = self.lengths.iter().copied().max().unwrap_or(0);
        self.steps = Steps::default();
        for layer in &mut self.layers {
            for tensor in [&mut layer.keys, &mut layer.values] {
                let (slots, kv_heads, _, head_dim) = tensor.size4().expect("a cache has four dimensions");
                let larger =
                    Tensor::zeros([slots, kv_heads, capacity as i64, head_dim], (tensor.kind(), tensor.device()));
                larger.narrow(2, 0, used).copy_(&tensor.narrow(2, 0, used));
                *tensor = larger;
            }
        }
        self.capacity = capacity;
    }

    /// Gives memory back when no slot holds anything.
    pub fn shrink(&mut self, capacity: usize) {
        let capacity = capacity.max(1).next_multiple_of(BLOCK);
        if capacity < self.capacity && self.lengths.iter().all(|length| *length == 0) {
            self.steps = Steps::default();
            for layer in &mut self.layers {
                for tensor in [&mut layer.keys, &mut layer.values] {
                    *tensor = tensor.narrow(2, 0, capacity as i64).copy();
                }
            }
            self.capacity = capacity;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_grows_and_what_is_held_stays() {
        let mut cache = Cache::new(1, 2, 10, 1, 2, (Kind::Float, Device::Cpu));
        assert_eq!((cache.capacity(), cache.bytes()), (256, 2 * 2 * 256 * 2 * 4));
        let held = Tensor::randn([1, 3, 2], (Kind::Float, Device::Cpu));
        cache.layers[0].keys.get(1).narrow(1, 0, 3).copy_(&held);
        cache.lengths[1] = 3;
        cache.reserve(257);
        assert_eq!(cache.capacity(), 512);
        assert_eq!(cache.layers[0].keys.get(1).narrow(1, 0, 3), held);
        cache.copy_prefix(1, 0, 2);
        assert_eq!(cache.layers[0].keys.get(0).narrow(1, 0, 2), held.narrow(1, 0, 2));
        assert_eq!((cache.len(0), cache.len(1)), (2, 3));
        cache.shrink(1);
        assert_eq!(cache.capacity(), 512, "nothing is given back while something is held");
        cache.truncate(0, 0);
        cache.truncate(1, 0);
        cache.shrink(1);
        assert_eq!(cache.capacity(), 256);
    }
}
