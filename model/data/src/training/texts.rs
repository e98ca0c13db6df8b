//! Plain text and conversations in words, from `.txt` and `.jsonl` files.
//!
//! ```text
//! notes.txt     cut where lines end, all of it learned
//! chat.jsonl    {"text": "..."}                                              all of it learned
//!               {"messages": [{"role": "user", "content": "..."}, ...]}      what the assistant says is learned
//! ```

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use glim_processor::Message;
use serde_json::{Map, Value};

use super::sample::{Broken, Unfit, words};
use super::{Change, Learned, Origin, Sample, TextRecipe, curate};
use crate::DataError;

/// The pieces of all files.
#[derive(Debug)]
pub(super) struct Texts {
    files: Vec<PathBuf>,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    file: usize,
    /// From 1.
    line: usize,
    offset: u64,
    bytes: usize,
}

impl Texts {
    /// Finds where pieces begin.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(super) fn open(recipe: &TextRecipe, broken: &mut Broken) -> Result<Texts, DataError> {
        let mut files = Vec::new();
        if recipe.path.is_dir() {
            for entry in fs::read_dir(&recipe.path).map_err(DataError::io(&recipe.path, "read"))? {
                files.push(entry.map_err(DataError::io(&recipe.path, "read"))?.path());
            }
            files.retain(|path| ["txt", "jsonl"].iter().any(|ending| ends_with(path, ending)));
            files.sort();
        } else {
            files.push(recipe.path.clone());
        }
        let mut pieces = Vec::new();
        for (at, path) in files.iter().enumerate() {
            let least = if ends_with(path, "jsonl") { 0 } else { recipe.piece_bytes };
            let read = File::open(path).and_then(|file| cut(BufReader::new(file), at, least, &mut pieces));
            broken.pass(read.map_err(DataError::io(path, "read")))?;
        }
        Ok(Texts { files, pieces })
    }

    /// How many pieces there are.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The sample of one piece.
    pub(super) fn sample(&self, at: usize, recipe: &TextRecipe, source: usize) -> Result<Sample, Unfit> {
        let piece = self.pieces[at];
        let path = &self.files[piece.file];
        let origin = Origin::line(path, piece.line);
        let mut bytes = vec![0; piece.bytes];
        let mut read = || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(piece.offset))?;
            file.read_exact(&mut bytes)
        };
        read().map_err(DataError::io(path, "read"))?;
        let text = String::from_utf8(bytes).map_err(|error| origin.wrong(error))?;
        let (messages, learned) = if ends_with(path, "jsonl") {
            conversation(&text).map_err(|reason| origin.wrong(reason))?
        } else {
            (vec![Message::text("user", text.trim())], Learned::Everything)
        };
        let reply = messages.last().filter(|message| message.role == "assistant").map(words);
        if let Some(fault) = recipe.curate.and_then(|rules| curate(&reply?, &rules)) {
            return Err(Unfit::Dropped(fault.name()));
        }
        Ok(Sample {
            source,
            key: format!("{}#{}", path.display(), piece.line),
            site: String::new(),
            origin,
            messages,
            learned,
            change: Change::default(),
            sizes: Vec::new(),
            scene: None,
            asked: Vec::new(),
        })
    }
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|of| of == ending)
}

/// Lines, joined until a piece has `least` bytes. Blank ones alone are none.
fn cut(mut reader: impl BufRead, file: usize, least: usize, pieces: &mut Vec<Piece>) -> std::io::Result<()> {
    let mut text = Vec::new();
    let mut piece = Piece { file, line: 1, offset: 0, bytes: 0 };
    let mut line = 1;
    loop {
        let before = text.len();
        let read = reader.read_until(b'\n', &mut text)?;
        piece.bytes += read;
        line += 1;
        let full = piece.bytes >= least.max(1) || text.len() == before;
        if full && !text.trim_ascii().is_empty() {
            pieces.push(piece);
        }
        if full {
            piece = Piece { file, line, offset: piece.offset + piece.bytes as u64, bytes: 0 };
            text.clear();
        }
        if read == 0 {
            return Ok(());
        }
    }
}

fn conversation(line: &str) -> Result<(Vec<Message>, Learned), String> {
    let read: Map<String, Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if let Some(text) = read.get("text").and_then(Value::as_str) {
        return Ok((vec![Message::text("user", text)], Learned::Everything));
    }
    let Some(listed) = read.get("messages").and_then(Value::as_array) else {
        return Err("it has neither `text` nor `messages`".to_owned());
    };
    let messages = listed.iter().enumerate().map(|(at, message)| {
        let wrong = |what: &str| format!("`messages[{at}].{what}` is no text");
        let mut fields = message.as_object().cloned().ok_or_else(|| format!("`messages[{at}]` is no object"))?;
        let role = fields.shift_remove("role");
        let role = role.as_ref().and_then(Value::as_str).ok_or_else(|| wrong("role"))?.to_owned();
        let content = match fields.shift_remove("content") {
            None | Some(Value::Null) => String::new(),
            Some(content) => content.as_str().ok_or_else(|| wrong("content"))?.to_owned(),
        };
        Ok(Message { fields, ..Message::text(&role, content) })
    });
    Ok((messages.collect::<Result<_, String>>()?, Learned::Replies))
}
