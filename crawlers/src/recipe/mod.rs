//! What a crawl is told to do, as it stands in a recipe: a TOML file that gives a whole dataset.

pub mod looks;
pub mod source;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use glim_data::dataset::{SplitRule, WriterOptions};
use glim_data::shard::ShardOptions;
use serde::{Deserialize, Serialize};

use crate::filter::PageFilter;
use crate::picture::{Encoding, ImageKind};
use crate::questions::QuestionCounts;
use crate::synthetic::code::CodeRecipe;
use looks::{Looks, ViewRecipe};
use source::{FrontierRecipe, PolitenessRecipe, SourceRecipe};

/// A recipe as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrawlRecipe {
    /// What the dataset is called.
    pub name: String,
    /// The root of all chance: the page's own, which questions are asked, which sites are for validation.
    #[serde(default)]
    pub seed: u64,
    /// Pages at the most; 0 is no limit.
    #[serde(default)]
    pub pages_max: u64,
    /// Pages that are shown at once.
    #[serde(default = "two")]
    pub workers: usize,
    /// Where pages come from.
    #[serde(rename = "source")]
    pub sources: Vec<SourceRecipe>,
    /// Hosts that are no part of the live web: each with the folder that its pages lie in, or with the address of a server
    /// on this machine (`127.0.0.1:8080`).
    #[serde(default)]
    pub hosts: BTreeMap<String, String>,
    /// Bundled sites to be crawled, each with the seed of its content: `shop = 1` serves `shop.test`.
    #[serde(default)]
    pub sites: BTreeMap<String, u64>,
    /// Screens and preferences that each page is shown with.
    #[serde(rename = "view", default = "one_view")]
    pub views: Vec<ViewRecipe>,
    /// How far a page is looked into.
    #[serde(default)]
    pub looks: Looks,
    /// Which pairs of screenshot and code are kept; made where `looks.code` says so.
    #[serde(default)]
    pub code: CodeRecipe,
    /// Blocklists in the syntax of EasyList.
    #[serde(default)]
    pub blocklists: Vec<PathBuf>,
    /// Which pages are kept.
    #[serde(default)]
    pub filter: PageFilter,
    /// Evaluation sets whose pictures and instructions may not be in the data.
    #[serde(default)]
    pub contamination: ContaminationRecipe,
    /// What is asked about each screen.
    #[serde(default)]
    pub questions: QuestionCounts,
    /// How the data is stored.
    #[serde(default)]
    pub store: StoreRecipe,
    /// In which order pages are taken.
    #[serde(default)]
    pub frontier: FrontierRecipe,
    /// How sites of the live web are treated.
    #[serde(default)]
    pub politeness: PolitenessRecipe,
}

fn two() -> usize {
    2
}

fn one_view() -> Vec<ViewRecipe> {
    vec![ViewRecipe::default()]
}

/// Evaluation sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContaminationRecipe {
    /// Files and folders: pictures, JSON, JSON lines, text.
    pub files: Vec<PathBuf>,
    /// Words in a row that count as a quotation.
    pub ngram: usize,
}

impl Default for ContaminationRecipe {
    fn default() -> Self {
        ContaminationRecipe { files: Vec::new(), ngram: 13 }
    }
}

/// How the data is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreRecipe {
    /// The file format of pictures.
    pub image: ImageKind,
    /// Of JPEG, 1 to 100.
    pub jpeg_quality: u8,
    /// Screens of one shard at the most.
    pub shard_rows: usize,
    /// Bytes of one shard at the most, in MiB.
    pub shard_mib: u64,
    /// The share of sites that is kept for validation, 0..=1.
    pub validation_share: f64,
}

impl Default for StoreRecipe {
    fn default() -> Self {
        StoreRecipe {
            image: ImageKind::default(),
            jpeg_quality: 90,
            shard_rows: 5_000,
            shard_mib: 400,
            validation_share: 0.05,
        }
    }
}

/// A recipe that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The file cannot be read.
    #[error("the recipe `{path}` could not be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// It is no TOML, or has fields that nobody knows.
    #[error("the recipe `{path}` is not understood: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, and why.
        reason: String,
    },
    /// Its values cannot be.
    #[error("the recipe `{path}` has mistakes:\n{}", .mistakes.iter().map(|mistake| format!("  - {mistake}")).collect::<Vec<_>>().join("\n"))]
    Mistaken {
        /// The file.
        path: PathBuf,
        /// All of them.
        mistakes: Vec<String>,
    },
}

