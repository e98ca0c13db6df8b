//! Several datasets as one: which sample comes when, by weights and a temperature.
//!
//! Samples are questions. Those of one dataset, task and kind are a group; `n` of them with weight `w` (of the dataset,
//! times that of the task, times that of the kind) come with a share proportional to `(n·w)^(1/T)`. At `T = 1` large
//! groups come as often as they are large, with higher temperatures shares come closer to each other. `schedule` says
//! which sample comes at which step.
//!
//! **Splits.** A site that any of the datasets keeps for validation is for validation in the mix, with all its pages from
//! all datasets; no site is on both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::convert::Scale;
use crate::dataset::{Dataset, Split};
use crate::index::{Index, Place};
use crate::shard::{Columns, Row, Shard, ShardOptions};
use crate::{DataError, Screen};

pub(crate) mod schedule;
#[cfg(test)]
mod tests;
mod write;

use schedule::Schedule;
pub use write::{Mixed, mix};

/// A dataset that is mixed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its folder.
    pub path: PathBuf,
    /// How much of it is wanted; 1 is as much as it has, beside the others.
    pub weight: f64,
}

/// What a mix is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MixForm {
    /// A dataset. Screens are in it once, with those of their questions that came.
    Dataset,
    /// LLaMA-Factory's `train.json`, in the order of the steps.
    LlamaFactory,
    /// ms-swift's `train.jsonl`, in the order of the steps.
    MsSwift,
    /// The same with places as `<bbox>`.
    MsSwiftObjects,
}

impl MixForm {
    /// All, with their names on the command line.
    pub const NAMES: [(&'static str, MixForm); 4] = [
        ("dataset", MixForm::Dataset),
        ("llama-factory", MixForm::LlamaFactory),
        ("ms-swift", MixForm::MsSwift),
        ("ms-swift-objects", MixForm::MsSwiftObjects),
    ];
}

/// How datasets are mixed.
#[derive(Debug, Clone, PartialEq)]
pub struct MixOptions {
    /// What is mixed.
    pub sources: Vec<Source>,
    /// Weights of tasks; 1 for those that are not named.
    pub tasks: BTreeMap<String, f64>,
    /// Weights of kinds of questions; 1 for those that are not named.
    pub kinds: BTreeMap<String, f64>,
    /// `T`, above 0.
    pub temperature: f64,
    /// Another one gives another order.
    pub seed: u64,
    /// Samples to train on; without a number as many as the datasets have in groups that come at all.
    pub samples: Option<u64>,
    /// Samples to validate with, likewise.
    pub validation_samples: Option<u64>,
    /// What is written.
    pub form: MixForm,
    /// How places are written where the form is one of messages.
    pub scale: Scale,
    /// The name of the new dataset.
    pub name: String,
    /// How large its shards become.
    pub shard: ShardOptions,
}

impl MixOptions {
    /// Everything once, as a dataset.
    pub fn new(sources: Vec<Source>) -> MixOptions {
        MixOptions {
            sources,
            tasks: BTreeMap::new(),
            kinds: BTreeMap::new(),
            temperature: 1.0,
            seed: 0,
            samples: None,
            validation_samples: None,
            form: MixForm::Dataset,
            scale: Scale::Cells,
            name: "mix".to_owned(),
            shard: ShardOptions::default(),
        }
    }

    fn check(&self) -> Result<(), DataError> {
        let wrong = |name, value: f64, limit| Err(DataError::Option { name, value: value.to_string(), limit });
        if self.sources.is_empty() {
            return wrong("sources", 0.0, "there is at least one");
        }
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            return wrong("temperature", self.temperature, "it is a number above 0");
        }
        let weights = self.sources.iter().map(|source| source.weight);
        let mut weights = weights.chain(self.tasks.values().copied()).chain(self.kinds.values().copied());
        match weights.find(|weight| !(*weight >= 0.0 && weight.is_finite())) {
            Some(weight) => wrong("weight", weight, "it is 0 or more"),
            None => Ok(()),
        }
    }
}

/// Datasets that are open to be mixed.
#[derive(Debug)]
pub struct Mixer {
    datasets: Vec<Dataset>,
    sides: [Option<MixSide>; 2],
    /// Sites that are for validation.
    validation: BTreeSet<String>,
}

/// One side of the split.
#[derive(Debug)]
struct MixSide {
    groups: Vec<MixGroup>,
    schedule: Schedule,
}

/// Questions of one dataset, task and kind.
#[derive(Debug, Clone, PartialEq)]
pub struct MixGroup {
    /// In [`MixOptions::sources`].
    pub source: usize,
    /// Their task.
    pub task: String,
    /// Their kind.
    pub kind: String,
    /// The share of steps at which one of them comes, 0..=1.
    pub share: f64,
    places: Vec<Place>,
}

