//! The NATS server: where it is, who we are there, and a connection to it.

use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream::context::AccountErrorKind;
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use url::Url;

use super::QueueError;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A NATS server with JetStream.
#[derive(Clone)]
pub struct QueueServer {
    addresses: Vec<Url>,
    credentials: Option<PathBuf>,
}

impl std::fmt::Debug for QueueServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueueServer").field("addresses", &self.name()).finish_non_exhaustive()
    }
}

impl QueueServer {
    /// At an address, `nats://[USER:PASSWORD@|TOKEN@]HOST[:4222]` or `tls://…`; those of one cluster are separated by
    /// commas. `credentials` is a file of `nsc`, with a user's JWT and seed.
    ///
    /// # Errors
    /// If that is no address.
    pub fn new(address: &str, credentials: Option<PathBuf>) -> Result<QueueServer, QueueError> {
        let mut addresses = Vec::new();
        for one in address.split(',').map(str::trim) {
            let whole = if one.contains("://") { one.to_owned() } else { format!("nats://{one}") };
            let wrong = |reason: &str| QueueError::Address {
                // What is no address may still have a password in it.
                url: one.rsplit('@').next().unwrap_or_default().to_owned(),
                reason: reason.to_owned(),
            };
            let url = Url::parse(&whole).map_err(|error| wrong(&error.to_string()))?;
            if !matches!(url.scheme(), "nats" | "tls") {
                return Err(wrong(&format!("`{}` is not spoken here", url.scheme())));
            }
            if url.host_str().is_none_or(str::is_empty) {
                return Err(wrong("it names no host"));
            }
            addresses.push(url);
        }
        Ok(QueueServer { addresses, credentials })
    }

    /// Its address without what is secret.
    pub(super) fn name(&self) -> String {
        let shown = self.addresses.iter().map(|url| {
            let port = url.port().unwrap_or(4222);
            format!("{}://{}:{port}", url.scheme(), url.host_str().unwrap_or_default())
        });
        shown.collect::<Vec<_>>().join(",")
    }

    /// Connects, and again by itself whenever the connection is lost.
    pub(super) async fn connect(&self) -> Result<Context, QueueError> {
        // The client's TLS takes the provider of the process. It may have been installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let name = self.name();
        let told = name.clone();
        let mut options = ConnectOptions::new()
            .name("glim crawl")
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .event_callback(move |event| {
                let server = told.clone();
                async move {
                    match event {
                        Event::Connected => tracing::info!(server, "connected"),
                        Event::Disconnected => tracing::warn!(server, "the connection is lost; it is made again"),
                        Event::Closed | Event::Draining | Event::ClientError(_) => {}
                        event => tracing::warn!(server, %event, "the NATS server is not well"),
                    }
                }
            });
        if let Some(path) = &self.credentials {
            let wrong =
                |error: std::io::Error| QueueError::Credentials { path: path.clone(), reason: error.to_string() };
            options = options.credentials_file(path).await.map_err(wrong)?;
        }
        if let Some(url) = self.addresses.iter().find(|url| !url.username().is_empty()) {
            options = match url.password() {
                Some(password) => options.user_and_password(plain(url.username()), plain(password)),
                None => options.token(plain(url.username())),
            };
        }
        let mut servers = Vec::new();
        for url in &self.addresses {
            let mut bare = url.clone();
            let cleared = bare.set_username("").and_then(|()| bare.set_password(None));
            let address = cleared.ok().and_then(|()| ServerAddr::from_url(bare).ok());
            let reason = || "its host cannot be used".to_owned();
            servers.push(address.ok_or_else(|| QueueError::Address { url: name.clone(), reason: reason() })?);
        }
        options = options.require_tls(self.addresses.iter().any(|url| url.scheme() == "tls"));
        let client: Client = options.connect(servers).await.map_err(|error| QueueError::Unreachable {
            server: name,
            advice: advice(&error),
            reason: error.to_string(),
        })?;
        let mut context = jetstream::new(client);
        context.set_timeout(PATIENCE);
        match context.query_account().await {
            Err(error) if is_without_jetstream(&error.kind()) => Err(QueueError::NoJetStream { server: self.name() }),
            // An account may have streams without being told of itself.
            _ => Ok(context),
        }
    }
}

fn advice(error: &ConnectError) -> &'static str {
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            "put a user and password into the address, as nats://USER:PASSWORD@HOST:4222, or name a credentials file"
        }
        _ if error.to_string().contains("certificate") => {
            "if its authority is one of yours, name the authority's certificate in the variable SSL_CERT_FILE"
        }
        _ => "start one with `nats-server -js -sd FOLDER`",
    }
}

fn is_without_jetstream(kind: &AccountErrorKind) -> bool {
    let codes = [ErrorCode::JETSTREAM_NOT_ENABLED, ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT];
    match kind {
        AccountErrorKind::JetStreamUnavailable => true,
        AccountErrorKind::JetStream(error) => codes.contains(&error.error_code()),
        _ => false,
    }
}

/// A part of an address as it was meant, without `%40` and the like.
fn plain(part: &str) -> String {
    let form = format!("it={}", part.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_without_their_secrets() {
        let server = QueueServer::new("nats://me:se%40cret@a.test,tls://b.test:4443,c.test:1", None).unwrap();
        assert_eq!(server.name(), "nats://a.test:4222,tls://b.test:4443,nats://c.test:1");
        assert!(!format!("{server:?}").contains("cret"));
        assert_eq!(plain("se%40c+ret%2525"), "se@c+ret%25");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (address, reason) in [("http://a.test", "`http`"), ("nats://", "host"), ("nats://me:secret@a:b", "port")] {
            let error = QueueServer::new(address, None).unwrap_err().to_string();
            assert!(error.contains(reason) && !error.contains("secret"), "{error}");
        }
    }
}
