//! Curation of replies that are learned from, as the paper has it: tags enforced, mixed language, repetition and noise
//! dropped.
//!
//! **How we differ**: the paper names the sorts of faults and no rules; these are ours, simple enough to be read. The
//! released checks look for one long Chinese and one long English paragraph; we look at the shares in the whole reply.
//!
//! ```text
//! <think>The button is at the top.</think><answer><|begin_of_box|>[[10,20,30,40]]<|end_of_box|></answer>      kept
//! <think>Wait. Wait. Wait. Wait. ...</think><answer>...                                                      dropped
//! ```

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::coordinates::{BEGIN_OF_BOX, END_OF_BOX};

/// Chinese characters and words in Latin letters that a reply has at least to be of mixed language, of each.
const MIXED: usize = 20;
/// The share that the rarer of them has at least.
const MIXED_SHARE: f64 = 0.15;
/// Characters of a passage that may not come again and again.
const PASSAGE: usize = 50;
/// How often it may not come.
const PASSAGES: usize = 4;
/// Words of which the same few may not come again and again.
const GRAM: usize = 6;
/// Words from which on that is looked at.
const GRAM_WORDS: usize = 60;
/// Characters of the longest word.
const LONGEST_WORD: usize = 200;

/// What is asked of a reply besides being readable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Curation {
    /// It is `<think>…</think><answer>…</answer>` and nothing else.
    pub tags: bool,
    /// Whether its answer can be verified: then there is exactly one box in it, else none. Not looked at if not said.
    pub verifiable: Option<bool>,
}

/// Why a reply is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A tag is missing, is there twice, or something stands outside.
    Tags,
    /// There is not exactly one box in the answer of a verifiable task, or there is one elsewhere.
    Boxes,
    /// It changes between Chinese and English.
    MixedLanguage,
    /// It says the same again and again.
    Repetition,
    /// It is empty, has broken characters or tokens of structure, or is no language.
    Noise,
}

impl Fault {
    /// Under which it is counted.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Tags => "curated_tags",
            Fault::Boxes => "curated_boxes",
            Fault::MixedLanguage => "curated_mixed_language",
            Fault::Repetition => "curated_repetition",
            Fault::Noise => "curated_noise",
        }
    }
}

/// Why a reply is not to be learned from; `None` if it is good.
pub fn curate(reply: &str, rules: &Curation) -> Option<Fault> {
    let (thought, answer) = match parts(reply) {
        Some((thought, answer)) => (thought, answer),
        None if rules.tags => return Some(Fault::Tags),
        None => ("", reply),
    };
    if rules.tags && (thought.trim().is_empty() || answer.trim().is_empty()) {
        return Some(Fault::Tags);
    }
    let boxes = |text: &str| (text.matches(BEGIN_OF_BOX).count(), text.matches(END_OF_BOX).count());
    if let Some(verifiable) = rules.verifiable {
        let wanted = usize::from(verifiable);
        let ordered = answer.find(BEGIN_OF_BOX) <= answer.find(END_OF_BOX);
        if boxes(answer) != (wanted, wanted) || boxes(thought) != (0, 0) || !ordered {
            return Some(Fault::Boxes);
        }
    }
    if is_noise(reply) {
        Some(Fault::Noise)
    } else if is_mixed(reply) {
        Some(Fault::MixedLanguage)
    } else if is_repetitive(reply) {
        Some(Fault::Repetition)
    } else {
        None
    }
}

/// Thought and answer of a reply that is nothing else.
fn parts(reply: &str) -> Option<(&str, &str)> {
    let tags = ["<think>", "</think>", "<answer>", "</answer>"];
    if tags.iter().any(|tag| reply.matches(tag).count() != 1) {
        return None;
    }
    let (thought, rest) = reply.trim().strip_prefix(tags[0])?.split_once(tags[1])?;
    let answer = rest.trim().strip_prefix(tags[2])?.strip_suffix(tags[3])?;
    Some((thought, answer))
}

fn is_noise(text: &str) -> bool {
    let broken = |c: char| c == '\u{FFFD}' || c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    let structure = ["<|user|>", "<|assistant|>", "<|system|>", "<|observation|>", "<|endoftext|>", "<|image|>"];
    let seen = text.chars().filter(|c| !c.is_whitespace()).count();
    let spoken = text.chars().filter(|c| c.is_alphanumeric()).count();
    let long = text.split_whitespace().any(|word| {
        // Chinese has no spaces between words, and addresses are long.
        word.chars().count() > LONGEST_WORD && !word.chars().any(is_chinese) && !word.contains("://")
    });
    let is_coded = seen >= 40 && spoken * 3 < seen;
    seen == 0 || text.chars().any(broken) || structure.iter().any(|token| text.contains(token)) || long || is_coded
}

