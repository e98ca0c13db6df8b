//! The gate: the one way from an episode's pages to the network.
//!
//! Each browser context has a proxy of its own on loopback. Every request passes it, whoever made it (documents,
//! sub-resources, redirects, WebSockets, service workers, prefetches), so one place holds the allowlist, and a name that
//! resolves to a private address is refused after it was looked up. Hosts with a route are answered by servers of ours.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use glim_env::{EnvError, Notice, WebStart};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::cdp::lock;
use crate::identity::IDENTITY;

/// Requests refused in one turn are reported up to this number; a page in a loop must not fill the memory.
const MAX_NOTICES: usize = 20;

/// The scheme that a page asked with, told to an archive.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Who may be reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fence {
    routes: BTreeMap<String, SocketAddr>,
    archive: Option<SocketAddr>,
    allow: Vec<String>,
}

/// Where a request goes.
#[derive(Debug, PartialEq)]
enum Way {
    Route(SocketAddr),
    Archive(SocketAddr),
    Public,
    Private,
}

impl Fence {
    pub fn of(start: &WebStart) -> Fence {
        let lower = |host: &String| host.to_ascii_lowercase();
        Fence {
            routes: start.routes.iter().map(|(host, to)| (lower(host), *to)).collect(),
            archive: start.archive,
            allow: start.allow.iter().map(lower).collect(),
        }
    }

    /// Where requests to this host go, or why they go nowhere. A private address is reached only if it is named itself.
    fn way(&self, host: &str) -> Result<Way, String> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if let Some(address) = self.routes.get(&host) {
            return Ok(Way::Route(*address));
        }
        if let Some(address) = self.archive {
            return Ok(Way::Archive(address));
        }
        if self.allow.contains(&host) {
            let private_by_name = host == "localhost" || host.parse::<IpAddr>().is_ok();
            return Ok(if private_by_name { Way::Private } else { Way::Public });
        }
        let allowed = self.allow.iter().any(|rule| match rule.strip_prefix("*.") {
            Some(parent) => host == parent || host.strip_suffix(parent).is_some_and(|below| below.ends_with('.')),
            None => rule == "*",
        });
        if allowed { Ok(Way::Public) } else { Err("the host is not in the allowlist".to_owned()) }
    }

    /// Why an agent may not open this address, if it may not.
    pub fn refusal(&self, url: &url::Url) -> Option<String> {
        match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(host)) => self.way(host).err().map(|reason| format!("`{host}`: {reason}")),
            ("about", _) if url.path() == "blank" => None,
            (scheme, _) => Some(format!("addresses that begin with `{scheme}:` are not opened")),
        }
    }
}

/// Whether an address belongs to this machine or its neighbourhood.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_private_v4(mapped),
            None => {
                let first = ip.segments()[0];
                ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_multicast()
                    || first & 0xfe00 == 0xfc00
                    || first & 0xffc0 == 0xfe80
                    || first == 0x2002
                    || first == 0x0064
            }
        },
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || (a == 192 && b == 0)
}

#[derive(Default)]
struct State {
    fence: Fence,
    notices: Vec<Notice>,
}

