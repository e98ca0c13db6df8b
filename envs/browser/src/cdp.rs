//! The line to a Chromium process: commands out, answers and events back, over a pipe.
//!
//! The pipe (`--remote-debugging-pipe`, NUL between JSON messages) rather than chromiumoxide's WebSocket, for three
//! reasons: no port of the debugger stands open for pages or neighbours to find; Chromium ends itself when the pipe
//! closes, however we died; and small commands sent in a row are not held back by Nagle's algorithm, which cost 40 ms
//! a click. Message types, key tables and protocol names are chromiumoxide's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot};

/// Locks, also after a panic elsewhere: what is guarded here stays consistent between statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a command has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CallError {
    #[error("{method}: {message}")]
    Refused { method: String, message: String },
    #[error("{method} did not answer within {limit_ms} ms")]
    Silent { method: String, limit_ms: u64 },
    #[error("the browser or the tab is gone")]
    Gone,
}

/// One event of a session.
#[derive(Debug)]
pub(crate) struct Event {
    pub method: String,
    pub params: Value,
}

type Answer = Result<Box<RawValue>, String>;

#[derive(Default)]
struct Shared {
    /// Who waits for which answer, and from which session.
    pending: Mutex<HashMap<u64, (String, oneshot::Sender<Answer>)>>,
    sessions: Mutex<HashMap<String, mpsc::UnboundedSender<Event>>>,
    closed: AtomicBool,
}

impl Shared {
    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        lock(&self.pending).clear();
        lock(&self.sessions).clear();
    }
}

/// A connection to one browser process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Link {
    out: mpsc::UnboundedSender<Vec<u8>>,
    next: Arc<AtomicU64>,
    shared: Arc<Shared>,
    limit: Duration,
}

#[derive(Deserialize)]
struct Incoming<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Refusal>,
    method: Option<String>,
    params: Option<Value>,
    #[serde(rename = "sessionId")]
    session: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Link {
    /// Speaks over the two pipe ends; `limit` bounds every command. Events of the browser itself go to the receiver.
    pub fn over(
        mut input: pipe::Receiver,
        mut output: pipe::Sender,
        limit: Duration,
    ) -> (Link, mpsc::UnboundedReceiver<Event>) {
        let shared = Arc::new(Shared::default());
        let (root, root_events) = mpsc::unbounded_channel();
        lock(&shared.sessions).insert(String::new(), root);
        let (out, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();

        let writer = shared.clone();
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                if output.write_all(&message).await.is_err() {
                    break;
                }
            }
            writer.close();
        });

        let reader = shared.clone();
        tokio::spawn(async move {
            let mut buffer = Vec::with_capacity(1 << 16);
            let mut scanned = 0;
            loop {
                match input.read_buf(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
                let mut begin = 0;
                while let Some(end) = buffer[scanned..].iter().position(|&byte| byte == 0).map(|at| scanned + at) {
                    deliver(&reader, &buffer[begin..end]);
                    begin = end + 1;
                    scanned = begin;
                }
                buffer.drain(..begin);
                scanned = buffer.len();
                buffer.reserve(1 << 16);
            }
            reader.close();
        });

        (Link { out, next: Arc::new(AtomicU64::new(1)), shared, limit }, root_events)
    }

    /// Whether the process on the other end is gone.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::SeqCst)
    }

    /// A session of its own events.
    pub fn session(&self, id: &str) -> (Session, mpsc::UnboundedReceiver<Event>) {
        let (sender, events) = mpsc::unbounded_channel();
        lock(&self.shared.sessions).insert(id.to_owned(), sender);
        (Session { link: self.clone(), id: id.to_owned() }, events)
    }

    /// Stops listening to a session; who still waits for an answer from it waits no longer.
    pub fn forget(&self, session: &str) {
        lock(&self.shared.sessions).remove(session);
        lock(&self.shared.pending).retain(|_, (of, _)| of != session);
    }

    /// A command to the browser itself.
    pub fn call(&self, method: &str, params: Value) -> impl Future<Output = Result<Value, CallError>> + Send + use<> {
        let answer = self.send("", method, params);
        async move { parse(&answer.await?) }
    }

    /// Sends at once, so that several commands may be sent before the first answer is awaited.
    fn send(
        &self,
        session: &str,
        method: &str,
        params: Value,
    ) -> impl Future<Output = Result<Box<RawValue>, CallError>> + Send + use<> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        lock(&self.shared.pending).insert(id, (session.to_owned(), sender));
        let mut message = json!({"id": id, "method": method, "params": params});
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        tracing::trace!(message = %String::from_utf8_lossy(&bytes[..bytes.len().min(300)]), "to the browser");
        bytes.push(0);
        if self.is_closed() || self.out.send(bytes).is_err() {
            lock(&self.shared.pending).remove(&id);
        }
        let (shared, method, limit) = (self.shared.clone(), method.to_owned(), self.limit);
        async move {
            match tokio::time::timeout(limit, answer).await {
                Ok(Ok(Ok(result))) => Ok(result),
                Ok(Ok(Err(message))) => Err(CallError::Refused { method, message }),
                Ok(Err(_)) => Err(CallError::Gone),
                Err(_) => {
                    lock(&shared.pending).remove(&id);
                    Err(CallError::Silent { method, limit_ms: limit.as_millis() as u64 })
                }
            }
        }
    }
}

fn parse(result: &RawValue) -> Result<Value, CallError> {
    serde_json::from_str(result.get())
        .map_err(|error| CallError::Refused { method: "reading an answer".into(), message: error.to_string() })
}

fn deliver(shared: &Shared, message: &[u8]) {
    tracing::trace!(message = %String::from_utf8_lossy(&message[..message.len().min(300)]), "from the browser");
    let incoming: Incoming<'_> = match serde_json::from_slice(message) {
        Ok(incoming) => incoming,
        Err(error) => {
            tracing::debug!(%error, "a message of the browser could not be read");
            return;
        }
    };
    if let Some(id) = incoming.id {
        if let Some((_, waiting)) = lock(&shared.pending).remove(&id) {
            let answer = match incoming.error {
                Some(refusal) => Err(refusal.message),
                None => Ok(incoming.result.map(ToOwned::to_owned).unwrap_or_default()),
            };
            let _ = waiting.send(answer);
        }
    } else if let Some(method) = incoming.method {
        let session = incoming.session.unwrap_or_default();
        if let Some(listener) = lock(&shared.sessions).get(&session) {
            let _ = listener.send(Event { method, params: incoming.params.unwrap_or_default() });
        }
    }
}

/// A target that commands can be sent to. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Session {
    link: Link,
    id: String,
}

impl Session {
    /// A command. It is sent before the future is first polled.
    pub fn call(&self, method: &str, params: Value) -> impl Future<Output = Result<Value, CallError>> + Send + use<> {
        let answer = self.link.send(&self.id, method, params);
        async move { parse(&answer.await?) }
    }

    /// A command whose answer is large and read by the caller's own type.
    pub fn call_raw(
        &self,
        method: &str,
        params: Value,
    ) -> impl Future<Output = Result<Box<RawValue>, CallError>> + Send + use<> {
        self.link.send(&self.id, method, params)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn link(&self) -> &Link {
        &self.link
    }
}
