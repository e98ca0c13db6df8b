//! From a row of logits to a token and its log-probability.
//!
//! Temperature comes first, then top-k, then top-p over what top-k left, as in `transformers`. Log-probabilities are those
//! of the raw logits. One pass over the vocabulary computes every exponential, in blocks whose sums are kept: without
//! top-k and top-p the inverse of the distribution function is found by walking the blocks and then one of them, so that
//! nothing is sorted. With top-k the likeliest tokens are selected by a threshold that rises during one more pass, and with
//! top-p alone by a histogram, so that only tokens that may be drawn are sorted.
//!
//! Ties go to the smaller id. A row is drawn from by itself, so its neighbours in the batch change nothing.

use std::cmp::Ordering;

/// Logits whose exponentials are summed together.
const BLOCK: usize = 256;
/// Independent sums within a block, so that the compiler can use vector instructions.
const LANES: usize = 8;
/// 1.5 * 2^23: adding it leaves the nearest integer in the lowest bits.
const ROUND: f32 = 12_582_912.0;
/// Below so many logits in all, a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 100_000;

/// How one token is to be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Draw {
    /// 0 takes the likeliest.
    pub temperature: f32,
    /// 0 takes all.
    pub top_k: usize,
    /// 1 takes all.
    pub top_p: f32,
    /// In [0, 1): which part of the distribution is hit.
    pub uniform: f64,
    /// How many of the likeliest tokens are told.
    pub alternatives: usize,
    /// The token to take whatever the distribution says.
    pub forced: Option<u32>,
}

/// A token that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawn {
    pub id: u32,
    /// In nats.
    pub logprob: f32,
    /// The likeliest tokens, best first.
    pub top: Vec<(u32, f32)>,
}

/// Draws from rows of `logits`, `[rows, vocab]`: each draw names its row, and a row may be named more than once. None
/// where the row holds no distribution (NaN, or no finite logit).
pub(crate) fn draw_rows(logits: &[f32], vocab: usize, draws: &[(usize, Draw)], threads: usize) -> Vec<Option<Drawn>> {
    let one = |&(row, ref draw): &(usize, Draw)| self::draw(&logits[row * vocab..(row + 1) * vocab], draw);
    let threads = threads.min(draws.len() * vocab / WORTH_A_THREAD + 1).min(draws.len()).max(1);
    if threads == 1 {
        return draws.iter().map(one).collect();
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> = draws
            .chunks(draws.len().div_ceil(threads))
            .map(|part| scope.spawn(move || part.iter().map(one).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("drawing does not panic")).collect()
    })
}

/// Draws from one row.
pub(crate) fn draw(logits: &[f32], draw: &Draw) -> Option<Drawn> {
    let greatest = greatest(logits);
    if !greatest.is_finite() {
        return None;
    }
    let plain = sums(logits, greatest, 1.0);
    let log_total = total(&plain).ln();
    if log_total.is_nan() {
        return None;
    }
    let logprob = |id: u32| (f64::from(logits[id as usize] - greatest) - log_total) as f32;
    let mut likeliest = Vec::new();
    let id = match draw.forced {
        Some(id) => id,
        None if draw.temperature <= 0.0 => first_equal(logits, greatest),
        None if draw.top_k == 0 && draw.top_p >= 1.0 && draw.temperature == 1.0 => {
            inverse(logits, greatest, &plain, draw)
        }
        None if draw.top_k == 0 && draw.top_p >= 1.0 => {
            inverse(logits, greatest, &sums(logits, greatest, 1.0 / draw.temperature), draw)
        }
        None => {
            likeliest = candidates(logits, greatest, draw);
            pick(&likeliest, greatest, draw)
        }
    };
    if likeliest.len() < draw.alternatives {
        likeliest = self::likeliest(logits, draw.alternatives);
    }
    let top = likeliest.iter().take(draw.alternatives).map(|&(id, _)| (id, logprob(id))).collect();
    Some(Drawn { id, logprob: logprob(id), top })
}

/// The greatest number that is one.
fn greatest(logits: &[f32]) -> f32 {
    let greater = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; 4 * LANES];
    let (whole, rest) = logits.as_chunks::<{ 4 * LANES }>();
    for chunk in whole {
        for (lane, &logit) in lanes.iter_mut().zip(chunk) {
            *lane = greater(*lane, logit);
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, greater)
}

fn first_equal(logits: &[f32], greatest: f32) -> u32 {
    logits.iter().position(|&logit| logit == greatest).expect("the greatest logit is one of them") as u32
}

