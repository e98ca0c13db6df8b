//! The booking site as a visitor without a browser sees it.

use axum::http::StatusCode;
use glim_env::Seed;

use super::Travel;
use super::atlas::{Atlas, Stay};
use super::goals::GOALS;
use crate::client::Visitor;
use crate::{Assignment, Site};

const SEED: Seed = Seed(12);

fn goal(name: &str) -> Assignment {
    let (_, _, make) = GOALS.iter().find(|(it, _, _)| *it == name).expect("there is such a goal");
    make(SEED, &mut SEED.derive(format!("{}/{name}", Travel::NAME)).generator())
}

/// What a visitor says on the way to a booking.
#[derive(Clone)]
struct Said {
    room: String,
    check_in: String,
    check_out: String,
    guests: String,
    first_name: String,
    breakfast: String,
}

async fn book(visitor: &mut Visitor, slug: &str, last_name: &str, email: &str, said: &Said) -> String {
    let room = [
        ("room", said.room.as_str()),
        ("check_in", &said.check_in),
        ("check_out", &said.check_out),
        ("guests", &said.guests),
    ];
    visitor.post(&format!("/hotels/{slug}/book"), &room).await;
    visitor.post("/book/guest", &[("first_name", &said.first_name), ("last_name", last_name), ("email", email)]).await;
    visitor.post("/book/extras", &[("breakfast", &said.breakfast)]).await;
    visitor.post("/book/payment", &[("method", "hotel")]).await;
    visitor.post("/book/review", &[]).await.1
}

#[tokio::test]
async fn a_booking_passes_only_as_it_was_asked_for() {
    let atlas = Atlas::of(SEED);
    let goal = goal("book-room");
    let row = &goal.wanted[0].columns;
    let value = |name: &str| &row.iter().find(|(it, _)| *it == name).expect("it is named").1;
    let text = |name: &str| value(name).as_str().expect("a text").to_owned();
    let (hotel, room) = atlas.room(value("room_id").as_i64().unwrap());
    let right = Said {
        room: room.id.to_string(),
        check_in: text("check_in"),
        check_out: text("check_out"),
        guests: value("guests").to_string(),
        first_name: text("first_name"),
        breakfast: String::new(),
    };
    let other_guests = if right.guests == "1" { "2" } else { "1" };
    let near = [
        (right.clone(), true),
        (Said { guests: other_guests.to_owned(), ..right.clone() }, false),
        (Said { first_name: "Nobody".to_owned(), ..right.clone() }, false),
        (Said { breakfast: "1".to_owned(), ..right.clone() }, false),
        (Said { check_in: "2026-01-16".to_owned(), check_out: "2026-01-17".to_owned(), ..right.clone() }, false),
    ];
    for (said, passes) in near {
        let mut visitor = Visitor::of::<Travel>(SEED);
        book(&mut visitor, &hotel.slug, &text("last_name"), &text("email"), &said).await;
        let verdict = visitor.verdict(&goal);
        assert_eq!(verdict.is_success(), passes, "{verdict:?}");
    }
    let mut twice = Visitor::of::<Travel>(SEED);
    for _ in 0..2 {
        book(&mut twice, &hotel.slug, &text("last_name"), &text("email"), &right).await;
    }
    assert!(!twice.verdict(&goal).is_success(), "booked twice");
}

#[tokio::test]
async fn a_room_that_is_taken_cannot_be_booked() {
    let atlas = Atlas::of(SEED);
    let (hotel, room, after) = atlas
        .rooms()
        .find_map(|(hotel, room)| Some((hotel, room, room.nights.iter().position(|night| night.free == 0)?)))
        .expect("some nights are full");
    let stay = Stay { from: after, nights: 1 };
    let mut visitor = Visitor::of::<Travel>(SEED);
    let (room, check_in, check_out) = (room.id.to_string(), stay.check_in().to_string(), stay.check_out().to_string());
    let form = [("room", room.as_str()), ("check_in", &check_in), ("check_out", &check_out), ("guests", "1")];
    let (_, body) = visitor.post(&format!("/hotels/{}/book", hotel.slug), &form).await;
    assert!(body.contains("This room is not free on all of these nights."));
    for (check_in, check_out, why) in [
        ("2026-01-14", "2026-01-16", "lies in the past"),
        ("2026-02-10", "2026-02-10", "must be after the arrival"),
        ("2026-02-10", "2027-02-10", "that far ahead"),
        ("soon", "2026-02-10", "year-month-day"),
    ] {
        let body = visitor.get(&format!("/hotels/{}?check_in={check_in}&check_out={check_out}", hotel.slug)).await;
        assert!(body.contains(why), "{check_in} to {check_out}");
    }
    assert_eq!(visitor.db().changes().unwrap(), []);
}

#[tokio::test]
async fn a_booking_needs_its_reference_and_name() {
    let atlas = Atlas::of(SEED);
    let booking = &atlas.bookings[3];
    let path = format!("/bookings/{}", booking.reference);
    let mut visitor = Visitor::of::<Travel>(SEED);
    assert_eq!(visitor.look(&path).await.0, StatusCode::NOT_FOUND);
    assert_eq!(visitor.post(&format!("{path}/cancel"), &[]).await.0, StatusCode::NOT_FOUND);
    let wrong = [("reference", booking.reference.as_str()), ("last_name", "Nobody")];
    assert!(visitor.post("/bookings", &wrong).await.1.contains("We know no booking"));
    assert_eq!(visitor.db().changes().unwrap(), []);

    let name = booking.last_name.to_uppercase();
    let (status, body) = visitor.post("/bookings", &[("reference", &booking.reference), ("last_name", &name)]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains(&booking.reference));
    assert_eq!(visitor.another().look(&path).await.0, StatusCode::NOT_FOUND, "another browser knows nothing of it");
}

#[tokio::test]
async fn dates_move_the_rooms_and_the_price_with_them() {
    let atlas = Atlas::of(SEED);
    let booking = &atlas.bookings[2];
    let (_, room) = atlas.room(booking.room);
    let old = booking.stay;
    // One night later: all but the ends are nights that the booking holds itself.
    let new = Stay { from: old.from + 1, nights: old.nights };
    let mut visitor = Visitor::of::<Travel>(SEED);
    visitor.post("/bookings", &[("reference", &booking.reference), ("last_name", booking.last_name)]).await;
    let (check_in, check_out) = (new.check_in().to_string(), new.check_out().to_string());
    let path = format!("/bookings/{}/dates", booking.reference);
    let (status, body) = visitor.post(&path, &[("check_in", &check_in), ("check_out", &check_out)]).await;
    let changes = visitor.db().changes().unwrap();
    if room.nights[old.from + old.nights].free == 0 {
        assert!(body.contains("not free on all of these nights"));
        assert_eq!(changes, []);
    } else {
        assert_eq!(status, StatusCode::OK);
        assert_eq!(changes.len(), 3, "the booking, a night given back, a night taken: {changes:?}");
    }
}
