//! The loop: lets requests in, looks at pictures, reads prompts, decodes, and lets replies out.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::error::EngineError;
use super::features::FeatureCache;
use super::forward::{Chunk, Forward};
use super::handle::Shared;
use super::prompt::Prompt;
use super::request::{Event, Request};
use super::sampler::Drawn;
use super::scheduler::{Id, Limits, Scheduler};
use super::thinking::Thinking;
use super::writer::Writer;
use crate::positions::Positions;

/// A request that was found to be sound.
pub(crate) struct Job {
    pub id: Id,
    pub request: Request,
    pub prompt: Arc<Prompt>,
    pub positions: Positions,
    pub thinking: Option<Thinking>,
    /// Tokens of reply at the most.
    pub limit: usize,
    /// Takes at most `limit` tokens and one end, which bounds it.
    pub events: UnboundedSender<Result<Event, EngineError>>,
}

/// How much is done and kept at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub limits: Limits,
    /// Patches of pictures that are looked at in one round; at least one picture is.
    pub patches: usize,
    /// Bytes of features that are kept.
    pub feature_bytes: u64,
    /// Bytes of keys and values that are kept while there is nothing to do.
    pub idle_bytes: u64,
}

/// A request in the batch.
struct Active<'p, F> {
    prompt: Arc<Prompt>,
    positions: Positions,
    writer: Writer<'p>,
    events: UnboundedSender<Result<Event, EngineError>>,
    /// Features of each of its pictures, as far as they are known.
    pictures: Vec<Option<Rc<F>>>,
    /// Of all, in the order of their places, once they are known.
    features: Option<F>,
    /// The token that is to be read next.
    last: u32,
}

impl<F> Active<'_, F> {
    /// Whether its prompt can be read.
    fn ready(&self) -> bool {
        self.features.is_some() || self.pictures.is_empty()
    }
}

/// All that the engine's thread works on.
pub(crate) struct Batch<'p, M: Forward> {
    model: M,
    shared: &'p Shared,
    plan: Plan,
    scheduler: Scheduler,
    features: FeatureCache<M::Features>,
    active: HashMap<Id, Active<'p, M::Features>>,
    reused_tokens: u64,
    last_batch: u64,
}

