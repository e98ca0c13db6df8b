//! The learning rate over the steps of a run: warm-up, then a constant or a cosine, then down to a share of it.

use serde::{Deserialize, Serialize};

/// How the rate goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Constant until `decay_from`, then linear.
    Constant,
    /// Half a cosine from the end of the warm-up.
    Cosine,
}

/// The learning rate over a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedule {
    /// Steps over which the rate rises from 0.
    pub warmup: u64,
    /// How it goes on.
    pub shape: Shape,
    /// The share of all steps after which a constant rate goes down.
    pub decay_from: f64,
    /// The share of the rate that is left at the end.
    pub last: f64,
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule { warmup: 100, shape: Shape::Constant, decay_from: 0.6, last: 0.02 }
    }
}

impl Schedule {
    /// The share of the full rate at step `step` of `steps`, counted from 0.
    pub fn share(&self, step: u64, steps: u64) -> f64 {
        if step < self.warmup {
            return (step + 1) as f64 / self.warmup as f64;
        }
        let done = step as f64 / steps.max(1) as f64;
        match self.shape {
            Shape::Constant if done < self.decay_from => 1.0,
            Shape::Constant => {
                let left = ((1.0 - done) / (1.0 - self.decay_from)).clamp(0.0, 1.0);
                self.last + (1.0 - self.last) * left
            }
            Shape::Cosine => {
                let begin = self.warmup as f64 / steps.max(1) as f64;
                let gone = ((done - begin) / (1.0 - begin)).clamp(0.0, 1.0);
                self.last + (1.0 - self.last) * 0.5 * (1.0 + (std::f64::consts::PI * gone).cos())
            }
        }
    }

    /// What is wrong with it.
    pub fn mistakes(&self, steps: u64) -> Vec<String> {
        let mut mistakes = Vec::new();
        if !(0.0..1.0).contains(&self.decay_from) {
            mistakes.push(format!("`schedule.decay_from` is {}, a share in 0..1 was expected", self.decay_from));
        }
        if !(0.0..=1.0).contains(&self.last) {
            mistakes.push(format!("`schedule.last` is {}, a share in 0..=1 was expected", self.last));
        }
        if self.warmup >= steps {
            mistakes
                .push(format!("`schedule.warmup` is {}, fewer than the {steps} `steps` were expected", self.warmup));
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_holds_and_falls() {
        let schedule = Schedule { warmup: 10, shape: Shape::Constant, decay_from: 0.5, last: 0.1 };
        let shares: Vec<f64> = [0, 9, 10, 49, 50, 75, 100].map(|step| schedule.share(step, 100)).to_vec();
        let expected = [0.1, 1.0, 1.0, 1.0, 1.0, 0.55, 0.1];
        assert!(shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{shares:?}");
    }

    #[test]
    fn a_cosine_is_half_way_in_the_middle() {
        let schedule = Schedule { warmup: 20, shape: Shape::Cosine, decay_from: 0.5, last: 0.0 };
        assert!((schedule.share(60, 100) - 0.5).abs() < 1e-12);
        assert!(schedule.share(99, 100) < 0.01);
    }
}
