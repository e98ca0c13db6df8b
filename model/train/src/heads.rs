//! What a trainer adds to a model while it learns, to ask it what it sees. No part of the checkpoint's model.

use glim_data::training::{LETTER_KINDS, LETTER_SLOTS};
use glim_vlm::Model;
use tch::{Device, Kind, Tensor};

use crate::objective::{BINS, LossRecipe};

/// A linear map that knows nothing at first.
pub struct Head {
    /// `[outputs, width]`
    pub weight: Tensor,
    /// `[outputs]`
    pub bias: Tensor,
}

impl Head {
    fn new(outputs: i64, width: usize, kind: Kind, device: Device) -> Head {
        Head {
            weight: Tensor::zeros([outputs, width as i64], (kind, device)),
            bias: Tensor::zeros([outputs], (kind, device)),
        }
    }

    /// # Shapes
    /// - `features`: `[rows, width]`; returns `[rows * outputs / of, of]` in f32
    pub(crate) fn logits(&self, features: &Tensor, of: i64) -> Tensor {
        features.linear(&self.weight, Some(&self.bias)).to_kind(Kind::Float).view([-1, of])
    }
}

/// Those of a recipe.
pub struct Heads {
    /// Where the middle of a cell's element is: `2 * BINS` outputs for each token of a picture.
    pub centre: Option<Head>,
    /// Which letters a patch shows: `LETTER_SLOTS * LETTER_KINDS` outputs for each patch.
    pub letters: Option<Head>,
}

impl Heads {
    /// Fresh ones, as far as the recipe asks for them.
    pub fn new(recipe: &LossRecipe, model: &Model) -> Heads {
        let (kind, device) = (model.kind(), model.device());
        let slots = LETTER_SLOTS as i64 * i64::from(LETTER_KINDS);
        Heads {
            centre: (recipe.dense > 0.0).then(|| Head::new(2 * BINS, model.config.text.hidden, kind, device)),
            letters: (recipe.letters > 0.0).then(|| Head::new(slots, model.config.vision.hidden, kind, device)),
        }
    }

    /// Their weights, by their names in a trainer's state.
    pub fn named(&self) -> impl Iterator<Item = (String, &Tensor)> {
        let heads = [("centre", &self.centre), ("letters", &self.letters)];
        heads.into_iter().filter_map(|(name, head)| Some((name, head.as_ref()?))).flat_map(|(name, head)| {
            [("weight", &head.weight), ("bias", &head.bias)].map(|(part, it)| (format!("trainer.{name}.{part}"), it))
        })
    }
}
