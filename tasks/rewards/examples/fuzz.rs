//! Feeds every verifier a megabyte of each hostile piece, then hostile replies and ground truths for some seconds of a core,
//! and tells of panics and of slow cases.
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

use probe::{HUGE, PIECES, Random, Stopwatch, Subject, boxed, mutated, refilled, score, subjects};

/// A case that takes longer is a finding.
const SLOW: Duration = Duration::from_millis(50);
/// How often such a case is tried again before it is one.
const AGAIN: u32 = 5;
/// Findings that are printed in full, for each verifier.
const SHOWN: usize = 5;
/// What fills a megabyte at first, with the pieces that readers stumble over.
const PROSE: [&str; 15] = [
    "1",
    "9.",
    "-1",
    "12,345 ",
    "1e5 ",
    "a ",
    "word ",
    "a b or c ",
    "x+",
    "3 cm, ",
    "(1,2)",
    "½",
    "中",
    "中文。",
    "\n\n",
];

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
    let mut findings = Findings::default();
    let first = &subject.samples[0];
    for piece in PIECES.iter().chain(&PROSE) {
        let huge = piece.repeat(HUGE / piece.len());
        findings.judge(subject, &first.question, &boxed(&huge), &boxed(&huge));
        findings.judge(subject, &first.question, &refilled(&first.reply, &huge), &first.truth);
        findings.judge(subject, &first.question, &huge, &first.truth);
        findings.judge(subject, &first.question, &first.reply, &refilled(&first.truth, &huge));
        findings.judge(subject, &first.question, &boxed(&piece.repeat(50)), &boxed(&huge));
        findings.judge(
            subject,
            &first.question,
            &first.reply.replacen("</think>", &format!("{huge}</think>"), 1),
            &first.truth,
        );
    }
    let spent = Stopwatch::start();
    while spent.elapsed() < time {
        let (sample, other) = (random.pick(&subject.samples), random.pick(&subject.samples));
        let reply = mutated(&mut random, &sample.reply, &other.reply);
        let truth = match random.below(4) {
            0 => mutated(&mut random, &sample.truth, &other.truth),
            1 => reply.clone(),
            _ => sample.truth.clone(),
        };
        findings.judge(subject, &sample.question, &reply, &truth);
    }
    let Findings { tries, panics, slow, slowest } = findings;
    println!("{:20} {tries:9} cases, {panics} panics, {slow} slow, slowest {slowest:?}", subject.name);
    panics + slow
}

/// What was found in one verifier.
#[derive(Default)]
struct Findings {
    tries: u64,
    panics: usize,
    slow: usize,
    slowest: Duration,
}

impl Findings {
    fn judge(&mut self, subject: &Subject, question: &str, reply: &str, truth: &str) {
        let judged = || {
            let watch = Stopwatch::start();
            let found = catch_unwind(AssertUnwindSafe(|| score(&*subject.verifier, question, reply, truth)));
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
        self.tries += 1;
        self.slowest = self.slowest.max(took);
        self.panics += usize::from(panicked);
        self.slow += usize::from(took > SLOW);
        if (panicked && self.panics <= SHOWN) || (took > SLOW && self.slow <= SHOWN) {
            let what = if panicked { "panic" } else { "slow" };
            println!("{what} in {}, {took:?}: {:?} | {:?}", subject.name, shown(reply), shown(truth));
        }
    }
}

fn shown(text: &str) -> String {
    let start: String = text.chars().take(300).collect();
    if start.len() < text.len() { format!("{start}... ({} bytes)", text.len()) } else { start }
}
