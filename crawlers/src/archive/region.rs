//! A part of a file, read without a shared position: many requests read one archive at once.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use flate2::bufread::GzDecoder;

/// How much is read at once while an archive is scanned, in bytes.
const SCAN_BUFFER: usize = 256 << 10;
/// How much is read at once for one record, in bytes.
const RECORD_BUFFER: usize = 16 << 10;

/// A part of a file that holds WARC records: a file of its own, or an entry that is stored in a zip file.
#[derive(Debug, Clone)]
pub(super) struct Region {
    pub file: Arc<File>,
    /// Where it begins in the file.
    pub start: u64,
    pub length: u64,
    /// Whether records are compressed, each by itself as a rule.
    pub is_packed: bool,
}

impl Region {
    /// A part of a file, with a look at whether it is compressed.
    pub fn new(file: Arc<File>, start: u64, length: u64) -> io::Result<Region> {
        let mut region = Region { file, start, length, is_packed: false };
        let mut first = [0; 2];
        let read = region.cursor(0, 2).read(&mut first)?;
        region.is_packed = read == 2 && first == [0x1f, 0x8b];
        Ok(region)
    }

    fn cursor(&self, at: u64, buffer: usize) -> BufReader<Cursor> {
        BufReader::with_capacity(
            buffer,
            Cursor { file: self.file.clone(), at: self.start + at, end: self.start + self.length },
        )
    }

    /// Reads it from an offset on, in long stretches.
    pub fn scan(&self, at: u64) -> Reader {
        Reader { inner: self.cursor(at, SCAN_BUFFER), start: self.start }
    }

    /// Whether a gzip member that unpacks to a record begins at an offset, whatever becomes of it later on.
    pub fn has_member(&self, at: u64) -> bool {
        let mut first = [0; 5];
        GzDecoder::new(self.cursor(at, RECORD_BUFFER)).read_exact(&mut first).is_ok() && first == *b"WARC/"
    }

    /// Reads one record's bytes, unpacked if they are compressed.
    pub fn record(&self, at: u64) -> Box<dyn BufRead> {
        let cursor = self.cursor(at, RECORD_BUFFER);
        if self.is_packed {
            Box::new(BufReader::with_capacity(RECORD_BUFFER, GzDecoder::new(cursor)))
        } else {
            Box::new(cursor)
        }
    }
}

#[derive(Debug)]
struct Cursor {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Reads a region and knows where it is.
#[derive(Debug)]
pub(super) struct Reader {
    inner: BufReader<Cursor>,
    start: u64,
}

impl Reader {
    /// The offset in the region of the byte that is read next.
    pub fn position(&self) -> u64 {
        self.inner.get_ref().at - self.inner.buffer().len() as u64 - self.start
    }

    /// Goes on from an offset in the region.
    pub fn seek(&mut self, to: u64) {
        let ahead = to.checked_sub(self.position()).and_then(|ahead| usize::try_from(ahead).ok());
        match ahead {
            Some(ahead) if ahead <= self.inner.buffer().len() => self.inner.consume(ahead),
            _ => {
                let buffered = self.inner.buffer().len();
                self.inner.consume(buffered);
                let cursor = self.inner.get_mut();
                cursor.at = (self.start + to).min(cursor.end);
            }
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl BufRead for Reader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}
