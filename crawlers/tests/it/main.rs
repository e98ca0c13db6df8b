//! Sources, archives and the frontier on temporary files and loopback.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod archive;
mod frontier;
mod hostile;
mod setup;
mod sources;
mod synthetic;
mod web;
