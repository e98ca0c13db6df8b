//! Choices that are the same everywhere and always: a hash of text, and a generator that starts from it.
//!
//! FNV-1a spreads the text, SplitMix64 (Steele, Lea and Flood, 2014) mixes it with the seed. Which side of the split a
//! site is on depends on them, so tests pin their values.

/// A number for `text`, other for every seed.
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    let spread = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    SplitMix(seed ^ spread.rotate_left(17)).next_u64()
}

/// 0.0..1.0 out of 64 bits.
pub(crate) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A small deterministic generator.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    /// The next 64 bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `0..bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_never_changes() {
        assert_eq!(hash(0, ""), 6_964_505_594_983_346_210);
        assert_eq!(hash(0, "docs.test"), 2_750_045_741_733_704_038);
        assert_eq!(hash(7, "docs.test"), 13_653_279_437_030_587_112);
    }
}
