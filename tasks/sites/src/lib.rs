//! Small but real web sites on loopback, with goals on them in the style of WebVoyager.
//!
//! Each episode gets its own [`Instance`]: a private in-memory SQLite database restored from a seeded template in about
//! a millisecond, and an HTTP server in front of it, reached by the browser as `shop.test`, `travel.test` or
//! `tracker.test`. Goals are judged on the database, row by row ([`changes`]), or on the normalised answer ([`answer`]).
//!
//! A site implements [`Site`]; its handlers take [`App`] and [`Session`] and return a [`Page`]. A goal is an
//! [`Assignment`], made from a seed and put into a suite by [`family`].
//!
//! ```no_run
//! # use axum::extract::State;
//! # use glim_sites::{App, Page, Session, redirect};
//! # use glim_sites::content;
//! // GET: templates are `templates/<site>/*.html` and extend `layout.html`, which includes `<site>/header.html` and
//! // `<site>/footer.html`, has the blocks `title` and `main`, and knows `me` (from `Site::frame`) and `today`.
//! async fn count(State(app): State<App>, session: Session) -> Page {
//!     let clicks: i64 = app.db.read(|db| db.query_row("SELECT clicks FROM counter", [], |row| row.get(0)))?;
//!     app.page(&session, "counter/count.html", content! { clicks })
//! }
//!
//! // POST, then redirect; the notice is shown on the page that follows.
//! async fn click(State(app): State<App>, session: Session) -> Page {
//!     app.db.write(|db| {
//!         db.execute("UPDATE counter SET clicks = clicks + 1", [])?;
//!         session.notify(db, "Counted.")
//!     })?;
//!     Ok(redirect("/"))
//! }
//! ```
//!
//! A handler that fails with an error of SQLite or of a template answers with a 500 page, and from then on the
//! instance's backend refuses to answer, so that the episode is void instead of wrongly scored. A query that finds no
//! row where one was needed is a 404 page.

pub mod answer;
pub mod changes;
pub mod clock;
pub mod solver;

mod assignment;
mod database;
mod form;
mod numerals;
mod page;
mod server;
mod session;
mod shop;
mod sign_in;
mod site;
mod tracker;
mod travel;

#[cfg(test)]
mod client;
#[cfg(test)]
mod instance_tests;
#[cfg(test)]
mod near_misses;

pub use answer::Answer;
pub use assignment::{Assignment, Difficulty, family};
pub use changes::{Change, ChangeKind, Wanted};
pub use database::{Database, record, records};
pub use page::{Page, PageError, money, redirect};
pub use session::Session;
pub use shop::Shop;
pub use site::{App, CHANGES, Instance, Site, SiteError};
pub use tracker::Tracker;
pub use travel::Travel;

use glim_tasks::Suite;

/// The suites of all bundled sites.
pub fn suites() -> Vec<Suite> {
    vec![shop::suite(), tracker::suite(), travel::suite()]
}
