//! How many samples one core judges in a second of its time, by verifier, over the samples of its domain: reply and ground
//! truth are read, then compared, and what is left open is searched for evasion.
//!
//! `cargo run --release --example throughput -- [SECONDS]`. Linux tells the time that the core spent on this program, so
//! that others on the machine do not count; elsewhere the clock on the wall does.
#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "a program that prints, and uses a part of what it shares with the tests"
)]

#[path = "../tests/probe/mod.rs"]
mod probe;

use std::hint::black_box;
use std::time::Duration;

use probe::{Stopwatch, score, subjects};

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1.0);
    for subject in subjects() {
        let time = Duration::from_secs_f64(seconds);
        let (watch, mut judged) = (Stopwatch::start(), 0_usize);
        while watch.elapsed() < time {
            for sample in &subject.samples {
                black_box(score(&*subject.verifier, &sample.question, &sample.reply, &sample.truth));
            }
            judged += subject.samples.len();
        }
        println!("{:20} {:10.0} samples/s", subject.name, judged as f64 / watch.elapsed().as_secs_f64());
    }
}
