//! The language of the issue search: `is:open label:"needs repro" assignee:mia some words`.
//!
//! Everything becomes a bound parameter of a fixed condition; nothing typed is ever part of a statement.

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde::Serialize;

use super::rows::{self, Row};

/// What a search asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Search {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    /// Empty for plain words.
    key: String,
    value: String,
    negated: bool,
}

/// Keys that are understood; anything else before a colon is a word.
const KEYS: [&str; 9] = ["is", "label", "assignee", "author", "milestone", "priority", "project", "reason", "watching"];

/// One page of results.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub(super) issues: Vec<Row>,
    pub(super) count: i64,
    pub(super) page: i64,
    pub(super) pages: i64,
}

/// Results on a page.
pub(super) const PAGE: i64 = 15;

/// Orders that a list can be sorted by: value, label, clause.
pub(super) const ORDERS: [(&str, &str, &str); 6] = [
    ("newest", "Newest", "i.created_at DESC, i.id DESC"),
    ("oldest", "Oldest", "i.created_at, i.id"),
    ("updated", "Recently updated", "i.updated_at DESC, i.id DESC"),
    ("commented", "Most commented", "i.replies DESC, i.id DESC"),
    ("priority", "Highest priority", "instr('urgent high normal low', i.priority), i.id DESC"),
    ("title", "Title", "i.title COLLATE NOCASE, i.id"),
];

impl Search {
    /// Reads a search; any text is one.
    pub(super) fn parse(text: &str) -> Search {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (mut quoted, mut word) = (false, String::new());
            let mut end = rest.len();
            for (at, letter) in rest.char_indices() {
                match letter {
                    '"' => quoted = !quoted,
                    letter if letter.is_whitespace() && !quoted => {
                        end = at;
                        break;
                    }
                    letter => word.push(letter),
                }
            }
            rest = rest[end..].trim_start();
            let (negated, plain) = match word.strip_prefix('-') {
                Some(plain) if plain.contains(':') => (true, plain),
                _ => (false, word.as_str()),
            };
            let term = match plain.split_once(':') {
                Some((key, value)) if KEYS.contains(&key.to_lowercase().as_str()) && !value.is_empty() => {
                    Term { key: key.to_lowercase(), value: value.to_owned(), negated }
                }
                _ if word.trim().is_empty() => continue,
                _ => Term { key: String::new(), value: word, negated: false },
            };
            terms.push(term);
        }
        Search { terms }
    }

    /// The value that a key is restricted to, empty if it is not.
    pub(super) fn value(&self, key: &str) -> &str {
        self.terms.iter().find(|term| term.key == key && !term.negated).map_or("", |term| term.value.as_str())
    }

    /// Replaces the restriction of a key; an empty value takes it away.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        self.terms.retain(|term| term.key != key || term.negated);
        if !value.is_empty() {
            self.terms.push(Term { key: key.to_owned(), value: value.to_owned(), negated: false });
        }
    }

    /// The search as one would type it.
    pub(super) fn text(&self) -> String {
        let word = |term: &Term| {
            let value = if term.value.contains(char::is_whitespace) {
                format!("\"{}\"", term.value)
            } else {
                term.value.clone()
            };
            let colon = if term.key.is_empty() { "" } else { ":" };
            format!("{}{}{colon}{value}", if term.negated { "-" } else { "" }, term.key)
        };
        self.terms.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    /// Runs the search within a project, or in all of them. `me` stands for the visitor in `assignee:me`.
    pub(super) fn run(
        &self,
        db: &Connection,
        project: Option<i64>,
        me: &str,
        order: &str,
        page: i64,
    ) -> rusqlite::Result<Found> {
        let (condition, mut bound) = self.condition(project, me);
        let count: i64 = db.query_row(
            &format!("SELECT count(*) FROM issue_rows i WHERE {condition}"),
            rusqlite::params_from_iter(&bound),
            |row| row.get(0),
        )?;
        let pages = ((count + PAGE - 1) / PAGE).max(1);
        let page = page.clamp(1, pages);
        let order = ORDERS.iter().find(|(name, ..)| *name == order).unwrap_or(&ORDERS[0]).2;
        bound.extend([Sql::Integer(PAGE), Sql::Integer((page - 1) * PAGE)]);
        let sql = format!("SELECT i.* FROM issue_rows i WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?");
        let issues = rows::all(db, &sql, rusqlite::params_from_iter(&bound))?;
        Ok(Found { issues, count, page, pages })
    }

    fn condition(&self, project: Option<i64>, me: &str) -> (String, Vec<Sql>) {
        let mut clauses = vec!["1".to_owned()];
        let mut bound = Vec::new();
        if let Some(project) = project {
            clauses.push("i.project_id = ?".to_owned());
            bound.push(Sql::Integer(project));
        }
        for term in &self.terms {
            let value = if term.value == "me" { me } else { &term.value };
            let none = term.value.eq_ignore_ascii_case("none");
            let clause = match term.key.as_str() {
                "is" => {
                    "CASE lower(?) WHEN 'locked' THEN i.locked WHEN 'duplicate' THEN i.duplicate_of IS NOT NULL ELSE i.state = lower(?) END"
                }
                "label" if none => "i.labels = '[]'",
                "label" => {
                    "EXISTS (SELECT 1 FROM issue_labels il JOIN labels l ON l.id = il.label_id WHERE il.issue_id = i.id AND l.name = ? COLLATE NOCASE)"
                }
                "assignee" if none => "i.assignee_id IS NULL",
                "assignee" => "coalesce(i.assignee, '') = ? COLLATE NOCASE",
                "author" => "i.author = ? COLLATE NOCASE",
                "milestone" if none => "i.milestone_id IS NULL",
                "milestone" => "coalesce(i.milestone, '') = ? COLLATE NOCASE",
                "priority" => "i.priority = ? COLLATE NOCASE",
                "project" => "(i.project = ? COLLATE NOCASE OR i.project_name = ? COLLATE NOCASE)",
                "reason" => "coalesce(i.reason, '') = ? COLLATE NOCASE",
                "watching" => {
                    "EXISTS (SELECT 1 FROM watches w JOIN users u ON u.id = w.user_id WHERE w.issue_id = i.id AND u.login = ? COLLATE NOCASE)"
                }
                _ => {
                    "(instr(lower(i.title), lower(?)) > 0 OR instr(lower(i.body), lower(?)) > 0 OR lower(i.ref) = lower(?))"
                }
            };
            bound.extend((0..clause.matches('?').count()).map(|_| Sql::Text(value.to_owned())));
            clauses.push(if term.negated { format!("NOT ({clause})") } else { clause.to_owned() });
        }
        (clauses.join(" AND "), bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_reads_back_as_it_was_typed() {
        for text in ["is:open label:\"needs repro\" crash", "-label:bug assignee:none", "word with:colon \"two words\""]
        {
            assert_eq!(Search::parse(text).text(), text);
        }
        assert_eq!(Search::parse("  LABEL:bug \" ").text(), "label:bug");
    }

    #[test]
    fn a_menu_replaces_only_its_own_restriction() {
        let mut search = Search::parse("is:open label:bug -label:crash text");
        search.set("label", "good first issue");
        assert_eq!(search.text(), "is:open -label:crash text label:\"good first issue\"");
        search.set("label", "");
        assert_eq!(search.text(), "is:open -label:crash text");
    }
}
