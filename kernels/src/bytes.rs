//! Tensors from bytes that lie elsewhere, in a memory-mapped file for one.

use std::fs::File;

use memmap2::Mmap;
use tch::{Kind, Tensor};

use crate::door;

/// The bytes of a file, read when they are looked at.
///
/// A checkpoint that somebody shortens while it is read ends the program; they are written beside their place and moved
/// there, by us and by all others we know of.
///
/// # Errors
/// If it cannot be mapped.
pub fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the map is only read, and nobody writes into a file of weights once it has its name.
    unsafe { Mmap::map(file) }
}

/// Copies `bytes`, a dense tensor of `shape` and `kind`, into `target`, which may be of another kind and on another
/// device. The bytes are read once.
///
/// # Panics
/// If `bytes` has another length than `shape` and `kind` ask for, or `target` another shape.
pub fn copy_from_bytes(target: &mut Tensor, bytes: &[u8], shape: &[i64], kind: Kind) {
    let count = usize::try_from(shape.iter().product::<i64>()).expect("no dimension is negative");
    assert_eq!(bytes.len(), count * kind.elt_size_in_bytes(), "the bytes are those of the shape {shape:?}");
    assert_eq!(target.size(), shape, "the target has the shape of the bytes");
    let dimensions = i64::try_from(shape.len()).expect("a tensor has few dimensions");
    // SAFETY: `bytes` is as long as shape and kind say and outlives the call; it is only read. Elements need no alignment
    // that the copy would rely on beyond what x86-64 and aarch64 allow for plain loads.
    door::succeed(unsafe {
        door::glim_copy_from_bytes(
            target.as_mut_ptr(),
            bytes.as_ptr().cast(),
            shape.as_ptr(),
            dimensions,
            scalar_type(kind),
        )
    });
}

/// The number that C++ has for a kind.
fn scalar_type(kind: Kind) -> i32 {
    match kind {
        Kind::Uint8 => 0,
        Kind::Int8 => 1,
        Kind::Int16 => 2,
        Kind::Int => 3,
        Kind::Int64 => 4,
        Kind::Half => 5,
        Kind::Float => 6,
        Kind::Double => 7,
        Kind::Bool => 11,
        Kind::BFloat16 => 15,
        other => panic!("no file of weights holds {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn bytes_become_numbers_of_another_kind() {
        let bytes: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|number| number.to_le_bytes()).collect();
        let mut target = Tensor::zeros([2], (Kind::Double, Device::Cpu));
        copy_from_bytes(&mut target, &bytes, &[2], Kind::Float);
        assert_eq!(Vec::<f64>::try_from(&target).unwrap(), [1.5, -2.0]);
    }

    #[test]
    #[should_panic(expected = "the bytes are those of the shape")]
    fn too_few_bytes_are_refused() {
        copy_from_bytes(&mut Tensor::zeros([2], (Kind::Float, Device::Cpu)), &[0; 7], &[2], Kind::Float);
    }
}
