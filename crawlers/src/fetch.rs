//! Robots.txt, sitemaps and indexes over HTTP. Pages themselves are loaded by the browser.
//!
//! Names that resolve to private addresses are refused after they were looked up, on each hop of a redirect, unless they
//! have a route. No proxy of the environment is used: it would look names up where we cannot see it.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, RANGE, RETRY_AFTER};
use hyper::body::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::runtime::Handle;
use url::Url;

use crate::address::is_private_host;
use crate::politeness::{Answer, Retry};
use crate::recipe::source::PolitenessRecipe;

/// Redirects that are followed for one file; robots.txt allows five.
const MOST_REDIRECTS: usize = 5;
/// The longest answer to a request for a part of a file, in bytes.
const LONGEST_PART: u64 = 256 << 20;

/// How files are fetched.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// The `User-Agent`, with a way to reach who crawls.
    pub user_agent: String,
    /// The longest time without a byte.
    pub timeout: Duration,
    /// What is tried again, and when.
    pub retry: Retry,
    /// Hosts that are answered by servers of ours.
    pub routes: BTreeMap<String, SocketAddr>,
}

impl FetchSettings {
    /// As the recipe says. Hosts with a route are answered at its address, also if that is private.
    pub fn of(recipe: &PolitenessRecipe, routes: BTreeMap<String, SocketAddr>) -> FetchSettings {
        FetchSettings {
            user_agent: recipe.user_agent(),
            timeout: Duration::from_millis(recipe.timeout_ms),
            retry: Retry::of(recipe),
            routes,
        }
    }
}

/// A file could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No client could be made.
    #[error("no HTTP client could be made: {0}")]
    Client(String),
    /// Its address, or where it redirects to, is private.
    #[error("`{0}` is on a private address, and only public ones are fetched from")]
    Private(Url),
    /// No connection, or one that broke.
    #[error("`{url}` could not be fetched: {reason}")]
    Connection {
        /// The file.
        url: Url,
        /// The innermost cause.
        reason: String,
    },
    /// Nothing came in time.
    #[error("`{0}` did not answer in time")]
    Timeout(Url),
    /// An answer that is not a success.
    #[error("`{url}` answered with status {status}")]
    Status {
        /// The file.
        url: Url,
        /// The status.
        status: u16,
    },
    /// It cannot be read in parts.
    #[error("`{0}` cannot be read in parts: its server does not say how long it is or ignores ranges")]
    NoRanges(Url),
}

/// An answer, read up to a limit.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The status of the last hop.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, up to the limit.
    pub body: Vec<u8>,
    /// Whether there was more than the limit.
    pub is_cut: bool,
}

/// Fetches files; clones share their connections.
#[derive(Debug, Clone)]
pub struct Fetch {
    client: reqwest::Client,
    retry: Retry,
    timeout: Duration,
    routes: Arc<BTreeMap<String, SocketAddr>>,
    handle: Handle,
}

