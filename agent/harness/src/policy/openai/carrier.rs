//! One HTTP request to a model server, carried once: the key goes in here, and only here.
//!
//! The client library would retry by itself, without jitter, and writes whole replies into the log. This service stands
//! in for its own, makes one try, and says precisely what came of it; `client` decides whether to try again.

use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

/// Longest reply that is read, in bytes.
const LONGEST_REPLY: usize = 16 << 20;
/// How much of an error's text is kept, in bytes.
const LONGEST_REASON: usize = 600;

/// What came of one try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// No connection, or one that broke.
    #[error("{0}")]
    Connection(String),
    /// Nothing came in time.
    #[error("no reply in time")]
    Timeout,
    /// An answer that is not a success.
    #[error("status {status}: {reason}")]
    Status {
        /// Its status.
        status: u16,
        /// What it says, shortened.
        reason: String,
        /// Its machine-readable kind, where it has one.
        kind: Option<String>,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// A success that is not JSON.
    #[error("{0}")]
    Garbage(String),
}

/// Carries requests over HTTP, with the key if there is one.
#[derive(Clone)]
pub(super) struct Carrier {
    http: reqwest::Client,
    authorization: Option<HeaderValue>,
}

impl Carrier {
    pub(super) fn new(http: reqwest::Client, authorization: Option<HeaderValue>) -> Carrier {
        Carrier { http, authorization }
    }

    async fn carry(self, factory: HttpRequestFactory) -> Result<reqwest::Response, OpenAIError> {
        let mut request = factory.build().await?;
        request.headers_mut().remove(AUTHORIZATION);
        if let Some(authorization) = self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        self.http
            .execute(request)
            .await
            .map_err(broken)
            .map(whole)?
            .await
            .map_err(|failure| OpenAIError::Boxed(Box::new(failure)))
    }
}

impl tower_service::Service<HttpRequestFactory> for Carrier {
    type Response = reqwest::Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<reqwest::Response, OpenAIError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        self.clone().carry(factory).boxed()
    }
}

fn broken(error: reqwest::Error) -> OpenAIError {
    OpenAIError::Boxed(Box::new(failure_of(error)))
}

fn failure_of(error: reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::Timeout;
    }
    // The address is named once by the error that this becomes; here only the cause counts, which stands innermost.
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Failure::Connection(cause.to_string())
}

/// Reads the whole answer, so that a connection that breaks in the middle is a failure of this try.
async fn whole(mut response: reqwest::Response) -> Result<reqwest::Response, Failure> {
    let status = response.status();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failure_of)? {
        if body.len() + chunk.len() > LONGEST_REPLY {
            return Err(Failure::Garbage(format!("it is longer than {LONGEST_REPLY} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        let (reason, kind) = reason_of(&body);
        return Err(Failure::Status { status: status.as_u16(), reason, kind, retry_after: retry_after(&headers) });
    }
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
        return Err(Failure::Garbage(format!(
            "it is not JSON ({error}): `{}`",
            shortened(&String::from_utf8_lossy(&body))
        )));
    }
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(reqwest::Response::from(answer))
}

/// The message and kind in an error's body: `{"error": {"message": …, "type": …, "code": …}}` or near it, else its text.
fn reason_of(body: &[u8]) -> (String, Option<String>) {
    let parsed: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let error = parsed.get("error").unwrap_or(&parsed);
    let text = |key: &str| error.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let message = error.as_str().map(str::to_owned).or(text("message")).or(text("detail"));
    let message = message.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    (shortened(message.trim()), text("code").or(text("type")))
}

fn shortened(text: &str) -> String {
    match text.floor_char_boundary(LONGEST_REASON) {
        end if end < text.len() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}

/// `retry-after-ms`, or `retry-after` in seconds. Its form as a date is not in use among model servers.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}
