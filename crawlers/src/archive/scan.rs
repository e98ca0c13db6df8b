//! All records of a region, with their places, past anything that is broken.
//!
//! In a compressed archive each record is a gzip member of its own, so after a broken one the next begins at the next
//! member that unpacks to `WARC/`. In a plain one it begins at the next line that does.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use super::Limits;
use super::problems::{Problem, Problems};
use super::region::{Reader, Region};
use super::warc::{Head, Next, next_head, problem_of, read_block, skip, skip_line_ends};

/// The two line ends after a block and the first bytes of the next record.
const ENDS_AND_MARK: usize = 9;

/// Where a record is in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    /// Where it begins, or where the gzip member begins that it is in.
    pub offset: u64,
    /// Bytes of the unpacked member that stand before it.
    pub inside: u64,
}

/// A record that was found.
pub(super) struct Found {
    pub spot: Spot,
    pub head: Head,
    /// The first bytes of the block, as many as HTTP headers may have.
    pub look: Vec<u8>,
}

/// Takes what is found.
pub(super) trait Sink {
    /// Takes a whole record, in the order of the archive; returns whether to go on.
    fn record(&mut self, found: Found, problems: &mut Problems) -> bool;

    /// Is told how many bytes a record takes in the archive, once that is known; it is one of the last.
    fn measured(&mut self, spot: Spot, length: u64);
}

/// Gives all records of a region to a sink. `name` is what problems are reported with.
///
/// # Errors
/// If the disk fails.
pub(super) fn scan(
    region: &Region,
    name: &str,
    limits: &Limits,
    problems: &mut Problems,
    sink: &mut dyn Sink,
) -> io::Result<()> {
    let mut scan = Scan { reader: region.scan(0), region, name, limits, problems, sink, unpacked: 0 };
    if region.is_packed { scan.packed() } else { scan.plain() }
}

struct Scan<'a> {
    reader: Reader,
    region: &'a Region,
    name: &'a str,
    limits: &'a Limits,
    problems: &'a mut Problems,
    sink: &'a mut dyn Sink,
    unpacked: u64,
}

/// How a gzip member ended.
enum Member {
    /// All of it was read.
    Whole,
    /// It is broken or too large; the next is to be looked for.
    Broken(Problem),
    /// Nobody wants more.
    Enough,
}

