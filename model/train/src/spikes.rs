//! Steps that would do harm: a loss that is no number, or far above what it was.

use serde::{Deserialize, Serialize};

use crate::recipe::SpikeRecipe;

/// How fast the running mean forgets.
const DECAY: f64 = 0.98;

/// Steps before a spike can be told.
const SEEN: u64 = 50;

/// Running mean and variance of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Spikes {
    mean: f64,
    variance: f64,
    seen: u64,
    /// Steps left out one after another.
    pub left_out: u32,
    /// Steps left out in all.
    pub total: u64,
}

impl Spikes {
    /// Whether a step with this loss and gradient norm is to be left out, and why.
    pub fn judge(&mut self, loss: f64, norm: f64, recipe: &SpikeRecipe) -> Option<String> {
        let reason = if !loss.is_finite() {
            Some(format!("its loss is {loss}"))
        } else if !norm.is_finite() {
            Some(format!("its gradient's norm is {norm}"))
        } else {
            let limit = self.mean + recipe.deviations * self.variance.sqrt();
            let told = recipe.deviations > 0.0 && self.seen >= SEEN && loss > limit;
            // The weights may be what has leapt, and only further steps can bring the loss down again.
            if told && self.left_out >= recipe.most {
                *self = Spikes { total: self.total, ..Spikes::default() };
            }
            let told = told && self.seen > 0;
            told.then(|| format!("its loss is {loss:.3}, more than {limit:.3} was not expected"))
        };
        if reason.is_some() {
            self.left_out += 1;
            self.total += 1;
            return reason;
        }
        self.left_out = 0;
        let decay = if self.seen == 0 { 0.0 } else { DECAY.min(self.seen as f64 / (self.seen + 1) as f64) };
        let difference = loss - self.mean;
        self.mean += (1.0 - decay) * difference;
        self.variance = decay * (self.variance + (1.0 - decay) * difference * difference);
        self.seen += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_that_stays_high_is_the_new_level() {
        let recipe = SpikeRecipe { deviations: 6.0, most: 3 };
        let mut spikes = Spikes::default();
        (0..100).for_each(|_| assert!(spikes.judge(1.0, 1.0, &recipe).is_none()));
        let left_out = (0..10).filter(|_| spikes.judge(2.0, 1.0, &recipe).is_some()).count();
        assert_eq!((left_out, spikes.left_out, spikes.total), (3, 0, 3));
        assert!((0..10).all(|_| spikes.judge(f64::NAN, 1.0, &recipe).is_some()));
        assert_eq!(spikes.left_out, 10);
    }

    #[test]
    fn a_leap_is_left_out_and_a_slope_is_not() {
        let recipe = SpikeRecipe { deviations: 6.0, most: 3 };
        let mut spikes = Spikes::default();
        for step in 0..200 {
            let loss = 5.0 - f64::from(step) * 0.01 + f64::from(step % 7) * 0.02;
            assert_eq!(spikes.judge(loss, 1.0, &recipe), None, "step {step}");
        }
        assert!(spikes.judge(9.0, 1.0, &recipe).is_some());
        assert!(spikes.judge(f64::NAN, 1.0, &recipe).is_some());
        assert!(spikes.judge(3.0, f64::INFINITY, &recipe).is_some());
        assert_eq!((spikes.left_out, spikes.total), (3, 3));
        assert_eq!(spikes.judge(3.0, 1.0, &recipe), None);
        assert_eq!((spikes.left_out, spikes.total), (0, 3));
    }
}
