//! Hyper-parameters, read from the `config.json` of a checkpoint as it is.
//!
//! Three families share the code: `glm4v` (GLM-4.1V), `glm4v_moe` (GLM-4.5V) and `glm46v` (GLM-4.6V, whose text part is
//! either of the two). What a file leaves out has the reference's default. Files come in two spellings, which are both
//! read: rotary settings in `rope_parameters` or beside it, text settings in `text_config` or at the root.

use serde::Deserialize;
use serde_json::Value;

/// Why a configuration cannot be used: everything that is wrong with it, a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration cannot be used: {}", .mistakes.join("; "))]
pub struct ConfigError {
    /// What is wrong, a fragment each.
    pub mistakes: Vec<String>,
}

/// Which of the three releases a checkpoint is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// GLM-4.1V.
    Glm4v,
    /// GLM-4.5V.
    Glm4vMoe,
    /// GLM-4.6V.
    Glm46v,
}

/// All of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Which release.
    pub family: Family,
    /// The decoder.
    pub text: TextConfig,
    /// The tower that sees.
    pub vision: VisionConfig,
    /// Ids with a meaning of their own.
    pub tokens: MediaTokens,
    /// Whether words are read and written with the same matrix.
    pub tied: bool,
    /// The file, unchanged.
    pub json: Value,
}

/// Ids that mark pictures and videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaTokens {
    /// One for each token of a picture, and of each frame of a video.
    pub image: u32,
    /// Opens a video.
    pub video_start: u32,
    /// Closes it.
    pub video_end: u32,
}

/// The decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct TextConfig {
    /// Ids.
    pub vocab: usize,
    /// Width.
    pub hidden: usize,
    /// Width of the gated layer.
    pub intermediate: usize,
    /// Layers.
    pub layers: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values; each serves `heads / kv_heads` queries.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Positions it was made for.
    pub context: usize,
    /// Added to the mean square in norms.
    pub epsilon: f64,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Rotary positions.
    pub rope: Rope,
    /// Experts, in GLM-4.5V.
    pub experts: Option<Experts>,
    /// Standard deviation of fresh weights.
    pub initial: f64,
}

/// Rotary positions over time, height and width.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// Base of the frequencies.
    pub theta: f64,
    /// Numbers of a head that are turned, twice the sum of `sections`.
    pub dim: usize,
    /// Frequencies that turn with time, height and width; longer lists go round.
    pub sections: Vec<usize>,
    /// Whether neighbours make a pair (GLM-4) or the two halves do (GLM-4.5).
    pub neighbours: bool,
}

/// A mixture of experts.
#[derive(Debug, Clone, PartialEq)]
pub struct Experts {
    /// Experts that tokens are sent to.
    pub routed: usize,
    /// Experts that see every token.
    pub shared: usize,
    /// Experts for each token.
    pub chosen: usize,
    /// Width of one expert.
    pub intermediate: usize,
    /// First layers that have none.
    pub dense_layers: usize,
    /// Groups of experts; the best `chosen_groups` are looked into.
    pub groups: usize,
    /// See `groups`.
    pub chosen_groups: usize,
    /// Whether the weights of the chosen sum to 1.
    pub normalised: bool,
    /// Factor on their weights.
    pub scale: f64,
}

/// The tower that sees.
#[derive(Debug, Clone, PartialEq)]
pub struct VisionConfig {
    /// Blocks.
    pub depth: usize,
    /// Width.
    pub hidden: usize,
    /// Heads.
    pub heads: usize,
    /// Channels of a pixel.
    pub channels: usize,
    /// Side in pixels of the square that the position table was made for.
    pub image: usize,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Frames in a patch.
    pub temporal: usize,
    /// Patches along each side of a window that becomes one token.
    pub merge: usize,
    /// Width of what comes out, that of the decoder; also of the blocks' gated layer.
    pub out: usize,
    /// Width of the merger's gated layer.
    pub intermediate: usize,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Added to the mean square in norms.
    pub epsilon: f64,
}

impl VisionConfig {
    /// Numbers in a patch.
    pub fn patch_numbers(&self) -> usize {
        self.channels * self.temporal * self.patch * self.patch
    }

