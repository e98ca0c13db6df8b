//! Bytes on the fullest device.
//!
//! What a block keeps for its backward pass is counted tensor by tensor, with attention that keeps one number for each head
//! and token instead of its scores (FlashAttention), and gates and norms that keep their inputs. With checkpointing a block
//! keeps its input, and one block at a time has all of it again.

use serde::Serialize;

use super::Setup;
use super::model::{Part, Tensor, is_frozen};

/// Bytes on the fullest device, by what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// The weights that are computed with.
    pub weights: u64,
    /// Of the weights that are trained.
    pub gradients: u64,
    /// Weights in f32 beside those in bf16.
    pub master_weights: u64,
    /// What the optimiser keeps.
    pub moments: u64,
    /// What forward leaves for backward, at its fullest.
    pub activations: u64,
    /// A chunk of logits in f32 and its gradient.
    pub logits: u64,
    /// All of it.
    pub total: u64,
    /// Which stage of the pipeline is the fullest, from 0.
    pub stage: u64,
}

impl Memory {
    pub(super) fn of(setup: &Setup, micro_batches: u64) -> Memory {
        let stages = 0..setup.parallel.pipeline;
        let all = stages.map(|stage| Memory::of_stage(setup, micro_batches, stage));
        all.max_by_key(|memory| memory.total).expect("a pipeline has a stage")
    }

    fn of_stage(setup: &Setup, micro_batches: u64, stage: u64) -> Memory {
        let Setup { model, parallel, precision, .. } = setup;
        let last = parallel.pipeline - 1;
        let ranks = if setup.sharded_optimizer { parallel.data * parallel.context } else { 1 };
        let kept = if precision.bytes() == 4 { 0 } else { 4 };
        let (mut weights, mut gradients, mut masters, mut moments) = (0.0, 0.0, 0.0, 0.0);
        for tensor in model.tensors() {
            if !is_on(setup, &tensor, stage) {
                continue;
            }
            let expert = matches!(tensor.part, Part::Expert(_));
            let spread = if tensor.matrix { parallel.tensor } else { 1 } * if expert { parallel.expert } else { 1 };
            let numbers = tensor.numbers as f64 / spread as f64;
            weights += numbers * precision.bytes() as f64;
            if is_frozen(tensor.name, &setup.frozen) {
                continue;
            }
            // Experts have fewer copies to be spread over.
            let ranks = if expert { ranks.div_ceil(parallel.expert) } else { ranks } as f64;
            gradients += numbers * precision.bytes() as f64;
            masters += numbers * f64::from(kept) / ranks;
            moments += numbers * (4 * setup.optimizer.numbers()) as f64 / ranks;
        }
        // One forward, one backward in turn: a stage begins as many batches as there are stages after it, and its own.
        let begun = micro_batches.min(parallel.pipeline - stage);
        let activations = activations(setup, stage, begun);
        let tokens = setup.batch.at_once * setup.batch.length / parallel.context;
        let chunk = setup.logits_chunk.min(tokens) * model.text.vocab / parallel.tensor;
        let logits = if stage == last { 2.0 * 4.0 * chunk as f64 } else { 0.0 };
        let parts = [weights, gradients, masters, moments, activations, logits];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a device")]
        let [weights, gradients, master_weights, moments, activations, logits] = parts.map(|part| part.round() as u64);
        let total = weights + gradients + master_weights + moments + activations + logits;
        Memory { weights, gradients, master_weights, moments, activations, logits, total, stage }
    }
}

/// The layers of a stage: all have the same number, but for the first ones, which take what is over.
fn layers(setup: &Setup, stage: u64) -> std::ops::Range<u64> {
    let (layers, stages) = (setup.model.text.layers, setup.parallel.pipeline);
    let first = |stage: u64| stage * (layers / stages) + stage.min(layers % stages);
    first(stage)..first(stage + 1)
}

fn is_on(setup: &Setup, tensor: &Tensor<'_>, stage: u64) -> bool {
    let last = setup.parallel.pipeline - 1;
    match tensor.part {
        Part::Patches | Part::Merger => stage == 0,
        // A head that is the words' table is there twice.
        Part::Embedding => stage == 0 || (stage == last && setup.model.is_tied()),
        Part::Layer(number) | Part::Expert(number) => layers(setup, stage).contains(&number),
        Part::Head => stage == last,
    }
}

/// Bytes that so many batches, begun and not ended, leave on a stage.
fn activations(setup: &Setup, stage: u64, begun: u64) -> f64 {
    let Setup { model, batch, parallel, .. } = setup;
    let bytes = setup.precision.bytes() as f64;
    let tokens = (batch.at_once * batch.length) as f64 / parallel.context as f64;
    let wide = tokens * model.text.hidden as f64 * bytes;
    let (mut all, mut once) = (0.0, 0.0f64);
    for layer in layers(setup, stage) {
        let whole = tokens * layer_bytes(setup, layer);
        if layer < setup.recomputed {
            all += wide;
            once = once.max(whole);
        } else {
            all += whole;
        }
    }
    if stage == 0 {
        let vision = &model.vision;
        let patches = tokens * batch.image_share * (vision.merge * vision.merge) as f64;
        let patch = patches * vision.hidden as f64 * bytes;
        let block = patches * block_bytes(setup);
        let trained = model.tensors().any(|it| matches!(it.part, Part::Patches) && !is_frozen(it.name, &setup.frozen));
        let again = if trained { setup.recomputed.min(vision.depth) } else { vision.depth };
        if again > 0 {
            once = once.max(block);
        }
        // Without a backward pass a block is forgotten when the next one is done.
        if trained {
            all += again as f64 * patch + (vision.depth - again) as f64 * block;
        }
        all += wide;
    }
    if stage == parallel.pipeline - 1 {
        // The last layer's output, its norm's, and the gradient that the head gathers chunk by chunk.
        once += 3.0 * wide;
    }
    all * begun as f64 + once
}

/// Bytes that a layer of the decoder keeps for each token.
fn layer_bytes(setup: &Setup, layer: u64) -> f64 {
    let Setup { model, parallel, precision, .. } = setup;
    let text = &model.text;
    // Inputs of both halves, what their norms make of them, and (in the dense model) what comes out of them before a norm.
    let sandwiches = if text.experts.is_some() { 0 } else { 2 };
    let wide = (4 + sandwiches) * text.hidden;
    // Queries, keys, values and what attention makes of them.
    let attention = (2 * text.heads + 2 * text.kv_heads) * text.head_dim;
    // Gate, up, and their product; of experts also what goes in and comes out.
    let (wide, gated) = match text.experts {
        Some(experts) if layer >= experts.dense_layers => {
            let routed = experts.chosen * (3 * experts.intermediate + 2 * text.hidden);
            (wide, routed + 3 * experts.shared * experts.intermediate)
        }
        _ => (wide, 3 * text.intermediate),
    };
    let divided = (attention + gated) as f64 / parallel.tensor as f64;
    let sums = 4.0 * text.heads as f64 / parallel.tensor as f64;
    (wide as f64 + divided) * precision.bytes() as f64 + sums
}

/// Bytes that a block of the tower keeps for each patch.
fn block_bytes(setup: &Setup) -> f64 {
    let vision = &setup.model.vision;
    let divided = (4 * vision.hidden + 3 * vision.intermediate) as f64 / setup.parallel.tensor as f64;
    ((4 * vision.hidden) as f64 + divided) * setup.precision.bytes() as f64
}
