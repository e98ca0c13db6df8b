//! Finished pages on their way into a shard: a folder for each, put in place at once.
//!
//! ```text
//! spool/PAGE_ID/page.json          the records of its screens, in order
//! spool/PAGE_ID/000.png 001.webp   their pictures
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use super::split::{Split, SplitRule};
use crate::disk::{Disk, is_partial, partial_of};
use crate::shard::{Row, extension};
use crate::{DataError, Screen};

const RECORDS: &str = "page.json";

/// A page in the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spooled {
    pub(super) page_id: String,
    pub(super) site: String,
    pub(super) split: Split,
    pub(super) rows: usize,
    /// Of records and pictures.
    pub(super) bytes: u64,
}

/// Whether a page's id can be the name of its folder.
pub(super) fn check_page_id(page_id: &str) -> Result<(), DataError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte);
    let fits = (1..=128).contains(&page_id.len()) && page_id.bytes().all(allowed);
    if fits && !page_id.starts_with('.') && !is_partial(Path::new(page_id)) {
        return Ok(());
    }
    Err(DataError::PageId { page_id: page_id.to_owned() })
}

/// Puts a page into the spool; afterwards all of it is on the disk.
pub(super) fn put(
    disk: &Disk,
    spool: &Path,
    page_id: &str,
    rows: &[Row],
    rule: &SplitRule,
) -> Result<Spooled, DataError> {
    let folder = spool.join(page_id);
    let partial = partial_of(&folder);
    // Not done, or we were not here: an earlier try gave it its name and could not make sure that it is on the disk.
    disk.remove_folder(&folder)?;
    disk.remove_folder(&partial)?;
    let screens: Vec<&Screen> = rows.iter().map(|row| &row.screen).collect();
    let records = serde_json::to_vec(&screens).expect("plain data with text keys can be written as JSON");
    let fill = || {
        disk.create_folder(&partial)?;
        disk.write(&partial.join(RECORDS), &records)?;
        for (at, row) in rows.iter().enumerate() {
            disk.write(&partial.join(picture_name(at, &row.picture)), &row.picture)?;
        }
        disk.sync_folder(&partial)?;
        disk.rename(&partial, &folder)
    };
    if let Err(error) = fill() {
        // On a full disk its space may be what lets the next try succeed.
        let _ = disk.remove_folder(&partial);
        return Err(error);
    }
    let bytes = records.len() + rows.iter().map(|row| row.picture.len()).sum::<usize>();
    let site = rows[0].screen.site.clone();
    let split = rule.split(&site);
    Ok(Spooled { page_id: page_id.to_owned(), site, split, rows: rows.len(), bytes: bytes as u64 })
}

/// The rows of a page.
pub(super) fn read(spool: &Path, page_id: &str) -> Result<Vec<Row>, DataError> {
    let folder = spool.join(page_id);
    let mut rows = Vec::new();
    for (at, screen) in records(&folder)?.into_iter().enumerate() {
        let path = picture(&folder, at)?;
        let picture = fs::read(&path).map_err(DataError::io(&path, "read"))?;
        rows.push(Row { screen, picture });
    }
    Ok(rows)
}

/// What an earlier process left in the spool, by page; folders that were never finished are removed.
pub(super) fn scan(disk: &Disk, spool: &Path) -> Result<Vec<String>, DataError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(spool).map_err(DataError::io(spool, "read"))? {
        let path = entry.map_err(DataError::io(spool, "read"))?.path();
        if is_partial(&path) {
            disk.remove_folder(&path)?;
        } else if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && check_page_id(name).is_ok()
        {
            found.push(name.to_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// What is known of a page in the spool without reading its pictures.
pub(super) fn describe(spool: &Path, page_id: &str, rule: &SplitRule) -> Result<Spooled, DataError> {
    let folder = spool.join(page_id);
    let screens = records(&folder)?;
    let mut bytes = size(&folder.join(RECORDS))?;
    for at in 0..screens.len() {
        bytes += size(&picture(&folder, at)?)?;
    }
    let site = screens.first().map(|screen| screen.site.clone()).unwrap_or_default();
    let split = rule.split(&site);
    Ok(Spooled { page_id: page_id.to_owned(), site, split, rows: screens.len(), bytes })
}

fn records(folder: &Path) -> Result<Vec<Screen>, DataError> {
    let path = folder.join(RECORDS);
    let text = fs::read(&path).map_err(DataError::io(&path, "read"))?;
    let wrong = |error: serde_json::Error| DataError::Line { path, line: error.line(), reason: error.to_string() };
    serde_json::from_slice(&text).map_err(wrong)
}

fn size(path: &Path) -> Result<u64, DataError> {
    Ok(fs::metadata(path).map_err(DataError::io(path, "read"))?.len())
}

fn picture_name(at: usize, picture: &[u8]) -> String {
    format!("{at:03}.{}", extension(picture))
}

/// Where the picture of a screen lies; its ending depends on its kind.
fn picture(folder: &Path, at: usize) -> Result<PathBuf, DataError> {
    let known = ["png", "webp", "jpg", "bin"].map(|ending| folder.join(format!("{at:03}.{ending}")));
    let [first, ..] = &known;
    let missing = || DataError::io(first, "read")(std::io::ErrorKind::NotFound.into());
    known.iter().find(|path| path.is_file()).cloned().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_pages_are_names_of_folders() {
        for good in ["0123456789abcdef", "a-b_c~1", "v1.2"] {
            assert!(check_page_id(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", ".a", "a/b", "a\\b", "ü", "a b", "a.partial", &"a".repeat(129)] {
            assert!(check_page_id(bad).is_err(), "{bad}");
        }
    }
}
