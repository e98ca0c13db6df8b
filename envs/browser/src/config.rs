//! How the browser is started and how long it may take.

use std::path::PathBuf;
use std::time::Duration;

use glim_env::Viewport;

/// How the browser is started and how long it may take.
#[derive(Debug, Clone)]
pub struct BrowserConfig {
    /// The program; found on the machine if absent, see [`crate::find_chromium`].
    pub executable: Option<PathBuf>,
    /// Size of the screen where a start state names none.
    pub viewport: Viewport,
    /// Open a window instead of drawing into memory. Needs a display, and an ordinary Chromium.
    pub headed: bool,
    /// When the screen counts as settled.
    pub settle: Settle,
    /// Limit for loading a page.
    pub navigation: Duration,
    /// Limit for any single answer of the browser.
    pub call: Duration,
    /// Elements listed in one observation at the most.
    pub max_elements: usize,
    /// One process for all pages of an episode, whatever their sites, instead of one for each site. Cheaper by a quarter
    /// where page follows page; a page that hangs or crashes then takes the other tabs of its episode with it.
    pub few_processes: bool,
    /// Where files are saved when a task asks for downloads.
    pub downloads: Option<PathBuf>,
}

/// When the screen counts as settled.
#[derive(Debug, Clone, Copy)]
pub struct Settle {
    /// The page's time in which nothing may have changed.
    pub quiet: Duration,
    /// The page's time after which the screen is looked at anyway.
    pub limit: Duration,
    /// Wall time after which the screen is looked at anyway, whatever the page's clock does.
    pub wall: Duration,
}

impl Default for BrowserConfig {
    fn default() -> Self {
        BrowserConfig {
            executable: None,
            viewport: Viewport::default(),
            headed: false,
            settle: Settle::default(),
            navigation: Duration::from_secs(30),
            call: Duration::from_secs(20),
            max_elements: 1000,
            few_processes: false,
            downloads: None,
        }
    }
}

impl Default for Settle {
    fn default() -> Self {
        Settle { quiet: Duration::from_millis(100), limit: Duration::from_millis(1000), wall: Duration::from_secs(10) }
    }
}
