//! The open web to grounding data: pages are found, shown in a real browser, operated, looked at, asked about, and stored.
//!
//! Where pages come from:
//! - [`recipe`]: what a crawl is told to do
//! - [`address`]: one form for each address, and what is made of it: the page's id and its site
//! - [`fetch`]: robots.txt, sitemaps and indexes over HTTP; pages themselves are loaded by the browser
//! - [`source`]: what to crawl, as a stream of targets
//! - [`archive`]: WARC and WACZ, read, written and replayed; folders of HTML, served
//! - [`frontier`]: which target is next, and for whom
//! - [`politeness`]: when a site may be visited, and whether at all
//!
//! What becomes of them:
//! - [`page`]: one page shown and operated; [`consent`], [`interact`] and [`blocklist`] say how
//! - [`picture`] and [`elements`]: what is really on the screen
//! - [`filter`]: what is worth keeping
//! - [`questions`]: what is asked about it, and the answers
//! - [`synthetic`]: pages made to be read, and pages as code
//! - [`crawl`]: all of it, from targets to a dataset

pub mod address;
pub mod archive;
pub mod fetch;
pub mod frontier;
pub mod politeness;
pub mod recipe;
pub mod source;

pub mod crawl;

pub mod blocklist;
pub mod consent;
pub mod elements;
pub mod filter;
pub mod interact;
pub mod page;
pub mod picture;
pub mod questions;
pub mod synthetic;
mod words;

/// The time in UTC as RFC 3339, to the second.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
