//! What the template shows: plain text and numbers, but for the caller's drawings.

use std::path::PathBuf;

use glim_env::Seed;
use minijinja::Value;
use serde::Serialize;

use super::films::{Films, Pictured};
use super::{Comparison, Contrast, Counted, Line};
use crate::evaluate::EpisodeResult;
use crate::report::frame::Film;
use crate::report::page::{Row, state};
use crate::report::{FILE, words};

/// The whole page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    title: String,
    facts: Vec<(String, String)>,
    glim: &'static str,
    runs: Vec<Run>,
    /// How many instances are compared; 0 if the runs share none.
    shared: usize,
    shared_families: usize,
    notes: Vec<String>,
    warnings: Vec<String>,
    change: Option<Change>,
    figures: Vec<Drawing>,
    suites: Vec<TableRow>,
    families: Vec<TableRow>,
    differences: Vec<(String, Vec<String>)>,
    stretches: Vec<Stretch>,
}

/// A run in the headline.
#[derive(Debug, Serialize)]
struct Run {
    label: String,
    row: Row,
    /// Its own report, if it has one.
    report: Option<String>,
}

/// From the first run to the last.
#[derive(Debug, Serialize)]
struct Change {
    points: String,
    /// `up`, `down` or `none`.
    way: &'static str,
    overlap: Option<&'static str>,
    pairs: usize,
    gained: usize,
    lost: usize,
    both: usize,
    neither: usize,
    chance: String,
}

#[derive(Debug, Serialize)]
struct Drawing {
    title: String,
    note: String,
    svg: Value,
}

/// A suite or a family.
#[derive(Debug, Serialize)]
struct TableRow {
    name: String,
    rows: Vec<Row>,
    /// In points; a number less than all others where there is none.
    change: f64,
    change_text: String,
    way: &'static str,
    gained: usize,
    lost: usize,
}

/// Instances of one kind, in pictures.
#[derive(Debug, Serialize)]
struct Stretch {
    id: &'static str,
    title: String,
    /// How many there are; not all have pictures.
    total: usize,
    /// How many are unfolded at first.
    open: usize,
    cards: Vec<Card>,
}

/// An instance as each run played it.
#[derive(Debug, Serialize)]
struct Card {
    task: String,
    seed: Seed,
    goal: String,
    seen: Vec<Seen>,
    /// Whether the films are so short that they stand beside one another.
    beside: bool,
}

#[derive(Debug, Serialize)]
struct Seen {
    label: String,
    state: &'static str,
    turns: usize,
    reason: String,
    end: Option<String>,
    film: Option<Film>,
}

/// Screens of a film that still stands beside another.
const BESIDE: usize = 2;

/// Cards that are unfolded at first.
const OPEN: usize = 8;

impl Page {
    pub(super) fn new(comparison: &Comparison, contrast: &Contrast, links: &[PathBuf], films: Films) -> Page {
        let labels: Vec<&str> = contrast.runs.iter().map(|run| run.side.label.as_str()).collect();
        let (first, last) = (labels[0], labels[labels.len() - 1]);
        let stretch = |id, title: String, total: usize, open: usize, pictured: Vec<Pictured>| {
            let cards: Vec<Card> = pictured.into_iter().map(|pictured| card(contrast, pictured)).collect();
            Stretch { id, title, total, open, cards }
        };
        let pairs = contrast.total.pairs;
        let stretches = vec![
            stretch("gained", format!("Solved by {last}, not by {first}"), pairs.gained, OPEN, films.gained),
            stretch("lost", format!("Solved by {first}, not by {last}"), pairs.lost, OPEN / 4, films.lost),
        ];
        Page {
            title: if comparison.title.is_empty() { labels.join(" → ") } else { comparison.title.clone() },
            facts: comparison.facts.clone(),
            glim: env!("CARGO_PKG_VERSION"),
            runs: runs(contrast, links),
            shared: contrast.shared,
            shared_families: if contrast.shared > 0 { contrast.families.len() } else { 0 },
            notes: contrast.notes(),
            warnings: contrast.warnings(),
            change: change(contrast),
            figures: comparison
                .figures
                .iter()
                .map(|figure| Drawing {
                    title: figure.title.clone(),
                    note: figure.note.clone(),
                    svg: Value::from_safe_string(figure.svg.clone()),
                })
                .collect(),
            suites: contrast.suites.iter().map(table_row).collect(),
            families: contrast.families.iter().map(table_row).collect(),
            differences: contrast.differences.clone(),
            stretches: stretches.into_iter().filter(|stretch| stretch.total > 0).collect(),
        }
    }
}

fn runs(contrast: &Contrast, links: &[PathBuf]) -> Vec<Run> {
    let run = |((run, link), totals): ((&Counted, &PathBuf), _)| Run {
        label: run.side.label.clone(),
        row: Row::new(&run.side.label, totals),
        report: run.side.run.join(FILE).is_file().then(|| link.join(FILE).display().to_string()),
    };
    contrast.runs.iter().zip(links).zip(&contrast.total.totals).map(run).collect()
}

fn change(contrast: &Contrast) -> Option<Change> {
    let pairs = contrast.total.pairs;
    let by = contrast.total.change?;
    Some(Change {
        points: points(by),
        way: way(by),
        overlap: contrast.overlap().map(|overlap| if overlap { "overlap" } else { "do not overlap" }),
        pairs: pairs.count(),
        gained: pairs.gained,
        lost: pairs.lost,
        both: pairs.both,
        neither: pairs.neither,
        chance: pairs.in_words(),
    })
}

fn table_row(line: &Line) -> TableRow {
    TableRow {
        name: line.name.clone(),
        rows: line.totals.iter().map(|totals| Row::new(&line.name, totals)).collect(),
        change: line.change.map_or(-1000.0, |by| 100.0 * by),
        change_text: line.change.map_or_else(|| "–".to_owned(), points),
        way: line.change.map_or("none", way),
        gained: line.pairs.gained,
        lost: line.pairs.lost,
    }
}

fn card(contrast: &Contrast, pictured: Pictured) -> Card {
    let episodes: Vec<&EpisodeResult> = contrast.runs.iter().map(|run| &run.episodes[pictured.at]).collect();
    let beside = pictured.films.iter().flatten().all(|film| film.frames.len() <= BESIDE);
    let seen = contrast.runs.iter().zip(&episodes).zip(pictured.films).map(|((run, episode), film)| Seen {
        label: run.side.label.clone(),
        state: state(episode),
        turns: episode.turns,
        reason: episode.reason.clone(),
        end: episode.end.as_ref().map(words::end),
        film,
    });
    let seen: Vec<Seen> = seen.collect();
    Card {
        task: episodes[0].task.clone(),
        seed: episodes[0].seed,
        goal: episodes[0].goal.clone(),
        beside: beside && seen.len() == 2,
        seen,
    }
}

/// A difference of rates, in points of percent and with its sign.
pub(super) fn points(by: f64) -> String {
    let tenths = (1000.0 * by).round() / 10.0;
    match tenths {
        0.0 => "0.0".to_owned(),
        tenths if tenths < 0.0 => format!("−{:.1}", -tenths),
        tenths => format!("+{tenths:.1}"),
    }
}

fn way(by: f64) -> &'static str {
    match (1000.0 * by).round() {
        0.0 => "none",
        tenths if tenths < 0.0 => "down",
        _ => "up",
    }
}
