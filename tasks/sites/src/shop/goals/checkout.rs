//! Goals that go through the checkout, or take an order back.

use glim_env::{Seed, SplitMix};

use super::{as_user, choose_variant, find, in_words, pick, pick_variant, pieces, sign_in, to_cart};
use crate::shop::catalogue::{Address, Catalogue, Product, User, Variant};
use crate::shop::checkout::{SHIPPING, shipping_cost};
use crate::shop::vocabulary::{CITIES, FIRST_NAMES, LAST_NAMES, STREETS};
use crate::solver::{Step, button, choose, click, fill, link};
use crate::{Assignment, Wanted};

/// What an order of `quantity` pieces of one variant leaves in the database, beside the order itself.
fn bought(variant: &Variant, quantity: i64) -> [Wanted; 2] {
    [
        Wanted::added("order_lines")
            .with("variant_id", variant.id)
            .with("quantity", quantity)
            .with("price", variant.price),
        Wanted::changed("variants").with("id", variant.id).set("stock", variant.stock - quantity),
    ]
}

/// Who an order is for, and where it goes.
struct Buyer<'a> {
    user: Option<i64>,
    name: &'a str,
    email: &'a str,
    street: &'a str,
    postcode: &'a str,
    city: &'a str,
    country: &'a str,
}

impl<'a> Buyer<'a> {
    fn of(user: &'a User, address: &'a Address) -> Buyer<'a> {
        let Address { street, postcode, city, country, .. } = address;
        Buyer { user: Some(user.id), name: &user.name, email: &user.email, street, postcode, city, country }
    }
}

/// The new row of an order, with a coupon's code and discount in cents.
fn ordered(buyer: &Buyer<'_>, shipping: &str, payment: &str, subtotal: i64, coupon: Option<(&str, i64)>) -> Wanted {
    let discount = coupon.map_or(0, |(_, discount)| discount);
    let cost = shipping_cost(shipping, subtotal - discount).expect("goals name methods that exist");
    Wanted::added("orders")
        .with("user_id", buyer.user)
        .with("email", buyer.email)
        .with("name", buyer.name)
        .with("street", buyer.street)
        .with("postcode", buyer.postcode)
        .with("city", buyer.city)
        .with("country", buyer.country)
        .with("shipping", shipping)
        .with("payment", payment)
        .with("coupon", coupon.map(|(code, _)| code))
        .with("subtotal", subtotal)
        .with("discount", discount)
        .with("shipping_cost", cost)
        .with("total", subtotal - discount + cost)
        .with("status", "Processing")
}

fn put_in_cart(product: &Product, variant: &Variant, quantity: i64) -> Vec<Step> {
    let mut steps = find(product);
    steps.extend(choose_variant(variant));
    steps.extend([fill("Quantity", quantity), button("Add to cart")]);
    steps
}

pub(crate) fn buy_by_invoice(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = &shop.users[2];
    let (product, variant) = pick_variant(random, shop.products.iter());
    let quantity = 1 + random.below(3) as i64;
    let address = pick(random, &user.addresses);
    let shipping = random.choose(&SHIPPING).name;
    let subtotal = variant.price * quantity;
    let count = if quantity == 1 { "one piece".to_owned() } else { format!("{quantity} pieces") };
    let text = format!(
        "{} Order {count} of the {} {}, sent to the saved address \"{}\" with the shipping method {shipping}, and pay by \
         invoice.",
        as_user(user),
        product.name,
        in_words(variant),
        address.label
    );
    let order = ordered(&Buyer::of(user, address), shipping, "Invoice", subtotal, None);
    let mut plan = sign_in(user);
    plan.extend(put_in_cart(product, variant, quantity));
    plan.extend([
        link("Go to checkout"),
        click("radio", address.label),
        button("Continue to shipping"),
        click("radio", shipping),
        button("Continue to payment"),
        click("radio", "Invoice"),
        button("Continue to review"),
        button("Place order"),
    ]);
    let mut wanted = vec![order];
    wanted.extend(bought(variant, quantity));
    Assignment::change(text, wanted, plan)
}

