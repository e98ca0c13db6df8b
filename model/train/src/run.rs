//! A run: a folder in which training begins, is interrupted, goes on, and ends.
//!
//! ```text
//! runs/first/   recipe.json     the recipe as it was resolved; the folder is of this recipe alone
//!               checkpoints/    see [`crate::checkpoint`]
//!               metrics.jsonl   written by whoever listens
//! ```
//! The same command goes on with the last checkpoint. Torch lives on the thread that calls [`run`].

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use glim_data::training::{Cursor, DataRecipe, Loader, Mixture, Prepared, Prompter, Share};
use glim_kernels::ranks::{self, Limits, World};
use glim_processor::Processor;
use glim_vlm::engine::{Device, Dtype};

use crate::TrainError;
use crate::checkpoint::Folder;
use crate::evaluate::{Answered, evaluate, unread, unseen};
use crate::recipe::{EvaluationRecipe, Recipe};
use crate::report::Prediction;
use crate::seen::prediction;
use crate::trainer::{Step, Trainer};

const RECIPE: &str = "recipe.json";

/// How long a rank waits for the others: a checkpoint of a large model is minutes in the writing.
const LIMITS: Limits = Limits { meeting: Duration::from_secs(600), operation: Duration::from_secs(1800) };

/// Batches without a question after which no more are expected: text asks for nothing.
const WITHOUT_QUESTION: usize = 100;

/// Answers of an evaluation that are shown on their pictures.
const PREDICTIONS: usize = 60;

/// Where and with what a run is made.
#[derive(Clone)]
pub struct Place {
    /// The run's folder.
    pub out: PathBuf,
    /// Where the model computes.
    pub device: Device,
    /// In which numbers.
    pub dtype: Dtype,
    /// Writes what an agent is told, where episodes are learned from in the agent's own form.
    pub prompter: Option<Arc<dyn Prompter>>,
}

/// What is told on the way.
#[derive(Debug)]
pub enum Told<'a> {
    /// The run begins, or goes on after `step` steps.
    Begun {
        /// Steps done before.
        step: u64,
        /// How many numbers learn.
        learning: usize,
        /// Where it computes, and in which numbers.
        device: String,
    },
    /// A step.
    Step(&'a Step),
    /// Held-out questions were asked.
    Evaluated(&'a Evaluated),
    /// A checkpoint is about to be written: what is told before belongs to it.
    Saving,
    /// A checkpoint was written.
    Saved {
        /// Its folder.
        path: &'a Path,
        /// Whether none before scored better.
        best: bool,
    },
}

/// What came of an evaluation.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// After how many steps.
    pub step: u64,
    /// Answers to the questions as they are.
    pub answers: Vec<Answered>,
    /// The same without seeing the picture; only in the last evaluation of a run.
    pub unseen: Vec<Answered>,
    /// The same in the words of another question; only in the last evaluation of a run.
    pub unread: Vec<Answered>,
    /// The first answers, on what the model saw.
    pub predictions: Vec<Prediction>,
    /// How long it took.
    pub took: Duration,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// Steps done in all.
    pub step: u64,
    /// The last checkpoint.
    pub last: PathBuf,
    /// It was told to stop before the last step.
    pub stopped: bool,
    /// This process is the first rank, which keeps the record.
    pub leads: bool,
}

