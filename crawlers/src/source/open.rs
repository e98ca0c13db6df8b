//! From the recipe to the stream: archives are indexed first, then the sources follow each other.

use std::sync::Arc;

use futures::StreamExt as _;
use glim_data::record::Source;
use url::Url;

use super::read::{Lines, Place};
use super::select::Selection;
use super::{Emit, Halt, SourceError, Targets, cdx, columnar, folder, list, pages, sitemap, stream, synthetic};
use crate::address::{LONGEST_URL, Normalize};
use crate::archive::{Archive, ArchiveError, ArchiveFile, Limits, Replay};
use crate::fetch::Fetch;
use crate::recipe::source::{CommonCrawlRecipe, IndexKind, SourceRecipe};

/// What a recipe's sources come to.
pub struct Sources {
    /// All targets, source after source.
    pub targets: Targets,
    /// What the targets that are not live are loaded from.
    pub replay: Replay,
}

/// Opens sources. Archives are read from end to end meanwhile; all else is read as targets are taken.
///
/// # Errors
/// If an archive cannot be used.
///
/// # Panics
/// If the thread that reads archives panics.
pub async fn open(recipes: &[SourceRecipe], normalize: Normalize, fetch: Fetch) -> Result<Sources, SourceError> {
    let mut files = Vec::new();
    let mut replay = Replay::default();
    let mut plans = Vec::new();
    for recipe in recipes {
        let first = files.len();
        match recipe {
            SourceRecipe::Warc { paths, .. } | SourceRecipe::Wacz { paths, .. } => {
                let is_wacz = matches!(recipe, SourceRecipe::Wacz { .. });
                files.extend(paths.iter().map(|path| ArchiveFile { path: path.clone(), is_wacz }));
            }
            SourceRecipe::Folder { path, host, .. } => {
                replay.folders.insert(host.clone(), path.clone());
            }
            _ => {}
        }
        plans.push((recipe.clone(), first..files.len()));
    }
    let archive = if files.is_empty() { None } else { Some(Arc::new(index(files).await?)) };
    replay.archive.clone_from(&archive);
    let streams =
        plans.into_iter().map(move |(recipe, files)| one(recipe, files, archive.clone(), normalize, fetch.clone()));
    let targets = futures::stream::iter(streams).flatten().boxed();
    Ok(Sources { targets, replay })
}

async fn index(files: Vec<ArchiveFile>) -> Result<Archive, ArchiveError> {
    let archive = tokio::task::spawn_blocking(move || Archive::open(&files, Limits::default()))
        .await
        .expect("reading an archive does not panic")?;
    for (problem, count) in archive.problems().counts() {
        tracing::warn!(%problem, count, "records of the archives are left out");
    }
    Ok(archive)
}

fn one(
    recipe: SourceRecipe,
    files: std::ops::Range<usize>,
    archive: Option<Arc<Archive>>,
    normalize: Normalize,
    fetch: Fetch,
) -> Targets {
    let name = recipe.kind().to_owned();
    match recipe {
        SourceRecipe::List { path, license } => {
            stream(name, normalize, license, move |emit| list::run(path, &fetch, emit))
        }
        SourceRecipe::Pages { urls, license } => stream(name, normalize, license, move |emit| {
            let live = || Source { kind: "live".to_owned(), ..Source::default() };
            urls.iter().try_for_each(|url| emit.address(url, live(), "the recipe"))
        }),
        SourceRecipe::Sitemap { at, pages_max, sitemaps_max, license } => {
            let bounds = sitemap::Bounds { pages_max, sitemaps_max };
            stream(name, normalize, license, move |emit| sitemap::run(&Place::of(&at), &bounds, &fetch, emit))
        }
        SourceRecipe::CommonCrawl(recipe) => {
            stream(name, normalize, recipe.license.clone(), move |emit| common_crawl(recipe, &fetch, emit))
        }
        SourceRecipe::Folder { path, host, license } => {
            stream(name, normalize, license, move |emit| folder::run(path, &host, emit))
        }
        SourceRecipe::SyntheticOcr(recipe) => {
            stream(name, normalize, recipe.license.clone(), move |emit| synthetic::run(&recipe, emit))
        }
        SourceRecipe::Warc { license, .. } | SourceRecipe::Wacz { license, .. } => {
            stream(name, normalize, license, move |emit| {
                archive.as_ref().map_or(Ok(()), |archive| pages::run(archive, files, emit))
            })
        }
    }
}

fn common_crawl(recipe: CommonCrawlRecipe, fetch: &Fetch, emit: &Emit) -> Result<(), Halt> {
    let places = places(&recipe, fetch)?;
    let (kind, snapshot) = (recipe.index, recipe.snapshot.clone());
    let selection = Selection::new(recipe);
    match kind {
        IndexKind::Cdx => cdx::run(&places, selection, &snapshot, fetch, emit),
        IndexKind::Columnar => columnar::run(&places, selection, &snapshot, fetch, emit),
    }
}

/// The files of an index: those of the recipe, or those that the snapshot's own list names.
fn places(recipe: &CommonCrawlRecipe, fetch: &Fetch) -> Result<Vec<Place>, SourceError> {
    if !recipe.files.is_empty() {
        return Ok(recipe.files.iter().map(|file| Place::of(file)).collect());
    }
    let list = match recipe.index {
        IndexKind::Cdx => "cc-index.paths.gz",
        IndexKind::Columnar => "cc-index-table.paths.gz",
    };
    let broken = |file: &str, reason: String| SourceError::Broken { file: file.to_owned(), reason };
    let base = Url::parse(&recipe.base).map_err(|error| broken(&recipe.base, error.to_string()))?;
    let below = |path: &str| base.join(path).map_err(|error| broken(path, error.to_string()));
    let place = Place::Web(below(&format!("crawl-data/{}/{list}", recipe.snapshot))?);
    let mut lines = Lines::new(place.open(fetch)?, LONGEST_URL);
    let mut places = Vec::new();
    while let Some(line) = lines.next().map_err(|error| broken(&place.name(), error.to_string()))? {
        let Ok(line) = line else { continue };
        let is_wanted = match recipe.index {
            IndexKind::Cdx => {
                line.rsplit('/').next().is_some_and(|name| name.starts_with("cdx-") && name.ends_with(".gz"))
            }
            // The other subsets are of what is no page: robots.txt files, redirects and errors.
            IndexKind::Columnar => line.ends_with(".parquet") && line.contains("/subset=warc/"),
        };
        if is_wanted {
            places.push(Place::Web(below(line)?));
        }
    }
    Ok(places)
}
