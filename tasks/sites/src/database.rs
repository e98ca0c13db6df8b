//! The database of one instance of a site: a private in-memory copy of a template that is built once per seed.
//!
//! Copying a template takes about a millisecond, so every episode begins with a fresh database. The template stays as
//! it was seeded and is what [`Database::changes`] compares with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glim_env::Seed;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Statement, Transaction};
use serde_json::{Map, Value};

use crate::changes::{self, Change};
use crate::{Site, SiteError};

/// How many templates are kept. Each is about a megabyte.
const KEPT_TEMPLATES: usize = 32;

/// What the infrastructure keeps for itself in each site's database.
const SESSIONS: &str = "CREATE TABLE sessions (
    id TEXT PRIMARY KEY, user_id INTEGER, notice TEXT, opened INTEGER NOT NULL) STRICT;";

/// Tables whose rows are traces of a visit rather than results of it.
const TRACES: &[&str] = &["sessions"];

/// A handle to the database of one instance. Clones share it; each use holds a lock for a few statements.
#[derive(Clone)]
pub struct Database {
    live: Arc<Mutex<Connection>>,
    template: Arc<Template>,
    traces: &'static [&'static str],
}

/// A seeded database that nobody writes to.
struct Template(Mutex<Connection>);

impl Database {
    /// A fresh copy of the site's content for `seed`.
    ///
    /// # Errors
    /// If SQLite cannot make it: out of memory, or a mistake in the site's schema.
    pub fn open<S: Site>(seed: Seed) -> Result<Database, SiteError> {
        let template = template::<S>(seed).map_err(|source| SiteError::Database { site: S::NAME, source })?;
        let live = template.copy().map_err(|source| SiteError::Database { site: S::NAME, source })?;
        Ok(Database { live: Arc::new(Mutex::new(live)), template, traces: S::TRACES })
    }

    /// Runs statements that only look.
    ///
    /// # Errors
    /// Those of `look`.
    pub fn read<T, E>(&self, look: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        look(&lock(&self.live))
    }

    /// Runs statements in one transaction, which is rolled back if `act` fails.
    ///
    /// # Errors
    /// Those of `act`, and SQLite's on committing.
    pub fn write<T, E: From<rusqlite::Error>>(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut live = lock(&self.live);
        let transaction = live.transaction()?;
        let value = act(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// The rows of one `SELECT`, each an object from column name to value. Anything that could write, attach or
    /// configure is refused before it runs.
    ///
    /// # Errors
    /// SQLite's, also for a statement that is refused.
    pub fn select(&self, sql: &str) -> Result<Vec<Map<String, Value>>, rusqlite::Error> {
        let live = lock(&self.live);
        live.authorizer(Some(only_reading))?;
        let rows = rows(&live, sql);
        live.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        rows
    }

    /// How the content differs from what was seeded, without the site's traces of visits.
    ///
    /// # Errors
    /// SQLite's.
    pub fn changes(&self) -> Result<Vec<Change>, rusqlite::Error> {
        let ignored: Vec<&str> = TRACES.iter().chain(self.traces).copied().collect();
        changes::between(&lock(&self.template.0), &lock(&self.live), &ignored)
    }
}

impl Template {
    /// A new in-memory database with the same pages.
    fn copy(&self) -> Result<Connection, rusqlite::Error> {
        let mut live = Connection::open_in_memory()?;
        {
            let seeded = lock(&self.0);
            let backup = Backup::new(&seeded, &mut live)?;
            if backup.step(-1)? != StepResult::Done {
                return Err(rusqlite::Error::InvalidQuery);
            }
        }
        live.pragma_update(None, "foreign_keys", true)?;
        live.set_prepared_statement_cache_capacity(64);
        Ok(live)
    }
}

/// The template for a site and seed, built if it is not kept.
fn template<S: Site>(seed: Seed) -> Result<Arc<Template>, rusqlite::Error> {
    type Kept = BTreeMap<(&'static str, Seed), (u64, Arc<Template>)>;
    static KEPT: Mutex<(u64, Kept)> = Mutex::new((0, BTreeMap::new()));

    let key = (S::NAME, seed);
    let look_up = || {
        let (clock, kept) = &mut *lock(&KEPT);
        *clock += 1;
        kept.get_mut(&key).map(|(used, template)| {
            *used = *clock;
            template.clone()
        })
    };
    if let Some(template) = look_up() {
        return Ok(template);
    }
    // Built outside the lock: two episodes that need the same one at once both build it, and the result is equal.
    let template = Arc::new(build::<S>(seed)?);
    let (clock, kept) = &mut *lock(&KEPT);
    if kept.len() >= KEPT_TEMPLATES
        && let Some(oldest) = kept.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| *key)
    {
        kept.remove(&oldest);
    }
    *clock += 1;
    kept.insert(key, (*clock, template.clone()));
    Ok(template)
}

fn build<S: Site>(seed: Seed) -> Result<Template, rusqlite::Error> {
    let mut connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(SESSIONS)?;
    transaction.execute_batch(S::schema())?;
    S::populate(&transaction, seed)?;
    transaction.commit()?;
    Ok(Template(Mutex::new(connection)))
}

/// A panic while a lock was held is already an internal error of that request; the data is guarded by transactions.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn only_reading(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if function_name != "load_extension" => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

fn rows(connection: &Connection, sql: &str) -> Result<Vec<Map<String, Value>>, rusqlite::Error> {
    let mut statement = connection.prepare(sql)?;
    if !statement.readonly() || statement.column_count() == 0 {
        return Err(rusqlite::Error::InvalidQuery);
    }
    collect(&mut statement, [])
}

/// The rows of a query as objects, which templates can read by column name.
///
/// # Errors
/// SQLite's.
pub fn records(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Map<String, Value>>, rusqlite::Error> {
    collect(&mut *connection.prepare_cached(sql)?, params)
}

/// The first row of a query as an object.
///
/// # Errors
/// SQLite's, and [`rusqlite::Error::QueryReturnedNoRows`].
pub fn record(connection: &Connection, sql: &str, params: impl Params) -> Result<Map<String, Value>, rusqlite::Error> {
    records(connection, sql, params)?.into_iter().next().ok_or(rusqlite::Error::QueryReturnedNoRows)
}

fn collect(statement: &mut Statement<'_>, params: impl Params) -> Result<Vec<Map<String, Value>>, rusqlite::Error> {
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        let columns = names.iter().enumerate().map(|(at, name)| Ok((name.clone(), json(row.get_ref(at)?))));
        found.push(columns.collect::<Result<_, rusqlite::Error>>()?);
    }
    Ok(found)
}

/// A column's value as JSON; blobs as their length, since nothing here stores any.
pub(crate) fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => bytes.len().into(),
    }
}
