//! The tower that sees: patches of pixels to features of patches.
//!
//! AIMv2's blocks with 2D rotary positions beside the learned table it was trained with (GLM-4.1V paper, section 2). The
//! table is sampled by bicubic interpolation at the centres of a picture's patches, equations 1 and 2. Attention stays
//! within one slice of time.
//!
//! We differ in how the table is sampled: the sampling points form a lattice, so it is two small matrix products instead
//! of sixteen gathered rows for each patch.

use glim_kernels::attention;
use glim_kernels::gate::swiglu_pair;
use glim_kernels::norm::rms_norm;
use glim_kernels::rotary::{Pairs, rotate};
use glim_processor::Grid;
use tch::{Device, Kind, Tensor};

use crate::config::VisionConfig;
use crate::trace::Trace;
use crate::weights::{Init, Weight, Weights};

pub(crate) struct Vision {
    config: VisionConfig,
    proj: Weight,
    proj_bias: Weight,
    post_conv_layernorm: Weight,
    position_embedding: Weight,
    blocks: Vec<Block>,
    post_layernorm: Weight,
}

#[derive(Clone)]
struct Block {
    heads: i64,
    epsilon: f64,
    norm1: Weight,
    norm2: Weight,
    qkv: Weight,
    qkv_bias: Option<Weight>,
    proj: Weight,
    gate_proj: Weight,
    up_proj: Weight,
    down_proj: Weight,
}

/// What all blocks need to know of the patches.
struct Layout {
    /// Patches in each slice of time.
    slices: Vec<i64>,
    /// `[patches, head_dim / 2]`, f32.
    cos: Tensor,
    sin: Tensor,
}

impl Layout {
    fn share(&self) -> Layout {
        Layout { slices: self.slices.clone(), cos: self.cos.shallow_clone(), sin: self.sin.shallow_clone() }
    }
}

impl Vision {
    pub fn new(weights: &Weights<'_>, config: &VisionConfig) -> Vision {
        let hidden = config.hidden;
        let kernel = [hidden, config.channels, config.temporal, config.patch, config.patch];
        let blocks = weights.sub("blocks");
        Vision {
            proj: weights.tensor("patch_embed.proj.weight", &kernel, Init::Normal),
            proj_bias: weights.tensor("patch_embed.proj.bias", &[hidden], Init::Zeros),
            post_conv_layernorm: weights.tensor("post_conv_layernorm.weight", &[hidden], Init::Ones),
            position_embedding: weights.tensor(
                "embeddings.position_embedding.weight",
                &[config.table_side() * config.table_side(), hidden],
                Init::Normal,
            ),
            blocks: (0..config.depth).map(|number| Block::new(&blocks.sub(number), config)).collect(),
            post_layernorm: weights.tensor("post_layernorm.weight", &[hidden], Init::Ones),
            config: config.clone(),
        }
    }

    /// # Shapes
    /// - `pixels`: `[patches, channels * temporal * patch * patch]`, pictures one after another, each in the order of
    ///   merge windows; returns `[patches, hidden]`
    pub fn forward(&self, pixels: &Tensor, grids: &[Grid], recompute: usize, trace: &Trace) -> Tensor {
        let epsilon = self.config.epsilon;
        let kernel = self.proj.view([self.config.hidden as i64, -1]);
        let pixels = pixels.to_device(kernel.device()).to_kind(kernel.kind());
        let hidden = pixels.linear(&kernel, Some(&*self.proj_bias)); // [patches, hidden]
        trace.note(|| "vis_patch_embed".into(), &hidden);
        let hidden = rms_norm(&hidden, &self.post_conv_layernorm, epsilon);
        trace.note(|| "vis_post_conv_norm".into(), &hidden);
        let mut hidden = hidden + self.positions(grids);
        trace.note(|| "vis_after_pos_embed".into(), &hidden);
        let layout = self.layout(grids);
        if trace.is_on() {
            for (name, half) in [("vis_rope_cos", &layout.cos), ("vis_rope_sin", &layout.sin)] {
                trace.note(|| name.into(), &Tensor::cat(&[half, half], -1));
            }
        }
        for (number, block) in self.blocks.iter().enumerate() {
            hidden = if number < recompute {
                let (block, layout) = (block.clone(), layout.share());
                glim_kernels::checkpoint::checkpoint(&hidden, move |hidden| {
                    block.forward(hidden, &layout, 0, &Trace::off())
                })
            } else {
                block.forward(&hidden, &layout, number, trace)
            };
            trace.note(|| format!("vis_block_{number}"), &hidden);
        }
        let hidden = rms_norm(&hidden, &self.post_layernorm, epsilon);
        trace.note(|| "vis_post_norm".into(), &hidden);
        hidden
    }

    /// The table, sampled for these pictures: `[patches, hidden]`.
    fn positions(&self, grids: &[Grid]) -> Tensor {
        let side = self.config.table_side() as i64;
        let (hidden, merge) = (self.config.hidden as i64, self.config.merge as i64);
        let device = self.position_embedding.device();
        let table = self.position_embedding.to_kind(Kind::Float).view([side, side * hidden]);
        let parts: Vec<Tensor> = grids
            .iter()
            .map(|grid| {
                let (rows, columns) = (grid.h as i64, grid.w as i64);
                let down = lattice(grid.h, self.config.table_side(), device); // [rows, side]
                let across = lattice(grid.w, self.config.table_side(), device); // [columns, side]
                let sampled = down.matmul(&table).view([rows, side, hidden]);
                across
                    .matmul(&sampled) // [rows, columns, hidden]
                    .view([rows / merge, merge, columns / merge, merge, hidden])
                    .permute([0, 2, 1, 3, 4])
                    .reshape([1, rows * columns, hidden])
                    .expand([grid.t as i64, -1, -1], false)
                    .reshape([-1, hidden])
            })
            .collect();
        Tensor::cat(&parts, 0).to_kind(self.position_embedding.kind())
    }

