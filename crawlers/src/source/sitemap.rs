//! Sitemaps and sitemap indexes (<https://www.sitemaps.org/protocol.html>), from the disk or the web.

use std::io::Read as _;

use glim_data::record::Source;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::read::Place;
use super::{Emit, Halt, SourceError};
use crate::address::LONGEST_URL;
use crate::fetch::Fetch;

/// Bytes of one sitemap that are read, unpacked: what the protocol allows.
const MOST_BYTES: u64 = 50 << 20;
/// Sitemaps that one index may list, and pages that one sitemap may: what the protocol allows.
const MOST_ENTRIES: u64 = 50_000;
/// Indexes in indexes; the protocol has none, sites have.
const DEEPEST: u32 = 3;

/// Bounds on a sitemap with all that it lists.
pub(super) struct Bounds {
    pub pages_max: u64,
    pub sitemaps_max: u32,
}

/// Reads a sitemap and those that it lists, each before the next. One that cannot be read is reported.
pub(super) fn run(first: &Place, bounds: &Bounds, fetch: &Fetch, emit: &Emit) -> Result<(), Halt> {
    // The next one is last.
    let mut open = vec![(first.clone(), 0)];
    let (mut sitemaps, mut pages) = (0, 0);
    while let Some((place, depth)) = open.pop() {
        if sitemaps == bounds.sitemaps_max {
            let limit = bounds.sitemaps_max.into();
            return emit.complain(SourceError::Limit { file: first.name(), what: "sitemaps", limit });
        }
        sitemaps += 1;
        let mut below = Vec::new();
        let outcome = read(&place, fetch, emit, &mut |entry| match entry {
            Listed::Sitemap(address) => {
                below.push(address);
                Ok(())
            }
            Listed::Page(address) => {
                if pages == bounds.pages_max {
                    let limit = bounds.pages_max;
                    return Err(SourceError::Limit { file: first.name(), what: "pages", limit }.into());
                }
                pages += 1;
                emit.address(&address, Source { kind: "live".to_owned(), ..Source::default() }, &place.name())
            }
        });
        match outcome {
            Ok(()) => {}
            Err(Halt::Broke(error @ SourceError::Limit { what: "pages", .. })) => return emit.complain(error),
            Err(Halt::Broke(error)) => emit.complain(error)?,
            Err(Halt::Gone) => return Err(Halt::Gone),
        }
        if depth == DEEPEST && !below.is_empty() {
            let limit = DEEPEST.into();
            emit.complain(SourceError::Limit { file: first.name(), what: "indexes in each other", limit })?;
            continue;
        }
        for address in below.into_iter().rev() {
            // A sitemap of the web leads to the web; a file may lead anywhere that its owner may read.
            match (&place, Place::of(&address)) {
                (_, below @ Place::Web(_)) => open.push((below, depth + 1)),
                (Place::File(path), Place::File(name)) => {
                    let beside = path.parent().map(|folder| folder.join(&name)).unwrap_or(name);
                    open.push((Place::File(beside), depth + 1));
                }
                (Place::Web(_), Place::File(_)) => {
                    let reason = format!("the sitemap `{address}` that it lists is no URL");
                    emit.complain(SourceError::Broken { file: place.name(), reason })?;
                }
            }
        }
    }
    Ok(())
}

/// An entry of a sitemap.
#[derive(Debug, PartialEq)]
enum Listed {
    Page(String),
    Sitemap(String),
}

fn read(
    place: &Place,
    fetch: &Fetch,
    emit: &Emit,
    each: &mut dyn FnMut(Listed) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let bytes = place.open(fetch)?.take(MOST_BYTES + 1);
    let parsed = parse(bytes, each)?;
    if parsed.is_cut {
        return emit.complain(SourceError::Limit { file: place.name(), what: "bytes", limit: MOST_BYTES });
    }
    match parsed.broken {
        Some(reason) => Err(SourceError::Broken { file: place.name(), reason }.into()),
        None if parsed.is_full => {
            emit.complain(SourceError::Limit { file: place.name(), what: "entries", limit: MOST_ENTRIES })
        }
        None => Ok(()),
    }
}

