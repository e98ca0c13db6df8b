//! From the record of a run to curves: which numbers share a chart, which scale they have, which points are kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{ReportData, Unit};
use crate::metrics::{ACCURACY, GRADIENT_NORM, Kind, LEARNING_RATE, LOSS, Line, TOKENS_PER_SECOND};

/// Curves over the same axes.
#[derive(Debug)]
pub(super) struct Chart {
    pub title: String,
    pub unit: &'static str,
    pub scale: Scale,
    pub series: Vec<Series>,
    /// Levels to compare with: a name and a value.
    pub levels: Vec<(&'static str, f64)>,
}

/// How values lie on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Logarithmic where all values are positive and the largest is some times the smallest.
    LogAbove(u32),
    /// From zero.
    Zero,
    /// From 0 to 1, in percent.
    Share,
}

/// One curve.
#[derive(Debug)]
pub(super) struct Series {
    pub name: String,
    /// Which colour.
    pub tint: usize,
    /// Of what was held out.
    pub held_out: bool,
    /// Step and value, in the order of steps; NaN is a gap.
    pub points: Vec<(u64, f64)>,
    /// The same, calmed; the curve that is looked at where there is one.
    pub smooth: Option<Vec<(u64, f64)>>,
}

/// From so many points on a curve of training is calmed.
const MANY: usize = 60;

/// Points of a curve that are drawn.
const DRAWN: usize = 500;

pub(super) const TINTS: usize = 8;

/// All charts of a record, those that everybody looks at first.
pub(super) fn charts(data: &ReportData) -> Vec<Chart> {
    let record = Record::of(&data.lines);
    let mut charts = Vec::new();
    let mut add = |title: &str, unit, scale, series: Vec<Series>| {
        if !series.is_empty() {
            charts.push(Chart { title: title.to_owned(), unit, scale, series, levels: Vec::new() });
        }
    };
    add("Loss", "nats per token", Scale::LogAbove(4), record.whole(LOSS));
    add("Loss by source", "nats per token", Scale::LogAbove(4), record.parts(LOSS));
    let accuracy: Vec<Series> = record.whole(ACCURACY).into_iter().chain(record.parts(ACCURACY)).collect();
    add("Grounding accuracy", "of held-out questions", Scale::Share, tinted(accuracy));
    add("Learning rate", "", Scale::Zero, record.whole(LEARNING_RATE));
    add("Gradient norm", "before clipping", Scale::LogAbove(4), record.whole(GRADIENT_NORM));
    add("Tokens per second", "", Scale::Zero, record.whole(TOKENS_PER_SECOND));
    let known = [LOSS, ACCURACY, LEARNING_RATE, GRADIENT_NORM, TOKENS_PER_SECOND];
    for base in record.bases.iter().filter(|base| !known.contains(&base.as_str())) {
        let series = record.whole(base).into_iter().chain(record.parts(base)).collect();
        add(&sentence(base), "", Scale::LogAbove(50), tinted(series));
    }
    let headline = data.scores.iter().find(|score| score.unit == Unit::Share);
    if let (Some(score), Some(chart)) = (headline, charts.iter_mut().find(|chart| chart.scale == Scale::Share)) {
        let levels = [("text-blind", score.text_blind), ("chance", score.chance)];
        chart.levels = levels.into_iter().filter_map(|(name, level)| Some((name, level?))).collect();
    }
    charts
}

/// Points by kind and name.
struct Record {
    points: BTreeMap<(bool, String), BTreeMap<u64, f64>>,
    /// Names without their sources.
    bases: BTreeSet<String>,
}

impl Record {
    fn of(lines: &[Line]) -> Record {
        let mut record = Record { points: BTreeMap::new(), bases: BTreeSet::new() };
        for line in lines {
            for (name, value) in &line.numbers {
                record.bases.insert(name.split('/').next().unwrap_or_default().to_owned());
                // Of a step that was done twice, the second time counts.
                record.points.entry((line.kind == Kind::Eval, name.clone())).or_default().insert(line.step, *value);
            }
        }
        record
    }

