//! The content of the shop for one seed, as plain data: what the database is filled from and goals are drawn from.

use glim_env::{Seed, SplitMix};
use jiff::ToSpan;

use super::vocabulary::{
    BRANDS, CITIES, COLOURS, FIRST_NAMES, KINDS, Kind, LAST_NAMES, PHRASES, REVIEWS, SERIES, STREETS,
};
use crate::clock::TODAY;

/// Everything the shop knows at the start of an episode.
pub(crate) struct Catalogue {
    pub(crate) products: Vec<Product>,
    pub(crate) users: Vec<User>,
    pub(crate) coupons: Vec<Coupon>,
}

pub(crate) struct Product {
    pub(crate) id: i64,
    pub(crate) kind: &'static Kind,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) brand: &'static str,
    pub(crate) material: &'static str,
    pub(crate) description: String,
    pub(crate) variants: Vec<Variant>,
    pub(crate) reviews: Vec<Review>,
}

#[derive(Clone)]
pub(crate) struct Variant {
    pub(crate) id: i64,
    pub(crate) colour: &'static str,
    pub(crate) size: &'static str,
    /// Cents.
    pub(crate) price: i64,
    pub(crate) stock: i64,
}

pub(crate) struct Review {
    pub(crate) author: String,
    pub(crate) stars: i64,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) day: String,
}

pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) addresses: Vec<Address>,
    /// Product ids.
    pub(crate) wishlist: Vec<i64>,
    /// Variant id and quantity.
    pub(crate) cart: Vec<(i64, i64)>,
    pub(crate) orders: Vec<Order>,
}

pub(crate) struct Address {
    pub(crate) label: &'static str,
    pub(crate) street: String,
    pub(crate) postcode: &'static str,
    pub(crate) city: &'static str,
    pub(crate) country: &'static str,
}

pub(crate) struct Order {
    pub(crate) number: String,
    pub(crate) placed: String,
    pub(crate) status: &'static str,
    /// Variant id, price in cents, quantity.
    pub(crate) lines: Vec<(i64, i64, i64)>,
    pub(crate) shipping_cost: i64,
}

pub(crate) struct Coupon {
    pub(crate) code: &'static str,
    pub(crate) percent: i64,
    /// The least subtotal it applies to, in cents.
    pub(crate) minimum: i64,
    pub(crate) expires: &'static str,
}

impl Product {
    /// What a listing shows: the price of the cheapest variant, in cents.
    pub(crate) fn price(&self) -> i64 {
        self.variants.iter().map(|variant| variant.price).min().expect("every product has a variant")
    }

    /// Average stars in tenths, rounded half up, as the pages show it; 0 without reviews.
    pub(crate) fn rating(&self) -> i64 {
        let (stars, count) = (self.reviews.iter().map(|review| review.stars).sum::<i64>(), self.reviews.len() as i64);
        if count == 0 { 0 } else { (stars * 20 + count) / (2 * count) }
    }

    pub(crate) fn in_stock(&self) -> bool {
        self.variants.iter().any(|variant| variant.stock > 0)
    }
}

impl Order {
    pub(crate) fn subtotal(&self) -> i64 {
        self.lines.iter().map(|(_, price, quantity)| price * quantity).sum()
    }

    pub(crate) fn total(&self) -> i64 {
        self.subtotal() + self.shipping_cost
    }
}

/// How many products there are of each kind.
const PER_KIND: usize = 12;

impl Catalogue {
    /// The shop of this seed. Equal seeds give equal shops.
    pub(crate) fn of(seed: Seed) -> Catalogue {
        let random = &mut seed.derive("shop catalogue").generator();
        let products = products(random);
        let users = users(random, &products);
        let coupons = vec![
            Coupon { code: "WINTER10", percent: 10, minimum: 0, expires: "2026-02-28" },
            Coupon { code: "HELLO15", percent: 15, minimum: 4000, expires: "2026-06-30" },
            Coupon { code: "AUTUMN20", percent: 20, minimum: 0, expires: "2025-11-30" },
        ];
        Catalogue { products, users, coupons }
    }

    pub(crate) fn product(&self, id: i64) -> &Product {
        &self.products[id as usize - 1]
    }

    /// A variant and its product.
    pub(crate) fn variant(&self, id: i64) -> (&Product, &Variant) {
        let found =
            self.products.iter().find_map(|product| Some((product, product.variants.iter().find(|it| it.id == id)?)));
        found.expect("ids come from this catalogue")
    }

    /// The products of a kind.
    pub(crate) fn of_kind(&self, slug: &str) -> impl Iterator<Item = &Product> {
        self.products.iter().filter(move |product| product.kind.slug == slug)
    }
}

