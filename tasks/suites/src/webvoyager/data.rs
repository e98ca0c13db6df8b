//! The files of WebVoyager: tasks as JSON lines, reference answers as one JSON object.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use url::Url;

/// A file of WebVoyager could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is missing or not text.
    #[error("`{}` could not be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of the task file is not JSON.
    #[error("`{}`, line {line}: not a JSON object: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser said.
        reason: String,
    },
    /// A field of a task is missing or wrong.
    #[error("`{}`, line {line}, field `{field}`: {reason}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// `web_name`, `id`, `ques` or `web`.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The task file holds no task.
    #[error("`{}` holds no task", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file of reference answers has another form.
    #[error("`{}`, at `{at}`: {reason}", path.display())]
    Reference {
        /// The file.
        path: PathBuf,
        /// Site and position of the answer, or the parser's position.
        at: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// One line of the task file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// `web_name`: the site.
    pub(super) site: String,
    /// `id`: the site and a number, unique in the file.
    pub(super) id: String,
    /// `ques`: what is asked.
    pub(super) question: String,
    /// `web`: where to start.
    pub(super) url: Url,
}

/// What a person found when the suite was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// How far it can be trusted.
    pub(super) kind: Kind,
    /// The answer, often shortened.
    pub(super) answer: String,
    /// A remark on all answers of the site; empty if there is none.
    pub(super) notice: String,
}

/// How far a reference answer can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The right answer, and it stays right.
    Golden,
    /// One right answer of several, or of its day.
    Possible,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Golden => "golden",
            Kind::Possible => "possible",
        }
    }
}

fn read(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })
}

/// The tasks of a file, in its order. Blank lines and unknown fields are skipped.
pub(super) fn entries(path: &Path) -> Result<Vec<Entry>, LoadError> {
    parse_entries(&read(path)?, path)
}

fn parse_entries(text: &str, path: &Path) -> Result<Vec<Entry>, LoadError> {
    let mut entries = Vec::new();
    let mut seen = HashSet::new();
    for (at, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        let line = at + 1;
        let entry = parse_entry(text, path, line)?;
        if !seen.insert(entry.id.clone()) {
            let reason = format!("`{}` was used on an earlier line", entry.id);
            return Err(LoadError::Field { path: path.to_owned(), line, field: "id", reason });
        }
        entries.push(entry);
    }
    if entries.is_empty() { Err(LoadError::Empty { path: path.to_owned() }) } else { Ok(entries) }
}

