//! Sources, archives and the frontier on temporary files and loopback; crawls over a real NATS server in real Chromium.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod archive;
mod crawl;
mod frontier;
mod hostile;
mod queue;
mod setup;
mod sources;
mod synthetic;
mod web;
