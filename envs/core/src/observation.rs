//! What the agent is shown.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Element, Viewport};

/// What the agent is shown at one moment: pixels and elements of the same frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The picture; stored beside the episode, not inside it.
    #[serde(skip)]
    pub screenshot: Screenshot,
    /// The size of the screen.
    pub viewport: Viewport,
    /// Address of the active tab.
    #[serde(default)]
    pub url: String,
    /// Title of the active tab.
    #[serde(default)]
    pub title: String,
    /// Open tabs, in the order in which they were opened.
    #[serde(default)]
    pub tabs: Vec<Tab>,
    /// How far the page is scrolled.
    #[serde(default)]
    pub scroll: Scroll,
    /// Visible elements in reading order.
    pub elements: Vec<Element>,
    /// What happened since the last observation that is not on the screen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// Whether the screen had come to rest before the limit.
    #[serde(default = "yes")]
    pub settled: bool,
}

fn yes() -> bool {
    true
}

impl Observation {
    /// The element with this mark.
    pub fn element(&self, mark: u32) -> Option<&Element> {
        self.elements.iter().find(|element| element.mark == mark)
    }
}

/// An encoded picture of the viewport, in image pixels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Screenshot {
    /// The PNG file.
    pub png: Arc<[u8]>,
}

/// One open tab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tab {
    /// Its address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Whether it is the one that is seen.
    pub active: bool,
}

/// Scroll position and extent of the top document, in CSS pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scroll {
    /// Pixels scrolled rightwards.
    pub x: f64,
    /// Pixels scrolled downwards.
    pub y: f64,
    /// Width of the whole page.
    pub width: f64,
    /// Height of the whole page.
    pub height: f64,
}

/// Something that happened beside the screen and was handled, so that nothing hangs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// A JavaScript dialog appeared and was answered.
    Dialog {
        /// `alert`, `confirm`, `prompt` or `beforeunload`.
        dialog: String,
        /// Its text.
        message: String,
        /// Whether it was accepted.
        accepted: bool,
    },
    /// The page opened a tab.
    TabOpened {
        /// Its address.
        url: String,
    },
    /// A tab closed.
    TabClosed {
        /// Its address.
        url: String,
    },
    /// A request left the allowed hosts and was refused.
    Blocked {
        /// Host or URL.
        url: String,
        /// Which rule refused it.
        reason: String,
    },
    /// A download began; refused unless the task asks for downloads.
    Download {
        /// Suggested file name.
        name: String,
        /// Whether it was saved.
        saved: bool,
    },
    /// A server asked for a user name and password and was refused.
    Authentication {
        /// Host that asked.
        host: String,
    },
    /// A certificate could not be trusted and the page was not loaded.
    Certificate {
        /// Address.
        url: String,
        /// Chromium's error text.
        error: String,
    },
    /// A page could not be loaded.
    LoadFailed {
        /// Address.
        url: String,
        /// Chromium's error text.
        error: String,
    },
    /// A request of the page for a power of the machine (print, file chooser, permission) was refused.
    Refused {
        /// What was asked for.
        what: String,
    },
}
