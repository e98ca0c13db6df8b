//! A reply while it is written: server-sent events, as clients of the protocol read them.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream::{FuturesUnordered, StreamExt as _};
use serde_json::Value;
use tokio::sync::mpsc;

use super::answer::{Reply, Work};
use super::refusal::Refusal;
use super::reply::{Delta, Usage};

/// Events that may wait for a slow client. A reply is at most some thousands of tokens, but not all at once.
const WAITING: usize = 64;
/// Longest time that a client may take no event, before its replies are cancelled.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so much silence a comment is sent, so that what lies between sees that the connection lives.
const SILENCE: Duration = Duration::from_secs(15);

/// The client is gone, or as good as gone.
struct Gone;

/// Answers with a stream of events. The work goes on in a task of its own, which ends when the client goes away.
pub(super) fn respond(work: Work, with_logprobs: bool) -> Response {
    let (events, waiting) = mpsc::channel::<Bytes>(WAITING);
    tokio::spawn(async move {
        // Dropping the work cancels what is unfinished.
        let Err(Gone) = write(work, with_logprobs, &events).await else { return };
        tracing::debug!("a client went away before the end of its reply");
    });
    let body = futures::stream::unfold(waiting, |mut waiting| async move {
        let event = waiting.recv().await?;
        Some((Ok::<_, Infallible>(event), waiting))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(body)).into_response()
}

async fn write(work: Work, with_logprobs: bool, events: &mpsc::Sender<Bytes>) -> Result<(), Gone> {
    let Work { head, replies, place } = work;
    for reply in &replies {
        send(events, &head.chunk(Delta::opening(reply.index()))).await?;
    }
    let mut usage = Usage::default();
    let mut next: FuturesUnordered<_> = replies.into_iter().map(visible).collect();
    loop {
        let told = tokio::select! {
            told = next.next() => told,
            () = events.closed() => return Err(Gone),
            () = tokio::time::sleep(SILENCE) => {
                pass(events, Bytes::from_static(b": still at it\n\n")).await?;
                continue;
            }
        };
        match told {
            Some((reply, Ok(Some(delta)))) => {
                send(events, &head.chunk(delta.chunk(reply.index(), with_logprobs))).await?;
                next.push(visible(reply));
            }
            Some((reply, Ok(None))) => usage = usage.and(reply.usage()),
            Some((_, Err(refusal))) => {
                // Nothing else can be told once a stream has begun; clients know this form.
                send(events, &refusal.body()).await?;
                break;
            }
            None => {
                if let Some(chunk) = head.usage_chunk(usage) {
                    send(events, &chunk).await?;
                }
                pass(events, Bytes::from_static(b"data: [DONE]\n\n")).await?;
                break;
            }
        }
    }
    drop(place);
    Ok(())
}

/// The next thing that a client sees of a reply, with the log-probabilities that have waited for it.
async fn visible(mut reply: Reply) -> (Reply, Result<Option<Delta>, Refusal>) {
    let mut waiting = Delta::default();
    loop {
        match reply.next().await {
            Ok(Some(delta)) => waiting.extend(delta),
            other => return (reply, other),
        }
        if waiting.is_visible() {
            return (reply, Ok(Some(waiting)));
        }
    }
}

async fn send(events: &mpsc::Sender<Bytes>, event: &Value) -> Result<(), Gone> {
    pass(events, Bytes::from(format!("data: {event}\n\n"))).await
}

async fn pass(events: &mpsc::Sender<Bytes>, event: Bytes) -> Result<(), Gone> {
    match tokio::time::timeout(PATIENCE, events.send(event)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}
