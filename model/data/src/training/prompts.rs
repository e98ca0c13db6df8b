//! What an agent is prompted with, for learning its actions.

use std::sync::Arc;

use glim_env::{Observation, Turn};
use glim_processor::{Content, Message};

use super::PromptForm;

/// What an agent knew when it replied.
#[derive(Debug)]
pub struct Moment<'a> {
    /// Suite and family.
    pub task: &'a str,
    /// The instruction.
    pub goal: &'a str,
    /// Earlier turns with their screenshots.
    pub turns: &'a [Turn],
    /// The turn with its screenshot; its prompt is the recorded one.
    pub turn: &'a Turn,
}

/// Writes the messages before an action, as the agent that will act writes them. The program that has such an agent
/// brings it along.
pub trait Prompter: Send + Sync {
    /// The messages up to the reply.
    ///
    /// # Errors
    /// In words, if there is no prompt for it.
    fn messages(&self, moment: &Moment<'_>) -> Result<Vec<Message>, String>;
}

/// The messages of one of the simple forms.
pub(super) fn simple(form: PromptForm, goal: &str, turn: &Turn) -> Result<Vec<Message>, &'static str> {
    let picture = |observation: &Observation| Content::Image(Arc::clone(&observation.screenshot.png));
    match form {
        PromptForm::Goal => {
            Ok(vec![Message::new("user", [picture(&turn.observation), Content::Text(goal.to_owned())])])
        }
        PromptForm::Agent => Err("no_prompter"),
        PromptForm::Recorded => {
            let Some((before, after)) = turn.prompt.split_once("<image 1>") else { return Err("no_prompt") };
            if after.contains("<image 2>") {
                return Err("several_pictures");
            }
            // The harness joins the standing instruction and the message by an empty line.
            let (system, before) = match before.split_once("\n\n# Goal\n") {
                Some((system, rest)) => (Some(system), format!("# Goal\n{rest}")),
                None => (None, before.to_owned()),
            };
            let mut parts = vec![Content::Text(before.trim_end().to_owned()), picture(&turn.observation)];
            parts.extend((!after.trim().is_empty()).then(|| Content::Text(after.trim().to_owned())));
            let system = system.map(|text| Message::text("system", text));
            Ok(system.into_iter().chain([Message::new("user", parts)]).collect())
        }
    }
}
