//! An archived HTTP response: its head, and its body without chunks and encodings.
//!
//! Recorders differ in what they keep: some store the bytes of the wire, others the unpacked body under headers that still
//! speak of gzip and chunks. So each coding is taken off only if it is really there, and the headers that name codings go.

use std::io::{self, Read};

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::problems::Problem;

/// Headers of one message that are kept.
const MOST_HEADERS: usize = 256;
/// Encodings on top of each other that are taken off.
const MOST_ENCODINGS: usize = 4;
/// The largest window of a zstd stream, as a power of two; what browsers take.
const ZSTD_WINDOW: u32 = 23;

/// A response as it is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The status.
    pub status: u16,
    /// Headers as archived, names in lower case, without those of chunks and encodings.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

/// The head of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MessageHead {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its bytes, after which the body begins.
    pub length: usize,
}

impl MessageHead {
    /// The first value of a header, by its name in lower case, if it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// The media type of the body without its parameters, in lower case.
    pub fn mime(&self) -> String {
        let value = self.get("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// Reads the head of a response; `None` if there is none within `most` bytes.
pub(super) fn response_head(bytes: &[u8], most: usize) -> Option<MessageHead> {
    let (first, headers, length) = head(bytes, most)?;
    let mut words = first.split_ascii_whitespace();
    let version = words.next()?;
    // HTTP/2 and HTTP/3 have no such line, and recorders make up `HTTP/2 200`.
    if !version.starts_with("HTTP/") {
        return None;
    }
    let status = words.next()?.parse().ok().filter(|status| (100..1000).contains(status))?;
    Some(MessageHead { status, headers, length })
}

/// The method of a request, and what the browser wanted it for (`Sec-Fetch-Dest`).
pub(super) fn request_line(bytes: &[u8], most: usize) -> Option<(String, Option<String>)> {
    let (first, headers, _) = head(bytes, most)?;
    let method = first.split_ascii_whitespace().next()?.to_ascii_uppercase();
    let destination = headers.into_iter().find(|(name, _)| name == "sec-fetch-dest");
    Some((method, destination.and_then(|(_, value)| String::from_utf8(value).ok())))
}

type Lines = (String, Vec<(String, Vec<u8>)>, usize);

/// The first line, the headers, and how many bytes that is.
fn head(bytes: &[u8], most: usize) -> Option<Lines> {
    let mut at = 0;
    let mut first = None;
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    loop {
        let rest = bytes.get(at..most.min(bytes.len()))?;
        let (line, next) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&rest[..end], at + end + 1),
            // A response without a body may end with its last header.
            None if rest.is_empty() && at == bytes.len() => (rest, at),
            None => return None,
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at = next;
        if first.is_none() {
            first = Some(String::from_utf8_lossy(line).into_owned());
            continue;
        }
        if line.is_empty() {
            return Some((first?, headers, at));
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (line[..colon].to_ascii_lowercase(), line[colon + 1..].trim_ascii());
        let is_name = !name.is_empty() && http::HeaderName::from_bytes(&name).is_ok();
        if is_name && headers.len() < MOST_HEADERS && http::HeaderValue::from_bytes(value).is_ok() {
            headers.push((String::from_utf8(name).ok()?, value.to_vec()));
        }
    }
}

/// Takes chunks and encodings off a body, of which no step may be larger than `most` bytes.
///
/// # Errors
/// [`Problem::TooLarge`] if a step is.
pub(super) fn decoded(head: MessageHead, body: &[u8], most: u64) -> Result<(Message, Option<Problem>), Problem> {
    let mut problem = None;
    let mut note = |found: Option<Problem>| problem = problem.or(found);
    let listed = |name: &str| -> Vec<String> {
        let all = head.headers.iter().filter(|(known, _)| known == name);
        all.flat_map(|(_, value)| {
            String::from_utf8_lossy(value)
                .to_ascii_lowercase()
                .split(',')
                .map(|it| it.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect()
    };
    let is_chunked = listed("transfer-encoding").iter().any(|coding| coding == "chunked");
    let mut body = match is_chunked.then(|| dechunked(body)).flatten() {
        Some((body, is_whole)) => {
            note((!is_whole).then_some(Problem::Encoding));
            body
        }
        None => body.to_vec(),
    };
    let encodings = listed("content-encoding");
    for encoding in encodings.iter().rev().take(MOST_ENCODINGS) {
        let (unpacked, is_whole) = unpacked(&body, encoding, most)?;
        note((!is_whole).then_some(Problem::Encoding));
        match unpacked {
            Some(unpacked) => body = unpacked,
            None => break,
        }
    }
    let mut headers = head.headers;
    headers.retain(|(name, _)| !matches!(name.as_str(), "transfer-encoding" | "content-encoding" | "content-length"));
    Ok((Message { status: head.status, headers, body }, problem))
}

/// A body without its chunks and whether they were all there; `None` if it has none.
fn dechunked(body: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut whole = Vec::with_capacity(body.len());
    let mut rest = body;
    loop {
        let is_first = whole.is_empty() && rest.len() == body.len();
        let size = rest.iter().take(1024).position(|byte| *byte == b'\n').and_then(|end| {
            let line = std::str::from_utf8(&rest[..end]).ok()?;
            let digits = line.split(';').next()?.trim();
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            Some((usize::from_str_radix(digits, 16).ok().filter(|_| is_hex)?, end + 1))
        });
        let Some((size, start)) = size else { return (!is_first).then_some((whole, false)) };
        if size == 0 {
            return Some((whole, true));
        }
        let chunk = &rest[start..];
        if chunk.len() < size {
            whole.extend_from_slice(chunk);
            return Some((whole, false));
        }
        let after = &chunk[size..];
        let end = if after.starts_with(b"\r\n") { 2 } else { usize::from(after.starts_with(b"\n")) };
        if end == 0 && !after.is_empty() {
            return if is_first { None } else { Some((whole, false)) };
        }
        whole.extend_from_slice(&chunk[..size]);
        rest = &after[end..];
    }
}

/// An unpacked body, as far as that goes, and whether it went to the end; no body if it is not packed like that at all.
fn unpacked(body: &[u8], encoding: &str, most: u64) -> Result<(Option<Vec<u8>>, bool), Problem> {
    let outcome = match encoding {
        "" | "identity" | "none" => return Ok((Some(body.to_vec()), true)),
        _ if body.is_empty() => return Ok((Some(Vec::new()), true)),
        "gzip" | "x-gzip" if !body.starts_with(&[0x1f, 0x8b]) => return Ok((None, false)),
        "gzip" | "x-gzip" => drained(MultiGzDecoder::new(body), most),
        "deflate" => match drained(ZlibDecoder::new(body), most) {
            // Old servers send deflate without its zlib wrapper, and browsers take that.
            Ok((none, false)) if none.is_empty() => drained(DeflateDecoder::new(body), most),
            outcome => outcome,
        },
        "br" => drained(brotli_decompressor::Decompressor::new(body, 16 << 10), most),
        "zstd" if !body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => return Ok((None, false)),
        "zstd" => {
            let limited = zstd::stream::read::Decoder::with_buffer(body)
                .and_then(|mut decoder| decoder.window_log_max(ZSTD_WINDOW).map(|()| decoder));
            match limited {
                Ok(decoder) => drained(decoder, most),
                Err(_) => return Ok((None, false)),
            }
        }
        _ => return Ok((None, false)),
    };
    let (unpacked, is_whole) = outcome?;
    // Brotli and deflate have no mark, and the first bytes of a text may unpack to something.
    let is_none = !is_whole && (unpacked.is_empty() || is_text(&body[..body.len().min(64)]));
    Ok(if is_none { (None, false) } else { (Some(unpacked), is_whole) })
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace())
        && std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true)
}

fn drained(mut from: impl Read, most: u64) -> Result<(Vec<u8>, bool), Problem> {
    let mut unpacked = Vec::new();
    let outcome: io::Result<usize> = from.by_ref().take(most + 1).read_to_end(&mut unpacked);
    if unpacked.len() as u64 > most {
        return Err(Problem::TooLarge);
    }
    Ok((unpacked, outcome.is_ok()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn message(head: &str, body: &[u8]) -> Result<(Message, Option<Problem>), Problem> {
        decoded(response_head(head.as_bytes(), 10_000).unwrap(), body, 100_000)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn body(head: &str, body: &[u8]) -> (String, Option<Problem>) {
        let (message, problem) = message(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n"), body).unwrap();
        assert!(message.headers.iter().all(|(name, _)| name == "content-type"));
        (String::from_utf8(message.body).unwrap(), problem)
    }

    #[test]
    fn heads_are_read_as_servers_write_them() {
        let text =
            b"HTTP/1.1 404\nContent-Type: Text/HTML; charset=utf-8\r\nbad header: x\r\nnone\r\nX:\xff\r\n\r\nbody";
        let head = response_head(text, 1000).unwrap();
        assert_eq!((head.status, head.mime().as_str(), head.headers.len()), (404, "text/html", 2));
        assert_eq!(&text[head.length..], b"body");
        assert_eq!(response_head(b"HTTP/1.1 204 No Content\r\n", 1000).unwrap().status, 204);
        for none in [&b"<html>"[..], b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: b", b""] {
            assert_eq!(response_head(none, 1000), None, "{none:?}");
        }
        assert_eq!(response_head(text, 20), None);
        let request = request_line(b"post / HTTP/1.1\r\nSec-Fetch-Dest: iframe\r\n\r\n", 1000).unwrap();
        assert_eq!(request, ("POST".to_owned(), Some("iframe".to_owned())));
    }

    #[test]
    fn every_coding_comes_off() {
        let text = "hello hello hello";
        let zlib = |bytes: &[u8]| {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let deflate = |bytes: &[u8]| {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let good = (text.to_owned(), None);
        assert_eq!(body("Content-Encoding: gzip", &gzip(text.as_bytes())), good);
        assert_eq!(body("Content-Encoding: deflate", &zlib(text.as_bytes())), good);
        assert_eq!(body("Content-Encoding: deflate", &deflate(text.as_bytes())), good);
        assert_eq!(body("Content-Encoding: zstd", &zstd::encode_all(text.as_bytes(), 1).unwrap()), good);
        assert_eq!(body("Content-Encoding: gzip, gzip", &gzip(&gzip(text.as_bytes()))), good);
        let brotli = [
            0x0b, 0x08, 0x80, b'h', b'e', b'l', b'l', b'o', b' ', b'h', b'e', b'l', b'l', b'o', b' ', b'h', b'e', b'l',
            b'l', b'o', 0x03,
        ];
        assert_eq!(body("Content-Encoding: br", &brotli), good);
        let mut chunked = Vec::new();
        for part in gzip(text.as_bytes()).chunks(7) {
            chunked.extend_from_slice(format!("{:x};name=value\r\n", part.len()).as_bytes());
            chunked.extend_from_slice(part);
            chunked.extend_from_slice(b"\r\n");
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        assert_eq!(body("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", &chunked), good);
    }

    #[test]
    fn codings_that_are_not_there_are_no_harm() {
        let plain = ("<p>hello".to_owned(), Some(Problem::Encoding));
        for encoding in ["gzip", "br", "zstd", "deflate", "compress"] {
            assert_eq!(body(&format!("Content-Encoding: {encoding}"), b"<p>hello"), plain, "{encoding}");
        }
        assert_eq!(body("Transfer-Encoding: chunked", b"<p>hello"), ("<p>hello".to_owned(), None));
        assert_eq!(
            body("Transfer-Encoding: chunked", b"12 monkeys\nare a film"),
            ("12 monkeys\nare a film".to_owned(), None)
        );
        assert_eq!(
            body("Transfer-Encoding: chunked", b"5\r\nhello\r\n6\r\nab"),
            ("helloab".to_owned(), Some(Problem::Encoding))
        );
    }

    #[test]
    fn what_is_cut_off_is_served_as_far_as_it_goes() {
        let noise: String =
            (0..4000_u32).map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26)).collect();
        let packed = gzip(noise.as_bytes());
        let (text, problem) = body("Content-Encoding: gzip", &packed[..packed.len() / 2]);
        assert!(!text.is_empty() && noise.starts_with(&text));
        assert_eq!(problem, Some(Problem::Encoding));
    }

    #[test]
    fn bombs_are_not_unpacked() {
        let bomb = gzip(&vec![0; 1 << 20]);
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
        assert_eq!(message(head, &bomb).unwrap_err(), Problem::TooLarge);
        let nested = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n";
        assert_eq!(message(nested, &gzip(&bomb)).unwrap_err(), Problem::TooLarge);
    }
}
