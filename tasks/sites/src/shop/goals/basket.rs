//! Goals about the cart.

use glim_env::{Seed, SplitMix};
use serde_json::Value;

use super::{as_user, choose_variant, find, in_words, pick, pick_variant, pieces, sign_in, to_cart};
use crate::shop::catalogue::Catalogue;
use crate::solver::{answer, button, fill, link, see};
use crate::{Answer, Assignment, Wanted, money};

pub(crate) fn add_variant(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let (product, variant) = pick_variant(random, shop.products.iter());
    let quantity = 2 + random.below(2) as i64;
    let text = format!("Put {quantity} pieces of the {} {} into the cart.", product.name, in_words(variant));
    let wanted = Wanted::added("cart_lines")
        .with("variant_id", variant.id)
        .with("quantity", quantity)
        .with("user_id", Value::Null);
    let mut plan = find(product);
    plan.extend(choose_variant(variant));
    plan.extend([fill("Quantity", quantity), button("Add to cart")]);
    Assignment::change(text, vec![wanted], plan)
}

pub(crate) fn change_quantity(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, shop.users.iter().filter(|user| !user.cart.is_empty()));
    let (id, held) = *pick(random, &user.cart);
    let (product, variant) = shop.variant(id);
    let quantity = pick(random, (1..=variant.stock.min(6)).filter(|quantity| *quantity != held));
    let text = format!("{} In the cart, change the quantity of the {} to {quantity}.", as_user(user), product.name);
    let line = Wanted::changed("cart_lines").with("user_id", user.id).with("variant_id", id).set("quantity", quantity);
    let mut plan = sign_in(user);
    plan.extend([
        to_cart(pieces(user)),
        fill(format!("Quantity of {}", product.name), quantity),
        button(format!("Update {}", product.name)),
    ]);
    Assignment::change(text, vec![line], plan)
}

pub(crate) fn remove(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, shop.users.iter().filter(|user| !user.cart.is_empty()));
    let (id, _) = *pick(random, &user.cart);
    let (product, _) = shop.variant(id);
    let text = format!("{} Remove the {} from the cart and leave the rest as it is.", as_user(user), product.name);
    let line = Wanted::removed("cart_lines").with("user_id", user.id).with("variant_id", id);
    let mut plan = sign_in(user);
    plan.extend([to_cart(pieces(user)), button(format!("Remove {}", product.name))]);
    Assignment::change(text, vec![line], plan)
}

pub(crate) fn apply_coupon(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, shop.users.iter().filter(|user| !user.cart.is_empty()));
    let subtotal: i64 = user.cart.iter().map(|(id, quantity)| shop.variant(*id).1.price * quantity).sum();
    let valid = shop.coupons.iter().filter(|coupon| coupon.code != "AUTUMN20" && coupon.minimum <= subtotal);
    let coupon = pick(random, valid);
    let total = subtotal - (subtotal * coupon.percent + 50) / 100;
    let text = format!(
        "{} Apply the discount code {} to the cart. What is the total of the cart then, without shipping? Answer with the \
         amount only.",
        as_user(user),
        coupon.code
    );
    let mut plan = sign_in(user);
    plan.extend([
        to_cart(pieces(user)),
        fill("Discount code", coupon.code),
        button("Apply"),
        see(money(total)),
        answer(money(total)),
    ]);
    let wanted = vec![Wanted::added("cart_coupons").with("user_id", user.id).with("code", coupon.code)];
    Assignment { wanted, ..Assignment::question(text, Answer::Amount(total), plan) }
}

pub(crate) fn from_wishlist(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let wished = user.wishlist.iter().map(|id| shop.product(*id));
    // The first of those with the highest price, if there are several, would be a guess: the goal then names it.
    let top = wished.clone().map(|product| product.price()).max().expect("wishlists are not empty");
    let dearest: Vec<_> = wished.filter(|product| product.price() == top).collect();
    let product = dearest[0];
    let which = if dearest.len() == 1 {
        "the most expensive product of the wishlist (by its lowest price)".to_owned()
    } else {
        format!("the {} from the wishlist", product.name)
    };
    let variant = pick(random, product.variants.iter().filter(|variant| variant.stock > 0));
    let text = format!("{} Put one piece of {which} into the cart, {}.", as_user(user), in_words(variant));
    let line = Wanted::added("cart_lines").with("user_id", user.id).with("variant_id", variant.id).with("quantity", 1);
    let mut plan = sign_in(user);
    plan.extend([link("Wishlist"), see(&product.name), link(&product.name)]);
    plan.extend(choose_variant(variant));
    plan.push(button("Add to cart"));
    Assignment::change(text, vec![line], plan)
}
