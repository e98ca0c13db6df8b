//! A Parquet file behind a URL, of which only the parts are fetched that are read.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use url::Url;

use crate::fetch::{Fetch, FetchError};

/// Bytes that are fetched at once. Columns lie in stretches of some megabytes.
const BLOCK: u64 = 1 << 20;
/// Blocks that are kept, for the columns that are read side by side.
const MOST_BLOCKS: usize = 32;

/// A file of which parts are fetched.
#[derive(Clone)]
pub(super) struct Parts {
    shared: Arc<Shared>,
}

struct Shared {
    fetch: Fetch,
    url: Url,
    length: u64,
    /// The blocks that were used last, the latest at the end.
    blocks: Mutex<VecDeque<(u64, Bytes)>>,
}

impl Parts {
    /// Asks how long the file is.
    ///
    /// # Errors
    /// If it cannot be reached or not be read in parts.
    pub fn open(fetch: Fetch, url: Url) -> Result<Parts, FetchError> {
        let (_, length) = fetch.part(&url, 0, 1)?;
        Ok(Parts { shared: Arc::new(Shared { fetch, url, length, blocks: Mutex::default() }) })
    }
}

impl Shared {
    fn block(&self, number: u64) -> io::Result<Bytes> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = blocks.iter().position(|(known, _)| *known == number)
            && let Some(block) = blocks.remove(at)
        {
            let bytes = block.1.clone();
            blocks.push_back(block);
            return Ok(bytes);
        }
        let start = number * BLOCK;
        let wanted = BLOCK.min(self.length - start);
        let (bytes, _) = self.fetch.part(&self.url, start, wanted).map_err(io::Error::other)?;
        if bytes.len() as u64 != wanted {
            return Err(io::Error::other(format!("{} bytes of `{}` came instead of {wanted}", bytes.len(), self.url)));
        }
        let bytes = Bytes::from(bytes);
        blocks.push_back((number, bytes.clone()));
        if blocks.len() > MOST_BLOCKS {
            blocks.pop_front();
        }
        Ok(bytes)
    }
}

/// Reads on from an offset.
pub(super) struct PartReader {
    shared: Arc<Shared>,
    at: u64,
}

impl Read for PartReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.shared.length {
            return Ok(0);
        }
        let block = self.shared.block(self.at / BLOCK)?;
        let inside = usize::try_from(self.at % BLOCK).map_err(io::Error::other)?;
        let length = buffer.len().min(block.len() - inside);
        buffer[..length].copy_from_slice(&block[inside..inside + length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Length for Parts {
    fn len(&self) -> u64 {
        self.shared.length
    }
}

impl ChunkReader for Parts {
    type T = PartReader;

    fn get_read(&self, start: u64) -> Result<PartReader, ParquetError> {
        Ok(PartReader { shared: self.shared.clone(), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.shared.length) {
            return Err(ParquetError::EOF(format!("{length} bytes from {start} on are more than the file has")));
        }
        let mut bytes = Vec::with_capacity(length);
        self.get_read(start)?.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}
