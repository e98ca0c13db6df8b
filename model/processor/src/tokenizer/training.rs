//! A tokenizer from text: byte-level byte-pair encoding, with GLM's splitting into words and its special tokens.
//!
//! Bytes come first, then merges, then the special tokens, in GLM's order. Of pairs equally frequent the one with the
//! smaller ids is merged, so that equal text gives an equal vocabulary, byte for byte, on any machine.
//!
//! How we differ from the trainer of the `tokenizers` crate: counts have 64 bits, and nothing hangs on the order of a
//! hash table.
//!
//! ```text
//! "hug pug hug"   ->   words  hug 1, " pug" 1, " hug" 1   ->   merges  u g, h ug, ...
//! ```

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::json;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, SplitDelimiterBehavior};

use super::{Tokenizer, failed};
use crate::{DEFAULT_TEMPLATE, ProcessorError};

/// GLM's special tokens in the order of its vocabulary, and whether each is left out of a decoded reply. Those a reply
/// is parsed by are not.
pub const SPECIAL_TOKENS: [(&str, bool); 31] = [
    ("<|endoftext|>", true),
    ("[MASK]", true),
    ("[gMASK]", true),
    ("[sMASK]", true),
    ("<sop>", true),
    ("<eop>", true),
    ("<|system|>", true),
    ("<|user|>", true),
    ("<|assistant|>", true),
    ("<|observation|>", true),
    ("<|begin_of_image|>", true),
    ("<|end_of_image|>", true),
    ("<|begin_of_video|>", true),
    ("<|end_of_video|>", true),
    ("<|image|>", true),
    ("<|video|>", true),
    ("<think>", false),
    ("</think>", false),
    ("<answer>", false),
    ("</answer>", false),
    ("<|begin_of_box|>", false),
    ("<|end_of_box|>", false),
    ("/nothink", false),
    ("<tool_call>", false),
    ("</tool_call>", false),
    ("<tool_response>", false),
    ("</tool_response>", false),
    ("<arg_key>", false),
    ("</arg_key>", false),
    ("<arg_value>", false),
    ("</arg_value>", false),
];

/// Where one word ends and the next begins: contractions, letters with what stands before them, digits,
/// signs, line ends, spaces. `DIGITS` stands for how many digits go together.
const WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}DIGITS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Tokens that end a reply.
const ENDS: [&str; 3] = ["<|endoftext|>", "<|user|>", "<|observation|>"];

/// Texts counted at a time.
const BATCH: usize = 1024;

/// How a tokenizer is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// Tokens in all: 256 bytes, merges, special tokens. With little text there may be fewer.
    pub vocabulary: usize,
    /// How often a pair must occur to be merged.
    pub min_frequency: u64,
    /// Each digit is a token, instead of up to three: a small model then learns coordinates digit by digit.
    pub single_digits: bool,
}

impl Training {
    /// The same with as few tokens as there can be: those of bytes, and the special ones.
    #[must_use]
    pub fn smallest(self) -> Training {
        Training { vocabulary: 256 + SPECIAL_TOKENS.len(), ..self }
    }

    /// Trains on `texts`.
    ///
    /// # Errors
    /// [`ProcessorError::Tokenizer`] if `vocabulary` has no room for the bytes and the special tokens.
    pub fn train(&self, texts: impl IntoIterator<Item = String>) -> Result<Tokenizer, ProcessorError> {
        let least = 256 + SPECIAL_TOKENS.len();
        if self.vocabulary < least {
            let reason = format!("a vocabulary of {} is too small, {least} is the least", self.vocabulary);
            return Err(ProcessorError::Tokenizer(reason));
        }
        let splitter = splitter(self.single_digits)?;
        let words = count_words(texts, &splitter)?;
        let learnt = learn(&words, self.vocabulary - SPECIAL_TOKENS.len(), self.min_frequency.max(1));
        assemble(splitter, &learnt)
    }
}

