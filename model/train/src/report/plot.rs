//! A chart as lines and words with their places, in percent of the plot from its left and its top.

use serde::Serialize;

use super::curves::{Chart, Scale, Series};
use crate::progress::quantity;

/// A chart, ready to be drawn.
#[derive(Debug, Serialize)]
pub(super) struct Plot {
    title: String,
    unit: &'static str,
    log: bool,
    percent: bool,
    last_step: u64,
    curves: Vec<Curve>,
    levels: Vec<Tick>,
    values: Vec<Tick>,
    steps: Vec<Tick>,
}

/// A word and its place along an axis.
#[derive(Debug, Serialize)]
struct Tick {
    at: f64,
    word: String,
}

#[derive(Debug, Serialize)]
struct Curve {
    name: String,
    tint: usize,
    held_out: bool,
    /// The value at the end, in words.
    last: String,
    /// What is looked at, as the path of an SVG of 1000 times 1000.
    path: String,
    /// A dot for each point, where there are few.
    dots: Option<String>,
    /// The path of what was measured, behind a curve that is calmed.
    faint: Option<String>,
    /// Step and value of each point of `path`, for the script.
    #[serde(skip)]
    points: Vec<(u64, Option<f64>)>,
}

/// What the script tells under the pointer.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    percent: bool,
    last_step: u64,
    curves: Vec<ToldCurve<'a>>,
}

#[derive(Debug, Serialize)]
struct ToldCurve<'a> {
    name: &'a str,
    tint: usize,
    held_out: bool,
    points: &'a [(u64, Option<f64>)],
}

/// Up to so many points have dots.
const FEW: usize = 40;

impl Plot {
    pub(super) fn of(chart: &Chart) -> Plot {
        let finite =
            || chart.series.iter().flat_map(|series| &series.points).map(|point| point.1).filter(|it| it.is_finite());
        let (least, greatest) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), it| (a.min(it), b.max(it)));
        let (least, greatest) = if least > greatest { (0.0, 1.0) } else { (least, greatest) };
        let log = matches!(chart.scale, Scale::LogAbove(times) if least > 0.0 && greatest / least > f64::from(times));
        let axis = Axis::of(chart.scale, log, least, greatest);
        let last_step =
            chart.series.iter().filter_map(|series| series.points.last()).map(|point| point.0).max().unwrap_or(0);
        let percent = chart.scale == Scale::Share;
        Plot {
            title: chart.title.clone(),
            unit: chart.unit,
            log,
            percent,
            last_step,
            curves: chart.series.iter().map(|series| curve(series, &axis, last_step, percent)).collect(),
            levels: chart
                .levels
                .iter()
                .map(|(name, level)| Tick { at: axis.place(*level), word: format!("{name} {}", word(*level, percent)) })
                .collect(),
            values: axis.ticks.iter().map(|tick| Tick { at: axis.place(*tick), word: word(*tick, percent) }).collect(),
            steps: steps(last_step),
        }
    }

    pub(super) fn told(&self) -> Told<'_> {
        let curves = self.curves.iter().map(|Curve { name, tint, held_out, points, .. }| ToldCurve {
            name,
            tint: *tint,
            held_out: *held_out,
            points,
        });
        Told { percent: self.percent, last_step: self.last_step, curves: curves.collect() }
    }
}

fn curve(series: &Series, axis: &Axis, last_step: u64, percent: bool) -> Curve {
    let shown = series.smooth.as_ref().unwrap_or(&series.points);
    let place = |point: &(u64, f64)| {
        // A run of no step has one point, at the left.
        let x = 1000.0 * point.0 as f64 / last_step.max(1) as f64;
        (x, 10.0 * axis.place(point.1))
    };
    let path = |points: &[(u64, f64)]| {
        let mut path = String::new();
        let mut pen_up = true;
        for point in points {
            if point.1.is_nan() {
                pen_up = true;
                continue;
            }
            let (x, y) = place(point);
            path += &format!("{}{x:.1} {y:.1}", if pen_up { "M" } else { "L" });
            pen_up = false;
        }
        path
    };
    let dots = || {
        let dot = |point: &(u64, f64)| {
            let (x, y) = place(point);
            format!("M{x:.1} {y:.1}h0")
        };
        shown.iter().filter(|point| !point.1.is_nan()).map(dot).collect()
    };
    let last = shown.iter().rev().find(|point| !point.1.is_nan());
    Curve {
        name: series.name.clone(),
        tint: series.tint,
        held_out: series.held_out,
        last: last.map_or_else(|| "–".to_owned(), |point| word(point.1, percent)),
        path: path(shown),
        dots: (shown.len() <= FEW).then(dots),
        faint: series.smooth.as_ref().map(|_| path(&series.points)),
        points: shown.iter().map(|(step, value)| (*step, value.is_finite().then(|| rounded(*value)))).collect(),
    }
}

