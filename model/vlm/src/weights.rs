//! Where a model's tensors come from: one listing of names and shapes serves loading, random weights and checks.
//!
//! The blocks of the model ask for their tensors by the checkpoint's own names, so there is no table of renames, and
//! nothing else in the crate knows what a checkpoint holds.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use crate::checkpoint::{Checkpoint, CheckpointError};

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
    pub(crate) fn new(tensor: Tensor) -> Weight {
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

    pub fn random(deviation: f64, device: Device, kind: Kind) -> Root<'a> {
        Root::new(Source::Random { deviation }, device, kind)
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
            (Source::Random { deviation }, Init::Normal) => Ok(Tensor::empty(shape, place).normal_(0.0, *deviation)),
            (Source::Shapes, Init::Normal) => Ok(Tensor::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
