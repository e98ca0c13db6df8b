//! One root seed, and others derived from it by coordinates, with a hash that never changes.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood, 2014): small, well mixed, and the same everywhere. Recorded
//! episodes depend on it, so a test pins its values.

use serde::{Deserialize, Serialize};

/// What makes one instance of a task, or one roll of a policy, different from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// A seed for the place named by `coordinates`, for example `seed.derive("policy").derive(turn)`.
    #[must_use]
    pub fn derive(self, coordinate: impl std::fmt::Display) -> Seed {
        // FNV-1a over the text, then one SplitMix step with the parent, so that neighbours are unrelated.
        let hash = coordinate
            .to_string()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Seed(SplitMix(self.0 ^ hash.rotate_left(17)).next_u64())
    }

    /// A generator that starts here.
    pub fn generator(self) -> SplitMix {
        SplitMix(self.0)
    }
}

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A small deterministic generator.
#[derive(Debug, Clone)]
pub struct SplitMix(u64);

impl SplitMix {
    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in 0.0..1.0.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..bound`.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "cannot choose from nothing");
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// One of `items`.
    ///
    /// # Panics
    /// If `items` is empty.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_pinned_because_recorded_episodes_depend_on_them() {
        let mut generator = Seed(0).generator();
        assert_eq!([generator.next_u64(), generator.next_u64()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        assert_eq!(Seed(1).derive("policy").derive(3), Seed(1).derive("policy").derive("3"));
        assert_ne!(Seed(1).derive("a").derive("b"), Seed(1).derive("b").derive("a"));
        assert_eq!(Seed(7).derive("pages/click-button"), Seed(5_093_911_838_400_278_317));
    }

    #[test]
    fn choices_cover_their_range() {
        let mut generator = Seed(5).generator();
        let mut seen = [0_u32; 7];
        for _ in 0..7000 {
            seen[generator.below(7)] += 1;
        }
        assert!(seen.iter().all(|&count| (800..1200).contains(&count)), "{seen:?}");
    }
}
