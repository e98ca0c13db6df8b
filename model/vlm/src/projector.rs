//! From patches to tokens: each window of patches is convolved into one, then merged into the decoder's space.

use glim_kernels::gate::swiglu_pair;
use glim_processor::Grid;
use tch::Tensor;

use crate::config::VisionConfig;
use crate::trace::Trace;
use crate::weights::{Init, Weight, Weights};

pub(crate) struct Projector {
    merge: i64,
    downsample: Weight,
    downsample_bias: Weight,
    proj: Weight,
    norm: Weight,
    norm_bias: Weight,
    gate_proj: Weight,
    up_proj: Weight,
    down_proj: Weight,
}

impl Projector {
    pub fn new(weights: &Weights<'_>, config: &VisionConfig) -> Projector {
        let (out, merge, wide) = (config.out, config.merge, config.intermediate);
        let merger = weights.sub("merger");
        Projector {
            merge: merge as i64,
            downsample: weights.tensor("downsample.weight", &[out, config.hidden, merge, merge], Init::Normal),
            downsample_bias: weights.tensor("downsample.bias", &[out], Init::Zeros),
            proj: merger.tensor("proj.weight", &[out, out], Init::Normal),
            norm: merger.tensor("post_projection_norm.weight", &[out], Init::Ones),
            norm_bias: merger.tensor("post_projection_norm.bias", &[out], Init::Zeros),
            gate_proj: merger.tensor("gate_proj.weight", &[wide, out], Init::Normal),
            up_proj: merger.tensor("up_proj.weight", &[wide, out], Init::Normal),
            down_proj: merger.tensor("down_proj.weight", &[out, wide], Init::Normal),
        }
    }

    /// # Shapes
    /// - `hidden`: `[patches, vision hidden]` in the order of merge windows; returns `[tokens, hidden]`
    pub fn forward(&self, hidden: &Tensor, trace: &Trace) -> Tensor {
        let window = self.merge * self.merge;
        let (patches, width) = hidden.size2().expect("hidden is [patches, vision hidden]");
        // The convolution's stride is its size: a linear map of each window. Its columns are put in the order in which
        // a window lies, so that the patches need not move.
        let out = self.downsample.size()[0];
        let kernel = self.downsample.permute([0, 2, 3, 1]).reshape([out, window * width]);
        let windows = hidden.reshape([patches / window, window * width]);
        let hidden = windows.linear(&kernel, Some(&*self.downsample_bias)); // [tokens, hidden]
        trace.note(|| "vis_downsample".into(), &hidden);
        let none: Option<&Tensor> = None;
        let hidden = hidden.linear(&self.proj, none);
        let hidden = hidden.layer_norm([out], Some(&*self.norm), Some(&*self.norm_bias), 1e-5, true).gelu("none");
        let wide = swiglu_pair(&hidden.linear(&self.gate_proj, none), &hidden.linear(&self.up_proj, none));
        let hidden = wide.linear(&self.down_proj, none);
        trace.note(|| "vis_merged".into(), &hidden);
        hidden
    }
}

/// Tokens of these pictures together.
pub(crate) fn tokens(grids: &[Grid], merge: usize) -> usize {
    grids.iter().map(|grid| grid.tokens(merge)).sum()
}
