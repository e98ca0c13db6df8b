//! Where an episode begins.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Viewport;

/// The state that a reset puts a world into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "world", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "there is one for each episode")]
pub enum StartState {
    /// A page in a browser.
    Web(WebStart),
    /// A still picture, shown as it is.
    Picture(PictureStart),
}

/// A still picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureStart {
    /// Its file: PNG, JPEG or WebP. A pixel of it is a CSS pixel of the screen.
    pub path: PathBuf,
}

/// A page, and the fence around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebStart {
    /// The page to load.
    pub url: String,
    /// The size of the screen; the environment's own if absent.
    pub viewport: Option<Viewport>,
    /// Width and height in CSS pixels that the page is laid out in, where it needs more room than the agent is to see:
    /// the screen is then the top left corner of it. The viewport's own size if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<(u32, u32)>,
    /// Host names that are answered by servers of ours on loopback, whatever their port: `shop.test` to an address.
    /// They are allowed by being named here.
    pub routes: BTreeMap<String, SocketAddr>,
    /// Hosts that may be reached beside the routes: `example.org` (that host), `*.example.org` (it and those below),
    /// `*` (any public host).
    pub allow: Vec<String>,
    /// A server of ours on loopback that answers for every other host, over http and https alike, as an archive of the web
    /// does. With it nothing is asked of the network, and `allow` says nothing. The scheme that the page asked with is in
    /// the header `X-Forwarded-Proto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<SocketAddr>,
    /// What pages are told of the reader and the device.
    #[serde(default, skip_serializing_if = "Reader::is_plain")]
    pub reader: Reader,
    /// Whether files may be saved.
    pub downloads: bool,
    /// Whose time the page lives in.
    pub clock: Clock,
    /// An expression that begins an episode in the loaded page, evaluated in the page's own world. With it, a reset of a
    /// page that is still loaded from `url` runs only this instead of loading again.
    pub begin: Option<String>,
    /// Load the page again at each reset although it has `begin`, because it keeps something of an earlier episode.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reload: bool,
    /// An expression that is true once the episode can be observed; waited for after `begin`.
    pub ready: Option<String>,
    /// An expression that is evaluated with every observation; its value is [`crate::Step::signal`].
    pub watch: Option<String>,
}

/// What pages are told of the reader and the device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reader {
    /// A phone or a tablet: touch, mobile layout and user agent.
    pub mobile: bool,
    /// Prefers dark pages.
    pub dark: bool,
    /// BCP 47 tag of the language that is asked for; `en-US` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Put behind the browser's user agent: who this is and whom to ask about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

impl Reader {
    /// Whether there is nothing that a page is to be told.
    pub fn is_plain(&self) -> bool {
        *self == Reader::default()
    }
}

/// Whose time a page lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Virtual time that passes only while the environment settles or waits: equal seeds give equal pixels.
    #[default]
    Virtual,
    /// Wall time, for live sites.
    Real,
}

impl WebStart {
    /// A page on the open web, on the wall clock, with its own host and those below it allowed.
    pub fn live(url: &str) -> WebStart {
        let allow = url::Url::parse(url).ok().and_then(|url| match url.host()? {
            url::Host::Domain("localhost") => Some("localhost".to_owned()),
            url::Host::Domain(name) => Some(format!("*.{}", name.trim_start_matches("www."))),
            address => Some(address.to_string().trim_matches(['[', ']']).to_owned()),
        });
        let allow = allow.into_iter().collect();
        WebStart { allow, clock: Clock::Real, ..WebStart::local(url) }
    }

    /// A page of ours in virtual time; add its route with [`WebStart::route`].
    pub fn local(url: &str) -> WebStart {
        WebStart {
            url: url.to_owned(),
            viewport: None,
            window: None,
            routes: BTreeMap::new(),
            allow: Vec::new(),
            archive: None,
            reader: Reader::default(),
            downloads: false,
            clock: Clock::Virtual,
            begin: None,
            reload: false,
            ready: None,
            watch: None,
        }
    }

    /// Lets a server of ours answer for a host name.
    #[must_use]
    pub fn route(mut self, host: &str, to: SocketAddr) -> WebStart {
        self.routes.insert(host.to_owned(), to);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_page_may_reach_its_own_site_and_no_other() {
        assert_eq!(WebStart::live("https://www.example.org/a").allow, ["*.example.org"]);
        assert_eq!(WebStart::live("http://127.0.0.1:8080/").allow, ["127.0.0.1"]);
        assert_eq!(WebStart::live("http://[::1]/").allow, ["::1"]);
        assert_eq!(WebStart::live("http://localhost:3000").allow, ["localhost"]);
        assert_eq!(WebStart::live("not a url").allow, Vec::<String>::new());
    }
}
