//! `results.json`: every episode of a run in a line, and what they amount to by task and by suite.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use glim_env::{End, SCHEMA_VERSION, Seed};
use glim_tasks::Verdict;
use serde::{Deserialize, Serialize};

use super::{Interval, wilson};
use crate::rollout::Void;
use crate::store::{self, RunRecord, StoreError, Summary};

/// The name of the file.
pub const FILE: &str = "results.json";

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Who acted.
    pub agent: String,
    /// Whether every planned episode is finished or void; if not, the run was interrupted and can be resumed.
    pub complete: bool,
    /// Planned episodes that are neither finished nor void.
    pub unfinished: usize,
    /// All episodes together.
    pub total: Totals,
    /// By suite, in the order of the run.
    pub suites: Vec<Group>,
    /// By task, in the order of the run.
    pub tasks: Vec<Group>,
    /// By label ([`Verdict::LABELS`]) within each suite, `suite/name=value`; episodes may have none, or several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Group>,
    /// Every episode that is finished or void, by task and seed.
    pub episodes: Vec<EpisodeResult>,
}

/// The episodes of a suite or a task together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Name of the suite or of the task.
    pub name: String,
    /// Their numbers.
    #[serde(flatten)]
    pub totals: Totals,
}

/// Numbers over some episodes. Rates and means are over those that count: finished and decided.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Episodes that count.
    pub episodes: usize,
    /// Those with a score of 1.
    pub successes: usize,
    /// Their share; absent when no episode counts.
    pub success_rate: Option<f64>,
    /// The 95 % Wilson interval of the share.
    pub interval: Option<Interval>,
    /// Mean score, 0..=1.
    pub mean_score: Option<f64>,
    /// Means of what else was measured ([`Verdict::MEASURES`]), each over the episodes that have it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, f64>,
    /// Instances whose every attempt failed for a reason other than the agent; not in the rate.
    pub void: usize,
    /// Finished episodes that the verifier could not decide; not in the rate.
    pub undecided: usize,
    /// Finished episodes that were cut off by a budget or limit; in the rate.
    pub truncated: usize,
    /// Mean turns of a finished episode.
    pub mean_turns: Option<f64>,
    /// Mean wall time of a turn in the world, resets left out, in seconds.
    pub env_seconds_per_turn: Option<f64>,
    /// Mean wall time of a turn in the policy, in seconds.
    pub policy_seconds_per_turn: Option<f64>,
    /// Mean wall time of a reset, in seconds.
    pub seconds_per_reset: Option<f64>,
}

/// What became of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The agent or the world ended it.
    Done,
    /// A budget or limit ended it; it is judged as it stood.
    Truncated,
    /// Something other than the agent failed, at every attempt.
    Void,
}

impl Status {
    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Status::Done => "done",
            Status::Truncated => "truncated",
            Status::Void => "void",
        }
    }
}

/// One episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpisodeResult {
    /// Suite and family.
    pub task: String,
    /// The instance.
    pub seed: Seed,
    /// The instruction; empty when it is void.
    pub goal: String,
    /// 0..=1; absent when it is void or undecided.
    pub score: Option<f64>,
    /// Whether the goal is reached.
    pub success: bool,
    /// What became of it.
    pub status: Status,
    /// Whether it is finished but nobody can say how well.
    pub undecided: bool,
    /// How it ended; absent when it is void.
    pub end: Option<End>,
    /// Why the verifier thinks so, or the cause of the last void attempt.
    pub reason: String,
    /// Which attempt this was, from 1; the ones before were void.
    pub attempt: u32,
    /// How many turns it took.
    pub turns: usize,
    /// Wall time in the world, reset included, in milliseconds.
    pub env_ms: f64,
    /// Wall time of the reset, in milliseconds.
    pub reset_ms: f64,
    /// Wall time waiting for the policy, in milliseconds.
    pub policy_ms: f64,
    /// What else the verifier measured.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub details: serde_json::Map<String, serde_json::Value>,
}

impl Results {
    /// Counts what is in a run folder.
    ///
    /// # Errors
    /// If something in it cannot be read.
    pub fn of_run(run: &Path) -> Result<Results, StoreError> {
        let record = RunRecord::read(run)?;
        let summaries = store::episodes(run)?.iter().map(|folder| store::summary(folder)).collect::<Result<_, _>>()?;
        Ok(Results::count(&record, summaries, store::voids(run)?))
    }

    fn count(record: &RunRecord, summaries: Vec<Summary>, voids: Vec<Void>) -> Results {
        let finished = summaries.into_iter().map(EpisodeResult::from);
        let mut episodes: HashMap<(String, Seed), EpisodeResult> =
            finished.map(|episode| ((episode.task.clone(), episode.seed), episode)).collect();
        // The last word on an instance counts: one that was left for a later attempt is neither finished nor void.
        let last: BTreeMap<(String, Seed), Void> =
            voids.into_iter().map(|void| ((void.task.clone(), void.seed), void)).collect();
        for (key, void) in last.into_iter().filter(|(_, void)| void.exhausted) {
            episodes.entry(key).or_insert_with(|| EpisodeResult::from(void));
        }
        let seeds: HashMap<&str, std::ops::Range<u64>> =
            record.families.iter().map(|family| (family.as_str(), record.seeds(family))).collect();
        let planned: u64 = seeds.values().map(|seeds| seeds.end - seeds.start).sum();
        let is_planned =
            |(task, seed): &&(String, Seed)| seeds.get(task.as_str()).is_some_and(|of| of.contains(&seed.0));
        let settled = episodes.keys().filter(is_planned);
        let unfinished = usize::try_from(planned).unwrap_or(usize::MAX) - settled.count();

        let place: HashMap<&str, usize> =
            record.families.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let mut episodes: Vec<EpisodeResult> = episodes.into_values().collect();
        episodes.sort_by(|a, b| {
            let key = |episode: &EpisodeResult| place.get(episode.task.as_str()).copied().unwrap_or(usize::MAX);
            (key(a), &a.task, a.seed).cmp(&(key(b), &b.task, b.seed))
        });
        Results {
            schema_version: SCHEMA_VERSION,
            agent: record.agent.clone(),
            complete: unfinished == 0,
            unfinished,
            total: Totals::of(episodes.iter()),
            suites: groups(&episodes, |episode| suite_of(&episode.task)),
            tasks: groups(&episodes, |episode| &episode.task),
            labels: labelled(&episodes),
            episodes,
        }
    }
}