impl MixGroup {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none; never so.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// A sample's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// In [`MixOptions::sources`].
    pub source: usize,
    /// In [`Dataset::shards`].
    pub shard: usize,
    /// In the shard.
    pub row: usize,
    /// In [`Screen::questions`].
    pub question: usize,
    /// How often all of its group has come before.
    pub round: u64,
}

impl Mixer {
    /// Opens the datasets and reads where their questions are.
    ///
    /// # Errors
    /// If an option is outside its limits, or a dataset cannot be read.
    pub fn open(options: &MixOptions) -> Result<Mixer, DataError> {
        options.check()?;
        let mut datasets = Vec::new();
        let mut indexes = Vec::new();
        let mut validation = BTreeSet::new();
        for source in &options.sources {
            let dataset = Dataset::open(&source.path)?;
            let index = Index::of(&dataset)?;
            let kept = index.places.iter().filter(|of| index.groups[of.group as usize].split == Split::Validation);
            validation.extend(kept.map(|of| index.sites[of.site as usize].clone()));
            datasets.push(dataset);
            indexes.push(index);
        }
        let sides = Split::ALL.map(|split| side(&indexes, options, split, &validation));
        Ok(Mixer { datasets, sides, validation })
    }

    /// The groups of one side, with their shares.
    pub fn groups(&self, split: Split) -> &[MixGroup] {
        self.sides[split as usize].as_ref().map_or(&[], |side| &side.groups)
    }

    /// How many samples one side has in groups that come at all.
    pub fn len(&self, split: Split) -> u64 {
        self.groups(split).iter().filter(|group| group.share > 0.0).map(|group| group.len() as u64).sum()
    }

    /// Whether one side has no samples that come.
    pub fn is_empty(&self, split: Split) -> bool {
        self.len(split) == 0
    }

    /// What comes at a step: always the same for the same options and datasets. `None` if the side is empty.
    pub fn pick(&self, split: Split, step: u64) -> Option<Pick> {
        let side = self.sides[split as usize].as_ref()?;
        let turn = side.schedule.turn(step);
        let group = &side.groups[turn.group];
        let place = group.places[usize::try_from(turn.sample).expect("a sample's number is below the group's size")];
        Some(Pick {
            source: group.source,
            shard: place.shard as usize,
            row: place.row as usize,
            question: usize::from(place.question),
            round: turn.round,
        })
    }

    /// What comes from a step on, without an end.
    pub fn picks(&self, split: Split, from: u64) -> impl Iterator<Item = Pick> + '_ {
        (from..).map_while(move |step| self.pick(split, step))
    }

    /// Reads a sample: its row, whose question is number [`Pick::question`]. The shard is opened for it.
    ///
    /// # Errors
    /// If the shard cannot be read.
    pub fn load(&self, pick: &Pick) -> Result<Row, DataError> {
        let (path, _) = &self.datasets[pick.source].shards()[pick.shard];
        Shard::open(path)?.row(pick.row, Columns::All)
    }

    /// The side that a site is on.
    fn split(&self, screen: &Screen) -> Split {
        if self.validation.contains(&screen.site) { Split::Validation } else { Split::Train }
    }
}

/// `None` if nothing comes on this side.
fn side(indexes: &[Index], options: &MixOptions, split: Split, validation: &BTreeSet<String>) -> Option<MixSide> {
    let mut groups: BTreeMap<(usize, &str, &str), Vec<Place>> = BTreeMap::new();
    for (source, index) in indexes.iter().enumerate() {
        for place in &index.places {
            let kept = validation.contains(&index.sites[place.site as usize]);
            if kept == (split == Split::Validation) {
                let group = &index.groups[place.group as usize];
                groups.entry((source, &group.task, &group.kind)).or_default().push(*place);
            }
        }
    }
    let mut groups: Vec<MixGroup> = groups
        .into_iter()
        .map(|((source, task, kind), places)| {
            let weight = |of: &BTreeMap<String, f64>, name: &str| of.get(name).copied().unwrap_or(1.0);
            let weight = options.sources[source].weight * weight(&options.tasks, task) * weight(&options.kinds, kind);
            let share = (places.len() as f64 * weight).powf(options.temperature.recip());
            MixGroup { source, task: task.to_owned(), kind: kind.to_owned(), share, places }
        })
        .collect();
    let total: f64 = groups.iter().map(|group| group.share).sum();
    if total <= 0.0 {
        return None;
    }
    groups.iter_mut().for_each(|group| group.share /= total);
    let sizes = groups.iter().map(|group| group.len() as u64).collect();
    let shares: Vec<f64> = groups.iter().map(|group| group.share).collect();
    let seed = crate::seed::hash(options.seed, split.name());
    Some(MixSide { groups, schedule: Schedule::new(seed, sizes, &shares) })
}
