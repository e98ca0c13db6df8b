//! A model as a plan sees it: names and shapes of its tensors, and the few numbers that shapes do not tell.

use serde::Serialize;

/// What is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What it is called.
    pub name: String,
    /// Names and shapes of all tensors, by the checkpoint's own names. A stack of experts is one tensor
    /// (`layers.1.mlp.experts.gate_up_proj`, `[experts, rows, columns]`) or one for each expert and matrix.
    pub tensors: Vec<(String, Vec<i64>)>,
    /// The decoder.
    pub text: Text,
    /// The tower that sees.
    pub vision: Vision,
}

/// The decoder's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// Layers.
    pub layers: u64,
    /// Width.
    pub hidden: u64,
    /// Width of the gated layer.
    pub intermediate: u64,
    /// Heads of queries.
    pub heads: u64,
    /// Heads of keys and values.
    pub kv_heads: u64,
    /// Width of a head.
    pub head_dim: u64,
    /// Ids.
    pub vocab: u64,
    /// Experts, in GLM-4.5V.
    pub experts: Option<Experts>,
}

/// A mixture of experts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Experts {
    /// Experts that tokens are sent to.
    pub routed: u64,
    /// Experts that see every token.
    pub shared: u64,
    /// Experts for each token.
    pub chosen: u64,
    /// Width of one expert.
    pub intermediate: u64,
    /// First layers that have none.
    pub dense_layers: u64,
}

/// The numbers of the tower that sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vision {
    /// Blocks.
    pub depth: u64,
    /// Width.
    pub hidden: u64,
    /// Width of the blocks' gated layer.
    pub intermediate: u64,
    /// Patches along each side of a window that becomes one token.
    pub merge: u64,
}

/// How many numbers a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parameters {
    /// All.
    pub total: u64,
    /// Of the decoder, embeddings and head included.
    pub text: u64,
    /// Of the tower that sees, what merges its patches included.
    pub vision: u64,
    /// That take part in the work for one token: of experts the chosen.
    pub active: u64,
    /// That are changed.
    pub trained: u64,
}

/// In which part of the model a tensor works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Once for each patch.
    Patches,
    /// Once for each token of a picture.
    Merger,
    /// The table of a word's vectors; looked up.
    Embedding,
    /// Once for each token, in the layer of this number.
    Layer(u64),
    /// Once for each token that is sent to it, in the layer of this number.
    Expert(u64),
    /// The norm before the head, and the head.
    Head,
}

/// A tensor with its part.
pub(super) struct Tensor<'a> {
    pub name: &'a str,
    pub numbers: u64,
    /// Whether it multiplies, and is divided among tensor ranks; otherwise a vector that is added or scales.
    pub matrix: bool,
    /// Looked up by position instead of being multiplied.
    pub table: bool,
    pub part: Part,
}

impl Model {
    pub(super) fn tensors(&self) -> impl Iterator<Item = Tensor<'_>> {
        self.tensors.iter().map(|(name, shape)| {
            let part = part(name);
            Tensor {
                name,
                numbers: shape.iter().fold(1, |numbers, side| numbers.saturating_mul(side.unsigned_abs())),
                matrix: shape.len() > 1,
                table: part == Part::Embedding || name.contains("position_embedding"),
                part,
            }
        })
    }

    /// Whether the words' table is also the head.
    pub(super) fn is_tied(&self) -> bool {
        !self.tensors.iter().any(|(name, _)| name.ends_with("lm_head.weight"))
    }

    /// The share of an expert's work that one token makes.
    pub(super) fn expert_share(&self) -> f64 {
        self.text.experts.map_or(1.0, |experts| experts.chosen as f64 / experts.routed as f64)
    }

    /// How many numbers there are.
    pub(super) fn parameters(&self, frozen: &[String]) -> Parameters {
        let sum = |filter: &dyn Fn(&Tensor<'_>) -> bool| -> u64 {
            self.tensors().filter(|tensor| filter(tensor)).map(|tensor| tensor.numbers).sum()
        };
        let total = sum(&|_| true);
        let vision = sum(&|tensor| matches!(tensor.part, Part::Patches | Part::Merger));
        let experts = sum(&|tensor| matches!(tensor.part, Part::Expert(_)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count is one")]
        let chosen = (experts as f64 * self.expert_share()).round() as u64;
        Parameters {
            total,
            text: total - vision,
            vision,
            active: total - experts + chosen,
            trained: sum(&|tensor| !is_frozen(tensor.name, frozen)),
        }
    }

    /// What makes it no model.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let Text { layers, hidden, intermediate, heads, kv_heads, head_dim, vocab, experts } = self.text;
        let Vision { depth, hidden: wide, intermediate: gated, merge } = self.vision;
        let counts = [
            ("text.layers", layers),
            ("text.hidden", hidden),
            ("text.intermediate", intermediate),
            ("text.heads", heads),
            ("text.kv_heads", kv_heads),
            ("text.head_dim", head_dim),
            ("text.vocab", vocab),
            ("vision.depth", depth),
            ("vision.hidden", wide),
            ("vision.intermediate", gated),
            ("vision.merge", merge),
        ];
        const LARGEST: u64 = 1 << 24;
        let mut mistakes: Vec<String> = counts
            .iter()
            .filter(|(_, count)| !(1..=LARGEST).contains(count))
            .map(|(name, count)| format!("`{name}` is {count}, and lies in 1..={LARGEST}"))
            .collect();
        if let Some(experts) = experts.filter(|it| it.chosen == 0 || it.chosen > it.routed || it.dense_layers > layers)
        {
            mistakes.push(format!(
                "{} of {} experts are chosen in all layers but {} of {layers}",
                experts.chosen, experts.routed, experts.dense_layers
            ));
        }
        if let Some((name, shape)) = self.tensors.iter().find(|(_, shape)| shape.iter().any(|side| *side <= 0)) {
            mistakes.push(format!("the tensor `{name}` is {shape:?}"));
        }
        let numbers: f64 = self.tensors().map(|tensor| tensor.numbers as f64).sum();
        if numbers > 1e15 {
            mistakes.push(format!("the model has {numbers:.1e} parameters, and at most 10^15 can be planned for"));
        }
        let there = self.tensors().filter_map(|tensor| match tensor.part {
            Part::Layer(number) | Part::Expert(number) => Some(number.saturating_add(1)),
            _ => None,
        });
        let there = there.max().unwrap_or(0);
        if there != layers {
            mistakes.push(format!("the tensors are of {there} layers, and `text.layers` is {layers}"));
        }
        mistakes
    }
}

/// Whether a tensor is not trained.
pub(super) fn is_frozen(name: &str, frozen: &[String]) -> bool {
    frozen.iter().any(|beginning| name.starts_with(beginning.as_str()))
}

fn part(name: &str) -> Part {
    if name.contains("visual.merger.") || name.contains("visual.downsample.") {
        return Part::Merger;
    }
    if name.contains("visual.") {
        return Part::Patches;
    }
    if name.ends_with("embed_tokens.weight") {
        return Part::Embedding;
    }
    let number = name.split_once("layers.").and_then(|(_, rest)| rest.split('.').next()?.parse().ok());
    match number {
        Some(number) if name.contains(".mlp.experts.") => Part::Expert(number),
        Some(number) => Part::Layer(number),
        None => Part::Head,
    }
}
