//! Which pages of an index are taken.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use url::Url;

use crate::address::site;
use crate::recipe::source::CommonCrawlRecipe;

/// What an index says of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Entry<'a> {
    pub url: &'a str,
    pub status: Option<u16>,
    /// As detected from the content, or else as the server said.
    pub mime: &'a str,
    /// ISO 639-3 codes with commas between, the main one first.
    pub languages: &'a str,
}

/// Decides by the recipe, and counts what it took.
pub(super) struct Selection {
    recipe: CommonCrawlRecipe,
    taken: u64,
    /// Pages by the hash of their registrable domain: a snapshot has tens of millions of them.
    sites: HashMap<u64, u32, BuildHasherDefault<DefaultHasher>>,
}

/// What is done with an entry.
#[derive(Debug, PartialEq)]
pub(super) enum Choice {
    Take(Url),
    Pass,
    /// As many as were wanted are taken.
    Enough,
}

impl Selection {
    pub fn new(recipe: CommonCrawlRecipe) -> Selection {
        Selection { recipe, taken: 0, sites: HashMap::default() }
    }

    /// Whether the page is wanted for what it is, before its address is looked at.
    pub fn wants(&self, entry: &Entry<'_>) -> bool {
        let recipe = &self.recipe;
        let has = |wanted: &[String], value: &str| {
            wanted.is_empty() || wanted.iter().any(|it| it.eq_ignore_ascii_case(value))
        };
        let main_language = entry.languages.split(',').next().unwrap_or_default().trim();
        (recipe.statuses.is_empty() || entry.status.is_some_and(|status| recipe.statuses.contains(&status)))
            && has(&recipe.mimes, entry.mime.split(';').next().unwrap_or_default().trim())
            && has(&recipe.languages, main_language)
    }

    /// Takes a page or passes it.
    pub fn choose(&mut self, entry: &Entry<'_>) -> Choice {
        if self.recipe.pages_max > 0 && self.taken >= self.recipe.pages_max {
            return Choice::Enough;
        }
        if !self.wants(entry) {
            return Choice::Pass;
        }
        // What does not parse here is no page anybody could load; an index has a few of those.
        let Ok(url) = Url::parse(entry.url) else { return Choice::Pass };
        let Some(host) = url.host_str() else { return Choice::Pass };
        let below = |domain: &String| {
            host == domain || host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
        };
        if !self.recipe.domains.is_empty() && !self.recipe.domains.iter().any(below) {
            return Choice::Pass;
        }
        if self.recipe.pages_per_site > 0 {
            let key = self.sites.hasher().hash_one(site(&url));
            let taken = self.sites.entry(key).or_default();
            if *taken >= self.recipe.pages_per_site {
                return Choice::Pass;
            }
            *taken += 1;
        }
        self.taken += 1;
        Choice::Take(url)
    }

    /// Whether keys between two texts, in the order of SURT (`org,example)/`), may be of a wanted domain.
    pub fn may_be_between(&self, first: &[u8], last: &[u8]) -> bool {
        self.recipe.domains.is_empty()
            || self.recipe.domains.iter().any(|domain| {
                let start = domain.rsplit('.').collect::<Vec<_>>().join(",").into_bytes();
                // All keys of the domain begin with `start`, so they lie from it up to what begins with something larger.
                let is_behind = first > start.as_slice() && !first.starts_with(&start);
                !is_behind && last >= start.as_slice()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::source::IndexKind;

    fn recipe() -> CommonCrawlRecipe {
        CommonCrawlRecipe {
            snapshot: "CC-MAIN-2026-10".to_owned(),
            index: IndexKind::Cdx,
            files: Vec::new(),
            base: "https://data.commoncrawl.org/".to_owned(),
            domains: Vec::new(),
            languages: vec!["eng".to_owned()],
            statuses: vec![200],
            mimes: vec!["text/html".to_owned()],
            pages_per_site: 0,
            pages_max: 0,
            license: String::new(),
        }
    }

    fn entry(url: &str) -> Entry<'_> {
        Entry { url, status: Some(200), mime: "text/html", languages: "eng,deu" }
    }

    #[test]
    fn pages_are_taken_for_what_they_are() {
        let selection = Selection::new(recipe());
        assert!(selection.wants(&entry("https://a.org/")));
        assert!(!selection.wants(&Entry { languages: "deu,eng", ..entry("https://a.org/") }));
        assert!(!selection.wants(&Entry { languages: "", ..entry("https://a.org/") }));
        assert!(!selection.wants(&Entry { status: Some(301), ..entry("https://a.org/") }));
        assert!(!selection.wants(&Entry { status: None, ..entry("https://a.org/") }));
        assert!(selection.wants(&Entry { mime: "Text/HTML; charset=x", ..entry("https://a.org/") }));
    }

    #[test]
    fn domains_are_kept_to_and_capped() {
        let domains = vec!["example.org".to_owned()];
        let mut selection = Selection::new(CommonCrawlRecipe { domains, pages_per_site: 2, ..recipe() });
        let mut took = |url: &str| matches!(selection.choose(&entry(url)), Choice::Take(_));
        assert!(took("https://example.org/1"));
        assert!(!took("https://badexample.org/"));
        assert!(!took("no url"));
        assert!(took("https://a.example.org/2"));
        assert!(!took("https://b.example.org/3"), "the third of the site");
        let mut selection = Selection::new(CommonCrawlRecipe { pages_max: 1, ..recipe() });
        assert!(matches!(selection.choose(&entry("https://a.org/")), Choice::Take(_)));
        assert_eq!(selection.choose(&entry("https://b.org/")), Choice::Enough);
    }

    #[test]
    fn parts_of_an_index_without_the_domain_are_passed_over() {
        let domains = vec!["example.org".to_owned()];
        let selection = Selection::new(CommonCrawlRecipe { domains, ..recipe() });
        let may = |first: &str, last: &str| selection.may_be_between(first.as_bytes(), last.as_bytes());
        assert!(may("com,a)/", "org,z)/"));
        assert!(may("org,example)/a", "org,example)/b"));
        assert!(may("org,example,www)/", "org,f)/"));
        assert!(may("org,a)/", "org,example)/"));
        assert!(!may("org,f)/", "org,z)/"));
        assert!(!may("com,a)/", "org,a)/"));
    }
}
