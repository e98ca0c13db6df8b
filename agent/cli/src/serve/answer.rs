//! `/v1/chat/completions`: from the body of a request to its replies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use glim_processor::Input;
use glim_vlm::engine::{self, EngineError, Event, Generation};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::OwnedSemaphorePermit;

use super::Served;
use super::parts::Parts;
use super::refusal::Refusal;
use super::reply::{Delta, Head, Usage, Writer};
use super::request::Asked;
use super::stream;

/// Longest body, in bytes. A screenshot is a few MiB.
pub(crate) const BODY: usize = 64 << 20;
/// Longest time that a body may take.
const BODY_TIME: Duration = Duration::from_secs(120);

/// A request that the engine works on.
pub(super) struct Work {
    pub head: Head,
    /// The replies, each with what writes it down.
    pub replies: Vec<Reply>,
    pub place: Place,
}

/// What a request takes up as long as it is worked on.
pub(super) struct Place {
    /// One of as many requests as may be in memory.
    _one: OwnedSemaphorePermit,
    /// Its part of the memory for bodies and prepared pictures.
    _memory: OwnedSemaphorePermit,
}

/// One reply.
pub(super) struct Reply {
    generation: Generation,
    writer: Writer,
    /// When the last token came, or else the request.
    last: Instant,
    begun: bool,
    ended: bool,
    served: Arc<Served>,
}

pub(super) async fn answer(State(served): State<Arc<Served>>, request: Request) -> Result<Response, Refusal> {
    let asked_at = Instant::now();
    served.is_well()?;
    // Before the body is read: what finds no place takes no memory.
    let one = served.places.clone().try_acquire_owned().map_err(|_| Refusal::busy())?;
    let body_memory = served.memory(length(&request)?)?;
    let body = read(request).await?;
    let preparing = served.clone();
    let (asked, prepared) = served
        .prepare(move || {
            let asked = Asked::read(&body)?;
            drop(body);
            if let Some(model) = &asked.model {
                preparing.is_called(model)?;
            }
            let prepared = preparing.prompt(&asked.conversation)?;
            Ok((asked, prepared))
        })
        .await??;
    let (input, thinking) = prepared;
    drop(body_memory);
    let (prompt, context) = (input.ids.len(), served.engine.context());
    let room = context.checked_sub(prompt).filter(|room| *room > 0);
    let room = room.ok_or_else(|| Refusal::too_long(prompt, context))?;
    let patches = input.images.iter().map(|image| size_of_val(image.pixels.as_slice())).sum();
    let place = Place { _one: one, _memory: served.memory(patches)? };
    let work = submit(served, asked_at, &asked, &input, thinking, room, place)?;
    if asked.stream {
        return Ok(stream::respond(work, asked.logprobs.is_some()));
    }
    Ok(Json(whole(work, asked.logprobs.is_some()).await?).into_response())
}

/// How long the body says it is, or else may be.
fn length(request: &Request) -> Result<usize, Refusal> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match announced {
        Some(length) if length > BODY as u64 => Err(too_large()),
        Some(length) => Ok(length as usize),
        None => Ok(BODY),
    }
}

fn too_large() -> Refusal {
    let message = format!("the body has more than {} MiB; send fewer or smaller images", BODY >> 20);
    Refusal::status(StatusCode::PAYLOAD_TOO_LARGE, message).code("request_too_large")
}

/// The body, as long as it is within limits.
async fn read(request: Request) -> Result<Vec<u8>, Refusal> {
    // A form of another site can send everything but JSON without being asked.
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let message = format!("the body must be `Content-Type: application/json`, and is `{kind}`");
        return Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).code("unsupported_media_type"));
    }
    let read = Limited::new(request.into_body(), BODY).collect();
    match tokio::time::timeout(BODY_TIME, read).await {
        Ok(Ok(body)) => Ok(body.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(Refusal::invalid(format!("the body broke off: {error}"))),
        Err(_) => {
            let message = format!("the body did not come within {} s", BODY_TIME.as_secs());
            Err(Refusal::status(StatusCode::REQUEST_TIMEOUT, message).code("request_timeout"))
        }
    }
}

