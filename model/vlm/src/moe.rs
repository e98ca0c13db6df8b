//! The mixture of experts of GLM-4.5V: sigmoid scores, a correction that only chooses, groups, and a shared expert.

use glim_kernels::gate::swiglu;
use glim_kernels::linear::linear;
use tch::{Kind, Tensor};

use crate::config::Experts;
use crate::mlp::DenseMlp;
use crate::trace::Trace;
use crate::weights::{Init, Weight, Weights};

#[derive(Clone)]
pub(crate) struct MixtureMlp {
    config: Experts,
    gate: Weight,
    /// Moves the choice and not the weight; it balances the load during training.
    correction: Weight,
    /// `[experts, 2 * intermediate, hidden]`.
    gate_up_proj: Weight,
    /// `[experts, hidden, intermediate]`.
    down_proj: Weight,
    shared_experts: Option<DenseMlp>,
}

impl MixtureMlp {
    pub fn new(weights: &Weights<'_>, hidden: usize, config: &Experts) -> MixtureMlp {
        let (count, wide) = (config.routed, config.intermediate);
        let (gate, experts) = (weights.sub("gate"), weights.sub("experts"));
        MixtureMlp {
            config: config.clone(),
            gate: gate.tensor("weight", &[count, hidden], Init::Normal),
            correction: gate.tensor_of_kind("e_score_correction_bias", &[count], Init::Zeros, Kind::Float),
            gate_up_proj: experts.experts("gate_up_proj", &["gate_proj", "up_proj"], count, 2 * wide, hidden),
            down_proj: experts.experts("down_proj", &["down_proj"], count, hidden, wide),
            shared_experts: (config.shared > 0)
                .then(|| DenseMlp::apart(&weights.sub("shared_experts"), hidden, wide * config.shared)),
        }
    }

    /// Which experts each token goes to, and with which weight.
    ///
    /// # Shapes
    /// - `hidden`: `[tokens, hidden]`; returns `[tokens, chosen]` of numbers of experts and of weights in f32
    fn route(&self, hidden: &Tensor, number: usize, trace: &Trace) -> (Tensor, Tensor) {
        let Experts { routed, chosen, groups, chosen_groups, normalised, scale, .. } = self.config;
        let (routed, groups) = (routed as i64, groups as i64);
        let logits = hidden.to_kind(Kind::Float).linear(&self.gate.to_kind(Kind::Float), None::<&Tensor>);
        trace.note(|| format!("txt_layer_{number}_router_logits"), &logits);
        let scores = logits.sigmoid(); // [tokens, experts]
        let mut wanted = &scores + &*self.correction;
        if groups > 1 {
            let tokens = hidden.size()[0];
            let grouped = wanted.view([tokens, groups, routed / groups]);
            let (best, _) = grouped.topk(2, -1, true, false);
            let (_, best) =
                best.sum_dim_intlist(&[-1i64][..], false, Kind::Float).topk(chosen_groups as i64, -1, true, false);
            let open = Tensor::zeros([tokens, groups], (Kind::Bool, hidden.device())).scatter_value(1, &best, 1.0);
            let open = open.unsqueeze(-1).expand([-1, -1, routed / groups], false).reshape([tokens, routed]);
            wanted = wanted.masked_fill(&open.logical_not(), f64::NEG_INFINITY);
        }
        let (_, experts) = wanted.detach().topk(chosen as i64, -1, true, false);
        trace.note(|| format!("txt_layer_{number}_experts"), &experts);
        let mut weights = scores.gather(1, &experts, false);
        if normalised {
            weights = &weights / (weights.sum_dim_intlist(&[-1i64][..], true, Kind::Float) + 1e-20);
        }
        (experts, weights * scale)
    }

    /// # Shapes
    /// - `hidden`: `[tokens, hidden]`; returns the same shape
    pub fn forward(&self, hidden: &Tensor, number: usize, trace: &Trace) -> Tensor {
        let (tokens, _hidden) = hidden.size2().expect("hidden is [tokens, hidden]");
        let (experts, weights) = self.route(hidden, number, trace);
        let chosen = self.config.chosen as i64;
        // All (token, expert) pairs, in the order of experts, so that each expert's tokens lie together.
        let (flat, order) = experts.flatten(0, 1).sort(0, false);
        let sources = order.divide_scalar_mode(chosen, "floor"); // [pairs], which token
        let shares = weights.flatten(0, 1).index_select(0, &order).unsqueeze(1); // [pairs, 1]
        let counts = flat.bincount(None::<&Tensor>, self.config.routed as i64);
        let counts: Vec<i64> = Vec::try_from(&counts).expect("counts are numbers");
        let inputs = hidden.index_select(0, &sources);
        let mut from = 0;
        let mut outputs = Vec::new();
        for (expert, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let expert = expert as i64;
            let wide = linear(&inputs.narrow(0, from, count), &self.gate_up_proj.get(expert), None);
            outputs.push(linear(&swiglu(&wide), &self.down_proj.get(expert), None));
            from += count;
        }
        let outputs = (Tensor::cat(&outputs, 0) * shares).to_kind(hidden.kind());
        let mixed = Tensor::zeros_like(hidden).index_add(0, &sources, &outputs);
        debug_assert_eq!(from, tokens * chosen, "every pair is computed");
        match &self.shared_experts {
            Some(shared) => {
                let shared = shared.forward(hidden);
                trace.note(|| format!("txt_layer_{number}_shared"), &shared);
                mixed + shared
            }
            None => mixed,
        }
    }
}
