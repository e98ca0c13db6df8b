//! What is kept of a run for people: `metrics.jsonl`, TensorBoard's events, and `report.html` at the end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::TrainError;
use crate::evaluate::{Answered, Means};
use crate::events::Events;
use crate::metrics::{self, ACCURACY, GRADIENT_NORM, Kind, LEARNING_RATE, LOSS, Line, Metrics, TOKENS_PER_SECOND};
use crate::recipe::Recipe;
use crate::report::{self, Phase, Prediction, ReportData, Score, Unit, drawn};
use crate::run::{Evaluated, Told};
use crate::trainer::{Step, Times};

/// Pictures of answers that TensorBoard is given at each evaluation.
const PICTURES: usize = 8;

/// Keeps the record of a run.
pub struct Record {
    run: PathBuf,
    metrics: Option<Metrics>,
    events: Option<Events>,
    sources: Vec<String>,
    questions: Vec<String>,
    times: Times,
    evaluating: Duration,
    last: Option<Last>,
    facts: Vec<(String, String)>,
}

/// The last evaluation.
struct Last {
    answers: Vec<Answered>,
    unseen: Vec<Answered>,
    unread: Vec<Answered>,
    predictions: Vec<Prediction>,
}

impl Record {
    /// Of the run in this folder.
    pub fn new(run: &Path, recipe: &Recipe) -> Record {
        let names = |data: &glim_data::training::DataRecipe| -> Vec<String> {
            data.sources.iter().map(|source| source.name().to_owned()).collect()
        };
        Record {
            run: run.to_owned(),
            metrics: None,
            events: None,
            sources: names(&recipe.data),
            questions: recipe.evaluation.data.as_ref().map(names).unwrap_or_default(),
            times: Times::default(),
            evaluating: Duration::ZERO,
            last: None,
            facts: Vec::new(),
        }
    }

    /// Keeps what is told.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn tell(&mut self, told: &Told<'_>) -> Result<(), TrainError> {
        match told {
            Told::Begun { step, learning, device } => {
                let path = self.run.join(metrics::FILE);
                let again = *step > 0 && path.exists();
                self.metrics = Some(if again { Metrics::resume(&path, *step)? } else { Metrics::create(&path)? });
                self.events = Some(Events::create(&self.run.join("tensorboard"), (*step > 0).then_some(*step))?);
                self.facts = vec![
                    ("device".to_owned(), device.clone()),
                    ("numbers that learn".to_owned(), crate::progress::quantity(*learning as f64)),
                ];
                Ok(())
            }
            Told::Step(step) => self.step(step),
            Told::Evaluated(evaluated) => self.evaluated(evaluated),
            Told::Saving => match &mut self.metrics {
                Some(metrics) => Ok(metrics.sync()?),
                None => Ok(()),
            },
            Told::Saved { .. } => Ok(()),
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), TrainError> {
        let times = &step.times;
        self.times.data += times.data;
        self.times.forward += times.forward;
        self.times.backward += times.backward;
        self.times.optimizer += times.optimizer;
        let seconds = times.total().as_secs_f64().max(1e-9);
        let mut numbers = vec![
            (LOSS.to_owned(), step.losses.word_mean()),
            (LEARNING_RATE.to_owned(), step.rate),
            (GRADIENT_NORM.to_owned(), step.norm),
            (TOKENS_PER_SECOND.to_owned(), step.tokens as f64 / seconds),
        ];
        if step.losses.words.len() > 1 {
            let named = step.losses.words.iter().map(|(source, (sum, weight))| {
                (format!("{LOSS}/{}", self.sources[*source]), sum / weight.max(f64::MIN_POSITIVE))
            });
            numbers.extend(named);
        }
        if step.totals.cells > 0.0 {
            numbers.push(("loss_of_cells".to_owned(), step.losses.cells / step.totals.cells));
        }
        if step.totals.covered > 0.0 {
            numbers.push(("loss_of_centres".to_owned(), step.losses.centres / step.totals.covered));
        }
        if step.totals.letters > 0.0 {
            numbers.push(("loss_of_letters".to_owned(), step.losses.letters / step.totals.letters));
        }
        if step.losses.looks > 0.0 {
            numbers.push(("loss_of_looks".to_owned(), step.losses.looks / step.totals.looks));
        }
        self.line(&Line::new(step.step, Kind::Train, numbers))?;
        match &step.left_out {
            Some(reason) => self.line(&Line::note(step.step, format!("left out: {reason}"))),
            None => Ok(()),
        }
    }

