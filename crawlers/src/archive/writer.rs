//! Writes WARC files that replay: for each exchange a response and its request, each record gzipped by itself (WARC/1.1).
//!
//! Records are appended whole. Killed at any moment, a file has one broken member at its end at most, which readers pass
//! over. A new writer begins a new file, so nothing is ever written behind a broken one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use glim_data::record::Source;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use url::Url;

use super::ArchiveError;

/// Headers that no longer tell the truth about a body that the browser unpacked; they are kept under another name.
const OF_THE_WIRE: [&str; 3] = ["content-encoding", "content-length", "transfer-encoding"];

/// A request and the response to it, as the browser saw them. The body is without chunks and encodings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exchange {
    /// `GET`, `POST`, …
    pub method: String,
    /// Headers of the request; `Sec-Fetch-Dest` says which responses are pages.
    pub request_headers: Vec<(String, String)>,
    /// Body of the request.
    pub request_body: Vec<u8>,
    /// Status of the response.
    pub status: u16,
    /// Headers of the response, as they came.
    pub headers: Vec<(String, String)>,
    /// Body of the response.
    pub body: Vec<u8>,
    /// When the response came, RFC 3339 in UTC.
    pub date: String,
    /// The server's address, if known.
    pub ip: Option<std::net::IpAddr>,
}

/// Writes archives of a bounded size to a folder: `name-00000.warc.gz` and on.
#[derive(Debug)]
pub struct ArchiveWriter {
    folder: PathBuf,
    name: String,
    /// Bytes after which a new file begins.
    file_bytes: u64,
    open: Option<Open>,
    next: u32,
    random: SystemRandom,
}

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    length: u64,
}

