//! An index of Common Crawl as lines: `org,example)/ 20260101000000 {"url": …}`, or the JSON alone.

use glim_data::record::Source;
use serde::Deserialize;

use super::read::{Lines, Place};
use super::select::{Choice, Entry, Selection};
use super::{Emit, Halt, SourceError};
use crate::fetch::Fetch;

/// The longest line that is read, in bytes.
const LONGEST_LINE: usize = 64 << 10;
/// Bad lines of a file that are reported one by one.
const MOST_COMPLAINTS: u64 = 20;

/// The JSON of a line. Numbers are texts in it, as a rule.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    url: String,
    mime: String,
    #[serde(rename = "mime-detected")]
    mime_detected: String,
    status: Number,
    languages: String,
    digest: String,
    filename: String,
    offset: Number,
    length: Number,
}

#[derive(Debug, Default)]
struct Number(Option<u64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        // A revisit has `-` for its status.
        Ok(Number(value.as_u64().or_else(|| value.as_str()?.parse().ok())))
    }
}

/// Reads the files of an index.
pub(super) fn run(
    places: &[Place],
    mut selection: Selection,
    snapshot: &str,
    fetch: &Fetch,
    emit: &Emit,
) -> Result<(), Halt> {
    emit.each(places, |place| file(place, &mut selection, snapshot, fetch, emit))
}

/// Reads one file; whether more are wanted.
fn file(place: &Place, selection: &mut Selection, snapshot: &str, fetch: &Fetch, emit: &Emit) -> Result<bool, Halt> {
    let file = place.name();
    let broken = |error: std::io::Error| SourceError::Broken { file: file.clone(), reason: error.to_string() };
    let mut lines = Lines::new(place.open(fetch)?, LONGEST_LINE);
    let mut complaints = 0;
    while let Some(line) = lines.next().map_err(broken)? {
        let parsed = match line {
            Ok("") => continue,
            Ok(line) => fields(line),
            Err(bad) => Err(bad.reason()),
        };
        let fields = match parsed {
            Ok(fields) => fields,
            Err(reason) => {
                complaints += 1;
                if complaints <= MOST_COMPLAINTS {
                    emit.complain(SourceError::Line { file: file.clone(), line: lines.number(), reason })?;
                }
                continue;
            }
        };
        let mime = if fields.mime_detected.is_empty() { &fields.mime } else { &fields.mime_detected };
        let status = fields.status.0.and_then(|status| u16::try_from(status).ok());
        let entry = Entry { url: &fields.url, status, mime, languages: &fields.languages };
        match selection.choose(&entry) {
            Choice::Take(url) => {
                let source = Source {
                    kind: "common_crawl".to_owned(),
                    archive: if fields.filename.is_empty() { snapshot.to_owned() } else { fields.filename },
                    offset: fields.offset.0.unwrap_or(0),
                    length: fields.length.0.unwrap_or(0),
                    digest: fields.digest,
                };
                emit.address(url.as_str(), source, &file)?;
            }
            Choice::Pass => {}
            Choice::Enough => return Ok(false),
        }
    }
    if complaints > MOST_COMPLAINTS {
        let reason = format!("{complaints} lines were bad in all");
        emit.complain(SourceError::Line { file, line: lines.number(), reason })?;
    }
    Ok(true)
}

fn fields(line: &str) -> Result<Fields, String> {
    let start = line.find('{').ok_or("it has no JSON")?;
    serde_json::from_str(&line[start..]).map_err(|error| format!("its JSON cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_in_both_forms() {
        let json = r#"{"url": "https://example.org/a,{b}", "mime": "unk", "mime-detected": "text/html", "status": "200", "digest": "X", "length": "1234", "offset": 56, "filename": "crawl-data/a.warc.gz", "languages": "eng", "encoding": "UTF-8"}"#;
        for line in [json.to_owned(), format!("org,example)/a 20260101000000 {json}")] {
            let fields = fields(&line).unwrap();
            assert_eq!((fields.status.0, fields.offset.0, fields.length.0), (Some(200), Some(56), Some(1234)));
            assert_eq!(
                (fields.url.as_str(), fields.mime_detected.as_str()),
                ("https://example.org/a,{b}", "text/html")
            );
        }
        assert_eq!(fields(r#"org,a)/ 1 {"url": "x", "status": "-"}"#).unwrap().status.0, None);
        assert!(fields("org,a)/ 2026").is_err() && fields("org,a)/ 1 {\"url\":").is_err());
    }
}