impl CrawlRecipe {
    /// Reads a recipe, with other values for some of its keys (`looks.scrolls=0`); paths in it are relative to its folder.
    /// The text is that of the file with what was set.
    ///
    /// # Errors
    /// If it cannot be read or has mistakes; then all of them are told.
    pub fn read(path: &Path, set: &[String]) -> Result<(CrawlRecipe, String), RecipeError> {
        let malformed = |reason: String| RecipeError::Malformed { path: path.to_owned(), reason };
        let mut text = std::fs::read_to_string(path)
            .map_err(|error| RecipeError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        let mut recipe: CrawlRecipe = if set.is_empty() {
            toml::from_str(&text).map_err(|error| malformed(error.to_string()))?
        } else {
            let mut table: toml::Table = toml::from_str(&text).map_err(|error| malformed(error.to_string()))?;
            for assignment in set {
                assign(&mut table, assignment).map_err(malformed)?;
                text = format!("# set: {assignment}\n{text}");
            }
            table.try_into().map_err(|error: toml::de::Error| malformed(error.to_string()))?
        };
        recipe.resolve(path.parent().unwrap_or(Path::new("")));
        let mistakes = recipe.mistakes();
        if mistakes.is_empty() {
            Ok((recipe, text))
        } else {
            Err(RecipeError::Mistaken { path: path.to_owned(), mistakes })
        }
    }

    fn resolve(&mut self, folder: &Path) {
        let onto = |path: &mut PathBuf| *path = folder.join(&*path);
        for source in &mut self.sources {
            match source {
                SourceRecipe::List { path, .. } | SourceRecipe::Folder { path, .. } => onto(path),
                SourceRecipe::Warc { paths, .. } | SourceRecipe::Wacz { paths, .. } => paths.iter_mut().for_each(onto),
                SourceRecipe::Pages { .. } => {}
                SourceRecipe::Sitemap { at, .. } => onto_file(at, folder),
                SourceRecipe::CommonCrawl(recipe) => recipe.files.iter_mut().for_each(|file| onto_file(file, folder)),
                SourceRecipe::SyntheticOcr(recipe) => {
                    recipe.corpus.iter_mut().chain(&mut recipe.backgrounds).for_each(onto);
                }
            }
        }
        for place in self.hosts.values_mut().filter(|place| place.parse::<SocketAddr>().is_err()) {
            *place = folder.join(&*place).to_string_lossy().into_owned();
        }
        let lists = self.blocklists.iter_mut().chain(&mut self.filter.bad_words).chain(&mut self.contamination.files);
        lists.for_each(onto);
    }

    /// Everything that is wrong with it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = source::validate(&self.sources, &self.frontier, &self.politeness);
        mistakes.extend(self.code.mistakes());
        let mut wrong = |is: bool, says: String| {
            if is {
                mistakes.push(says);
            }
        };
        wrong(self.name.trim().is_empty(), "`name` is empty".to_owned());
        wrong(!(1..=64).contains(&self.workers), format!("`workers` is {}, and not in 1..=64", self.workers));
        for (host, place) in &self.hosts {
            let served = place.parse::<SocketAddr>();
            let outside = served.as_ref().is_ok_and(|address| !address.ip().is_loopback());
            wrong(outside, format!("the server of the host `{host}` is `{place}`, and not on this machine"));
            let missing = served.is_err() && !Path::new(place).is_dir();
            wrong(missing, format!("the host `{host}` has the folder `{place}`, which is not there"));
        }
        wrong(self.views.is_empty(), "there is no `[[view]]`".to_owned());
        let mut names = std::collections::HashSet::new();
        for view in &self.views {
            let sides = [view.width, view.height];
            let name = &view.name;
            wrong(!names.insert(name), format!("two views are called `{name}`"));
            wrong(
                sides.iter().any(|side| !(200..=8000).contains(side)),
                format!("view `{name}` is {}x{}, and not in 200..=8000", view.width, view.height),
            );
            wrong(
                !(0.5..=4.0).contains(&view.scale),
                format!("view `{name}` has the scale {}, and not 0.5 to 4", view.scale),
            );
        }
        let share = |value: f64| (0.0..=1.0).contains(&value);
        wrong(!share(self.filter.max_plain_share), "`filter.max_plain_share` is not in 0..=1".to_owned());
        wrong(!share(self.filter.same_text), "`filter.same_text` is not in 0..=1".to_owned());
        wrong(!share(self.store.validation_share), "`store.validation_share` is not in 0..=1".to_owned());
        wrong(!(1..=100).contains(&self.store.jpeg_quality), "`store.jpeg_quality` is not in 1..=100".to_owned());
        wrong(
            self.store.shard_rows == 0 || self.store.shard_mib == 0,
            "a shard of nothing is asked for in `store`".to_owned(),
        );
        wrong(self.contamination.ngram < 3, "`contamination.ngram` is below 3".to_owned());
        wrong(self.looks.page_seconds == 0, "`looks.page_seconds` is 0".to_owned());
        wrong(self.questions.largest_share.0 > 100, "`questions.largest_share` is above 100".to_owned());
        mistakes
    }

