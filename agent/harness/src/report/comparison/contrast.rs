//! Runs counted against one another.

use std::collections::{HashMap, HashSet};

use glim_env::Seed;

use super::{Pairs, Side};
use crate::evaluate::{EpisodeResult, Results, Totals, suite_of};
use crate::report::page::plain;
use crate::store::{RunRecord, StoreError};

/// What comes of a comparison.
#[derive(Debug, Clone)]
pub struct Contrast {
    /// The runs, as they were given.
    pub runs: Vec<Counted>,
    /// How many instances are compared: those that all runs have. If there are none, all episodes of each run are counted
    /// for themselves.
    pub shared: usize,
    /// Shared instances whose goal is not the same in all runs: the tasks themselves have changed.
    pub other_goals: usize,
    /// All episodes together.
    pub total: Line,
    /// By suite, in the order of the runs.
    pub suites: Vec<Line>,
    /// By task family, the largest change first; those without one last.
    pub families: Vec<Line>,
    /// What is not equal under which the runs were made: a name, and the values by run.
    pub differences: Vec<(String, Vec<String>)>,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Its name and its folder.
    pub side: Side,
    /// What was run.
    pub record: RunRecord,
    /// Episodes that count here. Of shared instances, the same place is the same instance in all runs.
    pub episodes: Vec<EpisodeResult>,
    /// Episodes that not all runs have.
    pub alone: usize,
    /// Planned episodes that are neither finished nor void.
    pub unfinished: usize,
}

/// A suite, a family or all: a number for each run.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// By run.
    pub totals: Vec<Totals>,
    /// The rate of the last run minus that of the first, -1..=1; None if nothing is shared or nothing counts.
    pub change: Option<f64>,
    /// Shared instances that count in the first and in the last run.
    pub pairs: Pairs,
}

impl Contrast {
    pub(super) fn of(sides: &[Side]) -> Result<Contrast, StoreError> {
        assert!(sides.len() >= 2, "{} runs cannot be compared", sides.len());
        let read = |side: &Side| Ok((RunRecord::read(&side.run)?, Results::of_run(&side.run)?));
        let (records, results): (Vec<_>, Vec<_>) =
            sides.iter().map(read).collect::<Result<Vec<(RunRecord, Results)>, StoreError>>()?.into_iter().unzip();
        let differences = differences(&records);
        let shared = shared(&results);
        let mut runs: Vec<Counted> = Vec::with_capacity(sides.len());
        for ((side, record), results) in sides.iter().zip(records).zip(results) {
            let all = results.episodes.len();
            let episodes = if shared.is_empty() { results.episodes } else { only(results.episodes, &shared) };
            let alone = all - shared.len();
            runs.push(Counted { side: side.clone(), record, episodes, alone, unfinished: results.unfinished });
        }
        let mut contrast = Contrast {
            shared: shared.len(),
            other_goals: other_goals(&runs, shared.len()),
            total: Line { name: "all".to_owned(), totals: Vec::new(), change: None, pairs: Pairs::default() },
            suites: Vec::new(),
            families: Vec::new(),
            differences,
            runs,
        };
        contrast.total = contrast.line("all", |_| "all");
        contrast.suites = contrast.lines(|episode| suite_of(&episode.task));
        contrast.families = contrast.lines(|episode| &episode.task);
        let size = |line: &Line| line.change.map_or(-1.0, f64::abs);
        let sign = |line: &Line| line.change.unwrap_or(0.0);
        contrast.families.sort_by(|a, b| size(b).total_cmp(&size(a)).then(sign(b).total_cmp(&sign(a))));
        Ok(contrast)
    }

    /// The first run.
    pub(super) fn first(&self) -> &Counted {
        &self.runs[0]
    }

    /// The last run.
    pub(super) fn last(&self) -> &Counted {
        &self.runs[self.runs.len() - 1]
    }

    /// Whether the 95 % intervals of the first and the last rate overlap; None where there is no change to speak of.
    pub fn overlap(&self) -> Option<bool> {
        self.total.change?;
        let (a, b) = (self.total.totals.first()?.interval?, self.total.totals.last()?.interval?);
        Some(a.low <= b.high && b.low <= a.high)
    }

    /// The places of shared instances that the first and the last run both decided, with whether each solved it.
    pub(super) fn decided(&self) -> impl Iterator<Item = (usize, bool, bool)> {
        let pairs = self.first().episodes.iter().zip(&self.last().episodes).take(self.shared).enumerate();
        pairs
            .filter(|(_, (a, b))| a.score.is_some() && b.score.is_some())
            .map(|(at, (a, b))| (at, a.success, b.success))
    }

    /// What a reader should know of what is counted.
    pub(super) fn notes(&self) -> Vec<String> {
        if self.shared == 0 {
            return Vec::new();
        }
        let alone: Vec<String> = self
            .runs
            .iter()
            .filter(|run| run.alone > 0)
            .map(|run| format!("{} {} of {}", run.alone, episodes(run.alone), run.side.label))
            .collect();
        if alone.is_empty() {
            return Vec::new();
        }
        let what = if self.runs.len() == 2 { "the other run does not have" } else { "not all runs have" };
        vec![format!("Not counted are {}, which {what}.", alone.join(" and "))]
    }

