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
use crate::Difficulty::{Easy, Hard, Medium};
use crate::family;
use crate::solver::{Step, button, choose, click, fill, link, submit};

/// All families, questions first.
pub(crate) fn families() -> Vec<Arc<dyn TaskFamily>> {
    vec![
        family::<Shop>("variant-price", Easy, questions::variant_price),
        family::<Shop>("variant-stock", Easy, questions::variant_stock),
        family::<Shop>("count-of-brand", Easy, questions::count_of_brand),
        family::<Shop>("review-author", Easy, questions::review_author),
        family::<Shop>("best-rated", Medium, questions::best_rated),
        family::<Shop>("cheapest-in-colour", Hard, questions::cheapest_in_colour),
        family::<Shop>("price-difference", Medium, questions::price_difference),
        family::<Shop>("order-total", Medium, questions::order_total),
        family::<Shop>("add-variant-to-cart", Easy, basket::add_variant),
        family::<Shop>("change-cart-quantity", Medium, basket::change_quantity),
        family::<Shop>("remove-from-cart", Medium, basket::remove),
        family::<Shop>("apply-coupon", Medium, basket::apply_coupon),
        family::<Shop>("wishlist-to-cart", Hard, basket::from_wishlist),
        family::<Shop>("add-to-wishlist", Medium, account::add_to_wishlist),
        family::<Shop>("remove-from-wishlist", Easy, account::remove_from_wishlist),
        family::<Shop>("change-email", Easy, account::change_email),
        family::<Shop>("subscribe-newsletter", Easy, account::subscribe),
        family::<Shop>("add-address", Medium, account::add_address),
        family::<Shop>("remove-address", Easy, account::remove_address),
        family::<Shop>("write-review", Medium, account::write_review),
        family::<Shop>("cancel-order", Medium, checkout::cancel_order),
        family::<Shop>("buy-by-invoice", Hard, checkout::buy_by_invoice),
        family::<Shop>("buy-as-guest", Hard, checkout::buy_as_guest),
        family::<Shop>("buy-cart-with-coupon", Hard, checkout::buy_cart),
    ]
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
