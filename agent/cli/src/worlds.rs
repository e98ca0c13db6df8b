//! Browsers for the harness.

use std::sync::Arc;

use glim_agent::rollout::Worlds;
use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_env::EnvError;

use crate::arguments::BrowserArguments;

/// Environments of one browser.
pub(crate) struct Contexts(Arc<Browser>);

impl Contexts {
    pub fn new(arguments: &BrowserArguments) -> Contexts {
        let config =
            BrowserConfig { headed: arguments.headed, viewport: arguments.viewport, ..BrowserConfig::default() };
        Contexts(Browser::new(config))
    }
}

impl Worlds for Contexts {
    type Env = BrowserEnv;

    async fn open(&self) -> Result<BrowserEnv, EnvError> {
        Ok(self.0.env())
    }
}
