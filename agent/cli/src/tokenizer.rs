//! `glim tokenizer`: a vocabulary from text, and what one does with a text.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use glim_processor::{SPECIAL_TOKENS, Training};

use crate::arguments::{Tokenizer, TokenizerEncode, TokenizerTrain};
use crate::eval::say;

/// Ends of the names of files that are read in a folder.
const KINDS: [&str; 4] = ["txt", "md", "json", "jsonl"];
/// A pair that occurs only once says nothing about the text to come.
const MIN_FREQUENCY: u64 = 2;

pub(crate) fn tokenizer(command: &Tokenizer) -> Result<ExitCode> {
    match command {
        Tokenizer::Train(arguments) => train(arguments),
        Tokenizer::Encode(arguments) => encode(arguments),
    }
}

fn train(arguments: &TokenizerTrain) -> Result<ExitCode> {
    let mut files = Vec::new();
    for path in &arguments.text {
        find(path, &mut files)?;
    }
    if files.is_empty() {
        bail!("there is no text: folders are searched for {}", KINDS.map(|kind| format!(".{kind}")).join(", "));
    }
    // Equal folders give equal vocabularies, in whatever order the system lists them.
    files.sort();
    let mut bytes = 0;
    let mut texts = Vec::with_capacity(files.len());
    for file in &files {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("`{}` cannot be read as text", file.display()))?;
        bytes += text.len();
        // Counted line by line, so that the work is spread over the cores.
        texts.extend(text.split_inclusive('\n').map(str::to_owned));
    }
    let training = Training {
        vocabulary: arguments.vocab_size,
        min_frequency: MIN_FREQUENCY,
        single_digits: arguments.single_digits,
    };
    let tokenizer = training.train(texts)?;
    tokenizer.save(&arguments.out)?;
    let learned = tokenizer.vocabulary();
    say(&format!(
        "{learned} tokens, {} of them special, from {} files with {:.2} million bytes: {}",
        SPECIAL_TOKENS.len(),
        files.len(),
        bytes as f64 / 1e6,
        arguments.out.display()
    ));
    if learned < arguments.vocab_size {
        say(&format!("the text has no more pairs that occur twice, so there are not {} tokens", arguments.vocab_size));
    }
    Ok(ExitCode::SUCCESS)
}

/// The file itself, or the text files in a folder and below it.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("`{}` cannot be read", path.display());
    if !std::fs::metadata(path).with_context(unreadable)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let is_text = entry.path().extension().is_some_and(|kind| KINDS.iter().any(|it| kind.eq_ignore_ascii_case(it)));
        let kind = entry.file_type().with_context(unreadable)?;
        // Links are left alone: they may lead in a circle.
        if kind.is_dir() || (kind.is_file() && is_text) {
            find(&entry.path(), files)?;
        }
    }
    Ok(())
}

/// One token a line: its id, and its text as the vocabulary writes it.
fn encode(arguments: &TokenizerEncode) -> Result<ExitCode> {
    let tokenizer = glim_processor::Tokenizer::open(&arguments.tokenizer)?;
    for id in tokenizer.encode(&arguments.text)? {
        say(&format!("{id:>6}  {}", tokenizer.token(id).unwrap_or_default()));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_for_text() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("below")).unwrap();
        for name in ["a.txt", "b.PNG", "c", "below/d.JSONL"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let mut files = Vec::new();
        find(folder.path(), &mut files).unwrap();
        find(&folder.path().join("c"), &mut files).unwrap();
        files.sort();
        let names: Vec<_> = files.iter().map(|file| file.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, ["a.txt", "below/d.JSONL", "c"].map(Path::new));
        let error = find(Path::new("/nowhere/at/all"), &mut files).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
