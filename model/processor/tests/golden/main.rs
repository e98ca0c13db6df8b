//! The processor beside the reference: golden files made by `make_golden.py`, and the parity fixtures.
//!
//! Pictures are resampled, normalised and cut to the byte and bit as torchvision does it; ids, frames and texts are equal.

#![allow(clippy::unwrap_used, reason = "all of this is a test")]

mod conversations;
mod pictures;
mod preprocess;
mod words;

use std::path::{Path, PathBuf};

use glim_processor::Picture;
use serde::de::DeserializeOwned;

/// A file of this folder.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The same pixels as `picture` in `make_golden.py`.
fn picture(width: usize, height: usize, seed: u32) -> Picture {
    let mut state = seed;
    let pixels = (0..width * height * 3).map(|at| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (column, channel) = (at / 3 % width, at % 3);
        ((column * 255 / (width - 1).max(1) + (state >> 24) as usize * (1 + channel) / 4) % 256) as u8
    });
    Picture::new(width, height, pixels.collect()).unwrap()
}

fn fnv(bytes: impl IntoIterator<Item = u8>) -> String {
    let mut value = 0xCBF2_9CE4_8422_2325_u64;
    for byte in bytes {
        value = (value ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    format!("{value:016x}")
}
