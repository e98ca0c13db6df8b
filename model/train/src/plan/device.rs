//! What devices can do.

use serde::Serialize;

use super::Precision;

/// One device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Device {
    /// What it is called.
    pub name: String,
    /// Operations in a second with bf16 matrices, dense.
    pub bf16_flops: f64,
    /// Operations in a second with f32 matrices.
    pub f32_flops: f64,
    /// Memory; None if not known.
    pub memory_bytes: Option<u64>,
}

/// Name, 10^12 operations in bf16 (dense) and in f32 (without TF32), memory in bytes / 10^9: from the data sheets of NVIDIA.
const KNOWN: [(&str, f64, f64, u64); 3] =
    [("H100 SXM", 989.0, 67.0, 80), ("H200", 989.0, 67.0, 141), ("A100", 312.0, 19.5, 80)];

impl Device {
    /// A device by its name, in any letters: `H100 SXM` (also `h100`), `H200`, `A100`. None of another name.
    pub fn known(name: &str) -> Option<Device> {
        let key = |name: &str| name.to_lowercase().replace([' ', '-', '_'], "");
        let wanted = key(name);
        KNOWN.iter().find(|(name, ..)| key(name) == wanted || key(name).strip_suffix("sxm") == Some(&wanted)).map(
            |(name, bf16, f32, memory)| Device {
                name: (*name).to_owned(),
                bf16_flops: bf16 * 1e12,
                f32_flops: f32 * 1e12,
                memory_bytes: Some(memory * 1_000_000_000),
            },
        )
    }

    /// The names of all that are known.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|(name, ..)| *name)
    }

    /// A CPU, by what a person measured of it: operations in a second and bytes of memory.
    pub fn cpu(flops: f64, memory_bytes: Option<u64>) -> Device {
        Device { name: "CPU".to_owned(), bf16_flops: flops, f32_flops: flops, memory_bytes }
    }

    /// Operations in a second.
    pub(super) fn flops(&self, precision: Precision) -> f64 {
        match precision {
            Precision::F32 => self.f32_flops,
            Precision::Bf16 => self.bf16_flops,
        }
    }
}
