//! Where and how large an engine is.

/// Where the model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// The first GPU where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU with this number.
    Cuda(usize),
}

/// Numbers that weights and activations are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dtype {
    /// `Bf16` on a GPU, `F32` on the CPU.
    #[default]
    Auto,
    /// Single precision.
    F32,
    /// Brain floating point; softmax and logits are single precision all the same.
    Bf16,
}

/// Where and how large an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// Where the model computes.
    pub device: Device,
    /// In which numbers.
    pub dtype: Dtype,
    /// Replies decoded at once, at the most.
    pub max_batch: usize,
    /// Requests that may wait for a place among them.
    pub queue: usize,
    /// Tokens of prompt and reply together, at the most; what the checkpoint allows where none is given.
    pub context: Option<usize>,
    /// Threads on the CPU; torch's own choice where none is given.
    pub threads: Option<usize>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            device: Device::Auto,
            dtype: Dtype::Auto,
            max_batch: 16,
            queue: 256,
            context: None,
            threads: None,
        }
    }
}
