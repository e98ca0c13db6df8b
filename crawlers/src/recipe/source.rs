//! Where pages come from and how their sites are treated: `[[source]]`, `[frontier]` and `[politeness]` of a recipe.
//!
//! ```toml
//! [[source]]
//! kind = "warc"
//! paths = ["archives/docs.warc.gz"]
//! license = "CC-BY-SA-4.0"
//!
//! [politeness]
//! contact = "https://example.org/crawler"
//! delay_ms = 2000
//! ```

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::address::Normalize;
use crate::synthetic::OcrRecipe;

/// One `[[source]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SourceRecipe {
    /// URLs, one a line. Empty lines and those that begin with `#` are skipped.
    List {
        /// The text file.
        path: PathBuf,
        /// Licence of the pages: an SPDX identifier or words.
        #[serde(default)]
        license: String,
    },
    /// These pages.
    Pages {
        /// Their URLs.
        urls: Vec<String>,
        /// Licence of the pages.
        #[serde(default)]
        license: String,
    },
    /// The pages of a sitemap or of those that a sitemap index lists.
    Sitemap {
        /// A file or an http or https URL; `.gz` may be.
        at: String,
        /// Most pages that are taken from it.
        #[serde(default = "defaults::sitemap_pages")]
        pages_max: u64,
        /// Most sitemaps that are read.
        #[serde(default = "defaults::sitemaps")]
        sitemaps_max: u32,
        /// Licence of the pages.
        #[serde(default)]
        license: String,
    },
    /// Pages that a snapshot of Common Crawl knows, loaded from the live web.
    CommonCrawl(CommonCrawlRecipe),
    /// The pages of a folder, served under a name of its own.
    Folder {
        /// The folder.
        path: PathBuf,
        /// The host name that its pages have, such as `docs.test`.
        host: String,
        /// Licence of the pages.
        #[serde(default)]
        license: String,
    },
    /// The pages of WARC files, replayed from them.
    Warc {
        /// The files, `.warc` or `.warc.gz`.
        paths: Vec<PathBuf>,
        /// Licence of the pages.
        #[serde(default)]
        license: String,
    },
    /// The pages of WACZ files, replayed from them.
    Wacz {
        /// The files.
        paths: Vec<PathBuf>,
        /// Licence of the pages.
        #[serde(default)]
        license: String,
    },
    /// Pages set from plain text, to be read.
    SyntheticOcr(OcrRecipe),
}

/// What is taken out of a snapshot of Common Crawl.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommonCrawlRecipe {
    /// Its name, such as `CC-MAIN-2026-10`.
    pub snapshot: String,
    /// Which of its two indexes is read.
    pub index: IndexKind,
    /// Files or https URLs of that index, in this order; all of the snapshot's if there are none. Answers of its index
    /// server (`https://index.commoncrawl.org/…?url=*.example.org&output=json`) are CDX lines as well.
    #[serde(default)]
    pub files: Vec<String>,
    /// Where files of the index are fetched from.
    #[serde(default = "defaults::common_crawl")]
    pub base: String,
    /// Domains, each with all below it; any if there are none.
    #[serde(default)]
    pub domains: Vec<String>,
    /// ISO 639-3 codes of a page's main language, such as `eng`; any if there are none.
    #[serde(default)]
    pub languages: Vec<String>,
    /// HTTP statuses; any if there are none.
    #[serde(default = "defaults::statuses")]
    pub statuses: Vec<u16>,
    /// MIME types, as detected where that is known; any if there are none.
    #[serde(default = "defaults::mimes")]
    pub mimes: Vec<String>,
    /// Most pages of one registrable domain; 0 is no limit.
    #[serde(default)]
    pub pages_per_site: u32,
    /// Most pages in all; 0 is no limit.
    #[serde(default)]
    pub pages_max: u64,
    /// Licence of the pages.
    #[serde(default)]
    pub license: String,
}

/// The two forms in which Common Crawl says what a snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexKind {
    /// CDX lines with JSON, sorted by address.
    Cdx,
    /// Parquet tables, of which only the columns that are needed are read.
    Columnar,
}

