//! Glim's arm of the environment benchmark: plays the work list of `bench.py` and says how long each part took.
//!
//! All arms speak one protocol with `bench.py`: `ready` when warm, `go` from it, one line of JSON when the work is
//! done, and `end` from it once it has read the memory of the episodes that are still open.

mod work;

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, anyhow};
use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_env::{Action, Environment, Outcome, Point, Seed};
use glim_tasks::{Stage, Suite, miniwob};

use crate::work::{Episodes, Timing, Work};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("GLIM_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: glim-bench WORK.json MINIWOB_HTML";
    let work: Work = serde_json::from_slice(&std::fs::read(arguments.next().context(usage)?)?)?;
    let suite = miniwob::suite(&arguments.next().context(usage)?)?;

    let browser = Browser::new(BrowserConfig::default());
    let first = work.envs.iter().flatten().next().context("there is no work")?;
    // Held throughout: the server of the pages lives as long as any stage does.
    let warm = stage(&suite, &first.task, 0)?;
    browser.env().reset(&warm.start, Seed(0)).await?;

    say("ready")?;
    hear("go")?;
    let begun = Instant::now();
    let suite = Arc::new(suite);
    let playing = work.envs.into_iter().map(|episodes| {
        let (suite, env) = (suite.clone(), browser.env());
        tokio::spawn(play(suite, env, episodes))
    });
    let played = futures::future::try_join_all(playing).await?;
    let wall = begun.elapsed();

    let mut timing = Timing { wall_s: wall.as_secs_f64(), ..Timing::default() };
    let mut open = Vec::new();
    for result in played {
        let (of_one, env) = result?;
        timing.add(of_one);
        open.push(env);
    }
    say(&serde_json::to_string(&timing)?)?;
    hear("end")?;
    drop(open);
    Ok(())
}

/// Plays the episodes of one environment and leaves the last one open.
async fn play(suite: Arc<Suite>, mut env: BrowserEnv, episodes: Vec<Episodes>) -> anyhow::Result<(Timing, BrowserEnv)> {
    let mut timing = Timing::default();
    for Episodes { task, seeds, clicks } in episodes {
        for (nth, &seed) in seeds.iter().enumerate() {
            let stage = stage(&suite, &task, seed)?;
            let begun = Instant::now();
            env.reset(&stage.start, Seed(seed)).await.with_context(|| format!("resetting {task}"))?;
            let times = if nth == 0 { &mut timing.load_ms } else { &mut timing.reset_ms };
            times.push(milliseconds(begun));
            for &(x, y) in &clicks {
                let begun = Instant::now();
                let step = env.step(&Action::click(Point::new(x, y))).await.with_context(|| format!("in {task}"))?;
                timing.step_ms.push(milliseconds(begun));
                timing.elements.push(step.observation.elements.len());
                timing.picture_bytes.push(step.observation.screenshot.png.len());
                if let Outcome::Rejected { reason } = step.outcome {
                    return Err(anyhow!("a click in {task} was rejected: {reason}"));
                }
            }
        }
    }
    Ok((timing, env))
}

fn stage(suite: &Suite, task: &str, seed: u64) -> anyhow::Result<Stage> {
    let name = format!("miniwob/{task}");
    let family = suite.families.iter().find(|family| family.name() == name);
    Ok(family.with_context(|| format!("there is no task `{name}`"))?.instantiate(Seed(seed)).stage()?)
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn hear(word: &str) -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    anyhow::ensure!(line.trim() == word, "expected `{word}`, got `{}`", line.trim());
    Ok(())
}
