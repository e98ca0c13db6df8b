//! What the template shows, all of it plain text and numbers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use super::curves::{TINTS, charts};
use super::plot::{Plot, Told, word};
use super::{Answer, PICTURES, Phase, Prediction, ReportData, Score, Unit};
use crate::events::png_size;
use crate::metrics::{Kind, LOSS, Line, TOKENS_PER_SECOND};
use crate::progress::{duration, quantity};

/// The whole page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    run: String,
    stage: String,
    facts: Vec<(String, String)>,
    unfinished: Option<String>,
    glim: &'static str,
    headline: Option<Row>,
    totals: Vec<(&'static str, String)>,
    charts: Vec<Plot>,
    scores: Vec<Row>,
    phases: Vec<Part>,
    /// Seconds in words.
    phases_whole: String,
    shots: Vec<Shot>,
    right: usize,
    wrong: usize,
    /// Predictions that are not shown, to keep the page small.
    left_out: usize,
    notes: Vec<(u64, String)>,
    /// Notes that are not shown.
    more_notes: usize,
    recipe: String,
}

/// A final number. Places are in percent of a bar; -1 where there is none.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    text: String,
    at: f64,
    low: f64,
    high: f64,
    interval: String,
    chance: String,
    chance_at: f64,
    blind: String,
    blind_at: f64,
    questions: String,
    /// How the result stands to the better one of its baselines.
    lead: Option<String>,
}

#[derive(Debug, Serialize)]
struct Part {
    name: String,
    tint: usize,
    /// In percent of all.
    share: f64,
    share_text: String,
    time: String,
}

/// A prediction on its picture.
#[derive(Debug, Serialize)]
struct Shot {
    source: String,
    question: String,
    reply: String,
    right: bool,
    picture: String,
    width: u32,
    height: u32,
    target: Rect,
    answer: Option<Rect>,
    point: Option<[f64; 2]>,
    /// Of a dot, in pixels.
    radius: f64,
}

#[derive(Debug, Serialize)]
struct Rect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// Notes that are shown.
const NOTES: usize = 100;

impl Page {
    pub(super) fn new(data: &ReportData) -> Page {
        let shots = shots(&data.predictions);
        let notes: Vec<(u64, String)> =
            data.lines.iter().filter_map(|line| Some((line.step, line.note.clone()?))).collect();
        let seconds: f64 = data.phases.iter().map(|phase| phase.seconds).sum();
        Page {
            run: data.run.clone(),
            stage: data.stage.clone(),
            facts: data.facts.clone(),
            unfinished: data.unfinished.clone(),
            glim: env!("CARGO_PKG_VERSION"),
            headline: data.scores.first().filter(|score| score.unit == Unit::Share).map(row),
            totals: totals(&data.lines),
            charts: charts(data).iter().map(Plot::of).collect(),
            scores: data.scores.iter().map(row).collect(),
            phases: data.phases.iter().enumerate().map(|(at, phase)| part(phase, at, seconds)).collect(),
            phases_whole: duration(seconds),
            right: shots.iter().filter(|shot| shot.right).count(),
            wrong: shots.iter().filter(|shot| !shot.right).count(),
            left_out: data.predictions.len() - shots.len(),
            shots,
            more_notes: notes.len().saturating_sub(NOTES),
            notes: notes.into_iter().take(NOTES).collect(),
            recipe: data.recipe.trim_end().to_owned(),
        }
    }

    /// What the script tells of the charts.
    pub(super) fn told(&self) -> Vec<Told<'_>> {
        self.charts.iter().map(Plot::told).collect()
    }
}

