//! The traveller's calendar: stays and own entries, month by month.

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::hotel::{month_links, month_of, weeks};
use crate::{App, Page, Session, content, record, records, redirect};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Month {
    month: String,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Entry {
    title: String,
    day: String,
}

impl Entry {
    /// The day, if title and day are given.
    fn checked(&self) -> Result<Date, Map<String, Value>> {
        let mut errors = Map::new();
        if self.title.trim().is_empty() || self.title.chars().count() > 100 {
            errors.insert("title".to_owned(), "Give it a title of at most 100 characters.".into());
        }
        let day = self.day.trim().parse::<Date>();
        if day.is_err() {
            errors.insert("day".to_owned(), "Enter the date as year-month-day, such as 2026-02-20.".into());
        }
        day.ok().filter(|_| errors.is_empty()).ok_or(errors)
    }
}

fn to_sign_in() -> Page {
    Ok(redirect("/signin?next=/calendar"))
}

pub(crate) async fn show(State(app): State<App>, session: Session, Query(asked): Query<Month>) -> Page {
    month_page(&app, &session, month_of(&asked.month), &Entry::default(), &Map::new())
}

fn month_page(app: &App, session: &Session, first: Date, form: &Entry, errors: &Map<String, Value>) -> Page {
    let Some(user) = session.user else { return to_sign_in() };
    let (entries, stays) = app.db.read(|db| {
        let entries = records(db, "SELECT id, day, title FROM events WHERE user_id = ?1 ORDER BY day, id", [user])?;
        Ok::<_, rusqlite::Error>((entries, stays(db, user, first)?))
    })?;
    let of_day = |day: Date| {
        let day = day.to_string();
        let of = |rows: &[Map<String, Value>]| {
            rows.iter().filter(|row| row["day"] == day.as_str()).cloned().collect::<Vec<_>>()
        };
        Some(json!({"entries": of(&entries), "stays": of(&stays)}))
    };
    let weeks = weeks(first, of_day);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let content = content! { weeks, form, errors, ..month_links(first) };
    app.page_with(status, session, "travel/calendar.html", content)
}

/// The days of a month on which the user stays in a hotel.
fn stays(db: &Connection, user: i64, first: Date) -> rusqlite::Result<Vec<Map<String, Value>>> {
    let next = first.saturating_add(1.month());
    records(
        db,
        "SELECT DISTINCT day, reference, hotels.name AS hotel FROM bookings JOIN rooms ON rooms.id = bookings.room_id
         JOIN hotels ON hotels.id = hotel_id
         JOIN nights ON nights.room_id = bookings.room_id AND day >= check_in AND day < check_out
         WHERE user_id = ?1 AND status = 'Confirmed' AND day >= ?2 AND day < ?3 ORDER BY day",
        params![user, first.to_string(), next.to_string()],
    )
}

pub(crate) async fn add(State(app): State<App>, session: Session, Form(form): Form<Entry>) -> Page {
    let Some(user) = session.user else { return to_sign_in() };
    let day = match form.checked() {
        Ok(day) => day,
        Err(errors) => return month_page(&app, &session, month_of(""), &form, &errors),
    };
    app.db.write(|db| {
        let sql = "INSERT INTO events (user_id, day, title) VALUES (?1, ?2, ?3)";
        db.execute(sql, params![user, day.to_string(), form.title.trim()])?;
        session.notify(db, "The entry was added.")
    })?;
    Ok(redirect(&format!("/calendar?month={}", day.strftime("%Y-%m"))))
}

pub(crate) async fn event(State(app): State<App>, session: Session, Path(id): Path<i64>) -> Page {
    let Some(user) = session.user else { return to_sign_in() };
    let event =
        app.db.read(|db| record(db, "SELECT * FROM events WHERE id = ?1 AND user_id = ?2", params![id, user]))?;
    let text = |column: &str| event[column].as_str().unwrap_or_default().to_owned();
    let form = Entry { title: text("title"), day: text("day") };
    app.page(&session, "travel/event.html", content! { id, form, errors => Map::new() })
}

pub(crate) async fn change(
    State(app): State<App>,
    session: Session,
    Path(id): Path<i64>,
    Form(form): Form<Entry>,
) -> Page {
    let Some(user) = session.user else { return to_sign_in() };
    let day = match form.checked() {
        Ok(day) => day,
        Err(errors) => {
            let content = content! { id, form, errors };
            return app.page_with(StatusCode::UNPROCESSABLE_ENTITY, &session, "travel/event.html", content);
        }
    };
    app.db.write(|db| {
        let sql = "UPDATE events SET day = ?3, title = ?4 WHERE id = ?1 AND user_id = ?2";
        db.execute(sql, params![id, user, day.to_string(), form.title.trim()])?;
        session.notify(db, "The entry was changed.")
    })?;
    Ok(redirect(&format!("/calendar?month={}", day.strftime("%Y-%m"))))
}

pub(crate) async fn remove(State(app): State<App>, session: Session, Path(id): Path<i64>) -> Page {
    let Some(user) = session.user else { return to_sign_in() };
    app.db.write(|db| {
        db.execute("DELETE FROM events WHERE id = ?1 AND user_id = ?2", params![id, user])?;
        session.notify(db, "The entry was removed.")
    })?;
    Ok(redirect("/calendar"))
}
