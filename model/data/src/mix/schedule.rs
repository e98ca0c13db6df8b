//! Which sample comes at which step: a pure function of the seed and the step, without a state that must be replayed.
//!
//! Of `N` samples, step `j` falls on the point `(A·j + U) mod N`; `A` is about `N` over the golden ratio and shares no
//! factor with `N`, `U` is the seed's. Groups own intervals as long as their share, so every stretch of steps holds each
//! group in its share (a Kronecker sequence, whose discrepancy is as low as it gets), and any `N` steps hold it exactly.
//! How often a group has come before is a sum of floors, found in a few dozen operations. A group is gone through in a
//! random order, every sample once, before it begins again in another order.

use crate::seed::{SplitMix, hash};

/// What comes when.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    seed: u64,
    /// Points that steps go around: as many as there are samples.
    circle: u128,
    stride: u128,
    offset: u128,
    /// Where each group's interval ends.
    ends: Vec<u128>,
    sizes: Vec<u64>,
}

/// What comes at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The group.
    pub(crate) group: usize,
    /// Which of its samples.
    pub(crate) sample: u64,
    /// How often the group has been gone through before.
    pub(crate) round: u64,
}

impl Schedule {
    /// For groups of these sizes that come in these shares, which add up to 1. Groups have samples.
    pub(crate) fn new(seed: u64, sizes: Vec<u64>, shares: &[f64]) -> Schedule {
        let coming = sizes.iter().zip(shares).filter(|(_, share)| **share > 0.0);
        let circle: u64 = coming.map(|(size, _)| *size).sum();
        Schedule::around(seed, circle, sizes, shares)
    }

    /// The same on a circle of another size, for shares that have little to do with the sizes.
    pub(crate) fn around(seed: u64, circle: u64, sizes: Vec<u64>, shares: &[f64]) -> Schedule {
        let mut end = 0;
        let ends = apportion(circle, shares).into_iter().map(|points| {
            end += u128::from(points);
            end
        });
        let ends = ends.collect();
        let golden = (circle as f64 * 0.618_033_988_749_895).round() as u64;
        let stride = (golden.max(1)..).find(|stride| gcd(*stride, circle) == 1).expect("a prime is not far");
        let offset = u128::from(hash(seed, "offset") % circle);
        Schedule { seed, circle: circle.into(), stride: stride.into(), offset, ends, sizes }
    }

    /// What comes at a step.
    pub(crate) fn turn(&self, step: u64) -> Turn {
        let point = (self.stride * u128::from(step) + self.offset) % self.circle;
        let group = self.ends.partition_point(|end| *end <= point);
        let begin = if group == 0 { 0 } else { self.ends[group - 1] };
        let before = self.below(step, self.ends[group]) - self.below(step, begin);
        let size = self.sizes[group];
        let (round, at) = (before / size, before % size);
        let key = SplitMix(hash(self.seed, &format!("group {group}")) ^ round).next_u64();
        Turn { group, sample: shuffled(at, size, key), round }
    }

    /// How many of the steps before `step` fall on points before `end`.
    fn below(&self, step: u64, end: u128) -> u64 {
        let steps = u128::from(step);
        let all = floor_sum(steps, self.circle, self.stride, self.offset);
        let others = floor_sum(steps, self.circle, self.stride, self.offset + self.circle - end);
        u64::try_from(all + steps - others).expect("a part of the steps is not more than all")
    }
}

/// Whole numbers that add up to `total`, as near to the shares as they can be (largest remainders).
fn apportion(total: u64, shares: &[f64]) -> Vec<u64> {
    let exact: Vec<f64> = shares.iter().map(|share| share * total as f64).collect();
    let mut parts: Vec<u64> = exact.iter().map(|part| part.floor() as u64).collect();
    let mut order: Vec<usize> = (0..shares.len()).filter(|at| shares[*at] > 0.0).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    let left = total.saturating_sub(parts.iter().sum());
    // More than one round only if the shares did not quite add up to 1.
    for at in order.iter().cycle().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        parts[*at] += 1;
    }
    parts
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The sum of `(a·i + b) / m`, each rounded down, over `i` in `0..n`.
fn floor_sum(mut n: u128, mut m: u128, mut a: u128, mut b: u128) -> u128 {
    let mut sum = 0;
    while n > 0 {
        sum += n * (n - 1) / 2 * (a / m) + n * (b / m);
        (a, b) = (a % m, b % m);
        let top = a * n + b;
        (n, b) = (top / m, top % m);
        (m, a) = (a, m);
    }
    sum
}

