//! The shop as a visitor without a browser sees it.

use axum::http::StatusCode;
use glim_env::Seed;

use super::Shop;
use super::catalogue::{Catalogue, Product, User, Variant};
use super::goals::GOALS;
use crate::client::Visitor;
use crate::{Assignment, Site};

const SEED: Seed = Seed(11);

fn goal(name: &str) -> Assignment {
    let (_, _, make) = GOALS.iter().find(|(it, _, _)| *it == name).expect("there is such a goal");
    make(SEED, &mut SEED.derive(format!("{}/{name}", Shop::NAME)).generator())
}

/// The variant and quantity that a goal wants in the cart.
fn wanted_line<'a>(shop: &'a Catalogue, goal: &Assignment) -> (&'a Product, &'a Variant, i64) {
    let line = goal.wanted.iter().find(|it| it.columns.iter().any(|(name, _)| *name == "quantity")).expect("a line");
    let column = |name: &str| line.columns.iter().find(|(it, _)| *it == name).and_then(|(_, it)| it.as_i64()).unwrap();
    let (product, variant) = shop.variant(column("variant_id"));
    (product, variant, column("quantity"))
}

async fn sign_in(visitor: &mut Visitor, user: &User) {
    let (status, body) = visitor.post("/signin", &[("email", &user.email), ("password", &user.password)]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("You are signed in."));
}

async fn add(visitor: &mut Visitor, product: &Product, variant: &Variant, quantity: i64) -> (StatusCode, String) {
    let form = [("colour", variant.colour), ("size", variant.size), ("quantity", &quantity.to_string())];
    visitor.post(&format!("/products/{}/cart", product.slug), &form).await
}

#[tokio::test]
async fn a_cart_with_the_wrong_thing_in_it_does_not_pass() {
    let shop = Catalogue::of(SEED);
    let goal = goal("add-variant-to-cart");
    let (product, variant, quantity) = wanted_line(&shop, &goal);
    let elsewhere =
        product.variants.iter().find(|it| it.id != variant.id && it.stock >= quantity).expect("others are in stock");

    let mut right = Visitor::of::<Shop>(SEED);
    add(&mut right, product, variant, quantity).await;
    assert!(right.verdict(&goal).is_success(), "{:?}", right.verdict(&goal));
    add(&mut right, product, elsewhere, 1).await;
    assert!(right.verdict(&goal).reason.contains("not asked for"), "something else beside it");

    let mut few = Visitor::of::<Shop>(SEED);
    add(&mut few, product, variant, quantity - 1).await;
    assert!(!few.verdict(&goal).is_success(), "a wrong quantity");

    let mut other = Visitor::of::<Shop>(SEED);
    add(&mut other, product, elsewhere, quantity).await;
    assert!(!other.verdict(&goal).is_success(), "a wrong variant");

    let mut signed_in = Visitor::of::<Shop>(SEED);
    sign_in(&mut signed_in, &shop.users[2]).await;
    add(&mut signed_in, product, variant, quantity).await;
    assert!(!signed_in.verdict(&goal).is_success(), "in somebody's account");
}

