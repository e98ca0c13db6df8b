//! Grounding data: what a record holds, how records become shards, and how shards become what trainers read.
//!
//! `record` is one screenshot with all that is known of it; `coordinates` writes places the way models of the GLM-4.1V
//! family do. A record's pixels are the truth: other scales are made on the way out.
//!
//! In the order in which data flows: `dataset` takes pages and keeps them, `shard` is the file that rows lie in, `stats`
//! counts, `gallery` shows samples to a person, `mix` chooses among several datasets, `convert` writes what others read,
//! `training` reads: it makes the packed sequences that a trainer computes with. `distill` chooses among the episodes of
//! runs those to learn from.
//! All of it is synchronous and holds a few rows in memory at a time; only `training` has threads of its own, and keeps
//! rows as far as its recipe allows.

#[cfg(test)]
extern crate self as glim_data;

pub mod convert;
pub mod coordinates;
pub mod dataset;
mod disk;
pub mod distill;
mod error;
pub mod gallery;
mod index;
pub mod mix;
pub mod record;
#[cfg(test)]
#[path = "../tests/sample/mod.rs"]
mod sample;
mod seed;
pub mod shard;
pub mod stats;
pub mod training;

pub use disk::sha256;
pub use error::DataError;
pub use record::Screen;
pub use shard::Row;
