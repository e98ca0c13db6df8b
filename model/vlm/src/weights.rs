//! Where a model's tensors come from: one listing of names and shapes serves loading, random weights and checks.
//!
//! The blocks of the model ask for their tensors by the checkpoint's own names, so there is no table of renames, and
//! nothing else in the crate knows what a checkpoint holds.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::random::uniform;

/// One tensor of a model; clones share it.
#[derive(Debug)]
pub struct Weight(Tensor);

impl Clone for Weight {
    fn clone(&self) -> Weight {
        Weight(self.0.shallow_clone())
    }
}

impl std::ops::Deref for Weight {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.0
    }
}

impl Weight {
    /// One that shares this tensor.
    pub fn new(tensor: Tensor) -> Weight {
        Weight(tensor)
    }
}

/// A tensor under the names that published checkpoints have for it: a stack of experts is one tensor for each of an
/// expert's matrices, all else is itself. The parts share the tensor's memory.
pub fn published(name: &str, tensor: &Tensor) -> Vec<(String, Tensor)> {
    let stacked = name.rsplit_once(".mlp.experts.").map(|(layer, rest)| (format!("{layer}.mlp.experts"), rest));
    let (experts, parts): (String, &[&str]) = match stacked {
        Some((experts, "gate_up_proj")) => (experts, &["gate_proj", "up_proj"]),
        Some((experts, "down_proj")) => (experts, &["down_proj"]),
        _ => return vec![(name.to_owned(), tensor.shallow_clone())],
    };
    let (count, rows, _) = tensor.size3().expect("experts are [experts, rows, columns]");
    let rows = rows / parts.len() as i64;
    (0..count)
        .flat_map(|expert| {
            let experts = &experts;
            parts.iter().enumerate().map(move |(place, part)| {
                let matrix = tensor.get(expert).narrow(0, place as i64 * rows, rows);
                (format!("{experts}.{expert}.{part}.weight"), matrix)
            })
        })
        .collect()
}

/// How a tensor begins in a model that is trained from nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Init {
    Ones,
    Zeros,
    Normal,
}

enum Source<'a> {
    Checkpoint(&'a Checkpoint),
    Random {
        seed: u64,
        deviation: f64,
    },
    /// Nothing is made; names and shapes are written down.
    Shapes,
}

/// A place in the tree of names, below which blocks find their tensors.
pub(crate) struct Weights<'a> {
    root: &'a Root<'a>,
    prefix: String,
}

/// All that is asked for below one model.
pub(crate) struct Root<'a> {
    source: Source<'a>,
    device: Device,
    kind: Kind,
    named: RefCell<BTreeMap<String, Weight>>,
    shapes: RefCell<Vec<(String, Vec<i64>)>>,
    error: Cell<Option<CheckpointError>>,
}

impl<'a> Root<'a> {
    pub fn of_checkpoint(checkpoint: &'a Checkpoint, device: Device, kind: Kind) -> Root<'a> {
        Root::new(Source::Checkpoint(checkpoint), device, kind)
    }

    pub fn random(seed: u64, deviation: f64, device: Device, kind: Kind) -> Root<'a> {
        Root::new(Source::Random { seed, deviation }, device, kind)
    }

    pub fn shapes() -> Root<'a> {
        Root::new(Source::Shapes, Device::Cpu, Kind::Float)
    }

    fn new(source: Source<'a>, device: Device, kind: Kind) -> Root<'a> {
        Root { source, device, kind, named: RefCell::default(), shapes: RefCell::default(), error: Cell::new(None) }
    }

    pub fn place(&self) -> (Device, Kind) {
        (self.device, self.kind)
    }

    pub fn weights(&'a self) -> Weights<'a> {
        Weights { root: self, prefix: String::new() }
    }

    /// All tensors that were asked for, by name.
    ///
    /// # Errors
    /// If one of them could not be had; the first.
    pub fn finish(self) -> Result<BTreeMap<String, Weight>, CheckpointError> {
        match self.error.into_inner() {
            Some(error) => Err(error),
            None => Ok(self.named.into_inner()),
        }
    }

    /// Names and shapes, in the order in which they were asked for.
    pub fn into_shapes(self) -> Vec<(String, Vec<i64>)> {
        self.shapes.into_inner()
    }

    /// The first error; what comes after it is made of nothing and thrown away.
    fn fail(&self, error: CheckpointError) {
        let first = self.error.take().unwrap_or(error);
        self.error.set(Some(first));
    }
}

impl<'a> Weights<'a> {
    /// The place one name further down.
    pub fn sub(&self, name: impl std::fmt::Display) -> Weights<'a> {
        Weights { root: self.root, prefix: format!("{}{name}.", self.prefix) }
    }

    /// The tensor of this name and shape.
    pub fn tensor(&self, name: &str, shape: &[usize], init: Init) -> Weight {
        self.tensor_of_kind(name, shape, init, self.root.kind)
    }

    /// The same, in a kind of its own.
    pub fn tensor_of_kind(&self, name: &str, shape: &[usize], init: Init, kind: Kind) -> Weight {
        let name = format!("{}{name}", self.prefix);
        let shape: Vec<i64> = shape.iter().map(|side| *side as i64).collect();
        let root = self.root;
        root.shapes.borrow_mut().push((name.clone(), shape.clone()));
        if matches!(root.source, Source::Shapes) {
            return Weight(Tensor::new());
        }
        let tensor = root.make(&name, &shape, init, kind).unwrap_or_else(|error| {
            root.fail(error);
            Tensor::new()
        });
        let weight = Weight(tensor);
        root.named.borrow_mut().insert(name, weight.clone());
        weight
    }

    /// Experts' matrices, one after another: `[experts, rows, columns]`. Published checkpoints hold a tensor for each
    /// expert (and of gates and ups apart), newer ones the whole under `stacked`.
    ///
    /// `parts`: names within an expert whose rows lie one below another.
    pub fn experts(&self, stacked: &str, parts: &[&str], count: usize, rows: usize, columns: usize) -> Weight {
        let name = format!("{}{stacked}", self.prefix);
        let root = self.root;
        let single = |expert: usize, part: &str| format!("{}{expert}.{part}.weight", self.prefix);
        let apart = match &root.source {
            Source::Checkpoint(checkpoint) => !checkpoint.has(&name),
            Source::Random { .. } => false,
            // Checks want the published form, that of `published`.
            Source::Shapes => true,
        };
        if !apart {
            return self.tensor(stacked, &[count, rows, columns], Init::Normal);
        }
        let part_rows = rows / parts.len();
        let shape = [part_rows as i64, columns as i64];
        let mut shapes = root.shapes.borrow_mut();
        for expert in 0..count {
            shapes.extend(parts.iter().map(|part| (single(expert, part), shape.to_vec())));
        }
        let Source::Checkpoint(checkpoint) = &root.source else { return Weight(Tensor::new()) };
        let whole = Tensor::zeros([count as i64, rows as i64, columns as i64], (root.kind, root.device));
        for expert in 0..count {
            for (place, part) in parts.iter().enumerate() {
                let mut target = whole.get(expert as i64).narrow(0, (place * part_rows) as i64, shape[0]);
                if let Err(error) = checkpoint.read_into(&single(expert, part), &mut target) {
                    root.fail(error);
                    return Weight(Tensor::new());
                }
            }
        }
        let weight = Weight(whole);
        root.named.borrow_mut().insert(name, weight.clone());
        weight
    }
}

