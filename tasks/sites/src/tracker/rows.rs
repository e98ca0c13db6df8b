//! Rows of the database as values that templates can show.

use minijinja::value::Serde;
use rusqlite::{Connection, Params};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::database::json;

/// One row: column names to values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Row(Map<String, Value>);

impl std::ops::Index<&str> for Row {
    type Output = Value;

    fn index(&self, column: &str) -> &Value {
        &self.0[column]
    }
}

impl From<Row> for minijinja::Value {
    fn from(row: Row) -> Self {
        shown(row)
    }
}

impl From<&Row> for minijinja::Value {
    fn from(row: &Row) -> Self {
        shown(row)
    }
}

/// Anything that can be serialised, for a template.
pub(super) fn shown(value: impl Serialize) -> minijinja::Value {
    Serde(value).into()
}

/// All rows of a query. Columns named `labels` hold JSON and are read as such.
pub(super) fn all(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<Row>> {
    let mut statement = db.prepare_cached(sql)?;
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        let columns = names.iter().enumerate().map(|(at, name)| {
            let value = json(row.get_ref(at)?);
            let nested = (name == "labels").then(|| value.as_str().and_then(|text| serde_json::from_str(text).ok()));
            Ok((name.clone(), nested.flatten().unwrap_or(value)))
        });
        found.push(Row(columns.collect::<rusqlite::Result<_>>()?));
    }
    Ok(found)
}

/// The first row of a query.
///
/// # Errors
/// [`rusqlite::Error::QueryReturnedNoRows`] if there is none.
pub(super) fn one(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Row> {
    all(db, sql, params)?.into_iter().next().ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// The first column of the first row, if there is a row.
pub(super) fn maybe<T: rusqlite::types::FromSql>(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> rusqlite::Result<Option<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(|row| row.get(0)).transpose()
}

/// A text column, empty if it is null or not there.
pub(super) fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.0.get(column).and_then(Value::as_str).unwrap_or_default()
}

/// An integer column, 0 if it is null or not there.
pub(super) fn number(row: &Row, column: &str) -> i64 {
    row.0.get(column).and_then(Value::as_i64).unwrap_or_default()
}
