//! Goals about an account.

use glim_env::{Seed, SplitMix};

use super::{as_user, find, pick, sign_in};
use crate::shop::catalogue::Catalogue;
use crate::shop::vocabulary::{CITIES, STREETS};
use crate::solver::{button, choose, click, fill, link};
use crate::{Assignment, Wanted};

pub(crate) fn add_to_wishlist(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let product = pick(random, shop.products.iter().filter(|product| !user.wishlist.contains(&product.id)));
    let text = format!("{} Save the {} to the wishlist.", as_user(user), product.name);
    let row = Wanted::added("wishlist").with("user_id", user.id).with("product_id", product.id);
    let mut plan = sign_in(user);
    plan.extend(find(product));
    plan.push(button("Add to wishlist"));
    Assignment::change(text, vec![row], plan)
}

pub(crate) fn remove_from_wishlist(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let product = shop.product(*pick(random, &user.wishlist));
    let text = format!("{} Remove the {} from the wishlist.", as_user(user), product.name);
    let row = Wanted::removed("wishlist").with("user_id", user.id).with("product_id", product.id);
    let mut plan = sign_in(user);
    plan.extend([link("Wishlist"), button(format!("Remove {}", product.name))]);
    Assignment::change(text, vec![row], plan)
}

pub(crate) fn change_email(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let name = user.email.split('@').next().unwrap_or_default();
    let email = format!("{name}.{}@mail.example.org", 10 + random.below(90));
    let text = format!("{} Change the account's e-mail address to {email}.", as_user(user));
    let row = Wanted::changed("users").with("id", user.id).set("email", email.clone());
    let mut plan = sign_in(user);
    plan.extend([link("Details"), fill("E-mail", email), button("Save details")]);
    Assignment::change(text, vec![row], plan)
}

pub(crate) fn subscribe(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let text = format!("{} Subscribe this account to the monthly newsletter.", as_user(user));
    let row = Wanted::changed("users").with("id", user.id).set("newsletter", 1);
    let mut plan = sign_in(user);
    plan.extend([link("Details"), click("checkbox", "Send me the monthly newsletter"), button("Save details")]);
    Assignment::change(text, vec![row], plan)
}

pub(crate) fn add_address(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let label = *random.choose(&["Parents", "Studio", "Summer house"]);
    let street = format!("{} {}", 121 + random.below(80), random.choose(&STREETS));
    let (city, postcode, country) = *random.choose(&CITIES);
    let text = format!(
        "{} Add an address with the label {label} to the address book: {}, {street}, {postcode} {city}, {country}.",
        as_user(user),
        user.name
    );
    let row = Wanted::added("addresses")
        .with("user_id", user.id)
        .with("label", label)
        .with("name", user.name.clone())
        .with("street", street.clone())
        .with("postcode", postcode)
        .with("city", city)
        .with("country", country);
    let mut plan = sign_in(user);
    plan.extend([
        link("Addresses"),
        fill("Label", label),
        fill("Full name", &user.name),
        fill("Street and number", street),
        fill("Postcode", postcode),
        fill("City", city),
        choose("Country", country),
        button("Save address"),
    ]);
    Assignment::change(text, vec![row], plan)
}

pub(crate) fn remove_address(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let address = pick(random, &user.addresses);
    let text = format!("{} Delete the address in {} from the address book.", as_user(user), address.city);
    let row = Wanted::removed("addresses").with("user_id", user.id).with("label", address.label);
    let mut plan = sign_in(user);
    plan.extend([link("Addresses"), button(format!("Remove {}", address.label))]);
    Assignment::change(text, vec![row], plan)
}

pub(crate) fn write_review(seed: Seed, random: &mut SplitMix) -> Assignment {
    const OPINIONS: [(i64, &str, &str); 4] = [
        (5, "Exactly right", "Arrived quickly and looks just like the picture."),
        (4, "Happy with it", "Good quality for the price."),
        (3, "Does the job", "Nothing special, but it works."),
        (2, "Not for me", "The size runs smaller than I thought."),
    ];
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let product = pick(random, &shop.products);
    let (stars, title, words) = *random.choose(&OPINIONS);
    let text = format!(
        "{} Write a review of the {} with {stars} stars, the title \"{title}\" and the text \"{words}\"",
        as_user(user),
        product.name
    );
    let row = Wanted::added("reviews")
        .with("product_id", product.id)
        .with("user_id", user.id)
        .with("stars", stars)
        .with("title", title)
        .with("text", words);
    let mut plan = sign_in(user);
    plan.extend(find(product));
    plan.extend([
        link("Write a review"),
        choose("Stars", format!("{stars} stars")),
        fill("Title", title),
        fill("Your review", words),
        button("Publish review"),
    ]);
    Assignment::change(text, vec![row], plan)
}
