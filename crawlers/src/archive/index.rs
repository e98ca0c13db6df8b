//! What archives hold, by address: offsets in memory, bodies on the disk.
//!
//! Of several captures of one address the best is kept: a success before a redirect before an error, and the later of
//! equals. Pages are what the list of a WACZ file names, or else each document that a GET brought as HTML with status 200,
//! unless the archive's own request says that it went into a frame.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use glim_data::record::Source;
use url::Url;

use super::lookup::{Asked, Keys, Match, Number, find, key_of};
use super::message::{Message, decoded, response_head};
use super::pairs::{Paired, Pairs};
use super::problems::{Problem, Problems};
use super::region::Region;
use super::scan::{Found, Sink, Spot, scan};
use super::warc::{Next, next_head, problem_of, read_block, skip};
use super::{ArchiveError, Limits, wacz};

/// How far into a gzip member of many records a record may be, in bytes: all before it is unpacked for each request.
const DEEPEST: u64 = 256 << 20;

/// An archive on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveFile {
    /// The file.
    pub path: PathBuf,
    /// Whether it is a WACZ file, and not a WARC file.
    pub is_wacz: bool,
}

/// A page of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its address, as archived.
    pub url: String,
    /// Its record.
    pub source: Source,
}

/// Indexed archives.
#[derive(Debug)]
pub struct Archive {
    files: Vec<Indexed>,
    regions: Vec<(String, Region)>,
    captures: Vec<Capture>,
    keys: Keys,
    limits: Limits,
    problems: Mutex<Problems>,
}

#[derive(Debug)]
struct Indexed {
    name: String,
    is_wacz: bool,
    /// Its captures, by place in the index.
    captures: std::ops::Range<usize>,
    /// Addresses of its pages, where it has a list of them.
    listed: Vec<String>,
}

#[derive(Debug)]
struct Capture {
    key: Arc<str>,
    spot: Spot,
    /// In bytes; 0 where it shares a gzip member with others.
    length: u64,
    region: u32,
    status: u16,
    is_secure: bool,
    is_page: bool,
    /// Where the body is, if this is a revisit.
    original: Option<Number>,
    /// The payload's digest; only of pages.
    digest: Option<Box<str>>,
}

impl Archive {
    /// Reads archives from end to end and indexes them. This blocks, at the speed of unpacking.
    ///
    /// # Errors
    /// If a file cannot be read, is no archive at all, or there are more records than [`Limits::records`].
    pub fn open(files: &[ArchiveFile], limits: Limits) -> Result<Archive, ArchiveError> {
        let mut build = Build {
            archive: Archive {
                files: Vec::new(),
                regions: Vec::new(),
                captures: Vec::new(),
                keys: Keys::new(),
                limits,
                problems: Mutex::default(),
            },
            problems: Problems::default(),
            payloads: HashMap::default(),
            revisits: Vec::new(),
        };
        for file in files {
            build.file(file)?;
        }
        build.resolve_revisits();
        let Build { mut archive, problems, .. } = build;
        archive.problems = Mutex::new(problems);
        Ok(archive)
    }

    /// Addresses that can be answered.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no address can be answered.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What was wrong with the archives, so far as they were read.
    pub fn problems(&self) -> Problems {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The pages of one of the files that were opened, in their order.
    ///
    /// # Panics
    /// If there are fewer files.
    pub fn pages(&self, file: usize) -> impl Iterator<Item = Page> + '_ {
        let file = &self.files[file];
        let found = file.captures.clone().filter(|_| file.listed.is_empty()).map(|at| &self.captures[at]);
        // Of several captures of one page the one that is served speaks for all.
        let found = found.filter(|capture| capture.is_page).filter(|capture| {
            let slot = self.keys.get(&capture.key).copied().unwrap_or_default();
            let best = if capture.is_secure { slot.secure } else { slot.plain };
            best.is_some_and(|best| std::ptr::eq(self.capture(best), *capture))
        });
        let found = found.map(|capture| self.page(file, capture.url(), capture));
        let listed = file.listed.iter().filter_map(|address| {
            let (key, is_secure) = key_of(&Url::parse(address).ok()?);
            let asked = Asked { key: &key, is_secure, is_get: true, is_document: true };
            let (number, _) = find(&self.keys, asked).into_iter().next()?;
            Some(self.page(file, address.clone(), self.capture(number)))
        });
        found.chain(listed)
    }