/// A proxy on loopback with a fence that can be changed between episodes.
pub(crate) struct Gate {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Gate {
    pub async fn open() -> Result<Gate, EnvError> {
        let failed = |error: std::io::Error| EnvError::Start {
            what: "the proxy of an episode".to_owned(),
            reason: format!("no port on 127.0.0.1: {error}"),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let server = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { continue };
                        let _ = stream.set_nodelay(true);
                        connections.spawn(serve(stream, shared.clone()));
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Gate { address, state, server })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set_fence(&self, fence: Fence) {
        let mut state = lock(&self.state);
        state.fence = fence;
        state.notices.clear();
    }

    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut lock(&self.state).notices)
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request| {
        let state = state.clone();
        async move { Ok::<_, Infallible>(pass(request, &state).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::trace!(%error, "a connection through the gate ended");
    }
}

type Body = BoxBody<Bytes, hyper::Error>;

fn refuse(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Full::from(text).map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response
}

fn note(state: &Mutex<State>, notice: Notice) {
    let mut state = lock(state);
    if state.notices.len() < MAX_NOTICES && !state.notices.contains(&notice) {
        state.notices.push(notice);
    }
}

async fn pass(mut request: Request<Incoming>, state: &Arc<Mutex<State>>) -> Response<Body> {
    let uri = request.uri().clone();
    let Some(host) = uri.host().map(str::to_owned) else {
        return refuse(StatusCode::BAD_REQUEST, "this is a proxy".to_owned());
    };
    let tunnel = request.method() == Method::CONNECT;
    let port = uri.port_u16().unwrap_or(if tunnel { 443 } else { 80 });
    let way = lock(state).fence.way(&host);
    if let (true, Ok(Way::Archive(archive))) = (tunnel, &way) {
        return answer_tls(request, *archive, state.clone());
    }
    let archived = matches!(way, Ok(Way::Archive(_)));
    let stream = match connect(way, &host, port).await {
        Ok(stream) => stream,
        Err(Failure::Refused(reason)) => {
            note(state, Notice::Blocked { url: host.clone(), reason: reason.clone() });
            return refuse(StatusCode::FORBIDDEN, format!("{host} was not reached: {reason}\n"));
        }
        Err(Failure::Unreachable(error)) => {
            note(state, Notice::LoadFailed { url: format!("{host}:{port}"), error: error.to_string() });
            return refuse(StatusCode::BAD_GATEWAY, format!("{host} could not be reached: {error}\n"));
        }
    };
    if archived {
        request.headers_mut().insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    }
    if tunnel { tunnel_to(request, stream) } else { forward(request, uri, &host, stream, state).await }
}

enum Failure {
    Refused(String),
    Unreachable(std::io::Error),
}

async fn connect(way: Result<Way, String>, host: &str, port: u16) -> Result<TcpStream, Failure> {
    let addresses: Vec<SocketAddr> = match way.map_err(Failure::Refused)? {
        Way::Route(address) | Way::Archive(address) => vec![address],
        Way::Private => lookup(host, port).await?,
        Way::Public => {
            let (private, public): (Vec<_>, Vec<_>) =
                lookup(host, port).await?.into_iter().partition(|address| is_private(address.ip()));
            if public.is_empty() && !private.is_empty() {
                return Err(Failure::Refused("its address is a private one".to_owned()));
            }
            public
        }
    };
    let stream = TcpStream::connect(&addresses[..]).await.map_err(Failure::Unreachable)?;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn lookup(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok(tokio::net::lookup_host((host, port)).await.map_err(Failure::Unreachable)?.collect())
}

/// Bytes both ways, unread: TLS stays between the page and its server.
fn tunnel_to(request: Request<Incoming>, mut stream: TcpStream) -> Response<Body> {
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(upgraded), &mut stream).await;
        }
    });
    refuse(StatusCode::OK, String::new())
}

/// Ends TLS here and asks the archive for what comes through it.
fn answer_tls(request: Request<Incoming>, archive: SocketAddr, state: Arc<Mutex<State>>) -> Response<Body> {
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
        let stream = match IDENTITY.acceptor.accept(TokioIo::new(upgraded)).await {
            Ok(stream) => stream,
            Err(error) => return tracing::debug!(%error, "a TLS connection to the archive was not made"),
        };
        let service = service_fn(move |mut request: Request<Incoming>| {
            let state = state.clone();
            async move {
                request.headers_mut().insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
                let uri = request.uri().clone();
                let host =
                    request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
                let answer = match TcpStream::connect(archive).await {
                    Ok(stream) => forward(request, uri, &host, stream, &state).await,
                    Err(error) => {
                        refuse(StatusCode::BAD_GATEWAY, format!("the archive could not be reached: {error}\n"))
                    }
                };
                Ok::<_, Infallible>(answer)
            }
        });
        let served = hyper::server::conn::http1::Builder::new()
            .preserve_header_case(true)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::trace!(%error, "a TLS connection to the archive ended");
        }
    });
    refuse(StatusCode::OK, String::new())
}

