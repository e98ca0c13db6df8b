//! Random numbers that are a function of where they are used, not of what was drawn before.
//!
//! Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011): a counter is
//! mixed under a key. For a reply the key is the request's seed and the counter the token's place, so that it is
//! the same whether it was decoded alone, among others, or again from its middle.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// A number in [0, 1), with 53 random bits, for one `position` under `seed`: the token at that place of a reply, the weight at
/// that place of a tensor.
pub(crate) fn uniform(seed: u64, position: u64) -> f64 {
    let [a, b, _, _] = philox([position as u32, (position >> 32) as u32, 0, 0], [seed as u32, (seed >> 32) as u32]);
    let bits = (u64::from(a) << 32) | u64::from(b);
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixes_as_the_authors_known_answers_say() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn is_uniform_over_positions_and_over_seeds() {
        let spread = |numbers: Vec<f64>| {
            let mut bins = [0u32; 20];
            for number in &numbers {
                assert!((0.0..1.0).contains(number));
                bins[(number * 20.0) as usize] += 1;
            }
            let expected = numbers.len() as f64 / 20.0;
            bins.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum::<f64>()
        };
        // 43.8 is the 99.9th percentile of chi-squared with 19 degrees of freedom.
        assert!(spread((0..20_000).map(|position| uniform(7, position)).collect()) < 43.8);
        assert!(spread((0..20_000).map(|seed| uniform(seed, 3)).collect()) < 43.8);
    }

    #[test]
    fn stays_what_it_was() {
        assert_eq!(uniform(0, 0), (0x6627_e8d5_e169_c58du64 >> 11) as f64 / (1u64 << 53) as f64);
        assert_ne!(uniform(1, 0), uniform(0, 1));
    }
}
