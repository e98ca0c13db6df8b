//! AdamW with decoupled decay over the named weights of a model: groups, frozen parts, master weights, clipping.
//!
//! Decay is for matrices that map; norms, biases, embeddings and position tables have none. Where a model's numbers are
//! shorter than f32, a master copy in f32 is what is stepped, and the model gets it rounded.

use std::collections::BTreeMap;

use glim_kernels::optimizer::{AdamW, Moments, drop_gradient};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, no_grad};

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
        mistakes
    }

    fn is_frozen(&self, name: &str) -> bool {
        self.frozen.iter().any(|part| name.contains(part.as_str()))
    }

    fn rate_of(&self, name: &str) -> f64 {
        self.groups.iter().find(|group| name.contains(group.contains.as_str())).map_or(1.0, |group| group.rate)
    }
}

/// One weight that learns.
struct Parameter {
    name: String,
    weight: Tensor,
    /// In f32, where the weight is shorter.
    master: Option<Tensor>,
    moments: Moments,
    rate: f64,
    decays: bool,
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
    /// Over these weights, which ask for gradients from now on, but for the frozen.
    pub fn new(recipe: &OptimizerRecipe, weights: impl IntoIterator<Item = (String, Tensor)>) -> Optimizer {
        let mut parameters = Vec::new();
        for (name, weight) in weights {
            if recipe.is_frozen(&name) {
                let _ = weight.set_requires_grad(false);
                continue;
            }
            let weight = weight.set_requires_grad(true);
            let master = (weight.kind() != Kind::Float).then(|| weight.detach().to_kind(Kind::Float));
            let moments = no_grad(|| Moments::of(master.as_ref().unwrap_or(&weight)));
            let (rate, decays) = (recipe.rate_of(&name), decays(&name, &weight));
            parameters.push(Parameter { name, weight, master, moments, rate, decays });
        }
        Optimizer { recipe: recipe.clone(), parameters }
    }

    /// How many numbers learn.
    pub fn count(&self) -> usize {
        self.parameters.iter().map(|it| it.weight.numel()).sum()
    }

    /// The gradients in the order of the weights; a weight that had no part in the loss has none.
    pub fn gradients(&self) -> Vec<Tensor> {
        self.parameters.iter().map(|it| it.weight.grad()).filter(|gradient| gradient.defined()).collect()
    }

    /// The norm of all gradients together.
    pub fn norm(&self) -> f64 {
        let norms: Vec<Tensor> = self.gradients().iter().map(|it| it.to_kind(Kind::Float).norm()).collect();
        match norms.is_empty() {
            true => 0.0,
            false => Tensor::stack(&norms, 0).norm().double_value(&[]),
        }
    }

    /// One step at `share` of the rate; `norm` is [`Optimizer::norm`]. Gradients are forgotten.
    pub fn step(&mut self, share: f64, norm: f64) {
        let clip = self.recipe.clip;
        let scale = if clip > 0.0 && norm > clip { clip / norm } else { 1.0 };
        let mut kinds: BTreeMap<(u64, bool), Vec<usize>> = BTreeMap::new();
        for (at, parameter) in self.parameters.iter().enumerate() {
            if parameter.weight.grad().defined() {
                kinds.entry((parameter.rate.to_bits(), parameter.decays)).or_default().push(at);
            }
        }
        no_grad(|| {
            for ((rate, decays), members) in kinds {
                let members: Vec<&Parameter> = members.iter().map(|at| &self.parameters[*at]).collect();
                let gradients: Vec<Tensor> = members
                    .iter()
                    .map(|it| {
                        let mut gradient = it.weight.grad().to_kind(Kind::Float);
                        if scale < 1.0 {
                            let _ = gradient.g_mul_scalar_(scale);
                        }
                        gradient
                    })
                    .collect();
                let options = AdamW {
                    rate: self.recipe.rate * f64::from_bits(rate) * share,
                    betas: (self.recipe.betas[0], self.recipe.betas[1]),
                    decay: if decays { self.recipe.decay } else { 0.0 },
                    epsilon: self.recipe.epsilon,
                };
                let stepped: Vec<&Tensor> =
                    members.iter().map(|it| it.master.as_ref().unwrap_or(&it.weight)).collect();
                let moments: Vec<&Moments> = members.iter().map(|it| &it.moments).collect();
                options.step(&stepped, &gradients.iter().collect::<Vec<_>>(), &moments);
                for member in members {
                    if let Some(master) = &member.master {
                        member.weight.shallow_clone().copy_(master);
                    }
                }
            }
        });
        self.forget();
    }

    /// Forgets all gradients.
    pub fn forget(&self) {
        self.parameters.iter().for_each(|it| drop_gradient(&it.weight));
    }

    /// What is carried from step to step, by name: `NAME.average`, `.square`, `.step`, and `.master` where there is one.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let mut state = Vec::new();
        for Parameter { name, master, moments, .. } in &self.parameters {
            let mut push = |part: &str, tensor: &Tensor| state.push((format!("{name}.{part}"), tensor.shallow_clone()));
            push("average", &moments.average);
            push("square", &moments.square);
            push("step", &moments.step);
            if let Some(master) = master {
                push("master", master);
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
