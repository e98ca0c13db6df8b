//! Where and how large an engine is.

use tch::Kind;

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

impl Device {
    /// Torch's own device and kind of numbers; a GPU's part of libtorch is opened where one is wanted.
    ///
    /// # Errors
    /// What is wrong with the GPU that was asked for.
    pub fn open(self, dtype: Dtype) -> Result<(tch::Device, Kind), String> {
        let device = self.place()?;
        let kind = match dtype {
            Dtype::F32 => Kind::Float,
            Dtype::Bf16 => Kind::BFloat16,
            Dtype::Auto if device.is_cuda() => Kind::BFloat16,
            Dtype::Auto => Kind::Float,
        };
        Ok((device, kind))
    }

    fn place(self) -> Result<tch::Device, String> {
        let opened = match self {
            Device::Cpu => return Ok(tch::Device::Cpu),
            Device::Auto | Device::Cuda(_) => glim_kernels::cuda::open(),
        };
        match (self, opened) {
            (Device::Auto, Err(_)) => Ok(tch::Device::Cpu),
            (_, Err(error)) => Err(error.to_string()),
            (Device::Cuda(number), Ok(())) => {
                let count = tch::Cuda::device_count();
                let known = i64::try_from(number).is_ok_and(|number| number < count);
                if known {
                    Ok(tch::Device::Cuda(number))
                } else {
                    Err(format!("there is no GPU {number}; there are {count}"))
                }
            }
            (_, Ok(())) => Ok(tch::Device::Cuda(0)),
        }
    }
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
