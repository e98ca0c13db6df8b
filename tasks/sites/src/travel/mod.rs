//! The booking site: hotels with rooms that are free or taken night by night, a booking over several pages, bookings to
//! look up and change, and the traveller's calendar.

mod account;
mod atlas;
mod book;
mod bookings;
mod calendar;
mod goals;
mod hotel;
mod search;
mod stay;
mod store;
mod vocabulary;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use glim_env::Seed;
use glim_tasks::Suite;
use minijinja::Value;
use rusqlite::{Connection, OptionalExtension};

use crate::{App, Session, Site, content};
use atlas::Atlas;

/// The booking site `Wayfare`.
#[derive(Debug, Clone, Copy)]
pub struct Travel;

impl Site for Travel {
    const NAME: &'static str = "travel";
    const TITLE: &'static str = "Wayfare";
    const TRACES: &'static [&'static str] = &["drafts", "lookups"];

    fn schema() -> &'static str {
        include_str!("schema.sql")
    }

    fn populate(connection: &Connection, seed: Seed) -> rusqlite::Result<()> {
        store::fill(connection, &Atlas::of(seed))
    }

    fn router() -> Router<App> {
        Router::new()
            .route("/", get(search::home))
            .route("/search", get(search::results))
            .route("/api/cities", get(search::suggest))
            .route("/images/{slug}", get(hotel::image))
            .route("/hotels/{slug}", get(hotel::show))
            .route("/hotels/{slug}/prices", get(hotel::prices))
            .route("/hotels/{slug}/book", post(book::begin))
            .route("/book/guest", get(book::guest).post(book::take_guest))
            .route("/book/extras", get(book::extras).post(book::take_extras))
            .route("/book/payment", get(book::payment).post(book::take_payment))
            .route("/book/review", get(book::review).post(book::confirm))
            .route("/bookings", get(bookings::lookup_form).post(bookings::look_up))
            .route("/bookings/{reference}", get(bookings::show))
            .route("/bookings/{reference}/dates", post(bookings::change_dates))
            .route("/bookings/{reference}/contact", post(bookings::change_contact))
            .route("/bookings/{reference}/cancel", post(bookings::cancel))
            .route("/signin", get(account::sign_in_form).post(account::sign_in))
            .route("/signout", post(account::sign_out))
            .route("/trips", get(account::trips))
            .route("/calendar", get(calendar::show).post(calendar::add))
            .route("/calendar/{event}", get(calendar::event).post(calendar::change))
            .route("/calendar/{event}/remove", post(calendar::remove))
    }

    fn frame(connection: &Connection, session: &Session) -> rusqlite::Result<Value> {
        let name: Option<String> = match session.user {
            Some(user) => {
                connection.query_row("SELECT name FROM users WHERE id = ?1", [user], |row| row.get(0)).optional()?
            }
            None => None,
        };
        Ok(content! { name })
    }
}

#[cfg(test)]
pub(crate) use goals::GOALS;

/// The suite `travel`.
pub fn suite() -> Suite {
    Suite { name: Travel::NAME.to_owned(), families: goals::families() }
}
