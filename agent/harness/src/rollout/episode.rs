//! One attempt at one task instance, from putting the task up to the verdict.

use std::sync::Arc;
use std::time::{Duration, Instant};

use glim_env::{Action, End, EnvError, Environment, Episode, Evidence, Observation, Outcome, Query, Timings, Turn};
use glim_tasks::{Backend, BackendError, Goal, Situation, Task, Verdict};
use serde_json::Value;

use super::{Cause, Event, Limits, Observer};
use crate::Agent;
use crate::policy::JudgeModel;

/// Who plays, who judges, and within which bounds.
pub(super) struct Table<'a> {
    pub(super) agent: &'a Agent,
    pub(super) judge: Option<&'a JudgeModel>,
    pub(super) limits: &'a Limits,
    pub(super) observer: &'a dyn Observer,
    pub(super) attempt: u32,
}

/// What came of an attempt, beside the turns in the [`Episode`].
pub(super) struct Judged {
    pub(super) evidence: Vec<Evidence>,
    pub(super) verdict: Verdict,
    pub(super) reset_ms: f64,
}

/// Plays `task` in `env`. What has happened so far is in `episode` also when this is cut off or fails.
pub(super) async fn play<E: Environment>(
    table: &Table<'_>,
    task: &dyn Task,
    env: &mut E,
    episode: &mut Episode,
) -> Result<Judged, Cause> {
    let mut stage = task.stage()?;
    let started = Instant::now();
    let world = table.limits.world();
    let first = within(world, "the reset", env.reset(&stage.start, episode.seed)).await?;
    let reset_ms = milliseconds(started.elapsed());
    episode.goal = match task.goal() {
        Goal::Text(text) => text,
        Goal::Asked(query) => {
            let value = ask(table, env, &mut stage.backend, episode, &query).await?;
            value.as_str().map(str::to_owned).ok_or_else(|| EnvError::Protocol {
                what: format!("asking `{}` for its goal", episode.task),
                reason: format!("`{value}` is not a text"),
            })?
        }
    };

    turns(table, task, env, episode, first).await?;

    let mut evidence = Vec::new();
    for query in task.queries(episode) {
        let value = ask(table, env, &mut stage.backend, episode, &query).await?;
        evidence.push(Evidence { query, value });
    }
    let verdict = verdict(task, episode, &evidence);
    Ok(Judged { evidence, verdict, reset_ms })
}

/// The verdict on an episode. A judge that nobody asked leaves it undecided, whatever else is known.
///
/// # Panics
/// If the task gives a score outside 0..=1, which is a bug in the task.
pub(crate) fn verdict(task: &dyn Task, episode: &Episode, evidence: &[Evidence]) -> Verdict {
    let unasked = |evidence: &Evidence| matches!(evidence.query, Query::Judge { .. }) && evidence.value.is_null();
    if evidence.iter().any(unasked) {
        return Verdict::undecided("this task needs a judging model, and none is configured");
    }
    let verdict = task.judge(episode, evidence);
    assert!(
        (0.0..=1.0).contains(&verdict.score),
        "the verifier of `{}` gave the score {}, which is not in 0..=1",
        episode.task,
        verdict.score
    );
    verdict
}

