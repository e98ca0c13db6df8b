//! Grounding data: what a record holds, how records become shards, and how shards become what trainers read.
//!
//! `record` is one screenshot with all that is known of it; `coordinates` writes places the way models of the GLM-4.1V
//! family do. A record's pixels are the truth: other scales are made on the way out.

pub mod coordinates;
pub mod record;

pub use record::Screen;
