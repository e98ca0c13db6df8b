//! From words and pictures to what GLM-4.1V reads: token ids, patches of pixels, and where in time and space each lies.
//!
//! There is no torch here, so that data can be prepared, and a tokenizer trained, without it.

mod input;

pub use input::{Grid, Input, Patches};