impl Tokenizer {
    /// Writes a folder that [`Tokenizer::open`] and Hugging Face's `AutoTokenizer` read: `tokenizer.json`,
    /// `tokenizer_config.json`, the ends of replies in `generation_config.json`, and [`DEFAULT_TEMPLATE`].
    ///
    /// # Errors
    /// [`ProcessorError::Io`].
    pub fn save(&self, dir: &Path) -> Result<(), ProcessorError> {
        std::fs::create_dir_all(dir).map_err(|error| ProcessorError::io(dir, error))?;
        let config = json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": ENDS[0],
            "pad_token": ENDS[0],
            "clean_up_tokenization_spaces": false,
            "model_input_names": ["input_ids", "attention_mask"],
        });
        let generation = json!({"eos_token_id": self.eos(), "pad_token_id": self.token_id(ENDS[0])});
        let write = |name: &str, text: String| {
            let path = dir.join(name);
            std::fs::write(&path, text).map_err(|error| ProcessorError::io(path, error))
        };
        write("tokenizer.json", self.inner.to_string(false).map_err(failed)?)?;
        write("tokenizer_config.json", format!("{config:#}\n"))?;
        write("generation_config.json", format!("{generation:#}\n"))?;
        write("chat_template.jinja", DEFAULT_TEMPLATE.to_owned())
    }
}

fn splitter(single_digits: bool) -> Result<Sequence, ProcessorError> {
    let pattern = WORDS.replace("DIGITS", if single_digits { "" } else { "{1,3}" });
    let words = Split::new(SplitPattern::Regex(pattern), SplitDelimiterBehavior::Isolated, false).map_err(failed)?;
    Ok(Sequence::new(vec![words.into(), ByteLevel::new(false, false, false).into()]))
}

/// Words, written in the characters of bytes, and how often each occurs.
fn count_words(
    texts: impl IntoIterator<Item = String>,
    splitter: &Sequence,
) -> Result<BTreeMap<String, u64>, ProcessorError> {
    let mut texts = texts.into_iter();
    let mut all = HashMap::new();
    loop {
        let batch: Vec<_> = texts.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(all.into_iter().collect());
        }
        let counted = batch
            .into_par_iter()
            .map(|text| words_of(text, splitter))
            .try_reduce(HashMap::new, |a, b| Ok(added(a, b)))?;
        all = added(all, counted);
    }
}

fn words_of(text: String, splitter: &Sequence) -> Result<HashMap<String, u64>, ProcessorError> {
    let mut split = PreTokenizedString::from(text);
    splitter.pre_tokenize(&mut split).map_err(failed)?;
    let mut words = HashMap::new();
    for (word, _, _) in split.get_splits(OffsetReferential::Original, OffsetType::Byte) {
        *words.entry(word.to_owned()).or_default() += 1;
    }
    Ok(words)
}

fn added(mut one: HashMap<String, u64>, mut other: HashMap<String, u64>) -> HashMap<String, u64> {
    if one.len() < other.len() {
        std::mem::swap(&mut one, &mut other);
    }
    for (word, count) in other {
        *one.entry(word).or_default() += count;
    }
    one
}

type Pair = (u32, u32);

/// Tokens by their ids, in the characters of bytes, and which pairs are merged, in order, to which token.
struct Learnt {
    tokens: Vec<String>,
    merges: Vec<(Pair, u32)>,
}

/// Merges until there are `limit` tokens or no pair is left that occurs `min_frequency` times.
fn learn(words: &BTreeMap<String, u64>, limit: usize, min_frequency: u64) -> Learnt {
    let mut alphabet: Vec<_> = ByteLevel::alphabet().into_iter().collect();
    alphabet.sort_unstable();
    let tokens: Vec<_> = alphabet.iter().map(char::to_string).collect();
    let characters: HashMap<char, u32> = alphabet.into_iter().zip(0..).collect();
    let mut ids: HashMap<String, u32> = tokens.iter().cloned().zip(0..).collect();
    let mut learnt = Learnt { tokens, merges: Vec::new() };
    let mut corpus = Corpus::new(words, &characters);
    // The most frequent on top, of equals the smallest. Counts in it may be out of date, and are checked when taken.
    let mut queue: BinaryHeap<(u64, Reverse<Pair>)> =
        corpus.counts.iter().map(|(&pair, &count)| (count, Reverse(pair))).collect();
    let mut done = HashSet::new();
    while learnt.tokens.len() < limit {
        let Some((expected, Reverse(pair))) = queue.pop() else { break };
        let now = corpus.counts.get(&pair).copied().unwrap_or_default();
        if now != expected {
            if now > 0 {
                queue.push((now, Reverse(pair)));
            }
            continue;
        }
        if now < min_frequency {
            break;
        }
        let text = format!("{}{}", learnt.tokens[pair.0 as usize], learnt.tokens[pair.1 as usize]);
        // Two ways may lead to the same bytes; they are one token.
        let token = *ids.entry(text).or_insert_with_key(|text| {
            learnt.tokens.push(text.clone());
            learnt.tokens.len() as u32 - 1
        });
        if done.insert(pair) {
            learnt.merges.push((pair, token));
        }
        queue.extend(corpus.merge(pair, token).into_iter().map(|pair| (corpus.counts[&pair], Reverse(pair))));
    }
    learnt
}

