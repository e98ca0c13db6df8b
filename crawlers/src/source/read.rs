//! Files of sources: on the disk or behind a URL, as they are or gzipped, read line by line within limits.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;
use url::Url;

use super::SourceError;
use crate::fetch::Fetch;

/// Where a file is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    File(PathBuf),
    Web(Url),
}

impl Place {
    /// Text that begins with `http://` or `https://` is a URL, all else a path.
    pub fn of(text: &str) -> Place {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Place::Web(url),
            _ => Place::File(text.into()),
        }
    }

    /// What it is called in messages.
    pub fn name(&self) -> String {
        match self {
            Place::File(path) => format!("`{}`", path.display()),
            Place::Web(url) => format!("`{url}`"),
        }
    }

    /// Its bytes, unpacked if it is gzipped, however it is named.
    pub fn open(&self, fetch: &Fetch) -> Result<Box<dyn BufRead + Send>, SourceError> {
        let raw: Box<dyn Read + Send> = match self {
            Place::File(path) => Box::new(File::open(path).map_err(SourceError::io(path))?),
            Place::Web(url) => Box::new(fetch.open(url)?),
        };
        unpacked(raw).map_err(|error| SourceError::Broken { file: self.name(), reason: error.to_string() })
    }
}

fn unpacked(raw: Box<dyn Read + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    let mut raw = BufReader::with_capacity(1 << 16, raw);
    // A gzip file that comes byte by byte would be taken for text; the first read of files and connections brings more.
    let is_packed = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_packed { Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(raw))) } else { Box::new(raw) })
}

/// The lines of a file, each up to a length.
pub(super) struct Lines<R> {
    reader: R,
    longest: usize,
    number: u64,
    line: Vec<u8>,
}

/// A line that is no text or too long.
#[derive(Debug, PartialEq)]
pub(super) enum BadLine {
    TooLong(usize),
    NotUtf8,
}

impl BadLine {
    pub fn reason(&self) -> String {
        match self {
            BadLine::TooLong(longest) => format!("it is longer than {longest} bytes"),
            BadLine::NotUtf8 => "it is not UTF-8".to_owned(),
        }
    }
}

impl<R: BufRead> Lines<R> {
    /// Lines of up to `longest` bytes.
    pub fn new(reader: R, longest: usize) -> Lines<R> {
        Lines { reader, longest, number: 0, line: Vec::new() }
    }

    /// The number of the line that was read last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its end and without space around it; `None` after the last.
    pub fn next(&mut self) -> io::Result<Option<Result<&str, BadLine>>> {
        self.line.clear();
        let mut is_long = false;
        let mut any = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            if self.line.len() + part.len() > self.longest {
                is_long = true;
            } else {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        if is_long {
            return Ok(Some(Err(BadLine::TooLong(self.longest))));
        }
        Ok(Some(std::str::from_utf8(&self.line).map(str::trim).map_err(|_| BadLine::NotUtf8)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_bad_ones_cost_only_themselves() {
        let text = b"one\r\n\n\xff\xfe\n0123456789012345678901234567890123456789\n  last ";
        let mut lines = Lines::new(BufReader::with_capacity(7, &text[..]), 20);
        let mut read = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let line = line.map(str::to_owned);
            read.push((lines.number(), line));
        }
        let expected = [
            (1, Ok("one".to_owned())),
            (2, Ok(String::new())),
            (3, Err(BadLine::NotUtf8)),
            (4, Err(BadLine::TooLong(20))),
            (5, Ok("last".to_owned())),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn places_are_urls_or_paths() {
        assert_eq!(Place::of("a/b.txt"), Place::File("a/b.txt".into()));
        assert_eq!(Place::of("https://a.test/b"), Place::Web(Url::parse("https://a.test/b").unwrap()));
        assert_eq!(Place::of("file:///a"), Place::File("file:///a".into()));
    }
}
