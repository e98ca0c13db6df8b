//! A judge behind a real server on loopback.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

/// A vote.
pub(crate) const RIGHT: &str = r#"{"reason": "another word for it", "verdict": "right"}"#;
/// The other.
pub(crate) const WRONG: &str = r#"{"reason": "another animal", "verdict": "wrong"}"#;

/// What it says to a prompt, after so many milliseconds.
type Say = fn(&str) -> (&'static str, u64);

#[derive(Default)]
struct Seen {
    requests: Vec<Value>,
    keys: Vec<String>,
}

/// The server; it ends with the test.
pub(crate) struct Judge {
    url: String,
    seen: Arc<Mutex<Seen>>,
    _runtime: tokio::runtime::Runtime,
}

impl Judge {
    pub(crate) fn start(say: Say) -> Judge {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let app = Router::new().route("/v1/chat/completions", post(answer)).with_state((say, Arc::clone(&seen)));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Judge { url, seen, _runtime: runtime }
    }

    pub(crate) fn settings(&self) -> String {
        format!("[judges.local]\nmodel = 'm'\nurl = '{}'\n", self.url)
    }

    pub(crate) fn requests(&self) -> Vec<Value> {
        self.seen.lock().unwrap().requests.clone()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.seen.lock().unwrap().keys.clone()
    }
}

async fn answer(
    State((say, seen)): State<(Say, Arc<Mutex<Seen>>)>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Json<Value> {
    let (text, pause) = say(request["messages"][0]["content"][0]["text"].as_str().unwrap());
    {
        let mut seen = seen.lock().unwrap();
        seen.requests.push(request);
        seen.keys.push(headers["authorization"].to_str().unwrap().to_owned());
    }
    tokio::time::sleep(Duration::from_millis(pause)).await;
    let message = json!({"role": "assistant", "content": text});
    Json(json!({
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 7},
    }))
}
