//! `glim train`: a recipe in, checkpoints out, and what is seen on the way.

use std::fs::File;
use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use glim_agent::{AgentOptions, Dialect};
use glim_data::training::{Moment, Prompter};
use glim_processor::{Content, Message};
use glim_train::evaluate::Means;
use glim_train::recipe::{Recipe, Stage};
use glim_train::run::{Ended, Evaluated, Place, Told, run};
use glim_train::trainer::Step;
use glim_train::TrainError;
use serde_json::json;

use crate::arguments::{Train, TrainRun};
use crate::eval::say;
use crate::interrupt::on_interrupt;

/// Steps between lines where nobody watches.
const EVERY: u64 = 50;

pub(crate) async fn train(command: Train) -> Result<ExitCode> {
    let (stage, arguments) = match command {
        Train::Pretrain(arguments) => (Stage::Pretrain, arguments),
        Train::Sft(arguments) => (Stage::Sft, arguments),
    };
    let recipe = Recipe::read(&arguments.recipe, &arguments.set)?;
    if recipe.stage != stage {
        bail!(
            "`{}` is a recipe of the stage `{}`; run `glim train {}`",
            arguments.recipe.display(),
            recipe.stage,
            recipe.stage
        );
    }
    let stop = on_interrupt(true);
    let thread = std::thread::Builder::new().name("trainer".to_owned()).spawn(move || {
        let place = arguments.place();
        std::fs::create_dir_all(&place.out).with_context(|| format!("`{}`", place.out.display()))?;
        let mut shown = Shown::open(&place, &recipe)?;
        let ended = run(&recipe, &place, &mut |told| shown.tell(&told), &|| stop.is_asked());
        shown.end();
        Ok::<Ended, anyhow::Error>(ended?)
    });
    let thread = thread.context("no thread for the trainer")?;
    let ended = tokio::task::spawn_blocking(move || thread.join()).await?;
    let ended = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    if ended.stopped {
        say(&format!("stopped after step {}; the same command goes on", ended.step));
    }
    say(&format!("checkpoint  {}", ended.last.display()));
    Ok(ExitCode::SUCCESS)
}

impl TrainRun {
    fn place(&self) -> Place {
        let options = self.device.options();
        let prompter = Some(Arc::new(Briefly { dialect: self.dialect }) as Arc<dyn Prompter>);
        Place { out: self.out.clone(), device: options.device, dtype: options.dtype, prompter }
    }
}

/// Tells a model in training what `--prompt brief` tells it when it acts.
struct Briefly {
    dialect: Dialect,
}

impl Prompter for Briefly {
    fn messages(&self, moment: &Moment<'_>) -> Result<Vec<Message>, String> {
        let picture = Content::Image(Arc::clone(&moment.turn.observation.screenshot.png));
        let words = glim_agent::brief(self.dialect, moment.goal, moment.turns, AgentOptions::default().history);
        Ok(vec![Message::new("user", [picture, Content::Text(words)])])
    }
}

/// The live line and the record.
struct Shown {
    metrics: File,
    path: std::path::PathBuf,
    steps: u64,
    begun: Instant,
    done_before: u64,
    live: bool,
    loss: Option<f64>,
    /// Names of what is learned from.
    sources: Vec<String>,
}

impl Shown {
    fn open(place: &Place, recipe: &Recipe) -> Result<Shown> {
        let path = place.out.join("metrics.jsonl");
        let metrics = File::options().create(true).append(true).open(&path);
        let metrics = metrics.with_context(|| format!("`{}` cannot be written", path.display()))?;
        let live = std::io::stderr().is_terminal();
        let sources = recipe.data.sources.iter().map(|source| source.name().to_owned()).collect();
        let steps = recipe.steps;
        Ok(Shown { metrics, path, sources, steps, begun: Instant::now(), done_before: 0, live, loss: None })
    }