/// `[frontier]`: how the targets of all sources are handed out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrontierRecipe {
    /// Most pages of one registrable domain in the data set, so that no site fills it; 0 is no limit.
    pub pages_per_site: u32,
    /// Targets that are held in memory before they are handed out, so that hosts can take turns.
    pub read_ahead: usize,
    /// How many links away from a page of a source pages are taken; 0 follows none.
    pub link_depth: u32,
    /// Most pages that are found by links; the ids of all are held in memory, 16 bytes each.
    pub links_max: u64,
    /// Most times that one page is tried.
    pub attempts: u32,
    /// Whether parameters such as `utm_source` are dropped from addresses.
    pub drop_tracking: bool,
}

impl Default for FrontierRecipe {
    fn default() -> FrontierRecipe {
        FrontierRecipe {
            pages_per_site: 0,
            read_ahead: 4096,
            link_depth: 0,
            links_max: 1_000_000,
            attempts: 3,
            drop_tracking: true,
        }
    }
}

impl FrontierRecipe {
    /// How addresses are brought to one form.
    pub fn normalize(&self) -> Normalize {
        Normalize { drop_tracking: self.drop_tracking }
    }
}

/// `[politeness]`: how the sites of the live web are treated. Replayed pages and folders are not concerned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolitenessRecipe {
    /// A URL or mail address where the crawl's owner is reached; goes into the user agent. Needed for the live web.
    pub contact: String,
    /// From one page of a host to its next, in milliseconds. A longer `Crawl-delay` of its robots.txt is kept to.
    pub delay_ms: u64,
    /// The longest `Crawl-delay` that is kept to, in milliseconds; hosts that ask for more are left out.
    pub longest_delay_ms: u64,
    /// Pages of one host that are loaded at once.
    pub per_host: u32,
    /// Whether robots.txt is asked for and kept to.
    pub robots: bool,
    /// Bytes of a robots.txt that are read; the rest is as if it were not there (RFC 9309 asks for 500 KiB or more).
    pub robots_bytes: u64,
    /// How long a robots.txt is believed, in seconds (RFC 9309: at most a day).
    pub robots_seconds: u64,
    /// Hosts whose robots.txt and turn are remembered.
    pub hosts_max: usize,
    /// Times that what may pass (429, 5xx, no answer) is tried again.
    pub retries: u32,
    /// The first wait before such a try, in milliseconds; each further one is twice as long.
    pub retry_ms: u64,
    /// The longest such wait, in milliseconds, also where a server asks for a longer one.
    pub longest_retry_ms: u64,
    /// The longest time without a byte of a robots.txt, sitemap or index, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for PolitenessRecipe {
    fn default() -> PolitenessRecipe {
        PolitenessRecipe {
            contact: String::new(),
            delay_ms: 2000,
            longest_delay_ms: 60_000,
            per_host: 1,
            robots: true,
            robots_bytes: 512 << 10,
            robots_seconds: 86_400,
            hosts_max: 100_000,
            retries: 3,
            retry_ms: 2000,
            longest_retry_ms: 600_000,
            timeout_ms: 30_000,
        }
    }
}

impl PolitenessRecipe {
    /// What robots.txt files call us.
    pub const NAME: &'static str = "GlimCrawl";

    /// The `User-Agent` of requests that are not the browser's.
    pub fn user_agent(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        match self.contact.as_str() {
            "" => format!("{}/{version}", Self::NAME),
            contact => format!("{}/{version} (+{contact})", Self::NAME),
        }
    }

    /// From one page of a host to its next.
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

mod defaults {
    pub(super) fn sitemap_pages() -> u64 {
        1_000_000
    }

    pub(super) fn sitemaps() -> u32 {
        1000
    }

    pub(super) fn common_crawl() -> String {
        "https://data.commoncrawl.org/".to_owned()
    }

    pub(super) fn statuses() -> Vec<u16> {
        vec![200]
    }

