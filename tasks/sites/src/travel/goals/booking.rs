//! Goals that make, change or cancel a booking.

use glim_env::{Seed, SplitMix};
use serde_json::Value;

use super::questions::{cheapest, find_booking};
use super::{draw, draw_stay, guests_in_words, in_words, nights, pick, search};
use crate::solver::{Step, button, click, fill, link};
use crate::travel::atlas::{Atlas, Hotel, Room, Stay};
use crate::travel::vocabulary::{CITIES, FIRST_NAMES, LAST_NAMES};
use crate::{Assignment, Wanted};

pub(crate) fn cancel(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let booking = pick(random, &atlas.bookings);
    let (_, room) = atlas.room(booking.room);
    let text = format!("Cancel the booking {} of {} {}.", booking.reference, booking.first_name, booking.last_name);
    let mut wanted = vec![Wanted::changed("bookings").with("id", booking.id).set("status", "Cancelled")];
    wanted.extend(nights(room, booking.stay, 1));
    let mut plan = find_booking(&booking.reference, booking.last_name);
    plan.push(button("Cancel booking"));
    Assignment::change(text, wanted, plan)
}

pub(crate) fn change_contact(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let booking = pick(random, &atlas.bookings);
    let phone = format!("+49 30 {}", 100_000 + random.below(900_000));
    let text = format!(
        "Set the phone number of the booking {} ({} {}) to {phone}.",
        booking.reference, booking.first_name, booking.last_name
    );
    let wanted = vec![Wanted::changed("bookings").with("id", booking.id).set("phone", phone.clone())];
    let mut plan = find_booking(&booking.reference, booking.last_name);
    plan.extend([fill("Phone", phone), button("Save contact")]);
    Assignment::change(text, wanted, plan)
}

pub(crate) fn change_dates(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let (booking, room, stay) = draw(|| {
        let booking = random.choose(&atlas.bookings);
        let (_, room) = atlas.room(booking.room);
        let stay = Stay::draw(random);
        let old = booking.stay;
        let apart = stay.from >= old.from + old.nights || old.from >= stay.from + stay.nights;
        (apart && room.price(stay).is_some()).then_some((booking, room, stay))
    });
    let total = room.price(stay).expect("it was drawn free");
    let text = format!(
        "Change the dates of the booking {} of {} {}: the stay shall be {}.",
        booking.reference,
        booking.first_name,
        booking.last_name,
        in_words(stay)
    );
    let changed = Wanted::changed("bookings")
        .with("id", booking.id)
        .set("check_in", stay.check_in().to_string())
        .set("check_out", stay.check_out().to_string());
    // Stays of equal price leave the total as it was.
    let changed = if total == booking.total { changed } else { changed.set("total", total) };
    let mut wanted = vec![changed];
    wanted.extend(nights(room, booking.stay, 1));
    wanted.extend(nights(room, stay, -1));
    let mut plan = find_booking(&booking.reference, booking.last_name);
    plan.extend([
        fill("New check-in", stay.check_in()),
        fill("New check-out", stay.check_out()),
        button("Change dates"),
    ]);
    Assignment::change(text, wanted, plan)
}

/// Who a booking is for.
struct Guest {
    first_name: &'static str,
    last_name: &'static str,
    email: String,
}

impl Guest {
    fn draw(random: &mut SplitMix) -> Guest {
        let first_name = *random.choose(&FIRST_NAMES);
        let email = format!("{}@post.example.org", first_name.to_lowercase());
        Guest { first_name, last_name: random.choose::<&str>(&LAST_NAMES), email }
    }

    fn in_words(&self) -> String {
        format!("{} {} (e-mail {})", self.first_name, self.last_name, self.email)
    }
}

/// The new row of a booking without extras.
fn booked(room: &Room, stay: Stay, guests: i64, guest: &Guest) -> Wanted {
    Wanted::added("bookings")
        .with("user_id", Value::Null)
        .with("room_id", room.id)
        .with("check_in", stay.check_in().to_string())
        .with("check_out", stay.check_out().to_string())
        .with("guests", guests)
        .with("first_name", guest.first_name)
        .with("last_name", guest.last_name)
        .with("email", guest.email.clone())
        .with("status", "Confirmed")
}

/// From the front page to the extras of a booking.
fn to_extras(hotel: &Hotel, room: &Room, stay: Stay, guests: i64, guest: &Guest) -> Vec<Step> {
    let mut steps = search(hotel.city, stay, guests);
    steps.extend([
        link(&hotel.name),
        button(format!("Book {}", room.name)),
        fill("First name", guest.first_name),
        fill("Last name", guest.last_name),
        fill("E-mail", &guest.email),
        button("Continue to extras"),
    ]);
    steps
}

