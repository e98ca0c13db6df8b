//! A list of URLs, one a line.

use std::path::PathBuf;

use glim_data::record::Source;

use super::read::{Lines, Place};
use super::{Emit, Halt, SourceError};
use crate::address::LONGEST_URL;
use crate::fetch::Fetch;

/// Reads a text file of URLs. Empty lines and those that begin with `#` are skipped; bad ones are reported.
pub(super) fn run(path: PathBuf, fetch: &Fetch, emit: &Emit) -> Result<(), Halt> {
    let place = Place::File(path.clone());
    let mut lines = Lines::new(place.open(fetch)?, LONGEST_URL);
    loop {
        let next = lines.next().map_err(SourceError::io(&path))?;
        let found = match next {
            None => return Ok(()),
            Some(Ok(line)) if line.is_empty() || line.starts_with('#') => continue,
            Some(Ok(line)) => emit.normalize.parse(line).map_err(|error| error.to_string()),
            Some(Err(bad)) => Err(bad.reason()),
        };
        match found {
            Ok(url) => emit.target(url, Source { kind: "live".to_owned(), ..Source::default() })?,
            Err(reason) => emit.complain(SourceError::Line { file: place.name(), line: lines.number(), reason })?,
        }
    }
}
