//! Makes the pages of one `[[source]]`, serves them, and reads them back from the screen.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use glim_browser::BrowserEnv;
use glim_env::{EnvError, Seed};
use url::Url;

use super::corpus::Corpus;
use super::fonts::{self, Font};
use super::setting::{self, Material, Setting};
use super::{OcrRecipe, questions, reading};
use crate::archive::MadePages;
use crate::filter::Drop;
use crate::page::{Ask, Camera, Shown};
use crate::recipe::looks::ViewRecipe;

/// Texts, fonts or pictures that pages cannot be set with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PressError {
    /// A file or folder cannot be read.
    #[error("`{}` cannot be read: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A corpus has no paragraph.
    #[error("`{}` has no paragraph of {shortest} characters or more", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// Characters of the shortest paragraph that is set.
        shortest: usize,
    },
    /// A corpus cannot be dealt out.
    #[error("`{}` has {paragraphs} paragraphs, too few for {sites} sites; lower `sites`", path.display())]
    Small {
        /// The file.
        path: PathBuf,
        /// What it has.
        paragraphs: usize,
        /// What the recipe wants.
        sites: u32,
    },
    /// A folder has no picture.
    #[error("`{}` has no .jpg, .jpeg, .png or .webp file", path.display())]
    NoPicture {
        /// The folder.
        path: PathBuf,
    },
    /// What the fonts of this machine have is not known.
    #[error("`fc-list` did not list the fonts: {reason}; it comes with fontconfig")]
    Fontconfig {
        /// What it said.
        reason: String,
    },
    /// A font of the recipe is not here.
    #[error("there is no font family `{family}` with digits on this machine; `fc-list : family` lists those that are")]
    NoFont {
        /// Its name.
        family: String,
    },
}

/// Everything that the pages of a source are made of.
#[derive(Debug)]
pub struct Press {
    recipe: OcrRecipe,
    corpus: Corpus,
    fonts: Vec<Font>,
    pictures: Vec<PathBuf>,
    views: Vec<ViewRecipe>,
}

impl Press {
    /// Reads texts and lists fonts and pictures. Pages are set for one of these views each.
    ///
    /// # Errors
    /// If something cannot be read, or there is too little of it.
    pub fn open(recipe: &OcrRecipe, views: &[ViewRecipe]) -> Result<Press, PressError> {
        let corpus = Corpus::read(&recipe.corpus)?;
        Press::with(recipe, corpus, views)
    }

    /// With a text that is given instead of the recipe's files.
    ///
    /// # Errors
    /// As of [`Press::open`].
    pub fn with(recipe: &OcrRecipe, corpus: Corpus, views: &[ViewRecipe]) -> Result<Press, PressError> {
        if let Some((path, paragraphs)) = corpus.too_small(&recipe.corpus, recipe.sites) {
            return Err(PressError::Small { path, paragraphs, sites: recipe.sites });
        }
        let pictures = match &recipe.backgrounds {
            Some(folder) => pictures(folder)?,
            None => Vec::new(),
        };
        let fonts = fonts::installed(&recipe.fonts)?;
        Ok(Press { recipe: recipe.clone(), corpus, fonts, pictures, views: views.to_vec() })
    }

    /// The page with this number; `None` where no font has its letters.
    pub fn page(&self, number: u64) -> Option<Setting> {
        let sites = u64::from(self.recipe.sites);
        let mut chance = Seed(self.recipe.seed).derive("ocr").derive(number).generator();
        let files = self.corpus.dealt(number % sites, sites);
        let texts = chance.choose(&files).clone();
        let view = chance.choose(&self.views);
        let material = Material { recipe: &self.recipe, texts, fonts: &self.fonts, pictures: self.pictures.len() };
        setting::set(&material, view, chance)
    }

    /// Shows a page of this press and reads it. What is not read as it was set is dropped.
    ///
    /// # Errors
    /// As of [`Camera::show`].
    pub async fn show(&self, camera: &Camera, env: &mut BrowserEnv, ask: &Ask) -> Result<Shown, EnvError> {
        let limit = Duration::from_secs(camera.looks.page_seconds);
        let shown = tokio::time::timeout(limit, self.read(camera, env, ask)).await;
        shown.unwrap_or_else(|_| {
            Err(EnvError::Timeout { what: format!("showing `{}`", ask.url), limit_ms: limit.as_millis() as u64 })
        })
    }

    async fn read(&self, camera: &Camera, env: &mut BrowserEnv, ask: &Ask) -> Result<Shown, EnvError> {
        let number: Option<u64> = Url::parse(&ask.url).ok().and_then(|url| url.path()[1..].parse().ok());
        let Some(setting) = number.and_then(|number| self.page(number)) else {
            return Ok(Shown::Dropped(Drop::new("ocr_no_font", "no font has the letters of its text")));
        };
        let (mut shot, picture) = camera.first(env, ask, &setting.view).await?;
        let told = env.evaluate(reading::MEASURE).await?;
        let measured = serde_json::from_value(told).map_err(|error| EnvError::Protocol {
            what: format!("measuring `{}`", ask.url),
            reason: error.to_string(),
        })?;
        let page = match reading::read(&setting, measured, &shot.screen, &picture) {
            Ok(page) => page,
            Err(drop) => return Ok(Shown::Dropped(drop)),
        };
        shot.screen.lines = page.lines.iter().map(|read| read.line.clone()).collect();
        shot.screen.questions = questions::ask(&shot.screen, &page, Seed(self.recipe.seed));
        Ok(Shown::Shots(vec![shot]))
    }
}

impl MadePages for Press {
    fn page(&self, host: &str, path: &str) -> Option<(Vec<u8>, &'static str)> {
        if let Some(nth) = path.strip_prefix("/background/") {
            let file = self.pictures.get(nth.parse::<usize>().ok()?)?;
            return Some((std::fs::read(file).ok()?, picture_type(file)?));
        }
        let number = path.strip_prefix('/')?.parse().ok()?;
        let page = (self.recipe.host(number) == host).then(|| Press::page(self, number))?;
        // An empty page is dropped with its reason; an error here would look like one of ours.
        let html = page.map_or_else(String::new, |setting| setting.html);
        Some((html.into_bytes(), "text/html; charset=utf-8"))
    }
}

fn picture_type(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => Some("image/jpeg"),
        "png" => Some("image/png"),
        "webp" => Some("image/webp"),
        _ => None,
    }
}

/// The pictures of a folder, sorted by name.
fn pictures(folder: &Path) -> Result<Vec<PathBuf>, PressError> {
    let io = |error| PressError::Io { path: folder.to_owned(), error };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if picture_type(&path).is_some() && path.is_file() {
            found.push(path);
        }
    }
    found.sort_unstable();
    if found.is_empty() { Err(PressError::NoPicture { path: folder.to_owned() }) } else { Ok(found) }
}
