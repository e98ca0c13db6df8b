//! The content of the booking site for one seed, as plain data: what the database is filled from and goals are drawn from.

use glim_env::{Seed, SplitMix};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::vocabulary::{CITIES, DISTRICTS, EVENTS, FIRST_NAMES, HOUSES, LAST_NAMES, NAMES, PHRASES};
use crate::clock::TODAY;

/// How many nights from today can be booked.
pub(crate) const DAYS: usize = 75;
const HOTELS_PER_CITY: usize = 4;

/// Everything the site knows at the start of an episode.
pub(crate) struct Atlas {
    pub(crate) hotels: Vec<Hotel>,
    pub(crate) travellers: Vec<Traveller>,
    pub(crate) bookings: Vec<Booking>,
}

pub(crate) struct Hotel {
    pub(crate) id: i64,
    pub(crate) city: &'static str,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) stars: i64,
    pub(crate) district: &'static str,
    pub(crate) description: &'static str,
    /// Tenths of ten: 87 is shown as 8.7.
    pub(crate) rating: i64,
    pub(crate) reviews: i64,
    /// Cents per guest and night.
    pub(crate) breakfast: i64,
    /// Cents per night.
    pub(crate) parking: i64,
    pub(crate) pool: bool,
    pub(crate) pets: bool,
    /// Days before arrival until which cancelling is free.
    pub(crate) free_cancellation: i64,
    pub(crate) rooms: Vec<Room>,
}

pub(crate) struct Room {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) sleeps: i64,
    /// One for each bookable night, beginning today.
    pub(crate) nights: Vec<Night>,
}

#[derive(Clone, Copy)]
pub(crate) struct Night {
    /// Cents.
    pub(crate) price: i64,
    /// How many of these rooms are left.
    pub(crate) free: i64,
}

pub(crate) struct Traveller {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password: String,
    /// Days and titles.
    pub(crate) events: Vec<(Date, &'static str)>,
}

pub(crate) struct Booking {
    pub(crate) id: i64,
    pub(crate) reference: String,
    pub(crate) user: Option<i64>,
    pub(crate) room: i64,
    pub(crate) stay: Stay,
    pub(crate) guests: i64,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    pub(crate) email: String,
    pub(crate) total: i64,
}

/// Consecutive nights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stay {
    /// Days from today to the arrival.
    pub(crate) from: usize,
    pub(crate) nights: usize,
}

impl Stay {
    pub(crate) fn check_in(self) -> Date {
        day(self.from)
    }

    pub(crate) fn check_out(self) -> Date {
        day(self.from + self.nights)
    }

    /// One to four nights, begun at least a week from now.
    pub(crate) fn draw(random: &mut SplitMix) -> Stay {
        Stay { from: 8 + random.below(DAYS - 14), nights: 2 + random.below(3) }
    }
}

/// The day that lies so many days after today.
pub(crate) fn day(after: usize) -> Date {
    TODAY.saturating_add((after as i64).days())
}

impl Room {
    /// What the nights of a stay cost together, in cents; `None` if one of them is taken.
    pub(crate) fn price(&self, stay: Stay) -> Option<i64> {
        let nights = self.nights.get(stay.from..stay.from + stay.nights)?;
        nights.iter().all(|night| night.free > 0).then(|| nights.iter().map(|night| night.price).sum())
    }

    /// The row of a night in the table `nights`.
    pub(crate) fn night_id(&self, after: usize) -> i64 {
        (self.id - 1) * DAYS as i64 + after as i64 + 1
    }
}

impl Hotel {
    /// The cheapest free room for so many guests, with its price.
    pub(crate) fn cheapest(&self, stay: Stay, guests: i64) -> Option<(&Room, i64)> {
        let free = self.rooms.iter().filter(|room| room.sleeps >= guests);
        free.filter_map(|room| Some((room, room.price(stay)?))).min_by_key(|(room, price)| (*price, room.id))
    }
}

impl Atlas {
    /// The site of this seed. Equal seeds give equal sites.
    pub(crate) fn of(seed: Seed) -> Atlas {
        let random = &mut seed.derive("travel atlas").generator();
        let hotels = hotels(random);
        let travellers = travellers(random);
        let bookings = bookings(random, &hotels, &travellers);
        Atlas { hotels, travellers, bookings }
    }

    pub(crate) fn in_city(&self, city: &str) -> impl Iterator<Item = &Hotel> {
        self.hotels.iter().filter(move |hotel| hotel.city == city)
    }

    /// All rooms with their hotels.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = (&Hotel, &Room)> {
        self.hotels.iter().flat_map(|hotel| hotel.rooms.iter().map(move |room| (hotel, room)))
    }

    pub(crate) fn room(&self, id: i64) -> (&Hotel, &Room) {
        self.rooms().find(|(_, room)| room.id == id).expect("ids come from this atlas")
    }
}

