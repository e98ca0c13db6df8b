//! What came of it, as a table for a terminal.

use std::collections::BTreeMap;
use std::fmt;

use super::{Distilled, TaskCount};

/// Headings after the task's.
const HEADINGS: [&str; 9] =
    ["read", "void", "undecided", "failed", "accepted", "pass rate", "difficulty", "dropped", "kept"];

impl fmt::Display for Distilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<(&str, [String; 9])> =
            self.tasks.iter().map(|(name, task)| (name.as_str(), cells(task))).collect();
        let total = self.total();
        let mut all = cells(&total);
        // Tasks of different hardness together are of none.
        all[6].clear();
        rows.push(("all", all));
        let name = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max("task".len());
        let wide = |at: usize| {
            rows.iter().map(|(_, cells)| cells[at].chars().count()).max().unwrap_or(0).max(HEADINGS[at].len())
        };
        let widths: Vec<usize> = (0..HEADINGS.len()).map(wide).collect();
        write!(f, "{:<name$}", "task")?;
        for (heading, width) in HEADINGS.iter().zip(&widths) {
            write!(f, "  {heading:>width$}")?;
        }
        writeln!(f)?;
        for (task, cells) in &rows {
            write!(f, "{task:<name$}")?;
            for (cell, width) in cells.iter().zip(&widths) {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        for (reason, count) in &total.dropped {
            writeln!(f, "dropped: {count} {reason}")?;
        }
        if self.unfinished > 0 {
            writeln!(f, "{} unfinished episodes were passed over", self.unfinished)?;
        }
        if self.damaged > 0 {
            writeln!(f, "{} episodes cannot be read and are in no count:", self.damaged)?;
        }
        for damage in &self.damage {
            writeln!(f, "  {damage}")?;
        }
        Ok(())
    }
}

impl Distilled {
    fn total(&self) -> TaskCount {
        let mut total = TaskCount::default();
        let mut dropped: BTreeMap<String, u64> = BTreeMap::new();
        for task in self.tasks.values() {
            total.read += task.read;
            total.successes += task.successes;
            total.failures += task.failures;
            total.undecided += task.undecided;
            total.void += task.void;
            total.kept += task.kept;
            for (reason, count) in &task.dropped {
                *dropped.entry(reason.clone()).or_default() += count;
            }
        }
        total.dropped = dropped;
        total
    }
}

fn cells(task: &TaskCount) -> [String; 9] {
    let rate = task.pass_rate().map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
    let difficulty = task.difficulty().map_or("-", super::Difficulty::name);
    [
        task.read.to_string(),
        task.void.to_string(),
        task.undecided.to_string(),
        task.failures.to_string(),
        task.successes.to_string(),
        rate,
        difficulty.to_owned(),
        task.dropped.values().sum::<u64>().to_string(),
        task.kept.to_string(),
    ]
}
