//! A model that says the same to everything, behind a real server on loopback.

use std::sync::{Arc, Mutex};

use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

type Shared = Arc<(String, Mutex<Vec<String>>)>;

/// The server; it ends with the test.
pub(crate) struct Model {
    url: String,
    shared: Shared,
    _runtime: tokio::runtime::Runtime,
}

impl Model {
    pub(crate) fn start(says: &str) -> Model {
        let shared: Shared = Arc::new((says.to_owned(), Mutex::default()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/v1/chat/completions", post(answer))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Model { url, shared, _runtime: runtime }
    }

    /// As `--agent` has it.
    pub(crate) fn agent(&self) -> String {
        format!("openai:m@{}", self.url)
    }

    /// What was asked, as JSON.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.1.lock().unwrap().clone()
    }
}

async fn answer(State(shared): State<Shared>, Json(request): Json<Value>) -> Json<Value> {
    shared.1.lock().unwrap().push(request.to_string());
    let message = json!({"role": "assistant", "content": shared.0});
    Json(json!({
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 7},
    }))
}
