//! AdamW with decoupled decay over the named weights of a model: groups, frozen parts, master weights, clipping.
//!
//! Decay is for matrices that map; norms, biases, embeddings and position tables have none. Where a model's numbers are
//! shorter than f32, a master copy in f32 is what is stepped, and the model gets it rounded.

use std::collections::BTreeMap;

use glim_kernels::optimizer::{AdamW, Moments, drop_gradient};
use glim_kernels::ranks::{RankError, World};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, no_grad};

use crate::adapter::{Adapter, AdapterRecipe};

/// Begins the names of the trainer's own weights, which are no part of a checkpoint's model.
pub(crate) const OWN: &str = "trainer.";

/// The optimiser of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerRecipe {
    /// Learning rate, before the schedule.
    pub rate: f64,
    /// Decay of the running means of gradient and square.
    pub betas: [f64; 2],
    /// Share of a matrix that is taken away at rate 1.
    pub decay: f64,
    /// Added to the root of the square.
    pub epsilon: f64,
    /// The gradient's norm over all weights is brought down to this; 0 leaves it.
    pub clip: f64,
    /// Weights whose names contain one of these stay as they are.
    pub frozen: Vec<String>,
    /// Rates of their own; of several that fit, the first counts.
    pub groups: Vec<Group>,
    /// Each rank steps a part of the weights and gives it to the others, instead of all ranks stepping all.
    pub sharded: bool,
    /// Low-rank adapters in place of the matrices; all that has none is frozen.
    pub adapter: Option<AdapterRecipe>,
}

/// Weights with a rate of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// A part of their names, such as `visual`.
    pub contains: String,
    /// Factor on the rate.
    pub rate: f64,
}

impl Default for OptimizerRecipe {
    fn default() -> OptimizerRecipe {
        OptimizerRecipe {
            rate: 1e-4,
            betas: [0.9, 0.95],
            decay: 0.1,
            epsilon: 1e-8,
            clip: 1.0,
            frozen: Vec::new(),
            groups: Vec::new(),
            sharded: false,
            adapter: None,
        }
    }
}

impl OptimizerRecipe {
    /// What is wrong with it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let mut positive = |name: &str, value: f64| {
            if !(value.is_finite() && value > 0.0) {
                mistakes.push(format!("`optimizer.{name}` is {value}, a number above 0 was expected"));
            }
        };
        positive("rate", self.rate);
        positive("epsilon", self.epsilon);
        self.groups.iter().for_each(|group| positive("groups.rate", group.rate));
        for beta in self.betas.iter().filter(|beta| !(0.0..1.0).contains(*beta)) {
            mistakes.push(format!("`optimizer.betas` holds {beta}, a number in 0..1 was expected"));
        }
        for (name, value) in [("decay", self.decay), ("clip", self.clip)] {
            if !(value.is_finite() && value >= 0.0) {
                mistakes.push(format!("`optimizer.{name}` is {value}, a number of at least 0 was expected"));
            }
        }
        mistakes.extend(self.adapter.iter().flat_map(AdapterRecipe::mistakes));
        mistakes
    }

    fn is_frozen(&self, name: &str) -> bool {
        self.frozen.iter().any(|part| name.contains(part.as_str()))
    }

    fn rate_of(&self, name: &str) -> f64 {
        self.groups.iter().find(|group| name.contains(group.contains.as_str())).map_or(1.0, |group| group.rate)
    }
}

/// What of a weight is stepped.
enum Stepped {
    /// Itself.
    Whole,
    /// A copy in f32, since the weight is shorter.
    Master(Tensor),
    /// Two thin factors.
    Factors(Adapter),
}

/// One weight that learns.
struct Parameter {
    name: String,
    weight: Tensor,
    stepped: Stepped,
    /// Of each tensor that is stepped.
    moments: Vec<Moments>,
    rate: f64,
    decays: bool,
    /// The rank that steps it; none where all do.
    owner: Option<usize>,
}

/// Weights that are stepped in one call, each with its gradients.
type Members<'a> = Vec<(&'a Parameter, Vec<Tensor>)>;

/// Gradients of all that is stepped, and their norm.
pub struct Gradients {
    each: Vec<Option<Vec<Tensor>>>,
    /// Over all of them together.
    pub norm: f64,
}

impl Parameter {
    /// What is stepped, by the name it has in the state.
    fn tensors(&self) -> Vec<(&'static str, &Tensor)> {
        match &self.stepped {
            Stepped::Whole => vec![("", &self.weight)],
            Stepped::Master(master) => vec![("master", master)],
            Stepped::Factors(adapter) => vec![("down", &adapter.down), ("up", &adapter.up)],
        }
    }

    /// The gradients of what is stepped, in f32; none if the weight had no part in the loss.
    fn gradients(&self) -> Option<Vec<Tensor>> {
        let gradient = self.weight.grad();
        match &self.stepped {
            _ if !gradient.defined() => None,
            Stepped::Factors(adapter) => Some(no_grad(|| adapter.gradients(&gradient)).into()),
            _ => Some(vec![gradient.to_kind(Kind::Float)]),
        }
    }

