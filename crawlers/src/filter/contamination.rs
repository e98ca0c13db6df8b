//! Whether a screen is part of a set that models are to be evaluated on: n-grams of words and perceptual hashes in common
//! with files that the user names.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use glim_data::record::Screen;
use serde_json::Value;

use crate::picture::Picture;
use crate::words::tokens;

/// Pictures that differ in no more bits are the same picture.
const SAME_BITS: u32 = 4;

/// An instruction with fewer words is too common to be told apart.
const SHORTEST: usize = 4;

/// A file of an evaluation set that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the evaluation set `{path}` could not be read: {reason}")]
pub struct ContaminationError {
    path: PathBuf,
    reason: String,
}

/// What a screen has in common with an evaluation set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// `picture`, `text`, `question`.
    pub kind: &'static str,
    /// The file.
    pub file: String,
    /// The words, or the distance in bits.
    pub detail: String,
}

/// The evaluation sets.
#[derive(Debug, Default)]
pub struct Contamination {
    /// Words in a row that are taken for a quotation.
    n: usize,
    files: Vec<String>,
    grams: BTreeMap<u64, u32>,
    short: BTreeMap<String, u32>,
    pictures: Vec<(u64, u32)>,
}

impl Contamination {
    /// Reads files and folders: pictures are hashed; of JSON and JSON lines all strings are taken, of other text all lines.
    ///
    /// # Errors
    /// If a path does not exist, or a file cannot be read.
    pub fn load(paths: &[PathBuf], n: usize) -> Result<Contamination, ContaminationError> {
        let mut sets = Contamination { n: n.max(1), ..Contamination::default() };
        for path in paths {
            sets.take(path)?;
        }
        Ok(sets)
    }

    fn take(&mut self, path: &Path) -> Result<(), ContaminationError> {
        let failed = |reason: String| ContaminationError { path: path.to_owned(), reason };
        if path.is_dir() {
            let entries = std::fs::read_dir(path).map_err(|error| failed(error.to_string()))?;
            let mut inner: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            inner.sort();
            return inner.iter().try_for_each(|path| self.take(path));
        }
        let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let file = self.files.len() as u32;
        self.files.push(path.display().to_string());
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
        match extension.as_str() {
            "png" | "jpg" | "jpeg" => {
                let read = image::load_from_memory(&bytes).map_err(|error| failed(error.to_string()))?;
                self.pictures.push((Picture::of(read.into_rgb8()).perceptual_hash(), file));
            }
            "json" => self.strings(&serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?, file),
            "jsonl" => {
                for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
                    self.strings(&serde_json::from_slice(line).map_err(|error| failed(error.to_string()))?, file);
                }
            }
            "txt" | "csv" | "tsv" | "md" => {
                for line in String::from_utf8_lossy(&bytes).lines() {
                    self.text(line, file);
                }
            }
            other => return Err(failed(format!("files of the kind `.{other}` are not read; give png, jpg, json, jsonl or txt"))),
        }
        Ok(())
    }

    fn strings(&mut self, value: &Value, file: u32) {
        match value {
            Value::String(text) => self.text(text, file),
            Value::Array(all) => all.iter().for_each(|value| self.strings(value, file)),
            Value::Object(all) => all.values().for_each(|value| self.strings(value, file)),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, file: u32) {
        let words = tokens(text);
        if words.len() < self.n {
            if words.len() >= SHORTEST {
                self.short.insert(words.join(" "), file);
            }
            return;
        }
        for gram in words.windows(self.n) {
            self.grams.insert(gram_hash(gram), file);
        }
    }

    /// Whether there is anything to compare with.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn name(&self, file: u32) -> String {
        self.files[file as usize].clone()
    }

    /// What the screen itself has in common with the sets: the whole of it is to be dropped.
    pub fn of_screen(&self, screen: &Screen) -> Option<Hit> {
        if let Ok(own) = u64::from_str_radix(&screen.image.phash, 16) {
            for &(hash, file) in &self.pictures {
                let distance = (own ^ hash).count_ones();
                if distance <= SAME_BITS {
                    return Some(Hit { kind: "picture", file: self.name(file), detail: format!("{distance} bits apart") });
                }
            }
        }
        let words = tokens(&super::text_of(screen));
        self.quoted(&words).map(|(file, detail)| Hit { kind: "text", file: self.name(file), detail })
    }

    /// What a question has in common with the sets.
    pub fn of_question(&self, asked: &str) -> Option<Hit> {
        let words = tokens(asked);
        let whole = self.short.get(&words.join(" ")).map(|&file| (file, words.join(" ")));
        whole.or_else(|| self.quoted(&words)).map(|(file, detail)| Hit { kind: "question", file: self.name(file), detail })
    }

    fn quoted(&self, words: &[String]) -> Option<(u32, String)> {
        if words.len() < self.n || self.grams.is_empty() {
            return None;
        }
        words.windows(self.n).find_map(|gram| self.grams.get(&gram_hash(gram)).map(|&file| (file, gram.join(" "))))
    }

    /// Drops the questions that stand in a set, and returns what they have in common with it.
    pub fn clean(&self, screen: &mut Screen) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut asked = HashSet::new();
        for question in &screen.questions {
            if let Some(hit) = self.of_question(&question.expression).or_else(|| self.of_question(&question.prompt)) {
                asked.insert(question.id.clone());
                hits.push(hit);
            }
        }
        screen.questions.retain(|question| !asked.contains(&question.id));
        hits
    }
}

fn gram_hash(words: &[String]) -> u64 {
    words.iter().flat_map(|word| word.bytes().chain([b' '])).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use glim_data::record::{Line, Question};

    #[test]
    fn what_an_evaluation_set_holds_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let set = folder.path().join("set");
        std::fs::create_dir(&set).unwrap();
        let items = r#"[{"instruction": "open the settings of the third printer", "n": 1},
            {"instruction": "a b c d e f g h quoted at some length"}, {"instruction": "go back"}]"#;
        std::fs::write(set.join("items.json"), items).unwrap();
        Picture::checkered(64, 64, 20).pixels().save(set.join("a.png")).unwrap();
        let sets = Contamination::load(&[set], 8).unwrap();
        assert!(sets.of_question("Open the settings of the third printer!").is_some());
        assert!(sets.of_question("open the settings of the second printer").is_none());
        assert!(sets.of_question("go back").is_none(), "too common");
        let line = |text: &str| vec![Line { text: text.into(), ..Line::default() }];
        let quoting = Screen { lines: line("x A B C D E F G H y"), ..Screen::default() };
        assert_eq!(sets.of_screen(&quoting).unwrap().kind, "text");
        assert_eq!(sets.of_screen(&Screen { lines: line("a b c d x f g h"), ..Screen::default() }), None);
        let mut pictured = Screen::default();
        pictured.image.phash = format!("{:016x}", Picture::checkered(64, 64, 20).perceptual_hash() ^ 1);
        assert_eq!(sets.of_screen(&pictured).unwrap().detail, "1 bits apart");

        let question = |id: &str, expression: &str| Question { id: id.into(), expression: expression.into(), ..Question::default() };
        let questions = vec![question("1", "open the settings of the third printer"), question("2", "something else here now")];
        let mut screen = Screen { questions, ..Screen::default() };
        assert_eq!(sets.clean(&mut screen).len(), 1);
        assert_eq!(screen.questions.len(), 1);
    }

    #[test]
    fn a_set_that_cannot_be_read_is_named() {
        let error = Contamination::load(&["/nowhere/set.json".into()], 8).unwrap_err().to_string();
        assert!(error.contains("/nowhere/set.json"), "{error}");
    }
}