/// Everything up to the confirmation, for a user with an empty cart.
async fn buy(visitor: &mut Visitor, address: &str, shipping: &str) -> String {
    visitor.post("/checkout/address", &[("saved", address)]).await;
    visitor.post("/checkout/shipping", &[("shipping", shipping)]).await;
    visitor.post("/checkout/payment", &[("method", "invoice")]).await;
    let (status, body) = visitor.post("/checkout/review", &[]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

#[tokio::test]
async fn an_order_passes_only_as_it_was_asked_for() {
    let shop = Catalogue::of(SEED);
    let goal = goal("buy-by-invoice");
    let (product, variant, quantity) = wanted_line(&shop, &goal);
    let order = &goal.wanted[0].columns;
    let column =
        |name: &str| order.iter().find(|(it, _)| *it == name).and_then(|(_, it)| it.as_str()).expect("it is named");
    let user = &shop.users[2];
    let place = user.addresses.iter().position(|it| it.street == column("street")).expect("a saved address");
    let (address, other_address) = ((5 + place).to_string(), (6 - place).to_string());
    let other_shipping = if column("shipping") == "Express" { "Standard" } else { "Express" };

    for (address, shipping, twice, passes) in [
        (&address, column("shipping"), false, true),
        (&other_address, column("shipping"), false, false),
        (&address, other_shipping, false, false),
        (&address, column("shipping"), true, false),
    ] {
        let mut visitor = Visitor::of::<Shop>(SEED);
        sign_in(&mut visitor, user).await;
        for _ in 0..=usize::from(twice) {
            add(&mut visitor, product, variant, if twice { 1 } else { quantity }).await;
            assert!(buy(&mut visitor, address, shipping).await.contains("Thank you"));
        }
        let verdict = visitor.verdict(&goal);
        assert_eq!(verdict.is_success(), passes, "{address} {shipping} {twice}: {verdict:?}");
    }

    let mut wrong_account = Visitor::of::<Shop>(SEED);
    sign_in(&mut wrong_account, &shop.users[0]).await;
    add(&mut wrong_account, product, variant, quantity).await;
    assert!(!wrong_account.verdict(&goal).is_success());
}

#[tokio::test]
async fn forms_say_what_is_wrong_and_change_nothing() {
    let shop = Catalogue::of(SEED);
    let mut visitor = Visitor::of::<Shop>(SEED);
    let product = shop.products.iter().find(|it| it.in_stock() && it.kind.sizes.len() > 1).expect("some");
    let variant = product.variants.iter().find(|it| it.stock > 0).expect("it is in stock");
    let sold = shop.products.iter().flat_map(|it| &it.variants).find(|it| it.stock == 0).expect("some are sold out");
    let (sold_out, _) = shop.variant(sold.id);

    let (status, body) = add(&mut visitor, product, &Variant { size: "-", ..variant.clone() }, 1).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body.contains("Please choose a colour and a size."));
    assert!(add(&mut visitor, product, variant, variant.stock + 1).await.1.contains("are left"));
    assert!(add(&mut visitor, product, variant, 0).await.1.contains("must be a number"));
    assert!(add(&mut visitor, sold_out, sold, 1).await.1.contains("sold out"));
    assert!(
        visitor.post("/signin", &[("email", &shop.users[0].email), ("password", "x")]).await.1.contains("is wrong")
    );
    assert!(visitor.post("/cart/coupon", &[("code", "AUTUMN20")]).await.1.contains("has expired"));
    assert!(visitor.post("/cart/coupon", &[("code", "nonsense")]).await.1.contains("We do not know this code."));
    assert_eq!(visitor.db().changes().unwrap(), []);

    add(&mut visitor, product, variant, 1).await;
    let (status, body) =
        visitor.post("/checkout/address", &[("saved", "new"), ("email", "nobody"), ("name", "<b>A</b>")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body.contains("This is needed.") && body.contains("Enter an e-mail address"));
    assert!(body.contains("&lt;b&gt;A&lt;&#x2f;b&gt;") && !body.contains("<b>A</b>"), "what was typed is escaped");
}

#[tokio::test]
async fn nobody_sees_the_orders_or_addresses_of_others() {
    let shop = Catalogue::of(SEED);
    let mut visitor = Visitor::of::<Shop>(SEED);
    let order = format!("/account/orders/{}", shop.users[1].orders[0].number);
    assert!(visitor.get(&order).await.contains("Sign in"));
    sign_in(&mut visitor, &shop.users[0]).await;
    assert_eq!(visitor.look(&order).await.0, StatusCode::NOT_FOUND);
    visitor.post("/account/addresses/3/remove", &[]).await;
    visitor.post(&format!("{order}/cancel"), &[]).await;
    visitor.post("/cart/lines/4/remove", &[]).await;
    assert_eq!(visitor.db().changes().unwrap(), [], "rows of the second user are out of reach");
}

#[tokio::test]
async fn signing_in_takes_the_cart_along() {
    let shop = Catalogue::of(SEED);
    let (product, variant) = shop.variant(shop.users[0].cart[0].0);
    let mut visitor = Visitor::of::<Shop>(SEED);
    add(&mut visitor, product, variant, 1).await;
    sign_in(&mut visitor, &shop.users[0]).await;
    let changes = visitor.db().changes().unwrap();
    assert_eq!(changes.len(), 1, "the line is merged: {changes:?}");
    assert_eq!(changes[0].row["quantity"].as_i64(), Some(shop.users[0].cart[0].1 + 1));
}

#[tokio::test]
async fn lists_are_narrowed_sorted_and_cut_into_pages() {
    let shop = Catalogue::of(SEED);
    let mut visitor = Visitor::of::<Shop>(SEED);
    let body = visitor.get("/products").await;
    assert!(body.contains("120 products") && body.contains("aria-label=\"Page 10\""));
    let red = |it: &&Product| it.variants.iter().any(|variant| variant.colour == "Red" && variant.stock > 0);
    let count = shop.of_kind("mugs").filter(red).count();
    let body = visitor.get("/products?category=mugs&colour=Red&stock=1").await;
    assert!(body.contains(&format!("{count} product")), "{count}");
    let body = visitor.get("/products?q=%25").await;
    assert!(body.contains("Nothing found"), "a percent sign is no wildcard");
    let first = shop.of_kind("lamps").min_by_key(|it| (it.price(), it.id)).expect("lamps");
    let body = visitor.get("/products?category=lamps&sort=price").await;
    let (own, grid) = (body.find(&first.slug).expect("it is listed"), body.find("class=\"tile\"").expect("tiles"));
    assert!(own > grid && !body[grid..own].contains("</article>"), "the cheapest comes first");
}
