//! Connections: how many, how slow, and how they end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Connections at once at the most; further ones wait to be accepted.
const CONNECTIONS: usize = 512;
/// Longest wait for the head of a request, which is also how long a connection may idle.
const HEAD: Duration = Duration::from_secs(60);

/// Accepts connections until `ending` turns true; then lets the running requests finish, for `grace` at the most, and
/// returns how many were cut off.
pub(crate) async fn listen(
    listener: TcpListener,
    router: Router,
    mut ending: watch::Receiver<bool>,
    grace: Duration,
) -> usize {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await.expect("the places are never closed");
            (listener.accept().await, place)
        };
        tokio::select! {
            () = asked(&mut ending) => break,
            Some(_) = connections.join_next() => {}
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => {
                    // Tokens are small, and each should be seen at once.
                    let _ = stream.set_nodelay(true);
                    let (router, ending) = (router.clone(), ending.clone());
                    connections.spawn(async move {
                        converse(stream, router, ending).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // Often too many open files: what helps is that others close.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::select! {
                        Some(_) = connections.join_next() => {}
                        () = tokio::time::sleep(Duration::from_millis(100)) => {}
                    }
                }
            },
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(grace, finished).await;
    connections.len()
}

async fn converse(stream: tokio::net::TcpStream, router: Router, mut ending: watch::Receiver<bool>) {
    let service = TowerToHyperService::new(router);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // A client hangs up when it likes; that is no failure of the server.
        _ = connection.as_mut() => {}
        () = asked(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Returns when the server is to end.
pub(super) async fn asked(ending: &mut watch::Receiver<bool>) {
    // Who could ask for it is gone: that is an end too.
    let _ = ending.wait_for(|ending| *ending).await;
}