impl Fetch {
    /// # Errors
    /// If no client can be made.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn new(settings: FetchSettings) -> Result<Fetch, FetchError> {
        // reqwest is built without a crypto provider. It may have been installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let routes = Arc::new(settings.routes);
        let fence = routes.clone();
        let redirects = reqwest::redirect::Policy::custom(move |attempt| {
            let routed = attempt.url().host_str().is_some_and(|host| fence.contains_key(host));
            if attempt.previous().len() > MOST_REDIRECTS {
                attempt.error(format!("more than {MOST_REDIRECTS} redirects"))
            } else if is_private_host(attempt.url()) && !routed {
                attempt.error(PrivateAddress)
            } else {
                attempt.follow()
            }
        });
        let client = reqwest::Client::builder()
            .user_agent(settings.user_agent)
            .read_timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            .redirect(redirects)
            .dns_resolver(PublicNames { routes: routes.clone() })
            .no_proxy()
            .build()
            .map_err(|error| FetchError::Client(error.to_string()))?;
        Ok(Fetch { client, retry: settings.retry, timeout: settings.timeout, routes, handle: Handle::current() })
    }

    /// The answer for a small file, whatever its status, with up to `most` bytes of its body.
    ///
    /// # Errors
    /// If there is none, or all of it takes longer than twice the time without a byte.
    pub async fn get_once(&self, url: &Url, most: u64) -> Result<Fetched, FetchError> {
        let whole = async {
            let response = self.send(url, None).await?;
            read(url, response, most).await
        };
        tokio::time::timeout(self.timeout * 2, whole).await.unwrap_or_else(|_| Err(FetchError::Timeout(url.clone())))
    }

    /// As [`Fetch::get_once`], but what may pass is tried again.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn get(&self, url: &Url, most: u64) -> Result<Fetched, FetchError> {
        self.retried(url, |url| async move { self.get_once(&url, most).await }).await
    }

    async fn retried<F: Future<Output = Result<Fetched, FetchError>>>(
        &self,
        url: &Url,
        once: impl Fn(Url) -> F,
    ) -> Result<Fetched, FetchError> {
        let mut attempt = 0;
        loop {
            let fetched = once(url.clone()).await;
            let answer = match &fetched {
                Ok(fetched) => Answer::Status {
                    status: fetched.status,
                    retry_after: retry_after(&fetched.headers, SystemTime::now()),
                },
                Err(FetchError::Timeout(_)) => Answer::TimedOut,
                Err(FetchError::Connection { .. }) => Answer::Broken,
                Err(_) => return fetched,
            };
            match self.retry.wait(&answer, attempt) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return fetched,
            }
            attempt += 1;
        }
    }

    async fn send(&self, url: &Url, range: Option<(u64, u64)>) -> Result<reqwest::Response, FetchError> {
        let routed = url.host_str().is_some_and(|host| self.routes.contains_key(host));
        if is_private_host(url) && !routed {
            return Err(FetchError::Private(url.clone()));
        }
        let mut request = self.client.get(url.clone());
        if let Some((first, last)) = range {
            request = request.header(RANGE, format!("bytes={first}-{last}"));
        }
        request.send().await.map_err(|error| failure(url, error))
    }

    /// A file as a stream of bytes, for a thread that may block.
    ///
    /// # Errors
    /// If there is no answer or it is not a success.
    pub fn open(&self, url: &Url) -> Result<Download, FetchError> {
        self.handle.block_on(async {
            let response = self.send(url, None).await?;
            if !response.status().is_success() {
                return Err(FetchError::Status { url: url.clone(), status: response.status().as_u16() });
            }
            Ok(Download { url: url.clone(), handle: self.handle.clone(), response, chunk: Bytes::new() })
        })
    }

    /// A part of a file, for a thread that may block: the bytes and the length of the whole.
    ///
    /// # Errors
    /// If there is no answer or it is not that part.
    pub fn part(&self, url: &Url, start: u64, length: u64) -> Result<(Vec<u8>, u64), FetchError> {
        let most = length.min(LONGEST_PART);
        let range = (start, start + most.max(1) - 1);
        let fetched = self.handle.block_on(self.retried(url, |url| async move {
            let response = self.send(&url, Some(range)).await?;
            read(&url, response, most).await
        }))?;
        if fetched.status != 206 {
            let url = url.clone();
            return Err(match fetched.status {
                200..300 => FetchError::NoRanges(url),
                status => FetchError::Status { url, status },
            });
        }
        let whole =
            fetched.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()?.rsplit('/').next()?.parse().ok());
        Ok((fetched.body, whole.ok_or_else(|| FetchError::NoRanges(url.clone()))?))
    }
}

async fn read(url: &Url, mut response: reqwest::Response, most: u64) -> Result<Fetched, FetchError> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0_usize);
    let mut body = Vec::with_capacity(told.min(most).min(1 << 20));
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(url, error))? {
        let room = most - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok(Fetched { status, headers, body, is_cut: true });
        }
    }
    Ok(Fetched { status, headers, body, is_cut: false })
}

fn failure(url: &Url, error: reqwest::Error) -> FetchError {
    let url = url.clone();
    if error.is_timeout() {
        return FetchError::Timeout(url);
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    loop {
        if cause.is::<PrivateAddress>() {
            return FetchError::Private(url);
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => return FetchError::Connection { url, reason: cause.to_string() },
        }
    }
}

/// How long an answer asks to be left alone, in seconds or until a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()),
    }
}

/// A file on its way, read by a thread that may block.
#[derive(Debug)]
pub struct Download {
    url: Url,
    handle: Handle,
    response: reqwest::Response,
    chunk: Bytes,
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            let next = self.handle.block_on(self.response.chunk());
            match next.map_err(|error| io::Error::other(failure(&self.url, error)))? {
                Some(chunk) => self.chunk = chunk,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.chunk.len());
        buffer[..length].copy_from_slice(&self.chunk.split_to(length));
        Ok(length)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the address is a private one")]
struct PrivateAddress;

/// Looks names up and keeps the public addresses.
struct PublicNames {
    routes: Arc<BTreeMap<String, SocketAddr>>,
}

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let route = self.routes.get(name.as_str()).copied();
        Box::pin(async move {
            if let Some(address) = route {
                return Ok(Box::new(std::iter::once(address)) as Addrs);
            }
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> =
                found.iter().copied().filter(|address| !glim_browser::is_private(address.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_as_seconds_and_as_dates() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let wait = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now)
        };
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
