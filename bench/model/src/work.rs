//! The work that is timed.

use glim_kernels::optimizer::{AdamW, Moments, drop_gradient};
use glim_processor::Grid;
use glim_vlm::trace::Trace;
use glim_vlm::{Config, Model, Packed, Positions, Prompt, Targets};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

use crate::clock::Clock;
use crate::shape::Shape;

pub(crate) struct Bench {
    model: Model,
    clock: Clock,
    grid: Grid,
    pixels: Tensor,
    image_token: u32,
    counts: Counts,
}

/// Numbers that floating-point operations are counted from, as the peer counts them.
struct Counts {
    text: f64,
    blocks: f64,
    merger: f64,
    depth: f64,
    vision_hidden: f64,
    layers: f64,
    hidden: f64,
}

impl Counts {
    fn vision(&self, patches: f64) -> f64 {
        2.0 * patches * self.blocks
            + 2.0 * (patches / 4.0) * self.merger
            + 4.0 * self.depth * patches * patches * self.vision_hidden
    }

    fn prompt(&self, tokens: f64) -> f64 {
        2.0 * tokens * self.text + 2.0 * self.layers * tokens * tokens * self.hidden
    }
}

/// TFLOP/s of a plain matrix product.
pub(crate) fn matrix_rate(clock: &Clock, kind: Kind) -> f64 {
    let matrix = Tensor::randn([1024, 1024], (kind, Device::Cpu));
    let seconds = clock.time(None, || drop(matrix.matmul(&matrix)));
    2.0 * 1024f64.powi(3) / seconds / 1e12
}

impl Bench {
    pub fn new(
        shape: &Shape,
        height: usize,
        width: usize,
        device: Device,
        kind: Kind,
        clock: Clock,
    ) -> anyhow::Result<Bench> {
        let config = Config::parse(&shape.config().to_string())?;
        let model = Model::random(config, 0, device, kind).for_inference();
        let grid = Grid { t: 1, h: height / 14, w: width / 14 };
        let pixels = Tensor::randn([grid.patches() as i64, 1176], (Kind::Float, Device::Cpu));
        let sum = |wanted: &dyn Fn(&str) -> bool| -> f64 {
            model.weights().iter().filter(|(name, _)| wanted(name)).map(|(_, weight)| weight.numel() as f64).sum()
        };
        let merger = |name: &str| name.contains("visual.merger") || name.contains("visual.downsample");
        let counts = Counts {
            text: sum(&|name| !name.contains("visual") && !name.contains("embed_tokens")),
            blocks: sum(&|name| name.contains("visual") && !merger(name) && !name.contains("position_embedding")),
            merger: sum(&merger),
            depth: shape.depth as f64,
            vision_hidden: shape.vision_hidden as f64,
            layers: shape.layers as f64,
            hidden: shape.hidden as f64,
        };
        let image_token = u32::try_from(shape.image_token())?;
        let pixels = pixels.to_device(device).to_kind(kind);
        Ok(Bench { model, clock, grid, pixels, image_token, counts })
    }

    pub fn parameters(&self) -> usize {
        self.model.weights().values().map(|weight| weight.numel()).sum()
    }

    pub fn patches(&self) -> usize {
        self.grid.patches()
    }

    pub fn image_tokens(&self) -> usize {
        self.grid.tokens(2)
    }

    /// Words around a picture, as the peer has them: four words, a picture in its marks, and the rest.
    fn ids(&self, text: usize, seed: usize) -> Vec<u32> {
        let words = self.image_token - 20;
        let mut ids: Vec<u32> = (0..text + self.image_tokens() + 2)
            .map(|at| 1 + u32::try_from((at * 7919 + seed * 104_729) % words as usize).unwrap_or(0))
            .collect();
        ids[5..5 + self.image_tokens()].fill(self.image_token);
        ids
    }

    fn positions(&self, ids: &[u32]) -> Positions {
        self.model.positions(ids, &[self.grid], &[]).expect("the prompt was made for the picture")
    }

    pub fn vision(&self) -> Value {
        let seconds =
            tch::no_grad(|| self.clock.time(None, || drop(self.model.encode_images(&self.pixels, &[self.grid]))));
        let patches = self.patches() as f64;
        json!({ "s": seconds, "patches_per_s": patches / seconds, "tflops": self.counts.vision(patches) / seconds / 1e12 })
    }

    pub fn prefill(&self, text: usize, peak: f64) -> Value {
        let ids = self.ids(text, 0);
        let positions = self.positions(&ids);
        let seconds = tch::no_grad(|| {
            let mut cache = self.model.cache(1, ids.len());
            self.clock.time(None, || {
                cache.truncate(0, 0);
                let features = self.model.encode_images(&self.pixels, &[self.grid]);
                let prompt = Prompt {
                    slot: 0,
                    ids: &ids,
                    positions: &positions,
                    features: Some(&features),
                    from: 0,
                    to: ids.len(),
                };
                let _ = self.model.prefill(&mut cache, &[prompt]);
            })
        });
        let tokens = ids.len() as f64;
        let flops = self.counts.vision(self.patches() as f64) + self.counts.prompt(tokens);
        json!({ "tokens": ids.len(), "s": seconds, "tok_per_s": tokens / seconds, "tflops": flops / seconds / 1e12,
            "mfu": flops / seconds / 1e12 / peak })
    }

