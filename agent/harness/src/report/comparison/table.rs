//! A comparison as a plain aligned table for a terminal.

use std::fmt;

use super::page::points;
use super::pairs::p_in_words;
use super::{Contrast, Line};
use crate::evaluate::suite_of;
use crate::evaluate::table::{cut, interval, length, optional, percent};

/// A table of a comparison by suite and task family, and what it amounts to.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    contrast: &'a Contrast,
    width: usize,
}

/// A name is not cut below this many characters.
const NAME: usize = 12;

/// The longest name of a run over its column, in characters.
const LABEL: usize = 24;

impl<'a> Table<'a> {
    /// For a terminal of `width` characters. Where room is short, intervals are left out.
    pub fn new(contrast: &'a Contrast, width: usize) -> Table<'a> {
        Table { contrast, width }
    }

    fn rows(&self) -> Vec<(String, &'a Line)> {
        let mut rows = Vec::new();
        for suite in &self.contrast.suites {
            rows.push((suite.name.clone(), suite));
            let in_suite = |line: &&Line| suite_of(&line.name) == suite.name && line.name != suite.name;
            for line in self.contrast.families.iter().filter(in_suite) {
                rows.push((format!("  {}", &line.name[suite.name.len() + 1..]), line));
            }
        }
        if self.contrast.suites.len() > 1 {
            rows.push(("all".to_owned(), &self.contrast.total));
        }
        rows
    }

    /// What stands in the columns of a line, after its name.
    fn cells(&self, line: &Line) -> Vec<String> {
        let wide = self.width >= 60 + 22 * line.totals.len();
        let mut cells: Vec<String> = line
            .totals
            .iter()
            .map(|totals| {
                let count = format!("{}/{}", totals.successes, totals.episodes);
                let rate = optional(totals.success_rate, percent);
                let interval = if wide { format!(" {:>7}", interval(totals)) } else { String::new() };
                format!("{count:>7} {rate:>7}{interval}")
            })
            .collect();
        cells.push(optional(line.change, points));
        if self.contrast.shared > 0 {
            cells.extend([line.pairs.gained, line.pairs.lost].map(|count| count.to_string()));
        }
        cells
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        let cells: Vec<Vec<String>> = rows.iter().map(|(_, line)| self.cells(line)).collect();
        let labels = self.contrast.runs.iter().map(|run| cut(&run.side.label, LABEL));
        let headings: Vec<String> = labels.chain(["change", "gained", "lost"].map(str::to_owned)).collect();
        let columns = self.contrast.runs.len() + if self.contrast.shared > 0 { 3 } else { 1 };
        let width_of = |at: usize| {
            let widest = cells.iter().map(|cells| length(&cells[at])).max().unwrap_or(0);
            widest.max(length(&headings[at]))
        };
        let widths: Vec<usize> = (0..columns).map(width_of).collect();
        let room = self.width.saturating_sub(widths.iter().map(|width| width + 2).sum()).max(NAME);
        let name = rows.iter().map(|(name, _)| length(name)).max().unwrap_or(0).max("task".len()).min(room);

        write!(f, "{:<name$}", "task")?;
        for (heading, width) in headings.iter().zip(&widths) {
            write!(f, "  {heading:>width$}")?;
        }
        writeln!(f)?;
        for ((label, _), cells) in rows.iter().zip(&cells) {
            write!(f, "{:<name$}", cut(label, name))?;
            for (cell, width) in cells.iter().zip(&widths) {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        self.summary(f)
    }
}

impl Table<'_> {
    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.contrast.total.pairs;
        if let Some(change) = self.contrast.total.change {
            let overlap = match self.contrast.overlap() {
                Some(true) => "; the 95 % intervals overlap",
                Some(false) => "; the 95 % intervals do not overlap",
                None => "",
            };
            writeln!(f, "{} points{overlap}", points(change))?;
            writeln!(
                f,
                "{} pairs: {} gained, {} lost, {} solved by both, {} by neither; {} (exact sign test)",
                pairs.count(),
                pairs.gained,
                pairs.lost,
                pairs.both,
                pairs.neither,
                p_in_words(pairs.p_value())
            )?;
        }
        for (run, totals) in self.contrast.runs.iter().zip(&self.contrast.total.totals) {
            for (count, what) in [(totals.void, "void"), (totals.undecided, "undecided")] {
                if count > 0 {
                    writeln!(f, "{}: {count} {what}, not in any rate", run.side.label)?;
                }
            }
        }
        for line in self.contrast.notes().iter().chain(&self.contrast.warnings()) {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