    /// A number over all sources, in training and on what was held out.
    fn whole(&self, base: &str) -> Vec<Series> {
        let series = [(false, "training"), (true, "held out")].into_iter().filter_map(|(held_out, name)| {
            let points = self.points.get(&(held_out, base.to_owned()))?;
            Some(series(name.to_owned(), usize::from(held_out), held_out, points))
        });
        series.collect()
    }

    /// The number of each source; both kinds of one source have one colour.
    fn parts(&self, base: &str) -> Vec<Series> {
        let beginning = format!("{base}/");
        let mut tints: Vec<&str> = Vec::new();
        let of_base = self.points.iter().filter_map(|((held_out, name), points)| {
            let source = name.strip_prefix(&beginning)?;
            let tint = tints.iter().position(|other| *other == source).unwrap_or_else(|| {
                tints.push(source);
                tints.len() - 1
            });
            let name = if *held_out { format!("{source}, held out") } else { source.to_owned() };
            Some(series(name, tint % TINTS, *held_out, points))
        });
        of_base.collect()
    }
}

/// Each curve with a colour of its own. That over all sources is left out where there is only one.
fn tinted(mut series: Vec<Series>) -> Vec<Series> {
    if matches!(&series[..], [all, only] if all.held_out == only.held_out && all.points == only.points) {
        series.remove(0);
    }
    let all_held_out = series.iter().all(|series| series.held_out);
    for (tint, series) in series.iter_mut().enumerate() {
        series.tint = tint % TINTS;
        if all_held_out {
            series.held_out = false;
            series.name = match series.name.strip_suffix(", held out") {
                Some(source) => source.to_owned(),
                None => "all".to_owned(),
            };
        }
    }
    series
}

fn series(name: String, tint: usize, held_out: bool, points: &BTreeMap<u64, f64>) -> Series {
    let points: Vec<(u64, f64)> =
        points.iter().map(|(step, value)| (*step, if value.is_finite() { *value } else { f64::NAN })).collect();
    let steady = points.windows(2).filter(|pair| (pair[0].1 - pair[1].1).abs() <= 0.02 * pair[0].1.abs()).count();
    let noisy = !held_out && points.len() >= MANY && steady * 10 < points.len() * 9;
    let smooth = noisy.then(|| spread(&smooth(&points)));
    Series { name, tint, held_out, points: extremes(&points), smooth }
}

/// A moving mean over about a fiftieth of the points. A gap stays one.
fn smooth(points: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let newest = (50.0 / points.len() as f64).clamp(0.02, 0.2);
    let (mut mean, mut weight) = (0.0, 0.0);
    let smoothed = points.iter().map(|(step, value)| {
        if value.is_nan() {
            return (*step, f64::NAN);
        }
        mean += newest * (value - mean);
        weight += newest * (1.0 - weight);
        // The mean begins at zero; without the division it would climb from there.
        (*step, mean / weight)
    });
    smoothed.collect()
}

/// Few enough points to draw, evenly chosen, with the last one.
fn spread(points: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let every = points.len().div_ceil(DRAWN).max(1);
    let mut kept: Vec<(u64, f64)> = points.iter().step_by(every).copied().collect();
    if let Some(last) = points.last().filter(|last| kept.last().is_some_and(|kept| kept.0 != last.0)) {
        kept.push(*last);
    }
    kept
}

/// Few enough points to draw, with the least and the greatest of each stretch, so that no spike is lost.
fn extremes(points: &[(u64, f64)]) -> Vec<(u64, f64)> {
    if points.len() <= DRAWN {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(DRAWN / 2);
    let kept = points.chunks(stretch).flat_map(|chunk| {
        let finite = || chunk.iter().filter(|point| !point.1.is_nan());
        let (least, greatest) =
            (finite().min_by(|a, b| a.1.total_cmp(&b.1)), finite().max_by(|a, b| a.1.total_cmp(&b.1)));
        let mut pair: Vec<(u64, f64)> = least.into_iter().chain(greatest).copied().collect();
        pair.sort_by_key(|point| point.0);
        pair.dedup_by_key(|point| point.0);
        if pair.is_empty() { chunk.first().copied().into_iter().collect() } else { pair }
    });
    kept.collect()
}

/// `data_wait` as `Data wait`.
fn sentence(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
