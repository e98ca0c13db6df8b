//! Checkpoints in the Hugging Face layout: `config.json` and weights in one safetensors file or several with an index.
//!
//! Files are memory-mapped, and a tensor's bytes are read once, straight into its place: device and kind may differ from
//! the file's. Headers are checked before anything is believed, so that a truncated or hostile file gives an error.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata};
use tch::{Kind, Tensor};

use crate::config::{Config, ConfigError};

mod check;
mod init;
mod save;

pub use check::{Report, check};
pub use init::init;
pub use save::{SHARD_BYTES, save};

/// A checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A file could not be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder holds no weights.
    #[error("`{path}` holds neither `model.safetensors` nor `model.safetensors.index.json`")]
    NoWeights {
        /// Which.
        path: PathBuf,
    },
    /// `config.json` makes no model.
    #[error("`{path}`: {source}")]
    Config {
        /// Which.
        path: PathBuf,
        /// Why.
        source: ConfigError,
    },
    /// A file is not what its name says.
    #[error("`{path}` cannot be read as {format}: {reason}; download it again, or write it anew")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What it should be.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A tensor is not there.
    #[error("`{path}` has no tensor `{name}`")]
    Missing {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape than the configuration asks for.
    #[error("`{name}` in `{path}` has the shape {found:?}, the configuration asks for {wanted:?}")]
    Shape {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What the file has.
        found: Vec<usize>,
        /// What the model needs.
        wanted: Vec<i64>,
    },
    /// A tensor is of a kind that no weights of ours have.
    #[error("`{name}` in `{path}` is of kind {kind}, which weights are not read from")]
    Kind {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The kind, as the file spells it.
        kind: String,
    },
    /// Memory for a tensor could not be had, or its device failed.
    #[error("`{name}` could not be put on its device: {reason}")]
    Device {
        /// The tensor.
        name: String,
        /// What torch said.
        reason: String,
    },
}

impl CheckpointError {
    /// One about reading or writing `path`.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> CheckpointError + '_ {
        |source| CheckpointError::Io { path: path.to_owned(), source }
    }
}

struct Shard {
    path: PathBuf,
    map: Mmap,
    header: Metadata,
    /// Where the numbers begin.
    data: usize,
}

/// An open checkpoint.
pub struct Checkpoint {
    path: PathBuf,
    shards: Vec<Shard>,
    /// In which shard a tensor lies.
    places: BTreeMap<String, usize>,
}

/// Reads the configuration of a checkpoint's folder.
///
/// # Errors
/// If there is none, or it makes no model.
pub fn read_config(folder: &Path) -> Result<Config, CheckpointError> {
    let path = if folder.is_dir() { folder.join("config.json") } else { folder.to_owned() };
    let text = std::fs::read_to_string(&path).map_err(CheckpointError::io(&path))?;
    Config::parse(&text).map_err(|source| CheckpointError::Config { path, source })
}

/// The files of an index, and which tensor is said to lie in which.
fn read_index(path: &Path) -> Result<BTreeMap<String, String>, CheckpointError> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let wrong = |reason: String| CheckpointError::Malformed { path: path.to_owned(), format: "an index", reason };
    let text = std::fs::read_to_string(path).map_err(CheckpointError::io(path))?;
    let index: Index = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    for file in index.weight_map.values() {
        // An index names files beside it and nothing else on the disk.
        if file.contains(['/', '\\']) || file.starts_with('.') || file.is_empty() {
            return Err(wrong(format!("`{file}` is no name of a file beside it")));
        }
    }
    Ok(index.weight_map)
}

impl Checkpoint {
    /// Opens the weights in a folder.
    ///
    /// # Errors
    /// If there are none, a file is missing, or one is not safetensors.
    pub fn open(folder: &Path) -> Result<Checkpoint, CheckpointError> {
        let index = folder.join("model.safetensors.index.json");
        let single = folder.join("model.safetensors");
        let files: Vec<PathBuf> = if index.is_file() {
            let names: std::collections::BTreeSet<String> = read_index(&index)?.into_values().collect();
            names.iter().map(|name| folder.join(name)).collect()
        } else if single.is_file() {
            vec![single]
        } else {
            return Err(CheckpointError::NoWeights { path: folder.to_owned() });
        };
        let shards: Vec<Shard> = files.into_iter().map(Shard::open).collect::<Result<_, _>>()?;
        let mut places = BTreeMap::new();
        for (number, shard) in shards.iter().enumerate() {
            for name in shard.header.tensors().into_keys() {
                places.insert(name, number);
            }
        }
        Ok(Checkpoint { path: folder.to_owned(), shards, places })
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Names and shapes of all tensors.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.places
            .iter()
            .filter_map(|(name, shard)| Some((name.as_str(), self.shards[*shard].header.info(name)?.shape.as_slice())))
    }