/// Trains to the end of the recipe, or until `stop` says so; then a checkpoint is written, and the same call goes on.
///
/// # Errors
/// If something cannot be read or written, or nothing is learned any more.
pub fn run(
    recipe: &Recipe,
    place: &Place,
    told: &mut dyn FnMut(Told<'_>) -> Result<(), TrainError>,
    stop: &dyn Fn() -> bool,
) -> Result<Ended, TrainError> {
    let ranks = ranks::Place::from_environment()?;
    let wanted = match (&ranks, place.device) {
        // Ranks on one machine have a GPU each.
        (Some(rank), Device::Cuda(_)) => Device::Cuda(rank.local_rank),
        (_, device) => device,
    };
    let (device, kind) = wanted.open(place.dtype).map_err(|reason| TrainError::Device { reason })?;
    let world = match &ranks {
        Some(rank) => World::join(rank, device, LIMITS)?,
        None => World::single(),
    };
    let leads = world.rank() == 0;
    if leads {
        claim(&place.out, recipe)?;
        Folder::open(&place.out, recipe.checkpoints.keep)?;
    }
    world.barrier()?;
    let folder = Folder::open(&place.out, recipe.checkpoints.keep)?;
    let processor = Arc::new(Processor::open(&recipe.model.from)?);
    let mut trainer = match folder.steps()?.last() {
        Some(&step) => Trainer::resume(recipe, &folder.path(step), folder.read(step)?, device, kind, world.size())?,
        None => Trainer::begin(recipe, device, kind, world.size())?,
    };
    let device = format!("{device:?}, {kind:?}");
    let mut told = |event: Told<'_>| if leads { told(event) } else { Ok(()) };
    told(Told::Begun { step: trainer.state().step, learning: trainer.learning(), device })?;
    let cursor = trainer.state().cursor.clone();
    let mine = Share { rank: world.rank() as u64, world: world.size() as u64 };
    let open = |data: &DataRecipe, cursor: Cursor, share: Share| {
        let mixture = Mixture::open(data, Arc::clone(&processor), place.prompter.clone(), recipe.seed)?;
        Loader::begin(mixture, cursor, share)
    };
    let questions = match &recipe.evaluation.data {
        Some(data) => questions(&mut open(data, Cursor::default(), Share::WHOLE)?, recipe.evaluation.samples)?,
        None => Vec::new(),
    };
    let mut loader = open(&recipe.data, cursor, mine)?;
    let mut stopped = false;
    let mut saved = folder.steps()?.last().copied();
    while trainer.state().step < recipe.steps && !stopped {
        let begun = Instant::now();
        let batches = (0..recipe.accumulate).map(|_| loader.next()).collect::<Result<Vec<_>, _>>()?;
        let step = trainer.step(&batches, begun.elapsed(), &world)?;
        told(Told::Step(&step))?;
        stopped = any(&world, stop())?;
        let done = step.step;
        let last = done == recipe.steps;
        let mut best = false;
        let due = recipe.evaluation.every > 0 && done.is_multiple_of(recipe.evaluation.every);
        if !questions.is_empty() && (last || due) {
            let evaluated = asked(&trainer, &processor, &questions, &recipe.evaluation, last);
            let score = crate::evaluate::Means::of(&evaluated.answers).score();
            best = trainer.note_score(score);
            told(Told::Evaluated(&evaluated))?;
        }
        if last || stopped || best || done.is_multiple_of(recipe.checkpoints.every) {
            trainer.gather(&world)?;
            saved = Some(done);
            if leads {
                told(Told::Saving)?;
                let path = folder.write(
                    &recipe.model.from,
                    &trainer.model().config.json,
                    &trainer.exported(),
                    trainer.state(),
                    &trainer.tensors(),
                    best,
                )?;
                told(Told::Saved { path: &path, best })?;
            }
            world.barrier()?;
        }
    }
    let step = trainer.state().step;
    Ok(Ended { step, last: folder.path(saved.unwrap_or(step)), stopped: step < recipe.steps, leads })
}

/// Whether any rank says so.
fn any(world: &World, says: bool) -> Result<bool, TrainError> {
    Ok(world.size() > 1 && world.all_gather_bytes(&[u8::from(says)])?.concat().contains(&1) || says)
}

/// Makes the folder the recipe's own, or finds that it is.
fn claim(out: &Path, recipe: &Recipe) -> Result<(), TrainError> {
    let path = out.join(RECIPE);
    let io = |source| TrainError::Io { path: path.clone(), source };
    fs::create_dir_all(out).map_err(|source| TrainError::Io { path: out.to_owned(), source })?;
    let wanted = serde_json::to_string_pretty(recipe).expect("a recipe is plain data") + "\n";
    match fs::read_to_string(&path) {
        Ok(found) if found == wanted => Ok(()),
        Ok(_) => Err(TrainError::Taken { path: out.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let next = out.join("recipe.json.partial");
            fs::write(&next, wanted).and_then(|()| fs::rename(&next, &path)).map_err(io)
        }
        Err(error) => Err(io(error)),
    }
}

/// The first questions that come, always the same.
fn questions(loader: &mut Loader, count: usize) -> Result<Vec<Prepared>, TrainError> {
    let mut questions = Vec::new();
    let mut without = 0;
    while questions.len() < count {
        let before = questions.len();
        let samples = loader.next()?.samples;
        questions.extend(samples.into_iter().filter(|sample| sample.asked.is_some()));
        without = if questions.len() == before { without + 1 } else { 0 };
        if without == WITHOUT_QUESTION {
            return Err(TrainError::NothingAsked { found: questions.len(), wanted: count });
        }
    }
    questions.truncate(count);
    Ok(questions)
}

fn asked(
    trainer: &Trainer,
    processor: &Processor,
    questions: &[Prepared],
    recipe: &EvaluationRecipe,
    last: bool,
) -> Evaluated {
    let begun = Instant::now();
    let ask = |samples: &[Prepared]| evaluate(trainer.model(), processor, samples, recipe.max_tokens);
    let answers = ask(questions);
    let (blind, mute) = if last { (ask(&unseen(questions)), ask(&unread(questions))) } else { Default::default() };
    let name = |source: usize| recipe.data.as_ref().map_or("", |data| data.sources[source].name());
    let pairs = questions.iter().zip(&answers);
    let drawn = pairs.filter_map(|(sample, it)| prediction(sample, it, name(it.source), processor));
    let predictions = drawn.take(PREDICTIONS).collect();
    let took = begun.elapsed();
    Evaluated { step: trainer.state().step, answers, unseen: blind, unread: mute, predictions, took }
}
