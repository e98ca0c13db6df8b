//! Servers behind TLS: a certificate that nobody vouches for, and a question for a password that the gate cannot see.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glim_browser::{Browser, BrowserConfig};
use glim_env::{Action, Clock, EnvError, Environment, Notice, Outcome, Seed, StartState, Viewport, WebStart};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::site::{Site, both_kinds};

/// For `secure.test`, signed by itself; made with `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes
/// -days 36500 -subj /CN=secure.test -addext subjectAltName=DNS:secure.test`, the key with `openssl pkcs8 -topk8 -nocrypt`.
const CERTIFICATE: &[u8] = include_bytes!("../fixtures/self_signed.cert.der");
const KEY: &[u8] = include_bytes!("../fixtures/self_signed.key.der");

/// SHA-256 of its public key, by which Chromium is told to trust it.
const PUBLIC_KEY: &str = "nGnUOSFRKz2qmuS/x3pG84YlDEnWIH1751KdwKORL98=";

/// A server that speaks TLS and gives every request one answer.
struct Secure {
    addr: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Secure {
    async fn answering(head: &str, body: &str) -> Secure {
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(KEY.to_vec());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![CERTIFICATE.to_vec().into()], key.into())
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let answer = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, answer) = (acceptor.clone(), answer.clone());
                tokio::spawn(async move {
                    // A browser that does not trust the certificate breaks off here.
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = [0; 4096];
                    if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        let _ = stream.write_all(answer.as_bytes()).await;
                        let _ = stream.shutdown().await;
                    }
                });
            }
        });
        Secure { addr, server }
    }

    /// A start on a plain page with a link to it.
    fn start(&self, site: &Site, clock: Clock) -> StartState {
        let mut start =
            WebStart::local("http://site.test/").route("site.test", site.addr).route("secure.test", self.addr);
        start.viewport = Some(Viewport::new(400, 300));
        start.clock = clock;
        StartState::Web(start)
    }
}

const LINK: &[(&str, &str)] = &[("/", "<a href='https://secure.test/'>go</a>")];

/// The same program, told to trust our certificate.
fn trusting(program: &Path, folder: &Path) -> PathBuf {
    let name = folder.join(format!("trusting-{}", program.file_name().unwrap().to_string_lossy()));
    let script = format!(
        "#!/bin/sh\nexec '{}' \"$@\" '--ignore-certificate-errors-spki-list={PUBLIC_KEY}'\n",
        program.display()
    );
    std::fs::write(&name, script).unwrap();
    std::fs::set_permissions(&name, PermissionsExt::from_mode(0o755)).unwrap();
    name
}

fn browser(executable: PathBuf) -> Arc<Browser> {
    Browser::new(BrowserConfig { executable: Some(executable), ..BrowserConfig::default() })
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_reported_and_the_page_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::new(LINK).await;
    let secure = Secure::answering("200 OK", "<h1>secret</h1>").await;
    for program in both_kinds(folder.path()) {
        for clock in [Clock::Virtual, Clock::Real] {
            let mut env = browser(program.clone()).env();
            let seen = env.reset(&secure.start(&site, clock), Seed(1)).await.unwrap();
            let shell = env.is_deterministic();
            let link = seen.elements.iter().find(|element| element.name == "go").unwrap().point;
            let seen = env.step(&Action::click(link)).await.unwrap().observation;
            // On the virtual clock the network is not watched, and the page itself does not say why it failed.
            let told = seen.notices.iter().any(|notice| match notice {
                Notice::Certificate { url, error } => url.contains("secure.test") && error.contains("CERT"),
                Notice::LoadFailed { url, .. } => shell && url == "https://secure.test/",
                _ => false,
            });
            assert!(told, "{} {clock:?}: {:?}", program.display(), seen.notices);
            assert!(!seen.elements.iter().any(|element| element.text.contains("secret")), "{:?}", seen.elements);

            let step = env.step(&Action::Navigate { url: "https://secure.test/".into() }).await.unwrap();
            match step.outcome {
                Outcome::Rejected { reason } => assert!(reason.contains("ERR_CERT_AUTHORITY_INVALID"), "{reason}"),
                Outcome::Done => panic!("a page with an unknown certificate was opened"),
            }
        }
        let mut start = WebStart::local("https://secure.test/").route("secure.test", secure.addr);
        start.clock = Clock::Real;
        let error = browser(program).env().reset(&StartState::Web(start), Seed(1)).await.unwrap_err();
        assert!(matches!(&error, EnvError::Unreachable { reason, .. } if reason.contains("ERR_CERT")), "{error}");
    }
}

#[tokio::test]
async fn a_question_for_a_password_behind_tls_is_refused_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::new(LINK).await;
    let ask = "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Type: text/html";
    let secure = Secure::answering(ask, "<h1>keep out</h1>").await;
    for program in both_kinds(folder.path()) {
        for clock in [Clock::Virtual, Clock::Real] {
            let mut env = browser(trusting(&program, folder.path())).env();
            let seen = env.reset(&secure.start(&site, clock), Seed(1)).await.unwrap();
            let link = seen.elements.iter().find(|element| element.name == "go").unwrap().point;
            let seen = env.step(&Action::click(link)).await.unwrap().observation;
            let what = format!("{} {clock:?}: {:?} {:?}", program.display(), seen.notices, seen.elements);
            // The shell shows the page behind the question, an ordinary Chromium one of its own.
            let shown = seen.elements.iter().any(|element| element.text.contains("keep out"));
            let failed = seen.notices.iter().any(|notice| matches!(notice, Notice::LoadFailed { .. }));
            assert!(shown || failed, "{what}");
            let asked = |notice: &Notice| matches!(notice, Notice::Authentication { host } if host == "secure.test");
            assert!(env.is_deterministic() || seen.notices.iter().any(asked), "{what}");
        }
    }
}