    /// Positions along a side of the table.
    pub fn table_side(&self) -> usize {
        self.image / self.patch
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    model_type: String,
    text_config: Option<Value>,
    vision_config: Option<RawVision>,
    image_token_id: Option<u32>,
    video_start_token_id: Option<u32>,
    video_end_token_id: Option<u32>,
    #[serde(default)]
    tie_word_embeddings: bool,
}

#[derive(Deserialize, Default)]
struct RawText {
    model_type: Option<String>,
    vocab_size: Option<usize>,
    hidden_size: Option<usize>,
    intermediate_size: Option<usize>,
    num_hidden_layers: Option<usize>,
    num_attention_heads: Option<usize>,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: Option<usize>,
    rms_norm_eps: Option<f64>,
    initializer_range: Option<f64>,
    hidden_act: Option<String>,
    attention_bias: Option<bool>,
    #[serde(default)]
    tie_word_embeddings: bool,
    rope_parameters: Option<RawRope>,
    rope_scaling: Option<RawRope>,
    rope_theta: Option<f64>,
    partial_rotary_factor: Option<f64>,
    moe_intermediate_size: Option<usize>,
    num_experts_per_tok: Option<usize>,
    n_shared_experts: Option<usize>,
    n_routed_experts: Option<usize>,
    routed_scaling_factor: Option<f64>,
    n_group: Option<usize>,
    topk_group: Option<usize>,
    first_k_dense_replace: Option<usize>,
    norm_topk_prob: Option<bool>,
}

#[derive(Deserialize, Default, Clone)]
struct RawRope {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f64>,
    partial_rotary_factor: Option<f64>,
    mrope_section: Option<Vec<usize>>,
}

#[derive(Deserialize, Default)]
struct RawVision {
    depth: Option<usize>,
    hidden_size: Option<usize>,
    hidden_act: Option<String>,
    num_heads: Option<usize>,
    in_channels: Option<usize>,
    image_size: Option<usize>,
    patch_size: Option<usize>,
    temporal_patch_size: Option<usize>,
    spatial_merge_size: Option<usize>,
    out_hidden_size: Option<usize>,
    intermediate_size: Option<usize>,
    attention_bias: Option<bool>,
    rms_norm_eps: Option<f64>,
}

/// Past this a number in a file is a mistake, or an attempt to take all memory.
const LARGEST: usize = 1 << 24;

impl Config {
    /// Reads the text of a `config.json`.
    ///
    /// # Errors
    /// If it is no JSON, of another family, or its numbers make no model; all mistakes are told at once.
    pub fn parse(text: &str) -> Result<Config, ConfigError> {
        let one = |mistake: String| ConfigError { mistakes: vec![mistake] };
        let json: Value = serde_json::from_str(text).map_err(|error| one(format!("it is no JSON: {error}")))?;
        let file: File = serde_json::from_value(json.clone()).map_err(|error| one(error.to_string()))?;
        let family = match file.model_type.as_str() {
            "glm4v" => Family::Glm4v,
            "glm4v_moe" => Family::Glm4vMoe,
            "glm46v" => Family::Glm46v,
            other => {
                return Err(one(format!("`model_type` is `{other}`; known are `glm4v`, `glm4v_moe` and `glm46v`")));
            }
        };
        // Early files have the numbers of the decoder at the root.
        let raw = file.text_config.unwrap_or_else(|| json.clone());
        let raw: RawText = serde_json::from_value(raw).map_err(|error| one(format!("`text_config`: {error}")))?;
        let mixture = match family {
            Family::Glm4v => false,
            Family::Glm4vMoe => true,
            Family::Glm46v => raw.model_type.as_deref() == Some("glm4v_moe_text"),
        };
        let vision = vision(file.vision_config.unwrap_or_default());
        let tied = file.tie_word_embeddings || raw.tie_word_embeddings;
        let mut mistakes = Vec::new();
        for act in [&raw.hidden_act, &vision.1].into_iter().flatten() {
            if act != "silu" {
                mistakes.push(format!("`hidden_act` is `{act}`; only `silu` is known"));
            }
        }
        let text = text_config(raw, mixture, &mut mistakes);
        let (image, start, end) = match family {
            Family::Glm4v => (151_343, 151_341, 151_342),
            Family::Glm4vMoe => (151_363, 151_341, 151_342),
            Family::Glm46v => (151_343, 151_361, 151_362),
        };
        let tokens = MediaTokens {
            image: file.image_token_id.unwrap_or(image),
            video_start: file.video_start_token_id.unwrap_or(start),
            video_end: file.video_end_token_id.unwrap_or(end),
        };
        let config = Config { family, text, vision: vision.0, tokens, tied, json };
        config.check(&mut mistakes);
        if mistakes.is_empty() { Ok(config) } else { Err(ConfigError { mistakes }) }
    }