fn products(random: &mut SplitMix) -> Vec<Product> {
    let mut products = Vec::new();
    let mut variants = 0;
    for kind in &KINDS {
        let mut series = SERIES;
        random.shuffle(&mut series);
        for first in series.iter().take(PER_KIND) {
            let name = format!("{first} {}", random.choose(kind.nouns));
            let slug = name.to_lowercase().replace(' ', "-");
            let (low, high) = kind.prices;
            let base = (low + random.below((high - low) as usize + 1) as i64) * 100 + *random.choose(&[0, 50, 90, 95]);
            let mut colours: Vec<&'static str> = COLOURS.iter().map(|(name, _)| *name).collect();
            random.shuffle(&mut colours);
            colours.truncate(2 + random.below(3));
            let gone = random.below(12) == 0;
            let mut own = Vec::new();
            for colour in colours {
                for (size, surcharge) in kind.sizes {
                    variants += 1;
                    let stock = if gone || random.below(6) == 0 { 0 } else { 3 + random.below(22) as i64 };
                    own.push(Variant { id: variants, colour, size, price: base + surcharge, stock });
                }
            }
            let material = *random.choose(kind.materials);
            let description = format!("{} {}", random.choose(&PHRASES[..4]), random.choose(&PHRASES[4..]));
            products.push(Product {
                id: products.len() as i64 + 1,
                kind,
                name,
                slug,
                brand: random.choose::<&str>(&BRANDS),
                material,
                description,
                variants: own,
                reviews: reviews(random),
            });
        }
    }
    products
}

fn reviews(random: &mut SplitMix) -> Vec<Review> {
    let quality = random.unit();
    let mut authors: Vec<(usize, usize)> =
        (0..9).map(|_| (random.below(FIRST_NAMES.len()), random.below(LAST_NAMES.len()))).collect();
    authors.sort_unstable();
    authors.dedup();
    random.shuffle(&mut authors);
    authors.truncate(random.below(8));
    let mut reviews: Vec<Review> = authors
        .into_iter()
        .map(|(first, last)| {
            let stars = ((quality * 3.2 + random.unit() * 2.6) as usize).min(4);
            let (title, text) = *random.choose(&REVIEWS[stars]);
            let day = TODAY.saturating_sub((3 + random.below(700) as i64).days()).to_string();
            Review { author: person(first, last), stars: stars as i64 + 1, title, text, day }
        })
        .collect();
    reviews.sort_by(|a, b| b.day.cmp(&a.day).then_with(|| a.author.cmp(&b.author)));
    reviews
}

fn person(first: usize, last: usize) -> String {
    format!("{} {}", FIRST_NAMES[first], LAST_NAMES[last])
}

/// Three accounts. The first has a full cart, the second a short one, the third an empty one.
fn users(random: &mut SplitMix, products: &[Product]) -> Vec<User> {
    let mut firsts: Vec<usize> = (0..FIRST_NAMES.len()).collect();
    random.shuffle(&mut firsts);
    let mut numbers = 20_100 + random.below(400) as i64;
    (0..3)
        .map(|at| {
            let name = person(firsts[at], random.below(LAST_NAMES.len()));
            let email = format!("{}@example.com", FIRST_NAMES[firsts[at]].to_lowercase());
            let words = ["copper", "lantern", "violet", "granite", "saffron", "thistle", "walnut", "cobalt"];
            let password = format!("{}-{}", random.choose(&words), 100 + random.below(900));
            let mut picks: Vec<&Product> = products.iter().filter(|product| product.in_stock()).collect();
            random.shuffle(&mut picks);
            let mut picks = picks.into_iter();
            let mut take = |count: usize| picks.by_ref().take(count).collect::<Vec<_>>();
            let cart = take([3, 2, 0][at]).into_iter().map(|product| {
                let variant = product.variants.iter().find(|variant| variant.stock > 0).expect("it is in stock");
                (variant.id, 1 + (product.id % 2))
            });
            let cart = cart.collect();
            let wishlist = take(3).into_iter().map(|product| product.id).collect();
            let bought = take(9);
            let orders = (0..3)
                .map(|order| {
                    numbers += 3 + random.below(40) as i64;
                    let count = 1 + random.below(3);
                    let lines = bought[order * 3..order * 3 + count].iter().map(|product| {
                        let variant = random.choose(&product.variants);
                        (variant.id, variant.price, 1 + random.below(3) as i64)
                    });
                    let lines: Vec<_> = lines.collect();
                    let ago = [300, 90, 3][order] + random.below(60).min(if order == 2 { 2 } else { 60 }) as i64;
                    Order {
                        number: format!("LF-{numbers}"),
                        placed: TODAY.saturating_sub(ago.days()).to_string(),
                        status: if order == 2 { "Processing" } else { "Delivered" },
                        lines,
                        shipping_cost: *random.choose(&[490, 990]),
                    }
                })
                .collect();
            let mut cities: Vec<_> = CITIES.to_vec();
            random.shuffle(&mut cities);
            let addresses = ["Home", "Work"]
                .into_iter()
                .zip(cities)
                .map(|(label, (city, postcode, country))| Address {
                    label,
                    street: format!("{} {}", 1 + random.below(120), random.choose(&STREETS)),
                    postcode,
                    city,
                    country,
                })
                .collect();
            User { id: at as i64 + 1, name, email, password, addresses, wishlist, cart, orders }
        })
        .collect()
}
