//! The Wilson score interval (Wilson, 1927) of a success rate.
//!
//! Unlike the normal approximation it stays within 0..=1 and is honest for few episodes and for rates near 0 and 1.

use serde::{Deserialize, Serialize};

/// A range of rates, both ends in 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The standard normal distribution lies within this many deviations for 95 % of its mass.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % interval of the rate behind `successes` of `episodes`; everything is possible when there are none.
///
/// # Panics
/// If there are more successes than episodes.
pub fn wilson(successes: usize, episodes: usize) -> Interval {
    assert!(successes <= episodes, "{successes} successes of {episodes} episodes");
    if episodes == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let n = episodes as f64;
    let rate = successes as f64 / n;
    let scale = 1.0 / (1.0 + Z * Z / n);
    let center = scale * (rate + Z * Z / (2.0 * n));
    let half = scale * Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
    // At the ends the exact value is 0 or 1, and rounding would spoil it.
    let low = if successes == 0 { 0.0 } else { (center - half).max(0.0) };
    let high = if successes == episodes { 1.0 } else { (center + half).min(1.0) };
    Interval { low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed from the formula with 40 decimal digits (Python's `decimal`).
    #[rstest::rstest]
    #[case(0, 10, 0.0, 0.277_532_799_862_889)]
    #[case(1, 10, 0.017_876_213_095_072, 0.404_150_026_795_238)]
    #[case(5, 10, 0.236_593_090_512_564, 0.763_406_909_487_436)]
    #[case(10, 10, 0.722_467_200_137_110, 1.0)]
    #[case(81, 263, 0.255_288_519_878_274, 0.366_209_576_982_800)]
    #[case(1, 1, 0.206_549_314_377_237, 1.0)]
    fn it_equals_the_reference(#[case] k: usize, #[case] n: usize, #[case] low: f64, #[case] high: f64) {
        let interval = wilson(k, n);
        assert!((interval.low - low).abs() < 1e-14 && (interval.high - high).abs() < 1e-14, "{interval:?}");
    }

    #[test]
    fn without_episodes_everything_is_possible() {
        assert_eq!(wilson(0, 0), Interval { low: 0.0, high: 1.0 });
    }
}
