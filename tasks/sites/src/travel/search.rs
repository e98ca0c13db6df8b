//! The front page and the list of hotels of a city.

use axum::Json;
use axum::extract::{Query, State};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::stay::Wish;
use crate::{App, Page, PageError, Session, content, records};

/// What the list is narrowed by; empty fields do not narrow.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Filters {
    city: String,
    check_in: String,
    check_out: String,
    guests: String,
    stars: String,
    rating: String,
    pool: String,
    pets: String,
    sort: String,
}

pub(crate) async fn home(State(app): State<App>, session: Session) -> Page {
    let cities = app.db.read(|db| {
        records(
            db,
            "SELECT cities.*, count(*) AS hotels, (SELECT slug FROM hotels WHERE city_id = cities.id LIMIT 1) AS hotel
             FROM cities JOIN hotels ON city_id = cities.id GROUP BY cities.id ORDER BY cities.name",
            [],
        )
    })?;
    app.page(&session, "travel/home.html", content! { cities, filters => Filters::default() })
}

pub(crate) async fn results(State(app): State<App>, session: Session, Query(filters): Query<Filters>) -> Page {
    let wish = Wish {
        check_in: filters.check_in.clone(),
        check_out: filters.check_out.clone(),
        guests: filters.guests.clone(),
    };
    let (dates, error) = match wish.dates() {
        None => (None, None),
        Some(Ok(dates)) => (Some(dates), None),
        Some(Err(why)) => (None, Some(why)),
    };
    let order = match filters.sort.as_str() {
        "price" => "total IS NULL, total, hotels.id",
        "rating" => "total IS NULL, rating DESC, hotels.id",
        "stars" => "total IS NULL, stars DESC, hotels.id",
        _ => "total IS NULL, hotels.id",
    };
    // Without dates, the total is the lowest price of any night.
    let offers = "SELECT hotel_id, min(total) AS total FROM (
            SELECT hotel_id, CASE WHEN ?2 = '' THEN min(price) ELSE sum(price) END AS total
            FROM rooms JOIN nights ON room_id = rooms.id
            WHERE sleeps >= ?4 AND (?2 = '' OR day >= ?2 AND day < ?3)
            GROUP BY rooms.id HAVING ?2 = '' OR count(*) = ?5 AND min(free) > 0)
        GROUP BY hotel_id";
    let sql = format!(
        "SELECT hotels.*, cities.name AS city, total FROM hotels JOIN cities ON cities.id = city_id
         LEFT JOIN ({offers}) AS offers ON hotel_id = hotels.id
         WHERE (?1 = '' OR cities.name = ?1 COLLATE NOCASE) AND stars >= ?6 AND rating >= ?7 AND pool >= ?8 AND pets >= ?9
         ORDER BY {order}"
    );
    let number = |text: &str| text.parse::<i64>().unwrap_or(0);
    let hotels = app.db.read(|db| {
        let (from, to) = dates.map_or_else(Default::default, |it| (it.check_in.to_string(), it.check_out.to_string()));
        let nights = dates.map_or(0, |dates| dates.nights());
        let switch = |text: &str| i64::from(!text.is_empty());
        records(
            db,
            &sql,
            params![
                filters.city.trim(),
                from,
                to,
                wish.guests(),
                nights,
                number(&filters.stars),
                number(&filters.rating) * 10,
                switch(&filters.pool),
                switch(&filters.pets)
            ],
        )
    })?;
    let free = hotels.iter().filter(|hotel| !hotel["total"].is_null()).count();
    let nights = dates.map(|dates| dates.nights());
    app.page(
        &session,
        "travel/results.html",
        content! { hotels, filters, error, free, nights, guests => wish.guests() },
    )
}

#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    q: String,
}

/// Cities that begin with what was typed.
pub(crate) async fn suggest(State(app): State<App>, Query(typed): Query<Typed>) -> Result<Json<Vec<Value>>, PageError> {
    let sql = "SELECT name FROM cities WHERE substr(lower(name), 1, length(?1)) = lower(?1) ORDER BY name";
    let found = app.db.read(|db| records(db, sql, [typed.q.trim()]))?;
    Ok(Json(found.iter().map(|row| json!({"label": row["name"]})).collect()))
}
