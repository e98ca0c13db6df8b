//! What a worker has to know of a crawl: the recipe, and the small files that showing pages needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{PROTOCOL, QueueError};
use crate::recipe::CrawlRecipe;
use crate::recipe::source::SourceRecipe;

/// Bytes of a brief as it is unpacked, at the most.
const MOST: usize = 512 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Version {
    protocol: u32,
}

/// The recipe with absolute paths, and what is in its files.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Brief {
    protocol: u32,
    recipe: CrawlRecipe,
    files: BTreeMap<PathBuf, String>,
}

impl Brief {
    /// Reads the files of a recipe.
    pub fn new(mut recipe: CrawlRecipe) -> std::io::Result<Brief> {
        for path in sources(&mut recipe) {
            *path = std::path::absolute(&*path)?;
        }
        let mut files = BTreeMap::new();
        for path in sent(&mut recipe) {
            let told = |error: std::io::Error| {
                std::io::Error::new(error.kind(), format!("`{}` cannot be read: {error}", path.display()))
            };
            files.insert(path.clone(), std::fs::read_to_string(&*path).map_err(told)?);
        }
        Ok(Brief { protocol: PROTOCOL, recipe, files })
    }

    pub fn encode(&self) -> Vec<u8> {
        let text = serde_json::to_vec(self).expect("a recipe can be written as JSON");
        zstd::bulk::compress(&text, 3).expect("memory can be packed")
    }

    pub fn decode(bytes: &[u8], crawl: &str) -> Result<Brief, QueueError> {
        let wrong = |reason: String| QueueError::Brief { crawl: crawl.to_owned(), reason };
        let text = zstd::bulk::decompress(bytes, MOST).map_err(|error| wrong(error.to_string()))?;
        let version: Version = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        if version.protocol != PROTOCOL {
            return Err(QueueError::Version { crawl: crawl.to_owned(), theirs: version.protocol });
        }
        serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))
    }

    /// The recipe as it can be followed on this machine: with the files that were sent in a folder of ours, and of the
    /// sources only those that pages are loaded from.
    pub fn unpack(self, folder: &Path, crawl: &str) -> Result<CrawlRecipe, QueueError> {
        let Brief { mut recipe, files, .. } = self;
        recipe.sources.retain(|source| !source.is_live());
        for path in sources(&mut recipe) {
            if !path.exists() {
                return Err(QueueError::NotHere { crawl: crawl.to_owned(), path: path.clone() });
            }
        }
        let wrong = |reason: String| QueueError::Brief { crawl: crawl.to_owned(), reason };
        for (at, path) in sent(&mut recipe).into_iter().enumerate() {
            let content = files.get(path).ok_or_else(|| wrong(format!("`{}` is not with it", path.display())))?;
            let place = folder.join(at.to_string());
            std::fs::write(&place, content).map_err(|error| wrong(format!("`{}`: {error}", place.display())))?;
            *path = place;
        }
        Ok(recipe)
    }
}

/// Folders and archives.
fn sources(recipe: &mut CrawlRecipe) -> Vec<&mut PathBuf> {
    let of = |source| match source {
        &mut SourceRecipe::Folder { ref mut path, .. } => vec![path],
        SourceRecipe::Warc { paths, .. } | SourceRecipe::Wacz { paths, .. } => paths.iter_mut().collect(),
        _ => Vec::new(),
    };
    recipe.sources.iter_mut().flat_map(of).collect()
}

/// Files that workers are sent.
fn sent(recipe: &mut CrawlRecipe) -> Vec<&mut PathBuf> {
    recipe.blocklists.iter_mut().chain(&mut recipe.filter.bad_words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(folder: &Path) -> CrawlRecipe {
        std::fs::create_dir(folder.join("pages")).unwrap();
        std::fs::write(folder.join("words"), "blorb\n").unwrap();
        let text = "name = 'a'\nseed = 18446744073709551615\n[[source]]\nkind = 'folder'\npath = 'pages'\nhost = 'a.test'\n[[source]]\nkind = 'list'\npath = 'urls'\n[filter]\nbad_words = ['words']\nsame_text = 0.1\n[politeness]\ncontact = 'https://a.test'\n";
        std::fs::write(folder.join("crawl.toml"), text).unwrap();
        CrawlRecipe::read(&folder.join("crawl.toml"), &[]).unwrap().0
    }

    #[test]
    fn a_worker_has_the_recipe_and_its_files() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let recipe = recipe(here.path());
        let sent = Brief::new(recipe.clone()).unwrap().encode();
        std::fs::remove_file(here.path().join("words")).unwrap();
        let got = Brief::decode(&sent, "a").unwrap().unpack(there.path(), "a").unwrap();
        assert_eq!(std::fs::read_to_string(&got.filter.bad_words[0]).unwrap(), "blorb\n");
        assert_eq!((got.seed, got.sources.len(), got.looks), (recipe.seed, 1, recipe.looks));

        std::fs::remove_dir(here.path().join("pages")).unwrap();
        let error = Brief::decode(&sent, "a").unwrap().unpack(there.path(), "a").unwrap_err().to_string();
        assert!(error.contains("pages`, which is not on this machine"), "{error}");
    }

    #[test]
    fn another_version_is_refused_whatever_else_is_in_it() {
        let other = zstd::bulk::compress(br#"{"protocol": 99, "surprise": 1}"#, 1).unwrap();
        let error = Brief::decode(&other, "a").unwrap_err().to_string();
        assert!(error.contains("version 99"), "{error}");
    }
}