    pub(super) fn mimes() -> Vec<String> {
        vec!["text/html".to_owned(), "application/xhtml+xml".to_owned()]
    }
}

impl SourceRecipe {
    /// The name of its kind, as it stands in recipes and records.
    pub fn kind(&self) -> &'static str {
        match self {
            SourceRecipe::List { .. } => "list",
            SourceRecipe::Pages { .. } => "pages",
            SourceRecipe::Sitemap { .. } => "sitemap",
            SourceRecipe::CommonCrawl(_) => "common_crawl",
            SourceRecipe::Folder { .. } => "folder",
            SourceRecipe::Warc { .. } => "warc",
            SourceRecipe::Wacz { .. } => "wacz",
            SourceRecipe::SyntheticOcr(_) => "synthetic_ocr",
        }
    }

    /// Whether its pages are loaded from the network.
    pub fn is_live(&self) -> bool {
        matches!(self, SourceRecipe::List { .. } | SourceRecipe::Sitemap { .. } | SourceRecipe::CommonCrawl(_))
    }

    fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |holds: bool, mistake: String| {
            if !holds {
                found.push(mistake);
            }
        };
        match self {
            SourceRecipe::List { path, .. } => check(!path.as_os_str().is_empty(), "`path` is empty".to_owned()),
            SourceRecipe::Pages { urls, .. } => check(!urls.is_empty(), "`urls` is empty".to_owned()),
            SourceRecipe::Sitemap { at, pages_max, sitemaps_max, .. } => {
                check(!at.is_empty(), "`at` is empty".to_owned());
                check(*pages_max > 0, "`pages_max` is 0".to_owned());
                check(*sitemaps_max > 0, "`sitemaps_max` is 0".to_owned());
            }
            SourceRecipe::CommonCrawl(recipe) => found = recipe.mistakes(),
            SourceRecipe::SyntheticOcr(recipe) => found = recipe.mistakes(),
            SourceRecipe::Folder { path, host, .. } => {
                check(!path.as_os_str().is_empty(), "`path` is empty".to_owned());
                check(is_host(host), format!("`host` is `{host}`, which is no host name in lower case"));
            }
            SourceRecipe::Warc { paths, .. } | SourceRecipe::Wacz { paths, .. } => {
                check(!paths.is_empty(), "`paths` is empty".to_owned());
            }
        }
        found
    }
}

/// Whether a text is a host name that comes out of a URL as it went in.
fn is_host(text: &str) -> bool {
    let url = Url::parse(&format!("http://{text}/"));
    url.is_ok_and(|url| url.host_str() == Some(text) && url.port().is_none() && url.path() == "/")
}

impl CommonCrawlRecipe {
    fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.snapshot.is_empty() || !self.snapshot.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            found.push(format!("`snapshot` is `{}`, and should be like `CC-MAIN-2026-10`", self.snapshot));
        }
        if Url::parse(&self.base).is_err() {
            found.push(format!("`base` is `{}`, which is no URL", self.base));
        }
        for domain in &self.domains {
            if !is_host(domain) {
                found.push(format!("`domains` has `{domain}`, which is no host name in lower case"));
            }
        }
        for language in &self.languages {
            if language.len() != 3 || !language.bytes().all(|byte| byte.is_ascii_lowercase()) {
                found.push(format!("`languages` has `{language}`, and Common Crawl has ISO 639-3 codes such as `eng`"));
            }
        }
        for status in &self.statuses {
            if !(100..600).contains(status) {
                found.push(format!("`statuses` has {status}, which is no HTTP status"));
            }
        }
        found
    }
}

