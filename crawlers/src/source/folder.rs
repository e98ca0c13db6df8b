//! The pages of a folder, by the names under which [`crate::archive::ArchiveServer`] serves them.

use std::fs;
use std::path::{Path, PathBuf};

use glim_data::record::Source;
use url::Url;

use super::{Emit, Halt, SourceError};

/// Folders in folders that are looked into.
const DEEPEST: usize = 64;

/// Lists the HTML files below a folder, sorted by name, folders in their place. Links to folders are not followed, and
/// links to files only within the folder.
pub(super) fn run(root: PathBuf, host: &str, emit: &Emit) -> Result<(), Halt> {
    let root = root.canonicalize().map_err(SourceError::io(&root))?;
    let base = Url::parse(&format!("http://{host}/"))
        .map_err(|error| SourceError::Broken { file: host.to_owned(), reason: error.to_string() })?;
    let source = Source { kind: "folder".to_owned(), archive: host.to_owned(), ..Source::default() };
    // For each open folder its entries that are still to be seen, the next one last.
    let mut open = vec![entries(&root)?];
    while let Some(folder) = open.last_mut() {
        let Some(path) = folder.pop() else {
            open.pop();
            continue;
        };
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.is_dir() {
            if open.len() < DEEPEST {
                // One folder that may not be read does not cost the rest.
                match entries(&path) {
                    Ok(below) => open.push(below),
                    Err(error) => tracing::warn!(%error, "a folder is left out"),
                }
            }
        } else if is_page(&path) && (meta.is_file() || leads_to_file_in(&path, &root)) {
            match address(&base, &root, &path) {
                Some(url) => emit.target(emit.normalize.apply(url), source.clone())?,
                None => tracing::warn!(path = %path.display(), "a file is left out: its name is not UTF-8"),
            }
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(SourceError::io(folder))? {
        found.push(entry.map_err(SourceError::io(folder))?.path());
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

fn is_page(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["html", "htm", "xhtml"].iter().any(|page| extension.eq_ignore_ascii_case(page))
}

fn leads_to_file_in(link: &Path, root: &Path) -> bool {
    link.canonicalize().is_ok_and(|file| file.starts_with(root) && file.is_file())
}

fn address(base: &Url, root: &Path, path: &Path) -> Option<Url> {
    let mut url = base.clone();
    let below = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    url.path_segments_mut().ok()?.clear().extend(parts?);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_addresses() {
        let base = Url::parse("http://docs.test/").unwrap();
        let url = address(&base, Path::new("/srv"), Path::new("/srv/a b/100%?#.html")).unwrap();
        assert_eq!(url.as_str(), "http://docs.test/a%20b/100%25%3F%23.html");
        assert!(is_page(Path::new("a/B.HTM")) && !is_page(Path::new("a.html.bak")));
    }
}
