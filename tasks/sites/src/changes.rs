//! What an episode did to a site's database, row by row, and what it should have done.
//!
//! A goal names all changes it wants ([`Wanted`]); [`verify`] accepts exactly those. A second order, a wrong variant or
//! an extra row in the cart is one change too many, and so a near miss is rejected without a rule of its own.

use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::database::json;

/// One row that is not as it was seeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The table.
    pub table: String,
    /// What happened to the row.
    pub kind: ChangeKind,
    /// The row as it is now, or as it was if it is gone.
    pub row: Map<String, Value>,
    /// The columns whose values changed, with the values they had. Empty unless the row was changed.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub before: Map<String, Value>,
}

/// What can happen to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is gone.
    Removed,
    /// Some of its columns differ.
    Changed,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            ChangeKind::Added => "added to",
            ChangeKind::Removed => "removed from",
            ChangeKind::Changed => "changed in",
        };
        write!(f, "{kind} `{}`: {}", self.table, Value::Object(self.row.clone()))?;
        if !self.before.is_empty() {
            write!(f, ", before {}", Value::Object(self.before.clone()))?;
        }
        Ok(())
    }
}

/// The differences of all tables but the ignored ones, in the order of table and key.
pub(crate) fn between(
    seeded: &Connection,
    live: &Connection,
    ignored: &[&str],
) -> Result<Vec<Change>, rusqlite::Error> {
    let mut tables =
        live.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")?;
    let tables = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut changes = Vec::new();
    for table in tables.iter().filter(|table| !ignored.contains(&table.as_str())) {
        compare(table, seeded, live, &mut changes)?;
    }
    Ok(changes)
}

/// Walks both versions of a table in step, in the order of their row ids (the integer primary keys of the sites' tables).
/// Nearly all rows are equal, so values are compared as SQLite holds them and only what differs is copied.
fn compare(
    table: &str,
    seeded: &Connection,
    live: &Connection,
    changes: &mut Vec<Change>,
) -> Result<(), rusqlite::Error> {
    let sql = format!("SELECT rowid, * FROM \"{table}\" ORDER BY rowid");
    let (mut seeded, mut live) = (seeded.prepare(&sql)?, live.prepare(&sql)?);
    let names: Vec<String> = live.column_names().into_iter().skip(1).map(str::to_owned).collect();
    let (mut seeded, mut live) = (seeded.query([])?, live.query([])?);
    let (mut old, mut new) = (seeded.next()?, live.next()?);
    loop {
        let key = |row: Option<&Row<'_>>| row.map_or(Ok(i64::MAX), |row| row.get(0));
        let (old_key, new_key): (i64, i64) = (key(old)?, key(new)?);
        let (kind, row, before) = match (old, new) {
            (None, None) => return Ok(()),
            (Some(old), Some(new)) if old_key == new_key => {
                let before = differing(old, new, &names)?;
                (ChangeKind::Changed, (!before.is_empty()).then(|| object(new, &names)), before)
            }
            (Some(old), _) if old_key < new_key => (ChangeKind::Removed, Some(object(old, &names)), Map::new()),
            (_, Some(new)) => (ChangeKind::Added, Some(object(new, &names)), Map::new()),
            (Some(_), None) => return Err(rusqlite::Error::InvalidQuery),
        };
        if let Some(row) = row.transpose()? {
            changes.push(Change { table: table.to_owned(), kind, row, before });
        }
        if old_key <= new_key {
            old = seeded.next()?;
        }
        if new_key <= old_key {
            new = live.next()?;
        }
    }
}

/// The old values of the columns in which two versions of a row differ.
fn differing(old: &Row<'_>, new: &Row<'_>, names: &[String]) -> Result<Map<String, Value>, rusqlite::Error> {
    let mut before = Map::new();
    for (at, name) in names.iter().enumerate() {
        let value = old.get_ref(at + 1)?;
        if value != new.get_ref(at + 1)? {
            before.insert(name.clone(), json(value));
        }
    }
    Ok(before)
}

fn object(row: &Row<'_>, names: &[String]) -> Result<Map<String, Value>, rusqlite::Error> {
    names.iter().enumerate().map(|(at, name)| Ok((name.clone(), json(row.get_ref(at + 1)?)))).collect()
}

