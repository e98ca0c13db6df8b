//! GLM-4.1V: vision, projector, decoder, checkpoints, and the engine that decodes for many at once.

pub mod engine;

pub use glim_kernels::libtorch;
