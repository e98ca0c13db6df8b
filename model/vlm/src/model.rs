//! The whole model: pictures and words in, logits out.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use glim_kernels::linear::linear;
use glim_processor::Grid;
use tch::{Device, Kind, Tensor};

use crate::cache::Cache;
use crate::checkpoint::{Checkpoint, CheckpointError, read_config};
use crate::config::Config;
use crate::positions::{InputError, Positions};
use crate::projector::{self, Projector};
use crate::text::{Reach, Rotary, Row, Text, Way};
use crate::trace::Trace;
use crate::vision::Vision;
use crate::weights::{Init, Root, Weight, Weights};

/// A model on one device.
pub struct Model {
    /// Its hyper-parameters.
    pub config: Config,
    vision: Vision,
    projector: Projector,
    pub(crate) text: Text,
    /// Absent where words are written with the matrix they are read with.
    lm_head: Option<Weight>,
    weights: BTreeMap<String, Weight>,
    device: Device,
    kind: Kind,
}

/// Samples one after another, for training and for comparison.
pub struct Packed<'a> {
    /// Ids of all samples.
    pub ids: &'a [u32],
    /// Positions of each sample.
    pub positions: &'a [Positions],
    /// Patches of all pictures and frames in the order of their places, `[patches, numbers]`.
    pub pixels: Option<&'a Tensor>,
    /// Their grids.
    pub grids: &'a [Grid],
}

/// What [`Model::read_and_look`] gives.
pub struct Read {
    /// `[tokens, hidden]`
    pub hidden: Tensor,
    /// `[tokens, head_dim]`, divided by the root of its width.
    pub query: Tensor,
    /// `[tokens, head_dim]`
    pub key: Tensor,
}

/// Packed samples on their way through the decoder.
struct Reading {
    embedded: Tensor,
    rotary: Rotary,
    lengths: Vec<i64>,
}

impl Reading {
    fn begin(model: &Model, packed: &Packed<'_>, features: Option<&Tensor>) -> Reading {
        let axes: [Vec<i64>; 3] =
            [0, 1, 2].map(|axis| packed.positions.iter().flat_map(|it| it.axes[axis].iter().copied()).collect());
        Reading {
            embedded: model.embed(packed.ids, features),
            rotary: Rotary::new(&model.config.text.rope, axes.each_ref().map(Vec::as_slice), model.device),
            lengths: packed.positions.iter().map(|it| it.len() as i64).collect(),
        }
    }

    fn on(&self, model: &Model, layers: Range<usize>, hidden: Tensor, recompute: usize, trace: &Trace) -> Tensor {
        let way = Way { rotary: &self.rotary, reach: Reach::Packed(&self.lengths), recompute, trace };
        model.text.forward(layers, hidden, &way, None)
    }
}

/// A part of one prompt, to be read into a slot.
pub struct Prompt<'a> {
    /// The slot, which holds the tokens before `from`.
    pub slot: usize,
    /// All ids of the prompt.
    pub ids: &'a [u32],
    /// Their positions.
    pub positions: &'a Positions,
    /// Features of all its pictures and frames, `[tokens, hidden]`.
    pub features: Option<&'a Tensor>,
    /// The first token to be read.
    pub from: usize,
    /// The one after the last.
    pub to: usize,
}

impl Model {
    /// Loads a checkpoint for inference.
    ///
    /// # Errors
    /// If it cannot be read, or is not what its configuration says.
    pub fn load(folder: &Path, device: Device, kind: Kind) -> Result<Model, CheckpointError> {
        Ok(Model::load_for_training(folder, device, kind)?.for_inference())
    }

    /// The same model, faster, and no longer to be trained: matrices that read the same input become one.
    pub fn for_inference(mut self) -> Model {
        tch::no_grad(|| self.join());
        self
    }

