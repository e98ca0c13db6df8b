//! What tests of suites share: families a few at once in one browser, and what happened in an episode.

use std::sync::Arc;

use futures::StreamExt;
use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_env::{Action, Completion, EnvError, Observation, Outcome, Target, Timings, Turn};
use glim_tasks::TaskFamily;

/// Runs `check` for each family, `at_once` of them in an environment each; panics with all that it complains of.
pub async fn for_each_family<F>(families: &[Arc<dyn TaskFamily>], at_once: usize, check: F)
where
    F: AsyncFn(&mut BrowserEnv, &dyn TaskFamily) -> Result<Vec<String>, EnvError>,
{
    let browser = Browser::new(BrowserConfig::default());
    let (browser, check) = (&browser, &check);
    let complaints: Vec<String> = futures::stream::iter(families)
        .map(|family| async move {
            let mut env = browser.env();
            match check(&mut env, &**family).await {
                Ok(complaints) => complaints.iter().map(|what| format!("{}: {what}", family.name())).collect(),
                Err(error) => vec![format!("{}: the world broke: {error}", family.name())],
            }
        })
        .buffer_unordered(at_once)
        .collect::<Vec<Vec<String>>>()
        .await
        .concat();
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// A turn that nobody prompted.
pub fn turn(observation: Observation, action: Action, outcome: Outcome) -> Turn {
    Turn {
        observation,
        prompt: String::new(),
        completion: Completion::default(),
        action: Some(action),
        outcome,
        timings: Timings::default(),
    }
}

/// What was done and what was on the screen at the end, for a failure's message.
pub fn story(goal: &str, turns: &[Turn], last: &Observation) -> String {
    let turns = turns.iter().map(|turn| {
        let names = turn.action.iter().flat_map(Action::targets).filter_map(|target| match target {
            Target::Mark(mark) => turn.observation.element(mark).map(|element| element.name.clone()),
            Target::Point(_) => None,
        });
        format!("\n    {:?} {:?} {:?}", turn.action, names.collect::<Vec<_>>(), turn.outcome)
    });
    let seen = last.elements.iter().map(|element| {
        let (role, name, text, value) = (&element.role, &element.name, &element.text, &element.value);
        format!("\n    {role} {name:?} {text:?} {value:?} {:?}", element.states)
    });
    let (turns, seen) = (turns.collect::<String>(), seen.collect::<String>());
    format!("goal: {goal}{turns}\n  at {} {:?} seen:{seen}", last.url, last.scroll)
}
