//! From text to token ids and back.
//!
//! A checkpoint's `tokenizer.json` is read unchanged. It must be byte-level, as GLM's is: every token stands for bytes,
//! and bytes that are no text become U+FFFD.
//!
//! ```text
//! <|user|>\nGood morning   ->   [151336, 198, 15216, 6511]
//! ```

mod stream;
mod training;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tokenizers::{AddedToken, AddedVocabulary, DecoderWrapper};

use crate::ProcessorError;
use crate::settings::read_json;

pub use stream::StreamDecoder;
pub use training::{SPECIAL_TOKENS, Training};

/// The tokenizer of a checkpoint.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// The same without added tokens, for text in which they are to be words like any other. Made when first needed.
    plain: OnceLock<Box<tokenizers::Tokenizer>>,
    /// Added tokens as text, longest first.
    added: Vec<(String, u32)>,
    /// Those of them that are left out where special tokens are skipped.
    special: HashSet<u32>,
    /// What is put in front of a text that does not begin with `bos` already.
    leading: Vec<u32>,
    bos: Option<String>,
    eos: Vec<u32>,
}

impl Tokenizer {
    /// That of a checkpoint's folder: `tokenizer.json`, with the tokens that `tokenizer_config.json` adds, and the ids
    /// that end a reply from `generation_config.json` or else `config.json`.
    ///
    /// # Errors
    /// [`ProcessorError::Io`] and [`ProcessorError::File`].
    pub fn open(dir: &Path) -> Result<Self, ProcessorError> {
        let path = dir.join("tokenizer.json");
        let json = std::fs::read_to_string(&path).map_err(|error| ProcessorError::io(&path, error))?;
        // Parsed where it is declared, so that its many readers are not compiled here once more.
        let mut inner: tokenizers::Tokenizer = json.parse().map_err(|error| ProcessorError::file(&path, error))?;
        let config_path = dir.join("tokenizer_config.json");
        let config = read_json(&config_path)?.unwrap_or_default();
        add_from_config(&mut inner, &config, &config_path)?;
        let mut tokenizer = Self::new(inner, path)?;
        tokenizer.bos = token_text(&config, "bos_token");
        tokenizer.eos = tokenizer.read_eos(dir, &config)?;
        Ok(tokenizer)
    }

    fn new(mut inner: tokenizers::Tokenizer, path: PathBuf) -> Result<Self, ProcessorError> {
        let failed = |error: tokenizers::Error| ProcessorError::file(&path, error);
        // A fixed length left in the file by whoever saved it is not how a prompt is read.
        inner.with_truncation(None).map_err(failed)?;
        inner.with_padding(None);
        if !matches!(inner.get_decoder(), Some(DecoderWrapper::ByteLevel(_))) {
            return Err(ProcessorError::file(&path, "its decoder is not ByteLevel, the only kind supported"));
        }
        let tokens = inner.get_added_tokens_decoder();
        let special = tokens.iter().filter(|(_, token)| token.special).map(|(&id, _)| id).collect();
        let mut added: Vec<_> = tokens.into_iter().map(|(id, token)| (token.content, id)).collect();
        added.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        let leading = inner.encode_fast("", true).map_err(failed)?.get_ids().to_vec();
        Ok(Self { inner, plain: OnceLock::new(), added, special, leading, bos: None, eos: Vec::new() })
    }

    fn read_eos(&self, dir: &Path, config: &Value) -> Result<Vec<u32>, ProcessorError> {
        for (file, inside) in
            [("generation_config.json", None), ("config.json", None), ("config.json", Some("text_config"))]
        {
            let path = dir.join(file);
            let Some(mut json) = read_json(&path)? else { continue };
            if let Some(part) = inside {
                json = json[part].take();
            }
            let ids = match &json["eos_token_id"] {
                Value::Null => continue,
                Value::Array(ids) => ids.iter().map(id).collect(),
                one => id(one).map(|id| vec![id]),
            };
            let wrong =
                || ProcessorError::file(&path, format!("eos_token_id is {}, no token id", json["eos_token_id"]));
            return ids.ok_or_else(wrong);
        }
        Ok(token_text(config, "eos_token").and_then(|text| self.token_id(&text)).into_iter().collect())
    }

    /// Ids of `text`. Special tokens written in it are read as such; nothing is put in front of it.
    ///
    /// # Errors
    /// [`ProcessorError::Tokenizer`].
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ProcessorError> {
        ids(&self.inner, text)
    }

    /// Ids of a rendered prompt, as the reference reads it: with what the tokenizer puts in front of every text, unless
    /// the prompt begins with the token that begins a text. Where `mark` stands in a special token, that token is read
    /// as a word; the mark itself is not read.
    ///
    /// # Errors
    /// [`ProcessorError::Tokenizer`].
    pub(crate) fn encode_prompt(&self, prompt: &str, mark: Option<char>) -> Result<Vec<u32>, ProcessorError> {
        let begun = self.bos.as_ref().is_some_and(|bos| prompt.starts_with(bos));
        let mut all = if begun { Vec::new() } else { self.leading.clone() };
        let Some(mark) = mark.filter(|&mark| prompt.contains(mark)) else {
            all.extend(self.encode(prompt)?);
            return Ok(all);
        };
        for piece in self.pieces(prompt) {
            match piece {
                Piece::Added(id) => all.push(id),
                Piece::Text(text) => {
                    let text: String = text.chars().filter(|&character| character != mark).collect();
                    all.extend(ids(self.plain(), &text)?);
                }
            }
        }
        Ok(all)
    }

