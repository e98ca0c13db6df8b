//! What is in a dataset, counted.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Split};
use crate::shard::Columns;
use crate::{DataError, Screen};

/// How many there are of each.
pub type Counts = BTreeMap<String, u64>;

/// Where the classes of element sizes begin: the square root of a box's area, in image pixels.
const SIDES: [u32; 10] = [0, 8, 16, 24, 32, 48, 64, 128, 256, 512];

/// Counts over a dataset or a part of it. Two parts that share no page can be added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// Screenshots.
    pub screens: u64,
    /// Pages that gave at least one.
    pub pages: u64,
    /// Bytes of pictures.
    pub picture_bytes: u64,
    /// Visible elements.
    pub elements: u64,
    /// Elements about which something may be asked.
    pub askable: u64,
    /// Lines of text.
    pub lines: u64,
    /// Words of text.
    pub words: u64,
    /// Questions.
    pub questions: u64,
    /// Screens by side of the split.
    pub splits: Counts,
    /// Screens by site.
    pub sites: Counts,
    /// Screens by view.
    pub views: Counts,
    /// Screens by language; `?` where it is not known.
    pub languages: Counts,
    /// Screens by kind of source.
    pub sources: Counts,
    /// Screens by licence; `?` where nobody said.
    pub licenses: Counts,
    /// Questions by task, and in it by kind.
    pub tasks: BTreeMap<String, Counts>,
    /// Elements by role.
    pub roles: Counts,
    /// Elements by size: the square root of the box's area in image pixels, from this number up to the next.
    pub sides: BTreeMap<u32, u64>,
    /// Elements about which nothing is asked, by reason; one may have several.
    pub rejects: Counts,
    /// Pages that gave nothing, by reason.
    pub drops: Counts,
}

impl Stats {
    /// Counts all rows of a dataset; pictures are not read, so their bytes are 0.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(dataset: &Dataset) -> Result<Stats, DataError> {
        let mut stats = Stats::default();
        let mut pages = HashSet::new();
        for row in dataset.rows(None, Columns::Record) {
            let (split, row) = row?;
            stats.add(split, &row.screen, 0);
            pages.insert(row.screen.page_id);
        }
        stats.pages = pages.len() as u64;
        for line in dataset.drops()? {
            *stats.drops.entry(line.reason).or_default() += 1;
        }
        Ok(stats)
    }

    /// Counts a screen; its page is not counted.
    pub fn add(&mut self, split: Split, screen: &Screen, picture_bytes: usize) {
        self.screens += 1;
        self.picture_bytes += picture_bytes as u64;
        self.elements += screen.elements.len() as u64;
        self.lines += screen.lines.len() as u64;
        self.words += screen.lines.iter().map(|line| line.words.len() as u64).sum::<u64>();
        self.questions += screen.questions.len() as u64;
        count(&mut self.splits, split.name());
        count(&mut self.sites, &screen.site);
        count(&mut self.views, &screen.view.name);
        count(&mut self.languages, &screen.lang);
        count(&mut self.sources, &screen.source.kind);
        count(&mut self.licenses, &screen.license);
        for question in &screen.questions {
            count(self.tasks.entry(question.task.clone()).or_default(), &question.kind);
        }
        for element in &screen.elements {
            count(&mut self.roles, &element.role);
            self.askable += u64::from(element.reject.is_empty());
            element.reject.iter().for_each(|reason| count(&mut self.rejects, reason));
            let [left, top, right, bottom] = element.box_px;
            let side = ((right - left).max(0.0) * (bottom - top).max(0.0)).sqrt();
            let class = SIDES.iter().rev().find(|from| side >= **from as f32).unwrap_or(&0);
            *self.sides.entry(*class).or_default() += 1;
        }
    }

    /// Adds the counts of a part that shares no page with this one.
    pub fn merge(&mut self, other: &Stats) {
        self.screens += other.screens;
        self.pages += other.pages;
        self.picture_bytes += other.picture_bytes;
        self.elements += other.elements;
        self.askable += other.askable;
        self.lines += other.lines;
        self.words += other.words;
        self.questions += other.questions;
        let pairs = [
            (&mut self.splits, &other.splits),
            (&mut self.sites, &other.sites),
            (&mut self.views, &other.views),
            (&mut self.languages, &other.languages),
            (&mut self.sources, &other.sources),
            (&mut self.licenses, &other.licenses),
            (&mut self.roles, &other.roles),
            (&mut self.rejects, &other.rejects),
            (&mut self.drops, &other.drops),
        ];
        for (into, from) in pairs {
            add_up(into, from);
        }
        for (task, kinds) in &other.tasks {
            add_up(self.tasks.entry(task.clone()).or_default(), kinds);
        }
        add_up(&mut self.sides, &other.sides);
    }

    /// Questions by kind, over all tasks.
    pub fn kinds(&self) -> Counts {
        let mut kinds = Counts::new();
        self.tasks.values().for_each(|of| add_up(&mut kinds, of));
        kinds
    }
}

