//! Glim's own page tasks, in the protocol of MiniWoB++ (see [`crate::wob`]).
//!
//! Each family is one HTML page under `pages/` with a seeded instance generator and a verifier that ends the episode
//! when the user commits: with raw reward 1 if everything asked is so and nothing else was changed, with -1 otherwise.
//! **How we differ** from MiniWoB++: a look drawn from the seed, a viewport of 480 by 360 CSS pixels, no goal inside the
//! page, several steps and look-alike alternatives in every family, so that doing nothing or clicking about never wins.
//!
//! ```no_run
//! # fn main() -> Result<(), glim_tasks::PageServerError> {
//! let suite = glim_tasks::pages::start()?; // inside a Tokio runtime
//! let task = suite.families[0].instantiate(glim_env::Seed(7));
//! # Ok(()) }
//! ```

mod family;
mod screen;
mod solve;

use std::sync::Arc;

use glim_env::Viewport;
use include_dir::{Dir, include_dir};

use crate::{PageServer, PageServerError, Suite, TaskFamily};

pub use family::FAMILIES;

/// The size that the pages are laid out for, in CSS pixels.
pub const VIEWPORT: Viewport = Viewport::new(480, 360);

/// The host name under which the pages are reached.
pub const HOST: &str = "pages.test";

pub(crate) static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/pages");

/// The suite, on a server of its own that lives as long as any of its tasks.
///
/// # Errors
/// If no loopback port could be opened, or outside of a Tokio runtime.
pub fn start() -> Result<Suite, PageServerError> {
    Ok(suite(Arc::new(PageServer::embedded(&FILES)?)))
}

/// The suite, on a server that serves the files of the pages.
pub fn suite(server: Arc<PageServer>) -> Suite {
    let family = |spec| Arc::new(family::PageFamily::new(spec, Arc::clone(&server))) as Arc<dyn TaskFamily>;
    Suite { name: "pages".to_owned(), families: FAMILIES.iter().map(family).collect() }
}