/// Sums of `exp((logit - greatest) * scale)` for each block of the row.
fn sums(logits: &[f32], greatest: f32, scale: f32) -> Vec<f32> {
    let mut weights = [0f32; BLOCK];
    let sum = |block: &[f32]| {
        weigh(block, greatest, scale, &mut weights);
        let (mut lanes, (whole, rest)) = ([0f32; LANES], weights[..block.len()].as_chunks::<LANES>());
        for chunk in whole {
            for (lane, &weight) in lanes.iter_mut().zip(chunk) {
                *lane += weight;
            }
        }
        lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
    };
    logits.chunks(BLOCK).map(sum).collect()
}

/// Writes `exp((logit - greatest) * scale)` for each logit of a block.
fn weigh(block: &[f32], greatest: f32, scale: f32, weights: &mut [f32; BLOCK]) {
    for (weight, &logit) in weights.iter_mut().zip(block) {
        *weight = exp((logit - greatest) * scale);
    }
}

fn total(sums: &[f32]) -> f64 {
    sums.iter().map(|&sum| f64::from(sum)).sum()
}

/// The token at `draw.uniform` of the distribution whose blocks have these `sums`.
fn inverse(logits: &[f32], greatest: f32, sums: &[f32], draw: &Draw) -> u32 {
    let scale = 1.0 / draw.temperature;
    let mut left = draw.uniform * total(sums);
    let hit = sums.iter().position(|&sum| {
        left -= f64::from(sum);
        left < 0.0
    });
    let block = hit.or_else(|| sums.iter().rposition(|&sum| sum > 0.0)).unwrap_or(0);
    left += f64::from(sums[block]);
    let (mut last, start) = (None, block * BLOCK);
    for (offset, &logit) in logits[start..].iter().take(BLOCK).enumerate() {
        let weight = f64::from(exp((logit - greatest) * scale));
        if weight > 0.0 {
            last = Some(start + offset);
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
    }
    last.map_or_else(|| first_equal(logits, greatest), |place| place as u32)
}

/// The tokens that top-k and top-p leave, best first.
fn candidates(logits: &[f32], greatest: f32, draw: &Draw) -> Vec<(u32, f32)> {
    let (mut found, whole) = match draw.top_k {
        0 => nucleus(logits, greatest, draw),
        count => (likeliest(logits, count), 0.0),
    };
    // A nucleus whose sum falls short by a rounding, for it was made in another order, is complete all the same.
    cut(&mut found, greatest, whole, draw);
    found
}

/// The likeliest tokens that have the mass that top-p asks for, with a few more, best first; and the sum of all weights.
/// Tokens are binned by how far they lie below the greatest, so that only those that may be drawn are sorted.
fn nucleus(logits: &[f32], greatest: f32, draw: &Draw) -> (Vec<(u32, f32)>, f64) {
    const BINS: usize = 1024;
    let scale = 1.0 / draw.temperature;
    // 64 bins for a factor of e, the last for all that lies further below. The nearest integer is found as in `exp`.
    let bin = |logit: f32| (((greatest - logit) * scale * 64.0).min((BINS - 1) as f32) + ROUND).to_bits() & 0xFFFF;
    let mut bins = [0f64; BINS];
    let (mut weights, mut places) = ([0f32; BLOCK], [0u32; BLOCK]);
    for block in logits.chunks(BLOCK) {
        weigh(block, greatest, scale, &mut weights);
        places.iter_mut().zip(block).for_each(|(place, &logit)| *place = bin(logit));
        for (&place, &weight) in places.iter().zip(&weights).take(block.len()) {
            bins[place as usize % BINS] += f64::from(weight);
        }
    }
    let whole = bins.iter().sum::<f64>();
    let mut sum = 0.0;
    let enough = bins.iter().position(|weight| {
        sum += weight;
        sum >= f64::from(draw.top_p) * whole
    });
    let last = enough.unwrap_or(BINS - 1) as u32;
    let inside = logits.iter().enumerate().filter(|&(_, &logit)| bin(logit) <= last);
    let mut found: Vec<(u32, f32)> = inside.map(|(id, &logit)| (id as u32, logit)).collect();
    found.sort_unstable_by(better);
    (found, whole)
}

/// Leaves of the likeliest tokens, best first, those that top-k and top-p allow; false if top-p asks for more than there
/// are. `whole`, the sum of all weights, is asked for where there is no top-k.
pub(crate) fn cut(found: &mut Vec<(u32, f32)>, greatest: f32, whole: f64, draw: &Draw) -> bool {
    if draw.top_k > 0 {
        found.truncate(draw.top_k);
    }
    if draw.top_p >= 1.0 {
        return true;
    }
    let weight = |&(_, logit): &(u32, f32)| f64::from(exp((logit - greatest) / draw.temperature));
    let whole = if draw.top_k > 0 { found.iter().map(weight).sum() } else { whole };
    let (mass, mut sum) = (f64::from(draw.top_p) * whole, 0.0);
    let enough = found.iter().position(|candidate| {
        sum += weight(candidate);
        sum >= mass
    });
    found.truncate(enough.map_or(found.len(), |last| last + 1));
    enough.is_some()
}

/// The token at `draw.uniform` of what is left.
pub(crate) fn pick(candidates: &[(u32, f32)], greatest: f32, draw: &Draw) -> u32 {
    let weight = |&(_, logit): &(u32, f32)| f64::from(exp((logit - greatest) / draw.temperature));
    let weights: Vec<f64> = candidates.iter().map(weight).collect();
    let mut left = draw.uniform * weights.iter().sum::<f64>();
    let hit = weights.iter().position(|&weight| {
        left -= weight;
        left < 0.0
    });
    candidates[hit.unwrap_or(0)].0
}

/// Better tokens first; of equals, the smaller id.
pub(crate) fn better(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal).then(a.0.cmp(&b.0))
}

