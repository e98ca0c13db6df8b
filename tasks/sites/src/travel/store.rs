//! Fills the database from the atlas.

use rusqlite::{Connection, params};

use super::atlas::{Atlas, Hotel, day};
use super::vocabulary::CITIES;

pub(crate) fn fill(db: &Connection, atlas: &Atlas) -> rusqlite::Result<()> {
    for (at, (name, country)) in CITIES.iter().enumerate() {
        let slug = name.to_lowercase();
        db.execute("INSERT INTO cities VALUES (?1, ?2, ?3, ?4)", params![at as i64 + 1, slug, name, country])?;
    }
    for hotel in &atlas.hotels {
        fill_hotel(db, hotel)?;
    }
    for user in &atlas.travellers {
        let sql = "INSERT INTO users VALUES (?1, ?2, ?3, ?4)";
        db.execute(sql, params![user.id, user.name, user.email, user.password])?;
        for (day, title) in &user.events {
            let sql = "INSERT INTO events (user_id, day, title) VALUES (?1, ?2, ?3)";
            db.execute(sql, params![user.id, day.to_string(), title])?;
        }
    }
    for booking in &atlas.bookings {
        db.execute(
            "INSERT INTO bookings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '', 0, 0, 'At the hotel', ?11, 'Confirmed')",
            params![
                booking.id,
                booking.reference,
                booking.user,
                booking.room,
                booking.stay.check_in().to_string(),
                booking.stay.check_out().to_string(),
                booking.guests,
                booking.first_name,
                booking.last_name,
                booking.email,
                booking.total
            ],
        )?;
    }
    Ok(())
}

fn fill_hotel(db: &Connection, hotel: &Hotel) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO hotels VALUES (?1, (SELECT id FROM cities WHERE name = ?2), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
            ?13, ?14)",
        params![
            hotel.id,
            hotel.city,
            hotel.slug,
            hotel.name,
            hotel.stars,
            hotel.district,
            hotel.description,
            hotel.rating,
            hotel.reviews,
            hotel.breakfast,
            hotel.parking,
            hotel.pool,
            hotel.pets,
            hotel.free_cancellation
        ],
    )?;
    let mut insert = db.prepare_cached("INSERT INTO nights VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for room in &hotel.rooms {
        db.execute("INSERT INTO rooms VALUES (?1, ?2, ?3, ?4)", params![room.id, hotel.id, room.name, room.sleeps])?;
        for (after, night) in room.nights.iter().enumerate() {
            insert.execute(params![room.night_id(after), room.id, day(after).to_string(), night.price, night.free])?;
        }
    }
    Ok(())
}
