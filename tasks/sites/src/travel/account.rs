//! Signing in, and a traveller's own bookings.

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::{App, Page, Session, content, records, redirect};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Credentials {
    email: String,
    #[serde(skip_serializing)]
    password: String,
    /// Where to go afterwards.
    next: String,
}

pub(crate) async fn sign_in_form(State(app): State<App>, session: Session, Query(form): Query<Credentials>) -> Page {
    app.page(&session, "travel/signin.html", content! { form, error => None::<&str> })
}

pub(crate) async fn sign_in(State(app): State<App>, session: Session, Form(form): Form<Credentials>) -> Page {
    let signed_in = app.db.write(|db| {
        let sql = "SELECT id FROM users WHERE email = ?1 AND password = ?2";
        let user = db.query_row(sql, params![form.email.trim(), form.password], |row| row.get(0)).optional()?;
        if let Some(user) = user {
            session.sign_in(db, user)?;
            session.notify(db, "You are signed in.")?;
        }
        Ok::<_, rusqlite::Error>(user.is_some())
    })?;
    if !signed_in {
        let content = content! { form, error => "E-mail or password is wrong." };
        return app.page_with(StatusCode::UNPROCESSABLE_ENTITY, &session, "travel/signin.html", content);
    }
    // Only paths of this site; `//host` would leave it.
    let local = form.next.starts_with('/') && !form.next.starts_with("//") && !form.next.contains('\\');
    Ok(redirect(if local { &form.next } else { "/trips" }))
}

pub(crate) async fn sign_out(State(app): State<App>, session: Session) -> Page {
    app.db.write(|db| {
        session.sign_out(db)?;
        session.notify(db, "You are signed out.")
    })?;
    Ok(redirect("/"))
}

pub(crate) async fn trips(State(app): State<App>, session: Session) -> Page {
    let Some(user) = session.user else { return Ok(redirect("/signin?next=/trips")) };
    let sql = "SELECT bookings.*, rooms.name AS room, hotels.name AS hotel, slug FROM bookings
        JOIN rooms ON rooms.id = room_id JOIN hotels ON hotels.id = hotel_id WHERE user_id = ?1 ORDER BY check_in";
    let bookings = app.db.read(|db| records(db, sql, [user]))?;
    app.page(&session, "travel/trips.html", content! { bookings })
}