/// The `count` likeliest tokens with their logits, best first.
fn likeliest(logits: &[f32], count: usize) -> Vec<(u32, f32)> {
    let count = count.min(logits.len());
    if count == 0 {
        return Vec::new();
    }
    let mut kept: Vec<(u32, f32)> = Vec::with_capacity(count * 4);
    let mut threshold = f32::NEG_INFINITY;
    for (id, &logit) in logits.iter().enumerate() {
        // A later token with the logit of the threshold has the greater id, and loses.
        if logit > threshold {
            kept.push((id as u32, logit));
            if kept.len() == count * 4 {
                kept.select_nth_unstable_by(count - 1, better);
                kept.truncate(count);
                threshold = kept[count - 1].1;
            }
        }
    }
    kept.sort_unstable_by(better);
    kept.truncate(count);
    kept
}

/// The exponential of a number that is not above 0, to two units in the last place; 0 below -87.
///
/// The exponent is split off with a rounding constant and the rest goes through a polynomial: no call and no branch, so
/// that a loop over it becomes vector code, which the library's `exp` does not.
fn exp(x: f32) -> f32 {
    // Written so that NaN stays NaN.
    let clamped = if x < -87.0 { -87.0 } else { x };
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = (clamped - whole * 0.693_145_75) - whole * 1.428_606_8e-6; // ln 2 in two parts
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1f32.to_bits()));
    let polynomial = 1.0 / 720.0;
    let polynomial = polynomial * rest + 1.0 / 120.0;
    let polynomial = polynomial * rest + 1.0 / 24.0;
    let polynomial = polynomial * rest + 1.0 / 6.0;
    let polynomial = polynomial * rest + 0.5;
    let value = ((polynomial * rest) * rest + rest + 1.0) * power;
    if x < -87.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::uniform;

    const PLAIN: Draw = Draw { temperature: 1.0, top_k: 0, top_p: 1.0, uniform: 0.0, alternatives: 0, forced: None };

    /// Logits of a bell shape over `vocab` tokens.
    fn row(vocab: usize, seed: u64) -> Vec<f32> {
        (0..vocab as u64).map(|n| (0..6).map(|k| uniform(seed + k, n)).sum::<f64>() as f32 * 4.0 - 12.0).collect()
    }

    /// The definition, in f64 with a full sort: probability of each token under temperature, top-k and top-p.
    fn distribution(logits: &[f32], draw: &Draw) -> Vec<f64> {
        let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weights: Vec<f64> =
            logits.iter().map(|&l| (f64::from(l - greatest) / f64::from(draw.temperature)).exp()).collect();
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
        if draw.top_k > 0 {
            order.truncate(draw.top_k);
        }
        let total: f64 = order.iter().map(|&id| weights[id]).sum();
        let mut sum = 0.0;
        let mut kept = vec![0.0; logits.len()];
        for &id in &order {
            kept[id] = weights[id];
            sum += weights[id];
            if sum >= f64::from(draw.top_p) * total {
                break;
            }
        }
        kept.iter().map(|weight| weight / sum).collect()
    }

    #[test]
    fn the_exponential_is_close() {
        let worst = (0..87_000)
            .map(|n| -(n as f32) * 1e-3)
            .map(|x| ((f64::from(exp(x)) / f64::from(x).exp()) - 1.0).abs())
            .fold(0.0, f64::max);
        assert!(worst < 2.5e-7, "{worst}");
        assert_eq!((exp(0.0), exp(-88.0), exp(f32::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn log_probabilities_are_those_of_the_raw_logits() {
        let logits = row(1000, 5);
        let exact: f64 = logits.iter().map(|&l| f64::from(l).exp()).sum::<f64>().ln();
        let hot = Draw { temperature: 3.0, top_k: 7, uniform: 0.9, alternatives: 12, ..PLAIN };
        let drawn = draw(&logits, &hot).unwrap();
        assert!((f64::from(drawn.logprob) - (f64::from(logits[drawn.id as usize]) - exact)).abs() < 1e-5);
        assert_eq!(drawn.top.len(), 12);
        assert!(drawn.top.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        for &(id, logprob) in &drawn.top {
            assert!((f64::from(logprob) - (f64::from(logits[id as usize]) - exact)).abs() < 1e-5);
        }
        let all = draw(&logits, &Draw { alternatives: 1000, ..PLAIN }).unwrap();
        let mass: f64 = all.top.iter().map(|&(_, logprob)| f64::from(logprob).exp()).sum();
        assert!((mass - 1.0).abs() < 1e-5, "{mass}");
    }

    #[test]
    fn greedy_takes_the_first_of_the_greatest_and_forced_takes_what_it_is_told() {
        let mut logits = row(700, 1);
        logits[400] = 50.0;
        logits[500] = 50.0;
        let greedy = draw(&logits, &Draw { temperature: 0.0, uniform: 0.99, ..PLAIN }).unwrap();
        assert_eq!(greedy.id, 400);
        assert!((greedy.logprob - 0.5f32.ln()).abs() < 1e-6);
        let forced = draw(&logits, &Draw { forced: Some(3), ..PLAIN }).unwrap();
        assert_eq!(forced.id, 3);
        assert!(forced.logprob < -20.0);
    }

    #[test]
    fn every_way_of_drawing_follows_its_distribution() {
        for (vocab, case) in [
            (300, PLAIN),
            (300, Draw { temperature: 0.7, ..PLAIN }),
            (300, Draw { top_k: 5, ..PLAIN }),
            (300, Draw { top_p: 0.9, ..PLAIN }),
            (300, Draw { top_p: 0.6, top_k: 40, temperature: 1.3, ..PLAIN }),
            (700, Draw { top_p: 0.95, temperature: 5.0, ..PLAIN }),
        ] {
            let logits = row(vocab, 9);
            let expected = distribution(&logits, &case);
            // A stratified sweep over the unit interval must hit each token as often as its share says, within one.
            let draws = 1000u32;
            let mut hits = vec![0u32; vocab];
            for n in 0..draws {
                let uniform = (f64::from(n) + 0.5) / f64::from(draws);
                hits[draw(&logits, &Draw { uniform, ..case }).unwrap().id as usize] += 1;
            }
            for (id, &share) in expected.iter().enumerate() {
                let missing = (share * f64::from(draws) - f64::from(hits[id])).abs();
                assert!(missing < 1.1, "{case:?}: token {id} is {missing} off");
                assert!(share > 0.0 || hits[id] == 0, "{case:?}: token {id} must not be drawn");
            }
        }
    }

    #[test]
    fn the_ends_of_the_interval_hit_tokens_that_can_be_drawn() {
        let mut logits = vec![f32::NEG_INFINITY; 1000];
        logits[300] = 1.0;
        logits[301] = 1.0;
        for case in [PLAIN, Draw { top_k: 4, ..PLAIN }, Draw { top_p: 0.999, ..PLAIN }] {
            let at = |uniform| draw(&logits, &Draw { uniform, ..case }).unwrap().id;
            assert_eq!((at(0.0), at(1.0 - f64::EPSILON)), (300, 301), "{case:?}");
        }
    }

    #[test]
    fn selection_equals_a_full_sort() {
        let mut logits = row(5000, 3);
        // Many ties, and one zero.
        logits.iter_mut().for_each(|logit| *logit = (*logit * 4.0).round() + 0.0);
        let mut sorted: Vec<(u32, f32)> = logits.iter().enumerate().map(|(id, &l)| (id as u32, l)).collect();
        sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        for count in [1, 2, 50, 4999, 5000, 6000] {
            assert!(likeliest(&logits, count) == sorted[..count.min(5000)], "{count} likeliest");
        }
    }

    #[test]
    fn rows_without_a_distribution_are_told() {
        let mut logits = row(300, 2);
        logits[7] = f32::NAN;
        assert_eq!(draw(&logits, &PLAIN), None);
        assert_eq!(draw(&[f32::NEG_INFINITY; 4], &PLAIN), None);
        assert_eq!(draw(&[f32::INFINITY, 0.0], &PLAIN), None);
    }

    #[test]
    fn rows_are_independent_of_each_other_and_of_threads() {
        let vocab = 30_000;
        let logits: Vec<f32> = (0..8).flat_map(|n| row(vocab, n * 10)).collect();
        let draws: Vec<(usize, Draw)> = (0..20)
            .map(|n| (n % 8, Draw { uniform: uniform(1, n as u64), top_k: n % 3 * 20, alternatives: n % 4, ..PLAIN }))
            .collect();
        let together = draw_rows(&logits, vocab, &draws, 4);
        for (drawn, (row, one)) in together.iter().zip(&draws) {
            assert_eq!(*drawn, draw(&logits[row * vocab..(row + 1) * vocab], one));
        }
    }
}