    fn evaluated(&mut self, evaluated: &Evaluated) -> Result<(), TrainError> {
        self.evaluating += evaluated.took;
        let means = Means::of(&evaluated.answers);
        let mut numbers = Vec::new();
        if means.places > 0 {
            numbers.push((ACCURACY.to_owned(), means.inside));
            numbers.push(("iou_over_half".to_owned(), means.iou_half));
        }
        if means.words > 0 {
            numbers.push(("edit_similarity".to_owned(), means.similarity));
        }
        for (source, means) in Means::by_source(&evaluated.answers).iter().filter(|(_, means)| means.places > 0) {
            numbers.push((format!("{ACCURACY}/{}", self.questions[*source]), means.inside));
        }
        let line = Line::new(evaluated.step, Kind::Eval, numbers);
        self.line(&line)?;
        if let Some(events) = &mut self.events {
            for (at, prediction) in evaluated.predictions.iter().take(PICTURES).enumerate() {
                if let Some(png) = drawn(prediction) {
                    events.picture(evaluated.step, line.time, &format!("answers/{at}"), &png)?;
                }
            }
        }
        self.last = Some(Last {
            answers: evaluated.answers.clone(),
            unseen: evaluated.unseen.clone(),
            unread: evaluated.unread.clone(),
            predictions: evaluated.predictions.clone(),
        });
        Ok(())
    }

    fn line(&mut self, line: &Line) -> Result<(), TrainError> {
        if let Some(metrics) = &mut self.metrics {
            metrics.write(line)?;
        }
        if let Some(events) = &mut self.events {
            events.line(line)?;
        }
        Ok(())
    }

    /// Writes the report; where it lies. `unfinished` says why the run has not come to its end.
    ///
    /// # Errors
    /// If it cannot be written, or the metrics not read.
    pub fn report(&self, recipe: &Recipe, unfinished: Option<String>) -> Result<PathBuf, TrainError> {
        let run = self.run.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned());
        let phases = [
            ("waiting for data", self.times.data),
            ("forward", self.times.forward),
            ("backward", self.times.backward),
            ("optimiser", self.times.optimizer),
            ("evaluation", self.evaluating),
        ];
        let data = ReportData {
            run,
            stage: recipe.stage.title().to_owned(),
            facts: self.facts.clone(),
            unfinished,
            lines: metrics::read(&self.run.join(metrics::FILE))?,
            scores: self.last.as_ref().map(scores).unwrap_or_default(),
            phases: phases.map(|(name, time)| Phase { name: name.to_owned(), seconds: time.as_secs_f64() }).to_vec(),
            predictions: self.last.as_ref().map(|last| last.predictions.clone()).unwrap_or_default(),
            recipe: toml::to_string_pretty(recipe).unwrap_or_default(),
        };
        Ok(report::write(&self.run, &data)?)
    }
}

/// Numbers of an evaluation, each beside chance and what a model scores that does not see the picture.
fn scores(last: &Last) -> Vec<Score> {
    let (means, unseen, unread) = (Means::of(&last.answers), Means::of(&last.unseen), Means::of(&last.unread));
    let share = |name: &str, value: f64, of: usize, chance: Option<f64>, blind: Option<f64>| Score {
        name: name.to_owned(),
        unit: Unit::Share,
        value,
        interval: Some(wilson(value, of)),
        questions: of as u64,
        chance,
        text_blind: blind,
    };
    let asked = |means: &Means, value: f64| (means.places > 0).then_some(value);
    let mut scores = Vec::new();
    if means.places > 0 {
        scores.push(share(
            "point in target",
            means.inside,
            means.places,
            Some(means.chance),
            asked(&unseen, unseen.inside),
        ));
        scores.push(share("IoU over 0.5", means.iou_half, means.places, None, asked(&unseen, unseen.iou_half)));
    }
    if unread.places > 0 {
        scores.push(share(
            "point in target, asked in the words of another question",
            unread.inside,
            unread.places,
            None,
            None,
        ));
    }
    if means.words > 0 {
        scores.push(Score {
            name: "edit similarity".to_owned(),
            unit: Unit::Share,
            value: means.similarity,
            interval: None,
            questions: means.words as u64,
            chance: None,
            text_blind: (unseen.words > 0).then_some(unseen.similarity),
        });
    }
    scores
}

/// The 95% interval of Wilson for a share of so many.
fn wilson(share: f64, of: usize) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let n = of.max(1) as f64;
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}
