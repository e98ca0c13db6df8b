//! `report.html`: one self-contained page that shows a run: the numbers, and what happened in the episodes. A [`comparison`]
//! is a page of the same make that shows several runs side by side.
//!
//! Everything in it that a model or a page wrote is hostile: the template escapes all values, and the page's content
//! security policy lets only its own script run and nothing be loaded from the network. Pictures are scaled down and lie
//! inside; where they would make the page too large, failures go first and the rest is told in words. Each picture also
//! names the full screenshot in the run folder, which the page shows when it lies there.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use crate::evaluate::{FILE as RESULTS, Results};
use crate::store::{Disk, RunRecord, StoreError};

pub mod comparison;

mod frame;
mod overlay;
mod page;
mod picture;
mod selection;
#[cfg(test)]
mod tests;
mod words;

/// The name of the file.
pub const FILE: &str = "report.html";

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");
/// What all pages share: colours, tables that sort, screens at full size.
const LOOK_SCRIPT: &str = include_str!("look.js");
const PARTS: &str = include_str!("parts.html");

/// How much of a run is shown in pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportOptions {
    /// Bytes of pictures and texts of turns in the page, roughly; the rest of the page is small.
    pub bytes: usize,
    /// Episodes of one task that are shown turn by turn; one of them is a success, if there is any.
    pub per_task: usize,
    /// Turns of one episode that are shown; of a longer one the middle is left out.
    pub turns: usize,
}

impl Default for ReportOptions {
    fn default() -> Self {
        ReportOptions { bytes: 16 << 20, per_task: 4, turns: 40 }
    }
}

/// Writes the report of a run folder into it, or writes it again; where it lies.
///
/// # Errors
/// If the run cannot be read or the page cannot be written.
pub fn write(run: &Path) -> Result<PathBuf, StoreError> {
    let path = run.join(FILE);
    let page = html(run, &ReportOptions::default())?;
    Disk::default().replace(&path, page.as_bytes())?;
    Ok(path)
}

/// The page for what is in a run folder.
///
/// # Errors
/// If the run cannot be read.
pub fn html(run: &Path, options: &ReportOptions) -> Result<String, StoreError> {
    let record = RunRecord::read(run)?;
    let results = Results::of_run(run)?;
    let shown = selection::illustrate(run, &results, options);
    let page = page::Page::new(&record, &results, shown);
    Ok(render(TEMPLATE, &[STYLE], &[LOOK_SCRIPT, SCRIPT], Value::from(Serde(&page))))
}

/// A page from a template, with what all pages have: the macros, the style, the script and the hash that lets it run.
fn render(template: &str, style: &[&str], script: &[&str], page: Value) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("parts.html", PARTS).expect("the macros are fixed and every test of a page reads them");
    let script = script.concat();
    let script_hash = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, script.as_bytes()));
    environment
        .render_str(
            template,
            context! {
                page,
                results_file => RESULTS,
                style => Value::from_safe_string(style.concat()),
                script => Value::from_safe_string(script),
                script_hash => Value::from_safe_string(script_hash),
            },
        )
        .expect("the template is fixed and a test renders every branch of it")
}
