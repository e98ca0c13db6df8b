//! The loop: batches in, steps of the optimiser, and what is told on the way.
//!
//! A step takes `accumulate` packed batches, whose losses are shares of one mean; it is left out if it would do harm
//! ([`crate::spikes`]). All that a step depends on is in the [`State`] and the tensors of a checkpoint, so a resumed run goes
//! on as if it had not been interrupted, bit for bit on the CPU.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use glim_data::training::{Batch, Cursor};
use glim_kernels::ranks::World;
use glim_vlm::{Model, Weight};
use tch::{Device, Kind, Tensor, no_grad};

use crate::adapter;
use crate::checkpoint::State;
use crate::error::TrainError;
use crate::heads::Heads;
use crate::initial::scale_for_small;
use crate::objective::{self, Cells, LossRecipe, Losses, Totals};
use crate::optimizer::Optimizer;
use crate::recipe::Recipe;
use crate::spikes::Spikes;

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its number, from 1.
    pub step: u64,
    /// The losses, as sums; see [`Losses::word_mean`].
    pub losses: Losses,
    /// How much there was.
    pub totals: Totals,
    /// Norm of the gradient before clipping.
    pub norm: f64,
    /// The learning rate.
    pub rate: f64,
    /// Tokens that were read, pictures included.
    pub tokens: u64,
    /// Why it was left out, if it was.
    pub left_out: Option<String>,
    /// Where its time went.
    pub times: Times,
}

/// Where the time of a step went.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Times {
    /// Waiting for data.
    pub data: Duration,
    /// Computing the losses.
    pub forward: Duration,
    /// Their gradients.
    pub backward: Duration,
    /// Norm, clipping, and the step of the optimiser.
    pub optimizer: Duration,
}

impl Times {
    /// All of it.
    pub fn total(&self) -> Duration {
        self.data + self.forward + self.backward + self.optimizer
    }
}

/// A model in training.
pub struct Trainer {
    model: Model,
    heads: Heads,
    optimizer: Optimizer,
    recipe: Recipe,
    state: State,
    mean: Option<BTreeMap<String, Tensor>>,
}

