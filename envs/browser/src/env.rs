//! The browser as an [`Environment`].

use std::sync::Arc;

use glim_env::{
    Action, ActionKind, EnvError, Environment, Evidence, Observation, Outcome, Query, Seed, StartState, Step,
};
use serde_json::Value;

use crate::browser::Browser;
use crate::world::World;

const ACCEPTED: [ActionKind; 15] = [
    ActionKind::Click,
    ActionKind::Hover,
    ActionKind::Drag,
    ActionKind::Type,
    ActionKind::Keys,
    ActionKind::Scroll,
    ActionKind::Select,
    ActionKind::Navigate,
    ActionKind::Back,
    ActionKind::Forward,
    ActionKind::Reload,
    ActionKind::OpenTab,
    ActionKind::SwitchTab,
    ActionKind::CloseTab,
    ActionKind::Wait,
];

/// One episode at a time in a browser context of its own. Made by [`Browser::env`].
pub struct BrowserEnv {
    browser: Arc<Browser>,
    world: Option<World>,
    elements: Vec<glim_env::Element>,
    signal: Value,
}

impl BrowserEnv {
    pub(crate) fn new(browser: Arc<Browser>) -> BrowserEnv {
        BrowserEnv { browser, world: None, elements: Vec::new(), signal: Value::Null }
    }

    /// The value of [`glim_env::WebStart::watch`] at the last observation.
    pub fn signal(&self) -> &Value {
        &self.signal
    }

    /// Whether equal seeds and actions give equal pixels: the page lives on the virtual clock, which needs
    /// chromium-headless-shell.
    pub fn is_deterministic(&self) -> bool {
        self.world.as_ref().is_some_and(World::is_deterministic)
    }

    async fn begin(&mut self, start: &StartState, seed: Seed) -> Result<Observation, EnvError> {
        let StartState::Web(start) = start else {
            return Err(EnvError::Unsupported { what: "start outside a web page".to_owned() });
        };
        let used = match self.world.take() {
            Some(world) => world.used_again(start, seed).await,
            None => None,
        };
        let mut world = match used {
            Some(world) => world,
            None => {
                let mut world = World::open(&self.browser, start, seed).await?;
                world.load_start().await?;
                world
            }
        };
        let (observation, signal) = world.observe(true).await?;
        self.remember(&observation, signal);
        self.world = Some(world);
        Ok(observation)
    }

    fn remember(&mut self, observation: &Observation, signal: Value) {
        self.elements.clone_from(&observation.elements);
        self.signal = signal;
    }

    fn lost() -> EnvError {
        EnvError::Protocol { what: "acting".to_owned(), reason: "the environment was not reset".to_owned() }
    }
}

impl Environment for BrowserEnv {
    async fn reset(&mut self, start: &StartState, seed: Seed) -> Result<Observation, EnvError> {
        self.begin(start, seed).await
    }

    async fn step(&mut self, action: &Action) -> Result<Step, EnvError> {
        // Taken out, so that a world that broke, or whose step was cancelled, is put away and never used again.
        let mut world = self.world.take().ok_or_else(Self::lost)?;
        world.take_in_events().await?;
        let outcome = match world.act(action, &self.elements).await {
            // A page may close itself by what was done; that is an effect like any other.
            Err(_) if world.tab_closed().await => Outcome::Done,
            outcome => outcome?,
        };
        let (observation, signal) = match world.observe(outcome == Outcome::Done).await {
            Err(_) if world.tab_closed().await => world.observe(true).await?,
            observed => observed?,
        };
        self.remember(&observation, signal.clone());
        self.world = Some(world);
        Ok(Step { observation, outcome, signal })
    }

    async fn probe(&mut self, query: &Query) -> Result<Evidence, EnvError> {
        let world = self.world.as_ref().ok_or_else(Self::lost)?;
        let tab = &world.tabs[world.active].tab;
        let value = match query {
            Query::Script { expression } => tab.evaluate(expression).await?,
            Query::Url => tab.state(|state| state.url.clone()).into(),
            _ => return Err(EnvError::Unsupported { what: format!("answer {query:?}") }),
        };
        Ok(Evidence { query: query.clone(), value })
    }

    fn accepts(&self) -> &[ActionKind] {
        &ACCEPTED
    }
}