    /// Puts what was stepped into the weight.
    fn write_back(&self) {
        match &self.stepped {
            Stepped::Whole => {}
            Stepped::Master(master) => self.weight.shallow_clone().copy_(master),
            Stepped::Factors(adapter) => adapter.merge_into(&self.weight),
        }
    }
}

/// The weights that learn, with what they carry from step to step.
pub struct Optimizer {
    recipe: OptimizerRecipe,
    parameters: Vec<Parameter>,
}

/// The name of the rows of words, which are read as they are and do not decay.
fn decays(name: &str, weight: &Tensor) -> bool {
    weight.dim() >= 2 && !name.contains("embed") && name != "lm_head.weight"
}

impl Optimizer {
    /// Over these weights, which ask for gradients from now on, but for the frozen. `seed` draws adapters; `ranks` share
    /// the work where the recipe says so.
    pub fn new(
        recipe: &OptimizerRecipe,
        seed: u64,
        ranks: usize,
        weights: impl IntoIterator<Item = (String, Tensor)>,
    ) -> Optimizer {
        let mut parameters = Vec::new();
        for (name, weight) in weights {
            let adapted = recipe.adapter.as_ref().map(|adapter| (adapter, adapter.fits(&name, &weight)));
            let frozen = recipe.is_frozen(&name) || adapted.is_some_and(|(_, fits)| !fits && !name.starts_with(OWN));
            if frozen {
                let _ = weight.set_requires_grad(false);
                continue;
            }
            let weight = weight.set_requires_grad(true);
            let stepped = match adapted {
                Some((adapter, true)) => Stepped::Factors(Adapter::new(&weight, adapter, seed_of(seed, &name))),
                _ if weight.kind() != Kind::Float => Stepped::Master(weight.detach().to_kind(Kind::Float)),
                _ => Stepped::Whole,
            };
            let (rate, decays) = (recipe.rate_of(&name), decays(&name, &weight));
            let mut parameter = Parameter { name, weight, stepped, moments: Vec::new(), rate, decays, owner: None };
            let moments: Vec<Moments> =
                no_grad(|| parameter.tensors().iter().map(|(_, tensor)| Moments::of(tensor)).collect());
            parameter.moments = moments;
            parameters.push(parameter);
        }
        let mut optimizer = Optimizer { recipe: recipe.clone(), parameters };
        if recipe.sharded {
            optimizer.share_out(ranks);
        }
        optimizer
    }

    /// Gives each parameter to the rank that has least so far, the largest first.
    fn share_out(&mut self, ranks: usize) {
        let mut order: Vec<usize> = (0..self.parameters.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(self.parameters[*at].weight.numel()));
        let mut held = vec![0; ranks];
        for at in order {
            let least = (0..ranks).min_by_key(|rank| held[*rank]).expect("there is a rank");
            held[least] += self.parameters[at].weight.numel();
            self.parameters[at].owner = Some(least);
        }
    }

    /// How many numbers learn.
    pub fn count(&self) -> usize {
        self.parameters.iter().flat_map(Parameter::tensors).map(|(_, tensor)| tensor.numel()).sum()
    }

    /// The gradients of all ranks together, which every rank gets.
    ///
    /// # Errors
    /// If a rank cannot be reached.
    pub fn gradients(&self, world: &World) -> Result<Gradients, RankError> {
        let mut each: Vec<Option<Vec<Tensor>>> = self.parameters.iter().map(Parameter::gradients).collect();
        if world.size() > 1 {
            // What had no part in the loss of one rank may have had one in another's.
            for (gradients, parameter) in each.iter_mut().zip(&self.parameters) {
                let zeros = || parameter.tensors().iter().map(|(_, it)| it.detach().zeros_like()).collect();
                gradients.get_or_insert_with(zeros);
            }
            let mut all: Vec<Tensor> = each.iter().flatten().flatten().map(Tensor::shallow_clone).collect();
            world.all_reduce_sum(&mut all)?;
        }
        let norms: Vec<Tensor> = each.iter().flatten().flatten().map(Tensor::norm).collect();
        let norm = match norms.is_empty() {
            true => 0.0,
            false => Tensor::stack(&norms, 0).norm().double_value(&[]),
        };
        Ok(Gradients { each, norm })
    }

