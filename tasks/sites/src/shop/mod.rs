//! The shop: a catalogue with variants, search and filters, a cart, a checkout over several steps, and accounts.

mod account;
mod cart;
mod catalogue;
mod checkout;
mod goals;
mod listing;
mod orders;
mod product;
mod store;
mod vocabulary;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use glim_env::Seed;
use glim_tasks::Suite;
use minijinja::Value;
use rusqlite::{Connection, OptionalExtension};

use crate::{App, Session, Site, content};
use catalogue::Catalogue;

/// The shop `Larkfield`.
#[derive(Debug, Clone, Copy)]
pub struct Shop;

impl Site for Shop {
    const NAME: &'static str = "shop";
    const TITLE: &'static str = "Larkfield";
    const TRACES: &'static [&'static str] = &["checkouts"];

    fn schema() -> &'static str {
        include_str!("schema.sql")
    }

    fn populate(connection: &Connection, seed: Seed) -> rusqlite::Result<()> {
        store::fill(connection, &Catalogue::of(seed))
    }

    fn router() -> Router<App> {
        Router::new()
            .route("/", get(listing::home))
            .route("/products", get(listing::products))
            .route("/api/suggest", get(listing::suggest))
            .route("/delivery", get(listing::delivery))
            .route("/images/{slug}", get(product::image))
            .route("/products/{slug}", get(product::show))
            .route("/products/{slug}/cart", post(product::add))
            .route("/products/{slug}/wishlist", post(product::wish))
            .route("/products/{slug}/reviews", get(product::review_form).post(product::review))
            .route("/cart", get(cart::show))
            .route("/cart/lines/{line}", post(cart::change))
            .route("/cart/lines/{line}/remove", post(cart::remove))
            .route("/cart/coupon", post(cart::apply_coupon))
            .route("/cart/coupon/remove", post(cart::remove_coupon))
            .route("/checkout/address", get(checkout::address).post(checkout::take_address))
            .route("/checkout/shipping", get(checkout::shipping).post(checkout::take_shipping))
            .route("/checkout/payment", get(checkout::payment).post(checkout::take_payment))
            .route("/checkout/review", get(checkout::review).post(checkout::place))
            .route("/checkout/thanks/{number}", get(checkout::thanks))
            .route("/signin", get(account::sign_in_form).post(account::sign_in))
            .route("/signout", post(account::sign_out))
            .route("/account", get(account::overview))
            .route("/account/details", get(account::details).post(account::change_details))
            .route("/account/addresses", get(account::addresses).post(account::add_address))
            .route("/account/addresses/{id}/remove", post(account::remove_address))
            .route("/account/wishlist", get(account::wishlist))
            .route("/account/wishlist/{product}/remove", post(account::unwish))
            .route("/account/orders", get(orders::list))
            .route("/account/orders/{number}", get(orders::show))
            .route("/account/orders/{number}/cancel", post(orders::cancel))
    }

    fn frame(connection: &Connection, session: &Session) -> rusqlite::Result<Value> {
        let name: Option<String> = match session.user {
            Some(user) => {
                connection.query_row("SELECT name FROM users WHERE id = ?1", [user], |row| row.get(0)).optional()?
            }
            None => None,
        };
        let items = cart::count(connection, session)?;
        let categories = crate::records(connection, "SELECT slug, name FROM categories ORDER BY name", [])?;
        Ok(content! { name, items, categories })
    }
}

#[cfg(test)]
pub(crate) use goals::GOALS;

/// The suite `shop`.
pub fn suite() -> Suite {
    Suite { name: Shop::NAME.to_owned(), families: goals::families() }
}
