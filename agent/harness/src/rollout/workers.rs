//! The workers of one run: who plays which instance, what becomes of it, and when the run stops.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use glim_env::{EnvError, Episode};
use tokio::task::JoinSet;

use super::episode::{self, Judged, Table};
use super::void::panic_message;
use super::{Cause, Event, Finished, Instance, Observer, Recorder, Rollout, RunError, Stop, Tally, Void, Worlds};

/// What the workers of one run share.
pub(super) struct Run<W> {
    rollout: Rollout<W>,
    instances: Vec<Instance>,
    next: AtomicUsize,
    /// Attempts whose world could not be started, since the last finished episode.
    failed_starts: AtomicU32,
    recorder: Arc<dyn Recorder>,
    observer: Arc<dyn Observer>,
    /// Asked from outside.
    stop: Stop,
    /// Asked by a worker whose error every other would meet.
    halted: Stop,
    error: Mutex<Option<RunError>>,
    tally: Mutex<Tally>,
}

/// What came of one attempt.
enum Attempt {
    Judged(Judged),
    Void(Cause),
    Abandoned,
}

impl<W: Worlds> Run<W> {
    pub(super) fn new(
        rollout: Rollout<W>,
        instances: Vec<Instance>,
        recorder: Arc<dyn Recorder>,
        observer: Arc<dyn Observer>,
        stop: Stop,
    ) -> Run<W> {
        Run {
            rollout,
            instances,
            next: AtomicUsize::new(0),
            failed_starts: AtomicU32::new(0),
            recorder,
            observer,
            stop,
            halted: Stop::default(),
            error: Mutex::new(None),
            tally: Mutex::new(Tally::default()),
        }
    }

    /// Plays everything.
    pub(super) async fn work(self) -> Result<Tally, RunError> {
        let run = Arc::new(self);
        let total = run.instances.len();
        let mut workers = JoinSet::new();
        for _ in 0..run.rollout.concurrency.clamp(1, total.max(1)) {
            workers.spawn(run.clone().worker());
        }
        while let Some(worker) = workers.join_next().await {
            if let Err(error) = worker {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        if let Some(error) = lock(&run.error).take() {
            return Err(error);
        }
        let mut tally = *lock(&run.tally);
        tally.unfinished = total - tally.finished - tally.void;
        Ok(tally)
    }

    async fn worker(self: Arc<Self>) {
        let mut world = None;
        while !self.stop.is_asked() && !self.halted.is_asked() {
            let Some(instance) = self.instances.get(self.next.fetch_add(1, Ordering::Relaxed)) else { return };
            for tries in 0..=self.rollout.limits.retries {
                let last = tries == self.rollout.limits.retries;
                if !Box::pin(self.attempt(&mut world, instance, tries, last)).await || self.halted.is_asked() {
                    break;
                }
            }
        }
    }

    /// Makes one attempt and has it recorded; whether another is needed.
    async fn attempt(&self, world: &mut Option<W::Env>, instance: &Instance, tries: u32, last: bool) -> bool {
        let mut episode = Episode {
            task: instance.family.name().to_owned(),
            seed: instance.seed,
            goal: String::new(),
            agent: self.rollout.agent.name().to_owned(),
            turns: Vec::new(),
            last: None,
            end: None,
        };
        let attempt = instance.attempts + tries + 1;
        let result = {
            let play = AssertUnwindSafe(self.play(world, instance, attempt, &mut episode)).catch_unwind();
            tokio::select! {
                biased;
                () = self.abandoned() => Attempt::Abandoned,
                played = play => match played {
                    Ok(Ok(judged)) => Attempt::Judged(judged),
                    Ok(Err(cause)) => Attempt::Void(cause),
                    Err(payload) => Attempt::Void(Cause::Panic { message: panic_message(&*payload) }),
                },
            }
        };
        match result {
            Attempt::Judged(Judged { evidence, verdict, reset_ms }) => {
                self.finish(Finished { episode, attempt, evidence, verdict, reset_ms }).await;
                false
            }
            Attempt::Void(cause) => {
                if cause.spoils_world() {
                    *world = None;
                }
                self.void(&episode, attempt, cause, last).await;
                !last && !self.stop.is_asked()
            }
            Attempt::Abandoned => {
                // It was cut off somewhere, perhaps in the middle of a step.
                *world = None;
                let recorder = self.recorder.clone();
                let kept = blocking(move || recorder.abandoned(&episode, attempt)).await;
                if let Err(error) = kept {
                    tracing::warn!("an unfinished episode could not be kept: {error}");
                }
                false
            }
        }
    }

    /// Plays in this worker's world, opening one if there is none. The caller owns the turns, because it needs them also
    /// when this is cut off.
    async fn play(
        &self,
        world: &mut Option<W::Env>,
        instance: &Instance,
        attempt: u32,
        episode: &mut Episode,
    ) -> Result<Judged, Cause> {
        let env = match world {
            Some(env) => env,
            None => world.insert(self.rollout.worlds.open().await?),
        };
        let rollout = &self.rollout;
        let table = Table {
            agent: &rollout.agent,
            judge: rollout.judge.as_deref(),
            limits: &rollout.limits,
            observer: &*self.observer,
            attempt,
        };
        let task = instance.family.instantiate(instance.seed);
        Box::pin(episode::play(&table, &*task, env, episode)).await
    }

    async fn finish(&self, finished: Finished) {
        let recorder = self.recorder.clone();
        let (finished, kept) = blocking(move || {
            let kept = recorder.finished(&finished);
            (finished, kept)
        })
        .await;
        match kept {
            Ok(()) => {
                self.failed_starts.store(0, Ordering::Relaxed);
                lock(&self.tally).finished += 1;
                self.observer.on(&Event::Finished(&finished));
            }
            Err(error) => self.halt(RunError::Record(error)),
        }
    }

    async fn void(&self, episode: &Episode, attempt: u32, cause: Cause, exhausted: bool) {
        let void = Void {
            task: episode.task.clone(),
            seed: episode.seed,
            attempt,
            kind: cause.kind().to_owned(),
            cause: cause.to_string(),
            turn: episode.turns.len(),
            exhausted,
        };
        {
            let mut tally = lock(&self.tally);
            tally.void_attempts += 1;
            tally.panics += usize::from(matches!(cause, Cause::Panic { .. }));
            tally.void += usize::from(exhausted);
        }
        let (recorder, record) = (self.recorder.clone(), void.clone());
        if let Err(error) = blocking(move || recorder.void(&record)).await {
            self.halt(RunError::Record(error));
        }
        self.observer.on(&Event::Void(&void));
        match cause {
            Cause::Policy(error) | Cause::Judge(error) if error.is_permanent() => self.halt(RunError::Policy(error)),
            Cause::World(error @ EnvError::Start { .. }) => {
                let tries = self.failed_starts.fetch_add(1, Ordering::Relaxed) + 1;
                // One failure is bad luck, and each worker may have its own; more is a broken installation.
                if tries as usize > self.rollout.concurrency + 1 {
                    self.halt(RunError::World { tries, error });
                }
            }
            _ => {}
        }
    }

    /// Ends the run because of an error that every other episode would meet. The first one is reported.
    fn halt(&self, error: RunError) {
        lock(&self.error).get_or_insert(error);
        self.halted.abandon();
    }

    async fn abandoned(&self) {
        tokio::select! {
            () = self.stop.abandoned() => {}
            () = self.halted.abandoned() => {}
        }
    }
}

/// Runs what may block, such as writing to disk, off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
