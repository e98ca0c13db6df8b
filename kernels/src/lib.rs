//! The hot loops, and the door to what libtorch has and tch does not reach.
//!
//! - [`checkpoint`]: a block that is computed again on the way back, instead of kept;
//! - [`norm`], [`gate`], [`rotary`], [`linear`], [`attention`]: fused operations, each beside the plain torch operations that define
//!   it;
//! - [`optimizer`]: one step of AdamW for all parameters at once;
//! - [`bytes`]: tensors from memory-mapped files;
//! - [`libtorch`]: which libtorch this program runs with, and where the GPU's part of it is;
//! - [`cuda`]: a GPU is opened at run time, so that one program serves machines with and without;
//! - [`memory`]: how much is left, on the CPU and on a GPU;
//! - [`gpu`], [`step`], [`fused`]: recorded work, and the kernels of a decoding and of a training step, compiled where they run;
//! - [`ranks`]: many processes that train one model.
//!
//! This is the only crate in which `unsafe` is allowed. What comes from C++ as an exception is a panic here: shapes and
//! devices are ours to get right. In [`ranks`] it is an error: what other processes do is not.

pub mod attention;
pub mod bytes;
pub mod checkpoint;
pub mod cuda;
pub mod fused;
pub mod gate;
pub mod gpu;
pub mod libtorch;
pub mod linear;
pub mod memory;
pub mod norm;
pub mod optimizer;
pub mod ranks;
pub mod rotary;
pub mod step;

mod door;
mod gradient;
