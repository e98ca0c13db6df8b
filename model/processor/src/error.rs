//! What can go wrong with words, pictures and the files of a checkpoint.

use std::path::PathBuf;

/// Why an input could not be made, or a checkpoint's processor not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessorError {
    /// A file of the checkpoint, or a frame, could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file of the checkpoint is not what it should be.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
    /// The bytes are not a picture that can be decoded.
    #[error("picture of {bytes} bytes cannot be decoded: {reason}")]
    Undecodable {
        /// Length of the encoded picture.
        bytes: usize,
        /// What the decoder says.
        reason: String,
    },
    /// The picture is larger than allowed; refused before its pixels take memory.
    #[error("picture of {width}x{height} pixels is over the limit of {limit} pixels")]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Pixels allowed.
        limit: usize,
    },
    /// A picture longer than the model can take.
    #[error("aspect ratio of a {width}x{height} picture is {ratio:.0}, and may be at most 200; crop it")]
    Aspect {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// The longer side divided by the shorter, after scaling up to one token.
        ratio: f64,
    },
    /// A picture whose sides are not what its buffer holds, or that has none.
    #[error("picture of {width}x{height} pixels {reason}")]
    Size {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A video that cannot be used.
    #[error("video {0}")]
    Video(String),
    /// The chat template does not parse, or fails on these messages.
    #[error("template {template}, line {line}: {reason}")]
    Template {
        /// The template's file.
        template: String,
        /// Counted from 1; 0 if not known.
        line: usize,
        /// What is wrong there, or what the template itself objects to.
        reason: String,
    },
    /// The tokenizer failed.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// A special token that is needed is not in the vocabulary.
    #[error("the tokenizer has no token `{token}`, needed {purpose}")]
    MissingToken {
        /// Its text.
        token: String,
        /// What for.
        purpose: String,
    },
    /// The rendered prompt has not one placeholder for each picture or video.
    #[error(
        "{given} {kind} given, but the prompt has {placeholders} `{token}`; each needs exactly one, in the order given"
    )]
    Placeholders {
        /// `images` or `videos`.
        kind: &'static str,
        /// How many were given.
        given: usize,
        /// How many places for them the prompt has.
        placeholders: usize,
        /// The placeholder.
        token: &'static str,
    },
    /// A setting of the checkpoint's preprocessor that is not supported, or makes no sense.
    #[error("preprocessor setting `{setting}` is {value}, but {expected}")]
    Setting {
        /// Its name in `preprocessor_config.json`.
        setting: String,
        /// What it is.
        value: String,
        /// What it may be.
        expected: String,
    },
}

impl ProcessorError {
    pub(crate) fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, reason: impl std::fmt::Display) -> Self {
        Self::File { path: path.into(), reason: reason.to_string() }
    }
}
