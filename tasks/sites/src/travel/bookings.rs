//! Bookings: found by reference and last name, changed, cancelled.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::book::dates;
use super::stay::Wish;
use crate::form::is_email;
use crate::{App, Page, PageError, Session, content, record, redirect};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Lookup {
    reference: String,
    last_name: String,
}

pub(crate) async fn lookup_form(State(app): State<App>, session: Session) -> Page {
    app.page(&session, "travel/lookup.html", content! { form => Lookup::default(), error => None::<&str> })
}

pub(crate) async fn look_up(State(app): State<App>, session: Session, Form(form): Form<Lookup>) -> Page {
    let found = app.db.write(|db| {
        let sql = "SELECT id, reference FROM bookings WHERE reference = ?1 AND lower(last_name) = lower(?2)";
        let names = params![form.reference.trim(), form.last_name.trim()];
        let found: Option<(i64, String)> = db.query_row(sql, names, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if let Some((id, _)) = &found {
            db.execute(
                "INSERT OR IGNORE INTO lookups (session_id, booking_id) VALUES (?1, ?2)",
                params![session.id, id],
            )?;
        }
        Ok::<_, rusqlite::Error>(found)
    })?;
    match found {
        Some((_, reference)) => Ok(redirect(&format!("/bookings/{reference}"))),
        None => {
            let content = content! { form, error => "We know no booking with this reference and last name." };
            app.page_with(StatusCode::UNPROCESSABLE_ENTITY, &session, "travel/lookup.html", content)
        }
    }
}

/// A booking that this visitor may see.
fn booking(db: &Connection, session: &Session, reference: &str) -> Result<Map<String, Value>, PageError> {
    let sql = "SELECT bookings.*, rooms.name AS room, hotels.name AS hotel, hotels.slug, hotels.breakfast AS breakfast_price,
            hotels.parking AS parking_price, free_cancellation, district, cities.name AS city
        FROM bookings JOIN rooms ON rooms.id = room_id JOIN hotels ON hotels.id = hotel_id JOIN cities ON cities.id = city_id
        WHERE reference = ?1 AND (user_id = ?2 OR bookings.id IN (SELECT booking_id FROM lookups WHERE session_id = ?3))";
    Ok(record(db, sql, params![reference, session.user, session.id])?)
}

pub(crate) async fn show(State(app): State<App>, session: Session, Path(reference): Path<String>) -> Page {
    page(&app, &session, &reference, None)
}

fn page(app: &App, session: &Session, reference: &str, error: Option<&str>) -> Page {
    let booking = app.db.read(|db| booking(db, session, reference))?;
    let nights = dates(&booking).map_or(0, |dates| dates.nights());
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    app.page_with(status, session, "travel/booking.html", content! { booking, nights, error })
}

pub(crate) async fn change_dates(
    State(app): State<App>,
    session: Session,
    Path(reference): Path<String>,
    Form(mut wish): Form<Wish>,
) -> Page {
    let problem = app.db.write(|db| {
        let old = booking(db, &session, &reference)?;
        let number = |column: &str| old[column].as_i64().unwrap_or(0);
        wish.guests = number("guests").to_string();
        let dates_before = dates(&old).ok_or_else(|| PageError::Broken(format!("booking {reference} has no dates")))?;
        let new = match wish.dates() {
            _ if old["status"] != "Confirmed" => return Ok(Some("A cancelled booking cannot be changed.")),
            None => return Ok(Some("Enter the new dates.")),
            Some(Err(why)) => return Ok(Some(why)),
            Some(Ok(new)) => new,
        };
        // The nights that are given back may be booked again.
        let room = number("room_id");
        dates_before.shift(db, room, 1)?;
        let Some(price) = new.price(db, room)? else {
            dates_before.shift(db, room, -1)?;
            return Ok(Some("The room is not free on all of these nights."));
        };
        new.shift(db, room, -1)?;
        let breakfast = number("breakfast") * number("breakfast_price") * new.guests * new.nights();
        let parking = number("parking") * number("parking_price") * new.nights();
        db.execute(
            "UPDATE bookings SET check_in = ?2, check_out = ?3, total = ?4 WHERE id = ?1",
            params![number("id"), new.check_in.to_string(), new.check_out.to_string(), price + breakfast + parking],
        )?;
        session.notify(db, "The dates were changed.")?;
        Ok::<_, PageError>(None)
    })?;
    match problem {
        None => Ok(redirect(&format!("/bookings/{reference}"))),
        Some(why) => page(&app, &session, &reference, Some(why)),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Contact {
    email: String,
    phone: String,
}

pub(crate) async fn change_contact(
    State(app): State<App>,
    session: Session,
    Path(reference): Path<String>,
    Form(form): Form<Contact>,
) -> Page {
    if !is_email(&form.email) {
        return page(&app, &session, &reference, Some("Enter an e-mail address such as name@example.com."));
    }
    app.db.write(|db| {
        let id = booking(db, &session, &reference)?["id"].as_i64();
        let sql = "UPDATE bookings SET email = ?2, phone = ?3 WHERE id = ?1";
        db.execute(sql, params![id, form.email.trim(), form.phone.trim()])?;
        session.notify(db, "The contact details were saved.")?;
        Ok::<_, PageError>(())
    })?;
    Ok(redirect(&format!("/bookings/{reference}")))
}

pub(crate) async fn cancel(State(app): State<App>, session: Session, Path(reference): Path<String>) -> Page {
    app.db.write(|db| {
        let row = booking(db, &session, &reference)?;
        if row["status"] == "Confirmed" {
            db.execute("UPDATE bookings SET status = 'Cancelled' WHERE id = ?1", [row["id"].as_i64()])?;
            if let Some(dates) = dates(&row) {
                dates.shift(db, row["room_id"].as_i64().unwrap_or(0), 1)?;
            }
            session.notify(db, &format!("Booking {reference} was cancelled."))?;
        }
        Ok::<_, PageError>(())
    })?;
    Ok(redirect(&format!("/bookings/{reference}")))
}