/// The suite in the name of a task: what is before the first slash.
pub fn suite_of(task: &str) -> &str {
    task.split_once('/').map_or(task, |(suite, _)| suite)
}

/// Totals by a key, in the order in which keys come first.
fn groups<'a>(episodes: &'a [EpisodeResult], key: impl Fn(&'a EpisodeResult) -> &'a str) -> Vec<Group> {
    let mut order: Vec<&str> = Vec::new();
    let mut members: HashMap<&str, Vec<&EpisodeResult>> = HashMap::new();
    for episode in episodes {
        let group = members.entry(key(episode)).or_default();
        if group.is_empty() {
            order.push(key(episode));
        }
        group.push(episode);
    }
    let group = |name: &str| Group { name: name.to_owned(), totals: Totals::of(members[name].iter().copied()) };
    order.into_iter().map(group).collect()
}

/// Totals by suite and label, by name.
pub(super) fn labelled(episodes: &[EpisodeResult]) -> Vec<Group> {
    let mut members: BTreeMap<String, Vec<&EpisodeResult>> = BTreeMap::new();
    for episode in episodes {
        let labels = episode.details.get(Verdict::LABELS).and_then(|labels| labels.as_array());
        for label in labels.into_iter().flatten().filter_map(|label| label.as_str()) {
            members.entry(format!("{}/{label}", suite_of(&episode.task))).or_default().push(episode);
        }
    }
    let group =
        |(name, members): (String, Vec<&EpisodeResult>)| Group { name, totals: Totals::of(members.into_iter()) };
    members.into_iter().map(group).collect()
}

impl Totals {
    /// Over these episodes.
    pub fn of<'a>(episodes: impl Iterator<Item = &'a EpisodeResult>) -> Totals {
        let mut totals = Totals::default();
        let (mut score, mut finished, mut turns) = (0.0, 0_usize, 0_usize);
        let (mut step_ms, mut policy_ms, mut reset_ms) = (0.0, 0.0, 0.0);
        let mut measures: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
        for episode in episodes {
            if episode.status == Status::Void {
                totals.void += 1;
                continue;
            }
            finished += 1;
            turns += episode.turns;
            step_ms += episode.env_ms - episode.reset_ms;
            policy_ms += episode.policy_ms;
            reset_ms += episode.reset_ms;
            totals.truncated += usize::from(episode.status == Status::Truncated);
            match episode.score {
                None => totals.undecided += 1,
                Some(value) => {
                    score += value;
                    totals.episodes += 1;
                    totals.successes += usize::from(episode.success);
                    let measured = episode.details.get(Verdict::MEASURES).and_then(|measures| measures.as_object());
                    for (name, value) in measured.into_iter().flatten() {
                        let Some(value) = value.as_f64() else { continue };
                        let (sum, count) = measures.entry(name).or_default();
                        (*sum, *count) = (*sum + value, *count + 1);
                    }
                }
            }
        }
        let mean = |sum: f64, count: usize| (count > 0).then(|| sum / count as f64);
        totals.success_rate = mean(totals.successes as f64, totals.episodes);
        totals.interval = (totals.episodes > 0).then(|| wilson(totals.successes, totals.episodes));
        totals.mean_score = mean(score, totals.episodes);
        let mean_measure = |(name, (sum, count)): (&str, (f64, usize))| (name.to_owned(), sum / count as f64);
        totals.measures = measures.into_iter().map(mean_measure).collect();
        totals.mean_turns = mean(turns as f64, finished);
        totals.env_seconds_per_turn = mean(step_ms / 1000.0, turns);
        totals.policy_seconds_per_turn = mean(policy_ms / 1000.0, turns);
        totals.seconds_per_reset = mean(reset_ms / 1000.0, finished);
        totals
    }
}

impl From<Summary> for EpisodeResult {
    fn from(summary: Summary) -> Self {
        let verdict = summary.verdict;
        EpisodeResult {
            task: summary.task,
            seed: summary.seed,
            goal: summary.goal,
            score: (!verdict.undecided).then_some(verdict.score),
            success: verdict.is_success(),
            status: if summary.end.is_truncated() { Status::Truncated } else { Status::Done },
            undecided: verdict.undecided,
            end: Some(summary.end),
            reason: verdict.reason,
            attempt: summary.attempt,
            turns: summary.turns,
            env_ms: summary.env_ms,
            reset_ms: summary.reset_ms,
            policy_ms: summary.policy_ms,
            details: verdict.details,
        }
    }
}

impl From<Void> for EpisodeResult {
    fn from(void: Void) -> Self {
        EpisodeResult {
            task: void.task,
            seed: void.seed,
            goal: String::new(),
            score: None,
            success: false,
            status: Status::Void,
            undecided: false,
            end: None,
            reason: format!("{}: {}", void.kind, void.cause),
            attempt: void.attempt,
            turns: void.turn,
            env_ms: 0.0,
            reset_ms: 0.0,
            policy_ms: 0.0,
            details: serde_json::Map::new(),
        }
    }
}