/// Gives the engine one request for each reply that is wanted; all or none are taken.
fn submit(
    served: Arc<Served>,
    asked_at: Instant,
    asked: &Asked,
    input: &Arc<Input>,
    thinking: bool,
    room: usize,
    place: Place,
) -> Result<Work, Refusal> {
    let mut replies: Vec<Reply> = Vec::new();
    for index in 0..asked.choices {
        let mut sampling = asked.sampling;
        if index > 0 {
            sampling.seed = glim_env::Seed(sampling.seed).derive(index).0;
        }
        let request = engine::Request {
            input: input.clone(),
            sampling,
            max_tokens: asked.max_tokens.map_or(room, |most| most.min(room)),
            stop: asked.stop.clone(),
            thinking_budget: asked.thinking_budget,
            repetition_window: asked.repetition_window,
            top_logprobs: asked.logprobs.unwrap_or(0),
        };
        let generation = served.engine.try_submit(request).map_err(|error| {
            // Nobody went away from those that were taken.
            replies.iter_mut().for_each(|reply| reply.ended = true);
            served.refusal(error)
        })?;
        let parts = Parts::new(thinking, asked.separate_reasoning, asked.conversation.options.tools.clone());
        let writer = Writer::new(index, parts, asked.logprobs);
        replies.push(Reply { generation, writer, last: asked_at, begun: false, ended: false, served: served.clone() });
    }
    served.metrics.read(input.ids.len());
    let head = Head::new(&served.model, asked.include_usage);
    Ok(Work { head, replies, place })
}

/// All replies in one response.
async fn whole(work: Work, with_logprobs: bool) -> Result<serde_json::Value, Refusal> {
    let written = work.replies.into_iter().map(|mut reply| async move {
        let mut all = Delta::default();
        while let Some(delta) = reply.next().await? {
            all.extend(delta);
        }
        Ok::<_, Refusal>((all.choice(reply.index(), with_logprobs), reply.usage()))
    });
    let written = futures::future::try_join_all(written).await?;
    let usage = written.iter().fold(Usage::default(), |sum, (_, usage)| sum.and(*usage));
    Ok(work.head.whole(written.into_iter().map(|(choice, _)| choice).collect(), usage))
}

impl Reply {
    /// What comes next; None after the end.
    ///
    /// # Errors
    /// If the engine could not go on.
    pub async fn next(&mut self) -> Result<Option<Delta>, Refusal> {
        if self.ended {
            return Ok(None);
        }
        match self.generation.next().await {
            Some(Ok(Event::Token(token))) => {
                let now = Instant::now();
                self.served.metrics.wrote(now - self.last, !self.begun);
                (self.last, self.begun) = (now, true);
                Ok(Some(self.writer.token(&token, &|id| self.served.token_bytes(id))))
            }
            Some(Ok(Event::Finished(finish))) => {
                self.ended = true;
                Ok(Some(self.writer.finish(&finish)))
            }
            Some(Err(error)) => {
                self.ended = true;
                Err(self.served.refusal(error))
            }
            None => {
                self.ended = true;
                Err(Refusal::gone("the engine left the reply unfinished"))
            }
        }
    }

    pub fn index(&self) -> usize {
        self.writer.index()
    }

    pub fn usage(&self) -> Usage {
        self.writer.usage()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        // The generation is dropped with it, which ends its work.
        if !self.ended {
            self.served.metrics.cancelled();
        }
    }
}

impl Served {
    /// What a client is told when the engine does not answer.
    fn refusal(&self, error: EngineError) -> Refusal {
        match error {
            EngineError::Busy => Refusal::busy(),
            EngineError::TooLong { prompt, context } => Refusal::too_long(prompt, context),
            EngineError::Invalid { reason } => Refusal::invalid(reason),
            EngineError::Dead { reason } => {
                let reason = self.dead.get_or_init(|| reason);
                Refusal::gone(format!("the engine has ended: {reason}")).code("engine_dead")
            }
            other => Refusal::broken(other.to_string()),
        }
    }
}