impl Trainer {
    /// Begins with the recipe's checkpoint.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub fn begin(recipe: &Recipe, device: Device, kind: Kind, ranks: usize) -> Result<Trainer, TrainError> {
        let model = Model::load_for_training(&recipe.model.from, device, kind)?;
        if recipe.model.scale_for_small {
            scale_for_small(&model);
        }
        let state = State {
            step: 0,
            seed: recipe.seed,
            cursor: Cursor::default(),
            ranks,
            tokens: 0,
            spikes: Spikes::default(),
            score: None,
        };
        Ok(Trainer::of(model, recipe, state, ranks))
    }

    /// Goes on where a checkpoint was written.
    ///
    /// # Errors
    /// If it cannot be loaded, or is of another recipe.
    pub fn resume(
        recipe: &Recipe,
        folder: &Path,
        (state, tensors): (State, BTreeMap<String, Tensor>),
        device: Device,
        kind: Kind,
        ranks: usize,
    ) -> Result<Trainer, TrainError> {
        let model = Model::load_for_training(folder, device, kind)?;
        let mut trainer = Trainer::of(model, recipe, state, ranks);
        trainer.restore(&tensors).map_err(|reason| TrainError::Resume { path: folder.to_owned(), reason })?;
        Ok(trainer)
    }

    fn of(model: Model, recipe: &Recipe, state: State, ranks: usize) -> Trainer {
        let heads = Heads::new(&recipe.loss, &model);
        let named = model.weights().iter().map(|(name, weight)| (name.clone(), weight.shallow_clone()));
        let own = heads.named().map(|(name, it)| (name, it.shallow_clone()));
        let optimizer = Optimizer::new(&recipe.optimizer, recipe.seed, ranks, named.chain(own));
        let mean = (recipe.model.ema > 0.0).then(|| no_grad(|| copies(&model)));
        Trainer { model, heads, optimizer, recipe: recipe.clone(), state, mean }
    }

    fn restore(&mut self, tensors: &BTreeMap<String, Tensor>) -> Result<(), String> {
        self.optimizer.restore(tensors)?;
        let means = self.mean.iter().flatten().map(|(name, mean)| (format!("{name}.mean"), mean));
        let all = self.heads.named().chain(means).chain(self.live());
        for (name, tensor) in all {
            let saved = tensors.get(&name).ok_or_else(|| format!("`{name}` is missing"))?;
            no_grad(|| tensor.shallow_clone().copy_(saved));
        }
        Ok(())
    }

    /// The weights as they are, where others are exported: by name in the state.
    fn live(&self) -> impl Iterator<Item = (String, &Tensor)> {
        let weights = self.mean.iter().flat_map(|_| self.model.weights());
        weights.map(|(name, weight)| (format!("{name}.live"), &**weight))
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The model as it is now.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// How many numbers learn.
    pub fn learning(&self) -> usize {
        self.optimizer.count()
    }

    /// Notes what an evaluation found; true if nothing before was better.
    pub fn note_score(&mut self, score: f64) -> bool {
        let better = self.state.score.is_none_or(|best| score >= best);
        if better {
            self.state.score = Some(score);
        }
        better
    }

    /// Writes the adapters into `folder` as the library `peft` reads them; false if the recipe has none.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn export_adapters(&self, folder: &Path) -> Result<bool, TrainError> {
        let Some(adapter) = &self.recipe.optimizer.adapter else { return Ok(false) };
        adapter::export(folder, &self.optimizer.adapters(), adapter)?;
        Ok(true)
    }

    /// Lets each rank hold what the others carry, before a checkpoint is written.
    ///
    /// # Errors
    /// If a rank cannot be reached.
    pub fn gather(&self, world: &World) -> Result<(), TrainError> {
        Ok(self.optimizer.gather(world)?)
    }

    /// What a checkpoint holds beside the model; see [`Trainer::gather`].
    pub fn tensors(&self) -> BTreeMap<String, Weight> {
        let heads = self.heads.named().map(|(name, tensor)| (name, tensor.shallow_clone()));
        let means = self.mean.iter().flatten().map(|(name, mean)| (format!("{name}.mean"), mean.shallow_clone()));
        let live = self.live().map(|(name, weight)| (name, weight.shallow_clone()));
        let all = self.optimizer.state().into_iter().chain(heads).chain(means).chain(live);
        all.map(|(name, tensor)| (name, Weight::new(tensor))).collect()
    }

    /// The weights that are exported: their running mean where the recipe keeps one.
    pub fn exported(&self) -> BTreeMap<String, Weight> {
        match &self.mean {
            Some(mean) => {
                mean.iter().map(|(name, it)| (name.clone(), Weight::new(it.to_kind(self.model.kind())))).collect()
            }
            None => self.model.weights().clone(),
        }
    }

    /// One step over micro-batches, which were waited for so long. All ranks step together.
    ///
    /// # Errors
    /// If steps were left out too often one after another, or a rank cannot be reached.
    pub fn step(&mut self, batches: &[Batch], waited: Duration, world: &World) -> Result<Step, TrainError> {
        let mut times = Times { data: waited, ..Times::default() };
        let recipe = &self.recipe;
        let number = self.state.step;
        let loss_recipe = self.loss_recipe();
        let nothing = i64::from(self.nothing());
        let mut totals = Totals::default();
        let mut cells = Vec::new();
        for (at, batch) in batches.iter().enumerate() {
            let key = recipe.seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(at as u64);
            let asked = Cells::of(&batch.samples, &loss_recipe, nothing, key);
            totals += objective::totals(&batch.samples, &asked);
            cells.push(asked);
        }
        totals.add_up(world)?;
        let mut losses = Losses::default();
        let mut tokens = 0;
        for (batch, cells) in batches.iter().zip(&cells) {
            let begun = Instant::now();
            let forward = objective::forward(
                &self.model,
                &self.heads,
                &batch.samples,
                cells,
                totals,
                &loss_recipe,
                recipe.recompute.blocks(),
            );
            losses.add(&forward.losses);
            times.forward += begun.elapsed();
            let begun = Instant::now();
            if forward.loss.requires_grad() {
                forward.loss.backward();
            }
            times.backward += begun.elapsed();
            tokens += batch.samples.iter().map(|sample| sample.ids.len() as u64).sum::<u64>();
        }

        let begun = Instant::now();
        let gradients = self.optimizer.gradients(world)?;
        let norm = gradients.norm;
        let (losses, tokens) = together(losses, tokens, world)?;
        let share = recipe.schedule.share(number, recipe.steps);
        let left_out = self.state.spikes.judge(losses.word_mean(), norm, &recipe.spikes);
        match &left_out {
            None => {
                self.optimizer.step(share, gradients, world)?;
                self.average();
            }
            Some(_) => self.optimizer.forget(),
        }
        times.optimizer = begun.elapsed();

        self.state.step += 1;
        self.state.tokens += tokens;
        self.state.cursor = batches.last().map(|batch| batch.cursor_after.clone()).unwrap_or_default();
        if self.state.spikes.left_out > self.recipe.spikes.most {
            let reason = left_out.unwrap_or_default();
            return Err(TrainError::Diverged { step: self.state.step, count: self.state.spikes.left_out, reason });
        }
        let rate = self.recipe.optimizer.rate * share;
        Ok(Step { step: self.state.step, losses, totals, norm, rate, tokens, left_out, times })
    }

    /// The losses as they are at this step.
    fn loss_recipe(&self) -> LossRecipe {
        let mut loss = self.recipe.loss.clone();
        if self.state.step as f64 >= loss.dense_until * self.recipe.steps as f64 {
            (loss.dense, loss.letters, loss.look) = (0.0, 0.0, 0.0);
        }
        loss
    }

    /// What an empty cell says: the token that opens a picture, which is never said of one.
    fn nothing(&self) -> u32 {
        self.model.config.tokens.image
    }

    fn average(&mut self) {
        let decay = self.recipe.model.ema;
        let Some(mean) = &self.mean else { return };
        no_grad(|| {
            for (name, weight) in self.model.weights() {
                let mut mean = mean[name].shallow_clone();
                let _ = mean.lerp_(&weight.to_kind(Kind::Float), 1.0 - decay);
            }
        });
    }
}

/// Losses and tokens of all ranks.
fn together(losses: Losses, tokens: u64, world: &World) -> Result<(Losses, u64), TrainError> {
    if world.size() == 1 {
        return Ok((losses, tokens));
    }
    let told = serde_json::to_vec(&(losses, tokens)).expect("losses are plain data");
    let (mut losses, mut tokens) = (Losses::default(), 0);
    for told in world.all_gather_bytes(&told)? {
        let (other, count): (Losses, u64) = serde_json::from_slice(&told).expect("all ranks run the same program");
        losses.add(&other);
        tokens += count;
    }
    Ok((losses, tokens))
}

fn copies(model: &Model) -> BTreeMap<String, Tensor> {
    model.weights().iter().map(|(name, weight)| (name.clone(), weight.detach().to_kind(Kind::Float).copy())).collect()
}
