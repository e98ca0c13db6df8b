//! One form for each address, and what is made of it: the page's id and its site.
//!
//! Two addresses that name the same page should become one, and two pages must never. So what a server cannot see (the
//! fragment) or must ignore (default ports, upper case in host names) goes, and parameters that only follow people around
//! go if the recipe says so. The order of parameters stays: there are servers to which it means something.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

/// The longest address that is taken, in bytes. Browsers take longer ones; nobody links to them.
pub const LONGEST_URL: usize = 8192;

/// Query parameters that say where a visitor came from, and nothing about the page.
const TRACKING: [&str; 18] = [
    "_ga", "_gl", "_hsenc", "_hsmi", "dclid", "fbclid", "gbraid", "gclid", "gclsrc", "igshid", "mc_cid", "mc_eid",
    "mkt_tok", "msclkid", "twclid", "wbraid", "yclid", "ysclid",
];

/// How addresses are brought to one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Normalize {
    /// Whether parameters such as `utm_source` and `gclid` are dropped.
    pub drop_tracking: bool,
}

/// Why a text is no address of a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It does not parse.
    #[error("`{text}` is not a URL: {reason}")]
    Malformed {
        /// The text, shortened.
        text: String,
        /// What the parser said.
        reason: String,
    },
    /// It is not of the web.
    #[error("`{text}` begins with `{scheme}:`, and only http and https are crawled")]
    Scheme {
        /// The text, shortened.
        text: String,
        /// Its scheme.
        scheme: String,
    },
    /// It is too long.
    #[error("a URL has {length} bytes, and the most is {LONGEST_URL}: `{text}`")]
    TooLong {
        /// The text, shortened.
        text: String,
        /// Its length in bytes.
        length: usize,
    },
}

impl Normalize {
    /// Reads an address and brings it to its one form.
    ///
    /// # Errors
    /// If it is no http or https URL, or longer than [`LONGEST_URL`].
    pub fn parse(&self, text: &str) -> Result<Url, AddressError> {
        let text = text.trim();
        if text.len() > LONGEST_URL {
            return Err(AddressError::TooLong { text: shortened(text), length: text.len() });
        }
        let url = Url::parse(text)
            .map_err(|error| AddressError::Malformed { text: shortened(text), reason: error.to_string() })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(AddressError::Scheme { text: shortened(text), scheme: url.scheme().to_owned() });
        }
        Ok(self.apply(url))
    }

    /// The one form of an http or https address. Applied twice, it changes nothing more.
    pub fn apply(&self, mut url: Url) -> Url {
        url.set_fragment(None);
        // Both fail only for addresses without a host, which http and https ones have.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if let Some(query) = url.query() {
            let kept: Vec<&str> = query.split('&').filter(|pair| !(self.drop_tracking && is_tracking(pair))).collect();
            let kept = kept.join("&");
            if kept.len() != query.len() || kept.is_empty() {
                url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
            }
        }
        url
    }
}

/// Whether a `name=value` of a query only says where a visitor came from.
pub(crate) fn is_tracking(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("utm_"))
        || TRACKING.iter().any(|tracking| name.eq_ignore_ascii_case(tracking))
}