impl Root<'_> {
    fn make(&self, name: &str, shape: &[i64], init: Init, kind: Kind) -> Result<Tensor, CheckpointError> {
        let place = (kind, self.device);
        match (&self.source, init) {
            (Source::Checkpoint(checkpoint), _) => {
                let mut tensor = Tensor::empty(shape, place);
                checkpoint.read_into(name, &mut tensor)?;
                Ok(tensor)
            }
            (_, Init::Ones) => Ok(Tensor::ones(shape, place)),
            (_, Init::Zeros) => Ok(Tensor::zeros(shape, place)),
            (Source::Random { seed, deviation }, Init::Normal) => {
                let seed = seed_of(*seed, name);
                if self.device == Device::Cpu {
                    return Ok(Tensor::from_slice(&normal(seed, *deviation, shape)).view(shape).to_kind(kind));
                }
                tch::manual_seed(i64::from_ne_bytes(seed.to_ne_bytes()));
                Ok(Tensor::empty(shape, place).normal_(0.0, *deviation))
            }
            (Source::Shapes, Init::Normal) => Ok(Tensor::new()),
        }
    }
}

/// The seed of one tensor: a tensor is a function of the model's seed and its own name.
fn seed_of(seed: u64, name: &str) -> u64 {
    name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Numbers of a normal distribution, by Box and Muller, each a function of the seed and its place: the same with any number
/// of threads.
fn normal(seed: u64, deviation: f64, shape: &[i64]) -> Vec<f32> {
    let count = usize::try_from(shape.iter().product::<i64>()).expect("no dimension is negative");
    let mut numbers = vec![0f32; count];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = count.div_ceil(threads).next_multiple_of(2).max(4096);
    std::thread::scope(|scope| {
        for (number, chunk) in numbers.chunks_mut(part).enumerate() {
            scope.spawn(move || {
                for (pair, two) in chunk.chunks_mut(2).enumerate() {
                    let at = (number * part + 2 * pair) as u64;
                    let radius = deviation * (-2.0 * (1.0 - uniform(seed, at)).ln()).sqrt();
                    let (sin, cos) = (std::f64::consts::TAU * uniform(seed, at + 1)).sin_cos();
                    two[0] = (radius * cos) as f32;
                    if let Some(second) = two.get_mut(1) {
                        *second = (radius * sin) as f32;
                    }
                }
            });
        }
    });
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_numbers_are_normal_and_always_the_same() {
        let numbers = normal(seed_of(7, "a"), 0.5, &[100, 1001]);
        assert_eq!(numbers, normal(seed_of(7, "a"), 0.5, &[100_100]));
        assert_ne!(numbers[..10], normal(seed_of(7, "b"), 0.5, &[10]));
        let count = numbers.len() as f64;
        let mean = numbers.iter().map(|it| f64::from(*it)).sum::<f64>() / count;
        let square = numbers.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>() / count;
        let fourth = numbers.iter().map(|it| f64::from(*it).powi(4)).sum::<f64>() / count;
        assert!(mean.abs() < 0.01 && (square - 0.25).abs() < 0.01, "{mean} {square}");
        assert!((fourth / square.powi(2) - 3.0).abs() < 0.15, "{fourth}");
    }

    #[test]
    fn names_and_shapes_are_written_down_without_memory() {
        let root = Root::shapes();
        let weights = root.weights().sub("model").sub(3);
        weights.tensor("norm.weight", &[1 << 40], Init::Ones);
        weights.sub("experts").experts("gate_up_proj", &["gate_proj", "up_proj"], 2, 8, 4);
        let names: Vec<_> = root.into_shapes().into_iter().map(|(name, shape)| format!("{name} {shape:?}")).collect();
        assert_eq!(
            names,
            [
                "model.3.norm.weight [1099511627776]",
                "model.3.experts.0.gate_proj.weight [4, 4]",
                "model.3.experts.0.up_proj.weight [4, 4]",
                "model.3.experts.1.gate_proj.weight [4, 4]",
                "model.3.experts.1.up_proj.weight [4, 4]",
            ]
        );
    }
}
