//! Writing a checkpoint: one file, or shards with an index, whole or not at all.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use safetensors::tensor::{Dtype, View};
use tch::{Device, Kind, Tensor};

use super::CheckpointError;
use crate::weights::{Weight, published};

/// Bytes in a shard at the most, where not one tensor alone is larger: 5 GB, as is usual.
pub const SHARD_BYTES: usize = 5_000_000_000;

/// A tensor on its way to a file.
struct Outgoing {
    tensor: Tensor,
    shape: Vec<usize>,
    dtype: Dtype,
}

impl View for &Outgoing {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let tensor = self.tensor.to_device(Device::Cpu).contiguous();
        let mut bytes = vec![0; self.data_len()];
        let count = tensor.numel();
        tensor.copy_data_u8(&mut bytes, count);
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.tensor.numel() * self.tensor.kind().elt_size_in_bytes()
    }
}

/// Writes weights into `folder` under the names of published checkpoints, in shards of `shard_bytes` at the most, and
/// `config.json` with `config`.
///
/// Each file is written beside its place and moved there, the index last.
///
/// # Errors
/// If a file cannot be written, or a tensor is of a kind that the format has not.
pub fn save(
    folder: &Path,
    config: &serde_json::Value,
    weights: &BTreeMap<String, Weight>,
    shard_bytes: usize,
) -> Result<(), CheckpointError> {
    std::fs::create_dir_all(folder).map_err(CheckpointError::io(folder))?;
    let mut shards: Vec<Vec<(String, Outgoing)>> = vec![Vec::new()];
    let (mut filled, mut total) = (0, 0);
    for (name, tensor) in weights.iter().flat_map(|(name, weight)| published(name, weight)) {
        let tensor = tensor.detach();
        let dtype = match tensor.kind() {
            Kind::Float => Dtype::F32,
            Kind::BFloat16 => Dtype::BF16,
            Kind::Half => Dtype::F16,
            Kind::Double => Dtype::F64,
            other => {
                return Err(CheckpointError::Kind { path: folder.to_owned(), name, kind: format!("{other:?}") });
            }
        };
        let bytes = tensor.numel() * tensor.kind().elt_size_in_bytes();
        if filled > 0 && filled + bytes > shard_bytes {
            shards.push(Vec::new());
            filled = 0;
        }
        filled += bytes;
        total += bytes;
        let shape = tensor.size().into_iter().map(|side| side.unsigned_abs() as usize).collect();
        let shard = shards.last_mut().expect("one was pushed first");
        shard.push((name, Outgoing { tensor, shape, dtype }));
    }
    let metadata = Some([("format".to_owned(), "pt".to_owned())].into());
    let count = shards.len();
    let mut index = BTreeMap::new();
    for (number, shard) in shards.into_iter().enumerate() {
        let file = match count {
            1 => "model.safetensors".to_owned(),
            _ => format!("model-{:05}-of-{count:05}.safetensors", number + 1),
        };
        index.extend(shard.iter().map(|(name, _)| (name.clone(), file.clone())));
        let views: Vec<(&str, &Outgoing)> = shard.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        write(&folder.join(&file), |partial| {
            safetensors::serialize_to_file(views, metadata.clone(), partial)
                .map_err(|error| std::io::Error::other(error.to_string()))?;
            // The format's crate makes files that nobody else may read.
            std::fs::set_permissions(partial, std::fs::Permissions::from_mode(0o644))
        })?;
    }
    write_text(&folder.join("config.json"), &pretty(config))?;
    let index_path = folder.join("model.safetensors.index.json");
    if count > 1 {
        let index = serde_json::json!({ "metadata": { "total_size": total }, "weight_map": index });
        return write_text(&index_path, &pretty(&index));
    }
    // One left by an earlier save would be believed before the file.
    match std::fs::remove_file(&index_path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(CheckpointError::io(&index_path)(error)),
        _ => Ok(()),
    }
}

fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}\n")
}

fn write_text(path: &Path, text: &str) -> Result<(), CheckpointError> {
    write(path, |partial| std::fs::write(partial, text))
}

fn write(path: &Path, fill: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), CheckpointError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let done = fill(partial)
        .and_then(|()| std::fs::File::open(partial)?.sync_all())
        .and_then(|()| std::fs::rename(partial, path));
    done.map_err(|error| {
        let _ = std::fs::remove_file(partial);
        CheckpointError::io(path)(error)
    })
}
