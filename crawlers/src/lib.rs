//! The open web to grounding data: pages are found, shown in a real browser, operated, looked at, asked about, and stored.

pub mod picture;
pub mod words;

pub mod blocklist;
pub mod consent;
pub mod elements;
pub mod filter;
pub mod interact;
pub mod page;
pub mod questions;

/// Registrable domain of an address, or its host where there is none.
pub fn site_of(url: &str) -> String {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    psl::domain_str(&host).map(str::to_owned).unwrap_or(host)
}

/// SHA-256 in hex.
fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The time in UTC as RFC 3339, to the second.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
