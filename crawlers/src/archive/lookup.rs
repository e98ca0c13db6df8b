//! Which capture answers a request.
//!
//! Pages ask for addresses that no archive has: with the time of day in them, a random number, the name of a callback. In
//! outline this is what pywb and wabac do: the very address, its twin on the other scheme, the same address but for
//! parameters that mean nothing, and for parts of a page the one whose parameters are nearest.
//!
//! Keys are addresses without their scheme: `example.org/a?b=c`.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use url::Url;

use crate::address::is_tracking;

/// Captures of one path that are compared.
const MOST_COMPARED: usize = 1000;

/// Parameters that only keep caches from answering.
const CACHE_BUSTERS: [&str; 19] = [
    "_",
    "__",
    "_t",
    "_ts",
    "cachebust",
    "cachebuster",
    "callback",
    "cb",
    "jsonp",
    "no_cache",
    "nocache",
    "r",
    "rand",
    "random",
    "rnd",
    "t",
    "time",
    "timestamp",
    "ts",
];

/// How near the capture is to what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// The very address.
    Exact,
    /// The same address on http instead of https, or the other way round.
    Twin,
    /// The same address but for parameters that follow people around or keep caches from answering.
    Query,
    /// The same path with other parameters.
    Path,
}

/// Captures of one address, by their numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// Of http.
    pub plain: Option<Number>,
    /// Of https.
    pub secure: Option<Number>,
    /// Of requests that were no GET.
    pub other: Option<Number>,
}

/// The number of a capture; one less is its place in the index, so that `Option<Number>` takes four bytes.
pub(super) type Number = std::num::NonZeroU32;

/// All addresses of an index.
pub(super) type Keys = BTreeMap<Arc<str>, Slot>;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    pub key: &'a str,
    pub is_secure: bool,
    pub is_get: bool,
    /// Whether it becomes a page of its own, which must not be another one.
    pub is_document: bool,
}

/// The key of an address, and whether it is of https.
pub(super) fn key_of(url: &Url) -> (String, bool) {
    let is_secure = url.scheme() == "https";
    let mut key = crate::address::authority(url);
    key.push_str(url.path());
    if let Some(query) = url.query() {
        key.push('?');
        key.push_str(query);
    }
    (key, is_secure)
}

/// The captures that may answer, the best first.
pub(super) fn find(keys: &Keys, asked: Asked<'_>) -> Vec<(Number, Match)> {
    let mut found = Vec::new();
    let exact = keys.get(asked.key).copied().unwrap_or_default();
    if !asked.is_get
        && let Some(other) = exact.other
    {
        found.push((other, Match::Exact));
    }
    let (own, twin) = both(exact, asked.is_secure);
    found.extend(own.map(|number| (number, Match::Exact)));
    found.extend(twin.map(|number| (number, Match::Twin)));
    if found.is_empty() {
        found.extend(nearest(keys, asked));
    }
    found
}

fn both(slot: Slot, is_secure: bool) -> (Option<Number>, Option<Number>) {
    if is_secure { (slot.secure, slot.plain) } else { (slot.plain, slot.secure) }
}

/// Whether all that means something is the same, how many parameters are and how many names, and how few are wanting.
type Score = (bool, usize, usize, std::cmp::Reverse<usize>);

fn nearest(keys: &Keys, asked: Asked<'_>) -> Option<(Number, Match)> {
    let (path, query) = asked.key.split_once('?').unwrap_or((asked.key, ""));
    let wanted = Pairs::of(query);
    let mut best: Option<(Score, Number)> = None;
    let with_query = format!("{path}?");
    let bare = keys.get_key_value(path).into_iter();
    let queried = keys
        .range::<str, _>((Bound::Included(with_query.as_str()), Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(&with_query));
    for (key, slot) in bare.chain(queried).take(MOST_COMPARED) {
        let (own, twin) = both(*slot, asked.is_secure);
        let Some(number) = own.or(twin).or(slot.other.filter(|_| !asked.is_get)) else { continue };
        let have = Pairs::of(key.split_once('?').map_or("", |(_, query)| query));
        let is_same = have.meaningful == wanted.meaningful;
        if !is_same && (asked.is_document || asked.key.ends_with('/')) {
            continue;
        }
        let pairs = wanted.meaningful.iter().filter(|pair| have.meaningful.contains(pair)).count();
        let names = wanted.names().filter(|name| have.names().any(|known| known == *name)).count();
        // With no name in common it is another question to the same server.
        if !is_same && names == 0 && !(wanted.meaningful.is_empty() || have.meaningful.is_empty()) {
            continue;
        }
        let score = (is_same, pairs, names, std::cmp::Reverse(have.meaningful.len()));
        if best.is_none_or(|(known, _)| score > known) {
            best = Some((score, number));
        }
    }
    best.map(|((is_same, ..), number)| (number, if is_same { Match::Query } else { Match::Path }))
}

/// The parameters of a query that mean something, in the order of their text.
#[derive(PartialEq)]
struct Pairs<'a> {
    meaningful: Vec<&'a str>,
}

