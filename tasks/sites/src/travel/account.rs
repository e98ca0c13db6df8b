//! Signing in, and a traveller's own bookings.

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;

use crate::sign_in::Credentials;
use crate::{App, Page, Session, content, records, redirect};

pub(crate) async fn sign_in_form(State(app): State<App>, session: Session, Query(form): Query<Credentials>) -> Page {
    app.page(&session, "travel/signin.html", content! { form, error => None::<&str> })
}

pub(crate) async fn sign_in(State(app): State<App>, session: Session, Form(form): Form<Credentials>) -> Page {
    let signed_in = app.db.write(|db| {
        let user = form.user(db)?;
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
    Ok(redirect(form.next_or("/trips")))
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
