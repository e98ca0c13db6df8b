//! What is said to a client whose request is not answered, in the form that clients of OpenAI's protocol read:
//! `{"error": {"message": ..., "type": ..., "param": ..., "code": ...}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Seconds after which a client that found the queue full should ask again.
const RETRY_AFTER_S: u64 = 1;

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
}

impl Refusal {
    /// The request is not one that can be answered; asking again as it is would not help.
    pub fn invalid(message: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            message: message.into(),
            param: None,
            code: None,
        }
    }

    /// As [`Refusal::invalid`], with another status.
    pub fn status(status: StatusCode, message: impl Into<String>) -> Refusal {
        Refusal { status, ..Refusal::invalid(message) }
    }

    /// Something broke on this side.
    pub fn broken(message: impl Into<String>) -> Refusal {
        Refusal { kind: "server_error", ..Refusal::status(StatusCode::INTERNAL_SERVER_ERROR, message) }
    }

    /// The model has ended, or the server is ending.
    pub fn gone(message: impl Into<String>) -> Refusal {
        Refusal { kind: "server_error", ..Refusal::status(StatusCode::SERVICE_UNAVAILABLE, message) }
    }

    /// As many requests wait already as may.
    pub fn busy() -> Refusal {
        let message = "as many requests wait as may; ask again in a moment";
        Refusal { kind: "rate_limit_error", ..Refusal::status(StatusCode::TOO_MANY_REQUESTS, message) }
            .code("queue_full")
    }

    /// Prompt and reply do not fit into what the model reads.
    pub fn too_long(prompt: usize, context: usize) -> Refusal {
        let message = format!(
            "this model reads at most {context} tokens, its reply included, and the prompt has {prompt}; shorten it, or \
             send fewer or smaller images"
        );
        Refusal::invalid(message).param("messages").code("context_length_exceeded")
    }

    /// Names the field of the request that is at fault.
    #[must_use]
    pub fn param(mut self, param: impl Into<String>) -> Refusal {
        self.param = Some(param.into());
        self
    }

    /// Adds a word that programs can tell the case by.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Refusal {
        self.code = Some(code);
        self
    }

    /// The body of the response.
    pub fn body(&self) -> Value {
        json!({"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}})
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_all_four_fields() {
        let body = Refusal::invalid("`n` must be at least 1").param("n").code("out_of_range").body();
        assert_eq!(
            body.to_string(),
            r#"{"error":{"message":"`n` must be at least 1","type":"invalid_request_error","param":"n","code":"out_of_range"}}"#
        );
        assert_eq!(Refusal::broken("x").body()["error"]["param"], Value::Null);
    }

    #[test]
    fn a_full_queue_says_when_to_ask_again() {
        let response = Refusal::busy().into_response();
        assert_eq!(
            (response.status(), response.headers()["retry-after"].as_bytes()),
            (StatusCode::TOO_MANY_REQUESTS, b"1".as_slice())
        );
    }
}
