//! Results as a plain aligned table for a terminal.

use std::fmt;

use super::{Group, Results, Totals, suite_of};

/// A table of results by suite and task.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    results: &'a Results,
    width: usize,
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

impl<'a> Table<'a> {
    /// For a terminal of `width` characters. Where room is short, the columns that matter least are left out first.
    pub fn new(results: &'a Results, width: usize) -> Table<'a> {
        Table { results, width }
    }

    fn rows(&self) -> Vec<(String, &'a Totals)> {
        let mut rows = Vec::new();
        for suite in &self.results.suites {
            rows.push((suite.name.clone(), &suite.totals));
            let in_suite = |task: &&Group| suite_of(&task.name) == suite.name && task.name != suite.name;
            for task in self.results.tasks.iter().filter(in_suite) {
                rows.push((format!("  {}", &task.name[suite.name.len() + 1..]), &task.totals));
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
        let columns: Vec<&Column> = COLUMNS.iter().filter(|column| column.from_width <= self.width).collect();
        let widths: Vec<usize> = columns
            .iter()
            .map(|column| rows.iter().map(|(_, totals)| length(&(column.cell)(totals))).max().unwrap_or(0))
            .zip(&columns)
            .map(|(cells, column)| cells.max(length(column.heading)))
            .collect();
        let room = self.width.saturating_sub(widths.iter().map(|width| width + 2).sum()).max(NAME);
        let name = rows.iter().map(|(name, _)| length(name)).max().unwrap_or(0).max("task".len()).min(room);

        write!(f, "{:<name$}", "task")?;
        for (column, width) in columns.iter().zip(&widths) {
            write!(f, "  {:>width$}", column.heading)?;
        }
        writeln!(f)?;
        for (label, totals) in &rows {
            write!(f, "{:<name$}", cut(label, name))?;
            for (column, width) in columns.iter().zip(&widths) {
                write!(f, "  {:>width$}", (column.cell)(totals))?;
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

fn optional(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), show)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn seconds(seconds: f64) -> String {
    if seconds < 0.0995 { format!("{seconds:.3}") } else { format!("{seconds:.2}") }
}

fn interval(totals: &Totals) -> String {
    let show = |interval: super::Interval| format!("{:.0}-{:.0}", interval.low * 100.0, interval.high * 100.0);
    totals.interval.map_or_else(|| "-".to_owned(), show)
}

fn count(count: usize) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, width: usize) -> String {
    if length(text) <= width {
        return text.to_owned();
    }
    let head: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{head}…")
}
