//! `glim serve`: a model behind the protocol of OpenAI's chat completions.
//!
//! A request is let in (`door`), read (`request`, `conversation`, `picture`), given to the engine (`answer`), and told whole
//! (`reply`) or as it is written (`stream`). Everything in flight is bounded: connections, requests in memory, bodies,
//! pictures and their pixels, the engine's queue, events that wait for a slow client. Nothing is fetched for anybody.

mod answer;
mod call;
mod conversation;
mod door;
mod fields;
mod listener;
mod metrics;
mod parts;
mod picture;
mod refusal;
mod reply;
mod request;
mod routes;
mod stream;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use glim_processor::Input;
use glim_vlm::engine::Engine;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::arguments::Serve;
use crate::eval::say;
use crate::model;
use conversation::Conversation;
use door::Door;
use metrics::{Metrics, Page};
use refusal::Refusal;

/// Memory for bodies and prepared pictures, in MiB: a context full of pictures takes about one GiB.
const MEMORY_MIB: usize = 4096;
/// How long running replies may take to finish after Ctrl-C.
const GRACE: Duration = Duration::from_secs(30);

/// What all requests share.
pub(crate) struct Served {
    engine: Engine,
    model: String,
    /// Seconds since 1970.
    started: u64,
    door: Door,
    metrics: Metrics,
    /// Requests in memory at once: those that the engine works on, those in its queue, and a few that are being read.
    places: Arc<Semaphore>,
    /// MiB that bodies and prepared pictures may take.
    memory: Arc<Semaphore>,
    /// Requests that are read and pictures that are prepared at once: one for each core.
    preparing: Arc<Semaphore>,
    ending: watch::Receiver<bool>,
    /// The engine's last words, once it has ended.
    dead: OnceLock<String>,
}

pub(crate) async fn serve(arguments: Serve) -> Result<ExitCode> {
    let door = Door::new(arguments.host, arguments.token_file.as_deref(), std::env::var(door::VARIABLE).ok())?;
    // Before the model is loaded, which takes longer.
    let address = SocketAddr::new(arguments.host, arguments.port);
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("`{address}` cannot be listened on; choose another --port"))?;
    let address = listener.local_addr()?;
    let options = arguments.options();
    let (waiting, at_once) = (options.queue, options.max_batch);
    let engine = model::start(&arguments.checkpoint, options).await?;
    let name = arguments.model_name.clone().unwrap_or_else(|| model::name(&arguments.checkpoint));
    let (end, ending) = watch::channel(false);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let served = Arc::new(Served {
        engine,
        model: name,
        started: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        door,
        metrics: Metrics::new(),
        places: Arc::new(Semaphore::new(waiting + at_once + cores)),
        memory: Arc::new(Semaphore::new(MEMORY_MIB)),
        preparing: Arc::new(Semaphore::new(cores)),
        ending: ending.clone(),
        dead: OnceLock::new(),
    });
    say(&format!("glim serves `{}` at http://{address}/v1; Ctrl-C ends it", served.model));
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut listening = std::pin::pin!(listener::listen(listener, routes::router(served.clone()), ending, GRACE));
    loop {
        tokio::select! {
            cut_off = listening.as_mut() => {
                if cut_off > 0 {
                    say(&format!("{cut_off} connections were cut off"));
                }
                return Ok(ExitCode::SUCCESS);
            }
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if end.send_replace(true) {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!(
            "\nfinishing the running replies, for {} s at the most; Ctrl-C again to cut them off",
            GRACE.as_secs()
        );
    }
}

impl Served {
    /// Whether requests are taken.
    fn is_well(&self) -> Result<(), Refusal> {
        if *self.ending.borrow() {
            return Err(Refusal::gone("the server is ending").code("ending"));
        }
        if let Some(reason) = self.dead.get() {
            return Err(Refusal::gone(format!("the engine has ended: {reason}")).code("engine_dead"));
        }
        Ok(())
    }

    /// Whether this is the model that is served.
    fn is_called(&self, name: &str) -> Result<(), Refusal> {
        if name == self.model {
            return Ok(());
        }
        let message = format!("there is no model `{name}` here; this server has `{}`", self.model);
        Err(Refusal::status(axum::http::StatusCode::NOT_FOUND, message).param("model").code("model_not_found"))
    }

    /// So much memory, if it is to be had.
    fn memory(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let mebibytes = u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX);
        self.memory.clone().try_acquire_many_owned(mebibytes).map_err(|_| Refusal::busy())
    }

    /// Does work of the processor where it keeps nobody waiting.
    async fn prepare<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let permit = self.preparing.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Refusal::gone("the server is ending"))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // Kept until here, since the work goes on when nobody waits for it any more.
            drop(permit);
            done
        });
        let done = done.await;
        done.map_err(|error| Refusal::broken(format!("the request could not be prepared: {error}")))
    }

    /// The prompt of a conversation, and whether it has opened a thought.
    fn prompt(&self, conversation: &Conversation) -> Result<(Arc<Input>, bool), Refusal> {
        let processor = self.engine.processor();
        let input = processor.input(&conversation.messages, &conversation.options).map_err(|error| {
            let refusal = Refusal::invalid(error.to_string());
            match conversation.culprit(processor) {
                Some(place) => refusal.param(place).code("invalid_image"),
                None => refusal.param("messages"),
            }
        })?;
        let thinking = model::opens_thought(processor.tokenizer(), &input);
        Ok((Arc::new(input), thinking))
    }

    fn token_bytes(&self, id: u32) -> Vec<u8> {
        model::token_bytes(self.engine.processor().tokenizer(), id)
    }

    fn write_engine(&self, page: &mut Page) {
        let figures = self.engine.metrics();
        page.gauge("glim_queue_length", "Replies that wait for a place.", figures.queued);
        page.gauge("glim_running", "Replies that are being written.", figures.running);
        page.gauge("glim_batch_size", "Replies that got a token in the last round.", figures.last_batch);
        page.counter("glim_reused_tokens_total", "Tokens read whose keys and values were kept.", figures.reused_tokens);
        page.counter("glim_image_feature_hits_total", "Pictures whose features were kept.", figures.feature_hits);
        page.counter("glim_image_feature_misses_total", "Pictures that were encoded.", figures.feature_misses);
        page.gauge("glim_image_feature_bytes", "Memory of the features that are kept.", figures.feature_bytes);
        page.gauge("glim_kv_cache_bytes", "Memory for keys and values.", figures.kv_bytes);
        page.gauge(
            "glim_kv_cache_tokens",
            "Tokens of the replies that are being written, prompts included.",
            figures.kv_tokens,
        );
    }
}
