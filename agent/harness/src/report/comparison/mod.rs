//! `comparison.html`: one self-contained page that shows runs of the same tasks side by side, for example of a model before
//! and after its training: the rates, the difference, every task, and episodes of the same instance under one another.
//!
//! Counted is what all runs have: the same task and the same seed, so that a difference is never one of the tasks. The
//! first and the last run are also compared pair by pair, with an exact sign test over the pairs in which only one of them
//! reached the goal (McNemar, 1947, in its exact form). What is void or undecided is in no rate and in no pair.
//!
//! The page is made as that of one run, by the same rules for what models and pages wrote; only [`Figure::svg`] is taken
//! as markup, because it comes from our own programs.

use std::path::{Path, PathBuf};

use minijinja::Value;
use minijinja::value::Serde;

use super::{LOOK_SCRIPT, ReportOptions, STYLE, render};
use crate::store::{Disk, StoreError};

mod contrast;
mod films;
mod page;
mod pairs;
mod table;
#[cfg(test)]
mod tests;

pub use contrast::{Contrast, Counted, Line};
pub use pairs::Pairs;
pub use table::Table;

/// The name of the file, where only a folder is given.
pub const FILE: &str = "comparison.html";

const TEMPLATE: &str = include_str!("comparison.html");
const OWN_STYLE: &str = include_str!("comparison.css");

/// Runs to be compared, and what else the page shows.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The heading; the names of the runs if empty.
    pub title: String,
    /// Names and values under it.
    pub facts: Vec<(String, String)>,
    /// At least two. The difference is that from the first to the last.
    pub sides: Vec<Side>,
    /// Shown above the table.
    pub figures: Vec<Figure>,
    /// How much is shown in pictures.
    pub options: ReportOptions,
}

impl Default for Comparison {
    fn default() -> Self {
        // Each instance is shown as often as there are runs, and a page of many megabytes is slow on a phone.
        let options = ReportOptions { bytes: 8 << 20, per_task: 2, ..ReportOptions::default() };
        let (title, facts, sides, figures) = Default::default();
        Comparison { title, facts, sides, figures, options }
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What it is called: `untrained`, or the name of an agent.
    pub label: String,
    /// Its folder.
    pub run: PathBuf,
}

/// A drawing that the caller brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// How to read it; may be empty.
    pub note: String,
    /// An `<svg>` element. It is markup and is not escaped: it must come from a program of ours.
    pub svg: String,
}

impl Comparison {
    /// Reads the runs and counts.
    ///
    /// # Errors
    /// If a run cannot be read.
    ///
    /// # Panics
    /// If there are fewer than two.
    pub fn count(&self) -> Result<Contrast, StoreError> {
        Contrast::of(&self.sides)
    }

    /// Writes the page, or writes it again, into a file or as [`FILE`] into a folder; where it lies.
    ///
    /// # Errors
    /// If a run cannot be read or the page cannot be written.
    ///
    /// # Panics
    /// If there are fewer than two runs.
    pub fn write(&self, path: &Path) -> Result<PathBuf, StoreError> {
        let path = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
        // The parent of a bare name is the empty path.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let disk = Disk::default();
        disk.create_folder(folder)?;
        disk.replace(&path, self.html(folder)?.as_bytes())?;
        Ok(path)
    }

    /// The page for a folder, from which it links to the runs.
    ///
    /// # Errors
    /// If a run cannot be read.
    ///
    /// # Panics
    /// If there are fewer than two.
    pub fn html(&self, folder: &Path) -> Result<String, StoreError> {
        let contrast = self.count()?;
        let links: Vec<PathBuf> = self.sides.iter().map(|side| relative(folder, &side.run)).collect();
        let shown = films::Films::of(&contrast, &links, &self.options);
        let page = page::Page::new(self, &contrast, &links, shown);
        Ok(render(TEMPLATE, &[STYLE, OWN_STYLE], &[LOOK_SCRIPT], Value::from(Serde(&page))))
    }
}

/// The way from one folder to another; where one of them does not exist, the other as it was given.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (Ok(from), Ok(whole)) = (from.canonicalize(), to.canonicalize()) else { return to.to_owned() };
    let shared = from.components().zip(whole.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Path::new(".."));
    let down = whole.components().skip(shared);
    up.chain(down.map(|part| Path::new(part.as_os_str()))).collect()
}