    fn check(&self, mistakes: &mut Vec<String>) {
        let Config { text, vision, tokens, .. } = self;
        let sizes = [
            ("vocab_size", text.vocab),
            ("hidden_size", text.hidden),
            ("intermediate_size", text.intermediate),
            ("num_hidden_layers", text.layers),
            ("num_attention_heads", text.heads),
            ("num_key_value_heads", text.kv_heads),
            ("head_dim", text.head_dim),
            ("max_position_embeddings", text.context),
            ("vision_config.depth", vision.depth),
            ("vision_config.hidden_size", vision.hidden),
            ("vision_config.num_heads", vision.heads),
            ("vision_config.in_channels", vision.channels),
            ("vision_config.image_size", vision.image),
            ("vision_config.patch_size", vision.patch),
            ("vision_config.temporal_patch_size", vision.temporal),
            ("vision_config.spatial_merge_size", vision.merge),
            ("vision_config.out_hidden_size", vision.out),
            ("vision_config.intermediate_size", vision.intermediate),
        ];
        let before = mistakes.len();
        for (name, size) in sizes {
            if size == 0 || size > LARGEST {
                mistakes.push(format!("`{name}` is {size}, and lies in 1..={LARGEST}"));
            }
        }
        if mistakes.len() > before {
            return;
        }
        let mut divides = |name: &str, whole: usize, part: usize| {
            if !whole.is_multiple_of(part) {
                mistakes.push(format!("{name}: {whole} is no multiple of {part}"));
            }
        };
        divides("`num_attention_heads` by `num_key_value_heads`", text.heads, text.kv_heads);
        divides("`vision_config.hidden_size` by its `num_heads` and 4", vision.hidden, vision.heads * 4);
        divides("`vision_config.image_size` by its `patch_size`", vision.image, vision.patch);
        if let Some(experts) = &text.experts {
            divides("`n_routed_experts` by `n_group`", experts.routed, experts.groups);
        }
        if vision.out != text.hidden {
            mistakes.push(format!(
                "`vision_config.out_hidden_size` is {}, `hidden_size` {}: they are equal",
                vision.out, text.hidden
            ));
        }
        if text.rope.dim > text.head_dim || text.rope.dim != 2 * text.rope.sections.iter().sum::<usize>() {
            mistakes.push(format!(
                "rotary positions turn {} of a head's {} numbers, and `mrope_section` {:?} sums to half of that",
                text.rope.dim, text.head_dim, text.rope.sections
            ));
        }
        if text.rope.theta.is_nan() || text.rope.theta <= 0.0 {
            mistakes.push(format!("`rope_theta` is {}, and positive", text.rope.theta));
        }
        if let Some(experts) = &text.experts {
            let group = experts.routed / experts.groups.max(1);
            let reachable = group * experts.chosen_groups.min(experts.groups);
            if experts.chosen == 0 || experts.chosen > reachable || experts.intermediate == 0 {
                mistakes.push(format!(
                    "{} experts of {} are chosen for each token, from {} of {} groups",
                    experts.chosen, experts.routed, experts.chosen_groups, experts.groups
                ));
            }
        }
        for (name, id) in [
            ("image_token_id", tokens.image),
            ("video_start_token_id", tokens.video_start),
            ("video_end_token_id", tokens.video_end),
        ] {
            if id as usize >= text.vocab {
                mistakes.push(format!("`{name}` is {id}, beyond the {} ids of the vocabulary", text.vocab));
            }
        }
    }
}

fn text_config(raw: RawText, mixture: bool, mistakes: &mut Vec<String>) -> TextConfig {
    // The reference's defaults: those of GLM-4.1V-9B and of GLM-4.5V.
    let pick = |given: Option<usize>, dense: usize, moe: usize| given.unwrap_or(if mixture { moe } else { dense });
    let hidden = pick(raw.hidden_size, 4096, 4096);
    let heads = pick(raw.num_attention_heads, 32, 96);
    let kv_heads = pick(raw.num_key_value_heads, 2, 8);
    if raw.head_dim.is_none() && hidden % heads.max(1) != 0 {
        mistakes.push(format!("`hidden_size` {hidden} is no multiple of `num_attention_heads` {heads}"));
    }
    let head_dim = raw.head_dim.unwrap_or(hidden / heads.max(1));
    let rope = raw.rope_parameters.or(raw.rope_scaling).unwrap_or_default();
    if let Some(kind) = rope.rope_type.as_deref().filter(|kind| *kind != "default" && *kind != "mrope") {
        mistakes.push(format!("rotary positions of type `{kind}`; only `default` is known"));
    }
    let sections = rope.mrope_section.unwrap_or_else(|| vec![8, 12, 12]);
    let dim = match rope.partial_rotary_factor.or(raw.partial_rotary_factor) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as the reference rounds")]
        Some(share) => (head_dim as f64 * share) as usize,
        None => 2 * sections.iter().sum::<usize>(),
    };
    let experts = mixture.then(|| Experts {
        routed: raw.n_routed_experts.unwrap_or(128),
        shared: raw.n_shared_experts.unwrap_or(1),
        chosen: raw.num_experts_per_tok.unwrap_or(8),
        intermediate: raw.moe_intermediate_size.unwrap_or(1408),
        dense_layers: raw.first_k_dense_replace.unwrap_or(1),
        groups: raw.n_group.unwrap_or(1),
        chosen_groups: raw.topk_group.unwrap_or(1),
        normalised: raw.norm_topk_prob.unwrap_or(true),
        scale: raw.routed_scaling_factor.unwrap_or(1.0),
    });
    TextConfig {
        vocab: pick(raw.vocab_size, 151_552, 151_424),
        hidden,
        intermediate: pick(raw.intermediate_size, 13_696, 10_944),
        layers: pick(raw.num_hidden_layers, 40, 46),
        heads,
        kv_heads,
        head_dim,
        context: pick(raw.max_position_embeddings, 32_768, 65_536),
        epsilon: raw.rms_norm_eps.unwrap_or(1e-5),
        // The dense decoder always has it, whatever the file says.
        qkv_bias: !mixture || raw.attention_bias.unwrap_or(true),
        rope: Rope {
            theta: rope.rope_theta.or(raw.rope_theta).unwrap_or(10_000.0),
            dim,
            sections,
            neighbours: !mixture,
        },
        experts,
        initial: raw.initializer_range.unwrap_or(0.02),
    }
}

