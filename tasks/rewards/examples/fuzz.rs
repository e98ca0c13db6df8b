//! Feeds every verifier hostile replies and ground truths for some seconds of a core each, and tells of panics and of slow
//! cases.
//!
//! `cargo run --release --example fuzz -- SECONDS [SEED] [NAME]`. Ends with status 1 where something was found.
#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "a program that prints, and uses a part of what it shares with the tests"
)]

#[path = "../tests/probe/mod.rs"]
mod probe;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use probe::{Random, Stopwatch, Subject, mutated, score, subjects};

/// A case that takes longer is a finding.
const SLOW: Duration = Duration::from_millis(50);
/// How often such a case is tried again before it is one.
const AGAIN: u32 = 5;
/// Findings that are printed in full, for each verifier.
const SHOWN: usize = 5;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10);
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let name = arguments.next();
    std::panic::set_hook(Box::new(|_| {}));
    let mut findings = 0;
    for subject in subjects() {
        if name.as_ref().is_none_or(|name| subject.name == *name) {
            findings += fuzz(&subject, Duration::from_secs(seconds), seed);
        }
    }
    if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn fuzz(subject: &Subject, time: Duration, seed: u64) -> usize {
    let mut random = Random(seed);
    let (mut tries, mut panics, mut slow, mut slowest) = (0_u64, 0, 0, Duration::ZERO);
    let spent = Stopwatch::start();
    while spent.elapsed() < time {
        let (sample, other) = (random.pick(&subject.samples), random.pick(&subject.samples));
        let reply = mutated(&mut random, &sample.reply, &other.reply);
        let truth = match random.below(4) {
            0 => mutated(&mut random, &sample.truth, &other.truth),
            1 => reply.clone(),
            _ => sample.truth.clone(),
        };
        let judged = || {
            let watch = Stopwatch::start();
            let found = catch_unwind(AssertUnwindSafe(|| score(&*subject.verifier, &sample.question, &reply, &truth)));
            (found.is_err(), watch.elapsed())
        };
        let (panicked, mut took) = judged();
        // A virtual machine counts what others took of its core; a case that is slow is slow again.
        for _ in 0..AGAIN {
            if took <= SLOW || panicked {
                break;
            }
            took = took.min(judged().1);
        }
        tries += 1;
        slowest = slowest.max(took);
        panics += usize::from(panicked);
        slow += usize::from(took > SLOW);
        if (panicked && panics <= SHOWN) || (took > SLOW && slow <= SHOWN) {
            let what = if panicked { "panic" } else { "slow" };
            println!("{what} in {}, {took:?}: {:?} | {:?}", subject.name, shown(&reply), shown(&truth));
        }
    }
    println!("{:20} {tries:9} cases, {panics} panics, {slow} slow, slowest {slowest:?}", subject.name);
    panics + slow
}

fn shown(text: &str) -> String {
    let start: String = text.chars().take(300).collect();
    if start.len() < text.len() { format!("{start}... ({} bytes)", text.len()) } else { start }
}
