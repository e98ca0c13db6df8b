//! Worlds for the harness: a browser for pages, and pictures.

use std::sync::Arc;

use glim_agent::rollout::Worlds;
use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_env::{Action, ActionKind, EnvError, Environment, Evidence, Observation, Query, Seed, StartState, Step};
use glim_picture::PictureEnv;

use crate::arguments::BrowserArguments;

/// Environments of one browser, which is started when the first page is shown.
pub(crate) struct Contexts(Arc<Browser>);

impl Contexts {
    pub fn new(arguments: &BrowserArguments) -> Contexts {
        let config =
            BrowserConfig { headed: arguments.headed, viewport: arguments.viewport, ..BrowserConfig::default() };
        Contexts(Browser::new(config))
    }
}

impl Worlds for Contexts {
    type Env = World;

    async fn open(&self) -> Result<World, EnvError> {
        Ok(World { browser: Box::new(self.0.env()), picture: PictureEnv::new(), shows: Shows::Page })
    }
}

/// What a start state asks for: a page in a browser, or a picture.
pub(crate) struct World {
    browser: Box<BrowserEnv>,
    picture: PictureEnv,
    shows: Shows,
}

#[derive(Clone, Copy)]
enum Shows {
    Page,
    Picture,
}

impl Environment for World {
    async fn reset(&mut self, start: &StartState, seed: Seed) -> Result<Observation, EnvError> {
        self.shows = if matches!(start, StartState::Picture(_)) { Shows::Picture } else { Shows::Page };
        match self.shows {
            // What a browser does at once takes more room than a picture should.
            Shows::Page => Box::pin(self.browser.reset(start, seed)).await,
            Shows::Picture => self.picture.reset(start, seed).await,
        }
    }

    async fn step(&mut self, action: &Action) -> Result<Step, EnvError> {
        match self.shows {
            Shows::Page => Box::pin(self.browser.step(action)).await,
            Shows::Picture => self.picture.step(action).await,
        }
    }

    async fn probe(&mut self, query: &Query) -> Result<Evidence, EnvError> {
        match self.shows {
            Shows::Page => Box::pin(self.browser.probe(query)).await,
            Shows::Picture => self.picture.probe(query).await,
        }
    }

    fn accepts(&self) -> &[ActionKind] {
        match self.shows {
            Shows::Page => self.browser.accepts(),
            Shows::Picture => self.picture.accepts(),
        }
    }
}