fn parse_entry(text: &str, path: &Path, line: usize) -> Result<Entry, LoadError> {
    let object: serde_json::Map<String, Value> = serde_json::from_str(text).map_err(|error| LoadError::Line {
        path: path.to_owned(),
        line,
        reason: error.to_string(),
    })?;
    let wrong = |field, reason: String| LoadError::Field { path: path.to_owned(), line, field, reason };
    let string = |field| match object.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Some(Value::String(_)) => Err(wrong(field, "is empty".to_owned())),
        Some(other) => Err(wrong(field, format!("is not a string: {other}"))),
        None => Err(wrong(field, "is missing".to_owned())),
    };
    let (site, id, question, web) = (string("web_name")?, string("id")?, string("ques")?, string("web")?);
    let url = Url::parse(&web).map_err(|error| wrong("web", format!("`{web}` is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("web", format!("`{web}` is not an address of the web")));
    }
    Ok(Entry { site, id, question, url })
}

/// Reference answers by the `id` of their task.
pub(super) fn references(path: &Path) -> Result<HashMap<String, Reference>, LoadError> {
    parse_references(&read(path)?, path)
}

fn parse_references(text: &str, path: &Path) -> Result<HashMap<String, Reference>, LoadError> {
    let wrong =
        |at: String, reason: &str| LoadError::Reference { path: path.to_owned(), at, reason: reason.to_owned() };
    let sites: serde_json::Map<String, Value> = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| wrong(format!("line {} column {}", error.line(), error.column()), &error.to_string()))?;
    let mut found = HashMap::new();
    for (site, value) in &sites {
        let notice = value.get("notice").and_then(Value::as_str).unwrap_or_default().trim();
        let answers = value
            .get("answers")
            .and_then(Value::as_array)
            .ok_or_else(|| wrong(site.clone(), "`answers` is missing or not a list"))?;
        for (position, answer) in answers.iter().enumerate() {
            let at = || format!("{site}.answers[{position}]");
            let number =
                answer.get("id").and_then(Value::as_u64).ok_or_else(|| wrong(at(), "`id` is missing or no number"))?;
            let kind = match answer.get("type").and_then(Value::as_str) {
                Some("golden") => Kind::Golden,
                Some("possible") => Kind::Possible,
                _ => return Err(wrong(at(), "`type` is neither `golden` nor `possible`")),
            };
            let text = answer
                .get("ans")
                .and_then(Value::as_str)
                .ok_or_else(|| wrong(at(), "`ans` is missing or not a string"))?;
            let reference = Reference { kind, answer: text.trim().to_owned(), notice: notice.to_owned() };
            found.insert(format!("{site}--{number}"), reference);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const LINE: &str =
        r#"{"web_name": "Google Map", "id": "Google Map--3", "ques": "Where?", "web": "https://www.google.com/maps/"}"#;

    fn load(text: &str) -> Result<Vec<Entry>, String> {
        parse_entries(text, Path::new("tasks.jsonl")).map_err(|error| error.to_string())
    }

    #[test]
    fn lines_become_entries_in_order() {
        let text = format!("\u{feff}{LINE}\r\n\n{}\n", LINE.replace("--3", "--4").replace("{", r#"{"more": [1], "#));
        let entries = load(&text).unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(),
            ["Google Map--3", "Google Map--4"]
        );
        assert_eq!(entries[0].url.as_str(), "https://www.google.com/maps/");
        assert_eq!((entries[0].site.as_str(), entries[0].question.as_str()), ("Google Map", "Where?"));
    }

    #[rstest]
    #[case::no_json("nonsense", "line 2: not a JSON object")]
    #[case::no_object("[1, 2]", "line 2: not a JSON object")]
    #[case::cut_off(&LINE[..40], "line 2: not a JSON object")]
    #[case::missing(r#"{"web_name": "A", "id": "A--0", "web": "https://a.org"}"#, "line 2, field `ques`: is missing")]
    #[case::type_(
        r#"{"web_name": "A", "id": 7, "ques": "q", "web": "https://a.org"}"#,
        "line 2, field `id`: is not a string: 7"
    )]
    #[case::empty(
        r#"{"web_name": "A", "id": "A--0", "ques": " ", "web": "https://a.org"}"#,
        "line 2, field `ques`: is empty"
    )]
    #[case::url(
        r#"{"web_name": "A", "id": "A--0", "ques": "q", "web": "a.org"}"#,
        "line 2, field `web`: `a.org` is not a URL"
    )]
    #[case::file(
        r#"{"web_name": "A", "id": "A--0", "ques": "q", "web": "file:///etc/passwd"}"#,
        "field `web`: `file:///etc/passwd` is not an address"
    )]
    #[case::twice(LINE, "line 2, field `id`: `Google Map--3` was used on an earlier line")]
    fn a_malformed_line_is_named(#[case] line: &str, #[case] complaint: &str) {
        let error = load(&format!("{LINE}\n{line}\n")).unwrap_err();
        assert!(error.starts_with("`tasks.jsonl`, ") && error.contains(complaint), "{error}");
    }

    #[test]
    fn files_that_hold_nothing_or_are_missing_are_errors() {
        assert_eq!(load("\n\n").unwrap_err(), "`tasks.jsonl` holds no task");
        let error = entries(Path::new("no/such.jsonl")).unwrap_err().to_string();
        assert!(error.starts_with("`no/such.jsonl` could not be read: "), "{error}");
    }

    #[test]
    fn references_are_found_by_site_and_number() {
        let text = r#"{"ArXiv": {"notice": " real-time", "answers": [
            {"id": 0, "type": "possible", "ans": "a paper"}, {"id": 5, "type": "golden", "ans": "42 "}]}}"#;
        let found = parse_references(text, Path::new("answers.json")).unwrap();
        let golden = Reference { kind: Kind::Golden, answer: "42".to_owned(), notice: "real-time".to_owned() };
        assert_eq!(found["ArXiv--5"], golden);
        assert_eq!(found["ArXiv--0"].kind, Kind::Possible);
        assert_eq!(found.len(), 2);
    }

    #[rstest]
    #[case::no_json("{", "at `line 1 column 1`")]
    #[case::no_answers(r#"{"ArXiv": {}}"#, "at `ArXiv`: `answers`")]
    #[case::id(r#"{"ArXiv": {"answers": [{"type": "golden", "ans": "x"}]}}"#, "at `ArXiv.answers[0]`: `id`")]
    #[case::kind(r#"{"ArXiv": {"answers": [{"id": 1, "type": "best", "ans": "x"}]}}"#, "at `ArXiv.answers[0]`: `type`")]
    #[case::answer(
        r#"{"ArXiv": {"answers": [{"id": 1, "type": "golden", "ans": 3}]}}"#,
        "at `ArXiv.answers[0]`: `ans`"
    )]
    fn a_malformed_reference_is_named(#[case] text: &str, #[case] complaint: &str) {
        let error = parse_references(text, Path::new("answers.json")).unwrap_err().to_string();
        assert!(error.starts_with("`answers.json`, ") && error.contains(complaint), "{error}");
    }
}
