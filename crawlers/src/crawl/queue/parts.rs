//! What is larger than one message: sent in parts, and whole again when all of them are there.

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use bytes::Bytes;

const PART: &str = "Glim-Part";
const PARTS: &str = "Glim-Parts";
/// Of an answer: the job that it answers, as JSON.
const JOB: &str = "Glim-Job";

/// Bytes of a part at the most; fewer where the server takes less.
const MOST: usize = 1 << 20;
/// Bytes that are left for the names of headers and what the client adds.
const ROOM: usize = 1 << 10;
/// Parts of one thing at the most: what says to have more is none of ours.
const MOST_PARTS: usize = 1 << 14;

/// A part of something that was sent.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Its place in the stream.
    pub sequence: u64,
    /// That of the whole.
    pub subject: String,
    /// The job that the whole answers, if it is an answer.
    pub job: Option<String>,
    at: usize,
    of: usize,
    payload: Bytes,
}

impl Part {
    /// Reads a message of a stream; `None` if it is no part of anything.
    pub fn of(message: StreamMessage) -> Option<Part> {
        let header = |name| message.headers.get(name).map(|value| value.as_str().to_owned());
        let number = |name| header(name).and_then(|text| text.parse::<usize>().ok());
        let (at, of) = (number(PART)?, number(PARTS)?);
        let part = Part {
            sequence: message.sequence,
            subject: message.subject.to_string(),
            job: header(JOB),
            at,
            of,
            payload: message.payload,
        };
        (at < of && of <= MOST_PARTS).then_some(part)
    }
}

/// Something of which not all parts are there yet.
#[derive(Debug, Default)]
pub(super) struct Upload {
    parts: Vec<Option<Bytes>>,
}

impl Upload {
    /// Adds a part; the whole, once it is that.
    pub fn add(&mut self, part: Part) -> Option<Vec<u8>> {
        if self.parts.is_empty() {
            self.parts.resize(part.of, None);
        }
        if let Some(place) = self.parts.get_mut(part.at) {
            *place = Some(part.payload);
        }
        let parts: Option<Vec<&Bytes>> = self.parts.iter().map(Option::as_ref).collect();
        parts.map(|parts| parts.into_iter().flatten().copied().collect())
    }
}

/// Sends something in parts. When this returns, all of it is on the server's disk. Sending the same under the same subject
/// again within two minutes adds nothing.
pub(super) async fn put(
    context: &Context,
    subject: &str,
    job: Option<&str>,
    bytes: Vec<u8>,
) -> Result<(), PublishError> {
    let bytes = Bytes::from(bytes);
    let taken = ROOM + subject.len() + job.map_or(0, str::len);
    let size = context.client().max_payload().min(MOST).saturating_sub(taken).max(ROOM);
    let of = bytes.len().div_ceil(size).max(1);
    let mut sent = Vec::new();
    for at in 0..of {
        let mut headers = HeaderMap::new();
        headers.insert(PART, at.to_string());
        headers.insert(PARTS, of.to_string());
        if let Some(job) = job {
            headers.insert(JOB, job);
        }
        let payload = bytes.slice(at * size..((at + 1) * size).min(bytes.len()));
        let message = PublishMessage::build().payload(payload).headers(headers).message_id(format!("{subject}.{at}"));
        sent.push(context.send_publish(subject.to_owned(), message).await?);
    }
    for acknowledged in sent {
        acknowledged.await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(at: usize, of: usize, payload: &'static [u8]) -> Part {
        Part { sequence: 0, subject: String::new(), job: None, at, of, payload: Bytes::from_static(payload) }
    }

    #[test]
    fn the_whole_is_there_when_its_last_part_is_in_any_order() {
        let mut upload = Upload::default();
        assert_eq!(upload.add(part(2, 3, b"c")), None);
        assert_eq!(upload.add(part(0, 3, b"a")), None);
        assert_eq!(upload.add(part(0, 3, b"a")), None, "a part that comes twice is one");
        assert_eq!(upload.add(part(1, 3, b"b")).as_deref(), Some(&b"abc"[..]));
        assert_eq!(Upload::default().add(part(0, 1, b"")).as_deref(), Some(&b""[..]));
    }
}