impl<'p, M: Forward> Batch<'p, M> {
    /// Nothing to do yet.
    pub fn new(model: M, shared: &'p Shared, plan: Plan) -> Batch<'p, M> {
        Batch {
            model,
            shared,
            plan,
            scheduler: Scheduler::new(plan.limits),
            features: FeatureCache::new(plan.feature_bytes),
            active: HashMap::new(),
            reused_tokens: 0,
            last_batch: 0,
        }
    }

    /// Works until the queue is closed and all replies are written.
    pub fn run(&mut self) {
        loop {
            if self.active.is_empty() {
                self.rest();
                if !self.shared.queue.wait() {
                    return;
                }
            }
            self.round();
        }
    }

    /// One round: prompts get one bounded share of the time, and then each reply gets a token.
    fn round(&mut self) {
        let gone: Vec<Id> = self.active.iter().filter(|(_, it)| it.events.is_closed()).map(|(&id, _)| id).collect();
        gone.into_iter().for_each(|id| self.release(id));
        self.admit();
        self.look();
        self.read();
        self.decode();
        self.report();
    }

    /// Gives back the memory that a long text took.
    fn rest(&mut self) {
        if self.model.cache_bytes() > self.plan.idle_bytes {
            for slot in self.scheduler.forget_free() {
                self.model.keep(slot, 0);
            }
            self.model.shrink();
        }
        self.last_batch = 0;
        self.report();
    }

    fn admit(&mut self) {
        while self.scheduler.has_room() {
            let Some(job) = self.shared.queue.pop_if(|_| true) else { return };
            if job.events.is_closed() {
                continue;
            }
            let admission = self.scheduler.admit(job.id, job.prompt.clone());
            match admission.copy {
                Some((from, tokens)) => self.model.copy(from, admission.slot, tokens),
                None => self.model.keep(admission.slot, admission.keep),
            }
            self.reused_tokens += admission.copy.map_or(admission.keep, |(_, tokens)| tokens) as u64;
            let tokenizer = self.shared.processor.tokenizer();
            let writer = Writer::new(job.request, job.thinking, tokenizer.stream(false), tokenizer.eos(), job.limit);
            let active = Active {
                pictures: job.prompt.pictures().map(|_| None).collect(),
                prompt: job.prompt,
                positions: job.positions,
                writer,
                events: job.events,
                features: None,
                last: 0,
            };
            self.active.insert(job.id, active);
        }
    }

    /// Looks at pictures of prompts that are to be read: those that were seen before are remembered, and of the others as
    /// many as one pass may take are looked at together.
    fn look(&mut self) {
        let waiting: Vec<Id> = self.scheduler.reading().filter(|id| !self.active[id].ready()).collect();
        let mut unseen = BTreeMap::new();
        let mut order = Vec::new();
        let mut patches = 0;
        for id in &waiting {
            let Active { prompt, pictures, .. } = self.active.get_mut(id).expect("who is scheduled is active");
            for (picture, features) in prompt.pictures().zip(pictures) {
                if features.is_none() && !unseen.contains_key(&picture.key) {
                    *features = self.features.get(picture.key);
                    let count = picture.grid.patches();
                    if features.is_none() && (order.is_empty() || patches + count <= self.plan.patches) {
                        patches += count;
                        unseen.insert(picture.key, order.len());
                        order.push(picture.clone());
                    }
                }
            }
        }
        let seen: Vec<Rc<M::Features>> = if order.is_empty() {
            Vec::new()
        } else {
            let order: Vec<_> = order.iter().map(AsRef::as_ref).collect();
            self.model.look(&order).into_iter().map(Rc::new).collect()
        };
        for (&key, &number) in &unseen {
            let features = &seen[number];
            self.features.insert(key, features.clone(), self.model.bytes(features));
        }
        for id in &waiting {
            let Active { prompt, pictures, features, .. } =
                self.active.get_mut(id).expect("who is scheduled is active");
            for (picture, known) in prompt.pictures().zip(pictures.iter_mut()) {
                if known.is_none() {
                    *known = unseen.get(&picture.key).map(|&number| seen[number].clone());
                }
            }
            let known: Option<Vec<Rc<M::Features>>> = pictures.iter().cloned().collect();
            if let Some(known) = known {
                let parts = prompt.features(0..prompt.len()).map(|(picture, rows)| (known[picture].clone(), rows));
                *features = Some(self.model.join(&parts.collect::<Vec<_>>()));
            }
        }
    }

    /// Reads the next parts of prompts, and draws the first token of those that are read to their end.
    fn read(&mut self) {
        let parts = self.scheduler.parts(|id| self.active[&id].ready());
        if parts.is_empty() {
            return;
        }
        let chunks = parts.iter().map(|part| {
            let active = &self.active[&part.id];
            Chunk {
                slot: part.slot,
                ids: &active.prompt.input.ids,
                positions: &active.positions,
                features: active.features.as_ref(),
                range: part.range.clone(),
            }
        });
        let logits = self.model.read(&chunks.collect::<Vec<_>>());
        let mut drawing = Vec::new();
        for (row, part) in parts.iter().enumerate() {
            for &(_, slot) in &part.followers {
                self.model.copy(part.slot, slot, part.range.end);
                self.reused_tokens += part.range.end as u64;
            }
            self.scheduler.was_read(part);
            if part.last {
                drawing.push((row, part.id));
                drawing.extend(part.followers.iter().map(|&(id, _)| (row, id)));
            }
        }
        for (_, id) in &drawing {
            let active = self.active.get_mut(id).expect("who is scheduled is active");
            (active.features, active.pictures) = (None, Vec::new());
            self.shared.count(|metrics| metrics.prompt_tokens += active.prompt.len() as u64);
        }
        self.draw(&logits, &drawing);
    }

    /// One more token for everybody who is past the prompt.
    fn decode(&mut self) {
        let rows = self.scheduler.decoding();
        self.last_batch = rows.len() as u64;
        if rows.is_empty() {
            return;
        }
        let slots: Vec<usize> = rows.iter().map(|&(_, slot)| slot).collect();
        let ids: Vec<u32> = rows.iter().map(|(id, _)| self.active[id].last).collect();
        let positions = rows.iter().map(|(id, _)| {
            let active = &self.active[id];
            active.positions.after(active.prompt.len() + active.writer.written() - 1)
        });
        let logits = self.model.step(&slots, &ids, &positions.collect::<Vec<_>>());
        let drawing: Vec<(usize, Id)> = rows.iter().enumerate().map(|(row, &(id, _))| (row, id)).collect();
        self.draw(&logits, &drawing);
    }

    fn draw(&mut self, logits: &M::Logits, rows: &[(usize, Id)]) {
        let draws: Vec<_> = rows.iter().map(|&(row, id)| (row, self.active[&id].writer.draw())).collect();
        if draws.is_empty() {
            return;
        }
        let drawn = self.model.draw(logits, &draws);
        for ((&(_, id), (_, draw)), drawn) in rows.iter().zip(&draws).zip(drawn) {
            self.write(id, drawn, draw.forced.is_some());
        }
    }

    fn write(&mut self, id: Id, drawn: Option<Drawn>, forced: bool) {
        let active = self.active.get_mut(&id).expect("who is scheduled is active");
        let Some(drawn) = drawn else {
            let position = active.prompt.len() + active.writer.written();
            // Whoever asked may have gone, and then nobody wants to know.
            let _ = active.events.send(Err(EngineError::NotFinite { position }));
            self.release(id);
            return;
        };
        active.last = drawn.id;
        let (token, finish) = active.writer.push(drawn, forced);
        self.shared.count(|metrics| metrics.completion_tokens += 1);
        let mut gone = active.events.send(Ok(Event::Token(token))).is_err();
        if let Some(finish) = finish {
            let events = active.events.clone();
            // The row is free, and the figures say so, before the caller hears of the end.
            self.release(id);
            self.report();
            gone = events.send(Ok(Event::Finished(finish))).is_err();
        }
        if gone {
            self.release(id);
        }
    }

    fn release(&mut self, id: Id) {
        self.scheduler.release(id);
        self.active.remove(&id);
    }

    fn report(&self) {
        let kv_tokens = self.active.values().map(|it| (it.prompt.len() + it.writer.written()) as u64).sum();
        self.shared.count(|metrics| {
            metrics.running = self.active.len() as u64;
            metrics.last_batch = self.last_batch;
            metrics.reused_tokens = self.reused_tokens;
            metrics.feature_hits = self.features.hits();
            metrics.feature_misses = self.features.misses();
            metrics.feature_bytes = self.features.bytes();
            metrics.kv_bytes = self.model.cache_bytes();
            metrics.kv_tokens = kv_tokens;
        });
    }
}