    fn layout(&self, grids: &[Grid]) -> Layout {
        let device = self.position_embedding.device();
        let merge = self.config.merge;
        let (mut rows, mut columns, mut slices) = (Vec::new(), Vec::new(), Vec::new());
        for grid in grids {
            for _ in 0..grid.t {
                slices.push((grid.h * grid.w) as i64);
                for window in 0..(grid.h / merge) * (grid.w / merge) {
                    let (top, left) = (window / (grid.w / merge) * merge, window % (grid.w / merge) * merge);
                    for patch in 0..merge * merge {
                        rows.push((top + patch / merge) as f32);
                        columns.push((left + patch % merge) as f32);
                    }
                }
            }
        }
        // Half of the frequencies turn with the row, half with the column.
        let half = (self.config.hidden / self.config.heads / 2) as i64;
        let exponents = Tensor::arange_start_step(0, half, 2, (Kind::Float, device)) / half as f64;
        let frequencies = (exponents * 10_000f64.ln()).exp().reciprocal();
        let angles = |places: Vec<f32>| Tensor::from_slice(&places).to_device(device).unsqueeze(1) * &frequencies;
        let angles = Tensor::cat(&[angles(rows), angles(columns)], -1); // [patches, half]
        Layout { slices, cos: angles.cos(), sin: angles.sin() }
    }
}

/// Weights of `side` table entries for each of `count` points at even distance: bicubic with a = -0.75, entries past the
/// border counted as those at it. `[count, side]`.
fn lattice(count: usize, side: usize, device: Device) -> Tensor {
    const A: f32 = -0.75;
    let mut weights = vec![0f32; count * side];
    for point in 0..count {
        // As the reference: normalised to -1..1 and back, in f32.
        let normal = ((point as f32 + 0.5) / count as f32) * 2.0 - 1.0;
        let place = ((normal + 1.0) * side as f32 - 1.0) / 2.0;
        let floor = place.floor();
        for tap in -1i64..=2 {
            let distance = (place - floor - tap as f32).abs();
            let weight = if distance <= 1.0 {
                ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1.0
            } else {
                ((A * distance - 5.0 * A) * distance + 8.0 * A) * distance - 4.0 * A
            };
            let entry = (floor as i64 + tap).clamp(0, side as i64 - 1) as usize;
            weights[point * side + entry] += weight;
        }
    }
    Tensor::from_slice(&weights).view([count as i64, side as i64]).to_device(device)
}

impl Block {
    fn new(weights: &Weights<'_>, config: &VisionConfig) -> Block {
        let (hidden, wide) = (config.hidden, config.out);
        let attn = weights.sub("attn");
        let mlp = weights.sub("mlp");
        Block {
            heads: config.heads as i64,
            epsilon: config.epsilon,
            norm1: weights.tensor("norm1.weight", &[hidden], Init::Ones),
            norm2: weights.tensor("norm2.weight", &[hidden], Init::Ones),
            qkv: attn.tensor("qkv.weight", &[3 * hidden, hidden], Init::Normal),
            qkv_bias: config.qkv_bias.then(|| attn.tensor("qkv.bias", &[3 * hidden], Init::Zeros)),
            proj: attn.tensor("proj.weight", &[hidden, hidden], Init::Normal),
            gate_proj: mlp.tensor("gate_proj.weight", &[wide, hidden], Init::Normal),
            up_proj: mlp.tensor("up_proj.weight", &[wide, hidden], Init::Normal),
            down_proj: mlp.tensor("down_proj.weight", &[hidden, wide], Init::Normal),
        }
    }

    fn forward(&self, hidden: &Tensor, layout: &Layout, number: usize, trace: &Trace) -> Tensor {
        let attended = self.attend(&rms_norm(hidden, &self.norm1, self.epsilon), layout);
        trace.note(|| format!("vis_block_{number}_attn"), &attended);
        let hidden = hidden + attended;
        let normed = rms_norm(&hidden, &self.norm2, self.epsilon);
        let none: Option<&Tensor> = None;
        let wide = swiglu_pair(&normed.linear(&self.gate_proj, none), &normed.linear(&self.up_proj, none));
        let mlp = wide.linear(&self.down_proj, none);
        trace.note(|| format!("vis_block_{number}_mlp"), &mlp);
        hidden + mlp
    }

    /// # Shapes
    /// - `hidden`: `[patches, hidden]`; returns the same shape
    fn attend(&self, hidden: &Tensor, layout: &Layout) -> Tensor {
        let (patches, width) = hidden.size2().expect("hidden is [patches, hidden]");
        let head_dim = width / self.heads;
        let qkv = hidden.linear(&self.qkv, self.qkv_bias.as_deref()); // [patches, 3 * hidden]
        let mut parts = qkv.chunk(3, 1).into_iter().map(|part| part.view([patches, self.heads, head_dim]));
        let [query, key, value] = [(); 3].map(|()| parts.next().expect("three parts"));
        let turn = |heads| rotate(heads, &layout.cos, &layout.sin, Pairs::Halves);
        let (query, key) = (turn(query), turn(key));
        let scale = (head_dim as f64).powf(-0.5);
        let attended = attention::packed(&query, &key, &value, &layout.slices, false, scale);
        attended.linear(&self.proj, None::<&Tensor>)
    }
}
