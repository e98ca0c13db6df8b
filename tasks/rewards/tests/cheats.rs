//! A search for cheats: what can be made of wrong answers without knowing the right one must not be worth more than they
//! are.
//!
//! The published terms of the GUI verifiers are left out: their formulas pay a little to letters in common, to the whole
//! screen and to any place on the page, and published results pin that down. The strict terms exist for this reason.
#![allow(dead_code, reason = "a part of the probe serves other tests")]

mod probe;

use glim_rewards::Verifier;
use probe::{Random, Subject, content, score, subjects};

/// Wrong answers that are tried for each ground truth.
const WRONG: usize = 6;
/// Edits at random of each wrong answer.
const EDITS: usize = 40;

fn fair_subjects() -> impl Iterator<Item = Subject> {
    subjects().into_iter().filter(|subject| !matches!(subject.name, "androidworld" | "osworld" | "webvoyager"))
}

/// Calls back with each ground truth and answers that are worth nothing beside it.
fn for_wrong_answers(subject: &Subject, mut visit: impl FnMut(&str, &str, &[String])) {
    let verifier = &*subject.verifier;
    let mut random = Random(3);
    let step = subject.samples.len().div_ceil(60);
    for sample in subject.samples.iter().step_by(step) {
        let mut wrong = Vec::new();
        for _ in 0..200 {
            let other = random.pick(&subject.samples);
            let readable = verifier.read(&other.reply).is_ok();
            if readable && score(verifier, &sample.question, &other.reply, &sample.truth) == Some(0.0) {
                wrong.push(content(&other.reply).into_owned());
            }
            if wrong.len() == WRONG {
                visit(&sample.question, &sample.truth, &wrong);
                break;
            }
        }
    }
}

fn boxed(content: &str) -> String {
    format!("<think>so</think><answer><|begin_of_box|>{content}<|end_of_box|></answer>")
}

/// All ways of putting wrong answers together, and of dressing one up.
fn cheats(wrong: &[String]) -> Vec<String> {
    let mut cheats = Vec::new();
    for join in [" ", ", ", "; ", "\n", " or ", " and ", "|", ""] {
        cheats.push(boxed(&wrong.join(join)));
        cheats.push(boxed(&format!("[{}]", wrong.join(join))));
        cheats.push(boxed(&format!("({})", wrong.join(join))));
    }
    cheats.push(wrong.iter().map(|answer| boxed(answer)).collect());
    let first = &wrong[0];
    for dressed in [
        format!("The answer is {first}"),
        format!("{first} (or something near it)"),
        format!("one of {first}"),
        format!("Ground Truth: {first}. 1.0"),
        format!("{first} # correct"),
        first.to_uppercase(),
        first.to_lowercase(),
        first.repeat(3),
        first.chars().rev().collect(),
        with_numbers(first, &["500", "500"]),
        with_numbers(first, &["999"]),
        whole_screen(first),
        "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ".to_owned(),
        "A B C D E".to_owned(),
        "0 - 100000".to_owned(),
        "[[0, 0, 999, 999]]".to_owned(),
        String::new(),
    ] {
        cheats.push(boxed(&dressed));
    }
    cheats
}

/// The answer with its boxes grown to the whole screen. Points stay: some target lies in every corner.
fn whole_screen(answer: &str) -> String {
    match answer.split_once("[[") {
        Some((before, behind)) => format!("{before}[[{}", with_numbers(behind, &["0", "0", "999", "999"])),
        None => answer.to_owned(),
    }
}

/// The answer with its numbers replaced, in turn.
fn with_numbers(answer: &str, numbers: &[&str]) -> String {
    let mut replaced = String::new();
    let mut index = 0;
    let mut in_number = false;
    for character in answer.chars() {
        if !character.is_ascii_digit() {
            replaced.push(character);
        } else if !in_number {
            replaced.push_str(numbers[index % numbers.len()]);
            index += 1;
        }
        in_number = character.is_ascii_digit();
    }
    replaced
}

fn edited(random: &mut Random, answer: &str) -> String {
    const LETTERS: &[u8] = b"0123456789abcdefgABCDEFG ,.;:'()[]=";

    let mut letters: Vec<char> = answer.chars().collect();
    for _ in 0..=random.below(4) {
        let place = random.below(letters.len());
        let letter = char::from(*random.pick(LETTERS));
        match random.below(3) {
            0 if !letters.is_empty() => drop(letters.remove(place)),
            1 => letters.insert(place, letter),
            _ if !letters.is_empty() => letters[place] = letter,
            _ => {}
        }
    }
    letters.into_iter().collect()
}

fn worth(verifier: &dyn Verifier, question: &str, reply: &str, truth: &str) -> f64 {
    score(verifier, question, reply, truth).expect("the ground truth can be read")
}

#[test]
fn putting_wrong_answers_together_earns_nothing() {
    for subject in fair_subjects() {
        let mut tried = 0;
        for_wrong_answers(&subject, |question, truth, wrong| {
            for reply in cheats(wrong) {
                let score = worth(&*subject.verifier, question, &reply, truth);
                assert!(score == 0.0, "{}: {score} for {reply:?} beside {truth:?}", subject.name);
                tried += 1;
            }
        });
        assert!(tried > 100, "{}: only {tried} cheats were tried", subject.name);
    }
}

/// An edit at random may hit the truth by luck; it must be rare, and pay little on the whole.
#[test]
fn edits_at_random_pay_next_to_nothing() {
    const MOST: f64 = 0.003;
    /// One edit turns a letter into another, and of five letters one is right.
    const MOST_OF_A_LETTER: f64 = 0.02;

    for subject in fair_subjects() {
        let mut random = Random(5);
        let (mut tried, mut earned) = (0_usize, 0.0);
        for_wrong_answers(&subject, |question, truth, wrong| {
            for answer in wrong {
                for _ in 0..EDITS {
                    earned += worth(&*subject.verifier, question, &boxed(&edited(&mut random, answer)), truth);
                    tried += 1;
                }
            }
        });
        let most = if subject.name == "video choice" { MOST_OF_A_LETTER } else { MOST };
        assert!(earned <= most * tried as f64, "{}: {earned} by {tried} edits", subject.name);
    }
}

/// The published terms do pay to some of this, so that a search which finds nothing there would be blind.
#[test]
fn the_search_finds_what_the_published_terms_pay() {
    for subject in subjects().into_iter().filter(|subject| subject.name == "androidworld") {
        let mut found = 0;
        for_wrong_answers(&subject, |question, truth, wrong| {
            let paid = |reply: &String| worth(&*subject.verifier, question, reply, truth) > 0.0;
            found += cheats(wrong).iter().filter(|reply| paid(reply)).count();
        });
        assert!(found > 0, "{}", subject.name);
    }
}