/// The first characters of an address, for messages.
pub(crate) fn shortened(text: &str) -> String {
    match text.floor_char_boundary(200) {
        end if end < text.len() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}

/// Names a page: the first 16 bytes of the SHA-256 of its address in its one form, in hex where it is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId([u8; 16]);

impl PageId {
    /// The id of an address that [`Normalize`] has seen.
    pub fn of(url: &Url) -> PageId {
        let digest = ring::digest::digest(&ring::digest::SHA256, url.as_str().as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&digest.as_ref()[..16]);
        PageId(id)
    }
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no page id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a page id of 32 hexadecimal digits")]
pub struct NoPageId(String);

impl FromStr for PageId {
    type Err = NoPageId;

    fn from_str(text: &str) -> Result<PageId, NoPageId> {
        let wrong = || NoPageId(shortened(text));
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        u128::from_str_radix(text, 16).map(|number| PageId(number.to_be_bytes())).map_err(|_| wrong())
    }
}

impl Serialize for PageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PageId, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The registrable domain (`example.co.uk`), or the host where there is none: addresses, `localhost`, `docs.test`.
pub fn site(url: &Url) -> String {
    match url.host() {
        Some(Host::Domain(name)) => site_of_name(name),
        Some(host) => host.to_string(),
        None => String::new(),
    }
}

fn site_of_name(name: &str) -> String {
    let name = name.trim_end_matches('.');
    match psl::domain(name.as_bytes()) {
        // Without a rule for its last label, all that the list does is guess.
        Some(domain) if domain.suffix().is_known() => String::from_utf8_lossy(domain.as_bytes()).into_owned(),
        _ => name.to_owned(),
    }
}

/// `example.org:8080`, or `example.org` on the scheme's own port: what delays and robots.txt are counted for.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Why a page of the live web is not asked for, judged by its address alone; names are judged again once they resolve.
pub fn is_private_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => glim_browser::is_private(ip.into()),
        Some(Host::Ipv6(ip)) => glim_browser::is_private(ip.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost"
                || name.ends_with(".localhost")
                || name.ends_with(".local")
                || name.ends_with(".internal")
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        Normalize { drop_tracking: true }.parse(text).unwrap().to_string()
    }

    #[test]
    fn one_page_has_one_address() {
        let cases = [
            ("HTTP://Example.ORG:80", "http://example.org/"),
            ("https://example.org:443/a?#top", "https://example.org/a"),
            ("https://example.org:8443/a", "https://example.org:8443/a"),
            ("https://me:secret@example.org/a/../b", "https://example.org/b"),
            ("https://example.org/?utm_source=x&id=3&gclid=9", "https://example.org/?id=3"),
            ("https://example.org/?UTM_medium=x", "https://example.org/"),
            ("https://example.org/?b=2&a=1", "https://example.org/?b=2&a=1"),
            ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ];
        for (text, expected) in cases {
            assert_eq!(form(text), expected);
            assert_eq!(form(expected), expected);
        }
        let keeps = Normalize { drop_tracking: false };
        assert_eq!(keeps.parse("http://a.test/?utm_id=1").unwrap().as_str(), "http://a.test/?utm_id=1");
    }

    #[test]
    fn what_is_no_page_is_told_apart() {
        let parse = |text: &str| Normalize { drop_tracking: false }.parse(text).unwrap_err().to_string();
        assert!(parse("example.org").contains("not a URL"));
        assert!(parse("ftp://example.org/").contains("`ftp:`"));
        assert!(parse(&format!("http://a/{}", "x".repeat(9000))).contains("9009 bytes"));
    }

    #[test]
    fn ids_are_fixed_and_read_back() {
        let id = PageId::of(&Url::parse("http://docs.test/").unwrap());
        assert_eq!(id.to_string(), "8588055ad8c19eefa9503b78249bb03b");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("+588055adaf95ba387eb2d41ef64fb1".parse::<PageId>().is_err());
    }

    #[test]
    fn sites_are_registrable_domains() {
        let site = |text: &str| site(&Url::parse(text).unwrap());
        assert_eq!(site("https://a.b.example.co.uk/"), "example.co.uk");
        assert_eq!(site("https://me.github.io/"), "me.github.io");
        assert_eq!(site("http://docs.test/"), "docs.test");
        assert_eq!(site("http://a.docs.test/"), "a.docs.test");
        assert_eq!(site("http://127.0.0.1:9/"), "127.0.0.1");
        assert_eq!(site("http://com/"), "com");
    }

    #[test]
    fn private_hosts_are_known() {
        let private = |text: &str| is_private_host(&Url::parse(text).unwrap());
        for address in ["http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://0x7f.1/", "http://a.local/"]
        {
            assert!(private(address), "{address}");
        }
        for address in ["http://example.org/", "http://93.184.216.34/", "http://[2606:2800:220:1::1]/"] {
            assert!(!private(address), "{address}");
        }
    }
}
