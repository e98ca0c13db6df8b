//! Responses and what was asked: an archive has requests as records of their own, near the responses to them.
//!
//! The request says whether a response answers a GET, and what the browser wanted it for. Some writers put it before its
//! response, others after, and either may name the other in `WARC-Concurrent-To`; so a response waits for a few records.

use std::collections::VecDeque;

use url::Url;

use super::lookup::key_of;
use super::message::{request_line, response_head};
use super::problems::{Problem, Problems};
use super::scan::{Found, Spot};
use super::warc::Head;

/// Records that a response or a request waits for the other.
const PATIENCE: usize = 16;

/// A response, with what is known of its request.
#[derive(Debug)]
pub(super) struct Paired {
    pub spot: Spot,
    /// In bytes; 0 if it is not known.
    pub length: u64,
    pub key: String,
    pub is_secure: bool,
    /// 0 for a revisit that does not say.
    pub status: u16,
    pub is_get: bool,
    /// The payload's digest.
    pub digest: Option<String>,
    /// For a revisit, the address that it says it is the same as, as a key.
    pub revisit: Option<Option<(String, bool)>>,
    is_html: bool,
    /// What the browser wanted it for, such as `document`, if the archive says so.
    destination: Option<String>,
    names: Names,
}

impl Paired {
    /// Whether somebody who opens its address sees a page.
    pub fn is_page(&self) -> bool {
        let is_wanted = self.destination.as_deref().is_none_or(|wanted| wanted == "document");
        self.is_html && self.is_get && is_wanted && matches!(self.status, 0 | 200)
    }

    fn asked_by(&mut self, request: Request) {
        self.is_get = matches!(request.method.as_str(), "GET" | "HEAD");
        self.destination = request.destination;
    }
}

#[derive(Debug)]
struct Request {
    names: Names,
    method: String,
    destination: Option<String>,
}

/// The id of a record and the one that it belongs to.
#[derive(Debug, Default)]
struct Names {
    own: Option<String>,
    concurrent: Option<String>,
}

impl Names {
    fn of(head: &Head) -> Names {
        let get = |name: &str| head.get(name).map(str::to_owned);
        Names { own: get("warc-record-id"), concurrent: get("warc-concurrent-to") }
    }

    fn belong_together(&self, other: &Names) -> bool {
        let is_named = |name: &Option<String>, by: &Option<String>| name.is_some() && name == by;
        is_named(&self.own, &other.concurrent) || is_named(&other.own, &self.concurrent)
    }
}

/// Brings responses and requests together.
pub(super) struct Pairs {
    head_bytes: usize,
    responses: VecDeque<Paired>,
    requests: VecDeque<Request>,
}

impl Pairs {
    /// `head_bytes` is how long HTTP headers may be.
    pub fn new(head_bytes: usize) -> Pairs {
        Pairs { head_bytes, responses: VecDeque::new(), requests: VecDeque::new() }
    }

    /// Takes a record; returns a response that has waited long enough. Responses come out in the order they went in.
    pub fn take(&mut self, found: Found, place: &str, problems: &mut Problems) -> Option<Paired> {
        match found.head.get("warc-type") {
            Some("request") => {
                self.request(&found);
                None
            }
            Some("response" | "resource" | "revisit") => {
                let offset = found.spot.offset;
                match self.response(found) {
                    Ok(Some(mut paired)) => {
                        let own = self.requests.iter().position(|request| request.names.belong_together(&paired.names));
                        if let Some(request) = own.and_then(|at| self.requests.remove(at)) {
                            paired.asked_by(request);
                        }
                        self.responses.push_back(paired);
                    }
                    Ok(None) => {}
                    Err(problem) => problems.add(problem, format_args!("{place} at {offset}")),
                }
                if self.responses.len() > PATIENCE { self.responses.pop_front() } else { None }
            }
            _ => None,
        }
    }

    /// Says how long a record is that was taken just now.
    pub fn measured(&mut self, spot: Spot, length: u64) {
        if let Some(response) = self.responses.back_mut().filter(|response| response.spot == spot) {
            response.length = length;
        }
    }

    /// The responses that still wait.
    pub fn rest(&mut self) -> impl Iterator<Item = Paired> {
        std::mem::take(&mut self.responses).into_iter()
    }

    fn request(&mut self, found: &Found) {
        let Some((method, destination)) = request_line(&found.look, self.head_bytes) else { return };
        let request = Request { names: Names::of(&found.head), method, destination };
        match self.responses.iter_mut().rev().find(|response| request.names.belong_together(&response.names)) {
            Some(response) => response.asked_by(request),
            None => {
                self.requests.push_back(request);
                if self.requests.len() > PATIENCE {
                    self.requests.pop_front();
                }
            }
        }
    }

    /// `None` if it answers nothing that a browser asks for.
    fn response(&self, found: Found) -> Result<Option<Paired>, Problem> {
        let Found { spot, head, look } = found;
        let url = match head.target().map(Url::parse) {
            Some(Ok(url)) => url,
            _ => return Err(Problem::Address),
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Ok(None);
        }
        let (status, mime, revisit) = match head.get("warc-type") {
            Some("resource") => {
                let mime = head.get("content-type").unwrap_or_default();
                (200, mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase(), None)
            }
            Some("revisit") => {
                let original = head.get("warc-refers-to-target-uri").and_then(|uri| Url::parse(uri).ok());
                let message = response_head(&look, self.head_bytes).unwrap_or_default();
                // A server that says `not modified` means that the page is as it was.
                let status = if message.status == 304 { 0 } else { message.status };
                (status, message.mime(), Some(original.map(|url| key_of(&url))))
            }
            _ => {
                let message = response_head(&look, self.head_bytes).ok_or(Problem::Message)?;
                if matches!(message.status, 100..200 | 304) {
                    return Ok(None);
                }
                (message.status, message.mime(), None)
            }
        };
        let (key, is_secure) = key_of(&url);
        Ok(Some(Paired {
            spot,
            length: 0,
            key,
            is_secure,
            status,
            is_get: true,
            digest: head.get("warc-payload-digest").map(str::to_owned),
            revisit,
            is_html: matches!(mime.as_str(), "text/html" | "application/xhtml+xml"),
            destination: None,
            names: Names::of(&head),
        }))
    }
}
