//! The open web to grounding data: pages are found, shown in a real browser, operated, looked at, asked about, and stored.
//!
//! - [`recipe`]: what a crawl is told to do
//! - [`address`]: one form for each address, and what is made of it: the page's id and its site
//! - [`fetch`]: robots.txt, sitemaps and indexes over HTTP; pages themselves are loaded by the browser
//! - [`source`]: what to crawl, as a stream of targets
//! - [`archive`]: WARC and WACZ, read, written and replayed; folders of HTML, served
//! - [`frontier`]: which target is next, and for whom
//! - [`politeness`]: when a site may be visited, and whether at all

pub mod address;
pub mod archive;
pub mod fetch;
pub mod frontier;
pub mod politeness;
pub mod recipe;
pub mod source;