fn pay_at_hotel() -> [Step; 4] {
    [
        button("Continue to payment"),
        click("radio", "At the hotel"),
        button("Continue to review"),
        button("Confirm booking"),
    ]
}

pub(crate) fn book_room(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let (hotel, room, stay) = draw_stay(random, &atlas);
    let guests = 1 + random.below(room.sleeps as usize) as i64;
    let guest = Guest::draw(random);
    let text = format!(
        "Book the {} of the {} {} for {} in the name of {}, without extras, to be paid at the hotel.",
        room.name,
        hotel.name,
        in_words(stay),
        guests_in_words(guests),
        guest.in_words()
    );
    let row = booked(room, stay, guests, &guest)
        .with("breakfast", 0)
        .with("parking", 0)
        .with("payment", "At the hotel")
        .with("total", room.price(stay).expect("it was drawn free"));
    let mut wanted = vec![row];
    wanted.extend(nights(room, stay, -1));
    let mut plan = to_extras(hotel, room, stay, guests, &guest);
    plan.extend(pay_at_hotel());
    Assignment::change(text, wanted, plan)
}

pub(crate) fn book_with_extras(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let (hotel, room, stay) = draw_stay(random, &atlas);
    let guests = 1 + random.below(room.sleeps as usize) as i64;
    let guest = Guest::draw(random);
    let (breakfast, parking) = *random.choose(&[(1, 0), (0, 1), (1, 1)]);
    let extras = match (breakfast, parking) {
        (1, 0) => "with breakfast and without parking",
        (0, 1) => "with parking and without breakfast",
        _ => "with breakfast and parking",
    };
    let night_count = stay.nights as i64;
    let total = room.price(stay).expect("it was drawn free")
        + breakfast * hotel.breakfast * guests * night_count
        + parking * hotel.parking * night_count;
    let text = format!(
        "Book the {} of the {} {} for {} in the name of {}, {extras}. Pay with the credit card 4242 4242 4242 4242, expiry 12/28, \
         security code 123.",
        room.name,
        hotel.name,
        in_words(stay),
        guests_in_words(guests),
        guest.in_words()
    );
    let row = booked(room, stay, guests, &guest)
        .with("breakfast", breakfast)
        .with("parking", parking)
        .with("payment", "Card ending 4242")
        .with("total", total);
    let mut wanted = vec![row];
    wanted.extend(nights(room, stay, -1));
    let mut plan = to_extras(hotel, room, stay, guests, &guest);
    if breakfast == 1 {
        plan.push(click("checkbox", "Breakfast"));
    }
    if parking == 1 {
        plan.push(click("checkbox", "Parking"));
    }
    plan.extend([
        button("Continue to payment"),
        click("radio", "Credit card"),
        fill("Card number", "4242 4242 4242 4242"),
        fill("Expiry", "12/28"),
        fill("Security code", "123"),
        button("Continue to review"),
        button("Confirm booking"),
    ]);
    Assignment::change(text, wanted, plan)
}

pub(crate) fn book_cheapest(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let (hotel, room, stay, guests, total) = draw(|| {
        let (city, _) = *random.choose(&CITIES);
        let (stay, guests) = (Stay::draw(random), 1 + random.below(3) as i64);
        let hotel = cheapest(&atlas, city, stay, guests)?;
        let (room, total) = hotel.cheapest(stay, guests)?;
        // Another room of the same price would be as right.
        let equal = hotel.rooms.iter().filter(|room| room.sleeps >= guests && room.price(stay) == Some(total)).count();
        (equal == 1).then_some((hotel, room, stay, guests, total))
    });
    let guest = Guest::draw(random);
    let text = format!(
        "Book the cheapest room that is free in {} for {} {}, in the name of {}, without extras, to be paid at the hotel.",
        hotel.city,
        guests_in_words(guests),
        in_words(stay),
        guest.in_words()
    );
    let row = booked(room, stay, guests, &guest)
        .with("breakfast", 0)
        .with("parking", 0)
        .with("payment", "At the hotel")
        .with("total", total);
    let mut wanted = vec![row];
    wanted.extend(nights(room, stay, -1));
    let mut plan = to_extras(hotel, room, stay, guests, &guest);
    plan.insert(5, crate::solver::choose("Sort by", "Price: low to high"));
    plan.extend(pay_at_hotel());
    Assignment::change(text, wanted, plan)
}
