//! Features of pictures that were seen before: of an episode's earlier turns, and of a group's other members.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Keeps features under their picture's key, up to a number of bytes; those not used for longest go first.
#[derive(Debug)]
pub(crate) struct FeatureCache<F> {
    budget: u64,
    bytes: u64,
    clock: u64,
    kept: HashMap<u128, Kept<F>>,
    /// Keys by the time of their last use.
    order: BTreeMap<u64, u128>,
    hits: u64,
    misses: u64,
}

#[derive(Debug)]
struct Kept<F> {
    features: Rc<F>,
    bytes: u64,
    used: u64,
}

impl<F> FeatureCache<F> {
    /// An empty cache of so many bytes.
    pub fn new(budget: u64) -> FeatureCache<F> {
        FeatureCache { budget, bytes: 0, clock: 0, kept: HashMap::new(), order: BTreeMap::new(), hits: 0, misses: 0 }
    }

    /// The features of a picture, if they are kept.
    pub fn get(&mut self, key: u128) -> Option<Rc<F>> {
        let kept = self.kept.get_mut(&key)?;
        self.hits += 1;
        self.clock += 1;
        self.order.remove(&kept.used);
        self.order.insert(self.clock, key);
        kept.used = self.clock;
        Some(kept.features.clone())
    }

    /// Keeps features of `bytes` bytes that had to be computed. What is larger than the whole budget is not kept.
    pub fn insert(&mut self, key: u128, features: Rc<F>, bytes: u64) {
        self.misses += 1;
        if bytes > self.budget {
            return;
        }
        self.remove(key);
        while self.bytes + bytes > self.budget {
            let (_, &oldest) = self.order.first_key_value().expect("bytes are those of entries");
            self.remove(oldest);
        }
        self.clock += 1;
        self.bytes += bytes;
        self.order.insert(self.clock, key);
        self.kept.insert(key, Kept { features, bytes, used: self.clock });
    }

    /// Bytes that are kept.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How often features were there.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// How often they had to be computed.
    pub fn misses(&self) -> u64 {
        self.misses
    }

    fn remove(&mut self, key: u128) {
        if let Some(kept) = self.kept.remove(&key) {
            self.order.remove(&kept.used);
            self.bytes -= kept.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_not_used_for_longest_go_first() {
        let mut cache = FeatureCache::new(30);
        for key in 1..=3 {
            cache.insert(key, Rc::new(key), 10);
        }
        assert_eq!(cache.get(1).as_deref(), Some(&1));
        cache.insert(4, Rc::new(4), 15);
        assert_eq!((cache.get(2), cache.get(3)), (None, None));
        assert_eq!((cache.get(1).as_deref(), cache.get(4).as_deref()), (Some(&1), Some(&4)));
        assert_eq!((cache.bytes(), cache.hits(), cache.misses()), (25, 3, 4));
    }

    #[test]
    fn what_is_too_large_is_not_kept_and_evicts_nothing() {
        let mut cache = FeatureCache::new(30);
        cache.insert(1, Rc::new(1), 30);
        cache.insert(2, Rc::new(2), 31);
        assert!(cache.get(1).is_some() && cache.get(2).is_none());
    }

    #[test]
    fn what_is_put_in_twice_counts_once() {
        let mut cache = FeatureCache::new(30);
        cache.insert(1, Rc::new(1), 20);
        cache.insert(1, Rc::new(5), 25);
        assert_eq!((cache.bytes(), cache.get(1).as_deref()), (25, Some(&5)));
    }

    #[test]
    fn features_in_use_outlive_their_eviction() {
        let mut cache = FeatureCache::new(10);
        cache.insert(1, Rc::new(1), 10);
        let held = cache.get(1).unwrap();
        cache.insert(2, Rc::new(2), 10);
        assert_eq!((cache.get(1), *held), (None, 1));
    }
}
