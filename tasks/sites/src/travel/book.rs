//! A booking over several pages: guest, extras, payment, review.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::stay::{Dates, Wish};
use crate::form::{Payment, is_email};
use crate::{App, Page, Session, content, record, records, redirect};

#[derive(Debug, Deserialize)]
pub(crate) struct Choice {
    room: i64,
    #[serde(flatten)]
    wish: Wish,
}

/// Takes a room into a draft.
pub(crate) async fn begin(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Form(choice): Form<Choice>,
) -> Page {
    let to = app.db.write(|db| {
        let sql = "SELECT sleeps FROM rooms JOIN hotels ON hotels.id = hotel_id WHERE rooms.id = ?1 AND slug = ?2";
        let sleeps: i64 = db.query_row(sql, params![choice.room, slug], |row| row.get(0))?;
        let problem = match choice.wish.dates() {
            None => "Choose your dates first.",
            Some(Err(why)) => why,
            Some(Ok(dates)) if dates.guests > sleeps => "This room is too small for so many guests.",
            Some(Ok(dates)) if dates.price(db, choice.room)?.is_none() => {
                "This room is not free on all of these nights."
            }
            Some(Ok(dates)) => {
                db.execute("DELETE FROM drafts WHERE session_id = ?1", [&session.id])?;
                db.execute(
                    "INSERT INTO drafts (session_id, room_id, check_in, check_out, guests) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        session.id,
                        choice.room,
                        dates.check_in.to_string(),
                        dates.check_out.to_string(),
                        dates.guests
                    ],
                )?;
                return Ok::<_, rusqlite::Error>("/book/guest".to_owned());
            }
        };
        session.notify(db, problem)?;
        Ok(format!("/hotels/{slug}"))
    })?;
    Ok(redirect(&to))
}

/// The draft with all that the pages show of it; `None` if there is none or `needed` was not entered yet.
fn draft(db: &Connection, session: &Session, needed: &str) -> rusqlite::Result<Option<Map<String, Value>>> {
    let sql =
        "SELECT drafts.*, rooms.name AS room, hotels.name AS hotel, hotels.slug, hotels.breakfast AS breakfast_price,
            hotels.parking AS parking_price, free_cancellation
        FROM drafts JOIN rooms ON rooms.id = room_id JOIN hotels ON hotels.id = hotel_id WHERE session_id = ?1";
    let Some(mut draft) = records(db, sql, [&session.id])?.into_iter().next() else { return Ok(None) };
    if draft[needed].is_null() {
        return Ok(None);
    }
    let Some(dates) = dates(&draft) else { return Ok(None) };
    let number = |column: &str| draft[column].as_i64().unwrap_or(0);
    let room = dates.price(db, number("room_id"))?;
    let breakfast = number("breakfast_price") * dates.guests * dates.nights();
    let parking = number("parking_price") * dates.nights();
    let extras = number("breakfast") * breakfast + number("parking") * parking;
    for (name, value) in [
        ("nights", Some(dates.nights())),
        ("room_sum", room),
        ("breakfast_sum", Some(breakfast)),
        ("parking_sum", Some(parking)),
        ("total", room.map(|room| room + extras)),
    ] {
        draft.insert(name.to_owned(), value.into());
    }
    Ok(Some(draft))
}