fn hotels(random: &mut SplitMix) -> Vec<Hotel> {
    let mut hotels: Vec<Hotel> = Vec::new();
    let mut rooms = 0;
    for (city, _) in CITIES {
        let mut names = NAMES;
        random.shuffle(&mut names);
        for own in names.iter().take(HOTELS_PER_CITY) {
            let house = if random.below(2) == 0 { "Hotel" } else { *random.choose(&HOUSES[1..]) };
            let name = if house == "Hotel" { format!("Hotel {own} {city}") } else { format!("{own} {house} {city}") };
            let stars = 2 + random.below(4) as i64;
            let base = 4_500 + stars * 1_600 + random.below(60) as i64 * 100;
            let rooms = rooms_of(random, &mut rooms, base);
            hotels.push(Hotel {
                id: hotels.len() as i64 + 1,
                city,
                slug: name.to_lowercase().replace(' ', "-"),
                name,
                stars,
                district: random.choose::<&str>(&DISTRICTS),
                description: random.choose::<&str>(&PHRASES),
                rating: 61 + random.below(37) as i64,
                reviews: 20 + random.below(900) as i64,
                breakfast: 700 + random.below(28) as i64 * 50,
                parking: 800 + random.below(30) as i64 * 50,
                pool: random.below(3) == 0,
                pets: random.below(2) == 0,
                free_cancellation: *random.choose(&[1, 2, 3, 5, 7]),
                rooms,
            });
        }
    }
    hotels
}

fn rooms_of(random: &mut SplitMix, rooms: &mut i64, base: i64) -> Vec<Room> {
    let other = *random.choose(&[("Single Room", 1, 75), ("Twin Room", 2, 95), ("Suite", 3, 170)]);
    let kinds = [("Double Room", 2, 100), other, ("Family Room", 4, 145)];
    kinds[..2 + random.below(2)]
        .iter()
        .map(|(name, sleeps, percent)| {
            *rooms += 1;
            let nights = (0..DAYS).map(|after| {
                let weekend = matches!(day(after).weekday(), Weekday::Friday | Weekday::Saturday);
                let price = base * percent / 100 + if weekend { base / 5 } else { 0 } + random.below(25) as i64 * 50;
                let free = if random.below(9) == 0 { 0 } else { 1 + random.below(5) as i64 };
                // To the half euro, as hotels price.
                Night { price: price / 50 * 50, free }
            });
            Room { id: *rooms, name, sleeps: *sleeps, nights: nights.collect() }
        })
        .collect()
}

fn travellers(random: &mut SplitMix) -> Vec<Traveller> {
    let mut firsts = FIRST_NAMES;
    random.shuffle(&mut firsts);
    (0..2)
        .map(|at| {
            let first = firsts[at];
            let mut titles = EVENTS;
            random.shuffle(&mut titles);
            let mut days: Vec<usize> = (2..60).collect();
            random.shuffle(&mut days);
            let mut events: Vec<(Date, &'static str)> = days.into_iter().map(day).zip(titles).take(6).collect();
            events.sort();
            Traveller {
                id: at as i64 + 1,
                name: format!("{first} {}", random.choose(&LAST_NAMES)),
                email: format!("{}@example.com", first.to_lowercase()),
                password: format!(
                    "{}-{}",
                    random.choose(&["harbour", "summit", "meadow", "lagoon"]),
                    100 + random.below(900)
                ),
                events,
            }
        })
        .collect()
}

fn bookings(random: &mut SplitMix, hotels: &[Hotel], travellers: &[Traveller]) -> Vec<Booking> {
    let mut firsts = FIRST_NAMES;
    let mut lasts = LAST_NAMES;
    random.shuffle(&mut firsts);
    random.shuffle(&mut lasts);
    let mut number = 4_000 + random.below(3_000);
    (0..6)
        .map(|at| {
            number += 11 + random.below(300);
            let letters: String = (0..2).map(|_| char::from(b'A' + random.below(26) as u8)).collect();
            let (room, price, stay) = std::iter::repeat_with(|| {
                let hotel = random.choose(hotels);
                let stay = Stay::draw(random);
                let room = random.choose(&hotel.rooms);
                Some((room, room.price(stay)?, stay))
            })
            .flatten()
            .next()
            .expect("most nights are free");
            Booking {
                id: at + 1,
                reference: format!("W{letters}{number}"),
                user: travellers.get(at as usize).map(|traveller| traveller.id),
                room: room.id,
                stay,
                guests: 1 + random.below(room.sleeps as usize) as i64,
                first_name: firsts[at as usize],
                last_name: lasts[at as usize],
                email: format!("{}@example.net", firsts[at as usize].to_lowercase()),
                total: price,
            }
        })
        .collect()
}
