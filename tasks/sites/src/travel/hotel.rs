//! A hotel's page: rooms for the chosen dates, prices night by night, and its picture.

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::params;
use serde::Deserialize;
use serde_json::{Value, json};

use super::stay::Wish;
use crate::clock::TODAY;
use crate::{App, Page, PageError, Session, content, record, records};

const HOTEL: &str = "SELECT hotels.*, cities.name AS city, country FROM hotels JOIN cities ON cities.id = city_id WHERE hotels.slug = ?1";

pub(crate) async fn show(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Query(wish): Query<Wish>,
) -> Page {
    let (dates, error) = match wish.dates() {
        None => (None, None),
        Some(Ok(dates)) => (Some(dates), None),
        Some(Err(why)) => (None, Some(why)),
    };
    let (hotel, rooms) = app.db.read(|db| {
        let hotel = record(db, HOTEL, [&slug])?;
        let sql = "SELECT rooms.*, (SELECT min(price) FROM nights WHERE room_id = rooms.id) AS lowest
            FROM rooms WHERE hotel_id = ?1 ORDER BY id";
        let mut rooms = records(db, sql, [hotel["id"].as_i64()])?;
        for room in &mut rooms {
            let id = room["id"].as_i64().unwrap_or(0);
            let total = dates.map(|dates| dates.price(db, id)).transpose()?.flatten();
            room.insert("total".to_owned(), total.into());
        }
        Ok::<_, rusqlite::Error>((hotel, rooms))
    })?;
    let nights = dates.map(|dates| dates.nights());
    app.page(&session, "travel/hotel.html", content! { hotel, rooms, wish, error, nights, guests => wish.guests() })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Month {
    room: String,
    month: String,
}

/// A room's prices in a month, as a calendar.
pub(crate) async fn prices(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Query(asked): Query<Month>,
) -> Page {
    let first = month_of(&asked.month);
    let (hotel, rooms, room, nights) = app.db.read(|db| {
        let hotel = record(db, HOTEL, [&slug])?;
        let rooms = records(db, "SELECT * FROM rooms WHERE hotel_id = ?1 ORDER BY id", [hotel["id"].as_i64()])?;
        let room = rooms.iter().find(|room| room["id"].as_i64() == asked.room.parse().ok()).or(rooms.first()).cloned();
        let sql = "SELECT day, price, free FROM nights WHERE room_id = ?1 AND day >= ?2 AND day < ?3 ORDER BY day";
        let id = room.as_ref().and_then(|room| room["id"].as_i64());
        let next = first.saturating_add(1.month());
        let nights = records(db, sql, params![id, first.to_string(), next.to_string()])?;
        Ok::<_, rusqlite::Error>((hotel, rooms, room, nights))
    })?;
    let of_day =
        |day: Date| nights.iter().find(|night| night["day"] == day.to_string().as_str()).map(|night| json!(night));
    let weeks = weeks(first, of_day);
    app.page(&session, "travel/prices.html", content! { hotel, rooms, room, weeks, ..month_links(first) })
}

/// The first day of a month written as `2026-02`, or of this month.
pub(crate) fn month_of(text: &str) -> Date {
    let first = format!("{}-01", text.trim()).parse::<Date>().ok();
    first.filter(|day| (2020..=2035).contains(&day.year())).unwrap_or(TODAY.first_of_month())
}

/// What the heading of a month's page needs.
pub(crate) fn month_links(first: Date) -> minijinja::Value {
    let month = |day: Date| day.strftime("%Y-%m").to_string();
    content! {
        month => month(first),
        month_name => first.strftime("%B %Y").to_string(),
        previous => month(first.saturating_sub(1.month())),
        next => month(first.saturating_add(1.month())),
    }
}

/// The weeks of a month from Monday to Sunday; days of its neighbours are `null`, and each day carries `of_day`.
pub(crate) fn weeks(first: Date, of_day: impl Fn(Date) -> Option<Value>) -> Vec<Vec<Value>> {
    let mut days: Vec<Value> = vec![Value::Null; first.weekday().to_monday_zero_offset() as usize];
    for after in 0..first.days_in_month() {
        let day = first.saturating_add(i64::from(after).days());
        days.push(
            json!({"number": day.day(), "day": day.to_string(), "content": of_day(day), "is_today": day == TODAY}),
        );
    }
    while !days.len().is_multiple_of(7) {
        days.push(Value::Null);
    }
    days.chunks(7).map(<[Value]>::to_vec).collect()
}

/// A drawing of the house.
pub(crate) async fn image(State(app): State<App>, Path(file): Path<String>) -> Result<Response, PageError> {
    let slug = file.strip_suffix(".svg").ok_or(PageError::NotFound)?;
    let (id, stars): (i64, i64) = app.db.read(|db| {
        db.query_row("SELECT id, stars FROM hotels WHERE slug = ?1", [slug], |row| Ok((row.get(0)?, row.get(1)?)))
    })?;
    let svg = drawing(id as usize, stars as usize);
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=86400")], svg).into_response())
}

fn drawing(id: usize, floors: usize) -> String {
    let sky = ["#cfe3f2", "#f6dfc6", "#dfe7d8", "#e4dcf0"][(id / 4 + id) % 4];
    let wall = ["#c9705a", "#8aa5b8", "#d9b26a", "#7f9a80", "#b98aa0"][id % 5];
    let (width, height) = (130 + id * 37 % 90, 44 + floors * 32);
    let (left, top) = (200 - width / 2, 250 - height);
    let mut windows = String::new();
    for floor in 0..floors {
        for column in 0..width / 34 {
            let lit = (id + floor * 3 + column * 5).is_multiple_of(4);
            let fill = if lit { "#ffe9a8" } else { "#3d4a57" };
            let (x, y) = (left + 12 + column * 34, top + 14 + floor * 32);
            windows.push_str(&format!("<rect x='{x}' y='{y}' width='16' height='20' rx='2' fill='{fill}'/>"));
        }
    }
    let roof = format!("{},{top} 200,{} {},{top}", left - 8, top - 34, left + width + 8);
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 400 300'><rect width='400' height='300' fill='{sky}'/>\
         <circle cx='{}' cy='62' r='24' fill='#fff8'/><path d='M0 232q100-40 200 0t200-8v76H0z' fill='#0001'/>\
         <rect x='{left}' y='{top}' width='{width}' height='{height}' fill='{wall}'/><polygon points='{roof}' fill='#5d4a44'/>\
         {windows}<rect x='190' y='222' width='20' height='28' fill='#4b3a34'/><rect y='250' width='400' height='50' fill='#9aa48c'/></svg>",
        60 + id * 53 % 280
    )
}
