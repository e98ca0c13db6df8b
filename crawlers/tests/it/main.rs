//! Sources, archives and the frontier on temporary files and loopback.

mod archive;
mod frontier;
mod hostile;
mod setup;
mod sources;
mod web;
