//! Goals on the shop.

mod account;
mod basket;
mod checkout;
mod questions;

use std::sync::Arc;

use glim_env::SplitMix;
use glim_tasks::TaskFamily;

use super::Shop;
use super::catalogue::{Product, User, Variant};
use crate::Difficulty::{self, Easy, Hard, Medium};
use crate::assignment::Make;
use crate::family;
use crate::solver::{Step, button, choose, click, fill, link, submit};

/// All goals, questions first.
pub(crate) const GOALS: &[(&str, Difficulty, Make)] = &[
    ("variant-price", Easy, questions::variant_price),
    ("variant-stock", Easy, questions::variant_stock),
    ("count-of-brand", Easy, questions::count_of_brand),
    ("review-author", Easy, questions::review_author),
    ("best-rated", Medium, questions::best_rated),
    ("cheapest-in-colour", Hard, questions::cheapest_in_colour),
    ("price-difference", Medium, questions::price_difference),
    ("order-total", Medium, questions::order_total),
    ("add-variant-to-cart", Easy, basket::add_variant),
    ("change-cart-quantity", Medium, basket::change_quantity),
    ("remove-from-cart", Medium, basket::remove),
    ("apply-coupon", Medium, basket::apply_coupon),
    ("wishlist-to-cart", Hard, basket::from_wishlist),
    ("add-to-wishlist", Medium, account::add_to_wishlist),
    ("remove-from-wishlist", Easy, account::remove_from_wishlist),
    ("change-email", Easy, account::change_email),
    ("subscribe-newsletter", Easy, account::subscribe),
    ("add-address", Medium, account::add_address),
    ("remove-address", Easy, account::remove_address),
    ("write-review", Medium, account::write_review),
    ("cancel-order", Medium, checkout::cancel_order),
    ("buy-by-invoice", Hard, checkout::buy_by_invoice),
    ("buy-as-guest", Hard, checkout::buy_as_guest),
    ("buy-cart-with-coupon", Hard, checkout::buy_cart),
];

/// The goals as families.
pub(crate) fn families() -> Vec<Arc<dyn TaskFamily>> {
    GOALS.iter().map(|(name, difficulty, make)| family::<Shop>(name, *difficulty, *make)).collect()
}

/// One of the candidates.
fn pick<T>(random: &mut SplitMix, candidates: impl IntoIterator<Item = T>) -> T {
    let mut candidates: Vec<T> = candidates.into_iter().collect();
    assert!(!candidates.is_empty(), "every catalogue has what a goal needs");
    let at = random.below(candidates.len());
    candidates.swap_remove(at)
}

/// A variant that is in stock and is not what the page offers first, with the product.
fn pick_variant<'a>(random: &mut SplitMix, products: impl Iterator<Item = &'a Product>) -> (&'a Product, &'a Variant) {
    let buyable = products.flat_map(|product| {
        let later = product.variants.iter().filter(|variant| variant.colour != product.variants[0].colour);
        later.filter(|variant| variant.stock >= 3).map(move |variant| (product, variant))
    });
    pick(random, buyable)
}

/// How a goal names a variant: `in blue, size L`.
fn in_words(variant: &Variant) -> String {
    let colour = variant.colour.to_lowercase();
    if variant.size.is_empty() { format!("in {colour}") } else { format!("in {colour}, size {}", variant.size) }
}

/// How a goal says who to be.
fn as_user(user: &User) -> String {
    format!("Sign in as {} (e-mail {}, password {}).", user.name, user.email, user.password)
}

fn sign_in(user: &User) -> Vec<Step> {
    vec![link("Sign in"), fill("E-mail", &user.email), fill("Password", &user.password), button("Sign in")]
}

/// From any page to a product's.
fn find(product: &Product) -> Vec<Step> {
    vec![submit("Search products", &product.name), link(&product.name)]
}

/// On a product's page.
fn choose_variant(variant: &Variant) -> Vec<Step> {
    let mut steps = vec![click("radio", variant.colour)];
    if !variant.size.is_empty() {
        steps.push(choose("Size", variant.size));
    }
    steps
}

/// From any page to the cart, which holds `pieces`.
fn to_cart(pieces: i64) -> Step {
    link(if pieces == 0 { "Cart".to_owned() } else { format!("Cart ({pieces})") })
}

fn pieces(user: &User) -> i64 {
    user.cart.iter().map(|(_, quantity)| quantity).sum()
}
