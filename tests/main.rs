//! Everything together: real Chromium, real pages, loopback servers. One binary, one module for each area.
//!
//! A program or a folder that is missing fails the tests that need it and says how to get it; nothing is skipped.

#![allow(clippy::unwrap_used)]

mod evaluation;
mod miniwob_suite;
mod pages_suite;
mod playing;
mod sites_suite;
mod workspace;
