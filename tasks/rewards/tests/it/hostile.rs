//! A short run of the fuzzer: no reply makes a verifier panic, or keeps it busy.
use std::time::Duration;

use crate::probe::{HUGE, Random, Stopwatch, boxed, mutated, score, subjects};

/// Without optimisation the code is many times slower, and other tests run beside this one.
const LONGEST: Duration = Duration::from_secs(2);

#[test]
fn hostile_replies_are_judged_or_refused_quickly() {
    const CASES: usize = 1500;

    for subject in subjects() {
        let mut random = Random(1);
        for _ in 0..CASES {
            let (sample, other) = (random.pick(&subject.samples), random.pick(&subject.samples));
            let reply = mutated(&mut random, &sample.reply, &other.reply);
            let started = Stopwatch::start();
            if let Some(score) = score(&*subject.verifier, &sample.question, &reply, &sample.truth) {
                assert!((0.0..=1.0).contains(&score), "{}: {score}", subject.name);
            }
            assert!(started.elapsed() < LONGEST, "{} took {:?}", subject.name, started.elapsed());
        }
    }
}

#[test]
fn a_megabyte_is_judged_or_refused_quickly() {
    let pieces = [
        "<|begin_of_box|>",
        "<|begin_of_box|>\n",
        "<|begin_of_box|>CLICK(point=(1, 1), box=[[",
        "<|begin_of_box|><|end_of_box|>",
        "[",
        "[[1,2,3,4]],",
        "a",
        "'",
        "\\",
        "CLICK(point=(1, 1), box=[[",
        "ANSWER <content>",
        "1-2,",
        "</think>",
        "1,",
        "1+",
        "9",
        "\\frac{",
        "(",
        "一",
        "five ",
        "5 m ",
        "A/",
        "或",
    ];
    for subject in subjects() {
        let truth = &subject.samples[0].truth;
        for piece in pieces {
            let filling = piece.repeat(HUGE / piece.len());
            let framed = boxed(&filling);
            let bare = format!("<|begin_of_box|>{filling}<|end_of_box|>");
            let thought = format!("<think>{filling}</think><answer>{filling}</answer>");
            for reply in [filling, bare, framed, thought] {
                let started = Stopwatch::start();
                score(&*subject.verifier, "", &reply, truth);
                assert!(started.elapsed() < LONGEST, "{} took {:?} for {piece:?}", subject.name, started.elapsed());
            }
        }
    }
}