    /// Loads a checkpoint with every weight a tensor of its own. Nothing asks for gradients yet.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn load_for_training(folder: &Path, device: Device, kind: Kind) -> Result<Model, CheckpointError> {
        let config = read_config(folder)?;
        let checkpoint = Checkpoint::open(folder)?;
        Model::build(config, Root::of_checkpoint(&checkpoint, device, kind))
    }

    /// A model with fresh weights: a function of `seed`, and of whether it is made on the CPU or on a GPU.
    pub fn random(config: Config, seed: u64, device: Device, kind: Kind) -> Model {
        let root = Root::random(seed, config.text.initial, device, kind);
        Model::build(config, root).expect("fresh weights are had without files")
    }

    /// Names and shapes of all tensors that a checkpoint of this configuration has; nothing is allocated.
    pub fn shapes(config: &Config) -> Vec<(String, Vec<i64>)> {
        let root = Root::shapes();
        Parts::new(&root.weights(), config);
        root.into_shapes()
    }

    fn build(config: Config, root: Root<'_>) -> Result<Model, CheckpointError> {
        let (device, kind) = root.place();
        let Parts { vision, projector, text, lm_head } = tch::no_grad(|| Parts::new(&root.weights(), &config));
        let weights = root.finish()?;
        Ok(Model { config, vision, projector, text, lm_head, weights, device, kind })
    }

    fn join(&mut self) {
        self.text.join();
        for (name, weight) in self.text.joined_weights() {
            self.weights.insert(format!("model.language_model.{name}"), weight);
        }
    }

    /// All weights by the checkpoint's names.
    pub fn weights(&self) -> &BTreeMap<String, Weight> {
        &self.weights
    }

    /// Where it lies.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The kind of its weights.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// # Shapes
    /// - `pixels`: `[patches, channels * temporal * patch * patch]` of pictures one after another; returns
    ///   `[tokens, hidden]`
    pub fn encode_images(&self, pixels: &Tensor, grids: &[Grid]) -> Tensor {
        self.see(pixels, grids, 0, &Trace::off())
    }

    /// The same for training, where the way back may compute the first `recompute` blocks again instead of keeping them.
    pub fn see(&self, pixels: &Tensor, grids: &[Grid], recompute: usize, trace: &Trace) -> Tensor {
        self.merge(&self.patches(pixels, grids, recompute, trace), trace)
    }

    /// The first half of [`Model::see`]: what the tower makes of each patch, `[patches, vision hidden]`.
    pub fn patches(&self, pixels: &Tensor, grids: &[Grid], recompute: usize, trace: &Trace) -> Tensor {
        self.vision.forward(pixels, grids, recompute, trace)
    }

    /// The second half: windows of patches as tokens, `[tokens, hidden]`.
    pub fn merge(&self, patches: &Tensor, trace: &Trace) -> Tensor {
        self.projector.forward(patches, trace)
    }

    /// Positions of a prompt with these pictures and videos.
    ///
    /// # Errors
    /// If ids, pictures and videos do not fit together.
    pub fn positions(&self, ids: &[u32], images: &[Grid], videos: &[Grid]) -> Result<Positions, InputError> {
        let vocab = self.config.text.vocab;
        if let Some(&id) = ids.iter().find(|id| **id as usize >= vocab) {
            return Err(InputError::Id { id, vocab });
        }
        Positions::of(ids, images, videos, self.config.tokens, self.config.vision.merge)
    }

    /// # Shapes
    /// - `features`: `[tokens, hidden]`, one row for each place of a picture among `ids`; returns `[tokens, hidden]`
    fn embed(&self, ids: &[u32], features: Option<&Tensor>) -> Tensor {
        let numbers: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
        let embedded = self.text.embed_tokens.index_select(0, &Tensor::from_slice(&numbers).to_device(self.device));
        let image = self.config.tokens.image;
        let places: Vec<i64> =
            ids.iter().enumerate().filter(|(_, id)| **id == image).map(|(at, _)| at as i64).collect();
        match features {
            Some(features) if !places.is_empty() => {
                let places = Tensor::from_slice(&places).to_device(self.device);
                embedded.index_copy(0, &places, &features.to_kind(embedded.kind()))
            }
            _ => embedded,
        }
    }

    /// The last hidden states of packed samples, `[tokens, hidden]`. Of the first `recompute` blocks of the
    /// tower and of the decoder the way back keeps only what goes in.
    pub fn forward(&self, packed: &Packed<'_>, recompute: usize, trace: &Trace) -> Tensor {
        let features = packed.pixels.map(|pixels| self.see(pixels, packed.grids, recompute, trace));
        self.read(packed, features.as_ref(), recompute, trace)
    }

    /// [`Model::forward`] with the features of the pictures at hand.
    ///
    /// # Shapes
    /// - `features`: `[picture tokens, hidden]`, of [`Model::see`]; returns `[tokens, hidden]`
    pub fn read(&self, packed: &Packed<'_>, features: Option<&Tensor>, recompute: usize, trace: &Trace) -> Tensor {
        let reading = Reading::begin(self, packed, features);
        let hidden = reading.on(self, 0..self.text.depth(), reading.embedded.shallow_clone(), recompute, trace);
        self.text.finish(&hidden, trace)
    }

    /// [`Model::read`], and beside it what the first head of the middle layer attends with.
    pub fn read_and_look(&self, packed: &Packed<'_>, features: Option<&Tensor>, recompute: usize) -> Read {
        let reading = Reading::begin(self, packed, features);
        let (middle, trace) = (self.text.depth() / 2, Trace::off());
        let half = reading.on(self, 0..middle, reading.embedded.shallow_clone(), recompute, &trace);
        let (query, key) = self.text.first_head(middle, &half, &reading.rotary);
        let hidden = reading.on(self, middle..self.text.depth(), half, recompute, &trace);
        Read { hidden: self.text.finish(&hidden, &trace), query, key }
    }

    /// # Shapes
    /// - `hidden`: `[tokens, hidden]`; returns `[tokens, vocab]` in f32
    pub fn logits(&self, hidden: &Tensor) -> Tensor {
        linear(hidden, self.head(), None).to_kind(Kind::Float)
    }

    pub(crate) fn head(&self) -> &Weight {
        self.lm_head.as_ref().unwrap_or(&self.text.embed_tokens)
    }

    /// Empty slots with room for `capacity` tokens each; they grow.
    pub fn cache(&self, slots: usize, capacity: usize) -> Cache {
        let text = &self.config.text;
        Cache::new(text.layers, slots, capacity, text.kv_heads, text.head_dim, (self.kind, self.device))
    }

    /// Reads parts of prompts into their slots, which grow. Returns the logits after the last token of each part,
    /// `[prompts, vocab]` in f32.
    ///
    /// # Panics
    /// If a slot does not hold what comes before a part.
    pub fn prefill(&self, cache: &mut Cache, prompts: &[Prompt<'_>]) -> Tensor {
        let image = self.config.tokens.image;
        let (mut ids, mut rows, mut features, mut last) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut axes: [Vec<i64>; 3] = Default::default();
        for prompt in prompts {
            let Prompt { slot, from, to, .. } = *prompt;
            assert_eq!(cache.len(slot), from, "slot {slot} holds what comes before");
            assert!(from < to && to <= prompt.ids.len(), "a part of a prompt has tokens");
            let places = |ids: &[u32]| ids.iter().filter(|id| **id == image).count() as i64;
            let (before, within) = (places(&prompt.ids[..from]), places(&prompt.ids[from..to]));
            if within > 0 {
                let all = prompt.features.expect("a prompt with pictures comes with their features");
                features.push(all.narrow(0, before, within));
            }
            ids.extend_from_slice(&prompt.ids[from..to]);
            for (all, axis) in axes.iter_mut().zip(&prompt.positions.axes) {
                all.extend_from_slice(&axis[from..to]);
            }
            rows.push(Row { slot, start: from as i64, count: (to - from) as i64 });
            last.push(ids.len() as i64 - 1);
        }
        cache.reserve(prompts.iter().map(|it| it.to).max().unwrap_or(0));
        let features = (!features.is_empty()).then(|| Tensor::cat(&features, 0));
        let embedded = self.embed(&ids, features.as_ref());
        let rotary = Rotary::new(&self.config.text.rope, axes.each_ref().map(Vec::as_slice), self.device);
        let layers = Some(&mut cache.layers);
        let way = Way { rotary: &rotary, reach: Reach::Cached(&rows), recompute: 0, trace: &Trace::off() };
        let hidden = self.text.forward(0..self.text.depth(), embedded, &way, layers);
        for row in &rows {
            cache.lengths[row.slot] = row.start + row.count;
        }
        let hidden = hidden.index_select(0, &Tensor::from_slice(&last).to_device(self.device));
        self.logits(&self.text.finish(&hidden, &Trace::off()))
    }

    /// Reads one more token in each of `slots`. `positions`: see [`Positions::after`]. Returns `[slots, vocab]` in f32.
    ///
    /// # Panics
    /// If the three differ in length, or a slot is named twice.
    pub fn decode(&self, cache: &mut Cache, slots: &[usize], ids: &[u32], positions: &[i64]) -> Tensor {
        assert!(slots.len() == ids.len() && slots.len() == positions.len(), "a token and a position for each slot");
        let lengths: Vec<i64> = slots.iter().map(|slot| cache.lengths[*slot]).collect();
        cache.reserve(lengths.iter().copied().max().unwrap_or(0).unsigned_abs() as usize + 1);
        let numbers: Vec<i64> = slots.iter().map(|slot| *slot as i64).collect();
        if let Some(logits) = self.recorded_step(cache, &numbers, &lengths, ids, positions) {
            slots.iter().for_each(|slot| cache.lengths[*slot] += 1);
            return logits;
        }
        let rotary = Rotary::new(&self.config.text.rope, [positions; 3], self.device);
        let reach = Reach::Step { slots: &numbers, lengths: &lengths };
        let layers = Some(&mut cache.layers);
        let way = Way { rotary: &rotary, reach, recompute: 0, trace: &Trace::off() };
        let hidden = self.text.forward(0..self.text.depth(), self.embed(ids, None), &way, layers);
        for slot in slots {
            cache.lengths[*slot] += 1;
        }
        self.logits(&self.text.finish(&hidden, &Trace::off()))
    }

    /// Tokens that these pictures become.
    pub fn tokens(&self, grids: &[Grid]) -> usize {
        projector::tokens(grids, self.config.vision.merge)
    }
}

struct Parts {
    vision: Vision,
    projector: Projector,
    text: Text,
    lm_head: Option<Weight>,
}

impl Parts {
    fn new(weights: &Weights<'_>, config: &Config) -> Parts {
        let model = weights.sub("model");
        let visual = model.sub("visual");
        Parts {
            vision: Vision::new(&visual, &config.vision),
            projector: Projector::new(&visual, &config.vision),
            text: Text::new(&model.sub("language_model"), &config.text),
            lm_head: (!config.tied)
                .then(|| weights.tensor("lm_head.weight", &[config.text.vocab, config.text.hidden], Init::Normal)),
        }
    }
}