    /// One step at `share` of the rate. Where the optimiser is sharded, each rank steps its own and gets the others'.
    ///
    /// # Errors
    /// If a rank cannot be reached.
    pub fn step(&mut self, share: f64, gradients: Gradients, world: &World) -> Result<(), RankError> {
        let Gradients { each, norm } = gradients;
        let clip = self.recipe.clip;
        let scale = if clip > 0.0 && norm > clip { clip / norm } else { 1.0 };
        let mut alike: BTreeMap<(u64, bool), Members<'_>> = BTreeMap::new();
        for (parameter, gradients) in self.parameters.iter().zip(each) {
            if let Some(gradients) = gradients.filter(|_| parameter.owner.is_none_or(|owner| owner == world.rank())) {
                alike.entry((parameter.rate.to_bits(), parameter.decays)).or_default().push((parameter, gradients));
            }
        }
        no_grad(|| {
            for ((rate, decays), members) in &mut alike {
                let options = AdamW {
                    rate: self.recipe.rate * f64::from_bits(*rate) * share,
                    betas: (self.recipe.betas[0], self.recipe.betas[1]),
                    decay: if *decays { self.recipe.decay } else { 0.0 },
                    epsilon: self.recipe.epsilon,
                };
                if scale < 1.0 {
                    for gradient in members.iter_mut().flat_map(|(_, gradients)| gradients) {
                        let _ = gradient.g_mul_scalar_(scale);
                    }
                }
                let stepped: Vec<&Tensor> =
                    members.iter().flat_map(|(it, _)| it.tensors()).map(|(_, tensor)| tensor).collect();
                let gradients: Vec<&Tensor> = members.iter().flat_map(|(_, gradients)| gradients).collect();
                let moments: Vec<&Moments> = members.iter().flat_map(|(it, _)| &it.moments).collect();
                options.step(&stepped, &gradients, &moments);
                members.iter().for_each(|(it, _)| it.write_back());
            }
        });
        self.forget();
        self.spread(world, |parameter| vec![parameter.weight.detach()])
    }

    /// Gives each rank what the owners of parameters have of them; nothing where the optimiser is not sharded.
    fn spread(&self, world: &World, part: impl Fn(&Parameter) -> Vec<Tensor>) -> Result<(), RankError> {
        for root in 0..world.size() {
            let owned = self.parameters.iter().filter(|parameter| parameter.owner == Some(root));
            let mut tensors: Vec<Tensor> = owned.flat_map(&part).collect();
            if !tensors.is_empty() {
                world.broadcast(&mut tensors, root)?;
            }
        }
        Ok(())
    }

    /// Forgets all gradients.
    pub fn forget(&self) {
        self.parameters.iter().for_each(|it| drop_gradient(&it.weight));
    }

    /// The adapters' factors: the matrix's name, `down` and `up`.
    pub fn adapters(&self) -> Vec<(String, Tensor, Tensor)> {
        let factors = self.parameters.iter().filter_map(|it| match &it.stepped {
            Stepped::Factors(adapter) => {
                Some((it.name.clone(), adapter.down.shallow_clone(), adapter.up.shallow_clone()))
            }
            _ => None,
        });
        factors.collect()
    }

    /// Lets each rank hold what the others carry, so that one of them can write it.
    ///
    /// # Errors
    /// If a rank cannot be reached.
    pub fn gather(&self, world: &World) -> Result<(), RankError> {
        self.spread(world, |parameter| {
            let moments = parameter.moments.iter().flat_map(|it| [&it.average, &it.square, &it.step]);
            let tensors = parameter.tensors();
            let beside = tensors.iter().filter(|(part, _)| !part.is_empty()).map(|(_, tensor)| *tensor);
            moments.chain(beside).map(Tensor::shallow_clone).collect()
        })
    }

    /// What is carried from step to step, by name: `NAME.average`, `.square`, `.step`, and what is stepped beside the weights.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let mut state = Vec::new();
        for parameter in &self.parameters {
            for ((part, tensor), moments) in parameter.tensors().into_iter().zip(&parameter.moments) {
                let name = match part {
                    "" => parameter.name.clone(),
                    part => format!("{}.{part}", parameter.name),
                };
                let mut push =
                    |part: &str, tensor: &Tensor| state.push((format!("{name}.{part}"), tensor.shallow_clone()));
                push("average", &moments.average);
                push("square", &moments.square);
                push("step", &moments.step);
                if !part.is_empty() {
                    state.push((name, tensor.shallow_clone()));
                }
            }
            if let Stepped::Factors(adapter) = &parameter.stepped {
                state.push((format!("{}.base", parameter.name), adapter.base.shallow_clone()));
            }
        }
        state
    }

    /// Takes up what [`Optimizer::state`] gave.
    ///
    /// # Errors
    /// Names the first tensor that is not there or has another shape.
    pub fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<(), String> {
        for (name, tensor) in self.state() {
            let saved = state.get(&name).ok_or_else(|| format!("`{name}` is missing"))?;
            if saved.size() != tensor.size() {
                return Err(format!("`{name}` is {:?}, not {:?}", saved.size(), tensor.size()));
            }
            no_grad(|| tensor.shallow_clone().copy_(saved));
        }
        Ok(())
    }
}

/// The seed of one weight's adapter.
fn seed_of(seed: u64, name: &str) -> u64 {
    name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
