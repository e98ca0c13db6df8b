//! Results as a plain aligned table for a terminal.

use std::fmt;

use super::{Group, Results, Totals, suite_of};

/// A table of results by suite and task.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    results: &'a Results,
    width: usize,
    /// What else was measured, a column each, where there is room.
    measures: Vec<&'a str>,
}

/// One column: its heading, what it says of some totals, and from which width on there is room for it.
struct Column {
    heading: &'static str,
    cell: fn(&Totals) -> String,
    from_width: usize,
}

/// From left to right, after the name.
const COLUMNS: [Column; 8] = [
    Column { heading: "success", cell: |t| format!("{}/{}", t.successes, t.episodes), from_width: 0 },
    Column { heading: "rate", cell: |t| optional(t.success_rate, percent), from_width: 0 },
    Column { heading: "95 %", cell: interval, from_width: 50 },
    Column { heading: "score", cell: |t| optional(t.mean_score, |score| format!("{score:.2}")), from_width: 60 },
    Column { heading: "void", cell: |t| count(t.void), from_width: 0 },
    Column { heading: "turns", cell: |t| optional(t.mean_turns, |turns| format!("{turns:.1}")), from_width: 72 },
    Column { heading: "env s/turn", cell: |t| optional(t.env_seconds_per_turn, seconds), from_width: 84 },
    Column { heading: "policy s/turn", cell: |t| optional(t.policy_seconds_per_turn, seconds), from_width: 96 },
];

/// A name is not cut below this many characters.
const NAME: usize = 12;

/// Columns of what else was measured are shown from this width on, in place of the last of the others.
const MEASURES_FROM_WIDTH: usize = 60;
/// Width of such a column at the least: `100.0 %`.
const MEASURE: usize = 7;

impl<'a> Table<'a> {
    /// For a terminal of `width` characters. Where room is short, the columns that matter least are left out first.
    pub fn new(results: &'a Results, width: usize) -> Table<'a> {
        let named = if width < MEASURES_FROM_WIDTH { None } else { Some(results.total.measures.keys()) };
        Table { results, width, measures: named.into_iter().flatten().map(String::as_str).collect() }
    }

    fn rows(&self) -> Vec<(String, &'a Totals)> {
        let mut rows = Vec::new();
        for suite in &self.results.suites {
            rows.push((suite.name.clone(), &suite.totals));
            let in_suite = |task: &&Group| suite_of(&task.name) == suite.name && task.name != suite.name;
            for task in self.results.tasks.iter().filter(in_suite) {
                rows.push((format!("  {}", &task.name[suite.name.len() + 1..]), &task.totals));
            }
            for label in self.results.labels.iter().filter(in_suite) {
                rows.push((format!("  {}", &label.name[suite.name.len() + 1..]), &label.totals));
            }
        }
        if self.results.suites.len() > 1 {
            rows.push(("all".to_owned(), &self.results.total));
        }
        rows
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        let taken: usize = self.measures.iter().map(|name| length(name).max(MEASURE) + 2).sum();
        let left = self.width.saturating_sub(taken);
        let fixed = COLUMNS.iter().filter(|column| column.from_width <= left);
        let mut columns: Vec<(&str, Vec<String>)> = fixed
            .map(|column| (column.heading, rows.iter().map(|(_, totals)| (column.cell)(totals)).collect()))
            .collect();
        for name in &self.measures {
            let cell = |totals: &Totals| optional(totals.measures.get(*name).copied(), percent);
            columns.push((name, rows.iter().map(|(_, totals)| cell(totals)).collect()));
        }
        let wide = |(heading, cells): &(&str, Vec<String>)| {
            cells.iter().map(|cell| length(cell)).max().unwrap_or(0).max(length(heading))
        };
        let widths: Vec<usize> = columns.iter().map(wide).collect();
        let room = self.width.saturating_sub(widths.iter().map(|width| width + 2).sum()).max(NAME);
        let name = rows.iter().map(|(name, _)| length(name)).max().unwrap_or(0).max("task".len()).min(room);

        write!(f, "{:<name$}", "task")?;
        for ((heading, _), width) in columns.iter().zip(&widths) {
            write!(f, "  {heading:>width$}")?;
        }
        writeln!(f)?;
        for (at, (label, _)) in rows.iter().enumerate() {
            write!(f, "{:<name$}", cut(label, name))?;
            for ((_, cells), width) in columns.iter().zip(&widths) {
                write!(f, "  {:>width$}", cells[at])?;
            }
            writeln!(f)?;
        }
        self.notes(f)
    }
}

impl Table<'_> {
    /// What a rate does not say.
    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { void, undecided, truncated, .. } = self.results.total;
        if truncated > 0 {
            writeln!(f, "{truncated} cut off by a budget or limit, and judged as they stood")?;
        }
        if undecided > 0 {
            writeln!(f, "{undecided} undecided: the verifier could not tell, not in any rate")?;
        }
        if void > 0 {
            writeln!(f, "{void} void: something other than the agent failed, not in any rate")?;
        }
        if !self.results.complete {
            writeln!(f, "{} not finished: run the same command again to go on", self.results.unfinished)?;
        }
        Ok(())
    }
}

pub(crate) fn optional(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), show)
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn seconds(seconds: f64) -> String {
    if seconds < 0.0995 { format!("{seconds:.3}") } else { format!("{seconds:.2}") }
}

pub(crate) fn interval(totals: &Totals) -> String {
    let show = |interval: super::Interval| format!("{:.0}-{:.0}", interval.low * 100.0, interval.high * 100.0);
    totals.interval.map_or_else(|| "-".to_owned(), show)
}

fn count(count: usize) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}

pub(crate) fn cut(text: &str, width: usize) -> String {
    if length(text) <= width {
        return text.to_owned();
    }
    let head: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{head}…")
}
