//! One WARC record: its headers and its block (WARC/1.0 and 1.1, ISO 28500).
//!
//! ```text
//! WARC/1.1
//! WARC-Type: response
//! WARC-Target-URI: https://example.org/
//! Content-Length: 1234
//!
//! HTTP/1.1 200 OK …
//! ```

use std::io::{self, BufRead, Read};

use super::problems::Problem;

/// The headers of a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    fields: Vec<(String, String)>,
    /// Bytes of the block that follows.
    pub length: u64,
}

impl Head {
    /// The value of a header, by its name in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The address of what was captured. Early writers put it in angle brackets.
    pub fn target(&self) -> Option<&str> {
        self.get("warc-target-uri").map(|uri| uri.trim_start_matches('<').trim_end_matches('>'))
    }
}

/// What stands where a record should.
#[derive(Debug)]
pub(super) enum Next {
    /// A record, whose block follows.
    Head(Head),
    /// Nothing more.
    End,
    /// No record.
    Bad(Problem),
}

/// Why reading failed: what is there, or the means to read it.
pub(super) fn problem_of(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Problem::Truncated,
        _ => Problem::Corrupt,
    }
}

/// Reads the headers of the record that comes next, after any empty lines.
///
/// # Errors
/// If reading or unpacking fails.
pub(super) fn next_head(reader: &mut impl BufRead, head_bytes: u64) -> io::Result<Next> {
    if !skip_line_ends(reader)? {
        return Ok(Next::End);
    }
    let mut reader = reader.take(head_bytes);
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if !line.starts_with(b"WARC/") || !line.ends_with(b"\n") {
        return Ok(Next::Bad(Problem::Head));
    }
    let mut head = Head::default();
    loop {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Ok(Next::Bad(if reader.limit() == 0 { Problem::Head } else { Problem::Truncated }));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            break;
        }
        match (text.starts_with([' ', '\t']), head.fields.last_mut(), text.split_once(':')) {
            (true, Some((_, value)), _) => {
                value.push(' ');
                value.push_str(text.trim());
            }
            (false, _, Some((name, value))) => {
                head.fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            // A line that is no header says nothing about the others.
            _ => {}
        }
    }
    match head.get("content-length").map(str::parse) {
        Some(Ok(length)) => {
            head.length = length;
            Ok(Next::Head(head))
        }
        _ => Ok(Next::Bad(Problem::Length)),
    }
}

/// Goes past empty lines; whether anything follows.
///
/// # Errors
/// If reading or unpacking fails.
pub(super) fn skip_line_ends(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(false);
        }
        let ends = buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let is_all = ends == buffer.len();
        reader.consume(ends);
        if !is_all {
            return Ok(true);
        }
    }
}

/// Reads up to `most` bytes of a block; fewer only where it ends or the file does.
///
/// # Errors
/// If reading or unpacking fails.
pub(super) fn read_block(reader: &mut impl BufRead, length: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut block = Vec::new();
    reader.take(length.min(most)).read_to_end(&mut block)?;
    Ok(block)
}

/// Goes past bytes; how many there were.
///
/// # Errors
/// If reading or unpacking fails.
pub(super) fn skip(reader: &mut impl BufRead, length: u64) -> io::Result<u64> {
    let mut left = length;
    while left > 0 {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        let used = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        reader.consume(used);
        left -= used as u64;
    }
    Ok(length - left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Next {
        next_head(&mut text.as_bytes(), 1000).unwrap()
    }

    #[test]
    fn headers_are_read_as_writers_write_them() {
        let text = "\r\n\r\nWARC/1.0\r\nWARC-Type:response\r\nwarc-target-uri: <http://a.test/>\r\nX: one\r\n two\r\n\
                    Content-Length: 12\r\n\r\nrest";
        let Next::Head(head) = head(text) else { panic!("a record") };
        assert_eq!((head.get("warc-type"), head.target(), head.length), (Some("response"), Some("http://a.test/"), 12));
        assert_eq!(head.get("x"), Some("one two"));
    }

    #[test]
    fn what_is_no_record_is_told_apart() {
        let problem = |text: &str| match head(text) {
            Next::Bad(problem) => Some(problem),
            Next::End | Next::Head(_) => None,
        };
        assert!(matches!(head("\r\n\r\n"), Next::End));
        assert_eq!(problem("HTTP/1.1 200 OK\r\n\r\n"), Some(Problem::Head));
        assert_eq!(problem("WARC/1.0\r\nContent-Length: -1\r\n\r\n"), Some(Problem::Length));
        assert_eq!(problem("WARC/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n"), Some(Problem::Length));
        assert_eq!(problem("WARC/1.0\r\nA: b\r\n\r\n"), Some(Problem::Length));
        assert_eq!(problem("WARC/1.0\r\nContent-Le"), Some(Problem::Truncated));
        assert_eq!(problem(&format!("WARC/1.0\r\nA: {}\r\n\r\n", "x".repeat(2000))), Some(Problem::Head));
    }

    #[test]
    fn blocks_end_where_they_say_or_where_the_file_does() {
        let mut reader = &b"0123456789"[..];
        assert_eq!(read_block(&mut reader, 4, 2).unwrap(), b"01");
        assert_eq!(skip(&mut reader, 2).unwrap(), 2);
        assert_eq!(read_block(&mut reader, 100, 100).unwrap(), b"456789");
        assert_eq!(skip(&mut reader, 5).unwrap(), 0);
    }
}
