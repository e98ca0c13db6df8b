//! What the tests, the fuzzer and the measurement of speed share: the verifiers, samples for each, and hostile edits.

use std::borrow::Cow;
use std::time::Duration;

use glim_rewards::gui::{Android, OsWorld, Terms, WebVoyager};
use glim_rewards::video::{Choice, Exact, Moments};
use glim_rewards::{Finding, Verifier, grounding};

/// One reply and what would have been right, both as they are written.
pub struct Sample {
    pub question: String,
    pub reply: String,
    pub truth: String,
}

/// A verifier under its name, with samples of its domain.
pub struct Subject {
    pub name: &'static str,
    pub verifier: Box<dyn Verifier>,
    pub samples: Vec<Sample>,
}

/// All verifiers. Add yours here, and it is fuzzed, timed and searched for cheats.
pub fn subjects() -> Vec<Subject> {
    let subject = |name, verifier: Box<dyn Verifier>, samples| Subject { name, verifier, samples };
    let (published, strict) = (Terms::Published, Terms::Strict);
    vec![
        subject("androidworld", Box::new(Android { terms: published }), cases("androidworld")),
        subject("androidworld strict", Box::new(Android { terms: strict }), cases("androidworld")),
        subject("osworld", Box::new(OsWorld { terms: published }), cases("osworld")),
        subject("osworld strict", Box::new(OsWorld { terms: strict }), cases("osworld")),
        subject("webvoyager", Box::new(WebVoyager { terms: published }), cases("webvoyager")),
        subject("webvoyager strict", Box::new(WebVoyager { terms: strict }), cases("webvoyager")),
        subject("grounding boxes", Box::<grounding::Boxes>::default(), every_pair(&BOXES)),
        subject("grounding points", Box::<grounding::Points>::default(), every_pair(&POINTS)),
        subject("video exact", Box::new(Exact), every_pair(&WORDS)),
        subject("video choice", Box::new(Choice), every_pair(&LETTERS)),
        subject("video moments", Box::<Moments>::default(), every_pair(&TIMES)),
    ]
}

const BOXES: [&str; 8] = [
    "[[100, 100, 200, 200]]",
    "[[700, 50, 780, 90]]",
    "[[5, 900, 60, 980], [400, 400, 500, 480]]",
    "[300, 610, 380, 700]",
    "{\"bbox_2d\": [820, 820, 900, 860], \"label\": \"cup\"}",
    "(600, 300, 680, 380)",
    "none",
    "[[10, 300, 60, 420], [250, 10, 330, 60], [900, 200, 980, 290]]",
];
const POINTS: [&str; 6] =
    ["(100, 100)", "[700, 50]", "{\"point\": [400, 900]}", "[[300, 610], [820, 120]]", "none", "(430, 560), (20, 950)"];
const WORDS: [&str; 5] = ["a red car", "two people are dancing", "7", "Paris", "the left hand"];
const LETTERS: [&str; 5] = ["A", "(B)", "C. a dog", "D: nothing", "option E"];
const TIMES: [&str; 6] =
    ["[12.5, 20]", "01:10 - 01:20", "from 200 s to 230 s", "1:02:03 to 1:02:30", "[[300, 310], [400, 420]]", "50-55"];

/// The samples of a case file. Values that were read out already are left out.
fn cases(name: &str) -> Vec<Sample> {
    let path = format!("{}/tests/cases/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let read = |line| -> Option<Sample> {
        let case: serde_json::Value = serde_json::from_str(line).expect("a case is JSON");
        let field = |name: &str| case[name].as_str().map(str::to_owned);
        Some(Sample { question: field("question")?, reply: field("response")?, truth: field("ground_truth")? })
    };
    text.lines().filter_map(read).collect()
}

