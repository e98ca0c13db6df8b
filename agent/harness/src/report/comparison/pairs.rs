//! Pairs of episodes of the same instance, and how likely chance alone makes them so uneven.

/// How the first and the last run did on the same instances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Solved by the last alone.
    pub gained: usize,
    /// Solved by the first alone.
    pub lost: usize,
    /// Solved by both.
    pub both: usize,
    /// Solved by neither.
    pub neither: usize,
}

impl Pairs {
    /// Adds one pair: whether the first and the last solved it.
    pub(super) fn add(&mut self, first: bool, last: bool) {
        *match (first, last) {
            (false, true) => &mut self.gained,
            (true, false) => &mut self.lost,
            (true, true) => &mut self.both,
            (false, false) => &mut self.neither,
        } += 1;
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.changed() + self.both + self.neither
    }

    /// Those that only one of the two solved.
    pub fn changed(&self) -> usize {
        self.gained + self.lost
    }

    /// The two-sided exact sign test, 0..=1: how likely pairs that changed are split at least this unevenly if each goes
    /// either way with equal chance. 1 if none changed.
    pub fn p_value(&self) -> f64 {
        let changed = self.changed();
        let fewer = self.gained.min(self.lost);
        // Terms of the binomial distribution by their logarithms: 2^-n alone is too small for a number from n = 1075 on.
        let mut term = -(changed as f64) * std::f64::consts::LN_2;
        let mut tail = term.exp();
        for successes in 0..fewer {
            term += ((changed - successes) as f64 / (successes + 1) as f64).ln();
            tail += term.exp();
        }
        (2.0 * tail).min(1.0)
    }

    /// What the test says, in words for a reader.
    pub(super) fn in_words(&self) -> String {
        let changed = self.changed();
        match changed {
            0 => return "No instance was solved by one and not by the other.".to_owned(),
            1 => return "A single pair that changed proves nothing: chance alone would give one.".to_owned(),
            _ => {}
        }
        let p = self.p_value();
        let often = if p >= 0.01 {
            format!("in about {:.0} of 100 comparisons", 100.0 * p)
        } else if p >= 0.0001 {
            format!("in about {:.0} of 10,000 comparisons", 10_000.0 * p)
        } else {
            "in fewer than 1 of 10,000 comparisons".to_owned()
        };
        format!(
            "If neither run were better, chance alone would split the {changed} that changed at least this unevenly \
             {often} ({}, exact sign test, two-sided).",
            p_in_words(p)
        )
    }
}

/// A probability as statistics print it.
pub(super) fn p_in_words(p: f64) -> String {
    match p {
        p if p < 0.0001 => "p < 0.0001".to_owned(),
        p if p < 0.0995 => format!("p = {p:.4}"),
        p => format!("p = {p:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice the tail of the binomial distribution, by hand: of 6 with 1 the other way (1 + 6) / 64, of 10 with none 1 / 1024,
    /// of 12 with 2 (1 + 12 + 66) / 4096; where it is even, all of it.
    #[rstest::rstest]
    #[case(0, 0, 1.0)]
    #[case(1, 0, 1.0)]
    #[case(5, 1, 14.0 / 64.0)]
    #[case(1, 5, 14.0 / 64.0)]
    #[case(10, 0, 2.0 / 1024.0)]
    #[case(2, 10, 158.0 / 4096.0)]
    #[case(3, 3, 1.0)]
    fn the_sign_test_equals_what_was_counted_by_hand(#[case] gained: usize, #[case] lost: usize, #[case] p: f64) {
        let pairs = Pairs { gained, lost, both: 7, neither: 9 };
        assert!((pairs.p_value() - p).abs() < 1e-12, "{}", pairs.p_value());
        assert_eq!(pairs.count(), gained + lost + 16);
    }

    #[test]
    fn many_pairs_are_no_trouble() {
        assert_eq!(Pairs { gained: 5000, lost: 5000, both: 0, neither: 0 }.p_value(), 1.0);
        // The sum in whole numbers: Python's `2 * sum(comb(10000, i) for i in range(4881)) / 2**10000`.
        let p = Pairs { gained: 5120, lost: 4880, both: 0, neither: 0 }.p_value();
        assert!((p - 0.016_844_067_154_899_43).abs() < 1e-10, "{p}");
        assert!(Pairs { gained: 9000, lost: 1000, both: 0, neither: 0 }.p_value() < 1e-300);
    }

    #[test]
    fn chance_is_told_in_words() {
        let words = |gained, lost| Pairs { gained, lost, both: 0, neither: 0 }.in_words();
        assert!(words(0, 0).starts_with("No instance") && words(0, 1).starts_with("A single pair"));
        assert!(
            words(5, 1).contains("the 6 that changed at least this unevenly in about 22 of 100 comparisons (p = 0.22,")
        );
        assert!(words(10, 0).contains("in about 20 of 10,000 comparisons (p = 0.0020,"));
        assert!(words(40, 0).contains("in fewer than 1 of 10,000 comparisons (p < 0.0001,"));
    }
}
