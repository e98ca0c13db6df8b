//! A world, tasks and a policy made of a number, for tests: they break on demand.
//!
//! The world holds a position, which a click on mark 1 raises by one. A task asks to reach a position that its seed
//! gives, and its family's name says how the policy behaves: `fake/solve`, `fake/mumble`, ...

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use glim_env::{
    Action, ActionKind, Completion, Element, EnvError, Environment, Episode, Evidence, Observation, Outcome, Point,
    Query, Rect, Screenshot, Scroll, Seed, StartState, States, Step, Target, TokenTrace, Viewport, WebStart,
};
use glim_tasks::{Goal, Situation, Stage, StageError, Task, TaskFamily, Verdict};
use serde_json::{Value, json};

use super::{Instance, Limits, Rollout, Worlds};
use crate::policy::{Policy, PolicyError, Prompt};
use crate::{Agent, Dialect};

/// How a world misbehaves in the first attempts at each seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// The second step fails.
    Dies,
    /// The second step never returns.
    Hangs,
    /// It cannot be reset.
    Reset,
}

/// Opens number worlds.
#[derive(Default)]
pub(crate) struct FakeWorlds {
    /// By seed: what goes wrong, and in how many attempts.
    pub(crate) faults: HashMap<u64, (Fault, u32)>,
    /// Whether none can be opened.
    pub(crate) broken: bool,
    pub(crate) opened: AtomicUsize,
    pub(crate) resets: Arc<Mutex<HashMap<(String, u64), u32>>>,
}

impl Worlds for FakeWorlds {
    type Env = FakeWorld;

    async fn open(&self) -> Result<FakeWorld, EnvError> {
        if self.broken {
            return Err(EnvError::Start { what: "the fake".into(), reason: "it is not installed".into() });
        }
        self.opened.fetch_add(1, Ordering::SeqCst);
        Ok(FakeWorld { position: 0, steps: 0, fault: None, faults: self.faults.clone(), resets: self.resets.clone() })
    }
}

pub(crate) struct FakeWorld {
    position: u64,
    steps: usize,
    fault: Option<Fault>,
    faults: HashMap<u64, (Fault, u32)>,
    pub(crate) resets: Arc<Mutex<HashMap<(String, u64), u32>>>,
}

/// What the world shows at a position.
pub(crate) fn observation(position: u64) -> Observation {
    Observation {
        screenshot: Screenshot { png: png(position) },
        viewport: Viewport::new(40, 30),
        url: format!("https://count.test/{position}"),
        title: "Count".into(),
        tabs: Vec::new(),
        scroll: Scroll::default(),
        elements: vec![button()],
        notices: Vec::new(),
        settled: true,
    }
}

impl Environment for FakeWorld {
    async fn reset(&mut self, start: &StartState, seed: Seed) -> Result<Observation, EnvError> {
        let StartState::Web(start) = start else { unreachable!("tasks here start on the web") };
        let attempt = {
            let mut resets = self.resets.lock().unwrap();
            let count = resets.entry((start.url.clone(), seed.0)).or_default();
            *count += 1;
            *count
        };
        self.fault = self.faults.get(&seed.0).filter(|(_, attempts)| attempt <= *attempts).map(|(fault, _)| *fault);
        (self.position, self.steps) = (0, 0);
        if self.fault == Some(Fault::Reset) {
            return Err(EnvError::Unreachable { url: "https://count.test".into(), reason: "no route".into() });
        }
        Ok(observation(self.position))
    }

    async fn step(&mut self, action: &Action) -> Result<Step, EnvError> {
        assert!(!action.ends_episode(), "{action:?} is for the harness");
        tokio::task::yield_now().await;
        self.steps += 1;
        match self.fault {
            Some(Fault::Dies) if self.steps == 2 => {
                return Err(EnvError::Died { what: "the fake".into(), reason: "signal 9".into() });
            }
            Some(Fault::Hangs) if self.steps == 2 => std::future::pending().await,
            _ => {}
        }
        let outcome = match action {
            Action::Click { target: Target::Mark(1), .. } => {
                self.position += 1;
                Outcome::Done
            }
            other => Outcome::rejected(format!("there is nothing at {:?}", other.targets())),
        };
        Ok(Step { observation: observation(self.position), outcome, signal: json!(self.position) })
    }

    async fn probe(&mut self, _query: &Query) -> Result<Evidence, EnvError> {
        let query = Query::Script { expression: "position".into() };
        Ok(Evidence { query, value: json!(self.position) })
    }

    fn accepts(&self) -> &[ActionKind] {
        &[ActionKind::Click]
    }
}

fn button() -> Element {
    Element {
        mark: 1,
        role: "button".into(),
        tag: "button".into(),
        name: "Next".into(),
        text: "Next".into(),
        value: None,
        input_type: String::new(),
        states: States::default(),
        rect: Rect::new(4.0, 4.0, 20.0, 10.0),
        point: Point::new(14.0, 9.0),
        visible: 1.0,
        shown: 1.0,
        central: true,
        fragments: Vec::new(),
        clickable: true,
        editable: false,
        scrollable: false,
        options: Vec::new(),
        frame: Vec::new(),
    }
}