/// A table for a terminal: the sums, then the largest classes of each kind.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sums = [
            ("screens", self.screens),
            ("pages", self.pages),
            ("sites", self.sites.len() as u64),
            ("elements", self.elements),
            ("to ask about", self.askable),
            ("lines", self.lines),
            ("words", self.words),
            ("questions", self.questions),
            ("dropped pages", self.drops.values().sum()),
        ];
        for (name, count) in sums {
            writeln!(f, "{name:<24} {count:>12}")?;
        }
        if self.picture_bytes > 0 {
            writeln!(f, "{:<24} {:>12.1}", "MiB of pictures", self.picture_bytes as f64 / f64::from(1 << 20))?;
        }
        for (task, kinds) in &self.tasks {
            section(f, &format!("questions: {task}"), kinds)?;
        }
        section(f, "screens by split", &self.splits)?;
        section(f, "screens by view", &self.views)?;
        section(f, "screens by site", &self.sites)?;
        section(f, "screens by language", &self.languages)?;
        section(f, "screens by source", &self.sources)?;
        section(f, "screens by licence", &self.licenses)?;
        section(f, "elements by role", &self.roles)?;
        if !self.sides.is_empty() {
            writeln!(f, "\nelements by size (root of the area, image pixels)")?;
            for (from, count) in &self.sides {
                let to = SIDES.iter().find(|next| *next > from);
                let class = to.map_or_else(|| format!("{from} and more"), |to| format!("{from} to {to}"));
                line(f, &class, *count, self.elements)?;
            }
        }
        section(f, "elements nothing is asked about, by reason", &self.rejects)?;
        section(f, "dropped pages by reason", &self.drops)
    }
}

/// Classes of a kind that are printed; the rest is summed up.
const PRINTED: usize = 20;

fn section(f: &mut fmt::Formatter<'_>, title: &str, counts: &Counts) -> fmt::Result {
    if counts.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    let total = counts.values().sum();
    let ordered = largest_first(counts);
    for (name, count) in ordered.iter().take(PRINTED) {
        line(f, name, **count, total)?;
    }
    if let Some(rest) = ordered.get(PRINTED..).filter(|rest| !rest.is_empty()) {
        line(f, &format!("{} others", rest.len()), rest.iter().map(|(_, count)| **count).sum(), total)?;
    }
    Ok(())
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, count: u64, total: u64) -> fmt::Result {
    // Names may come from pages: nothing in them moves the cursor.
    let name: String = name.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect();
    writeln!(f, "  {name:<22} {count:>12} {:>6.1} %", 100.0 * count as f64 / total.max(1) as f64)
}

/// Classes in the order in which a person wants to see them.
pub(crate) fn largest_first(counts: &Counts) -> Vec<(&String, &u64)> {
    let mut ordered: Vec<_> = counts.iter().collect();
    ordered.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    ordered
}

fn count(counts: &mut Counts, name: &str) {
    let name = if name.is_empty() { "?" } else { name };
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}

fn add_up<K: Ord + Clone>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (name, count) in from {
        *into.entry(name.clone()).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn screens_are_counted_and_parts_add_up() {
        let mut first = Stats { pages: 1, ..Stats::default() };
        first.add(Split::Train, &sample::screen("a.test", 1, 1), 10);
        let mut second = Stats { pages: 1, ..Stats::default() };
        second.add(Split::Validation, &sample::screen("b.test", 2, 1), 5);
        let mut both = first.clone();
        both.merge(&second);
        assert_eq!((both.screens, both.pages, both.picture_bytes), (2, 2, 15));
        assert_eq!(both.sites, [("a.test".to_owned(), 1), ("b.test".to_owned(), 1)].into());
        assert_eq!(both.tasks["comprehension"]["name"], 2);
        assert_eq!(both.elements, both.sides.values().sum::<u64>());
        assert_eq!(both.askable + both.rejects["small"], both.elements);
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<Stats>(&text).unwrap(), both);
    }

    #[test]
    fn the_table_says_what_there_is() {
        let mut stats = Stats { pages: 1, ..Stats::default() };
        stats.add(Split::Train, &sample::screen("evil\u{1b}[2J.test", 1, 1), 0);
        stats.drops.insert("blank".to_owned(), 3);
        let text = stats.to_string();
        assert!(text.contains("screens                             1\n"), "{text}");
        assert!(text.contains("questions: comprehension\n"), "{text}");
        assert!(text.contains("  blank                             3  100.0 %\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
