//! `glim run`: one goal on one live page.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use glim_agent::evaluate::Evaluation;
use glim_agent::rollout::{Limits, Rollout};
use glim_agent::{Agent, report};
use glim_env::{Action, Episode, Evidence, Query, Seed, StartState, WebStart};
use glim_tasks::{Goal, Situation, Stage, StageError, Suite, Task, TaskFamily, Verdict};
use serde_json::Map;

use crate::agents;
use crate::arguments::Run;
use crate::eval::say;
use crate::interrupt::on_interrupt;
use crate::live::Turns;
use crate::worlds::Contexts;

/// Turns that a person's own goal gets.
const TURNS: usize = 30;

/// A goal that a person gave; nobody but that person can judge it.
#[derive(Clone)]
struct Errand {
    goal: String,
    start: WebStart,
}

impl TaskFamily for Errand {
    fn name(&self) -> &str {
        "run/goal"
    }

    fn instantiate(&self, _seed: Seed) -> Arc<dyn Task> {
        Arc::new(self.clone())
    }
}

impl Task for Errand {
    fn goal(&self) -> Goal {
        Goal::Text(self.goal.clone())
    }

    fn stage(&self) -> Result<Stage, StageError> {
        Ok(StartState::Web(self.start.clone()).into())
    }

    fn queries(&self, _episode: &Episode) -> Vec<Query> {
        Vec::new()
    }

    fn judge(&self, _episode: &Episode, _evidence: &[Evidence]) -> Verdict {
        Verdict::undecided("a goal given by hand is judged by who gave it")
    }

    fn solve(&self, _situation: &Situation<'_>) -> Option<Action> {
        None
    }

    fn turn_budget(&self) -> usize {
        TURNS
    }
}

pub(crate) async fn run(arguments: Run) -> Result<ExitCode> {
    let url = if arguments.url.contains("://") { arguments.url.clone() } else { format!("https://{}", arguments.url) };
    let mut start = WebStart::live(&url);
    start.allow.extend(arguments.allow.iter().cloned());
    let out = arguments.out.clone().unwrap_or_else(|| crate::demo::dated("run"));
    let errand = Errand { goal: arguments.goal.clone(), start };
    let agent = &arguments.agent;
    let evaluation = Evaluation {
        out: out.clone(),
        suites: vec![Suite { name: "run".to_owned(), families: vec![Arc::new(errand)] }],
        episodes: 1,
        first_seed: arguments.seed,
        judge: None,
        commit: option_env!("GLIM_COMMIT").map(str::to_owned),
        conditions: Map::from_iter([
            ("url".to_owned(), url.into()),
            ("goal".to_owned(), arguments.goal.clone().into()),
        ]),
    };
    let rollout = Rollout {
        worlds: Arc::new(Contexts::new(&arguments.browser)),
        agent: Agent::with_options(agents::policy(agent, 1).await?, agent.dialect, agent.options()),
        judge: None,
        limits: Limits { turns: agent.turns, retries: 0, ..Limits::default() },
        concurrency: 1,
    };
    let stop = on_interrupt(None);
    let evaluated = evaluation.run(&rollout, Arc::new(Turns), &stop).await?;
    say(&format!("report {}", report::write(&out)?.display()));
    let whole = evaluated.tally.void + evaluated.tally.unfinished == 0;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