pub(crate) fn buy_as_guest(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let (product, variant) = pick_variant(random, shop.products.iter());
    let shipping = random.choose(&SHIPPING).name;
    let first = *random.choose(&FIRST_NAMES);
    let name = format!("{first} {}", random.choose(&LAST_NAMES));
    let email = format!("{}@post.example.org", first.to_lowercase());
    let street = format!("{} {}", 10 + random.below(80), random.choose(&STREETS));
    let (city, postcode, country) = *random.choose(&CITIES);
    let text = format!(
        "Without signing in, order one piece of the {} {}. Send it to {name}, {street}, {postcode} {city}, {country} (e-mail \
         {email}) with the shipping method {shipping}. Pay with the credit card 4242 4242 4242 4242, expiry 12/28, security \
         code 123.",
        product.name,
        in_words(variant)
    );
    let buyer = Buyer { user: None, name: &name, email: &email, street: &street, postcode, city, country };
    let order = ordered(&buyer, shipping, "Card ending 4242", variant.price, None);
    let mut plan = put_in_cart(product, variant, 1);
    plan.extend([
        link("Go to checkout"),
        fill("E-mail", email),
        fill("Full name", name),
        fill("Street and number", street),
        fill("Postcode", postcode),
        fill("City", city),
        choose("Country", country),
        button("Continue to shipping"),
        click("radio", shipping),
        button("Continue to payment"),
        click("radio", "Credit card"),
        fill("Card number", "4242 4242 4242 4242"),
        fill("Expiry", "12/28"),
        fill("Security code", "123"),
        button("Continue to review"),
        button("Place order"),
    ]);
    let mut wanted = vec![order];
    wanted.extend(bought(variant, 1));
    Assignment::change(text, wanted, plan)
}

pub(crate) fn buy_cart(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, shop.users.iter().filter(|user| !user.cart.is_empty()));
    let shipping = random.choose(&SHIPPING).name;
    let subtotal: i64 = user.cart.iter().map(|(id, quantity)| shop.variant(*id).1.price * quantity).sum();
    let discount = (subtotal * 10 + 50) / 100;
    let text = format!(
        "{} Order what is in the cart, with the discount code WINTER10, sent to the address \"Home\" with the shipping method \
         {shipping}, and pay by invoice.",
        as_user(user)
    );
    let buyer = Buyer::of(user, &user.addresses[0]);
    let mut wanted = vec![ordered(&buyer, shipping, "Invoice", subtotal, Some(("WINTER10", discount)))];
    for (id, quantity) in &user.cart {
        wanted.extend(bought(shop.variant(*id).1, *quantity));
        wanted.push(Wanted::removed("cart_lines").with("user_id", user.id).with("variant_id", *id));
    }
    let mut plan = sign_in(user);
    plan.extend([
        to_cart(pieces(user)),
        fill("Discount code", "WINTER10"),
        button("Apply"),
        link("Go to checkout"),
        click("radio", "Home"),
        button("Continue to shipping"),
        click("radio", shipping),
        button("Continue to payment"),
        click("radio", "Invoice"),
        button("Continue to review"),
        button("Place order"),
    ]);
    Assignment::change(text, wanted, plan)
}

pub(crate) fn cancel_order(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let order = user.orders.iter().find(|order| order.status == "Processing").expect("each user has a new order");
    let text = format!("{} Cancel the order that is still being processed.", as_user(user));
    let mut wanted = vec![Wanted::changed("orders").with("number", order.number.clone()).set("status", "Cancelled")];
    for (id, _, quantity) in &order.lines {
        wanted.push(Wanted::changed("variants").with("id", *id).set("stock", shop.variant(*id).1.stock + quantity));
    }
    let mut plan = sign_in(user);
    plan.extend([link("Orders"), link(&order.number), button("Cancel order")]);
    Assignment::change(text, wanted, plan)
}