fn every_pair(answers: &[&str]) -> Vec<Sample> {
    let boxed = |answer: &str| format!("<think>so</think><answer><|begin_of_box|>{answer}<|end_of_box|></answer>");
    let pairs = answers.iter().flat_map(|reply| answers.iter().map(move |truth| (reply, truth)));
    pairs.map(|(reply, truth)| Sample { question: String::new(), reply: boxed(reply), truth: boxed(truth) }).collect()
}

/// What a reply is worth; 0 where it cannot be read or no rule decides, `None` where the ground truth cannot be read.
pub fn score(verifier: &dyn Verifier, question: &str, reply: &str, truth: &str) -> Option<f64> {
    let truth = verifier.read(truth).ok()?;
    let Ok(answer) = verifier.read(reply) else { return Some(0.0) };
    match verifier.compare(question, &answer, &truth) {
        Finding::Decided { score, .. } => Some(score),
        Finding::Open { .. } => Some(0.0),
    }
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// In 0..bound.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Pieces that readers stumble over.
const PIECES: [&str; 60] = [
    "<|begin_of_box|>",
    "<|end_of_box|>",
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "\\boxed{",
    "}",
    "{",
    "[",
    "]",
    "[[",
    "]]",
    "(",
    ")",
    "'",
    "\"",
    "'''",
    "\\",
    "\\'",
    "\\ud800",
    "\\u0000",
    "\0",
    "\n",
    "\r\n",
    "\u{2028}",
    "\u{feff}",
    "\u{200b}",
    "９",
    "İ",
    "ß",
    "🙂",
    "é",
    ",",
    ";",
    ":",
    "=",
    "point=(",
    "box=[[",
    "text='",
    "element_info='",
    "start_box='",
    "content='",
    "CLICK(",
    "TYPE(",
    "ANSWER(content='",
    "ANSWER; <content>",
    "Click [",
    "Type 1; [",
    "\"text\": ",
    "1e999",
    "NaN",
    "-",
    "99999999999999999999",
    "0x",
    "00:",
    " or ",
    "none",
    "#",
    "a,",
];

/// The length from which a reply counts as huge, in bytes.
pub const HUGE: usize = 1_000_000;

/// A reply with a few hostile edits; now and then one of a megabyte.
pub fn mutated(random: &mut Random, reply: &str, other: &str) -> String {
    let mut text = reply.to_owned();
    for _ in 0..=random.below(4) {
        let place = boundary(&text, random.below(text.len() + 1));
        let end = boundary(&text, place + random.below(12));
        match random.below(8) {
            0 => text.replace_range(place..end, ""),
            1 => text.insert_str(place, PIECES[random.below(PIECES.len())]),
            2 => text.replace_range(place..end, PIECES[random.below(PIECES.len())]),
            3 => text = [&text[..end], &text[place..]].concat(),
            4 => text.insert_str(place, &random.next().to_string()[..1 + random.below(4)]),
            5 => {
                let from = boundary(other, random.below(other.len() + 1));
                let to = boundary(other, from + random.below(40));
                text.insert_str(place, &other[from..to]);
            }
            6 => text.truncate(place),
            _ => text.insert_str(place, &random.pick(&PIECES).repeat(1 + random.below(300))),
        }
    }
    if random.below(40) == 0 {
        let place = boundary(&text, random.below(text.len() + 1));
        let piece = if random.below(2) == 0 { *random.pick(&PIECES) } else { reply };
        let size = if random.below(2) == 0 { HUGE } else { 15_000 };
        text.insert_str(place, &piece.repeat(size / piece.len().max(1)));
    }
    text
}

fn boundary(text: &str, place: usize) -> usize {
    let mut place = place.min(text.len());
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    place
}

/// The content of the first box.
pub fn content(reply: &str) -> Cow<'_, str> {
    let behind = reply.split_once("<|begin_of_box|>").map_or(reply, |(_, behind)| behind);
    behind.split_once("<|end_of_box|>").map_or(behind, |(content, _)| content).into()
}

/// The time that a core spent on this thread, which others on the machine do not lengthen; Linux tells it.
pub fn core_time() -> Option<Duration> {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    status.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
