//! WACZ: a zip file of WARC files with a list of pages (<https://specs.webrecorder.net/wacz/1.1.1/>).
//!
//! Its WARC files are stored as they are, so they are read in place. One that is compressed once more is unpacked to a
//! temporary file first. Its CDX index is not used: what it says of offsets would have to be believed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use zip::{CompressionMethod, ZipArchive};

use super::problems::{Problem, Problems};
use super::region::Region;
use super::{ArchiveError, Limits};

/// The longest line of a list of pages, in bytes; it may hold the text of a page.
const LONGEST_LINE: u64 = 16 << 20;
/// Entries of a zip file that are looked at.
const MOST_ENTRIES: usize = 100_000;

/// What a WACZ file holds.
pub(super) struct Wacz {
    /// Its WARC files, in the order of their names, each with its name.
    pub regions: Vec<(String, Region)>,
    /// The addresses of its pages, in their order; none if it has no list.
    pub pages: Vec<String>,
}

/// Opens a WACZ file. Entries that cannot be read are counted and left out.
///
/// # Errors
/// If it is no zip file, or the disk fails.
pub(super) fn open(path: &Path, limits: &Limits, problems: &mut Problems) -> Result<Wacz, ArchiveError> {
    let file = Arc::new(File::open(path).map_err(ArchiveError::io(path, "read"))?);
    let mut zip = ZipArchive::new(BufReader::new(file.as_ref())).map_err(|error| ArchiveError::NoArchive {
        path: path.to_owned(),
        kind: "WACZ",
        reason: error.to_string(),
    })?;
    let mut names: Vec<(String, usize)> = Vec::new();
    for at in 0..zip.len().min(MOST_ENTRIES) {
        match zip.by_index_raw(at) {
            Ok(entry) => names.push((entry.name().map(|name| name.into_owned()).unwrap_or_default(), at)),
            Err(_) => problems.add(Problem::Entry, format_args!("{}, entry {at}", path.display())),
        }
    }
    names.sort();
    let mut wacz = Wacz { regions: Vec::new(), pages: Vec::new() };
    for (name, at) in names {
        let is_warc = name.starts_with("archive/") && (name.ends_with(".warc.gz") || name.ends_with(".warc"));
        let place = format!("{}!{name}", path.display());
        if is_warc {
            match warc(&mut zip, at, &file, limits) {
                Ok(region) => wacz.regions.push((place, region)),
                Err(problem) => problems.add(problem, place),
            }
        } else if matches!(name.as_str(), "pages/pages.jsonl" | "pages/extraPages.jsonl") {
            // The second list is what a crawl found from the pages of the first; `extra` sorts before `pages`.
            match pages(&mut zip, at, limits) {
                Ok(found) => drop(wacz.pages.splice(0..0, found)),
                Err(problem) => problems.add(problem, place),
            }
        }
    }
    if wacz.regions.is_empty() {
        let reason = "it has no WARC file in `archive/` that can be read".to_owned();
        return Err(ArchiveError::NoArchive { path: path.to_owned(), kind: "WACZ", reason });
    }
    Ok(wacz)
}

type Zip<'a> = ZipArchive<BufReader<&'a File>>;

fn warc(zip: &mut Zip<'_>, at: usize, file: &Arc<File>, limits: &Limits) -> Result<Region, Problem> {
    let whole = file.metadata().map_err(|_| Problem::Entry)?.len();
    let mut entry = zip.by_index(at).map_err(|_| Problem::Entry)?;
    if entry.compression() == CompressionMethod::Stored {
        let start = entry.data_start().ok_or(Problem::Entry)?;
        if start.checked_add(entry.compressed_size()).is_none_or(|end| end > whole) {
            return Err(Problem::Truncated);
        }
        return Region::new(file.clone(), start, entry.compressed_size()).map_err(|_| Problem::Entry);
    }
    let most = limits.allowed(entry.compressed_size());
    let mut unpacked = tempfile::tempfile().map_err(|_| Problem::Entry)?;
    let length = std::io::copy(&mut entry.by_ref().take(most + 1), &mut unpacked).map_err(|_| Problem::Corrupt)?;
    if length > most {
        return Err(Problem::Bomb);
    }
    unpacked.seek(SeekFrom::Start(0)).map_err(|_| Problem::Entry)?;
    Region::new(Arc::new(unpacked), 0, length).map_err(|_| Problem::Entry)
}

#[derive(Deserialize)]
struct PageLine {
    url: String,
}

/// The addresses in a list of pages. Its first line says what it is, and has none.
fn pages(zip: &mut Zip<'_>, at: usize, limits: &Limits) -> Result<Vec<String>, Problem> {
    let entry = zip.by_index(at).map_err(|_| Problem::Entry)?;
    let most = limits.allowed(entry.compressed_size());
    let mut lines = BufReader::new(entry.take(most));
    let mut found = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|_| Problem::Corrupt)?;
        if read == 0 || found.len() >= limits.records as usize {
            return Ok(found);
        }
        if let Ok(page) = serde_json::from_slice::<PageLine>(&line) {
            found.push(page.url);
        }
    }
}
