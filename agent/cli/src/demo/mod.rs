//! `glim demo`: agents at work on every bundled task, judged, recorded and shown; then a model that learns to click.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use glim_agent::{Dialect, Style, report};
use glim_env::Viewport;

use crate::arguments::{AgentArguments, BrowserArguments, Demo, DeviceArguments, Half};
use crate::eval::{Plan, say, show};
use crate::interrupt::on_interrupt;
use crate::suites;

#[cfg(feature = "torch")]
mod learn;

/// Turns of the random agent: enough to stumble on a solution if that were easy.
const RANDOM_TURNS: usize = 8;

pub(crate) async fn demo(arguments: Demo) -> Result<ExitCode> {
    let begun = Instant::now();
    let out = arguments.out.clone().unwrap_or_else(|| dated("demo"));
    let browser = BrowserArguments { headed: false, viewport: Viewport::default() };
    let stop = on_interrupt(None);
    let mut agents = match arguments.only {
        Some(Half::Learning) => Vec::new(),
        _ => vec![("scripted", "scripted".to_owned(), None), ("random", "random".to_owned(), Some(RANDOM_TURNS))],
    };
    if !agents.is_empty() && std::env::var_os("OPENAI_BASE_URL").is_some() {
        let model = std::env::var("OPENAI_MODEL").unwrap_or_else(|_| "gpt-4o-mini".to_owned());
        agents.push(("openai", format!("openai:{model}"), None));
    }
    let mut reports = Vec::new();
    let mut whole = true;
    for (name, agent, turns) in agents {
        let agent = AgentArguments {
            agent,
            dialect: Dialect::Web,
            prompt: Style::Full,
            temperature: 0.0,
            max_tokens: 8192,
            turns,
            device: DeviceArguments::default(),
        };
        let plan = Plan {
            agent: &agent,
            browser: &browser,
            suites: suites::bundled()?,
            episodes: 1,
            seed: 0,
            envs: arguments.envs,
            judge: None,
            out: out.join(name),
        };
        say(&format!(
            "\n{} on {} bundled tasks, {} at once",
            agent.agent,
            plan.suites.iter().map(|suite| suite.families.len()).sum::<usize>(),
            plan.envs
        ));
        let evaluated = plan.play(&stop).await?;
        show(&evaluated.results);
        whole &= evaluated.tally.void + evaluated.tally.unfinished == 0;
        reports.push(report::write(&plan.out)?);
        if stop.is_asked() {
            break;
        }
    }
    #[cfg(feature = "torch")]
    if arguments.only != Some(Half::Agents) && !stop.is_asked() {
        reports.extend(learn::learn(&out.join("learning"), arguments.envs, &stop).await?);
    }
    #[cfg(not(feature = "torch"))]
    if arguments.only == Some(Half::Learning) {
        return crate::no_model::say_so("`glim demo --only learning`");
    }
    if stop.is_asked() {
        whole = false;
        let only = match arguments.only {
            Some(Half::Agents) => "--only agents ",
            Some(Half::Learning) => "--only learning ",
            None => "",
        };
        say(&format!("\nstopped; `glim demo {only}--out {}` goes on", out.display()));
    }
    if !reports.is_empty() {
        say(&format!("\n{:.0} s; open the reports in a browser:", begun.elapsed().as_secs_f64()));
    }
    for report in reports {
        say(&format!("  {}", report.display()));
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// A run folder of its own below `runs`, named by the moment.
pub(crate) fn dated(what: &str) -> PathBuf {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    PathBuf::from("runs").join(format!("{what}-{seconds}"))
}

/// Minutes and seconds since the beginning, for a line of the demonstration.
#[cfg(feature = "torch")]
fn clock(begun: Instant) -> String {
    let seconds = begun.elapsed().as_secs();
    format!("{:>3}:{:02}", seconds / 60, seconds % 60)
}