    fn tell(&mut self, told: &Told<'_>) -> Result<(), TrainError> {
        match told {
            Told::Begun { step, learning } => {
                self.begun = Instant::now();
                self.done_before = *step;
                self.line(&format!("{learning} numbers learn; {step} of {} steps are done", self.steps));
                Ok(())
            }
            Told::Step(step) => self.step(step),
            Told::Evaluated(evaluated) => self.evaluated(evaluated),
            Told::Saved { path, best } => {
                self.line(&format!("saved {}{}", path.display(), if *best { ", the best so far" } else { "" }));
                Ok(())
            }
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), TrainError> {
        let loss = step.losses.word_mean();
        let smooth = self.loss.map_or(loss, |before| 0.95 * before + 0.05 * loss);
        self.loss = Some(smooth);
        let seconds = step.times.total().as_secs_f64();
        let named = |(source, (sum, weight)): (&usize, &(f64, f64))| (self.sources[*source].clone(), json!(sum / weight.max(1e-9)));
        let sources = step.losses.words.iter().map(named);
        let record = json!({
            "kind": "train", "step": step.step, "loss": loss, "rate": step.rate, "norm": step.norm, "tokens": step.tokens,
            "tokens_per_second": step.tokens as f64 / seconds.max(1e-9),
            "cells": step.losses.cells / step.totals.cells.max(1.0),
            "centres": step.losses.centres / step.totals.covered.max(1.0),
            "loss_by_source": sources.collect::<serde_json::Map<_, _>>(),
            "seconds": {
                "data": step.times.data.as_secs_f64(), "forward": step.times.forward.as_secs_f64(),
                "backward": step.times.backward.as_secs_f64(), "optimizer": step.times.optimizer.as_secs_f64(),
            },
            "left_out": step.left_out,
        });
        self.record(&record)?;
        if let Some(reason) = &step.left_out {
            self.line(&format!("step {} was left out: {reason}", step.step));
        }
        let done = step.step - self.done_before;
        let left = self.begun.elapsed().as_secs_f64() / done.max(1) as f64 * (self.steps - step.step) as f64;
        let text = format!(
            "step {}/{}  loss {smooth:.3}  {:.1}k tok/s  grad {:.2}  lr {:.1e}  ETA {:.0} s",
            step.step,
            self.steps,
            step.tokens as f64 / seconds.max(1e-9) / 1e3,
            step.norm,
            step.rate,
            left
        );
        if self.live {
            eprint!("\r\x1b[K{text}");
        } else if step.step.is_multiple_of(EVERY) {
            eprintln!("{text}");
        }
        Ok(())
    }

    fn evaluated(&mut self, evaluated: &Evaluated) -> Result<(), TrainError> {
        for (name, answers) in
            [("eval", &evaluated.answers), ("unseen", &evaluated.unseen), ("unread", &evaluated.unread)]
        {
            if answers.is_empty() {
                continue;
            }
            let means = Means::of(answers);
            self.record(&json!({
                "kind": name, "step": evaluated.step, "means": means, "by_source": Means::by_source(answers),
            }))?;
            let text = format!(
                "{name:<7} step {}: {:.1}% of {} in the target (chance {:.1}%), IoU over 0.5 {:.1}%, words {:.2} of {}",
                evaluated.step,
                means.inside * 100.0,
                means.places,
                means.chance * 100.0,
                means.iou_half * 100.0,
                means.similarity,
                means.words
            );
            self.line(&text);
        }
        Ok(())
    }

    fn record(&mut self, record: &serde_json::Value) -> Result<(), TrainError> {
        let line = format!("{record}\n");
        self.metrics.write_all(line.as_bytes()).map_err(|source| TrainError::Io { path: self.path.clone(), source })
    }

    fn line(&self, text: &str) {
        if self.live {
            eprint!("\r\x1b[K");
        }
        eprintln!("{text}");
    }

    fn end(&self) {
        if self.live {
            eprintln!();
        }
    }
}