/// Where `at` of `0..size` goes in a random order of them: a Feistel network over the next power of four, walked until
/// it ends inside.
fn shuffled(at: u64, size: u64, key: u64) -> u64 {
    let half = (u64::BITS - (size - 1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1_u64 << half) - 1;
    let mut at = at;
    loop {
        let (mut left, mut right) = (at >> half, at & mask);
        for round in 0..4 {
            let mixed = SplitMix(key ^ right ^ (round << 60)).next_u64();
            (left, right) = (right, left ^ (mixed & mask));
        }
        at = left << half | right;
        if at < size {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_floors_are_exact() {
        for (n, m, a, b) in
            [(0, 7, 3, 1), (1, 7, 3, 20), (50, 7, 3, 1), (99, 5, 12, 9), (40, 9, 9, 0), (33, 64, 27, 100)]
        {
            let slow: u128 = (0..n).map(|i| (a * i + b) / m).sum();
            assert_eq!(floor_sum(n, m, a, b), slow, "{n} {m} {a} {b}");
        }
    }

    #[test]
    fn an_order_holds_each_once() {
        for size in [1, 2, 3, 5, 16, 17, 100, 1000] {
            let mut seen: Vec<u64> = (0..size).map(|at| shuffled(at, size, 99)).collect();
            assert!(size < 16 || seen != (0..size).collect::<Vec<_>>(), "{size} are in order");
            seen.sort_unstable();
            assert_eq!(seen, (0..size).collect::<Vec<_>>());
        }
    }

    #[test]
    fn groups_come_in_their_shares_and_each_sample_once_a_round() {
        let schedule = Schedule::new(5, vec![10, 40, 1000, 0], &[0.1, 0.2, 0.7, 0.0]);
        let turns: Vec<Turn> = (0..1000).map(|step| schedule.turn(step)).collect();
        let mut counts = [0_usize; 4];
        let mut seen = std::collections::HashSet::new();
        for (step, turn) in turns.iter().enumerate() {
            counts[turn.group] += 1;
            assert!(seen.insert((turn.group, turn.round, turn.sample)), "{turn:?} comes again at step {step}");
        }
        assert!(counts[0].abs_diff(100) <= 3 && counts[1].abs_diff(200) <= 3 && counts[3] == 0, "{counts:?}");
        // Any stretch, too, and each round is whole before the next begins.
        for stretch in turns.chunks(100) {
            let second = stretch.iter().filter(|turn| turn.group == 1).count();
            assert!(second.abs_diff(20) <= 3, "{second}");
        }
        let first: Vec<u64> = turns.iter().filter(|turn| turn.group == 0).map(|turn| turn.round).collect();
        assert!(first.is_sorted() && first.chunks(10).all(|round| round.iter().all(|it| *it == round[0])));
    }

    #[test]
    fn in_their_natural_shares_all_samples_come_once() {
        for sizes in [vec![1], vec![1, 1], vec![7, 3, 90], vec![64, 64, 1, 500]] {
            let total: u64 = sizes.iter().sum();
            let shares: Vec<f64> = sizes.iter().map(|size| *size as f64 / total as f64).collect();
            let schedule = Schedule::new(3, sizes, &shares);
            let seen: std::collections::HashSet<_> =
                (0..total).map(|step| schedule.turn(step)).map(|turn| (turn.group, turn.sample)).collect();
            assert_eq!(seen.len() as u64, total);
        }
    }

    #[test]
    fn shares_that_have_little_to_do_with_sizes_are_kept() {
        let schedule = Schedule::around(5, 1 << 24, vec![3, 2], &[0.999, 0.001]);
        let turns: Vec<Turn> = (0..10_000).map(|step| schedule.turn(step)).collect();
        assert!(turns.iter().filter(|turn| turn.group == 1).count().abs_diff(10) <= 3);
        let rounds = turns.iter().filter(|turn| turn.group == 0).map(|turn| turn.round);
        assert_eq!(rounds.collect::<Vec<_>>()[..6], [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn whole_parts_are_as_near_as_they_can_be() {
        assert_eq!(apportion(10, &[0.25, 0.25, 0.5, 0.0]), [3, 2, 5, 0]);
        assert_eq!(apportion(3, &[0.9, 0.05, 0.05]), [3, 0, 0]);
    }

    #[test]
    fn a_step_far_away_needs_no_steps_before_it() {
        let schedule = Schedule::new(1, vec![7, 1_000_003], &[0.25, 0.75]);
        let far = 3_000_000_000_000;
        let turn = schedule.turn(far);
        let expected = [0.25, 0.75][turn.group] * far as f64 / schedule.sizes[turn.group] as f64;
        assert!((turn.round as f64 - expected).abs() < expected * 1e-5 + 2.0, "{turn:?}, about {expected}");
    }

    #[test]
    fn the_schedule_never_changes() {
        let schedule = Schedule::new(7, vec![3, 5, 8], &[0.25, 0.25, 0.5]);
        let turns: Vec<_> = (0..8).map(|step| schedule.turn(step)).map(|turn| (turn.group, turn.sample)).collect();
        assert_eq!(turns, [(2, 7), (2, 6), (1, 0), (0, 2), (2, 5), (1, 1), (0, 1), (2, 4)]);
        let other = Schedule::new(8, vec![3, 5, 8], &[0.25, 0.25, 0.5]);
        assert_ne!(
            (0..8).map(|step| other.turn(step)).map(|turn| (turn.group, turn.sample)).collect::<Vec<_>>(),
            turns
        );
    }
}