impl ArchiveWriter {
    /// Files of about `file_bytes` bytes in `folder`, numbered on from those that are there.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn new(folder: &Path, name: &str, file_bytes: u64) -> Result<ArchiveWriter, ArchiveError> {
        fs::create_dir_all(folder).map_err(ArchiveError::io(folder, "created"))?;
        let mut next = 0;
        for entry in fs::read_dir(folder).map_err(ArchiveError::io(folder, "read"))? {
            let file = entry.map_err(ArchiveError::io(folder, "read"))?.file_name();
            let number = file
                .to_str()
                .and_then(|file| file.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(".warc.gz")?.parse().ok());
            next = next.max(number.map_or(0, |number: u32| number.saturating_add(1)));
        }
        let folder = folder.to_owned();
        Ok(ArchiveWriter { folder, name: name.to_owned(), file_bytes, open: None, next, random: SystemRandom::new() })
    }

    /// Appends an exchange, and says where its response is.
    ///
    /// # Errors
    /// If the disk fails; the next exchange then begins a new file.
    pub fn record(&mut self, url: &Url, exchange: &Exchange) -> Result<Source, ArchiveError> {
        if self.open.as_ref().is_some_and(|open| open.length >= self.file_bytes) {
            self.open = None;
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin(&exchange.date)?,
        };
        let (response_id, request_id) = (self.id(), self.id());
        let payload = sha256(&exchange.body);
        let ip = exchange.ip.map(|ip| format!("WARC-IP-Address: {ip}\r\n")).unwrap_or_default();
        let about = format!("WARC-Target-URI: {url}\r\n{ip}WARC-Payload-Digest: {payload}\r\n");
        let response = record("response", &response_id, &exchange.date, &about, &response_block(exchange));
        let about = format!("WARC-Target-URI: {url}\r\nWARC-Concurrent-To: {response_id}\r\n");
        let request = record("request", &request_id, &exchange.date, &about, &request_block(url, exchange));
        let (offset, length) = (open.length, response.len() as u64);
        let mut both = response;
        both.extend_from_slice(&request);
        open.append(&both)?;
        let archive = open.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.open = Some(open);
        Ok(Source { kind: "warc".to_owned(), archive, offset, length, digest: payload })
    }

    /// Waits until all that was recorded is on the disk.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn sync(&self) -> Result<(), ArchiveError> {
        self.open.as_ref().map_or(Ok(()), |open| open.file.sync_all().map_err(ArchiveError::io(&open.path, "written")))
    }

    fn begin(&mut self, date: &str) -> Result<Open, ArchiveError> {
        let path = self.folder.join(format!("{}-{:05}.warc.gz", self.name, self.next));
        let file =
            OpenOptions::new().append(true).create_new(true).open(&path).map_err(ArchiveError::io(&path, "created"))?;
        self.next += 1;
        let mut open = Open { file, path, length: 0 };
        let about = "Content-Type: application/warc-fields\r\n";
        let fields = format!("software: glim {}\r\nformat: WARC File Format 1.1\r\n", env!("CARGO_PKG_VERSION"));
        let info = record("warcinfo", &self.id(), date, about, fields.as_bytes());
        open.append(&info)?;
        Ok(open)
    }

    /// A random UUID (RFC 9562, version 4).
    fn id(&self) -> String {
        let mut bytes = [0_u8; 16];
        self.random.fill(&mut bytes).expect("the system gives random bytes");
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = hex(&bytes);
        format!("<urn:uuid:{}-{}-{}-{}-{}>", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

impl Open {
    fn append(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.file.write_all(bytes).map_err(ArchiveError::io(&self.path, "written"))?;
        self.length += bytes.len() as u64;
        Ok(())
    }
}

/// A record as a gzip member. `about` are its further headers, each with its line end.
fn record(kind: &str, id: &str, date: &str, about: &str, block: &[u8]) -> Vec<u8> {
    let content = match kind {
        "warcinfo" => String::new(),
        kind => format!("Content-Type: application/http; msgtype={kind}\r\n"),
    };
    let head = format!(
        "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {id}\r\nWARC-Date: {date}\r\n{about}{content}\
         WARC-Block-Digest: {}\r\nContent-Length: {}\r\n\r\n",
        sha256(block),
        block.len()
    );
    let mut member = GzEncoder::new(Vec::with_capacity(block.len() / 3 + 512), Compression::new(6));
    let written: io::Result<Vec<u8>> = [head.as_bytes(), block, b"\r\n\r\n"]
        .iter()
        .try_for_each(|part| member.write_all(part))
        .and_then(|()| member.finish());
    written.expect("memory takes all that is written to it")
}

fn response_block(exchange: &Exchange) -> Vec<u8> {
    let status = http::StatusCode::from_u16(exchange.status).ok();
    let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", exchange.status);
    for (name, value) in &exchange.headers {
        if OF_THE_WIRE.iter().any(|wire| name.eq_ignore_ascii_case(wire)) {
            header(&mut head, &format!("x-archive-orig-{name}"), value);
        } else {
            header(&mut head, name, value);
        }
    }
    header(&mut head, "content-length", &exchange.body.len().to_string());
    block(head, &exchange.body)
}

fn request_block(url: &Url, exchange: &Exchange) -> Vec<u8> {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut head = format!("{} {}{query} HTTP/1.1\r\n", exchange.method, url.path());
    header(&mut head, "host", &crate::address::authority(url));
    for (name, value) in exchange.request_headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        header(&mut head, name, value);
    }
    block(head, &exchange.request_body)
}

fn block(mut head: String, body: &[u8]) -> Vec<u8> {
    head.push_str("\r\n");
    let mut block = head.into_bytes();
    block.extend_from_slice(body);
    block
}

/// Browsers join headers of one name with line ends; names that begin with a colon are of HTTP/2.
fn header(head: &mut String, name: &str, value: &str) {
    if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return;
    }
    for value in value.split(['\r', '\n']).filter(|value| !value.is_empty()) {
        head.extend([name, ": ", value, "\r\n"]);
    }
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(digest(&SHA256, bytes).as_ref()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