/// All mistakes in these parts of a recipe; none if it can be used.
pub fn validate(sources: &[SourceRecipe], frontier: &FrontierRecipe, politeness: &PolitenessRecipe) -> Vec<String> {
    let mut found = Vec::new();
    if sources.is_empty() {
        found.push("there is no `[[source]]`".to_owned());
    }
    for (index, source) in sources.iter().enumerate() {
        let at = format!("source {} ({})", index + 1, source.kind());
        found.extend(source.mistakes().into_iter().map(|mistake| format!("{at}: {mistake}")));
    }
    let mut hosts = std::collections::BTreeSet::new();
    for source in sources {
        if let SourceRecipe::Folder { host, .. } = source
            && !hosts.insert(host)
        {
            found.push(format!("two folders have the host `{host}`"));
        }
    }
    let mut names = std::collections::BTreeSet::new();
    for source in sources {
        if let SourceRecipe::SyntheticOcr(recipe) = source
            && !names.insert(&recipe.name)
        {
            found.push(format!("two synthetic sources have the name `{}`", recipe.name));
        }
    }
    let positive = [
        ("frontier.read_ahead", frontier.read_ahead as u64),
        ("frontier.attempts", frontier.attempts.into()),
        ("politeness.per_host", politeness.per_host.into()),
        ("politeness.robots_bytes", politeness.robots_bytes),
        ("politeness.hosts_max", politeness.hosts_max as u64),
        ("politeness.retry_ms", politeness.retry_ms),
        ("politeness.timeout_ms", politeness.timeout_ms),
    ];
    for (name, value) in positive {
        if value == 0 {
            found.push(format!("`{name}` is 0, and should be 1 or more"));
        }
    }
    if politeness.robots_seconds > 86_400 {
        found.push(format!("`politeness.robots_seconds` is {}, and a day has 86400", politeness.robots_seconds));
    }
    if politeness.delay_ms > politeness.longest_delay_ms {
        found.push("`politeness.delay_ms` is more than `politeness.longest_delay_ms`".to_owned());
    }
    let contact = &politeness.contact;
    if contact.is_empty() && sources.iter().any(SourceRecipe::is_live) {
        found.push("`politeness.contact` is empty: sites of the live web must be able to reach you".to_owned());
    }
    if contact.chars().any(|letter| !letter.is_ascii_graphic() || "()".contains(letter)) {
        found.push(format!("`politeness.contact` is `{contact}`, and should be one URL or mail address"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Parts {
        source: Vec<SourceRecipe>,
        #[serde(default)]
        frontier: FrontierRecipe,
        #[serde(default)]
        politeness: PolitenessRecipe,
    }

    fn mistakes(text: &str) -> Vec<String> {
        let parts: Parts = toml::from_str(text).unwrap();
        validate(&parts.source, &parts.frontier, &parts.politeness)
    }

    #[test]
    fn a_good_recipe_has_no_mistakes() {
        let text = r#"
            [[source]]
            kind = "common_crawl"
            snapshot = "CC-MAIN-2026-10"
            index = "columnar"
            domains = ["example.org"]
            languages = ["eng"]
            pages_per_site = 20
            [[source]]
            kind = "folder"
            path = "docs"
            host = "docs.test"
            [politeness]
            contact = "https://example.org/crawler"
        "#;
        assert_eq!(mistakes(text), Vec::<String>::new());
    }

    #[test]
    fn all_mistakes_come_at_once() {
        let text = r#"
            [[source]]
            kind = "common_crawl"
            snapshot = "last"
            index = "cdx"
            domains = ["Example.org/"]
            languages = ["en"]
            [[source]]
            kind = "folder"
            path = ""
            host = "a b"
            [frontier]
            attempts = 0
        "#;
        let found = mistakes(text).join("\n");
        for part in ["Example.org/", "`en`", "source 2 (folder): `path`", "`a b`", "frontier.attempts", "contact"] {
            assert!(found.contains(part), "{part} is not in:\n{found}");
        }
    }

    #[test]
    fn unknown_fields_are_refused() {
        for text in [
            "[[source]]\nkind = \"list\"\npath = \"a\"\nlicence = \"MIT\"",
            "[[source]]\nkind = \"common_crawl\"\nsnapshot = \"a\"\nindex = \"cdx\"\nlanguage = [\"eng\"]",
            "source = []\n[politeness]\ndelay = 3",
        ] {
            assert!(toml::from_str::<Parts>(text).is_err(), "{text}");
        }
    }
}
