//! GLM-4.1V, GLM-4.5V and GLM-4.6V: a tower that sees, a decoder, checkpoints, and the engine that decodes for many.
//!
//! In the order in which a prompt goes through: [`positions`], then the tower (`vision`, `projector`), the decoder (`text`,
//! `mlp`, `moe`) with its [`cache`], and [`loss`] where it is trained. [`checkpoint`] and [`config`] say where weights come
//! from, [`engine`] serves. Numbers equal those of Hugging Face `transformers`; `tests/parity.rs` holds that.

pub mod cache;
pub mod checkpoint;
pub mod config;
pub mod engine;
pub mod loss;
pub mod positions;
pub mod trace;

mod mlp;
mod model;
mod moe;
mod projector;
mod random;
mod step;
mod text;
mod vision;
mod weights;

pub use cache::Cache;
pub use config::Config;
pub use glim_kernels::libtorch;
pub use loss::Targets;
pub use model::{Model, Packed, Prompt, Read};
pub use positions::{InputError, Positions};
pub use weights::{Weight, published};