    /// All tensors in memory, each of the kind it has in the file.
    ///
    /// # Errors
    /// If one is of a kind that cannot be read.
    pub fn read_all(&self) -> Result<BTreeMap<String, Tensor>, CheckpointError> {
        let read = |(name, shard): (&String, &usize)| {
            let shard = &self.shards[*shard];
            let info = shard.header.info(name).expect("places are made of headers");
            let shape: Vec<i64> = info.shape.iter().map(|side| *side as i64).collect();
            let kind = kind_of(info.dtype).unwrap_or(Kind::Float);
            let mut tensor = Tensor::empty(shape, (kind, tch::Device::Cpu));
            self.read_into(name, &mut tensor).map(|()| (name.clone(), tensor))
        };
        self.places.iter().map(read).collect()
    }

    /// Copies a tensor into its place, which has its shape and any kind and device.
    ///
    /// # Errors
    /// If it is missing, of another shape, or of a kind that cannot be read.
    pub(crate) fn read_into(&self, name: &str, target: &mut Tensor) -> Result<(), CheckpointError> {
        let missing = || CheckpointError::Missing { path: self.path.clone(), name: name.to_owned() };
        let shard = &self.shards[*self.places.get(name).ok_or_else(missing)?];
        let info = shard.header.info(name).ok_or_else(missing)?;
        let wanted = target.size();
        if info.shape.len() != wanted.len() || info.shape.iter().zip(&wanted).any(|(a, b)| *a as i64 != *b) {
            return Err(CheckpointError::Shape {
                path: shard.path.clone(),
                name: name.to_owned(),
                found: info.shape.clone(),
                wanted,
            });
        }
        let Some(kind) = kind_of(info.dtype) else {
            return Err(CheckpointError::Kind {
                path: shard.path.clone(),
                name: name.to_owned(),
                kind: format!("{:?}", info.dtype),
            });
        };
        let (from, to) = info.data_offsets;
        let bytes = &shard.map[shard.data + from..shard.data + to];
        glim_kernels::bytes::copy_from_bytes(target, bytes, &wanted, kind);
        Ok(())
    }
}

fn kind_of(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F32 => Some(Kind::Float),
        Dtype::F64 => Some(Kind::Double),
        Dtype::F16 => Some(Kind::Half),
        Dtype::BF16 => Some(Kind::BFloat16),
        _ => None,
    }
}

impl Shard {
    fn open(path: PathBuf) -> Result<Shard, CheckpointError> {
        let file = File::open(&path).map_err(CheckpointError::io(&path))?;
        let map = glim_kernels::bytes::map(&file).map_err(CheckpointError::io(&path))?;
        let (length, header) = SafeTensors::read_metadata(&map).map_err(|error| CheckpointError::Malformed {
            path: path.clone(),
            format: "safetensors",
            reason: format!("{error}, in {} bytes", map.len()),
        })?;
        Ok(Shard { path, map, header, data: length + 8 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.safetensors");
        let header = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
        let files: [Vec<u8>; 8] = [
            vec![],
            vec![1, 2, 3],
            u64::MAX.to_le_bytes().to_vec(),
            header("{"),
            header(r#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#),
            header(r#"{"a": {"dtype": "F32", "shape": [18446744073709551615, 2], "data_offsets": [0, 8]}}"#),
            header(r#"{"a": {"dtype": "F32", "shape": [0], "data_offsets": [9, 3]}}"#),
            header(r#"{"a": {"dtype": "X9", "shape": [], "data_offsets": [0, 0]}}"#),
        ];
        for bytes in files {
            std::fs::write(&file, &bytes).unwrap();
            let error = Checkpoint::open(folder.path()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("model.safetensors"), "{bytes:?}: {error}");
        }
    }

    #[test]
    fn an_index_names_files_beside_it_only() {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("model.safetensors.index.json");
        for name in ["../secret", "/etc/passwd", ".hidden", ""] {
            std::fs::write(&index, format!(r#"{{"weight_map": {{"a": "{name}"}}}}"#)).unwrap();
            assert!(matches!(Checkpoint::open(folder.path()), Err(CheckpointError::Malformed { .. })), "{name}");
        }
        assert!(matches!(Checkpoint::open(Path::new("/nonexistent")), Err(CheckpointError::NoWeights { .. })));
    }
}
