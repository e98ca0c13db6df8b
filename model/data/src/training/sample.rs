//! One sample before it is made of tokens: a conversation, its pictures' files, what is learned, what covers the picture.
//!
//! ```text
//! user       [picture, "Where is the link “Download”?"]      scene  "Download" at [18, 9, 70, 27], ...
//! assistant  "<|begin_of_box|>[[145,75,355,225]]<|end_of_box|>"      <- learned
//! ```

use std::path::Path;
use std::sync::Arc;

use glim_processor::{Content, Message, Picture};
use serde::{Deserialize, Serialize};

use super::Change;
use crate::DataError;
use crate::record::BoxPx;

/// Pixels of a picture that are decoded at most.
pub(super) const MOST_PIXELS: usize = 8192 * 8192;

/// One sample.
#[derive(Debug, Clone)]
pub struct Sample {
    /// In [`super::DataRecipe::sources`].
    pub source: usize,
    /// What it was made from, unique in its source.
    pub key: String,
    /// The site, or the task of an episode; empty for text.
    pub site: String,
    /// Where it is stored.
    pub origin: Origin,
    /// The conversation. Pictures are encoded files.
    pub messages: Vec<Message>,
    /// What of it is learned.
    pub learned: Learned,
    /// What is done to its pictures when they are decoded. Places in words and scene are those after it.
    pub change: Change,
    /// Width and height of each picture in image pixels, in the order of the conversation.
    pub sizes: Vec<(u32, u32)>,
    /// What covers its first picture, if that is known.
    pub scene: Option<Scene>,
    /// What each of its questions asks for, so that an answer can be judged; of text, nothing.
    pub asked: Vec<Asked>,
}

/// What a question asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The task of a question; `action` of an action.
    pub task: String,
    /// Where it is, on a scale of 0 to 1000 over the picture as it is shown; empty where no place is asked for.
    pub boxes: Vec<[f64; 4]>,
    /// The answer as it is learned.
    pub answer: String,
}

/// What is learned of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// What the assistant says, and that it ends there.
    Replies,
    /// All of it: the only message is plain text, for which no template is used.
    Everything,
}

/// Words and where they are, in image pixels of the picture as it is learned from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scene {
    /// What a place is to be called, and its box. Of two that cover a place alike the first one counts.
    pub words: Vec<(String, BoxPx)>,
    /// Each written word, behind a space where it does not begin an element, and its box, which may lie outside of the
    /// picture; `None` if nobody knows what is written.
    pub written: Option<Vec<(String, BoxPx)>>,
}

/// Where a sample is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub path: Arc<Path>,
    /// The row of a shard, from 0.
    pub row: Option<usize>,
    /// The line of another file, from 1.
    pub line: usize,
}

impl Origin {
    /// A row of a shard.
    pub(super) fn row(path: &Path, row: usize) -> Origin {
        Origin { path: path.into(), row: Some(row), line: 0 }
    }

    /// A line of a file, from 1.
    pub(super) fn line(path: &Path, line: usize) -> Origin {
        Origin { path: path.into(), row: None, line }
    }

    /// An error about what is stored there.
    pub(super) fn wrong(&self, reason: impl std::fmt::Display) -> DataError {
        let (path, reason) = (self.path.to_path_buf(), reason.to_string());
        match self.row {
            Some(row) => DataError::Row { path, row, reason },
            None => DataError::Line { path, line: self.line, reason },
        }
    }
}

/// Why a sample does not come.
#[derive(Debug)]
pub(super) enum Unfit {
    /// It is as it should be and of no use; counted under these words.
    Dropped(&'static str),
    /// It cannot be read.
    Broken(DataError),
}

impl From<DataError> for Unfit {
    fn from(error: DataError) -> Unfit {
        Unfit::Broken(error)
    }
}

/// What could not be read when sources were opened.
#[derive(Debug, Default)]
pub(super) struct Broken {
    /// Whether such is passed over.
    pub(super) skip: bool,
    /// What was said about each.
    pub(super) told: Vec<String>,
}

impl Broken {
    /// What was read; `None` if it could not be, and is passed over.
    pub(super) fn pass<T>(&mut self, read: Result<T, DataError>) -> Result<Option<T>, DataError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if self.skip => {
                self.told.push(error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Width and height of an encoded picture. Those of a PNG file stand in its first bytes.
pub(super) fn picture_size(encoded: &[u8]) -> Result<(u32, u32), String> {
    if let [
        0x89,
        b'P',
        b'N',
        b'G',
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        b'I',
        b'H',
        b'D',
        b'R',
        w0,
        w1,
        w2,
        w3,
        h0,
        h1,
        h2,
        h3,
        ..,
    ] = *encoded
    {
        return Ok((u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3])));
    }
    let picture = Picture::decode(encoded, MOST_PIXELS).map_err(|error| error.to_string())?;
    Ok((picture.width() as u32, picture.height() as u32))
}

/// The files of a conversation's pictures, in order.
pub(super) fn pictures(messages: &[Message]) -> impl Iterator<Item = &Arc<[u8]>> {
    messages.iter().flat_map(|message| &message.content).filter_map(|part| match part {
        Content::Image(encoded) => Some(encoded),
        _ => None,
    })
}

/// The words of a message.
pub(super) fn words(message: &Message) -> String {
    let texts = message.content.iter().filter_map(|part| match part {
        Content::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}
