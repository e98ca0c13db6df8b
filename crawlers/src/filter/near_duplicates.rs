//! Pages that are the same as one before but for details: by MinHash of the text, and by the picture where there is little.
//!
//! MinHash (Broder, 1997) over triples of words, 64 hashes of 16 bits, found again by 16 bands of 4. What is known lies in
//! a file of fixed-size entries that is only appended to, so that a crawl that goes on knows what it has seen.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// Hashes of one text.
const HASHES: usize = 64;

/// Of which this many make a band.
const ROWS: usize = 4;

/// Bytes of an entry: page, picture, text.
const ENTRY: usize = 16 + 8 + 4 + 2 * HASHES;

/// A text with fewer words is compared by its picture, too.
const FEW_WORDS: u32 = 60;

/// Pictures that differ in no more bits look alike.
const ALIKE_BITS: u32 = 6;

/// What is kept of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    page: [u8; 16],
    picture: u64,
    words: u32,
    text: [u16; HASHES],
}

fn mixed(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Fingerprint {
    /// Of a page with this id (hex, 32 digits), perceptual hash and text.
    pub fn new(page_id: &str, picture: u64, text: &str) -> Fingerprint {
        let words = crate::words::tokens(text);
        let hashes: Vec<u64> = words.iter().map(|word| hash(word)).collect();
        let mut least = [u64::MAX; HASHES];
        for triple in hashes.windows(3.min(hashes.len()).max(1)) {
            let one = triple.iter().fold(0, |all: u64, word| mixed(all.rotate_left(21) ^ word));
            for (at, least) in least.iter_mut().enumerate() {
                *least = (*least).min(mixed(one ^ mixed(at as u64 + 1)));
            }
        }
        let mut page = [0; 16];
        for (at, byte) in page.iter_mut().enumerate() {
            *byte = page_id.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or(0);
        }
        Fingerprint { page, picture, words: words.len() as u32, text: least.map(|hash| (hash >> 48) as u16) }
    }

    /// An estimate of how many of their word triples two texts share, 0..=1.
    pub fn same_text(&self, other: &Fingerprint) -> f64 {
        let equal = self.text.iter().zip(&other.text).filter(|(a, b)| a == b).count();
        equal as f64 / HASHES as f64
    }

    fn bands(&self) -> impl Iterator<Item = (u8, [u16; ROWS])> + '_ {
        self.text.chunks_exact(ROWS).enumerate().map(|(at, band)| (at as u8, band.try_into().expect("a chunk of ROWS")))
    }

    fn write(&self) -> [u8; ENTRY] {
        let mut entry = [0; ENTRY];
        entry[..16].copy_from_slice(&self.page);
        entry[16..24].copy_from_slice(&self.picture.to_le_bytes());
        entry[24..28].copy_from_slice(&self.words.to_le_bytes());
        for (at, hash) in self.text.iter().enumerate() {
            entry[28 + 2 * at..30 + 2 * at].copy_from_slice(&hash.to_le_bytes());
        }
        entry
    }

    fn read(entry: &[u8]) -> Fingerprint {
        let picture = u64::from_le_bytes(entry[16..24].try_into().expect("eight bytes"));
        let words = u32::from_le_bytes(entry[24..28].try_into().expect("four bytes"));
        let mut text = [0; HASHES];
        for (at, hash) in text.iter_mut().enumerate() {
            *hash = u16::from_le_bytes(entry[28 + 2 * at..30 + 2 * at].try_into().expect("two bytes"));
        }
        Fingerprint { page: entry[..16].try_into().expect("sixteen bytes"), picture, words, text }
    }

    fn hex(&self) -> String {
        self.page.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// All pages seen so far.
#[derive(Debug, Default)]
pub struct NearDuplicates {
    known: Vec<Fingerprint>,
    bands: HashMap<(u8, [u16; ROWS]), Vec<u32>>,
    same_text: f64,
    file: Option<File>,
}

impl NearDuplicates {
    /// Nothing seen yet, nothing kept on disk.
    pub fn new(same_text: f64) -> NearDuplicates {
        NearDuplicates { same_text, ..NearDuplicates::default() }
    }

    /// Goes on with what a file knows, or begins one. `done` tells whether a page of it was finished: one that was not is
    /// forgotten, since it comes again.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn open(path: &Path, same_text: f64, done: impl Fn(&str) -> bool) -> io::Result<NearDuplicates> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()));
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(named)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(named)?;
        let whole = bytes.len() - bytes.len() % ENTRY;
        file.set_len(whole as u64).map_err(named)?;
        let mut seen = NearDuplicates::new(same_text);
        for entry in bytes[..whole].chunks_exact(ENTRY) {
            let fingerprint = Fingerprint::read(entry);
            if done(&fingerprint.hex()) {
                seen.remember(fingerprint);
            }
        }
        seen.file = Some(file);
        Ok(seen)
    }

    fn remember(&mut self, fingerprint: Fingerprint) {
        let at = self.known.len() as u32;
        for band in fingerprint.bands() {
            self.bands.entry(band).or_default().push(at);
        }
        self.known.push(fingerprint);
    }

    /// The page, in hex, that this one is the same as; if there is none, it is known from now on.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn admit(&mut self, fingerprint: Fingerprint) -> io::Result<Option<String>> {
        if self.same_text <= 0.0 {
            return Ok(None);
        }
        let alike = |other: &Fingerprint| {
            let same = fingerprint.same_text(other);
            let few = fingerprint.words < FEW_WORDS || other.words < FEW_WORDS;
            let looks = (fingerprint.picture ^ other.picture).count_ones() <= ALIKE_BITS;
            other.page != fingerprint.page && same >= self.same_text && (!few || looks)
        };
        // A template that all pages share fills a band with all of them; the latest are compared.
        let candidates = fingerprint.bands().filter_map(|band| self.bands.get(&band));
        let double = candidates
            .flat_map(|found| found.iter().rev().take(64))
            .map(|&at| &self.known[at as usize])
            .find(|other| alike(other))
            .map(Fingerprint::hex);
        if double.is_none() {
            if let Some(file) = &mut self.file {
                file.write_all(&fingerprint.write())?;
            }
            self.remember(fingerprint);
        }
        Ok(double)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(from: usize, to: usize) -> String {
        (from..to).map(|at| format!("word{at}")).collect::<Vec<_>>().join(" ")
    }

    fn page(id: u8, picture: u64, text: &str) -> Fingerprint {
        Fingerprint::new(&format!("{id:02x}").repeat(16), picture, text)
    }

    #[test]
    fn the_estimate_is_near_the_shared_triples() {
        let (a, b) = (page(1, 0, &text(0, 400)), page(2, 0, &text(100, 400)));
        assert_eq!(a.same_text(&a), 1.0);
        let estimate = a.same_text(&b);
        assert!((estimate - 0.75).abs() < 0.17, "{estimate}");
        assert!(page(3, 0, &text(0, 400)).same_text(&page(4, 0, &text(1000, 1400))) < 0.05);
    }

    #[test]
    fn the_same_text_is_a_double_and_short_texts_must_look_alike() {
        let mut seen = NearDuplicates::new(0.9);
        assert_eq!(seen.admit(page(1, 0, &text(0, 400))).unwrap(), None);
        assert_eq!(seen.admit(page(2, u64::MAX, &text(0, 401))).unwrap(), Some("01".repeat(16)));
        assert_eq!(seen.admit(page(3, 0, &text(500, 900))).unwrap(), None);
        assert_eq!(seen.admit(page(4, 0, "a short text of few words")).unwrap(), None);
        assert_eq!(seen.admit(page(5, u64::MAX, "a short text of few words")).unwrap(), None);
        assert_eq!(seen.admit(page(6, 1, "a short text of few words")).unwrap(), Some("04".repeat(16)));
        assert_eq!(seen.admit(page(7, 0, "")).unwrap(), None);
    }

    #[test]
    fn what_was_seen_is_known_to_the_next_run_but_for_what_was_not_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fingerprints.bin");
        let mut seen = NearDuplicates::open(&path, 0.9, |_| true).unwrap();
        seen.admit(page(1, 0, &text(0, 400))).unwrap();
        seen.admit(page(2, 0, &text(500, 900))).unwrap();
        drop(seen);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([7; 20]);
        std::fs::write(&path, bytes).unwrap();
        let mut seen = NearDuplicates::open(&path, 0.9, |page| page.starts_with("01")).unwrap();
        assert_eq!(seen.admit(page(3, 0, &text(0, 400))).unwrap(), Some("01".repeat(16)));
        assert_eq!(seen.admit(page(2, 0, &text(500, 900))).unwrap(), None);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 3 * ENTRY as u64);
    }
}
