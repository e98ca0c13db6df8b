//! What can be asked for, and by whom.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::FutureExt as _;
use serde_json::{Value, json};

use super::Served;
use super::answer::answer;
use super::metrics::Page;
use super::refusal::Refusal;

/// The whole server.
pub(crate) fn router(served: Arc<Served>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(answer))
        .route("/v1/models", get(models))
        .route("/v1/models/{*model}", get(model))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(served.clone(), watch))
        .with_state(served)
}

/// Lets in whom the door admits, counts what is answered, and turns a panic into an answer.
async fn watch(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    // A load balancer has no token, and learns nothing here but that the server lives.
    let is_open = request.method() == Method::GET && request.uri().path() == "/health";
    let admitted = if is_open { Ok(()) } else { served.door.admit(request.headers()) };
    let response = match admitted {
        Err(refusal) => refusal.into_response(),
        // Within this task, so that a client that goes away ends the work for it.
        Ok(()) => match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(_) => Refusal::broken("this is a bug of the server: please report it with its log").into_response(),
        },
    };
    served.metrics.answered(response.status().as_u16());
    response
}

async fn models(State(served): State<Arc<Served>>) -> Json<Value> {
    Json(json!({"object": "list", "data": [described(&served)]}))
}

async fn model(State(served): State<Arc<Served>>, request: Request) -> Result<Json<Value>, Refusal> {
    let name = request.uri().path().trim_start_matches("/v1/models/");
    served.is_called(&percent_decoded(name))?;
    Ok(Json(described(&served)))
}

/// Names of models may hold `/`, which some clients escape.
fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("n={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

fn described(served: &Served) -> Value {
    json!({
        "id": served.model, "object": "model", "created": served.started, "owned_by": "glim",
        "max_model_len": served.engine.context(),
    })
}

async fn health(State(served): State<Arc<Served>>) -> Response {
    match served.is_well() {
        Ok(()) => Json(json!({"status": "ok"})).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn metrics(State(served): State<Arc<Served>>) -> Response {
    let mut page = Page::default();
    served.metrics.write(&mut page);
    served.write_engine(&mut page);
    page.memory();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.text()).into_response()
}

async fn nothing_here(request: Request) -> Refusal {
    let message = format!(
        "there is nothing at `{}`; this server has /v1/chat/completions, /v1/models, /health and /metrics",
        request.uri().path()
    );
    Refusal::status(StatusCode::NOT_FOUND, message).code("unknown_url")
}

async fn wrong_method(request: Request) -> Refusal {
    let message = format!("`{}` is not how `{}` is asked", request.method(), request.uri().path());
    Refusal::status(StatusCode::METHOD_NOT_ALLOWED, message).code("method_not_allowed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unescaped() {
        assert_eq!(percent_decoded("zai-org%2FGLM-4.1V+x"), "zai-org/GLM-4.1V+x");
    }
}
