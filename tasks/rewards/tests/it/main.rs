//! The crate from outside: the recorded cases of the published system.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and the counts are to be read"
)]

mod cheats;
mod fixtures;
mod play;
mod simulated_judge;