/// Five digits, which are more than anybody reads.
fn rounded(value: f64) -> f64 {
    format!("{value:.4e}").parse().expect("what was printed is a number")
}

/// The axis of values.
struct Axis {
    low: f64,
    high: f64,
    log: bool,
    ticks: Vec<f64>,
}

impl Axis {
    fn of(scale: Scale, log: bool, least: f64, greatest: f64) -> Axis {
        if log {
            return Axis::logarithmic(least, greatest);
        }
        let (low, high) = match scale {
            Scale::Share => (0.0, 1.0),
            Scale::Zero => (least.min(0.0), greatest.max(0.0)),
            Scale::LogAbove(_) => (least, greatest),
        };
        // A curve that never changes lies in the middle.
        let room = if high > low { 0.0 } else { low.abs().max(1.0) };
        let (low, high) = (low - room, high + room);
        let step = nice((high - low) / 4.0);
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a handful of steps")]
        let count = (last - first) as usize;
        let ticks = (0..=count).map(|tick| (first + tick as f64) * step).collect();
        Axis { low: first * step, high: last * step, log, ticks }
    }

    fn logarithmic(least: f64, greatest: f64) -> Axis {
        let decades = (greatest / least).log10();
        let marks: &[f64] = match decades {
            decades if decades < 1.2 => &[1.0, 2.0, 3.0, 5.0, 7.0],
            decades if decades < 3.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let (first, last) = (least.log10().floor(), greatest.log10().ceil());
        #[expect(clippy::cast_possible_truncation, reason = "powers of ten of numbers in f64")]
        let powers = (first as i32)..=(last as i32);
        let every = if decades > 6.0 { 2 } else { 1 };
        let room = (greatest / least).powf(0.05);
        let (low, high) = (least / room, greatest * room);
        let all = powers.step_by(every).flat_map(|power| marks.iter().map(move |mark| mark * 10f64.powi(power)));
        let ticks = all.filter(|tick| (low..=high).contains(tick)).collect();
        Axis { low, high, log: true, ticks }
    }

    /// Percent from the top.
    fn place(&self, value: f64) -> f64 {
        let part = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        (100.0 * (1.0 - part)).clamp(-5.0, 105.0)
    }
}

/// 1, 2 or 5 times a power of ten, not less than a number above 0.
fn nice(number: f64) -> f64 {
    let power = 10f64.powf(number.log10().floor());
    let of = |mark: f64| mark * power;
    [1.0, 2.0, 5.0].into_iter().map(of).find(|step| *step >= number * 0.999).unwrap_or(of(10.0))
}

fn steps(last: u64) -> Vec<Tick> {
    if last == 0 {
        return vec![Tick { at: 0.0, word: "0".to_owned() }];
    }
    let step = nice(last as f64 / 5.0).max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a handful of ticks")]
    let count = (last as f64 / step) as usize;
    (0..=count)
        .map(|tick| Tick { at: 100.0 * tick as f64 * step / last as f64, word: whole(tick as f64 * step) })
        .collect()
}

/// A round number, without zeros after the point.
fn whole(number: f64) -> String {
    let word = quantity(number);
    match word.find(|letter: char| letter.is_ascii_alphabetic()) {
        Some(at) if word.contains('.') => {
            format!("{}{}", word[..at].trim_end_matches('0').trim_end_matches('.'), &word[at..])
        }
        _ => word,
    }
}

/// A value as it is printed at an axis and in a legend.
pub(super) fn word(value: f64, percent: bool) -> String {
    let digits = |places: usize| {
        let text = format!("{value:.places$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    match value.abs() {
        _ if !value.is_finite() => "–".to_owned(),
        _ if percent => {
            let text = format!("{:.1}", value * 100.0);
            format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
        }
        0.0 => "0".to_owned(),
        size if size < 0.01 => format!("{value:.1e}").replace(".0e", "e"),
        size if size < 0.1 => digits(4),
        size if size < 100.0 => digits(3),
        size if size < 1000.0 => digits(1),
        _ => whole(value),
    }
}
