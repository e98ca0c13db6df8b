//! Questions that are answered by looking.

use glim_env::{Seed, SplitMix};
use jiff::civil::date;

use super::{draw, draw_stay, guests_in_words, in_words, pick, search, visit};
use crate::solver::{Step, answer, button, choose, click, fill, link, see};
use crate::travel::atlas::{Atlas, Hotel, Stay, day};
use crate::travel::vocabulary::CITIES;
use crate::{Answer, Assignment, clock, money};

pub(crate) fn breakfast_price(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let hotel = pick(random, &atlas.hotels);
    let text =
        format!("What does breakfast cost per guest and night at the {}? Answer with the price only.", hotel.name);
    let mut plan = visit(hotel);
    plan.extend([see(money(hotel.breakfast)), answer(money(hotel.breakfast))]);
    Assignment::question(text, Answer::Amount(hotel.breakfast), plan)
}

pub(crate) fn parking_for_stay(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let hotel = pick(random, &atlas.hotels);
    let nights = 2 + random.below(5) as i64;
    let total = hotel.parking * nights;
    let text =
        format!("What does parking cost for {nights} nights at the {}? Answer with the amount only.", hotel.name);
    let mut plan = visit(hotel);
    plan.extend([see(format!("{} per night", money(hotel.parking))), answer(money(total))]);
    Assignment::question(text, Answer::Amount(total), plan)
}

pub(crate) fn arrival_of_booking(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let booking = pick(random, &atlas.bookings);
    let arrival = booking.stay.check_in();
    let text = format!(
        "On which day does the stay with the booking reference {} (last name {}) begin? Answer with the date only.",
        booking.reference, booking.last_name
    );
    let said = clock::long(&arrival.to_string());
    let mut plan = find_booking(&booking.reference, booking.last_name);
    plan.extend([see(&said), answer(said)]);
    Assignment::question(text, Answer::Day(arrival), plan)
}

/// From the front page to a booking.
pub(super) fn find_booking(reference: &str, last_name: &str) -> Vec<Step> {
    vec![
        link("Find a booking"),
        fill("Booking reference", reference),
        fill("Last name", last_name),
        button("Find booking"),
    ]
}

pub(crate) fn price_of_stay(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let (hotel, room, stay) = draw_stay(random, &atlas);
    let total = room.price(stay).expect("it was drawn free");
    let guests = room.sleeps;
    let text = format!(
        "What do all nights in the {} of the {} cost together {}, for {} and without extras? Answer with the amount only.",
        room.name,
        hotel.name,
        in_words(stay),
        guests_in_words(guests)
    );
    let mut plan = search(hotel.city, stay, guests);
    plan.extend([link(&hotel.name), see(money(total)), answer(money(total))]);
    Assignment::question(text, Answer::Amount(total), plan)
}

pub(crate) fn cheapest_hotel(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let (city, stay, guests, hotel) = draw(|| {
        let (city, _) = *random.choose(&CITIES);
        let (stay, guests) = (Stay::draw(random), 1 + random.below(4) as i64);
        cheapest(&atlas, city, stay, guests).map(|hotel| (city, stay, guests, hotel))
    });
    let text = format!(
        "Which hotel in {city} is the cheapest for {} {}? Answer with its name.",
        guests_in_words(guests),
        in_words(stay)
    );
    let mut plan = search(city, stay, guests);
    plan.extend([choose("Sort by", "Price: low to high"), see(&hotel.name), answer(&hotel.name)]);
    Assignment::question(text, Answer::among(&hotel.name, names(&atlas)), plan)
}

/// The cheapest hotel of a city, if several are free and one is cheaper than all others.
pub(super) fn cheapest<'a>(atlas: &'a Atlas, city: &str, stay: Stay, guests: i64) -> Option<&'a Hotel> {
    let free = atlas.in_city(city).filter_map(|hotel| Some((hotel.cheapest(stay, guests)?.1, hotel)));
    let mut free: Vec<(i64, &Hotel)> = free.collect();
    free.sort_by_key(|(price, hotel)| (*price, hotel.id));
    match free[..] {
        [(first, hotel), (second, _), ..] if first < second => Some(hotel),
        _ => None,
    }
}

pub(crate) fn hotels_with_rooms(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let (stay, guests, free) = draw(|| {
        let (stay, guests) = (Stay::draw(random), 2 + random.below(3) as i64);
        let free = atlas.hotels.iter().filter(|hotel| hotel.cheapest(stay, guests).is_some()).count();
        // Small numbers could be guessed.
        (6..atlas.hotels.len()).contains(&free).then_some((stay, guests, free))
    });
    let text = format!(
        "How many hotels, in all cities together, have a free room for {} {}? Answer with the number only.",
        guests_in_words(guests),
        in_words(stay)
    );
    let mut plan = search("", stay, guests);
    plan.remove(0);
    plan.extend([see(format!("{free} of {} hotels free", atlas.hotels.len())), answer(free)]);
    Assignment::question(text, Answer::Count(free as i64), plan)
}

pub(crate) fn best_rated_with_pets(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let best = |city: &str| {
        let with_pets: Vec<&Hotel> = atlas.in_city(city).filter(|hotel| hotel.pets).collect();
        let top = with_pets.iter().map(|hotel| hotel.rating).max().filter(|_| with_pets.len() > 1)?;
        let mut best = with_pets.into_iter().filter(|hotel| hotel.rating == top);
        best.next().filter(|_| best.next().is_none())
    };
    let (city, hotel) = pick(random, CITIES.iter().filter_map(|(city, _)| Some((*city, best(city)?))));
    let text =
        format!("Which hotel in {city} has the best guest rating of those that allow pets? Answer with its name.");
    let plan = vec![
        link(city),
        click("checkbox", "Pets allowed"),
        choose("Sort by", "Guest rating"),
        see(&hotel.name),
        answer(&hotel.name),
    ];
    Assignment::question(text, Answer::among(&hotel.name, names(&atlas)), plan)
}

pub(crate) fn cheapest_night(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let february = date(2026, 2, 1);
    let (hotel, room, night) = draw(|| {
        let hotel = random.choose(&atlas.hotels);
        let room = random.choose(&hotel.rooms);
        let nights = room.nights.iter().enumerate().map(|(after, night)| (day(after), night));
        let mut free: Vec<_> =
            nights.filter(|(day, night)| day.first_of_month() == february && night.free > 0).collect();
        free.sort_by_key(|(day, night)| (night.price, *day));
        (free[0].1.price < free[1].1.price).then(|| (hotel, room, free[0].0))
    });
    let text = format!(
        "On which night in February 2026 is the {} of the {} cheapest, of the nights that are still free? Answer with the date \
         only.",
        room.name, hotel.name
    );
    let mut plan = visit(hotel);
    plan.extend([
        link(format!("Price calendar of {}", room.name)),
        link("Next month"),
        see("February 2026"),
        answer(clock::long(&night.to_string())),
    ]);
    Assignment::question(text, Answer::Day(night), plan)
}

fn names(atlas: &Atlas) -> impl Iterator<Item = &str> {
    atlas.hotels.iter().map(|hotel| hotel.name.as_str())
}
