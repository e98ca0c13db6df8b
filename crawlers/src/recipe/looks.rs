//! With which screens pages are shown, and how far they are looked into.

use serde::{Deserialize, Serialize};

use crate::consent::Consent;
use crate::interact::Interaction;

/// A screen and preferences that pages are shown with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewRecipe {
    /// What it is called in records.
    pub name: String,
    /// CSS pixels, 200 to 8000.
    pub width: u32,
    /// CSS pixels, 200 to 8000.
    pub height: u32,
    /// Image pixels for a CSS pixel, 0.5 to 4.
    #[serde(default = "one")]
    pub scale: f64,
    /// Touch, mobile layout and user agent.
    #[serde(default)]
    pub mobile: bool,
    /// The user prefers dark pages.
    #[serde(default)]
    pub dark: bool,
    /// BCP 47 tag of the language asked for.
    #[serde(default = "english")]
    pub locale: String,
}

fn one() -> f64 {
    1.0
}

pub(crate) fn english() -> String {
    "en-US".to_owned()
}

impl Default for ViewRecipe {
    fn default() -> Self {
        ViewRecipe {
            name: "laptop".to_owned(),
            width: 1280,
            height: 720,
            scale: 1.0,
            mobile: false,
            dark: false,
            locale: english(),
        }
    }
}

/// How far a page is looked into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Looks {
    /// Screens further down the page, at the most.
    pub scrolls: usize,
    /// States opened by operating it, at the most.
    pub interactions: usize,
    /// What is tried.
    pub interact: Vec<Interaction>,
    /// Banners that ask for consent.
    pub consent: Consent,
    /// Whether the code of first screens is kept with them, as `[code]` says.
    pub code: bool,
    /// Seconds that one page may take in all, in one view.
    pub page_seconds: u64,
}

impl Default for Looks {
    fn default() -> Self {
        Looks {
            scrolls: 1,
            interactions: 3,
            interact: vec![
                Interaction::Unfold,
                Interaction::Tab,
                Interaction::Press,
                Interaction::Hover,
                Interaction::Fill,
            ],
            consent: Consent::default(),
            code: false,
            page_seconds: 60,
        }
    }
}
