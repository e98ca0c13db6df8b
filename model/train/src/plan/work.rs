//! Operations for a token: two for each number of each matrix that it meets, and attention's own, which grow with the
//! length.
//!
//! Backward costs twice what forward costs: once for the inputs, once for the weights (Kaplan et al., arXiv 2001.08361, from
//! whom 6 operations for each parameter and token come). Attention counts half of the square in the decoder, where a token
//! sees those before it, and all of it between the patches of a picture; many published figures count all of both.

use serde::Serialize;

use super::Setup;
use super::model::{Part, is_frozen};

/// Operations for a token, in the mean over tokens of words and of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Work {
    /// Of the forward pass.
    pub forward: f64,
    /// Of both passes; what this does in a second, as a share of the peak, is the MFU.
    pub forward_backward: f64,
    /// Of both passes where the insides of layers are computed again.
    pub with_recomputation: f64,
    /// Of attention between tokens and between patches, in `forward_backward`: the part that grows with the length.
    pub attention: f64,
    /// Of the tower that sees, in `forward_backward`.
    pub vision: f64,
    /// Tokens that a token's attention reaches over, in the mean: the length of its sample.
    pub attended: f64,
}

impl Work {
    pub(super) fn of(setup: &Setup) -> Work {
        let Setup { model, batch, frozen, .. } = setup;
        let windows = (model.vision.merge * model.vision.merge) as f64;
        let patches = batch.image_share * windows;
        let mut work = Sum::default();
        // With nothing to train below it, no gradient goes into the tower.
        let below = model
            .tensors()
            .any(|tensor| matches!(tensor.part, Part::Patches | Part::Merger) && !is_frozen(tensor.name, frozen));
        for tensor in model.tensors() {
            let head = tensor.part == Part::Embedding && model.is_tied();
            if !tensor.matrix || (tensor.table && !head) {
                continue;
            }
            let times = match tensor.part {
                Part::Patches => patches,
                Part::Merger => batch.image_share,
                Part::Expert(_) => model.expert_share(),
                Part::Embedding | Part::Layer(_) | Part::Head => 1.0,
            };
            let vision = matches!(tensor.part, Part::Patches | Part::Merger);
            let forward = 2.0 * tensor.numbers as f64 * times;
            let inputs = if vision && !below { 0.0 } else { 1.0 };
            let weights = if is_frozen(tensor.name, frozen) { 0.0 } else { 1.0 };
            let again = matches!(tensor.part, Part::Patches | Part::Layer(_) | Part::Expert(_)) && inputs > 0.0;
            work.add(forward, inputs + weights, again, vision);
        }
        let lengths: Vec<f64> = batch.samples.iter().map(|length| *length as f64).collect();
        let attended = match lengths.iter().sum::<f64>() {
            0.0 => batch.length as f64,
            sum => lengths.iter().map(|length| length * length).sum::<f64>() / sum,
        };
        // Scores and the sum of values: 2 * 2 operations for each pair and number of a head.
        let text = &model.text;
        let decoder = 4.0 * (text.layers * text.heads * text.head_dim) as f64 * attended / 2.0;
        let picture = batch.image_tokens as f64 * windows;
        let tower = 4.0 * (model.vision.depth * model.vision.hidden) as f64 * picture * patches;
        let tower_backward = if below { 2.0 } else { 0.0 };
        work.add(decoder, 2.0, true, false);
        work.add(tower, tower_backward, below, true);
        Work {
            forward: work.forward,
            forward_backward: work.forward + work.backward,
            with_recomputation: work.forward + work.backward + work.again,
            attention: 3.0 * decoder + (1.0 + tower_backward) * tower,
            vision: work.vision,
            attended,
        }
    }

    /// What is really done.
    pub(super) fn done(&self, setup: &Setup) -> f64 {
        let layers = setup.model.text.layers;
        let share = setup.recomputed.min(layers) as f64 / layers as f64;
        self.forward_backward + share * (self.with_recomputation - self.forward_backward)
    }
}

#[derive(Default)]
struct Sum {
    forward: f64,
    backward: f64,
    again: f64,
    vision: f64,
}

impl Sum {
    /// Work whose backward pass costs so many forward passes.
    fn add(&mut self, forward: f64, backward: f64, again: bool, vision: bool) {
        self.forward += forward;
        self.backward += forward * backward;
        if again {
            self.again += forward;
        }
        if vision {
            self.vision += forward * (1.0 + backward);
        }
    }
}