/// The dates of a draft or booking.
pub(crate) fn dates(row: &Map<String, Value>) -> Option<Dates> {
    let text = |column: &str| row[column].as_str()?.parse().ok();
    Some(Dates { check_in: text("check_in")?, check_out: text("check_out")?, guests: row["guests"].as_i64()? })
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Guest {
    first_name: String,
    last_name: String,
    email: String,
    phone: String,
}

pub(crate) async fn guest(State(app): State<App>, session: Session) -> Page {
    guest_page(&app, &session, &Guest::default(), &Map::new())
}

fn guest_page(app: &App, session: &Session, form: &Guest, errors: &Map<String, Value>) -> Page {
    let Some(draft) = app.db.read(|db| draft(db, session, "room_id"))? else { return Ok(redirect("/")) };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    app.page_with(status, session, "travel/book_guest.html", content! { draft, form, errors })
}

pub(crate) async fn take_guest(State(app): State<App>, session: Session, Form(form): Form<Guest>) -> Page {
    let mut errors = Map::new();
    for (name, value) in [("first_name", &form.first_name), ("last_name", &form.last_name)] {
        if value.trim().is_empty() {
            errors.insert(name.to_owned(), "This is needed.".into());
        }
    }
    if !is_email(&form.email) {
        errors.insert("email".to_owned(), "Enter an e-mail address such as name@example.com.".into());
    }
    if !errors.is_empty() {
        return guest_page(&app, &session, &form, &errors);
    }
    app.db.write(|db| {
        db.execute(
            "UPDATE drafts SET first_name = ?2, last_name = ?3, email = ?4, phone = ?5 WHERE session_id = ?1",
            params![session.id, form.first_name.trim(), form.last_name.trim(), form.email.trim(), form.phone.trim()],
        )
    })?;
    Ok(redirect("/book/extras"))
}

pub(crate) async fn extras(State(app): State<App>, session: Session) -> Page {
    let Some(draft) = app.db.read(|db| draft(db, &session, "last_name"))? else { return Ok(redirect("/book/guest")) };
    app.page(&session, "travel/book_extras.html", content! { draft })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Extras {
    breakfast: String,
    parking: String,
}

pub(crate) async fn take_extras(State(app): State<App>, session: Session, Form(form): Form<Extras>) -> Page {
    app.db.write(|db| {
        db.execute(
            "UPDATE drafts SET breakfast = ?2, parking = ?3 WHERE session_id = ?1",
            params![session.id, i64::from(!form.breakfast.is_empty()), i64::from(!form.parking.is_empty())],
        )
    })?;
    Ok(redirect("/book/payment"))
}

pub(crate) async fn payment(State(app): State<App>, session: Session) -> Page {
    payment_page(&app, &session, &Payment::default(), &Map::new())
}

fn payment_page(app: &App, session: &Session, form: &Payment, errors: &Map<String, Value>) -> Page {
    let Some(draft) = app.db.read(|db| draft(db, session, "breakfast"))? else { return Ok(redirect("/book/extras")) };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    app.page_with(status, session, "travel/book_payment.html", content! { draft, form, errors })
}

pub(crate) async fn take_payment(State(app): State<App>, session: Session, Form(form): Form<Payment>) -> Page {
    let payment = match form.receipt(("hotel", "At the hotel")) {
        Ok(payment) => payment,
        Err(errors) => return payment_page(&app, &session, &form, &errors),
    };
    let sql = "UPDATE drafts SET payment = ?2 WHERE session_id = ?1";
    app.db.write(|db| db.execute(sql, params![session.id, payment]))?;
    Ok(redirect("/book/review"))
}

pub(crate) async fn review(State(app): State<App>, session: Session) -> Page {
    let Some(draft) = app.db.read(|db| draft(db, &session, "payment"))? else { return Ok(redirect("/book/payment")) };
    app.page(&session, "travel/book_review.html", content! { draft })
}

pub(crate) async fn confirm(State(app): State<App>, session: Session) -> Page {
    let to = app.db.write(|db| {
        let Some(draft) = draft(db, &session, "payment")? else { return Ok("/book/review".to_owned()) };
        let Some((dates, total)) = dates(&draft).zip(draft["total"].as_i64()) else {
            session.notify(db, "Somebody else has just taken this room.")?;
            return Ok(format!("/hotels/{}", draft["slug"].as_str().unwrap_or_default()));
        };
        let room = draft["room_id"].as_i64().unwrap_or(0);
        dates.shift(db, room, -1)?;
        let reference = next_reference(db)?;
        let text = |column: &str| draft[column].as_str().unwrap_or_default().to_owned();
        db.execute(
            "INSERT INTO bookings (reference, user_id, room_id, check_in, check_out, guests, first_name, last_name, email, phone,
                breakfast, parking, payment, total, status)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'Confirmed')",
            params![
                reference,
                session.user,
                room,
                text("check_in"),
                text("check_out"),
                dates.guests,
                text("first_name"),
                text("last_name"),
                text("email"),
                text("phone"),
                draft["breakfast"].as_i64(),
                draft["parking"].as_i64(),
                text("payment"),
                total
            ],
        )?;
        let booking = db.last_insert_rowid();
        db.execute("INSERT INTO lookups (session_id, booking_id) VALUES (?1, ?2)", params![session.id, booking])?;
        db.execute("DELETE FROM drafts WHERE session_id = ?1", [&session.id])?;
        session.notify(db, &format!("Your booking is confirmed. The reference is {reference}."))?;
        Ok::<_, rusqlite::Error>(format!("/bookings/{reference}"))
    })?;
    Ok(redirect(&to))
}

/// Follows the last booking's reference: equal episodes get equal references.
fn next_reference(db: &Connection) -> rusqlite::Result<String> {
    let last = record(db, "SELECT max(CAST(substr(reference, 4) AS INTEGER)) AS last FROM bookings", [])?;
    Ok(format!("WNX{}", last["last"].as_i64().unwrap_or(4000) + 17))
}
