//! An agent: a policy, the dialect it speaks, and what it is shown.

use std::sync::Arc;

use glim_env::{Action, Completion, Seed};
use glim_tasks::{Situation, Task};

use crate::policy::{Policy, PolicyError, Prompt, Sampling};
use crate::{Dialect, prompt};

/// How much an agent is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Standing instruction, history, memory, and the pictures of the dialect: what the released models were trained on.
    #[default]
    Full,
    /// The screenshot, the goal, and the actions so far, a line each. For small models that were trained on it.
    Brief,
}

impl std::str::FromStr for Style {
    type Err = String;

    fn from_str(name: &str) -> Result<Style, String> {
        match name {
            "full" => Ok(Style::Full),
            "brief" => Ok(Style::Brief),
            other => Err(format!("`{other}` is no style of prompts: `full` or `brief`")),
        }
    }
}

impl std::fmt::Display for Style {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Style::Full => "full",
            Style::Brief => "brief",
        })
    }
}

/// What an agent is shown and how it replies, beside its policy and dialect.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentOptions {
    /// How much it is told.
    pub style: Style,
    /// How replies are drawn.
    pub sampling: Sampling,
    /// Earlier turns told in words, counted from the last.
    pub history: usize,
    /// Earlier screenshots shown at half size, where the dialect shows any.
    pub pictures: usize,
}

impl Default for AgentOptions {
    fn default() -> Self {
        AgentOptions { style: Style::Full, sampling: Sampling::default(), history: 30, pictures: 4 }
    }
}

/// A policy that speaks a dialect. Shared by all episodes; what it remembers is in their turns.
#[derive(Clone)]
pub struct Agent {
    policy: Arc<dyn Policy>,
    dialect: Dialect,
    options: AgentOptions,
}

/// One reply of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The prompt as it is recorded in [`glim_env::Turn::prompt`]; empty for policies that read none.
    pub prompt: String,
    /// What the policy said.
    pub completion: Completion,
    /// The action in it, or why there is none, in words for the agent: the [`glim_env::Outcome::Rejected`] of this turn.
    pub action: Result<Action, String>,
}

impl Agent {
    /// An agent with the usual options.
    pub fn new(policy: Arc<dyn Policy>, dialect: Dialect) -> Agent {
        Agent::with_options(policy, dialect, AgentOptions::default())
    }

    /// An agent.
    pub fn with_options(policy: Arc<dyn Policy>, dialect: Dialect, options: AgentOptions) -> Agent {
        Agent { policy, dialect, options }
    }

    /// The policy's name, which is the agent's name in records.
    pub fn name(&self) -> &str {
        self.policy.name()
    }

    /// The language it speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Reads the situation and replies. `task` is only for policies that know its solution.
    ///
    /// # Errors
    /// If the policy failed: the episode is void. A reply without a readable action is not an error.
    pub async fn act(
        &self,
        task: Option<&dyn Task>,
        situation: Situation<'_>,
        seed: Seed,
    ) -> Result<Reply, PolicyError> {
        let (system, user) = if self.policy.needs_prompt() {
            prompt::write(self.dialect, &situation, &self.options).await?
        } else {
            Default::default()
        };
        let sampling = self.options.sampling;
        let prompt = Prompt { system, user, sampling, seed, situation, task, dialect: self.dialect };
        let completion = self.policy.generate(&prompt).await?;
        let action =
            self.dialect.parse(&completion.text, situation.observation).map_err(|unreadable| unreadable.to_string());
        Ok(Reply { prompt: prompt.text(), completion, action })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::FutureExt as _;
    use futures::future::BoxFuture;
    use glim_env::{Rect, Target, Viewport};

    use super::*;
    use crate::sample;

    /// Says one thing, and keeps the prompt that it was shown.
    struct Parrot {
        line: &'static str,
        shown: Mutex<Vec<String>>,
    }

    impl Policy for Parrot {
        fn name(&self) -> &str {
            "parrot"
        }

        fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
            self.shown.lock().expect("no test panics here").push(prompt.text());
            let completion = Completion { text: self.line.to_owned(), ..Completion::default() };
            futures::future::ready(Ok(completion)).boxed()
        }
    }

    async fn act(line: &'static str, observation: &glim_env::Observation) -> Result<Reply, PolicyError> {
        let parrot = Arc::new(Parrot { line, shown: Mutex::default() });
        let agent = Agent::new(parrot.clone(), Dialect::Web);
        let situation = Situation { goal: "Press it.", observation, turns: &[] };
        let reply = agent.act(None, situation, Seed(1)).await?;
        assert_eq!(parrot.shown.lock().expect("no test panics here")[0], reply.prompt);
        Ok(reply)
    }

    #[tokio::test]
    async fn words_become_an_action_or_a_reason() {
        let button = sample::element(1, Rect::new(1.0, 1.0, 20.0, 10.0));
        let screen = sample::painted(sample::screen(Viewport::new(60, 40), vec![button]), 0);
        let reply = act("<think>It is there.</think>Action: Click [1]", &screen).await.expect("nothing breaks");
        assert_eq!(reply.action, Ok(Action::click(Target::Mark(1))));
        assert!(reply.prompt.contains("Press it.") && reply.prompt.ends_with("<image 1>"), "{}", reply.prompt);
        let reply = act("I do not know.", &screen).await.expect("nothing breaks");
        assert!(reply.action.is_err_and(|reason| reason.contains("Action: Click [3]")));
    }

    #[tokio::test]
    async fn a_screen_without_a_picture_is_not_the_agents_fault() {
        let screen = sample::screen(Viewport::new(60, 40), Vec::new());
        assert!(matches!(act("Done", &screen).await, Err(PolicyError::Picture { .. })));
    }
}
