//! Low-rank adapters (LoRA, Hu et al. 2021): a matrix learns as `base + scale * up * down` with two thin factors.
//!
//! **How we differ** from the usual wrappers: the model's own matrix always holds the sum, and the gradients of the factors
//! are made from its gradient (`scale * upᵀ g` and `scale * g downᵀ`), which is the same by the chain rule. So nothing of the
//! model knows of adapters, what is exported is merged already, and serving needs nothing else. It costs a copy of the
//! adapted matrices and their gradients; what is saved is the optimiser's memory and most of its time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use glim_vlm::Weight;
use glim_vlm::checkpoint::{CheckpointError, SHARD_BYTES, save};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tch::{Kind, Tensor, no_grad};

/// Which matrices have adapters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterRecipe {
    /// Rank of the factors.
    pub rank: i64,
    /// The sum counts `alpha / rank`.
    pub alpha: f64,
    /// Matrices whose names contain one of these; all else is frozen.
    pub matrices: Vec<String>,
}

impl AdapterRecipe {
    /// Whether a weight has an adapter.
    pub fn fits(&self, name: &str, weight: &Tensor) -> bool {
        weight.dim() == 2 && self.matrices.iter().any(|part| name.contains(part.as_str()))
    }

    /// What is wrong with it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.rank < 1 {
            mistakes.push(format!("`optimizer.adapter.rank` is {}, at least 1 was expected", self.rank));
        }
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            mistakes.push(format!("`optimizer.adapter.alpha` is {}, a number above 0 was expected", self.alpha));
        }
        if self.matrices.is_empty() {
            mistakes.push("`optimizer.adapter.matrices` is empty, parts of names were expected".to_owned());
        }
        mistakes
    }
}

/// One matrix's adapter.
pub struct Adapter {
    /// The matrix before it was adapted.
    pub base: Tensor,
    /// `[rank, columns]`, in f32.
    pub down: Tensor,
    /// `[rows, rank]`, in f32.
    pub up: Tensor,
    scale: f64,
}

impl Adapter {
    /// One that changes nothing yet. `seed` draws the lower factor; the upper is zero.
    pub fn new(weight: &Tensor, recipe: &AdapterRecipe, seed: u64) -> Adapter {
        let (rows, columns) = weight.size2().expect("adapters are for matrices");
        let place = (Kind::Float, weight.device());
        no_grad(|| {
            let bound = 1.0 / (columns as f64).sqrt();
            let count = (recipe.rank * columns) as u64;
            let drawn: Vec<f32> = (0..count).map(|at| ((2.0 * uniform(seed, at) - 1.0) * bound) as f32).collect();
            Adapter {
                base: weight.detach().copy(),
                down: Tensor::from_slice(&drawn).view([recipe.rank, columns]).to_device(weight.device()),
                up: Tensor::zeros([rows, recipe.rank], place),
                scale: recipe.alpha / recipe.rank as f64,
            }
        })
    }

    /// Gradients of `down` and `up`, from the matrix's.
    pub fn gradients(&self, gradient: &Tensor) -> [Tensor; 2] {
        let gradient = gradient.to_kind(Kind::Float) * self.scale;
        [self.up.tr().matmul(&gradient), gradient.matmul(&self.down.tr())]
    }

    /// Puts the sum into the matrix.
    pub fn merge_into(&self, weight: &Tensor) {
        let sum = self.base.to_kind(Kind::Float) + self.up.matmul(&self.down) * self.scale;
        weight.shallow_clone().copy_(&sum);
    }
}

/// A number in 0..1 that only the arguments decide (SplitMix64).
pub(crate) fn uniform(key: u64, place: u64) -> f64 {
    let mut z = key ^ place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Writes the factors as the library `peft` reads them: `adapter_model.safetensors` and `adapter_config.json`.
///
/// # Errors
/// If they cannot be written.
pub fn export(
    folder: &Path,
    factors: &[(String, Tensor, Tensor)],
    recipe: &AdapterRecipe,
) -> Result<(), CheckpointError> {
    let mut weights = BTreeMap::new();
    for (name, down, up) in factors {
        let name = name.strip_suffix(".weight").unwrap_or(name);
        weights.insert(format!("base_model.model.{name}.lora_A.weight"), Weight::new(down.shallow_clone()));
        weights.insert(format!("base_model.model.{name}.lora_B.weight"), Weight::new(up.shallow_clone()));
    }
    save(folder, &json!({}), &weights, SHARD_BYTES)?;
    let io = |path: &Path, done: std::io::Result<()>| done.map_err(CheckpointError::io(path));
    let (from, to) = (folder.join("model.safetensors"), folder.join("adapter_model.safetensors"));
    io(&to, fs::rename(from, &to))?;
    let unused = folder.join("config.json");
    io(&unused, fs::remove_file(&unused))?;
    let targets: std::collections::BTreeSet<&str> =
        factors.iter().filter_map(|(name, _, _)| name.strip_suffix(".weight")?.rsplit('.').next()).collect();
    let config = json!({
        "peft_type": "LORA", "r": recipe.rank, "lora_alpha": recipe.alpha, "target_modules": targets, "bias": "none",
        "lora_dropout": 0.0, "fan_in_fan_out": false, "inference_mode": true,
    });
    let path = folder.join("adapter_config.json");
    io(&path, fs::write(&path, format!("{config:#}\n")))
}