fn is_mixed(text: &str) -> bool {
    let chinese = text.chars().filter(|c| is_chinese(*c)).count();
    let letters = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic());
    let latin = text.split(|c: char| !c.is_ascii_alphabetic()).filter(letters).count();
    let rarer = chinese.min(latin);
    rarer >= MIXED && rarer as f64 >= MIXED_SHARE * (chinese + latin) as f64
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}')
}

/// Whether a passage comes too often, or too few of its runs of words are new.
fn is_repetitive(text: &str) -> bool {
    let plain: Vec<char> = text.chars().collect();
    let mut passages: HashMap<&[char], (usize, usize)> = HashMap::new();
    for (at, passage) in plain.windows(PASSAGE).enumerate() {
        // Counted where it does not overlap with itself, so that a row of dashes is not a thousand passages.
        let (count, free) = passages.entry(passage).or_insert((0, 0));
        if at >= *free {
            (*count, *free) = (*count + 1, at + PASSAGE);
        }
        if *count >= PASSAGES {
            return true;
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() < GRAM_WORDS {
        return false;
    }
    let grams = words.windows(GRAM);
    let all = grams.len();
    let different: std::collections::HashSet<&[&str]> = grams.collect();
    different.len() * 2 < all
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const BOXED: &str =
        "<think>The button is at the top.</think><answer><|begin_of_box|>[[1,2]]<|end_of_box|></answer>";

    #[rstest]
    #[case::good(BOXED, None)]
    #[case::no_thought("<answer><|begin_of_box|>1<|end_of_box|></answer>", Some(Fault::Tags))]
    #[case::empty_thought("<think> </think><answer><|begin_of_box|>1<|end_of_box|></answer>", Some(Fault::Tags))]
    #[case::words_outside("Well. <think>a</think><answer><|begin_of_box|>1<|end_of_box|></answer>", Some(Fault::Tags))]
    #[case::twice("<think>a</think><think>b</think><answer>c</answer>", Some(Fault::Tags))]
    #[case::no_box("<think>It is there.</think><answer>7</answer>", Some(Fault::Boxes))]
    #[case::box_in_thought(
        "<think><|begin_of_box|>1<|end_of_box|></think><answer><|begin_of_box|>1<|end_of_box|></answer>",
        Some(Fault::Boxes)
    )]
    #[case::two_boxes(
        "<think>a</think><answer><|begin_of_box|>1<|end_of_box|> or <|begin_of_box|>2<|end_of_box|></answer>",
        Some(Fault::Boxes)
    )]
    #[case::reversed("<think>a</think><answer><|end_of_box|>1<|begin_of_box|></answer>", Some(Fault::Boxes))]
    fn form_is_enforced(#[case] reply: &str, #[case] expected: Option<Fault>) {
        assert_eq!(curate(reply, &Curation { tags: true, verifiable: Some(true) }), expected);
    }

    #[test]
    fn a_box_in_an_open_answer_is_dropped() {
        assert_eq!(curate(BOXED, &Curation { tags: true, verifiable: Some(false) }), Some(Fault::Boxes));
        assert_eq!(curate("Plain words.", &Curation::default()), None);
    }

    #[test]
    fn what_reads_badly_is_dropped() {
        let free = Curation::default();
        let english =
            "We look at the page and see a button with a label, and then we press it to go on to the next step. ";
        let chinese = "我们先看页面上方的按钮然后点击它进入下一步并且检查结果是否正确如果不正确就返回";
        assert_eq!(curate(english, &free), None);
        assert_eq!(curate(chinese, &free), None);
        assert_eq!(curate(&format!("{english}{chinese}"), &free), Some(Fault::MixedLanguage));
        assert_eq!(curate(&format!("{chinese}，按 OK"), &free), None, "a name in another script is no other language");
        assert_eq!(curate(&english.repeat(4), &free), Some(Fault::Repetition));
        assert_eq!(curate(&"Wait, again. ".repeat(40), &free), Some(Fault::Repetition));
        assert_eq!(curate(&"-".repeat(120), &free), Some(Fault::Noise));
        assert_eq!(curate("a\u{FFFD}b", &free), Some(Fault::Noise));
        assert_eq!(curate("done<|user|>next", &free), Some(Fault::Noise));
        assert_eq!(curate(&"qwxz".repeat(60), &free), Some(Fault::Noise));
        assert_eq!(curate("  ", &free), Some(Fault::Noise));
    }
}
