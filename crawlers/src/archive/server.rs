//! Answers a browser's requests from archives and folders, and from nowhere else.
//!
//! It listens on a free port of 127.0.0.1 and is reached through the browser's gate, which keeps the `Host` of a request
//! and, where it ended TLS itself, says so in `X-Forwarded-Proto: https`. What is not there is 404 with
//! `x-glim-archive: missing`; what is there and cannot be read is 502 with `x-glim-archive: unreadable`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, ORIGIN,
};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use url::Url;

use super::lookup::Match;
use super::message::Message;
use super::problems::Problem;
use super::reply::status_and_headers;
use super::{Archive, ArchiveError, folder};

/// Answers that are read at once; each is held in memory until it is sent.
const MOST_READS: usize = 16;
/// Connections that are served at once.
const MOST_CONNECTIONS: usize = 1024;
/// The largest file of a folder that is served, in bytes.
const LARGEST_FILE: u64 = 64 << 20;
/// Addresses that are remembered of those that were missing.
const MISSING_EXAMPLES: usize = 50;

const ARCHIVE: HeaderName = HeaderName::from_static("x-glim-archive");

/// Pages that are made when they are asked for, for some hosts.
pub trait MadePages: std::fmt::Debug + Send + Sync {
    /// What is at a path of a host, with its media type; `None` where nothing is. This may block.
    fn page(&self, host: &str, path: &str) -> Option<(Vec<u8>, &'static str)>;
}

/// What is replayed.
#[derive(Debug, Default)]
pub struct Replay {
    /// Archives of all hosts.
    pub archive: Option<Arc<Archive>>,
    /// Folders by their host names; they go before archives.
    pub folders: BTreeMap<String, PathBuf>,
    /// Makers of pages by what the names of their hosts end with, such as `.letters.test`; they go before all else.
    pub made: BTreeMap<String, Arc<dyn MadePages>>,
}

/// How requests were answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// With the very address.
    pub exact: u64,
    /// With its twin on the other scheme.
    pub twin: u64,
    /// With the same address but for parameters that mean nothing.
    pub query: u64,
    /// With the same path and other parameters.
    pub path: u64,
    /// From folders, or made.
    pub files: u64,
    /// Not at all.
    pub missing: u64,
    /// With an error, because the record is broken.
    pub unreadable: u64,
    /// The first addresses that were missing.
    pub missing_examples: Vec<String>,
}