fn vision(raw: RawVision) -> (VisionConfig, Option<String>) {
    let config = VisionConfig {
        depth: raw.depth.unwrap_or(24),
        hidden: raw.hidden_size.unwrap_or(1536),
        heads: raw.num_heads.unwrap_or(12),
        channels: raw.in_channels.unwrap_or(3),
        image: raw.image_size.unwrap_or(336),
        patch: raw.patch_size.unwrap_or(14),
        temporal: raw.temporal_patch_size.unwrap_or(2),
        merge: raw.spatial_merge_size.unwrap_or(2),
        out: raw.out_hidden_size.unwrap_or(4096),
        intermediate: raw.intermediate_size.unwrap_or(13_696),
        qkv_bias: raw.attention_bias.unwrap_or(false),
        epsilon: raw.rms_norm_eps.unwrap_or(1e-5),
    };
    (config, raw.hidden_act)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_leaves_out_is_the_release() {
        let config = Config::parse(r#"{"model_type": "glm4v"}"#).unwrap();
        assert_eq!((config.text.layers, config.text.kv_heads, config.text.head_dim), (40, 2, 128));
        assert_eq!(config.text.rope.sections, [8, 12, 12]);
        assert_eq!((config.vision.depth, config.vision.patch_numbers()), (24, 1176));
        let moe = r#"{"model_type": "glm4v_moe", "text_config": {"head_dim": 128}}"#;
        let moe = Config::parse(moe).unwrap();
        assert_eq!(moe.text.experts.as_ref().map(|it| (it.routed, it.chosen)), Some((128, 8)));
        assert!(!moe.text.rope.neighbours);
    }

    #[test]
    fn both_spellings_of_rotary_settings_are_read() {
        let old = r#"{"model_type": "glm4v", "rope_theta": 5e5, "partial_rotary_factor": 0.5, "num_hidden_layers": 3,
            "rope_scaling": {"type": "default", "mrope_section": [8, 12, 12]}}"#;
        let new = r#"{"model_type": "glm4v", "text_config": {"num_hidden_layers": 3, "rope_parameters":
            {"rope_theta": 5e5, "partial_rotary_factor": 0.5, "rope_type": "default", "mrope_section": [8, 12, 12]}}}"#;
        assert_eq!(Config::parse(old).unwrap().text, Config::parse(new).unwrap().text);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let wrong = r#"{"model_type": "glm4v", "image_token_id": 7000, "text_config": {"vocab_size": 100,
            "num_attention_heads": 3, "hidden_act": "relu", "rope_parameters": {"rope_theta": -1,
            "partial_rotary_factor": 0.5, "mrope_section": [1]}}, "vision_config": {"out_hidden_size": 8}}"#;
        let ConfigError { mistakes } = Config::parse(wrong).unwrap_err();
        let all = mistakes.join("\n");
        for part in ["relu", "image_token_id", "num_attention_heads", "out_hidden_size", "mrope_section", "rope_theta"]
        {
            assert!(all.contains(part), "{part} is missing in:\n{all}");
        }
        for text in [
            "",
            "[]",
            "{}",
            r#"{"model_type": "llama"}"#,
            r#"{"model_type": "glm4v", "vocab_size": 1e99}"#,
            r#"{"model_type": "glm4v", "text_config": {"num_hidden_layers": 99999999999}}"#,
            r#"{"model_type": "glm4v", "text_config": {"num_attention_heads": 0}}"#,
        ] {
            assert!(Config::parse(text).is_err(), "{text}");
        }
    }
}
