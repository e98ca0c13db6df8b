//! Whether a checkpoint is what its configuration says, told from names and shapes alone: no weights are read.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Checkpoint, CheckpointError, read_config, read_index};
use crate::Model;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Tensors that the configuration asks for.
    pub tensors: usize,
    /// Numbers in them.
    pub parameters: u64,
    /// Whether shapes were compared; an index has names alone.
    pub shapes_compared: bool,
    /// Asked for and not there.
    pub missing: Vec<String>,
    /// There and not asked for.
    pub unexpected: Vec<String>,
    /// Of another shape: name, found, wanted.
    pub differing: Vec<(String, Vec<usize>, Vec<i64>)>,
}

impl Report {
    /// Whether the model can be loaded; tensors that nobody asks for do no harm.
    pub fn is_sound(&self) -> bool {
        self.missing.is_empty() && self.differing.is_empty()
    }
}

/// Compares a checkpoint's folder with its `config.json`: shapes in the headers where the weights are there, else names
/// in its index. With `index`, that file's names are compared instead.
///
/// # Errors
/// If the configuration makes no model, or there is nothing to compare with.
pub fn check(folder: &Path, index: Option<&Path>) -> Result<Report, CheckpointError> {
    let config = read_config(folder)?;
    let wanted: BTreeMap<String, Vec<i64>> = Model::shapes(&config).into_iter().collect();
    let parameters = wanted.values().map(|shape| shape.iter().product::<i64>().unsigned_abs()).sum();
    let beside = folder.join("model.safetensors.index.json");
    let mut found: BTreeMap<String, Option<Vec<usize>>> = BTreeMap::new();
    match (index, Checkpoint::open(folder)) {
        (Some(index), _) => found.extend(read_index(index)?.into_keys().map(|name| (name, None))),
        (None, Ok(checkpoint)) => {
            found.extend(checkpoint.tensors().map(|(name, shape)| (name.to_owned(), Some(shape.to_vec()))));
        }
        // An index whose files are not there yet still tells names.
        (None, Err(CheckpointError::Io { .. })) if beside.is_file() => {
            found.extend(read_index(&beside)?.into_keys().map(|name| (name, None)));
        }
        (None, Err(error)) => return Err(error),
    }
    let shapes_compared = found.values().all(Option::is_some);
    let wanted = stacked_where_found(wanted, &found);
    let missing = wanted.keys().filter(|name| !found.contains_key(*name)).cloned().collect();
    // Tied heads are kept by some writers.
    let unexpected = found.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect();
    let differing = wanted
        .iter()
        .filter_map(|(name, shape)| {
            let held = found.get(name)?.as_ref()?;
            let equal = held.len() == shape.len() && held.iter().zip(shape).all(|(a, b)| *a as i64 == *b);
            (!equal).then(|| (name.clone(), held.clone(), shape.clone()))
        })
        .collect();
    Ok(Report { tensors: wanted.len(), parameters, shapes_compared, missing, unexpected, differing })
}

/// Experts that are held in one tensor are asked for as one.
fn stacked_where_found(
    wanted: BTreeMap<String, Vec<i64>>,
    found: &BTreeMap<String, Option<Vec<usize>>>,
) -> BTreeMap<String, Vec<i64>> {
    let mut result: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (name, shape) in wanted {
        let split = name.split_once(".mlp.experts.").and_then(|(layer, rest)| {
            let (_, part) = rest.split_once('.')?;
            let down = part == "down_proj.weight";
            Some((format!("{layer}.mlp.experts.{}", if down { "down_proj" } else { "gate_up_proj" }), down))
        });
        match split.filter(|(stacked, _)| found.contains_key(stacked)) {
            Some((stacked, down)) => {
                let rows = if down { shape[0] } else { 2 * shape[0] };
                let whole = result.entry(stacked).or_insert_with(|| vec![0, rows, shape[1]]);
                // Counted once for each expert: by its down, or by its gate.
                whole[0] += i64::from(down || name.ends_with("gate_proj.weight"));
            }
            None => drop(result.insert(name, shape)),
        }
    }
    result
}