/// Words as tokens, and where which pairs of tokens occur.
struct Corpus {
    words: Vec<(Vec<u32>, u64)>,
    counts: HashMap<Pair, u64>,
    places: HashMap<Pair, HashSet<usize>>,
}

impl Corpus {
    fn new(words: &BTreeMap<String, u64>, characters: &HashMap<char, u32>) -> Self {
        let words: Vec<(Vec<u32>, u64)> =
            words.iter().map(|(word, &count)| (word.chars().map(|one| characters[&one]).collect(), count)).collect();
        let mut counts: HashMap<Pair, u64> = HashMap::new();
        let mut places: HashMap<Pair, HashSet<usize>> = HashMap::new();
        for (at, (word, count)) in words.iter().enumerate() {
            for pair in pairs(word) {
                *counts.entry(pair).or_default() += count;
                places.entry(pair).or_default().insert(at);
            }
        }
        Self { words, counts, places }
    }

    /// Makes `pair` one `token` wherever it occurs. Returns the pairs that have become more frequent.
    fn merge(&mut self, pair: Pair, token: u32) -> HashSet<Pair> {
        let mut fresh = HashSet::new();
        for at in self.places.remove(&pair).unwrap_or_default() {
            let (word, count) = &mut self.words[at];
            for old in pairs(word) {
                *self.counts.get_mut(&old).expect("counted when it came") -= *count;
            }
            *word = merged(word, pair, token);
            for new in pairs(word) {
                *self.counts.entry(new).or_default() += *count;
                if new.0 == token || new.1 == token {
                    self.places.entry(new).or_default().insert(at);
                    fresh.insert(new);
                }
            }
        }
        fresh
    }
}

fn pairs(word: &[u32]) -> impl Iterator<Item = Pair> + '_ {
    word.windows(2).map(|pair| (pair[0], pair[1]))
}

fn merged(word: &[u32], pair: Pair, token: u32) -> Vec<u32> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&first, after)) = rest.split_first() {
        if first == pair.0 && after.first() == Some(&pair.1) {
            out.push(token);
            rest = &after[1..];
        } else {
            out.push(first);
            rest = after;
        }
    }
    out
}

fn assemble(splitter: Sequence, learnt: &Learnt) -> Result<Tokenizer, ProcessorError> {
    let text = |id: u32| learnt.tokens[id as usize].clone();
    let vocabulary: tokenizers::models::bpe::Vocab = learnt.tokens.iter().cloned().zip(0..).collect();
    let merges = learnt.merges.iter().map(|&((left, right), _)| (text(left), text(right))).collect();
    let model = BPE::builder().vocab_and_merges(vocabulary, merges).build().map_err(failed)?;
    let mut inner = tokenizers::Tokenizer::new(model);
    inner
        .with_pre_tokenizer(Some(splitter))
        .with_decoder(Some(ByteLevel::default()))
        .with_post_processor(Some(ByteLevel::new(false, false, false)));
    let special = |&(text, special): &(&str, bool)| AddedToken::from(text, special).normalized(false);
    inner.add_tokens(SPECIAL_TOKENS.iter().map(special)).map_err(failed)?;
    let mut tokenizer = Tokenizer::new(inner, PathBuf::from("trained tokenizer"))?;
    tokenizer.eos = ENDS.iter().filter_map(|end| tokenizer.token_id(end)).collect();
    Ok(tokenizer)
}