    /// How its pictures are stored.
    pub fn encoding(&self) -> Encoding {
        Encoding { kind: self.store.image, quality: self.store.jpeg_quality }
    }

    /// How its dataset is made.
    pub fn writer_options(&self, text: &str) -> WriterOptions {
        WriterOptions {
            name: self.name.clone(),
            split: SplitRule::Share { validation_share: self.store.validation_share, seed: self.seed },
            shard: ShardOptions {
                rows: self.store.shard_rows,
                bytes: self.store.shard_mib << 20,
                ..ShardOptions::default()
            },
            recipe: lasting(text),
        }
    }
}

/// A recipe's text without what only concerns one run, so that a crawl can go on with other values for it.
fn lasting(text: &str) -> String {
    let of_a_run = |line: &&str| {
        let line = line.trim_start().trim_start_matches("# set:").trim_start();
        ["workers", "pages_max"]
            .iter()
            .any(|key| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')))
    };
    text.lines().filter(|line| !of_a_run(line)).map(|line| format!("{line}\n")).collect()
}

/// Gives a key of the recipe another value, which is TOML or else a text.
fn assign(table: &mut toml::Table, assignment: &str) -> Result<(), String> {
    let (key, value) =
        assignment.split_once('=').ok_or_else(|| format!("`{assignment}` is not of the form KEY=VALUE"))?;
    let read: Result<toml::Table, _> = toml::from_str(&format!("value = {value}"));
    let value = read.ok().and_then(|mut read| read.remove("value")).unwrap_or_else(|| value.into());
    let mut at = table;
    let mut parts: Vec<&str> = key.trim().split('.').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let inner = at.entry(part).or_insert_with(|| toml::Table::new().into());
        at = inner.as_table_mut().ok_or_else(|| format!("`{part}` in `{key}` is no table"))?;
    }
    at.insert(last.to_owned(), value);
    Ok(())
}

fn onto_file(place: &mut String, folder: &Path) {
    if !place.contains("://") {
        *place = folder.join(&*place).to_string_lossy().into_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "name = 'small'\n[[source]]\nkind = 'folder'\npath = 'pages'\nhost = 'pages.test'\n";

    fn read(text: &str) -> Result<(CrawlRecipe, String), RecipeError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crawl.toml");
        std::fs::write(&path, text).unwrap();
        CrawlRecipe::read(&path, &[])
    }

    #[test]
    fn keys_can_be_given_other_values() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crawl.toml");
        std::fs::write(&path, SMALL).unwrap();
        let set = ["workers=7".to_owned(), "looks.scrolls=0".to_owned(), "name=other".to_owned()];
        let (recipe, text) = CrawlRecipe::read(&path, &set).unwrap();
        assert_eq!((recipe.workers, recipe.looks.scrolls, recipe.name.as_str()), (7, 0, "other"));
        assert!(text.contains("# set: workers=7\n") && text.ends_with(SMALL));
        assert_eq!(recipe.writer_options(&text).recipe, format!("# set: name=other\n# set: looks.scrolls=0\n{SMALL}"));
        let wrong = CrawlRecipe::read(&path, &["workers".to_owned()]).unwrap_err().to_string();
        assert!(wrong.contains("KEY=VALUE"), "{wrong}");
    }

    #[test]
    fn the_bundled_recipes_can_be_read() {
        for (name, counts) in [("crawl_demo", (3, 2, 3)), ("crawl_pages", (5, 1, 0)), ("crawl_pages_held", (2, 1, 0))] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../recipes/{name}.toml"));
            let (recipe, _) = CrawlRecipe::read(&path, &[]).unwrap();
            assert_eq!((recipe.sources.len(), recipe.views.len(), recipe.sites.len()), counts, "{name}");
        }
    }

    #[test]
    fn what_is_not_said_has_a_default_and_paths_are_beside_the_recipe() {
        let (recipe, _) = read(SMALL).unwrap();
        assert_eq!(recipe.views[0].name, "laptop");
        let SourceRecipe::Folder { path, .. } = &recipe.sources[0] else { panic!("{recipe:?}") };
        assert!(path.is_absolute() && path.ends_with("pages"));
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text =
            format!("workers = 0\n{SMALL}[[view]]\nname = 'a'\nwidth = 10\nheight = 700\n[filter]\nsame_text = 3.0\n");
        let error = read(&text).unwrap_err().to_string();
        for part in ["`workers` is 0", "view `a` is 10x700", "same_text"] {
            assert!(error.contains(part), "{error}");
        }
        let error = read(&format!("speed = 3\n{SMALL}")).unwrap_err().to_string();
        assert!(error.contains("speed"), "{error}");
    }
}