#[derive(Debug, Default)]
struct Counts {
    exact: AtomicU64,
    twin: AtomicU64,
    query: AtomicU64,
    path: AtomicU64,
    files: AtomicU64,
    missing: AtomicU64,
    unreadable: AtomicU64,
    missing_examples: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Shared {
    replay: Replay,
    counts: Counts,
    reads: Semaphore,
}

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct ArchiveServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Drop for ArchiveServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl ArchiveServer {
    /// Starts to answer.
    ///
    /// # Errors
    /// If a folder cannot be read or no port can be opened.
    pub async fn start(mut replay: Replay) -> Result<ArchiveServer, ArchiveError> {
        for folder in replay.folders.values_mut() {
            *folder = folder.canonicalize().map_err(ArchiveError::io(folder, "served"))?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(ArchiveError::Bind)?;
        let address = listener.local_addr().map_err(ArchiveError::Bind)?;
        let shared = Arc::new(Shared { replay, counts: Counts::default(), reads: Semaphore::new(MOST_READS) });
        let server = tokio::spawn(accept(listener, shared.clone()));
        Ok(ArchiveServer { address, shared, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How requests were answered so far.
    pub fn served(&self) -> Served {
        let counts = &self.shared.counts;
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        Served {
            exact: count(&counts.exact),
            twin: count(&counts.twin),
            query: count(&counts.query),
            path: count(&counts.path),
            files: count(&counts.files),
            missing: count(&counts.missing),
            unreadable: count(&counts.unreadable),
            missing_examples: counts.missing_examples.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream, shared.clone()));
                }
                // Out of descriptors, as a rule: there will be some when a connection ends.
                Err(error) if connections.is_empty() => {
                    tracing::error!(%error, "the archive's server stopped");
                    return;
                }
                Err(_) => drop(connections.join_next().await),
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(answer(request, shared).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::trace!(%error, "a connection to the archive ended");
    }
}

type Reply = Response<Full<Bytes>>;

fn reply(status: StatusCode, text: String) -> Reply {
    let mut reply = Response::new(Full::from(text));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply
}

/// The address that a request is for.
fn url_of(request: &Request<Incoming>) -> Option<Url> {
    let text = |name: &str| request.headers().get(name)?.to_str().ok();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => text(HOST.as_str())?,
    };
    let scheme = match text("x-forwarded-proto") {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
        _ => "http",
    };
    Url::parse(&format!("{scheme}://{host}{path}")).ok().filter(Url::has_host)
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Reply {
    let Some(url) = url_of(&request) else {
        return reply(StatusCode::BAD_REQUEST, "the request names no host\n".to_owned());
    };
    let headers = request.headers();
    // No archive has the question of whether one may ask.
    if request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return permission(headers);
    }
    let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_document = match headers.get("sec-fetch-dest") {
        Some(wanted) => wanted == "document",
        // Browsers say that to https only; to http, what they would like best tells.
        None => headers.get(ACCEPT).is_some_and(|wanted| wanted.as_bytes().starts_with(b"text/html")),
    };
    let Ok(_permit) = shared.reads.acquire().await else {
        return reply(StatusCode::SERVICE_UNAVAILABLE, "the archive is closed\n".to_owned());
    };
    let reader = shared.clone();
    let read = tokio::task::spawn_blocking(move || look_up(&reader, &url, is_get, is_document)).await;
    read.unwrap_or_else(|_| reply(StatusCode::INTERNAL_SERVER_ERROR, "reading the archive failed\n".to_owned()))
}

fn look_up(shared: &Shared, url: &Url, is_get: bool, is_document: bool) -> Reply {
    let counts = &shared.counts;
    let host = url.host_str().unwrap_or_default();
    if let Some((_, maker)) = shared.replay.made.iter().find(|(end, _)| host.ends_with(end.as_str())) {
        return match maker.page(host, url.path()) {
            Some((content, mime)) => file(counts, content, mime),
            None => missing(counts, url),
        };
    }
    if let Some(root) = url.host_str().and_then(|host| shared.replay.folders.get(host)) {
        return match folder::serve(root, url, LARGEST_FILE) {
            folder::Served::File(content, mime) => file(counts, content, mime),
            folder::Served::Moved(to) => moved(&to),
            folder::Served::Missing => missing(counts, url),
        };
    }
    let found = shared.replay.archive.as_ref().map_or(Ok(None), |archive| archive.answer(url, is_get, is_document));
    match found {
        Ok(Some((message, found))) => {
            let count = match found {
                Match::Exact => &counts.exact,
                Match::Twin => &counts.twin,
                Match::Query => &counts.query,
                Match::Path => &counts.path,
            };
            count.fetch_add(1, Ordering::Relaxed);
            archived(message, found)
        }
        Ok(None) => missing(counts, url),
        Err(problem) => unreadable(counts, problem),
    }
}

fn file(counts: &Counts, content: Vec<u8>, mime: &'static str) -> Reply {
    counts.files.fetch_add(1, Ordering::Relaxed);
    let mut reply = Response::new(Full::from(content));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(mime));
    reply
}

fn archived(message: Message, found: Match) -> Reply {
    let (status, headers) = status_and_headers(&message);
    let mut reply = Response::new(Full::from(message.body));
    // Some servers answered with numbers that are no status; browsers take them for a failure, and so may this.
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *reply.headers_mut() = headers;
    let found = match found {
        Match::Exact => "exact",
        Match::Twin => "twin",
        Match::Query => "query",
        Match::Path => "path",
    };
    reply.headers_mut().insert(ARCHIVE, HeaderValue::from_static(found));
    reply
}

fn missing(counts: &Counts, url: &Url) -> Reply {
    counts.missing.fetch_add(1, Ordering::Relaxed);
    let mut examples = counts.missing_examples.lock().unwrap_or_else(PoisonError::into_inner);
    if examples.len() < MISSING_EXAMPLES {
        examples.push(url.to_string());
    }
    let mut reply = reply(StatusCode::NOT_FOUND, format!("{url} is not in the archive\n"));
    reply.headers_mut().insert(ARCHIVE, HeaderValue::from_static("missing"));
    reply
}

fn unreadable(counts: &Counts, problem: Problem) -> Reply {
    counts.unreadable.fetch_add(1, Ordering::Relaxed);
    let mut reply = reply(StatusCode::BAD_GATEWAY, format!("the record cannot be read: {problem}\n"));
    reply.headers_mut().insert(ARCHIVE, HeaderValue::from_static("unreadable"));
    reply
}

fn moved(to: &str) -> Reply {
    let mut reply = reply(StatusCode::MOVED_PERMANENTLY, String::new());
    if let Ok(to) = HeaderValue::from_str(to) {
        reply.headers_mut().insert(LOCATION, to);
    }
    reply
}

/// Lets a page of another origin ask, as its server did when the page was archived.
fn permission(asked: &HeaderMap) -> Reply {
    let mut reply = reply(StatusCode::NO_CONTENT, String::new());
    let headers = reply.headers_mut();
    let any = HeaderValue::from_static("*");
    let or_any = |name: &str| asked.get(name).cloned().unwrap_or_else(|| any.clone());
    headers.insert("access-control-allow-origin", or_any(ORIGIN.as_str()));
    headers.insert("access-control-allow-methods", or_any("access-control-request-method"));
    headers.insert("access-control-allow-headers", or_any("access-control-request-headers"));
    headers.insert("access-control-allow-credentials", HeaderValue::from_static("true"));
    reply
}
