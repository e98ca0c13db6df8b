//! Gated layers.

use glim_kernels::gate::{swiglu, swiglu_pair};
use glim_kernels::linear::linear;
use tch::Tensor;

use crate::moe::MixtureMlp;
use crate::trace::Trace;
use crate::weights::{Init, Weight, Weights};

#[derive(Clone)]
pub(crate) enum Mlp {
    Dense(DenseMlp),
    Mixture(MixtureMlp),
}

impl Mlp {
    /// # Shapes
    /// - `hidden`: `[tokens, hidden]`; returns the same shape
    pub fn forward(&self, hidden: &Tensor, number: usize, trace: &Trace) -> Tensor {
        match self {
            Mlp::Dense(mlp) => mlp.forward(hidden),
            Mlp::Mixture(mlp) => mlp.forward(hidden, number, trace),
        }
    }
}

/// GLM-4 keeps gate and up in one matrix, GLM-4.5 in two.
#[derive(Clone)]
pub(crate) enum DenseMlp {
    Joined { gate_up_proj: Weight, down_proj: Weight },
    Apart { gate_proj: Weight, up_proj: Weight, down_proj: Weight },
}

impl DenseMlp {
    pub fn joined(weights: &Weights<'_>, hidden: usize, wide: usize) -> DenseMlp {
        DenseMlp::Joined {
            gate_up_proj: weights.tensor("gate_up_proj.weight", &[2 * wide, hidden], Init::Normal),
            down_proj: weights.tensor("down_proj.weight", &[hidden, wide], Init::Normal),
        }
    }

    pub fn apart(weights: &Weights<'_>, hidden: usize, wide: usize) -> DenseMlp {
        DenseMlp::Apart {
            gate_proj: weights.tensor("gate_proj.weight", &[wide, hidden], Init::Normal),
            up_proj: weights.tensor("up_proj.weight", &[wide, hidden], Init::Normal),
            down_proj: weights.tensor("down_proj.weight", &[hidden, wide], Init::Normal),
        }
    }

    pub fn forward(&self, hidden: &Tensor) -> Tensor {
        match self {
            DenseMlp::Joined { gate_up_proj, down_proj } => {
                linear(&swiglu(&linear(hidden, gate_up_proj, None)), down_proj, None)
            }
            DenseMlp::Apart { gate_proj, up_proj, down_proj } => {
                let wide = swiglu_pair(&linear(hidden, gate_proj, None), &linear(hidden, up_proj, None));
                linear(&wide, down_proj, None)
            }
        }
    }
}