    /// `text` at its added tokens.
    fn pieces<'t>(&self, text: &'t str) -> Vec<Piece<'t>> {
        let mut pieces = Vec::new();
        let (mut start, mut at) = (0, 0);
        while at < text.len() {
            let rest = &text[at..];
            let found = self.added.iter().find(|(token, _)| !token.is_empty() && rest.starts_with(token));
            let Some((token, id)) = found else {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            };
            if start < at {
                pieces.push(Piece::Text(&text[start..at]));
            }
            pieces.push(Piece::Added(*id));
            at += token.len();
            start = at;
        }
        if start < text.len() {
            pieces.push(Piece::Text(&text[start..]));
        }
        pieces
    }

    fn plain(&self) -> &tokenizers::Tokenizer {
        self.plain.get_or_init(|| {
            let mut plain = self.inner.clone();
            plain.with_added_vocabulary(AddedVocabulary::new());
            Box::new(plain)
        })
    }

    /// Text of `ids`; without the special tokens if `skip_special`. Ids that are no token say nothing.
    ///
    /// # Errors
    /// [`ProcessorError::Tokenizer`].
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, ProcessorError> {
        self.inner.decode(ids, skip_special).map_err(failed)
    }

    /// Decodes a reply as its tokens come.
    pub fn stream(&self, skip_special: bool) -> StreamDecoder<'_> {
        StreamDecoder::new(self, skip_special)
    }

    /// The id of a token by its text.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The id of a token by its text; `purpose` completes the error: "needed for ...".
    ///
    /// # Errors
    /// [`ProcessorError::MissingToken`].
    pub fn require(&self, token: &str, purpose: &str) -> Result<u32, ProcessorError> {
        let missing = || ProcessorError::MissingToken { token: token.into(), purpose: purpose.into() };
        self.token_id(token).ok_or_else(missing)
    }

    /// The text of a token by its id: that of the vocabulary file, in which bytes are written as characters.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Whether the token is left out where special tokens are skipped.
    pub fn is_special(&self, id: u32) -> bool {
        self.special.contains(&id)
    }

    /// Number of tokens, added ones included. A checkpoint's embedding may have more rows.
    pub fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Ids that end a reply. Empty if the checkpoint names none.
    pub fn eos(&self) -> &[u32] {
        &self.eos
    }
}

enum Piece<'t> {
    Added(u32),
    Text(&'t str),
}

fn ids(tokenizer: &tokenizers::Tokenizer, text: &str) -> Result<Vec<u32>, ProcessorError> {
    Ok(tokenizer.encode_fast(text, false).map_err(failed)?.get_ids().to_vec())
}

fn failed(error: tokenizers::Error) -> ProcessorError {
    ProcessorError::Tokenizer(error.to_string())
}

fn id(json: &Value) -> Option<u32> {
    json.as_u64().and_then(|id| u32::try_from(id).ok())
}

/// `"<|endoftext|>"` or `{"content": "<|endoftext|>", ...}`.
fn token_text(config: &Value, name: &str) -> Option<String> {
    let token = &config[name];
    token.as_str().or_else(|| token["content"].as_str()).map(str::to_owned)
}

/// Older checkpoints list some tokens in `tokenizer_config.json` only.
fn add_from_config(tokenizer: &mut tokenizers::Tokenizer, config: &Value, path: &Path) -> Result<(), ProcessorError> {
    let Some(listed) = config["added_tokens_decoder"].as_object() else { return Ok(()) };
    let mut missing = Vec::new();
    for (id, token) in listed {
        let wrong = |reason: &dyn std::fmt::Display| ProcessorError::file(path, format!("added token {id}: {reason}"));
        let id: u32 = id.parse().map_err(|error| wrong(&error))?;
        let content = token["content"].as_str().ok_or_else(|| wrong(&"has no content"))?;
        if tokenizer.token_to_id(content).is_none() {
            let flag = |name: &str| token[name].as_bool().unwrap_or_default();
            let added = AddedToken::from(content, flag("special"))
                .lstrip(flag("lstrip"))
                .rstrip(flag("rstrip"))
                .single_word(flag("single_word"))
                .normalized(flag("normalized"));
            missing.push((id, added));
        }
    }
    missing.sort_by_key(|(id, _)| *id);
    for (id, token) in missing {
        let content = token.content.clone();
        tokenizer.add_tokens([token]).map_err(|error| ProcessorError::file(path, error))?;
        let got = tokenizer.token_to_id(&content);
        if got != Some(id) {
            return Err(ProcessorError::file(
                path,
                format!("added token {content:?} has id {id}, but {got:?} is next"),
            ));
        }
    }
    Ok(())
}