/// What stands beside the headline.
fn totals(lines: &[Line]) -> Vec<(&'static str, String)> {
    let last_of = |kind: Kind, name: &str| {
        let values = lines.iter().rev().filter(|line| line.kind == kind).filter_map(|line| line.numbers.get(name));
        values.copied().find(|value| value.is_finite())
    };
    let trained: Vec<&Line> = lines.iter().filter(|line| line.kind == Kind::Train).collect();
    let mut totals = Vec::new();
    if let Some(line) = trained.last() {
        totals.push(("steps", line.step.to_string()));
    }
    if let Some(loss) = last_of(Kind::Eval, LOSS) {
        totals.push(("held-out loss", word(loss, false)));
    } else if let Some(loss) = last_of(Kind::Train, LOSS) {
        totals.push(("loss", word(loss, false)));
    }
    let rates: Vec<f64> = trained.iter().filter_map(|line| line.numbers.get(TOKENS_PER_SECOND).copied()).collect();
    let finite: Vec<f64> = rates.into_iter().filter(|rate| rate.is_finite()).collect();
    if !finite.is_empty() {
        totals.push(("tokens / s", quantity(finite.iter().sum::<f64>() / finite.len() as f64)));
    }
    if let (Some(first), Some(last)) = (lines.first(), lines.last()) {
        totals.push(("wall clock", duration(last.time - first.time)));
    }
    totals
}

fn row(score: &Score) -> Row {
    let percent = score.unit == Unit::Share;
    let at =
        |value: f64| if percent && value.is_finite() { (1000.0 * value.clamp(0.0, 1.0)).round() / 10.0 } else { -1.0 };
    let text = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| word(value, percent));
    let place = |value: Option<f64>| value.map_or(-1.0, at);
    let baseline = [("text-blind", score.text_blind), ("chance", score.chance)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|_| percent);
    Row {
        name: score.name.clone(),
        text: word(score.value, percent),
        at: at(score.value),
        low: place(score.interval.map(|it| it.0)),
        high: place(score.interval.map(|it| it.1)),
        interval: score
            .interval
            .map_or_else(|| "–".to_owned(), |(low, high)| format!("{} – {}", word(low, percent), word(high, percent))),
        chance: text(score.chance),
        chance_at: place(score.chance),
        blind: text(score.text_blind),
        blind_at: place(score.text_blind),
        questions: score.questions.to_string(),
        lead: baseline.map(|(name, value)| {
            let points = 100.0 * (score.value - value);
            let side = if points < 0.0 { "below" } else { "above" };
            format!(
                "{:.1} points {side} {}",
                points.abs(),
                if name == "chance" { "chance" } else { "the text-blind model" }
            )
        }),
    }
}

fn part(phase: &Phase, at: usize, whole: f64) -> Part {
    let share = if whole > 0.0 { 100.0 * phase.seconds / whole } else { 0.0 };
    Part {
        name: phase.name.clone(),
        tint: at % TINTS,
        share,
        share_text: format!("{share:.1} %"),
        time: duration(phase.seconds),
    }
}

/// Predictions whose pictures have room in the page and are pictures.
fn shots(predictions: &[Prediction]) -> Vec<Shot> {
    let mut room = PICTURES;
    let fitting = predictions.iter().filter_map(|prediction| {
        let (width, height) = png_size(&prediction.picture)?;
        room = room.checked_sub(prediction.picture.len())?;
        let (answer, point) = match prediction.answer {
            Some(Answer::Box(of)) => (rect(of), None),
            Some(Answer::Point(at)) => (None, Some(at).filter(|at| at.iter().all(|it| it.is_finite()))),
            None => (None, None),
        };
        Some(Shot {
            source: prediction.source.clone(),
            question: prediction.question.clone(),
            reply: prediction.reply.clone(),
            right: prediction.right,
            picture: format!("data:image/png;base64,{}", BASE64.encode(&prediction.picture)),
            width,
            height,
            target: rect(prediction.target)?,
            answer,
            point,
            radius: (f64::from(width.max(height)) / 60.0).max(3.0),
        })
    });
    fitting.collect()
}

/// None if its numbers are none.
fn rect([left, top, right, bottom]: [f64; 4]) -> Option<Rect> {
    let finite = [left, top, right, bottom].iter().all(|it| it.is_finite());
    finite.then(|| Rect { x: left, y: top, width: (right - left).max(0.0), height: (bottom - top).max(0.0) })
}
