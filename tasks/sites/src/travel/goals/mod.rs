//! Goals on the booking site.

mod booking;
mod calendar;
mod questions;

use std::sync::Arc;

use glim_env::SplitMix;
use glim_tasks::TaskFamily;

use super::Travel;
use super::atlas::{Atlas, Hotel, Room, Stay, Traveller};
use crate::Difficulty::{self, Easy, Hard, Medium};
use crate::assignment::Make;
use crate::solver::{Step, button, choose, fill, link};
use crate::{Wanted, clock, family};

/// All goals, questions first.
pub(crate) const GOALS: &[(&str, Difficulty, Make)] = &[
    ("breakfast-price", Easy, questions::breakfast_price),
    ("parking-for-stay", Easy, questions::parking_for_stay),
    ("arrival-of-booking", Easy, questions::arrival_of_booking),
    ("price-of-stay", Medium, questions::price_of_stay),
    ("cheapest-hotel", Medium, questions::cheapest_hotel),
    ("hotels-with-rooms", Medium, questions::hotels_with_rooms),
    ("best-rated-with-pets", Medium, questions::best_rated_with_pets),
    ("cheapest-night", Hard, questions::cheapest_night),
    ("calendar-entry-on-day", Medium, calendar::entry_on_day),
    ("add-calendar-entry", Easy, calendar::add_entry),
    ("move-calendar-entry", Medium, calendar::move_entry),
    ("delete-calendar-entry", Medium, calendar::delete_entry),
    ("cancel-booking", Easy, booking::cancel),
    ("change-contact", Easy, booking::change_contact),
    ("change-dates", Medium, booking::change_dates),
    ("book-room", Medium, booking::book_room),
    ("book-with-extras", Hard, booking::book_with_extras),
    ("book-cheapest-stay", Hard, booking::book_cheapest),
];

/// The goals as families.
pub(crate) fn families() -> Vec<Arc<dyn TaskFamily>> {
    GOALS.iter().map(|(name, difficulty, make)| family::<Travel>(name, *difficulty, *make)).collect()
}

/// One of the candidates.
fn pick<T>(random: &mut SplitMix, candidates: impl IntoIterator<Item = T>) -> T {
    let mut candidates: Vec<T> = candidates.into_iter().collect();
    assert!(!candidates.is_empty(), "every atlas has what a goal needs");
    let at = random.below(candidates.len());
    candidates.swap_remove(at)
}

/// The first draw that gives something.
fn draw<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    (0..10_000).find_map(|_| attempt()).expect("every atlas has what a goal needs")
}

/// A hotel, a room in it and a stay for which that room is free.
fn draw_stay<'a>(random: &mut SplitMix, atlas: &'a Atlas) -> (&'a Hotel, &'a Room, Stay) {
    draw(|| {
        let hotel = random.choose(&atlas.hotels);
        let room = random.choose(&hotel.rooms);
        let stay = Stay::draw(random);
        room.price(stay).map(|_| (hotel, room, stay))
    })
}

/// `from 10 February 2026 to 13 February 2026`.
fn in_words(stay: Stay) -> String {
    let day = |day: jiff::civil::Date| clock::long(&day.to_string());
    format!("from {} to {}", day(stay.check_in()), day(stay.check_out()))
}

fn guests_in_words(guests: i64) -> String {
    if guests == 1 { "1 guest".to_owned() } else { format!("{guests} guests") }
}

fn as_user(user: &Traveller) -> String {
    format!("Sign in as {} (e-mail {}, password {}).", user.name, user.email, user.password)
}

fn sign_in(user: &Traveller) -> Vec<Step> {
    vec![link("Sign in"), fill("E-mail", &user.email), fill("Password", &user.password), button("Sign in")]
}

/// From the front page to the hotels of a city that are free.
fn search(city: &str, stay: Stay, guests: i64) -> Vec<Step> {
    vec![
        fill("Where to?", city),
        fill("Check-in", stay.check_in()),
        fill("Check-out", stay.check_out()),
        choose("Guests", guests_in_words(guests)),
        button("Search"),
    ]
}

/// From the front page to a hotel, without dates.
fn visit(hotel: &Hotel) -> Vec<Step> {
    vec![link(hotel.city), link(&hotel.name)]
}

/// What taking (`by` -1) or giving back (`by` 1) a room for a stay leaves in the database.
fn nights(room: &Room, stay: Stay, by: i64) -> impl Iterator<Item = Wanted> {
    (stay.from..stay.from + stay.nights).map(move |after| {
        Wanted::changed("nights").with("id", room.night_id(after)).set("free", room.nights[after].free + by)
    })
}