    fn page(&self, file: &Indexed, url: String, capture: &Capture) -> Page {
        let source = Source {
            kind: if file.is_wacz { "wacz" } else { "warc" }.to_owned(),
            archive: file.name.clone(),
            offset: self.regions[capture.region as usize].1.start + capture.spot.offset,
            length: capture.length,
            digest: capture.digest.as_deref().unwrap_or_default().to_owned(),
        };
        Page { url, source }
    }

    fn capture(&self, number: Number) -> &Capture {
        &self.captures[number.get() as usize - 1]
    }

    /// Answers a GET or, if `is_get` is not set, another request. `is_document` asks for a page of its own, which is never
    /// answered with another page. This blocks.
    ///
    /// # Errors
    /// If there is an answer and it cannot be read.
    pub fn answer(&self, url: &Url, is_get: bool, is_document: bool) -> Result<Option<(Message, Match)>, Problem> {
        let (key, is_secure) = key_of(url);
        let mut failure = None;
        for (number, found) in find(&self.keys, Asked { key: &key, is_secure, is_get, is_document }) {
            match self.read(number) {
                // From http to https it went on; with only the redirect archived it would go round for ever.
                Ok(message) if found != Match::Exact && leads_to(&message, url) => {}
                Ok(message) => return Ok(Some((message, found))),
                Err(problem) => failure = failure.or(Some(problem)),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    fn read(&self, number: Number) -> Result<Message, Problem> {
        let capture = self.capture(number);
        let read = self.message(capture).and_then(|message| match capture.original {
            None => Ok(message),
            // The headers of a revisit are newer; only the body is that of the original.
            Some(original) => {
                let (original, problem) = self.message(self.capture(original))?;
                let (mut message, _) = message;
                message.body = original.body;
                if message.headers.is_empty() {
                    (message.status, message.headers) = (original.status, original.headers);
                }
                Ok((message, problem))
            }
        });
        let (message, problem) = match read {
            Ok((message, problem)) => (Ok(message), problem),
            Err(problem) => (Err(problem), Some(problem)),
        };
        if let Some(problem) = problem {
            let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
            problems.add(problem, capture.url());
        }
        message
    }

    fn message(&self, capture: &Capture) -> Result<(Message, Option<Problem>), Problem> {
        let (_, region) = &self.regions[capture.region as usize];
        let limits = &self.limits;
        let mut reader = region.record(capture.spot.offset);
        let failed = |error: std::io::Error| problem_of(&error);
        skip(&mut reader, capture.spot.inside).map_err(failed)?;
        let Next::Head(head) = next_head(&mut reader, limits.head_bytes).map_err(failed)? else {
            // It was there when the archive was indexed.
            return Err(Problem::Corrupt);
        };
        let block = read_block(&mut reader, head.length, limits.record_bytes).map_err(failed)?;
        if (block.len() as u64) < head.length {
            return Err(Problem::Truncated);
        }
        if head.get("warc-type") == Some("resource") {
            let mime = head.get("content-type").unwrap_or("application/octet-stream");
            let headers = vec![("content-type".to_owned(), mime.as_bytes().to_vec())];
            return Ok((Message { status: 200, headers, body: block }, None));
        }
        match response_head(&block, usize::try_from(limits.head_bytes).unwrap_or(usize::MAX)) {
            Some(message) => {
                let body = &block[message.length..];
                decoded(message, body, limits.record_bytes)
            }
            None if capture.original.is_some() => Ok((Message::default(), None)),
            None => Err(Problem::Message),
        }
    }
}

impl Capture {
    fn url(&self) -> String {
        format!("{}://{}", if self.is_secure { "https" } else { "http" }, self.key)
    }
}

/// Whether a message redirects to an address, or to its twin on the other scheme.
fn leads_to(message: &Message, url: &Url) -> bool {
    let location = message.headers.iter().find(|(name, _)| name == "location");
    let target = location.and_then(|(_, value)| url.join(std::str::from_utf8(value).ok()?).ok());
    (300..400).contains(&message.status) && target.is_some_and(|target| key_of(&target).0 == key_of(url).0)
}

type Hashes = BuildHasherDefault<DefaultHasher>;

/// An index in the making.
struct Build {
    archive: Archive,
    problems: Problems,
    /// Responses by the hashes of their payloads' digests.
    payloads: HashMap<u64, Number, Hashes>,
    revisits: Vec<Revisit>,
}

struct Revisit {
    capture: Number,
    digest: Option<u64>,
    /// The address that it names, as a key, and whether that is of https.
    original: Option<(String, bool)>,
    is_get: bool,
}

/// What decides whether a capture answers for its address.
struct Placed {
    status: u16,
    is_secure: bool,
    is_get: bool,
}

impl Build {
    fn file(&mut self, file: &ArchiveFile) -> Result<(), ArchiveError> {
        let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let first = self.archive.captures.len();
        let mut listed = Vec::new();
        let regions = if file.is_wacz {
            let wacz = wacz::open(&file.path, &self.archive.limits, &mut self.problems)?;
            listed = wacz.pages;
            wacz.regions
        } else {
            vec![(name.clone(), plain(&file.path)?)]
        };
        for (place, region) in regions {
            self.region(&file.path, place, region)?;
        }
        let captures = first..self.archive.captures.len();
        self.archive.files.push(Indexed { name, is_wacz: file.is_wacz, captures, listed });
        Ok(())
    }

    fn region(&mut self, path: &Path, place: String, region: Region) -> Result<(), ArchiveError> {
        let limits = self.archive.limits;
        let mut problems = std::mem::take(&mut self.problems);
        let pairs = Pairs::new(usize::try_from(limits.head_bytes).unwrap_or(usize::MAX));
        let mut intake = Intake { build: self, pairs, place: &place, is_full: false };
        let scanned = scan(&region, &place, &limits, &mut problems, &mut intake);
        let is_full = intake.finish();
        self.problems = problems;
        scanned.map_err(ArchiveError::io(path, "read"))?;
        if is_full {
            return Err(ArchiveError::Records { path: path.to_owned(), limit: limits.records });
        }
        self.archive.regions.push((place, region));
        Ok(())
    }

    /// Takes a capture of the region that is being read; whether there was room.
    fn take(&mut self, paired: Paired) -> bool {
        let Some(number) = self.next_number() else { return false };
        let hash = |digest: &String| self.payloads.hasher().hash_one(digest);
        let digest = paired.digest.as_ref().map(hash);
        let is_page = paired.is_page();
        let capture = Capture {
            key: paired.key.into(),
            spot: paired.spot,
            length: paired.length,
            region: u32::try_from(self.archive.regions.len()).unwrap_or(u32::MAX),
            status: paired.status,
            is_secure: paired.is_secure,
            is_page,
            original: None,
            digest: paired.digest.filter(|_| is_page).map(String::into_boxed_str),
        };
        match paired.revisit {
            Some(original) => self.revisits.push(Revisit { capture: number, digest, original, is_get: paired.is_get }),
            None => {
                if let Some(digest) = digest {
                    self.payloads.entry(digest).or_insert(number);
                }
                let placed = Placed { status: capture.status, is_secure: capture.is_secure, is_get: paired.is_get };
                self.place(&capture.key, number, placed);
            }
        }
        self.archive.captures.push(capture);
        true
    }

    fn next_number(&self) -> Option<Number> {
        let next = u32::try_from(self.archive.captures.len()).ok()?.checked_add(1)?;
        Number::new(next).filter(|_| next <= self.archive.limits.records)
    }

    /// Makes a capture the one that answers for its address, unless a better one does.
    fn place(&mut self, key: &Arc<str>, number: Number, placed: Placed) {
        let captures = &self.archive.captures;
        let slot = self.archive.keys.entry(key.clone()).or_default();
        let place = match (placed.is_get, placed.is_secure) {
            (false, _) => &mut slot.other,
            (true, true) => &mut slot.secure,
            (true, false) => &mut slot.plain,
        };
        let known = place.map_or(0, |known| rank(captures[known.get() as usize - 1].status));
        if rank(placed.status) >= known {
            *place = Some(number);
        }
    }

    /// Finds the bodies of revisits: by their digests, or else at the address that they name.
    fn resolve_revisits(&mut self) {
        for revisit in std::mem::take(&mut self.revisits) {
            let at = revisit.capture.get() as usize - 1;
            let by_digest = revisit.digest.and_then(|digest| self.payloads.get(&digest).copied());
            let by_address = || {
                let (key, is_secure) = revisit.original.as_ref()?;
                let slot = self.archive.keys.get(key.as_str())?;
                let number = if *is_secure { slot.secure.or(slot.plain) } else { slot.plain.or(slot.secure) }?;
                // What is named may be a revisit of something else itself.
                let named = &self.archive.captures[number.get() as usize - 1];
                Some(named.original.unwrap_or(number))
            };
            let Some(original) = by_digest.or_else(by_address) else {
                self.problems.add(Problem::Original, self.archive.captures[at].url());
                self.archive.captures[at].is_page = false;
                continue;
            };
            let body = &self.archive.captures[original.get() as usize - 1];
            let (status, is_page) = (body.status, body.is_page);
            let capture = &mut self.archive.captures[at];
            capture.original = Some(original);
            if capture.status == 0 {
                (capture.status, capture.is_page) = (status, is_page);
            }
            let key = capture.key.clone();
            let (status, is_secure) = (capture.status, capture.is_secure);
            self.place(&key, revisit.capture, Placed { status, is_secure, is_get: revisit.is_get });
        }
    }
}

/// How good an answer with this status is.
fn rank(status: u16) -> u8 {
    match status {
        206 => 3,
        200..300 => 4,
        300..400 => 2,
        _ => 1,
    }
}

/// Takes the records of one region.
struct Intake<'a> {
    build: &'a mut Build,
    pairs: Pairs,
    place: &'a str,
    is_full: bool,
}

impl Intake<'_> {
    /// Takes what still waited for its request; whether there was too much.
    fn finish(mut self) -> bool {
        for paired in self.pairs.rest() {
            self.is_full |= !self.build.take(paired);
        }
        self.is_full
    }
}

impl Sink for Intake<'_> {
    fn record(&mut self, found: Found, problems: &mut Problems) -> bool {
        if found.spot.inside > DEEPEST {
            problems.add(Problem::TooLarge, format_args!("{} at {}", self.place, found.spot.offset));
        } else if let Some(paired) = self.pairs.take(found, self.place, problems) {
            self.is_full |= !self.build.take(paired);
        }
        !self.is_full
    }

    fn measured(&mut self, spot: Spot, length: u64) {
        self.pairs.measured(spot, length);
    }
}

fn plain(path: &Path) -> Result<Region, ArchiveError> {
    let open = || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut first = [0; 4];
        let read = file.read_at(&mut first, 0)?;
        Ok((Region::new(Arc::new(file), 0, length)?, first[..read] == *b"PK\x03\x04"))
    };
    let (region, is_zip) = open().map_err(ArchiveError::io(path, "read"))?;
    if is_zip {
        let reason = "it is a zip file; if it holds WARC files, its source is of kind `wacz`".to_owned();
        return Err(ArchiveError::NoArchive { path: path.to_owned(), kind: "WARC", reason });
    }
    Ok(region)
}
