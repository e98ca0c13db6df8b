//! `README.md`: what is in a dataset, for people and for the header that Hugging Face reads.

use std::fmt::Write as _;

use super::split::{Split, SplitRule};
use crate::record::SCHEMA_VERSION;
use crate::stats::{Counts, Stats, largest_first};

/// Rows of a table; more are summed up.
const ROWS: usize = 40;

/// The card's text. `shards` says how many there are on each side.
pub(super) fn text(name: &str, rule: &SplitRule, shards: &[(Split, usize)], stats: &Stats, recipe: &str) -> String {
    let mut text = header(name, shards, stats);
    let _ = write!(
        text,
        "\n# {}\n\nScreenshots of web pages with their visible elements, their text and questions about both. Places are \
         image pixels, `[left, top, right, bottom]`; in prompts and answers they are integers 0..=999 over the picture's \
         width and height. Made with Glim {}, schema version {SCHEMA_VERSION}.\n\n",
        cell(name),
        env!("CARGO_PKG_VERSION"),
    );
    let sums = [
        ("screens", stats.screens),
        ("pages", stats.pages),
        ("sites", stats.sites.len() as u64),
        ("elements", stats.elements),
        ("elements to ask about", stats.askable),
        ("lines of text", stats.lines),
        ("words", stats.words),
        ("questions", stats.questions),
        ("bytes of pictures", stats.picture_bytes),
    ];
    text.push_str("| | |\n|---|--:|\n");
    for (name, count) in sums {
        let _ = writeln!(text, "| {name} | {count} |");
    }
    let _ = match rule {
        SplitRule::Share { validation_share, seed } => write!(
            text,
            "\nSites are whole: a share of {validation_share} of them, by a hash with seed {seed}, is for validation.\n"
        ),
        SplitRule::Sites(sites) => {
            write!(text, "\nSites are whole: {} listed ones are for validation.\n", sites.len())
        }
    };
    table(&mut text, "Screens by side of the split", "split", &stats.splits);
    questions(&mut text, stats);
    table(&mut text, "Screens by site", "site", &stats.sites);
    table(&mut text, "Screens by view", "view", &stats.views);
    table(&mut text, "Screens by language", "language", &stats.languages);
    table(&mut text, "Screens by source", "source", &stats.sources);
    table(&mut text, "Licences", "licence", &stats.licenses);
    text.push_str(
        "\nThe licence of each page stands in its column `license`; `?` means that nobody said. Pages belong to those who \
         made them.\n",
    );
    table(&mut text, "Elements nothing is asked about", "reason", &stats.rejects);
    table(&mut text, "Pages that gave nothing", "reason", &stats.drops);
    if !recipe.trim().is_empty() {
        // Longer than any run of backticks in the recipe, which so cannot end it.
        let fence = "`".repeat(longest_run(recipe, '`').max(2) + 1);
        let _ = write!(text, "\n## Recipe\n\n{fence}toml\n{}\n{fence}\n", recipe.trim_end());
    }
    text
}

/// The YAML that Hugging Face reads. Quoted JSON strings are YAML.
fn header(name: &str, shards: &[(Split, usize)], stats: &Stats) -> String {
    let mut text = format!("---\npretty_name: {}\nlicense: other\n", serde_json::Value::from(name));
    let languages: Vec<_> = stats.languages.keys().filter(|language| is_tag(language)).collect();
    if !languages.is_empty() {
        text.push_str("language:\n");
        languages.iter().for_each(|language| text.push_str(&format!("- \"{language}\"\n")));
    }
    text.push_str("task_categories:\n- image-text-to-text\ntags:\n- grounding\n- gui\n- screenshots\n");
    let _ = writeln!(text, "size_categories:\n- {}", size_category(stats.screens));
    if shards.iter().any(|(_, count)| *count > 0) {
        text.push_str("configs:\n- config_name: default\n  data_files:\n");
        for (split, _) in shards.iter().filter(|(_, count)| *count > 0) {
            let _ = writeln!(text, "  - split: {split}\n    path: data/{split}-*.parquet");
        }
    }
    text.push_str("---\n");
    text
}

fn questions(text: &mut String, stats: &Stats) {
    if stats.tasks.is_empty() {
        return;
    }
    text.push_str("\n## Questions by task and kind\n\n| task | kind | questions |\n|---|---|--:|\n");
    for (task, kinds) in &stats.tasks {
        let _ = writeln!(text, "| **{}** | | **{}** |", cell(task), kinds.values().sum::<u64>());
        for (kind, count) in largest_first(kinds) {
            let _ = writeln!(text, "| | {} | {count} |", cell(kind));
        }
    }
}

fn table(text: &mut String, title: &str, of: &str, counts: &Counts) {
    if counts.is_empty() {
        return;
    }
    let _ = write!(text, "\n## {title}\n\n| {of} | count |\n|---|--:|\n");
    let ordered = largest_first(counts);
    for (name, count) in ordered.iter().take(ROWS) {
        let _ = writeln!(text, "| {} | {count} |", cell(name));
    }
    if let Some(rest) = ordered.get(ROWS..).filter(|rest| !rest.is_empty()) {
        let sum: u64 = rest.iter().map(|(_, count)| **count).sum();
        let _ = writeln!(text, "| {} others | {sum} |", rest.len());
    }
}

/// Text that says what it says in a Markdown table, whatever a page wrote into it.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars().take(200) {
        match char {
            char if char.is_control() => safe.push(' '),
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '!' | '#' => safe.extend(['\\', char]),
            char => safe.push(char),
        }
    }
    safe
}

/// Whether this looks like a BCP 47 tag that the header may list.
fn is_tag(language: &str) -> bool {
    (2..=12).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|char| char != of).map(str::len).max().unwrap_or(0)
}

/// The classes that Hugging Face knows.
fn size_category(rows: u64) -> &'static str {
    match rows {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        _ => "10M<n<100M",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn pages_cannot_write_into_the_card() {
        let mut stats = Stats { pages: 1, ..Stats::default() };
        let mut screen = sample::screen("a.test", 1, 1);
        screen.license = "x |\n# owned <script>alert(1)</script>".to_owned();
        screen.lang = "en\"]: x".to_owned();
        stats.add(Split::Train, &screen, 10);
        let rule = SplitRule::Share { validation_share: 0.1, seed: 1 };
        let text = text("a \"name\"", &rule, &[(Split::Train, 1), (Split::Validation, 0)], &stats, "a = \"```\"\n");
        assert!(text.starts_with("---\npretty_name: \"a \\\"name\\\"\"\nlicense: other\ntask_categories:"), "{text}");
        assert!(text.contains("| x \\| \\# owned &lt;script>alert(1)&lt;/script> | 1 |"), "{text}");
        assert!(text.contains("  - split: train\n    path: data/train-*.parquet\n---\n"), "{text}");
        assert!(text.contains("\n````toml\na = \"```\"\n````\n"), "{text}");
    }
}