    /// What makes the comparison doubtful.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.shared == 0 {
            let families: Vec<HashSet<&str>> = self
                .runs
                .iter()
                .map(|run| run.episodes.iter().map(|episode| episode.task.as_str()).collect())
                .collect();
            let common = families[0].iter().filter(|name| families.iter().all(|run| run.contains(*name))).count();
            let what = match common {
                0 => "no task".to_owned(),
                1 => "one task, but no seed of it".to_owned(),
                _ => format!("{common} tasks, but no seed of one of them"),
            };
            warnings.push(format!(
                "The runs have {what} in common, so that nothing can be compared pair by pair: the rates are those of \
                 different episodes."
            ));
        }
        if self.other_goals > 0 {
            warnings.push(format!(
                "{} {} another goal in one run than in another: the tasks have changed between them.",
                self.other_goals,
                if self.other_goals == 1 { "instance has" } else { "instances have" }
            ));
        }
        for run in self.runs.iter().filter(|run| run.unfinished > 0) {
            warnings.push(format!(
                "{} is not complete: {} planned {} not finished.",
                run.side.label,
                run.unfinished,
                if run.unfinished == 1 { "episode is" } else { "episodes are" }
            ));
        }
        warnings
    }

    fn line<'a>(&'a self, name: &str, key: impl Fn(&'a EpisodeResult) -> &'a str) -> Line {
        let of = |run: &'a Counted| Totals::of(run.episodes.iter().filter(|episode| key(episode) == name));
        let totals: Vec<Totals> = self.runs.iter().map(of).collect();
        let mut pairs = Pairs::default();
        for (at, first, last) in self.decided() {
            if key(&self.first().episodes[at]) == name {
                pairs.add(first, last);
            }
        }
        let rate = |totals: Option<&Totals>| totals.and_then(|totals| totals.success_rate);
        let change = rate(totals.last()).zip(rate(totals.first())).map(|(last, first)| last - first);
        Line { name: name.to_owned(), totals, change: change.filter(|_| self.shared > 0), pairs }
    }

    /// Lines by a key, in the order in which keys come first.
    fn lines<'a>(&'a self, key: impl Copy + Fn(&'a EpisodeResult) -> &'a str) -> Vec<Line> {
        let mut seen = HashSet::new();
        let names = self.runs.iter().flat_map(|run| run.episodes.iter().map(key)).filter(|name| seen.insert(*name));
        names.map(|name| self.line(name, key)).collect()
    }
}

fn episodes(count: usize) -> &'static str {
    if count == 1 { "episode" } else { "episodes" }
}

/// Places, by task and seed, of the instances that are in all runs, in the order of the first.
fn shared(results: &[Results]) -> HashMap<(String, Seed), usize> {
    let key = |episode: &EpisodeResult| (episode.task.clone(), episode.seed);
    let others: Vec<HashSet<(String, Seed)>> =
        results[1..].iter().map(|run| run.episodes.iter().map(key).collect()).collect();
    let in_all = results[0].episodes.iter().map(key).filter(|key| others.iter().all(|other| other.contains(key)));
    in_all.enumerate().map(|(at, key)| (key, at)).collect()
}

/// The episodes that have a place, by their place.
fn only(episodes: Vec<EpisodeResult>, places: &HashMap<(String, Seed), usize>) -> Vec<EpisodeResult> {
    let place = |episode: &EpisodeResult| places.get(&(episode.task.clone(), episode.seed)).copied();
    let mut placed: Vec<(usize, EpisodeResult)> =
        episodes.into_iter().filter_map(|episode| Some((place(&episode)?, episode))).collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, episode)| episode).collect()
}

/// Void episodes have no goal, and are equal to any.
fn other_goals(runs: &[Counted], shared: usize) -> usize {
    let differs = |at: &usize| {
        let mut goals = runs.iter().map(|run| run.episodes[*at].goal.as_str()).filter(|goal| !goal.is_empty());
        let first = goals.next();
        goals.any(|goal| Some(goal) != first)
    };
    (0..shared).filter(differs).count()
}

fn differences(records: &[RunRecord]) -> Vec<(String, Vec<String>)> {
    let settings: Vec<_> = records
        .iter()
        .map(|record| {
            let mut settings = record.settings();
            settings.insert("glim".to_owned(), record.glim.clone().into());
            settings.insert("commit".to_owned(), record.commit.clone().into());
            for (family, items) in &record.items {
                if records.iter().all(|record| record.items.contains_key(family)) {
                    settings.insert(format!("data of {family}"), items.content.clone().into());
                }
            }
            settings
        })
        .collect();
    let mut seen = HashSet::new();
    let names = settings.iter().flat_map(|settings| settings.keys()).filter(|name| seen.insert(name.as_str()));
    let values = |name: &String| -> Vec<String> {
        let value = |settings: &serde_json::Map<String, serde_json::Value>| match settings.get(name) {
            None | Some(serde_json::Value::Null) => "–".to_owned(),
            Some(value) => plain(value),
        };
        settings.iter().map(value).collect()
    };
    let all = names.map(|name| (name.clone(), values(name)));
    all.filter(|(_, values)| values.iter().any(|value| *value != values[0])).collect()
}