    /// Greedy decoding of `new` tokens for each of `batch` prompts; the next token of each is read back, as a server
    /// would.
    pub fn decode(&self, batch: usize, text: usize, new: usize) -> Value {
        let prompts: Vec<Vec<u32>> = (0..batch).map(|seed| self.ids(text, seed)).collect();
        let positions: Vec<Positions> = prompts.iter().map(|ids| self.positions(ids)).collect();
        let length = prompts[0].len();
        let per_step = tch::no_grad(|| {
            let features = self.model.encode_images(&self.pixels, &[self.grid]);
            let mut cache = self.model.cache(batch, length + new + 1);
            let parts: Vec<Prompt<'_>> = (0..batch)
                .map(|slot| Prompt {
                    slot,
                    ids: &prompts[slot],
                    positions: &positions[slot],
                    features: Some(&features),
                    from: 0,
                    to: length,
                })
                .collect();
            let first = self.model.prefill(&mut cache, &parts);
            let slots: Vec<usize> = (0..batch).collect();
            let seconds = self.clock.time(Some(2), || {
                slots.iter().for_each(|slot| cache.truncate(*slot, length));
                let mut logits = first.shallow_clone();
                for step in 0..new {
                    let chosen: Vec<i64> = Vec::try_from(logits.argmax(-1, false)).expect("ids are numbers");
                    let ids: Vec<u32> = chosen.into_iter().map(|id| u32::try_from(id).unwrap_or(0)).collect();
                    let at: Vec<i64> = positions.iter().map(|it| it.after(length + step)).collect();
                    logits = self.model.decode(&mut cache, &slots, &ids, &at);
                }
                let _: Vec<i64> = Vec::try_from(logits.argmax(-1, false)).expect("ids are numbers");
            });
            seconds / new as f64
        });
        let bytes = self.counts.text * self.model.kind().elt_size_in_bytes() as f64;
        json!({ "s_per_step": per_step, "tok_per_s": batch as f64 / per_step, "weight_GBps": bytes / per_step / 1e9 })
    }

    /// Forward, loss over the words after the picture, backward, one step of AdamW.
    pub fn train(self, batch: usize, text: usize, steps: usize, recompute: usize, peak: f64) -> Value {
        let (device, kind, config) = (self.model.device(), self.model.kind(), self.model.config.clone());
        drop(self.model);
        let bench = Bench { model: Model::random(config, 0, device, kind), ..self };
        bench.train_fresh(batch, text, steps, recompute, peak)
    }

    fn train_fresh(&self, batch: usize, text: usize, steps: usize, recompute: usize, peak: f64) -> Value {
        let weights: Vec<Tensor> =
            self.model.weights().values().map(|weight| weight.shallow_clone().set_requires_grad(true)).collect();
        let moments: Vec<Moments> = weights.iter().map(Moments::of).collect();
        let samples: Vec<Vec<u32>> = (0..batch).map(|seed| self.ids(text, seed)).collect();
        let positions: Vec<Positions> = samples.iter().map(|ids| self.positions(ids)).collect();
        let (length, skipped) = (samples[0].len(), 6 + self.image_tokens());
        let ids = samples.concat();
        let pixels = self.pixels.repeat([batch as i64, 1]);
        let grids = vec![self.grid; batch];
        let (mut places, mut wanted) = (Vec::new(), Vec::new());
        for (row, ids) in samples.iter().enumerate() {
            for (at, id) in ids.iter().enumerate().skip(skipped) {
                places.push((row * length + at - 1) as i64);
                wanted.push(i64::from(*id));
            }
        }
        let targets = Targets::mean(places, wanted);
        let options = AdamW { rate: 1e-5, betas: (0.9, 0.999), decay: 0.01, epsilon: 1e-8 };
        let packed = Packed { ids: &ids, positions: &positions, pixels: Some(&pixels), grids: &grids };
        let seconds = self.clock.time(Some(steps), || {
            let hidden = self.model.forward(&packed, recompute, &Trace::off());
            self.model.loss(&hidden, &targets).backward();
            let gradients: Vec<Tensor> = weights.iter().map(Tensor::grad).collect();
            let all: Vec<usize> = (0..weights.len()).filter(|at| gradients[*at].defined()).collect();
            options.step(
                &all.iter().map(|at| &weights[*at]).collect::<Vec<_>>(),
                &all.iter().map(|at| &gradients[*at]).collect::<Vec<_>>(),
                &all.iter().map(|at| &moments[*at]).collect::<Vec<_>>(),
            );
            weights.iter().for_each(drop_gradient);
        });
        let (tokens, samples) = ((batch * length) as f64, batch as f64);
        let flops = 3.0 * samples * (self.counts.vision(self.patches() as f64) + self.counts.prompt(length as f64));
        json!({ "bs": batch, "seq": length, "s_per_step": seconds, "tok_per_s": tokens / seconds,
            "samples_per_s": samples / seconds, "tflops": flops / seconds / 1e12, "mfu": flops / seconds / 1e12 / peak,
            "recompute": recompute.min(self.counts.layers as usize) })
    }
}
