//! Archives made byte by byte, so that they can be wrong in every way, and a client that hides nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use glim_crawl::archive::{Archive, ArchiveFile, ArchiveServer, Limits, Replay};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A record with any headers and block; the length is that of the block.
pub fn record(kind: &str, url: &str, more: &str, block: &[u8]) -> Vec<u8> {
    record_of_length(kind, url, more, block, block.len() as u64)
}

/// A record whose length may lie. `more` are headers with line ends.
pub fn record_of_length(kind: &str, url: &str, more: &str, block: &[u8], length: u64) -> Vec<u8> {
    let head = format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n{more}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), block, b"\r\n\r\n"].concat()
}

/// An HTTP response with status 200 and a body.
pub fn page(url: &str, body: &str) -> Vec<u8> {
    let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{body}");
    record("response", url, "", block.as_bytes())
}

pub fn response(url: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let block = [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat();
    record("response", url, "", &block)
}

/// Writes an archive of records, each compressed by itself if its name says so.
pub fn warc(folder: &Path, name: &str, records: &[Vec<u8>]) -> PathBuf {
    let path = folder.join(name);
    let is_packed = name.ends_with(".gz");
    let content: Vec<u8> =
        records.iter().flat_map(|record| if is_packed { gzip(record) } else { record.clone() }).collect();
    std::fs::write(&path, content).unwrap();
    path
}

pub fn open(paths: &[PathBuf]) -> Archive {
    open_with(paths, Limits::default())
}

pub fn open_with(paths: &[PathBuf], limits: Limits) -> Archive {
    let is_wacz = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wacz");
    let files: Vec<_> = paths.iter().map(|path| ArchiveFile { path: path.clone(), is_wacz: is_wacz(path) }).collect();
    Archive::open(&files, limits).unwrap()
}

pub fn pages(archive: &Archive, file: usize) -> Vec<String> {
    archive.pages(file).map(|page| page.url).collect()
}

pub async fn serve(archive: Archive) -> ArchiveServer {
    ArchiveServer::start(Replay { archive: Some(Arc::new(archive)), ..Replay::default() }).await.unwrap()
}

/// What a server said.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// Asks for a URL as the browser's gate does.
pub async fn get(server: &ArchiveServer, url: &str) -> Reply {
    ask(server, "GET", url, "").await
}

/// Asks with any method and further headers, each with its line end.
pub async fn ask(server: &ArchiveServer, method: &str, url: &str, more: &str) -> Reply {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Proto: {scheme}\r\n{more}Connection: close\r\n\r\n"
    );
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(reply[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head, body: reply[end + 4..].to_vec() }
}
