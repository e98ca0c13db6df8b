//! The engine as its callers hold it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use glim_processor::Processor;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::batch::Job;
use super::check::{Facts, check};
use super::error::EngineError;
use super::metrics::Metrics;
use super::queue::{NoPlace, Queue};
use super::request::{Event, Reply, Request};

/// What callers and the engine's thread share.
pub(crate) struct Shared {
    pub processor: Arc<Processor>,
    pub queue: Queue<Job>,
    pub facts: Facts,
    metrics: Mutex<Metrics>,
    dead: OnceLock<String>,
    next_id: AtomicU64,
}

impl Shared {
    pub fn new(processor: Arc<Processor>, facts: Facts, queue: usize) -> Shared {
        Shared {
            processor,
            queue: Queue::new(queue),
            facts,
            metrics: Mutex::default(),
            dead: OnceLock::new(),
            next_id: AtomicU64::new(0),
        }
    }

    /// Changes figures.
    pub fn count(&self, change: impl FnOnce(&mut Metrics)) {
        change(&mut self.metrics.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Says why nothing will be answered any more, and lets everybody who waits know.
    pub fn die(&self, reason: String) {
        // The reason is there before anybody can ask for it: those who wait learn of the end by their channels closing.
        let _ = self.dead.set(reason);
        self.queue.close();
        drop(self.queue.drain());
    }

    fn dead(&self) -> EngineError {
        let reason = self.dead.get().cloned().unwrap_or_else(|| "it was stopped".to_owned());
        EngineError::Dead { reason }
    }
}

/// A model that writes replies, many at once, on a thread of its own.
///
/// Clones are the same engine. When the last is dropped, replies that were begun are written to their end, and then the
/// model is dropped.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    _alive: Arc<Alive>,
}

/// Dropped with the last handle.
struct Alive(Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("facts", &self.shared.facts).field("metrics", &self.metrics()).finish()
    }
}

impl Engine {
    pub(crate) fn new(shared: Arc<Shared>) -> Engine {
        Engine { _alive: Arc::new(Alive(shared.clone())), shared }
    }

    /// What makes prompts for it.
    pub fn processor(&self) -> &Arc<Processor> {
        &self.shared.processor
    }

    /// Tokens of a prompt and its reply together, at the most.
    pub fn context(&self) -> usize {
        self.shared.facts.context
    }

    /// What it is doing.
    pub fn metrics(&self) -> Metrics {
        let metrics = *self.shared.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        Metrics { queued: self.shared.queue.len() as u64, ..metrics }
    }

    /// Asks for a reply; waits until there is a place in the queue.
    ///
    /// # Errors
    /// [`EngineError::Invalid`], [`EngineError::TooLong`], [`EngineError::Dead`].
    pub async fn submit(&self, request: Request) -> Result<Generation, EngineError> {
        let (job, generation) = self.prepare(request)?;
        let place = self.shared.queue.place().await.ok_or_else(|| self.shared.dead())?;
        self.shared.queue.push(place, job.id, job).map_err(|_| self.shared.dead())?;
        Ok(generation)
    }

    /// Asks for a reply.
    ///
    /// # Errors
    /// [`EngineError::Busy`] when the queue is full, and those of [`Engine::submit`].
    pub fn try_submit(&self, request: Request) -> Result<Generation, EngineError> {
        let (job, generation) = self.prepare(request)?;
        let place = self.shared.queue.try_place().map_err(|none| match none {
            NoPlace::Full => EngineError::Busy,
            NoPlace::Closed => self.shared.dead(),
        })?;
        self.shared.queue.push(place, job.id, job).map_err(|_| self.shared.dead())?;
        Ok(generation)
    }

    fn prepare(&self, request: Request) -> Result<(Job, Generation), EngineError> {
        let checked = check(&request, &self.shared.facts, self.shared.processor.tokenizer())?;
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, events) = unbounded_channel();
        let job = Job {
            id,
            request,
            prompt: Arc::new(checked.prompt),
            positions: checked.positions,
            thinking: checked.thinking,
            limit: checked.limit,
            events: sender,
        };
        Ok((job, Generation { id, events, shared: self.shared.clone(), ended: false }))
    }
}

/// A reply that is being written. Dropping it cancels the request, wherever it stands.
pub struct Generation {
    id: u64,
    events: UnboundedReceiver<Result<Event, EngineError>>,
    shared: Arc<Shared>,
    ended: bool,
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation").field("id", &self.id).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Generation {
    /// The next event. After [`Event::Finished`], or an error, there is none. Nothing is lost when the future is dropped.
    ///
    /// A reader may be as slow as it likes: events are kept until it comes, and there are no more than the request's
    /// `max_tokens` and one.
    pub async fn next(&mut self) -> Option<Result<Event, EngineError>> {
        if self.ended {
            return None;
        }
        let event = self.events.recv().await.unwrap_or_else(|| Err(self.shared.dead()));
        self.ended = !matches!(event, Ok(Event::Token(_)));
        Some(event)
    }

    /// The whole reply.
    ///
    /// # Errors
    /// [`EngineError::NotFinite`], [`EngineError::Dead`].
    pub async fn collect(mut self) -> Result<Reply, EngineError> {
        let (mut tokens, mut text) = (Vec::new(), String::new());
        while let Some(event) = self.next().await {
            match event? {
                Event::Token(token) => {
                    text.push_str(&token.text);
                    tokens.push(token);
                }
                Event::Finished(finish) => {
                    text.push_str(&finish.text);
                    return Ok(Reply { tokens, text, finish });
                }
            }
        }
        Err(self.shared.dead())
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        // In the batch it is noticed by its closed channel; in the queue it must not keep a place.
        drop(self.shared.queue.remove(self.id));
    }
}
