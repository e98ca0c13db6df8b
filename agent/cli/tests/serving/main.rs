//! `glim serve` and what belongs to it, as programs meet them: a checkpoint made from nothing, a server in a process of its
//! own, and on the other side the official Python package `openai`, or bytes on a socket.
//!
//! - `checkpoint`: a tiny model, as it comes and taught to say one thing
//! - `server`: the process, and its figures
//! - `client`: the Python side
//! - `openai`: what the package does with us
//! - `http`: what no proper client does
//! - `commands`: generate, tokenizer, checkpoint, and a local agent

#![cfg(feature = "torch")]
#![allow(clippy::unwrap_used)]

mod checkpoint;
mod client;
mod commands;
mod http;
mod openai;
mod server;
