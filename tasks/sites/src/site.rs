//! What makes a site, and one running instance of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use glim_env::{Seed, StartState, WebStart};
use glim_tasks::{Backend, BackendError, Stage};
use rusqlite::Connection;
use serde_json::Value;

use crate::server::{self, Server};
use crate::session::Session;
use crate::{Change, Database};

/// A bundled web site. Everything it shows comes from its database, and that from the seed; its pages know no other
/// clock than [`crate::clock::TODAY`] and no other host.
///
/// The schema needs a table `users` with an integer `id`; sessions are kept by the infrastructure in `sessions`.
/// Tables must have an integer primary key, so that a row can be followed while it changes.
pub trait Site: Send + Sync + Sized + 'static {
    /// `shop`. Also the folder of its templates, and with `.test` its host.
    const NAME: &'static str;

    /// What its header says: `Larkfield`.
    const TITLE: &'static str;

    /// Tables that record visits rather than results, so that goals do not look at them.
    const TRACES: &'static [&'static str] = &[];

    /// The statements that make its tables.
    fn schema() -> &'static str;

    /// Fills the tables. Equal seeds must give equal rows.
    ///
    /// # Errors
    /// SQLite's.
    fn populate(connection: &Connection, seed: Seed) -> rusqlite::Result<()>;

    /// Its pages.
    fn router() -> Router<App>;

    /// What every page's frame shows of this visitor, for templates as `me`: the user's name, the size of a cart.
    ///
    /// # Errors
    /// SQLite's.
    fn frame(connection: &Connection, session: &Session) -> rusqlite::Result<minijinja::Value>;
}

/// What the handlers of an instance share: the state of its router.
#[derive(Clone)]
pub struct App {
    /// The content.
    pub db: Database,
    /// What the content was made from.
    pub seed: Seed,
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) frame: fn(&Connection, &Session) -> rusqlite::Result<minijinja::Value>,
    pub(crate) faults: Faults,
}

impl App {
    /// The state of a fresh instance, without a server.
    ///
    /// # Errors
    /// If the database cannot be made.
    pub(crate) fn open<S: Site>(seed: Seed) -> Result<App, SiteError> {
        Ok(App {
            db: Database::open::<S>(seed)?,
            seed,
            name: S::NAME,
            title: S::TITLE,
            frame: S::frame,
            faults: Faults::default(),
        })
    }
}

/// What went wrong inside the site while it served: with any of these, the state proves nothing about the agent.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<Vec<String>>>);

impl Faults {
    pub(crate) fn record(&self, fault: String) {
        tracing::error!(%fault, "a bundled site failed");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    pub(crate) fn first(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).first().cloned()
    }
}

/// A running site with a database of its own. Dropping it closes the server and all its connections.
pub struct Instance<S: Site> {
    app: App,
    server: Server,
    site: std::marker::PhantomData<fn() -> S>,
}

impl<S: Site> Instance<S> {
    /// Starts the site on a free port of 127.0.0.1, with the content of `seed`. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// If no port or no database could be had.
    pub fn open(seed: Seed) -> Result<Instance<S>, SiteError> {
        Instance::open_at(seed, 0)
    }

    /// [`Instance::open`] on a port of one's choice, 0 for any.
    ///
    /// # Errors
    /// If the port is taken or no database could be had.
    pub fn open_at(seed: Seed, port: u16) -> Result<Instance<S>, SiteError> {
        let app = App::open::<S>(seed)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let server = Server::start(server::router::<S>(app.clone()), address).map_err(|source| SiteError::Listen {
            site: S::NAME,
            address,
            source,
        })?;
        Ok(Instance { app, server, site: std::marker::PhantomData })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its content.
    pub fn db(&self) -> &Database {
        &self.app.db
    }

    /// The host name under which a browser reaches it: `shop.test`.
    pub fn host() -> String {
        format!("{}.test", S::NAME)
    }

    /// A task's stage that begins at `path` and keeps this instance until it is dropped.
    pub fn stage(self, path: &str) -> Stage {
        let host = Self::host();
        let start = WebStart::local(&format!("http://{host}{path}")).route(&host, self.addr());
        Stage {
            start: StartState::Web(start),
            backend: Some(Box::new(SiteBackend { app: self.app, _server: self.server })),
        }
    }
}

/// The query that asks for [`Database::changes`] instead of rows.
pub const CHANGES: &str = "changes";

/// Answers [`glim_env::Query::Backend`]: [`CHANGES`], or one `SELECT` whose rows come back as an array of objects.
struct SiteBackend {
    app: App,
    _server: Server,
}

impl Backend for SiteBackend {
    fn probe(&mut self, query: &str) -> Result<Value, BackendError> {
        let failed = |reason: String| BackendError { query: query.to_owned(), reason };
        if let Some(fault) = self.app.faults.first() {
            return Err(failed(format!("the site failed while it served: {fault}")));
        }
        if query == CHANGES {
            let changes: Vec<Change> = self.app.db.changes().map_err(|error| failed(error.to_string()))?;
            return serde_json::to_value(changes).map_err(|error| failed(error.to_string()));
        }
        let rows = self.app.db.select(query).map_err(|error| failed(error.to_string()))?;
        Ok(Value::Array(rows.into_iter().map(Value::Object).collect()))
    }
}

/// A site could not be put up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// The database could not be made.
    #[error("the database of the site `{site}` could not be made")]
    Database {
        /// Which site.
        site: &'static str,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// The port could not be had.
    #[error("the site `{site}` cannot listen on {address}")]
    Listen {
        /// Which site.
        site: &'static str,
        /// Where.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
}