impl Scan<'_> {
    fn problem(&mut self, problem: Problem, offset: u64) {
        self.problems.add(problem, format_args!("{} at {offset}", self.name));
    }

    fn plain(&mut self) -> io::Result<()> {
        loop {
            if !skip_line_ends(&mut self.reader)? {
                return Ok(());
            }
            let begin = self.reader.position();
            let next = next_head(&mut self.reader, self.limits.head_bytes)?;
            let block = self.reader.position();
            let broken = match next {
                Next::End => return Ok(()),
                Next::Bad(problem) => Some(problem),
                Next::Head(head) => {
                    let end = block.saturating_add(head.length);
                    if end > self.region.length {
                        Some(Problem::Truncated)
                    } else {
                        let look = read_block(&mut self.reader, head.length, self.limits.head_bytes)?;
                        self.reader.seek(end);
                        if !self.is_record_next()? {
                            Some(Problem::Length)
                        } else if head.length > self.limits.record_bytes {
                            self.problem(Problem::TooLarge, begin);
                            None
                        } else {
                            let spot = Spot { offset: begin, inside: 0 };
                            if !self.sink.record(Found { spot, head, look }, self.problems) {
                                return Ok(());
                            }
                            self.sink.measured(spot, end - begin);
                            None
                        }
                    }
                }
            };
            if let Some(problem) = broken {
                self.problem(problem, begin);
                self.reader.seek(begin + 1);
                match find(&mut self.reader, b"\nWARC/1.")? {
                    Some(at) => self.reader.seek(at + 1),
                    None => return Ok(()),
                }
            }
        }
    }

    /// Whether the file ends here or a record follows after line ends, all of which are left unread.
    fn is_record_next(&mut self) -> io::Result<bool> {
        let buffer = self.reader.fill_buf()?;
        if buffer.len() >= ENDS_AND_MARK {
            return Ok(is_begin(&buffer[..ENDS_AND_MARK]));
        }
        let at = self.reader.position();
        let mut next = Vec::with_capacity(ENDS_AND_MARK);
        self.reader.by_ref().take(ENDS_AND_MARK as u64).read_to_end(&mut next)?;
        self.reader.seek(at);
        Ok(is_begin(&next))
    }

    fn packed(&mut self) -> io::Result<()> {
        loop {
            let start = self.reader.position();
            if self.reader.fill_buf()?.is_empty() {
                return Ok(());
            }
            match self.member(start) {
                Member::Whole => {}
                Member::Enough => return Ok(()),
                Member::Broken(problem) => {
                    self.problem(problem, start);
                    if problem == Problem::Bomb || !self.next_member(start + 1)? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Reads the records of the gzip member that begins here.
    fn member(&mut self, start: u64) -> Member {
        let Scan { reader, limits, problems, sink, unpacked, .. } = self;
        let decoder = BufReader::with_capacity(32 << 10, GzDecoder::new(&mut *reader));
        let mut member = Counted { inner: decoder, count: 0 };
        let mut last = None;
        let outcome = loop {
            match skip_line_ends(&mut member) {
                Ok(true) => {}
                Ok(false) => break Member::Whole,
                Err(error) => break Member::Broken(problem_of(&error)),
            }
            let spot = Spot { offset: start, inside: member.count };
            let head = match next_head(&mut member, limits.head_bytes) {
                Ok(Next::Head(head)) if head.length > limits.record_bytes => break Member::Broken(Problem::TooLarge),
                Ok(Next::Head(head)) => head,
                Ok(Next::Bad(problem)) => break Member::Broken(problem),
                Ok(Next::End) => break Member::Whole,
                Err(error) => break Member::Broken(problem_of(&error)),
            };
            let block = read_block(&mut member, head.length, limits.head_bytes).and_then(|look| {
                let rest = skip(&mut member, head.length - look.len() as u64)?;
                Ok((look.len() as u64 + rest, look))
            });
            let look = match block {
                Ok((read, look)) if read == head.length => look,
                Ok(_) => break Member::Broken(Problem::Length),
                Err(error) => break Member::Broken(problem_of(&error)),
            };
            let read = member.inner.get_ref().get_ref().position();
            if *unpacked + member.count > limits.allowed(read) {
                break Member::Broken(Problem::Bomb);
            }
            last = Some(spot);
            if !sink.record(Found { spot, head, look }, problems) {
                break Member::Enough;
            }
        };
        *unpacked += member.count;
        if let (Some(spot), Member::Whole) = (last, &outcome)
            && spot.inside == 0
        {
            sink.measured(spot, reader.position() - start);
        }
        outcome
    }

    /// Goes to the next gzip member that unpacks to a record; whether there is one.
    fn next_member(&mut self, from: u64) -> io::Result<bool> {
        let mut at = from;
        loop {
            self.reader.seek(at);
            let Some(candidate) = find(&mut self.reader, &[0x1f, 0x8b, 0x08])? else { return Ok(false) };
            if self.region.has_member(candidate) {
                self.reader.seek(candidate);
                return Ok(true);
            }
            at = candidate + 1;
        }
    }
}

/// Whether a block may end before these bytes: with its two line ends, or fewer and what of `WARC/` there is room for.
fn is_begin(bytes: &[u8]) -> bool {
    // What comes behind both is not this record's fault.
    if bytes.starts_with(b"\r\n\r\n") {
        return true;
    }
    let ends = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let rest = &bytes[ends..];
    b"WARC/".starts_with(&rest[..rest.len().min(5)])
}

/// The offset of a pattern whose first byte it has only once; the reader stands behind it.
fn find(reader: &mut Reader, pattern: &[u8]) -> io::Result<Option<u64>> {
    let mut matched = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let mut used = 0;
        while used < buffer.len() && matched < pattern.len() {
            if matched == 0 {
                used =
                    buffer[used..].iter().position(|byte| *byte == pattern[0]).map_or(buffer.len(), |at| used + at + 1);
                // At the end of the buffer its last byte tells whether the pattern has begun.
                matched = usize::from(buffer[used - 1] == pattern[0]);
            } else if buffer[used] == pattern[matched] {
                (used, matched) = (used + 1, matched + 1);
            } else {
                matched = 0;
            }
        }
        reader.consume(used);
        if matched == pattern.len() {
            return Ok(Some(reader.position() - pattern.len() as u64));
        }
    }
}

/// Counts the bytes that are taken.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
        self.count += amount as u64;
    }
}
