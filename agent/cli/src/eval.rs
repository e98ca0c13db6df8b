//! `glim eval` and `glim view`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use glim_agent::evaluate::{Evaluated, Evaluation, Results, Table};
use glim_agent::policy::JudgeModel;
use glim_agent::report::comparison::{self, Comparison, Side};
use glim_agent::rollout::{Limits, Rollout, Stop};
use glim_agent::store::RunRecord;
use glim_agent::{Agent, report};
use glim_tasks::Suite;
use serde_json::{Map, json};

use crate::agents;
use crate::arguments::{AgentArguments, BrowserArguments, Eval, View};
use crate::interrupt::{self, on_interrupt};
use crate::live::Progress;
use crate::suites;
use crate::worlds::Contexts;

/// One run of one agent, resolved.
pub(crate) struct Plan<'a> {
    pub agent: &'a AgentArguments,
    pub browser: &'a BrowserArguments,
    pub suites: Vec<Suite>,
    pub episodes: u64,
    pub seed: u64,
    pub envs: usize,
    pub judge: Option<&'a str>,
    pub out: PathBuf,
}

impl Plan<'_> {
    /// Plays and counts; the report is written as far as the run came.
    pub async fn play(&self, stop: &Stop) -> Result<Evaluated> {
        let options = self.agent.options();
        let judge = self.judge.map(JudgeModel::from_spec).transpose()?.map(Arc::new);
        let viewport = self.browser.viewport;
        let conditions = json!({
            "temperature": self.agent.temperature,
            "max_tokens": self.agent.max_tokens,
            "prompt": self.agent.prompt.to_string(),
            "viewport": format!("{}x{}@{}", viewport.width, viewport.height, viewport.scale),
        });
        let evaluation = Evaluation {
            out: self.out.clone(),
            suites: self.suites.clone(),
            episodes: self.episodes,
            first_seed: self.seed,
            judge: self.judge.map(str::to_owned),
            commit: option_env!("GLIM_COMMIT").map(str::to_owned),
            conditions: conditions.as_object().cloned().unwrap_or_else(Map::new),
        };
        let rollout = Rollout {
            worlds: Arc::new(Contexts::new(self.browser)),
            agent: Agent::with_options(
                agents::policy(self.agent, self.envs.max(1)).await?,
                self.agent.dialect,
                options,
            ),
            judge,
            limits: Limits { turns: self.agent.turns, ..Limits::default() },
            concurrency: self.envs.max(1),
        };
        let progress = Arc::new(Progress::new(evaluation.planned()));
        let played = evaluation.run(&rollout, progress.clone(), stop).await;
        progress.end();
        played.with_context(|| {
            format!(
                "the run in `{}` stopped; what was finished is kept, and the same command goes on",
                self.out.display()
            )
        })
    }
}

pub(crate) async fn eval(arguments: Eval) -> Result<ExitCode> {
    let plan = Plan {
        agent: &arguments.agent,
        browser: &arguments.browser,
        suites: suites::chosen(&arguments)?,
        episodes: arguments.episodes.unwrap_or(1),
        seed: arguments.seed,
        envs: arguments.envs,
        judge: arguments.judge.as_deref(),
        out: arguments.out.clone(),
    };
    let stop = on_interrupt(Some(interrupt::EPISODES));
    let evaluated = plan.play(&stop).await?;
    if evaluated.resumed > 0 {
        say(&format!("{} episodes were finished before", evaluated.resumed));
    }
    show(&evaluated.results);
    let report = report::write(&arguments.out)?;
    say(&format!("results  {}", arguments.out.join(glim_agent::evaluate::FILE).display()));
    say(&format!("report   {}", report.display()));
    Ok(exit_code(&evaluated, &arguments.out))
}

/// 0 if all episodes were played, 2 if some are void or unfinished.
fn exit_code(evaluated: &Evaluated, out: &Path) -> ExitCode {
    let tally = evaluated.tally;
    if tally.void > 0 {
        say(&format!(
            "{} episodes are void, see `{}`; the same command tries them again",
            tally.void,
            out.join("voids.jsonl").display()
        ));
    }
    if tally.panics > 0 {
        say(&format!("{} of the void attempts were a bug of Glim: please report it with voids.jsonl", tally.panics));
    }
    if tally.unfinished > 0 {
        say(&format!("{} episodes are unfinished; the same command goes on with them", tally.unfinished));
    }
    if tally.void + tally.unfinished > 0 { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

/// The table of results, as wide as the terminal.
#[allow(clippy::print_stdout)]
pub(crate) fn show(results: &Results) {
    print!("{}", Table::new(results, terminal_width()));
}

/// One line for the person who waits.
#[allow(clippy::print_stdout)]
pub(crate) fn say(line: &str) {
    use std::io::Write;
    if let Err(error) = writeln!(std::io::stdout(), "{line}") {
        // A reader that has seen enough, as `head`, is no reason to complain.
        let enough = error.kind() == std::io::ErrorKind::BrokenPipe;
        if !enough {
            eprintln!("glim: the output could not be written: {error}");
        }
        std::process::exit(i32::from(!enough));
    }
}

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0))
}

pub(crate) fn view(arguments: &View) -> Result<ExitCode> {
    if !arguments.against.is_empty() {
        return compare(arguments);
    }
    let results = Results::of_run(&arguments.run)?;
    show(&results);
    say(&format!("report   {}", report::write(&arguments.run)?.display()));
    Ok(ExitCode::SUCCESS)
}

#[allow(clippy::print_stdout)]
fn compare(arguments: &View) -> Result<ExitCode> {
    let runs: Vec<PathBuf> = arguments.against.iter().chain([&arguments.run]).cloned().collect();
    let agents = runs.iter().map(|run| Ok(RunRecord::read(run)?.agent)).collect::<Result<Vec<String>>>()?;
    let sides = labels(&agents, &runs).into_iter().zip(runs).map(|(label, run)| Side { label, run });
    let comparison = Comparison { sides: sides.collect(), ..Comparison::default() };
    print!("{}", comparison::Table::new(&comparison.count()?, terminal_width()));
    let page = comparison.write(arguments.out.as_deref().unwrap_or(&arguments.run))?;
    say(&format!("page     {}", page.display()));
    Ok(ExitCode::SUCCESS)
}

/// What to call the runs: by their agents, or by their folders where one agent played twice.
fn labels(agents: &[String], runs: &[PathBuf]) -> Vec<String> {
    let differ = |names: &[String]| names.iter().collect::<HashSet<_>>().len() == names.len();
    let name = |run: &PathBuf| run.file_name().unwrap_or(run.as_os_str()).to_string_lossy().into_owned();
    let folders: Vec<String> = runs.iter().map(name).collect();
    if differ(agents) {
        agents.to_vec()
    } else if differ(&folders) {
        folders
    } else {
        runs.iter().map(|run| run.display().to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_called_by_what_tells_them_apart() {
        let names = |agents: [&str; 2], runs: [&str; 2]| labels(&agents.map(str::to_owned), &runs.map(PathBuf::from));
        assert_eq!(names(["random", "scripted"], ["a", "b"]), ["random", "scripted"]);
        assert_eq!(names(["local", "local"], ["x/before", "x/after"]), ["before", "after"]);
        assert_eq!(names(["local", "local"], ["before/run", "after/run"]), ["before/run", "after/run"]);
    }
}
