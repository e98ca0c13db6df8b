//! Replays the actions of a stored episode, turn by turn.

use std::path::{Path, PathBuf};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use glim_env::{Completion, Episode};

use super::{Policy, PolicyError, Prompt, SpecError};
use crate::store;

/// Says what the agent of a stored episode said, turn by turn: on the same task and seed, the same episode.
///
/// The words are replayed where they are words of the dialect in use; an action recorded in another dialect is printed
/// anew in this one.
#[derive(Debug, Clone)]
pub struct Replay {
    name: String,
    folder: PathBuf,
    episode: Episode,
}

impl Replay {
    /// The episode in a folder that holds `episode.jsonl`.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Replay, SpecError> {
        let spec = format!("replay:{}", folder.display());
        match store::read_text(folder) {
            Ok(stored) => Ok(Replay { name: spec, folder: folder.to_owned(), episode: stored.finished.episode }),
            Err(error) => Err(SpecError { spec, reason: error.to_string() }),
        }
    }

    /// The episode that it plays, to run it on the same task and seed.
    pub fn episode(&self) -> &Episode {
        &self.episode
    }
}

impl Policy for Replay {
    fn name(&self) -> &str {
        &self.name
    }

    fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
        futures::future::ready(self.reply(prompt)).boxed()
    }

    fn needs_prompt(&self) -> bool {
        false
    }
}

impl Replay {
    fn reply(&self, prompt: &Prompt<'_>) -> Result<Completion, PolicyError> {
        let observation = prompt.situation.observation;
        let played = prompt.situation.turns.len();
        let Some(turn) = self.episode.turns.get(played) else {
            let reason = format!("`{}` has {played} turns, and this is the next one", self.folder.display());
            return Err(PolicyError::Unplayable { policy: self.name.clone(), reason });
        };
        let text = match &turn.action {
            Some(action) if prompt.dialect.parse(&turn.completion.text, observation).ok().as_ref() != Some(action) => {
                prompt.dialect.print(action, observation)
            }
            _ => turn.completion.text.clone(),
        };
        Ok(Completion { text, ..turn.completion.clone() })
    }
}
