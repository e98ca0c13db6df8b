//! Questions that are answered by looking.

use glim_env::{Seed, SplitMix};

use super::{as_user, find, in_words, pick, sign_in};
use crate::shop::catalogue::{Catalogue, Product};
use crate::shop::vocabulary::{BRANDS, COLOURS, KINDS};
use crate::solver::{answer, choose, click, link, see, submit};
use crate::{Answer, Assignment, clock, money};

pub(crate) fn variant_price(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let product = pick(random, shop.products.iter().filter(|it| it.variants.iter().any(|v| v.price > it.price())));
    let variant = pick(random, product.variants.iter().filter(|variant| variant.price > product.price()));
    let text = format!(
        "How much does the {} by {} cost in size {}? Answer with the price only.",
        product.name, product.brand, variant.size
    );
    let mut plan = find(product);
    plan.extend([see(money(variant.price)), answer(money(variant.price))]);
    Assignment::question(text, Answer::Amount(variant.price), plan)
}

pub(crate) fn variant_stock(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let product = pick(random, shop.products.iter().filter(|product| product.in_stock()));
    let variant = pick(random, product.variants.iter().filter(|variant| variant.stock > 0));
    let text = format!(
        "How many pieces of the {} {} are in stock? Answer with the number only.",
        product.name,
        in_words(variant)
    );
    let mut plan = find(product);
    plan.extend([see(format!("{} in stock", variant.stock)), answer(variant.stock)]);
    Assignment::question(text, Answer::Count(variant.stock), plan)
}

pub(crate) fn count_of_brand(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let count = |brand: &str| shop.products.iter().filter(|it| it.brand == brand && it.in_stock()).count();
    // Small numbers could be guessed.
    let brand = pick(random, BRANDS.iter().filter(|brand| count(brand) >= 7));
    let count = count(brand);
    let text =
        format!("How many products by the brand {brand} are in stock in the whole shop? Answer with the number only.");
    let plan = vec![
        link("All products"),
        choose("Brand", *brand),
        click("checkbox", "In stock only"),
        see(format!("{count} products")),
        answer(count),
    ];
    Assignment::question(text, Answer::Count(count as i64), plan)
}

pub(crate) fn review_author(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let lone = |product: &Product, stars: i64| product.reviews.iter().filter(|it| it.stars == stars).count() == 1;
    let reviewed = shop.products.iter().filter(|product| product.reviews.len() >= 3);
    let candidates = reviewed.flat_map(|product| {
        product.reviews.iter().filter(move |review| lone(product, review.stars)).map(move |review| (product, review))
    });
    let (product, review) = pick(random, candidates);
    let stars = if review.stars == 1 { "one star".to_owned() } else { format!("{} stars", review.stars) };
    let text = format!("Who gave the {} {stars} in a review? Answer with the person's name.", product.name);
    let mut plan = find(product);
    plan.extend([see(&review.author), answer(&review.author)]);
    let others = product.reviews.iter().map(|review| review.author.as_str());
    Assignment::question(text, Answer::among(&review.author, others), plan)
}

pub(crate) fn best_rated(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let best = |slug: &str| {
        let reviewed: Vec<&Product> = shop.of_kind(slug).filter(|product| product.reviews.len() >= 3).collect();
        let top = reviewed.iter().map(|product| product.rating()).max()?;
        let mut best = reviewed.into_iter().filter(|product| product.rating() == top);
        // Nobody else may come close in the rounded number that is shown.
        best.next().filter(|_| best.next().is_none())
    };
    let (kind, product) = pick(random, KINDS.iter().filter_map(|kind| Some((kind, best(kind.slug)?))));
    let text = format!(
        "Which product in the category {} has the highest rating among those with at least 3 reviews? Answer with its name.",
        kind.name
    );
    let plan = vec![link(kind.name), choose("Sort by", "Rating"), see(&product.name), answer(&product.name)];
    Assignment::question(text, Answer::among(&product.name, names(&shop)), plan)
}

pub(crate) fn cheapest_in_colour(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let mut candidates = Vec::new();
    for kind in &KINDS {
        for (colour, _) in COLOURS {
            for stars in [3, 4] {
                if let Some(product) = cheapest(&shop, kind.slug, colour, stars) {
                    candidates.push((kind, colour, stars, product));
                }
            }
        }
    }
    let (kind, colour, stars, product) = pick(random, candidates);
    let text = format!(
        "Which is the cheapest {} that is in stock in {} and is rated {stars} stars or more? Answer with its name.",
        kind.singular,
        colour.to_lowercase()
    );
    let plan = vec![
        link(kind.name),
        choose("Colour", colour),
        choose("Rating", format!("{stars} stars and up")),
        click("checkbox", "In stock only"),
        choose("Sort by", "Price: low to high"),
        see(&product.name),
        answer(&product.name),
    ];
    Assignment::question(text, Answer::among(&product.name, names(&shop)), plan)
}

/// The only right answer, if there is one, there was something to choose from, and a list by lowest price agrees with the
/// prices of the pieces in stock.
fn cheapest<'a>(shop: &'a Catalogue, kind: &str, colour: &str, stars: i64) -> Option<&'a Product> {
    let in_stock = |product: &Product| {
        product.variants.iter().filter(|it| it.colour == colour && it.stock > 0).map(|it| it.price).min()
    };
    let rated = shop.of_kind(kind).filter(|product| product.rating() >= stars * 10);
    let mut found: Vec<(i64, &Product)> = rated.filter_map(|product| Some((in_stock(product)?, product))).collect();
    found.sort_by_key(|(price, product)| (*price, product.id));
    let [(first, product), (second, _), ..] = found[..] else { return None };
    let by_list = found.iter().filter(|(_, other)| other.price() <= product.price()).count();
    (first < second && by_list == 1).then_some(product)
}

pub(crate) fn price_difference(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let kind = pick(random, KINDS.iter().filter(|kind| kind.sizes.len() == 1));
    let dear = pick(
        random,
        shop.of_kind(kind.slug).filter(|it| shop.of_kind(kind.slug).any(|other| other.price() < it.price())),
    );
    let cheap = pick(random, shop.of_kind(kind.slug).filter(|product| product.price() < dear.price()));
    let difference = dear.price() - cheap.price();
    let text = format!(
        "By how much is the {} more expensive than the {}? Answer with the amount in euros only.",
        dear.name, cheap.name
    );
    let plan = vec![
        submit("Search products", &dear.name),
        link(&dear.name),
        see(money(dear.price())),
        submit("Search products", &cheap.name),
        link(&cheap.name),
        see(money(cheap.price())),
        answer(money(difference)),
    ];
    Assignment::question(text, Answer::Amount(difference), plan)
}

pub(crate) fn order_total(seed: Seed, random: &mut SplitMix) -> Assignment {
    let shop = Catalogue::of(seed);
    let user = pick(random, &shop.users);
    let order = pick(random, &user.orders);
    let text = format!(
        "{} What was the total, including shipping, of the order placed on {}? Answer with the amount only.",
        as_user(user),
        clock::long(&order.placed)
    );
    let mut plan = sign_in(user);
    plan.extend([link("Orders"), see(money(order.total())), answer(money(order.total()))]);
    Assignment::question(text, Answer::Amount(order.total()), plan)
}

fn names(shop: &Catalogue) -> impl Iterator<Item = &str> {
    shop.products.iter().map(|product| product.name.as_str())
}
