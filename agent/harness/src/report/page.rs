//! What the template shows, all of it plain text and numbers.

use glim_env::Seed;
use serde::Serialize;

use super::frame::{Film, duration};
use super::selection::Films;
use super::words;
use crate::evaluate::{EpisodeResult, Group, Results, Status, Totals, suite_of};
use crate::store::{RunRecord, episode_folder};

/// The whole page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    agent: String,
    dialect: String,
    judge: Option<String>,
    glim: String,
    commit: Option<String>,
    conditions: Vec<(String, String)>,
    complete: bool,
    unfinished: usize,
    total: Row,
    suites: Vec<Row>,
    tasks: Vec<Row>,
    labels: Vec<Row>,
    /// How many episodes there are in each state, in the order of the filter.
    states: Vec<(&'static str, usize)>,
    episodes: Vec<Card>,
    /// Finished episodes that are told in words only.
    without_film: usize,
}

/// A suite or a task.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    name: String,
    suite: String,
    successes: usize,
    episodes: usize,
    void: usize,
    undecided: usize,
    truncated: usize,
    /// In percent, 0..=100, and as it is printed; both -1 and `-` if nothing counts.
    rate: f64,
    rate_text: String,
    low: f64,
    high: f64,
    score: Cell,
    /// What else was measured, by name.
    measures: Vec<(String, String)>,
    turns: Cell,
    env: Cell,
    policy: Cell,
}

/// A number to sort by, and how it is printed.
#[derive(Debug, Serialize)]
struct Cell {
    value: f64,
    text: String,
}

/// An episode.
#[derive(Debug, Serialize)]
struct Card {
    id: String,
    task: String,
    suite: String,
    seed: Seed,
    /// `success`, `partial`, `failure`, `undecided` or `void`.
    state: &'static str,
    truncated: bool,
    score: Option<String>,
    end: Option<String>,
    reason: String,
    details: Vec<(String, String)>,
    attempt: u32,
    turns: usize,
    env: String,
    policy: String,
    folder: String,
    goal: String,
    film: Option<Film>,
}

const STATES: [&str; 5] = ["failure", "partial", "success", "undecided", "void"];

impl Page {
    pub(super) fn new(record: &RunRecord, results: &Results, mut films: Films) -> Page {
        let episodes: Vec<Card> = results
            .episodes
            .iter()
            .enumerate()
            .map(|(at, episode)| Card::new(at, episode, films.remove(&(episode.task.clone(), episode.seed))))
            .collect();
        let count = |state: &'static str| (state, episodes.iter().filter(|card| card.state == state).count());
        let without = |card: &&Card| card.film.is_none() && card.state != "void";
        Page {
            agent: record.agent.clone(),
            dialect: record.dialect.clone(),
            judge: record.judge.clone(),
            glim: record.glim.clone(),
            commit: record.commit.as_ref().map(|commit| commit.chars().take(12).collect()),
            conditions: record.conditions.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
            complete: results.complete,
            unfinished: results.unfinished,
            total: Row::new("all", &results.total),
            suites: results.suites.iter().map(Row::of).collect(),
            tasks: results.tasks.iter().map(Row::of).collect(),
            labels: results.labels.iter().map(Row::of).collect(),
            states: STATES.into_iter().map(count).filter(|(_, count)| *count > 0).collect(),
            without_film: episodes.iter().filter(without).count(),
            episodes,
        }
    }
}

impl Row {
    fn of(group: &Group) -> Row {
        Row::new(&group.name, &group.totals)
    }

    pub(super) fn new(name: &str, totals: &Totals) -> Row {
        let percent = |share: f64| (share * 1000.0).round() / 10.0;
        let (low, high) =
            totals.interval.map_or((0.0, 0.0), |interval| (percent(interval.low), percent(interval.high)));
        Row {
            name: name.to_owned(),
            suite: suite_of(name).to_owned(),
            successes: totals.successes,
            episodes: totals.episodes,
            void: totals.void,
            undecided: totals.undecided,
            truncated: totals.truncated,
            rate: totals.success_rate.map_or(-1.0, percent),
            rate_text: totals.success_rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.1} %", percent(rate))),
            low,
            high,
            score: Cell::new(totals.mean_score, |score| format!("{score:.2}")),
            measures: totals
                .measures
                .iter()
                .map(|(name, mean)| (name.clone(), format!("{:.1} %", percent(*mean))))
                .collect(),
            turns: Cell::new(totals.mean_turns, |turns| format!("{turns:.1}")),
            env: Cell::new(totals.env_seconds_per_turn, |seconds| duration(seconds * 1000.0)),
            policy: Cell::new(totals.policy_seconds_per_turn, |seconds| duration(seconds * 1000.0)),
        }
    }
}

impl Cell {
    fn new(value: Option<f64>, show: impl Fn(f64) -> String) -> Cell {
        Cell { value: value.unwrap_or(-1.0), text: value.map_or_else(|| "–".to_owned(), show) }
    }
}

impl Card {
    fn new(at: usize, episode: &EpisodeResult, film: Option<Film>) -> Card {
        let folder = episode_folder(std::path::Path::new(""), &episode.task, episode.seed);
        Card {
            id: format!("e{}", at + 1),
            task: episode.task.clone(),
            suite: suite_of(&episode.task).to_owned(),
            seed: episode.seed,
            state: state(episode),
            truncated: episode.status == Status::Truncated,
            score: episode.score.map(|score| format!("{score:.2}")),
            end: episode.end.as_ref().map(words::end),
            reason: episode.reason.clone(),
            details: episode.details.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
            attempt: episode.attempt,
            turns: episode.turns,
            env: duration(episode.env_ms),
            policy: duration(episode.policy_ms),
            folder: folder.display().to_string(),
            goal: episode.goal.clone(),
            film,
        }
    }
}

/// What became of an episode, in the word by which the page colours it.
pub(super) fn state(episode: &EpisodeResult) -> &'static str {
    match episode.score {
        _ if episode.status == Status::Void => "void",
        None => "undecided",
        Some(_) if episode.success => "success",
        Some(score) if score > 0.0 => "partial",
        Some(_) => "failure",
    }
}

/// A value as it is read, not as it is written in JSON.
pub(super) fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        // Four decimal places are enough to look at.
        serde_json::Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            ((number * 10_000.0).round() / 10_000.0).to_string()
        }
        other => other.to_string(),
    }
}
