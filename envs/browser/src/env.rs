//! The browser as an [`Environment`].

use std::sync::Arc;

use glim_env::{
    Action, ActionKind, EnvError, Environment, Evidence, Observation, Outcome, Query, Seed, StartState, Step, WebStart,
};
use serde::Deserialize;
use serde_json::Value;

use crate::browser::Browser;
use crate::filter::RequestFilter;
use crate::world::{Manner, World};

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

const DOCUMENT: &str = "(() => {
    const [entry] = performance.getEntriesByType('navigation');
    const links = new Set();
    for (const { href, rel } of document.links) {
        if (links.size >= 5000) break;
        if (typeof href === 'string' && /^https?:/.test(href) && !/nofollow/.test(rel)) links.add(href.split('#')[0]);
    }
    return {
        status: entry?.responseStatus ?? 0,
        content_type: document.contentType,
        lang: document.documentElement?.lang ?? '',
        elements: document.getElementsByTagName('*').length,
        links: [...links],
    };
})()";

/// What a document says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Document {
    /// HTTP status it came with; 0 if it came otherwise.
    pub status: u16,
    /// Its MIME type.
    pub content_type: String,
    /// The language that its root element names.
    pub lang: String,
    /// How many elements it has.
    pub elements: u32,
    /// Where its links lead, without fragments, in document order, without those marked `nofollow`; 5000 at the most.
    pub links: Vec<String>,
}

/// One line of text as it shows, in CSS pixels of the screen.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TextLine {
    /// Its words as they read.
    pub text: String,
    /// Left, top, right, bottom.
    #[serde(rename = "box")]
    pub sides: [f64; 4],
    /// The block of text that it belongs to, numbered from 1 in reading order.
    pub block: u32,
    /// Its words.
    pub words: Vec<TextWord>,
}

/// One word of a line: its text, left, top, right, bottom.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TextWord(pub String, pub f64, pub f64, pub f64, pub f64);

/// One episode at a time in a browser context of its own. Made by [`Browser::env`].
pub struct BrowserEnv {
    browser: Arc<Browser>,
    world: Option<World>,
    manner: Manner,
    elements: Vec<glim_env::Element>,
    signal: Value,
}

impl BrowserEnv {
    pub(crate) fn new(browser: Arc<Browser>) -> BrowserEnv {
        BrowserEnv { browser, world: None, manner: Manner::default(), elements: Vec::new(), signal: Value::Null }
    }

    /// Asks `filter` about each request of the pages shown from the next reset on.
    pub fn set_filter(&mut self, filter: Option<Arc<dyn RequestFilter>>) {
        self.manner.filter = filter;
        self.world = None;
    }

    /// Whether observations are to come with [`BrowserEnv::lines`]; from the next reset on.
    pub fn set_reads_text(&mut self, reads: bool) {
        self.manner.reads_text = reads;
    }

    /// Shows a page to a visitor who was never here. Unlike a reset it uses the process, the tab and the compiled scripts
    /// of the page before again where it can; cookies, caches of the page's own making and history are removed first.
    ///
    /// # Errors
    /// As of [`Environment::reset`].
    pub async fn visit(&mut self, start: &WebStart, seed: Seed) -> Result<Observation, EnvError> {
        let emptied = match self.world.take() {
            Some(world) => world.emptied(start, seed, &self.manner).await,
            None => None,
        };
        let mut world = match emptied {
            Some(world) => world,
            None => World::open(&self.browser, start, seed, &self.manner).await?,
        };
        world.load_start().await?;
        let (observation, signal) = world.observe(true).await?;
        self.remember(&observation, signal);
        self.world = Some(world);
        Ok(observation)
    }

    /// The lines of text of the last observation, in reading order; empty unless they are asked for.
    pub fn lines(&self) -> &[TextLine] {
        self.world.as_ref().map_or(&[], |world| &world.lines)
    }

    /// What the document in the active tab says of itself.
    ///
    /// # Errors
    /// If the page cannot answer, or there is none.
    pub async fn document(&self) -> Result<Document, EnvError> {
        let world = self.world.as_ref().ok_or_else(Self::lost)?;
        let told = world.tabs[world.active].tab.evaluate_isolated(None, DOCUMENT).await?;
        serde_json::from_value(told).map_err(|error| EnvError::Protocol {
            what: "reading what a document says of itself".to_owned(),
            reason: error.to_string(),
        })
    }

    /// Evaluates an expression of ours in the isolated world of the active tab's top document.
    ///
    /// # Errors
    /// If it throws, the page cannot answer, or there is none.
    pub async fn evaluate(&self, expression: &str) -> Result<Value, EnvError> {
        let world = self.world.as_ref().ok_or_else(Self::lost)?;
        world.tabs[world.active].tab.evaluate_isolated(None, expression).await
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
                let mut world = World::open(&self.browser, start, seed, &self.manner).await?;
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