async fn forward(
    mut request: Request<Incoming>,
    uri: Uri,
    host: &str,
    stream: TcpStream,
    state: &Mutex<State>,
) -> Response<Body> {
    let bad_gateway = |error: hyper::Error| refuse(StatusCode::BAD_GATEWAY, format!("{host} broke off: {error}\n"));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match path.parse() {
        Ok(path) => *request.uri_mut() = path,
        Err(_) => return refuse(StatusCode::BAD_REQUEST, "the path cannot be read\n".to_owned()),
    }
    for hop in ["proxy-connection", "proxy-authorization", "connection", "keep-alive"] {
        request.headers_mut().remove(HeaderName::from_static(hop));
    }
    if let Some(value) = uri.authority().and_then(|authority| authority.as_str().parse().ok()) {
        request.headers_mut().insert(HOST, value);
    }
    let mut handshake = hyper::client::conn::http1::Builder::new();
    handshake.preserve_header_case(true);
    let (mut sender, connection) = match handshake.handshake(TokioIo::new(stream)).await {
        Ok(pair) => pair,
        Err(error) => return bad_gateway(error),
    };
    tokio::spawn(async move {
        let _ = connection.await;
    });
    let mut response = match sender.send_request(request).await {
        Ok(response) => response,
        Err(error) => return bad_gateway(error),
    };
    // A browser that asks for a name and a password waits for a person; the page behind says enough.
    if response.status() == StatusCode::UNAUTHORIZED && response.headers_mut().remove(WWW_AUTHENTICATE).is_some() {
        note(state, Notice::Authentication { host: host.to_owned() });
    }
    response.headers_mut().remove(HeaderName::from_static("connection"));
    response.map(BodyExt::boxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(allow: &[&str]) -> Fence {
        let start = WebStart {
            allow: allow.iter().map(|&rule| rule.to_owned()).collect(),
            ..WebStart::local("http://shop.test/").route("shop.test", ([127, 0, 0, 1], 9).into())
        };
        Fence::of(&start)
    }

    #[test]
    fn routes_are_allowed_and_everything_else_needs_a_rule() {
        let fence = fence(&["*.example.org", "exact.net"]);
        assert_eq!(fence.way("Shop.test"), Ok(Way::Route(([127, 0, 0, 1], 9).into())));
        assert_eq!(fence.way("example.org"), Ok(Way::Public));
        assert_eq!(fence.way("a.b.example.org"), Ok(Way::Public));
        assert_eq!(fence.way("exact.net"), Ok(Way::Public));
        for refused in
            ["badexample.org", "example.org.evil.net", "www.exact.net", "localhost", "127.0.0.1", "[::1]", ""]
        {
            assert!(fence.way(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_private_address_is_reached_only_by_naming_it() {
        assert_eq!(fence(&["127.0.0.1"]).way("127.0.0.1"), Ok(Way::Private));
        assert_eq!(fence(&["::1"]).way("[::1]"), Ok(Way::Private));
        assert_eq!(fence(&["*"]).way("127.0.0.1"), Ok(Way::Public));
        let private = "127.0.0.1 10.1.2.3 192.168.0.1 172.16.0.1 169.254.169.254 0.0.0.0 100.64.0.1 ::1 fe80::1 fd00::1 \
                       ::ffff:10.0.0.1 255.255.255.255 224.0.0.1";
        for address in private.split_whitespace() {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in "93.184.216.34 2606:2800:220:1::1 172.32.0.1".split_whitespace() {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn only_web_addresses_are_opened() {
        let fence = fence(&["*"]);
        let refused = |url: &str| fence.refusal(&url::Url::parse(url).unwrap());
        assert_eq!(refused("https://example.org/a"), None);
        assert_eq!(refused("about:blank"), None);
        for url in ["file:///etc/passwd", "chrome://version", "javascript:alert(1)", "data:text/html,x", "ftp://a/b"] {
            assert!(refused(url).is_some(), "{url}");
        }
    }
}
