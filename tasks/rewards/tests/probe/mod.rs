//! What the tests, the fuzzer and the measurement of speed share: the verifiers, samples for each, and hostile edits.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use glim_rewards::reply::{BEGIN_OF_BOX, END_OF_BOX};
use glim_rewards::verifier::{Reach, Settings, named, taken_by};
use glim_rewards::{Finding, Verifier};

/// One reply and what would have been right, both as they are written.
pub struct Sample {
    pub question: String,
    pub reply: String,
    pub truth: String,
}

/// A verifier under its name, with samples of its domain.
pub struct Subject {
    pub name: String,
    pub verifier: Box<dyn Verifier>,
    pub samples: Vec<Sample>,
}

/// All verifiers. Add yours here, and it is fuzzed, timed and searched for cheats.
pub fn subjects() -> Vec<Subject> {
    let chart = "^<think>(.*?)</think>(?P<answer>.*)$";
    let judge = r"^<think>(.*?)</think>\s*<answer>(.*?)</answer>$";
    let of_cases = [
        ("androidworld", Settings::default()),
        ("osworld", Settings::default()),
        ("webvoyager", Settings::default()),
        ("math", Settings::default()),
        ("physics", Settings::default()),
        ("chemistry", Settings::default()),
        ("chart", Settings { answer_pattern: Some(chart.to_owned()), tolerance: Some(0.025), ..Settings::default() }),
        ("counting", Settings::default()),
        ("mmsi", Settings::default()),
        ("multi_image", Settings::default()),
        ("biology", Settings::default()),
        ("geography", Settings::default()),
        ("liberal_arts", Settings::default()),
        ("general", Settings { answer_pattern: Some(judge.to_owned()), ..Settings::default() }),
        ("geoquest", Settings::default()),
        ("ocr", Settings { none_up_to: 0.8, ..Settings::default() }),
        ("vqa", Settings::default()),
        ("language_mix", Settings::default()),
    ];
    let made = of_cases.into_iter().flat_map(|(name, settings)| {
        let subject = |title: String, settings: &Settings| Subject {
            verifier: named(name, settings).expect("the settings are right"),
            name: title,
            samples: cases(name),
        };
        let published = Settings { published_terms: true, reach: Reach::Published, ..settings.clone() };
        let takes = |setting| taken_by(name).is_some_and(|taken| taken.contains(&setting));
        let has_both = takes("reach") || takes("published_terms");
        let both = has_both.then(|| subject(format!("{name}{PUBLISHED}"), &published));
        [Some(subject(name.to_owned(), &settings)), both].into_iter().flatten()
    });
    let answers: [(&str, &[&str]); 6] = [
        ("grounding", &BOXES),
        ("grounding_points", &POINTS),
        ("long_doc", &WORDS),
        ("video", &WORDS),
        ("video_choice", &LETTERS),
        ("video_moments", &TIMES),
    ];
    let plain = answers.into_iter().map(|(name, answers)| Subject {
        name: name.to_owned(),
        verifier: named(name, &Settings::default()).expect("the settings are right"),
        samples: every_pair(answers),
    });
    made.chain(plain).collect()
}

/// What follows the name of a verifier that is held to the published system, instead of to what training needs.
pub const PUBLISHED: &str = " as published";

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

/// The samples of a case file; texts that were read out already are put into a frame again.
fn cases(name: &str) -> Vec<Sample> {
    let path = format!("{}/tests/cases/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let read = |line| -> Option<Sample> {
        let case: serde_json::Value = serde_json::from_str(line).expect("a case is JSON");
        let field = |name: &str| case[name].as_str().map(str::to_owned);
        let (question, truth) = (field("question").unwrap_or_default(), field("ground_truth").unwrap_or_default());
        let reply = field("response")?;
        let is_read = case["config"]["mode"] == "judge";
        Some(if is_read {
            Sample { question, reply: boxed(&reply), truth: boxed(&truth) }
        } else {
            Sample { question, reply, truth }
        })
    };
    text.lines().filter_map(read).collect()
}

fn every_pair(answers: &[&str]) -> Vec<Sample> {
    let pairs = answers.iter().flat_map(|reply| answers.iter().map(move |truth| (reply, truth)));
    pairs.map(|(reply, truth)| Sample { question: String::new(), reply: boxed(reply), truth: boxed(truth) }).collect()
}

/// A reply with this answer.
pub fn boxed(answer: &str) -> String {
    format!("<think>so</think><answer><|begin_of_box|>{answer}<|end_of_box|></answer>")
}

/// A reply with another answer in its box.
pub fn refilled(reply: &str, answer: &str) -> String {
    let parts =
        reply.split_once(BEGIN_OF_BOX).and_then(|(before, rest)| Some((before, rest.split_once(END_OF_BOX)?.1)));
    parts.map_or_else(|| boxed(answer), |(before, after)| [before, BEGIN_OF_BOX, answer, END_OF_BOX, after].concat())
}

/// What a reply is worth; 0 where it cannot be read or no rule decides, `None` where the ground truth cannot be read.
pub fn score(verifier: &dyn Verifier, question: &str, reply: &str, truth: &str) -> Option<f64> {
    let truth = verifier.read(truth).ok()?;
    let Ok(answer) = verifier.read(reply) else { return Some(0.0) };
    match verifier.compare(question, &answer, &truth) {
        Finding::Decided { score, .. } => Some(score),
        Finding::Open { .. } => {
            // Only for its time: nobody is to see the answer, and whoever sees it decides.
            std::hint::black_box(verifier.evasion(question, &answer, &truth));
            Some(0.0)
        }
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
pub const PIECES: [&str; 78] = [
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
    "\\frac{",
    "^{",
    "\\sqrt",
    "×10^",
    "+",
    "%",
    " kg",
    "1/",
    "5 m ",
    "five",
    "十",
    "或",
    "、",
    "…",
    "≈",
    "!",
    "sin(",
    "x^",
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
    let behind = reply.split_once(BEGIN_OF_BOX).map_or(reply, |(_, behind)| behind);
    behind.split_once(END_OF_BOX).map_or(behind, |(content, _)| content).into()
}

/// Measures the time that a core spends on this thread, which others on the machine do not lengthen, where Linux tells it; else
/// the time on the wall.
pub struct Stopwatch {
    core: Option<Duration>,
    wall: Instant,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { core: core_time(), wall: Instant::now() }
    }

    pub fn elapsed(&self) -> Duration {
        let core = core_time().zip(self.core).map(|(now, start)| now.saturating_sub(start));
        core.unwrap_or_else(|| self.wall.elapsed())
    }
}

fn core_time() -> Option<Duration> {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    status.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
