//! Several sources as one stream: which sample comes at an index, a pure function of the seed and the index.
//!
//! A source comes with the share that its weight has in the sum of all; within it every sample comes once before one
//! comes again, in another order. What chance decides about a sample (its questions, the change of its picture) hangs on
//! the seed and the index alone.

use std::sync::Arc;

use glim_processor::Processor;

use super::episodes::Episodes;
use super::prompts::Prompter;
use super::rows::Screens;
use super::sample::{Broken, Unfit};
use super::texts::Texts;
use super::{DataRecipe, Measured, Prepared, Sample, SourceRecipe, screens};
use crate::DataError;
use crate::mix::schedule::Schedule;
use crate::seed::{SplitMix, hash};

/// Shares are kept to one in as many.
const CIRCLE: u64 = 1 << 24;

/// The open sources of a recipe.
pub struct Mixture {
    recipe: DataRecipe,
    processor: Arc<Processor>,
    prompter: Option<Arc<dyn Prompter>>,
    seed: u64,
    sources: Vec<Source>,
    schedule: Schedule,
    broken: Vec<String>,
}

enum Source {
    Screens(Screens),
    Episodes(Episodes),
    Texts(Texts),
}

impl Source {
    fn len(&self) -> usize {
        match self {
            Source::Screens(of) => of.len(),
            Source::Episodes(of) => of.len(),
            Source::Texts(of) => of.len(),
        }
    }
}

/// What comes at an index.
#[derive(Debug)]
pub enum Ready {
    /// A sample.
    Sample(Box<Measured>),
    /// One that does not come, and why: `no_question`, `too_long`, `special_tokens`, ...
    Dropped(&'static str),
}

impl Mixture {
    /// Opens the sources and finds what is in them.
    ///
    /// # Errors
    /// If the recipe has mistakes, a source cannot be read, or one with a weight has nothing.
    pub fn open(
        recipe: &DataRecipe,
        processor: Arc<Processor>,
        prompter: Option<Arc<dyn Prompter>>,
        seed: u64,
    ) -> Result<Mixture, DataError> {
        let mistakes = recipe.validate();
        if !mistakes.is_empty() {
            return Err(DataError::Recipe { mistakes });
        }
        let mut broken = Broken { skip: recipe.skip_broken, told: Vec::new() };
        let opened = recipe.sources.iter().map(|source| match source {
            SourceRecipe::Screens(of) => Screens::open(of, &mut broken).map(Source::Screens),
            SourceRecipe::Episodes(of) => Episodes::open(of, &mut broken).map(Source::Episodes),
            SourceRecipe::Text(of) => Texts::open(of, &mut broken).map(Source::Texts),
        });
        let mut sources = opened.collect::<Result<Vec<_>, _>>()?;
        for (source, of) in sources.iter().zip(&recipe.sources) {
            if source.len() == 0 && of.weight() > 0.0 {
                let reason = format!("`{}` has no samples that fit the recipe", of.path().display());
                return Err(DataError::Nothing { source_name: of.name().to_owned(), reason });
            }
        }
        let screens = |sources: &[Source]| {
            let bytes = sources.iter().map(|source| if let Source::Screens(of) = source { of.bytes() } else { 0 });
            bytes.sum::<u64>()
        };
        if screens(&sources) <= recipe.memory_mb << 20 {
            for source in &mut sources {
                if let Source::Screens(of) = source {
                    of.keep();
                }
            }
        }
        let sizes: Vec<u64> = sources.iter().map(|source| source.len() as u64).collect();
        let total: f64 = recipe.sources.iter().map(SourceRecipe::weight).sum();
        let shares: Vec<f64> = recipe.sources.iter().map(|of| of.weight() / total).collect();
        let schedule = Schedule::around(hash(seed, "mixture"), CIRCLE, sizes, &shares);
        Ok(Mixture { recipe: recipe.clone(), processor, prompter, seed, sources, schedule, broken: broken.told })
    }

    /// What is mixed.
    pub fn recipe(&self) -> &DataRecipe {
        &self.recipe
    }

    /// What was said about each file that could not be read when it was opened, where the recipe passes over such.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// Samples of each source.
    pub fn sizes(&self) -> Vec<usize> {
        self.sources.iter().map(Source::len).collect()
    }

    /// The sample at an index of the stream, with its tokens and without its pixels.
    ///
    /// # Errors
    /// If it cannot be read; the error names file and row.
    pub fn measure(&self, index: u64) -> Result<Ready, DataError> {
        let budget = self.recipe.token_budget;
        let measured = self.sample(index).and_then(|sample| {
            let thinking = self.recipe.sources[sample.source].thinking().unwrap_or(self.recipe.thinking);
            Measured::of(sample, &self.processor, thinking, budget)
        });
        match measured {
            Ok(measured) if measured.tokens() > budget => Ok(Ready::Dropped("too_long")),
            Ok(measured) => Ok(Ready::Sample(Box::new(measured))),
            Err(Unfit::Dropped(reason)) => Ok(Ready::Dropped(reason)),
            Err(Unfit::Broken(error)) => Err(error),
        }
    }

    /// The pixels of a sample.
    ///
    /// # Errors
    /// As [`Measured::finish`].
    pub fn finish(&self, measured: Measured) -> Result<Prepared, DataError> {
        measured.finish(&self.processor)
    }

    fn sample(&self, index: u64) -> Result<Sample, Unfit> {
        let turn = self.schedule.turn(index);
        let at = usize::try_from(turn.sample).expect("a sample's number is below the source's size");
        let mut chance = SplitMix(hash(self.seed, &format!("sample {index}")));
        match (&self.sources[turn.group], &self.recipe.sources[turn.group]) {
            (Source::Screens(source), SourceRecipe::Screens(recipe)) => {
                source.with(at, |row| screens::sample(row, recipe, turn.group, source.origin(at), &mut chance))
            }
            (Source::Episodes(source), SourceRecipe::Episodes(recipe)) => {
                source.sample(at, recipe, self.prompter.as_deref(), turn.group, &mut chance)
            }
            (Source::Texts(source), SourceRecipe::Text(recipe)) => source.sample(at, recipe, turn.group),
            _ => unreachable!("each source was opened by its recipe"),
        }
    }
}
