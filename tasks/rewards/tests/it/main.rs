//! The crate from outside.
//!
//! - `recorded`: the recorded cases of the published system
//! - `cheats`: what wrong answers can be made into
//! - `recipe`: each domain of the recipe
//! - `hostile`: replies that are made to crash or to delay; a short run of the fuzzer

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and the counts are to be read"
)]

mod cheats;
mod hostile;
#[path = "../probe/mod.rs"]
mod probe;
mod recipe;
mod recorded;