/// Turn after turn until the end, which is written into `episode`.
async fn turns<E: Environment>(
    table: &Table<'_>,
    task: &dyn Task,
    env: &mut E,
    episode: &mut Episode,
    first: Observation,
) -> Result<(), Cause> {
    let limits = table.limits;
    let budget = limits.turns.unwrap_or_else(|| task.turn_budget());
    table.observer.on(&Event::Started { episode, attempt: table.attempt, observation: &first, budget });
    let deadline = Instant::now() + limits.episode();
    // Of the task too, or an agent that plays by chance would make the same moves on every task of a seed.
    let policy_seed = episode.seed.derive("policy").derive(&episode.task);
    let mut observation = first;
    let mut unreadable = 0;
    let end = loop {
        let index = episode.turns.len();
        if index >= budget {
            break End::TurnBudget;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break End::TimeLimit;
        }
        let situation = Situation { goal: &episode.goal, observation: &observation, turns: &episode.turns };
        let asked = Instant::now();
        let reply = table.agent.act(Some(task), situation, policy_seed.derive(index));
        let Ok(reply) = tokio::time::timeout(left.min(limits.reply()), reply).await else {
            break End::TimeLimit;
        };
        let reply = reply.map_err(Cause::Policy)?;
        let mut timings = Timings { policy_ms: milliseconds(asked.elapsed()), env_ms: 0.0 };
        let end;
        let mut next = None;
        let (action, outcome) = match reply.action {
            Err(reason) => {
                unreadable += 1;
                end = (unreadable >= limits.unreadable).then_some(End::Unreadable { replies: unreadable });
                (None, Outcome::Rejected { reason })
            }
            Ok(action) if action.ends_episode() => {
                end = Some(ending(&action));
                (Some(action), Outcome::Done)
            }
            Ok(action) => {
                unreadable = 0;
                let acted = Instant::now();
                let step = within(limits.world(), "the step", env.step(&action)).await?;
                timings.env_ms = milliseconds(acted.elapsed());
                end = task.is_over(&step.signal).then_some(End::Over);
                next = Some(step.observation);
                (Some(action), step.outcome)
            }
        };
        let shown = match next {
            Some(next) => std::mem::replace(&mut observation, next),
            None => observation.clone(),
        };
        let (prompt, completion) = (reply.prompt, reply.completion);
        episode.turns.push(Turn { observation: shown, prompt, completion, action, outcome, timings });
        table.observer.on(&Event::Turn { episode, index, turn: &episode.turns[index], after: &observation });
        if let Some(end) = end {
            break end;
        }
    };
    episode.last = Some(observation);
    episode.end = Some(end);
    Ok(())
}

fn ending(action: &Action) -> End {
    match action {
        Action::Answer { text } => End::Answer { text: text.clone() },
        Action::Fail { reason } => End::Fail { reason: reason.clone() },
        _ => End::Done,
    }
}

/// Answers one query from whoever knows.
async fn ask<E: Environment>(
    table: &Table<'_>,
    env: &mut E,
    backend: &mut Option<Box<dyn Backend>>,
    episode: &Episode,
    query: &Query,
) -> Result<Value, Cause> {
    match query {
        Query::Backend { query } => match backend {
            Some(backend) => Ok(backend.probe(query)?),
            None => {
                let reason = "the task put up no backend".to_owned();
                Err(BackendError { query: query.clone(), reason }.into())
            }
        },
        Query::Judge { prompt, screenshots } => match table.judge {
            Some(judge) => {
                let pictures = last_screenshots(episode, *screenshots);
                judge.ask(prompt, &pictures).await.map(Value::String).map_err(Cause::Judge)
            }
            None => Ok(Value::Null),
        },
        query => Ok(within(table.limits.world(), "the probe", env.probe(query)).await?.value),
    }
}

/// The last `count` screenshots, oldest first, without the doubles of turns that changed nothing.
fn last_screenshots(episode: &Episode, count: usize) -> Vec<Arc<[u8]>> {
    let observations = episode.turns.iter().map(|turn| &turn.observation).chain(&episode.last);
    let mut pictures: Vec<Arc<[u8]>> = observations.map(|observation| observation.screenshot.png.clone()).collect();
    pictures.dedup();
    pictures.split_off(pictures.len().saturating_sub(count))
}

/// Bounds a wait for the world.
async fn within<T>(
    limit: Duration,
    what: &str,
    work: impl Future<Output = Result<T, EnvError>> + Send,
) -> Result<T, EnvError> {
    let timeout = |_| EnvError::Timeout { what: what.to_owned(), limit_ms: limit.as_millis() as u64 };
    tokio::time::timeout(limit, work).await.map_err(timeout)?
}

fn milliseconds(time: Duration) -> f64 {
    // Microseconds are as fine as a wall clock on a busy machine means anything.
    time.as_micros() as f64 / 1000.0
}
