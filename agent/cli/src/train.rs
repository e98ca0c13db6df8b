//! `glim train`: a recipe in, checkpoints out, and what is seen on the way.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use glim_agent::{AgentOptions, Dialect};
use glim_data::training::{Moment, Prompter};
use glim_processor::{Content, Message, Training};
use glim_train::evaluate::Means;
use glim_train::progress::{Pace, Progress};
use glim_train::recipe::{Recipe, Stage};
use glim_train::record::Record;
use glim_train::report;
use glim_train::run::{Ended, Evaluated, Place, Told, run};
use glim_train::trainer::Step;

use crate::arguments::{Train, TrainFresh, TrainPlan, TrainRun};
use crate::eval::say;
use crate::interrupt::on_interrupt;
use crate::ranks;

pub(crate) async fn train(command: Train) -> Result<ExitCode> {
    let (stage, arguments) = match command {
        Train::Pretrain(arguments) => (Stage::Pretrain, arguments),
        Train::Sft(arguments) => (Stage::Sft, arguments),
        Train::Plan(TrainPlan { recipe, set, json }) => {
            let plan = Recipe::read(&recipe, &set)?.plan()?;
            say(&if json { plan.json() } else { plan.to_string() });
            return Ok(ExitCode::SUCCESS);
        }
        Train::Fresh(arguments) => return tokio::task::spawn_blocking(move || fresh(&arguments)).await?,
    };
    let recipe = Recipe::read(&arguments.recipe, &arguments.set)?;
    if recipe.stage != stage {
        let (path, stage) = (arguments.recipe.display(), recipe.stage);
        bail!("`{path}` is a recipe of the stage `{stage}`; run `glim train {stage}`");
    }
    if let Some(ranks) = arguments.ranks.filter(|ranks| *ranks > 1) {
        return ranks::launch(usize::from(ranks), &ranks::own_arguments()).await;
    }
    let stop = on_interrupt(Some("finishing this step, then saving a checkpoint"));
    let thread = std::thread::Builder::new().name("trainer".to_owned());
    let thread = thread.spawn(move || {
        let place = arguments.place();
        let mut record = Record::new(&place.out, &recipe);
        let mut shown = Shown::new(recipe.steps);
        let mut stepped = false;
        let told = &mut |told: Told<'_>| {
            stepped |= matches!(told, Told::Step(_));
            shown.tell(&told);
            record.tell(&told)
        };
        let ended = run(&recipe, &place, told, &|| stop.is_asked());
        if stepped && ended.is_err() {
            shown.end();
        }
        let kept = || {
            let run = place.out.display();
            format!("the run in `{run}` stopped; its checkpoints are kept, and the same command goes on from the last")
        };
        let ended = if stepped { ended.with_context(kept)? } else { ended? };
        if !ended.leads {
            return Ok(None);
        }
        shown.end();
        let unfinished = ended.stopped.then(|| format!("stopped after step {}; the same command goes on", ended.step));
        // What a finished run found is in its report, and not told again.
        let report = place.out.join(report::FILE);
        if stepped || !report.exists() {
            record.report(&recipe, unfinished)?;
        }
        Ok::<Option<(Ended, std::path::PathBuf)>, anyhow::Error>(Some((ended, report)))
    });
    let thread = thread.context("no thread for the trainer")?;
    let done = tokio::task::spawn_blocking(move || thread.join()).await?;
    // The first rank speaks for all.
    let Some((ended, report)) = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))? else {
        return Ok(ExitCode::SUCCESS);
    };
    if ended.stopped {
        say(&format!("stopped after step {}; the same command goes on", ended.step));
    }
    say(&format!("checkpoint  {}", ended.last.display()));
    say(&format!("report      {}", report.display()));
    Ok(ExitCode::SUCCESS)
}

/// A tokenizer as large as the configuration's vocabulary, of the words of a recipe's data, and fresh weights.
pub(crate) fn fresh(arguments: &TrainFresh) -> Result<ExitCode> {
    let TrainFresh { recipe, config, seed, dialect } = arguments;
    let recipe = Recipe::read(recipe, &[])?;
    let out = &recipe.model.from;
    let config = crate::checkpoint::read_json(config)?;
    let rows = config.pointer("/text_config/vocab_size").and_then(serde_json::Value::as_u64);
    let vocabulary = rows.context("the configuration has no text_config.vocab_size")? as usize;
    let words = glim_train::words::words(&recipe, Some(Arc::new(Briefly { dialect: *dialect })))?;
    let training = Training { vocabulary, min_frequency: 2, single_digits: true };
    let tokenizer = training.train(words)?;
    crate::checkpoint::begin(out, config, &tokenizer, *seed)
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

/// The live line.
struct Shown {
    steps: u64,
    pace: Pace,
    live: bool,
}

impl Shown {
    fn new(steps: u64) -> Shown {
        Shown { steps, pace: Pace::default(), live: std::io::stderr().is_terminal() }
    }

    fn tell(&mut self, told: &Told<'_>) {
        match told {
            Told::Begun { step, learning, device } => {
                self.line(&format!("{learning} numbers learn on {device}; {step} of {} steps are done", self.steps));
            }
            Told::Step(step) => self.step(step),
            Told::Evaluated(evaluated) => self.evaluated(evaluated),
            Told::Saving => {}
            Told::Saved { path, best } => {
                self.line(&format!("saved {}{}", path.display(), if *best { ", the best so far" } else { "" }));
            }
        }
    }

    fn step(&mut self, step: &Step) {
        self.pace.step(step.times.total().as_secs_f64(), step.tokens);
        if let Some(reason) = &step.left_out {
            self.line(&format!("step {} was left out: {reason}", step.step));
        }
        let progress = Progress {
            step: step.step,
            steps: self.steps,
            loss: step.losses.word_mean(),
            tokens_per_second: self.pace.tokens_per_second(),
            gradient_norm: step.norm,
            learning_rate: step.rate,
            left_s: self.pace.left_s(self.steps - step.step),
        };
        if self.live {
            eprint!("\r\x1b[K{progress}");
        } else if self.pace.is_due(step.step, self.steps) {
            eprintln!("{}", progress.plain());
        }
    }

    fn evaluated(&self, evaluated: &Evaluated) {
        let asked = [("answers", &evaluated.answers), ("unseen", &evaluated.unseen), ("unread", &evaluated.unread)];
        for (name, answers) in asked.iter().filter(|(_, answers)| !answers.is_empty()) {
            let means = Means::of(*answers);
            let mut text = format!("{name} after step {}:", evaluated.step);
            if means.places > 0 {
                text.push_str(&format!(
                    " {:.1}% of {} in the target (chance {:.1}%), IoU over 0.5 {:.1}%",
                    means.inside * 100.0,
                    means.places,
                    means.chance * 100.0,
                    means.iou_half * 100.0
                ));
            }
            if means.words > 0 {
                text.push_str(&format!(" edit similarity {:.3} over {}", means.similarity, means.words));
            }
            self.line(&text);
        }
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
