//! A web of named hosts on loopback, and what is fetched from it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glim_crawl::fetch::{Fetch, FetchError, FetchSettings};
use glim_crawl::politeness::{Admission, Politeness, Refusal};
use glim_crawl::recipe::source::PolitenessRecipe;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

type Answer = dyn Fn(&str, &str, &str) -> Vec<u8> + Send + Sync;

/// A server for all hosts; `answer` is called with host, path and the whole request.
pub struct Web {
    pub address: SocketAddr,
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    pub async fn start(answer: impl Fn(&str, &str, &str) -> Vec<u8> + Send + Sync + 'static) -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log): (Arc<Answer>, _) = (Arc::new(answer), asked.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, log) = (answer.clone(), log.clone());
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        let mut buffer = [0; 4096];
                        match stream.read(&mut buffer).await {
                            Ok(0) | Err(_) => return,
                            Ok(read) => request.extend_from_slice(&buffer[..read]),
                        }
                    }
                    let request = String::from_utf8(request).unwrap();
                    let path = request.split(' ').nth(1).unwrap();
                    let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
                    log.lock().unwrap().push(format!("{host}{path}"));
                    let _ = stream.write_all(&answer(host, path, &request)).await;
                    // It sends a byte now and then, for ever.
                    while path == "/trickle" && stream.write_all(b"x").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                });
            }
        });
        Web { address, asked }
    }

    /// A client for which the named hosts are here.
    pub fn fetch(&self, hosts: &[&str]) -> Fetch {
        self.fetch_within(5000, hosts)
    }

    fn fetch_within(&self, timeout_ms: u64, hosts: &[&str]) -> Fetch {
        let routes: BTreeMap<_, _> = hosts.iter().map(|host| ((*host).to_owned(), self.address)).collect();
        let recipe = PolitenessRecipe {
            contact: "https://example.org/crawler".to_owned(),
            retries: 2,
            retry_ms: 1,
            longest_retry_ms: 20,
            timeout_ms,
            ..PolitenessRecipe::default()
        };
        Fetch::new(FetchSettings::of(&recipe, routes)).unwrap()
    }
}

pub fn ok(body: &[u8]) -> Vec<u8> {
    with("200 OK", body)
}

pub fn with(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body]
        .concat()
}

/// The part of a file that a request asks for.
pub fn part(file: &[u8], request: &str) -> Vec<u8> {
    let range = request.lines().find_map(|line| line.strip_prefix("range: bytes=")).unwrap();
    let (first, last) = range.split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    let last = last.min(file.len() - 1);
    with(&format!("206 Partial\r\nContent-Range: bytes {first}-{last}/{}", file.len()), &file[first..=last])
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_sizes_are_bounded() {
    let tries = AtomicU32::new(0);
    let web = Web::start(move |_, path, request| {
        assert!(request.contains("user-agent: GlimCrawl/0.1.0 (+https://example.org/crawler)"));
        match path {
            "/busy" if tries.fetch_add(1, Ordering::SeqCst) < 2 => with("503 Busy\r\nRetry-After: 0", b""),
            "/broken" => Vec::new(),
            "/gone" => with("404 Gone", b""),
            _ => ok(&[b'x'; 1000]),
        }
    })
    .await;
    let fetch = web.fetch(&["a.test"]);
    let fetched = fetch.get(&url("http://a.test/busy"), 100).await.unwrap();
    assert_eq!((fetched.status, fetched.body.len(), fetched.is_cut), (200, 100, true));
    assert_eq!(fetch.get(&url("http://a.test/gone"), 100).await.unwrap().status, 404);
    assert!(matches!(fetch.get(&url("http://a.test/broken"), 100).await, Err(FetchError::Connection { .. })));
    let asked = web.asked.lock().unwrap().join(" ");
    assert_eq!(asked, "a.test/busy a.test/busy a.test/busy a.test/gone a.test/broken a.test/broken a.test/broken");
}

#[tokio::test]
async fn a_server_that_trickles_is_given_up() {
    let web = Web::start(|_, _, _| b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".to_vec()).await;
    let fetch = web.fetch_within(100, &["a.test"]);
    let error = fetch.get_once(&url("http://a.test/trickle"), 100_000).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout(_)), "{error}");
}

#[tokio::test]
async fn private_addresses_are_not_asked_even_by_redirects() {
    let web = Web::start(|_, path, _| {
        let to = match path {
            "/by-number" => "http://127.0.0.1:9/",
            "/by-name" => "http://localhost/secret",
            "/round" => "/round",
            _ => return ok(b"here"),
        };
        with(&format!("302 Found\r\nLocation: {to}"), b"")
    })
    .await;
    let fetch = web.fetch(&["a.test"]);
    for private in ["http://a.test/by-number", "http://a.test/by-name", "http://127.0.0.1:9/", "http://[::1]/"] {
        let error = fetch.get(&url(private), 100).await.unwrap_err();
        assert!(matches!(error, FetchError::Private(_)), "{private}: {error}");
    }
    let error = fetch.get(&url("http://a.test/round"), 100).await.unwrap_err();
    assert!(error.to_string().contains("redirects"), "{error}");
    assert_eq!(fetch.get(&url("http://a.test/"), 100).await.unwrap().body, b"here");
}

#[tokio::test]
async fn robots_files_are_fetched_and_kept_to() {
    let web = Web::start(|host, path, _| match (host, path) {
        ("a.test", "/robots.txt") => ok(b"User-agent: *\nDisallow: /no"),
        ("b.test", "/robots.txt") => with("302 Found\r\nLocation: http://a.test/robots.txt", b""),
        _ => with("404 Not Found", b""),
    })
    .await;
    let recipe = PolitenessRecipe { contact: "me@example.org".to_owned(), delay_ms: 0, ..PolitenessRecipe::default() };
    let politeness = Politeness::new(recipe, web.fetch(&["a.test", "b.test", "c.test"]));
    for host in ["a.test", "b.test"] {
        let refused = politeness.admit(&url(&format!("http://{host}/no/page"))).await;
        assert!(matches!(refused, Admission::Refused(Refusal::Robots)), "{host}: {refused:?}");
    }
    for page in ["http://a.test/yes", "http://c.test/no"] {
        let admitted = politeness.admit(&url(page)).await;
        assert!(matches!(admitted, Admission::Granted(_)), "{page}: {admitted:?}");
    }
}