#[derive(Debug, Default)]
struct Parsed {
    /// Why the XML could be read only so far.
    broken: Option<String>,
    /// Whether there were more bytes than are read.
    is_cut: bool,
    /// Whether there were more entries than are taken.
    is_full: bool,
}

/// Calls `each` with what stands in `<loc>`. What is read before a mistake in the XML counts.
fn parse(
    bytes: std::io::Take<impl std::io::BufRead>,
    each: &mut dyn FnMut(Listed) -> Result<(), Halt>,
) -> Result<Parsed, Halt> {
    let mut parsed = Parsed::default();
    let mut reader = Reader::from_reader(bytes);
    let mut buffer = Vec::new();
    let mut entries = 0;
    // The element around, and the text of the `<loc>` that is open.
    let (mut is_index, mut location) = (false, None::<String>);
    loop {
        buffer.clear();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(error) => {
                parsed.broken = Some(error.to_string());
                break;
            }
        };
        match event {
            Event::Start(start) => match start.local_name().as_ref() {
                "sitemap" => is_index = true,
                "url" => is_index = false,
                "loc" => location = Some(String::new()),
                _ => {}
            },
            Event::Text(text) => add(&mut location, &text.xml10_content()),
            Event::CData(text) => add(&mut location, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let named = match reference.as_ref() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference.resolve_char_ref().ok().flatten(),
                };
                // Entities that the document defines itself are not expanded: that is how small files become large.
                add(&mut location, named.map(String::from).as_deref().unwrap_or_default());
            }
            Event::End(end) if end.local_name().as_ref() == "loc" => {
                let Some(found) = location.take() else { continue };
                entries += 1;
                if entries > MOST_ENTRIES {
                    parsed.is_full = true;
                    break;
                }
                let found = found.trim().to_owned();
                each(if is_index { Listed::Sitemap(found) } else { Listed::Page(found) })?;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    parsed.is_cut = reader.into_inner().limit() == 0;
    Ok(parsed)
}

fn add(location: &mut Option<String>, text: &str) {
    // One byte more than an address may have, so that it is found to be too long and not taken for a shorter one.
    if let Some(location) = location.as_mut().filter(|location| location.len() <= LONGEST_URL) {
        location.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn parsed(text: &str) -> (Vec<Listed>, Parsed) {
        let mut found = Vec::new();
        let bytes = BufReader::new(text.as_bytes()).take(10_000);
        let outcome = parse(bytes, &mut |entry| {
            found.push(entry);
            Ok(())
        });
        (found, outcome.unwrap_or_else(|_| panic!("nobody halts")))
    }

    #[test]
    fn sitemaps_and_indexes_are_read() {
        let (found, parsed) = parsed(
            r#"<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
               xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
               <url><loc> https://a.test/?a=1&amp;b=2&#38;c </loc><lastmod>2026-01-01</lastmod></url>
               <url><loc><![CDATA[https://a.test/x&y]]></loc></url></urlset>"#,
        );
        let page = |text: &str| Listed::Page(text.to_owned());
        assert_eq!(found, [page("https://a.test/?a=1&b=2&c"), page("https://a.test/x&y")]);
        assert!(parsed.broken.is_none() && !parsed.is_cut);
        let index = "<s:sitemapindex xmlns:s='x'><s:sitemap><s:loc>https://a.test/1.xml.gz</s:loc></s:sitemap></s:sitemapindex>";
        assert_eq!(self::parsed(index).0, [Listed::Sitemap("https://a.test/1.xml.gz".to_owned())]);
    }

    #[test]
    fn hostile_xml_costs_nothing() {
        let bomb =
            "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><urlset><url><loc>http://a/&b;</loc></url>";
        assert_eq!(parsed(bomb).0, [Listed::Page("http://a/".to_owned())]);
        let (found, outcome) = parsed("<urlset><url><loc>http://a/</loc></url></wrong>");
        assert_eq!((found.len(), outcome.broken.is_some()), (1, true));
        let long = format!("<urlset><url><loc>http://a/{}", "x".repeat(20_000));
        assert!(parsed(&long).1.is_cut);
        assert!(parsed("").0.is_empty() && parsed("\u{0}<<<>>").0.is_empty());
    }
}
