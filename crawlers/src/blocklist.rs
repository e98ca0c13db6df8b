//! Advertising and trackers that are not loaded, by lists in the syntax of EasyList and uBlock Origin; Brave's engine.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use adblock::Engine;
use adblock::lists::{FilterSet, ParseOptions};
use adblock::request::Request as Asked;
use glim_browser::{Request, RequestFilter};

/// A list that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the blocklist `{path}` could not be read: {reason}")]
pub struct BlocklistError {
    path: PathBuf,
    reason: String,
}

/// Lists of rules, as a filter of requests and as styles that hide what is left of what was blocked.
pub struct Blocklist {
    engine: Engine,
    blocked: AtomicU64,
}

impl Blocklist {
    /// Reads the lists.
    ///
    /// # Errors
    /// If one cannot be read, or has no rule.
    pub fn load(paths: &[impl AsRef<Path>]) -> Result<Blocklist, BlocklistError> {
        let mut rules = FilterSet::new(false);
        for path in paths {
            let path = path.as_ref();
            let failed = |reason: String| BlocklistError { path: path.to_owned(), reason };
            let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
            if !text.lines().any(|line| !line.trim().is_empty() && !line.starts_with(['!', '['])) {
                return Err(failed("it has no rule".to_owned()));
            }
            rules.add_filter_list(text, ParseOptions::default());
        }
        Ok(Blocklist { engine: Engine::new_with_filter_set(rules), blocked: AtomicU64::new(0) })
    }

    /// Requests blocked so far.
    pub fn blocked(&self) -> u64 {
        self.blocked.load(Ordering::Relaxed)
    }

    /// A style sheet that hides what the lists hide on a page; empty if that is nothing.
    pub fn hiding(&self, url: &str) -> String {
        let mut selectors: Vec<String> = self.engine.url_cosmetic_resources(url).hide_selectors.into_iter().collect();
        selectors.sort();
        // One at a time: a selector that the browser does not know takes its whole rule with it.
        selectors.iter().map(|selector| format!("{selector} {{ display: none !important }}\n")).collect()
    }
}

impl RequestFilter for Blocklist {
    fn blocks(&self, request: &Request<'_>) -> bool {
        let kind = match request.kind {
            "Document" => return false,
            "Stylesheet" => "stylesheet",
            "Image" => "image",
            "Media" => "media",
            "Font" => "font",
            "Script" => "script",
            "XHR" | "Fetch" => "xhr",
            "WebSocket" => "websocket",
            "Ping" => "ping",
            _ => "other",
        };
        let Ok(asked) = Asked::new(request.url, request.page, kind, request.method) else { return false };
        let matched = self.engine.check_network_request(&asked).should_block();
        if matched {
            self.blocked.fetch_add(1, Ordering::Relaxed);
        }
        matched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_block_requests_and_hide_what_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        std::fs::write(&path, "! a list\n||ads.example^$third-party\n/banner/*$image\nsite.test##.sponsor\n").unwrap();
        let list = Blocklist::load(&[&path]).unwrap();
        let asked = |url, kind| list.blocks(&Request { url, page: "https://site.test/", kind, method: "GET" });
        assert!(asked("https://ads.example/x.js", "Script"));
        assert!(asked("https://site.test/banner/1.png", "Image"));
        assert!(!asked("https://site.test/banner/1.js", "Script"));
        assert!(!asked("https://site.test/a.png", "Image"));
        assert_eq!(list.blocked(), 2);
        assert_eq!(list.hiding("https://site.test/"), ".sponsor { display: none !important }\n");
        assert_eq!(list.hiding("https://other.test/"), "");
    }

    #[test]
    fn a_list_that_is_none_is_named() {
        let error = Blocklist::load(&["/nowhere/list.txt"]).err().unwrap().to_string();
        assert!(error.contains("/nowhere/list.txt"), "{error}");
    }
}