impl<'a> Pairs<'a> {
    fn of(query: &'a str) -> Pairs<'a> {
        let mut meaningful: Vec<&str> =
            query.split('&').filter(|pair| !pair.is_empty() && !is_tracking(pair) && !is_cache_buster(pair)).collect();
        meaningful.sort_unstable();
        Pairs { meaningful }
    }

    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.meaningful.iter().map(|pair| pair.split('=').next().unwrap_or_default())
    }
}

/// Whether a parameter only makes an address new: by its name, or because it is nothing but a long number.
fn is_cache_buster(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let is_time = value.len() >= 10 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_bare_number = value.is_empty() && name.len() >= 6 && name.bytes().all(|byte| byte.is_ascii_digit());
    is_time || is_bare_number || CACHE_BUSTERS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(addresses: &[&str]) -> Keys {
        let mut keys = Keys::new();
        for (at, address) in (1..).zip(addresses) {
            let (key, is_secure) = key_of(&Url::parse(address).unwrap());
            let slot = keys.entry(key.into()).or_default();
            let number = Number::new(at);
            if is_secure { slot.secure = number } else { slot.plain = number }
        }
        keys
    }

    fn first(keys: &Keys, address: &str, is_document: bool) -> Option<(u32, Match)> {
        let (key, is_secure) = key_of(&Url::parse(address).unwrap());
        let asked = Asked { key: &key, is_secure, is_get: true, is_document };
        find(keys, asked).first().map(|(number, found)| (number.get(), *found))
    }

    #[test]
    fn the_nearest_capture_answers() {
        let keys = keys(&[
            "http://a.test/",
            "https://a.test/",
            "https://a.test/data?q=cats&page=1&_=1700000000000",
            "https://a.test/data?q=dogs&page=1",
            "https://a.test/app.js?v=3",
            "https://a.test/data-more?q=cats",
            "http://b.test:8080/x?a=1",
        ]);
        let part = |address: &str| first(&keys, address, false);
        assert_eq!(part("http://a.test/"), Some((1, Match::Exact)));
        assert_eq!(part("https://a.test/"), Some((2, Match::Exact)));
        assert_eq!(part("http://a.test/app.js?v=3"), Some((5, Match::Twin)));
        assert_eq!(part("https://a.test/data?page=1&q=cats&_=99"), Some((3, Match::Query)));
        assert_eq!(part("https://a.test/data?page=1&q=dogs&utm_source=x"), Some((4, Match::Query)));
        assert_eq!(part("https://a.test/data?q=dogs&page=2"), Some((4, Match::Path)));
        assert_eq!(part("https://a.test/app.js?v=4"), Some((5, Match::Path)));
        assert_eq!(part("https://a.test/app.js"), Some((5, Match::Path)));
        assert_eq!(part("https://a.test/data?other=1"), None);
        assert_eq!(part("https://a.test/none"), None);
        assert_eq!(part("http://b.test/x?a=1"), None);
        assert_eq!(part("http://b.test:8080/x?a=2"), Some((7, Match::Path)));
    }

    #[test]
    fn a_page_is_never_another_one() {
        let keys = keys(&["https://a.test/article?id=1", "https://a.test/article?id=2&utm_source=x"]);
        assert_eq!(first(&keys, "https://a.test/article?id=3", true), None);
        assert_eq!(first(&keys, "https://a.test/article", true), None);
        assert_eq!(first(&keys, "https://a.test/article?id=2", true), Some((2, Match::Query)));
        assert_eq!(first(&keys, "https://a.test/article?id=3", false), Some((1, Match::Path)));
    }

    #[test]
    fn what_only_makes_addresses_new_is_known() {
        for pair in ["_=1", "cb=abc", "x=1700000000000", "123456789", "callback=jQuery123"] {
            assert!(is_cache_buster(pair), "{pair}");
        }
        for pair in ["id=123", "q=now", "page=2", "12"] {
            assert!(!is_cache_buster(pair), "{pair}");
        }
    }
}