/// A picture that differs from position to position.
pub(crate) fn png(position: u64) -> Arc<[u8]> {
    let shade = (position * 40 % 256) as u8;
    let picture = image::RgbImage::from_pixel(40, 30, image::Rgb([shade, 120, 255 - shade]));
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner().into()
}

/// A family of counting tasks.
pub(crate) struct FakeFamily {
    pub(crate) name: String,
}

impl FakeFamily {
    pub(crate) fn new(behaviour: &str) -> Arc<FakeFamily> {
        Arc::new(FakeFamily { name: format!("fake/{behaviour}") })
    }

    pub(crate) fn instance(behaviour: &str, seed: u64) -> Instance {
        Instance { family: FakeFamily::new(behaviour), seed: Seed(seed), attempts: 0 }
    }
}

impl TaskFamily for FakeFamily {
    fn name(&self) -> &str {
        &self.name
    }

    fn instantiate(&self, seed: Seed) -> Arc<dyn Task> {
        let behaviour = self.name.trim_start_matches("fake/").to_owned();
        Arc::new(FakeTask { behaviour, to: seed.0 % 3 + 1 })
    }
}

/// Reach a position.
pub(crate) struct FakeTask {
    behaviour: String,
    pub(crate) to: u64,
}

impl Task for FakeTask {
    fn goal(&self) -> Goal {
        Goal::Text(format!("{} to {}", self.behaviour, self.to))
    }

    fn stage(&self) -> Result<Stage, StageError> {
        if self.behaviour == "unstaged" {
            return Err(StageError { task: "fake/unstaged".into(), reason: "no port is free".into() });
        }
        Ok(StartState::Web(WebStart::local(&format!("https://count.test/{}", self.behaviour))).into())
    }

    fn queries(&self, _episode: &Episode) -> Vec<Query> {
        let mut queries = vec![Query::Script { expression: "position".into() }];
        if self.behaviour == "judged" {
            queries.push(Query::Judge { prompt: "well done?".into(), screenshots: 2 });
        }
        queries
    }

    fn judge(&self, _episode: &Episode, evidence: &[Evidence]) -> Verdict {
        assert_ne!(self.behaviour, "panic", "the verifier is broken");
        match evidence[0].value == json!(self.to) {
            true => Verdict::success(format!("the position is {}", self.to)),
            false => Verdict::failure(format!("the position is {}, not {}", evidence[0].value, self.to)),
        }
    }

    fn solve(&self, situation: &Situation<'_>) -> Option<Action> {
        let position = situation.observation.url.rsplit('/').next()?.parse::<u64>().ok()?;
        Some(if position < self.to { Action::click(Target::Mark(1)) } else { Action::Done })
    }

    fn is_over(&self, signal: &Value) -> bool {
        self.behaviour == "over" && *signal == json!(self.to)
    }

    fn turn_budget(&self) -> usize {
        6
    }
}

/// Behaves as the goal says.
pub(crate) struct FakePolicy;

impl Policy for FakePolicy {
    fn name(&self) -> &str {
        "fake"
    }

    fn needs_prompt(&self) -> bool {
        false
    }

    fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
        Box::pin(async move {
            let Situation { goal, observation, turns } = prompt.situation;
            let behaviour = goal.split(' ').next().unwrap();
            let solution = prompt.task.and_then(|task| task.solve(&prompt.situation)).expect("it is solvable");
            let rejected = matches!(turns.last().map(|turn| &turn.outcome), Some(Outcome::Rejected { .. }));
            let missing = Action::click(Target::Mark(99));
            let action = match behaviour {
                "mumble" => return Ok(Completion { text: "let me think about it".into(), ..Completion::default() }),
                "stutter" if turns.len() % 2 == 0 => {
                    return Ok(Completion { text: "hm".into(), ..Completion::default() });
                }
                "slow" => std::future::pending().await,
                "offline" => {
                    return Err(PolicyError::BadReply { server: "http://fake".into(), reason: "not JSON".into() });
                }
                "locked" => {
                    return Err(PolicyError::Unplayable { policy: "fake".into(), reason: "nothing to play".into() });
                }
                "miss" if !rejected && turns.is_empty() => missing,
                "forever" => missing,
                "answer" => Action::Answer { text: "forty-two".into() },
                "give-up" => Action::Fail { reason: "too hard".into() },
                _ => solution,
            };
            let text = prompt.dialect.print(&action, observation);
            let tokens = Some(TokenTrace { ids: vec![7, 11], logprobs: vec![-0.1, -1.234_567_9e-7], forced: vec![1] });
            Ok(Completion { text, tokens, prompt_tokens: Some(9), completion_tokens: Some(2) })
        })
    }
}

/// A set-up with short limits.
pub(crate) fn rollout(worlds: FakeWorlds, concurrency: usize) -> Rollout<FakeWorlds> {
    let limits = Limits { reply_ms: 200, world_ms: 200, ..Limits::default() };
    let agent = Agent::new(Arc::new(FakePolicy), Dialect::Web);
    Rollout { worlds: Arc::new(worlds), agent, judge: None, limits, concurrency }
}
