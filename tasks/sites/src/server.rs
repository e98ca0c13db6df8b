//! The HTTP side of an instance: its listener, the shared files, and the net under the handlers.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use include_dir::{Dir, include_dir};
use tokio::task::{AbortHandle, JoinSet};

use crate::page::{Broken, PageError};
use crate::session;
use crate::{App, Site};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/static");

/// A listening server. Dropping it closes the listener and every connection.
pub(crate) struct Server {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl Server {
    /// Listens on `address` and serves each connection in a task of the current runtime.
    pub(crate) fn start(router: Router, address: SocketAddr) -> Result<Server, std::io::Error> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let accepting = tokio::spawn(accept(listener, router)).abort_handle();
        Ok(Server { address, accepting })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Takes connections until it is aborted; the set of connections ends with it.
async fn accept(listener: tokio::net::TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let service = TowerToHyperService::new(router.clone());
                    connections.spawn(async move {
                        // A browser hangs up when it likes; that is no failure of the site.
                        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::task::yield_now().await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The whole site: its own pages, the shared files, a session for each visitor, and a record of every failure.
pub(crate) fn router<S: Site>(app: App) -> Router {
    let pages = S::router()
        .fallback(|| async { PageError::NotFound })
        .layer(middleware::from_fn_with_state(app.clone(), session::attach));
    Router::new()
        .route("/static/{file}", get(file))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .merge(pages)
        .layer(middleware::from_fn_with_state(app.clone(), watch))
        .with_state(app)
}

async fn file(Path(name): Path<String>) -> Response {
    let Some(file) = FILES.get_file(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=86400")], file.contents()).into_response()
}

/// Turns failures into pages, and keeps a record of those that are ours.
async fn watch(State(app): State<App>, request: Request, next: Next) -> Response {
    let wanted = format!("{} {}", request.method(), request.uri());
    // In a task of its own, so that a panic in a handler is an answer instead of a dropped connection.
    let response = match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => PageError::Broken(error.to_string()).into_response(),
    };
    let status = response.status();
    if status.is_server_error() {
        let why = response.extensions().get::<Broken>().map_or_else(|| status.to_string(), |broken| broken.0.clone());
        app.faults.record(format!("{wanted}: {why}"));
    }
    let plain =
        response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if (status.is_server_error() || status.is_client_error()) && plain {
        let (old, _) = response.into_parts();
        let page = app.error_page(old.extensions.get::<session::Session>(), status);
        let cookies: Vec<_> =
            old.headers.get_all(header::SET_COOKIE).iter().map(|it| (header::SET_COOKIE, it.clone())).collect();
        return (status, AppendHeaders(cookies), page).into_response();
    }
    response
}
