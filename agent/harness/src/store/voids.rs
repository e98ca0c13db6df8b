//! `voids.jsonl`: attempts that do not count, one a line, only ever added to.

use std::fs;
use std::path::Path;

use super::StoreError;
use super::disk::Disk;
use crate::rollout::Void;

pub(super) const FILE: &str = "voids.jsonl";

/// Adds one.
pub(super) fn append(disk: &Disk, run: &Path, void: &Void) -> Result<(), StoreError> {
    let mut line = serde_json::to_vec(void).expect("plain data can be written as JSON");
    line.push(b'\n');
    disk.append(&run.join(FILE), &line)
}

/// All of them, in the order in which they happened. What a crash left of a last line is passed over.
pub(super) fn read(run: &Path) -> Result<Vec<Void>, StoreError> {
    let path = run.join(FILE);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::Io { path, doing: "read", source }),
    };
    let whole = whole_lines(&text);
    let parse = |(at, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|error| StoreError::Line {
            path: path.clone(),
            line: at + 1,
            reason: error.to_string(),
        })
    };
    text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate().map(parse).collect()
}

/// Cuts off what a crash left of a last line, so that the next one does not run into it.
pub(super) fn repair(run: &Path) -> Result<(), StoreError> {
    let path = run.join(FILE);
    let Ok(text) = fs::read(&path) else { return Ok(()) };
    let whole = whole_lines(&text);
    if whole < text.len() {
        let cut = || fs::OpenOptions::new().write(true).open(&path)?.set_len(whole as u64);
        cut().map_err(StoreError::io(&path, "repaired"))?;
    }
    Ok(())
}

fn whole_lines(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}