/// One change that a goal wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub(crate) table: &'static str,
    pub(crate) kind: ChangeKind,
    /// Columns of the row that must have these values.
    pub(crate) columns: Vec<(&'static str, Value)>,
    /// For changed rows: the columns that must have changed, and to what; no others may.
    pub(crate) set: Vec<(&'static str, Value)>,
    /// For changed rows: columns that may have changed besides.
    free: Vec<&'static str>,
}

impl Wanted {
    /// A row that is new in `table`. Columns that are not named with [`Wanted::with`] may hold anything.
    pub fn added(table: &'static str) -> Wanted {
        Wanted { table, kind: ChangeKind::Added, columns: Vec::new(), set: Vec::new(), free: Vec::new() }
    }

    /// A row that is gone from `table`, named by [`Wanted::with`].
    pub fn removed(table: &'static str) -> Wanted {
        Wanted { kind: ChangeKind::Removed, ..Wanted::added(table) }
    }

    /// A row of `table`, named by [`Wanted::with`], in which exactly the columns given to [`Wanted::set`] changed.
    pub fn changed(table: &'static str) -> Wanted {
        Wanted { kind: ChangeKind::Changed, ..Wanted::added(table) }
    }

    /// The row has this value in `column`. Texts are compared without regard to case and outer or repeated space, as
    /// a person who typed them would.
    #[must_use]
    pub fn with(mut self, column: &'static str, value: impl Into<Value>) -> Wanted {
        self.columns.push((column, value.into()));
        self
    }

    /// The column changed to this value.
    #[must_use]
    pub fn set(mut self, column: &'static str, value: impl Into<Value>) -> Wanted {
        self.set.push((column, value.into()));
        self
    }

    /// The column may have changed to anything.
    #[must_use]
    pub fn free(mut self, column: &'static str) -> Wanted {
        self.free.push(column);
        self
    }

    fn accepts(&self, change: &Change) -> bool {
        let has =
            |(column, value): &(&'static str, Value)| change.row.get(*column).is_some_and(|found| alike(found, value));
        self.table == change.table
            && self.kind == change.kind
            && self.columns.iter().all(has)
            && self.set.iter().all(|wanted| has(wanted) && change.before.contains_key(wanted.0))
            && (self.kind != ChangeKind::Changed
                || change.before.keys().all(|column| {
                    self.free.contains(&column.as_str()) || self.set.iter().any(|(name, _)| name == column)
                }))
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            ChangeKind::Added => "a new row in",
            ChangeKind::Removed => "a removed row of",
            ChangeKind::Changed => "a change in",
        };
        write!(f, "{kind} `{}`", self.table)?;
        for (column, value) in &self.columns {
            write!(f, ", {column} = {value}")?;
        }
        for (column, value) in &self.set {
            write!(f, ", {column} to {value}")?;
        }
        Ok(())
    }
}

fn alike(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => {
            let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
            words(found) == words(wanted)
        }
        (Value::Number(found), Value::Number(wanted)) => found.as_f64() == wanted.as_f64(),
        _ => found == wanted,
    }
}

/// Whether `changes` are exactly the wanted ones, each met by one change and no change left over.
///
/// # Errors
/// One sentence on what is missing or too much.
pub fn verify(wanted: &[Wanted], changes: &[Change]) -> Result<(), String> {
    let mut taken = vec![None; changes.len()];
    for at in 0..wanted.len() {
        let mut tried = vec![false; changes.len()];
        if !assign(at, wanted, changes, &mut taken, &mut tried) {
            return Err(format!("{} is missing", wanted[at]));
        }
    }
    match changes.iter().zip(&taken).find(|(_, taken)| taken.is_none()) {
        Some((change, _)) => Err(format!("this was not asked for: {change}")),
        None => Ok(()),
    }
}

/// Finds a change for `wanted[at]`, moving others where they can be met elsewhere (augmenting paths).
fn assign(at: usize, wanted: &[Wanted], changes: &[Change], taken: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for (place, change) in changes.iter().enumerate() {
        if tried[place] || !wanted[at].accepts(change) {
            continue;
        }
        tried[place] = true;
        let free = match taken[place] {
            None => true,
            Some(holder) => assign(holder, wanted, changes, taken, tried),
        };
        if free {
            taken[place] = Some(at);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(table: &str, kind: ChangeKind, row: Value, before: Value) -> Change {
        let object = |value: Value| value.as_object().cloned().expect("an object");
        Change { table: table.to_owned(), kind, row: object(row), before: object(before) }
    }

    #[test]
    fn exactly_the_wanted_changes_pass() {
        let wanted = [
            Wanted::added("lines").with("variant", 7).with("quantity", 2),
            Wanted::changed("variants").with("id", 7).set("stock", 3),
        ];
        let line = |quantity: i64| {
            change("lines", ChangeKind::Added, json!({"id": 1, "variant": 7, "quantity": quantity}), json!({}))
        };
        let stock =
            change("variants", ChangeKind::Changed, json!({"id": 7, "stock": 3, "price": 100}), json!({"stock": 5}));
        assert_eq!(verify(&wanted, &[line(2), stock.clone()]), Ok(()));
        assert_eq!(verify(&wanted, &[stock.clone(), line(2)]), Ok(()));
        assert!(verify(&wanted, &[line(1), stock.clone()]).is_err_and(|why| why.contains("missing")));
        assert!(verify(&wanted, &[line(2)]).is_err());
        assert!(verify(&wanted, &[line(2), line(2), stock]).is_err_and(|why| why.contains("not asked for")));
        let dearer = change(
            "variants",
            ChangeKind::Changed,
            json!({"id": 7, "stock": 3, "price": 90}),
            json!({"stock": 5, "price": 100}),
        );
        assert!(verify(&wanted, &[line(2), dearer]).is_err());
        assert!(verify(&[], &[]).is_ok());
    }

    #[test]
    fn a_loose_wish_does_not_take_the_row_of_a_strict_one() {
        let wanted = [Wanted::added("lines"), Wanted::added("lines").with("variant", 7)];
        let line = |variant: i64| change("lines", ChangeKind::Added, json!({"variant": variant}), json!({}));
        assert_eq!(verify(&wanted, &[line(7), line(8)]), Ok(()));
        assert_eq!(verify(&wanted, &[line(8), line(7)]), Ok(()));
        assert!(verify(&wanted, &[line(8), line(9)]).is_err());
    }

    #[test]
    fn typed_text_is_compared_as_a_person_would() {
        let wanted = [Wanted::added("addresses").with("city", "New York")];
        let row = |city: &str| change("addresses", ChangeKind::Added, json!({"city": city}), json!({}));
        assert_eq!(verify(&wanted, &[row(" new  york")]), Ok(()));
        assert!(verify(&wanted, &[row("York")]).is_err());
    }
}
