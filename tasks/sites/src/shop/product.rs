//! A product's page: choice of variant and quantity, wishlist, reviews, and its picture.

use axum::extract::{Form, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cart;
use super::vocabulary::{COLOURS, KINDS};
use crate::clock::TODAY;
use crate::{App, Page, PageError, Session, content, record, records, redirect};

/// The form that puts a product into the cart.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Choice {
    colour: String,
    size: String,
    quantity: String,
}

pub(crate) async fn show(State(app): State<App>, session: Session, Path(slug): Path<String>) -> Page {
    page(&app, &session, &slug, None, &Choice::default())
}

fn page(app: &App, session: &Session, slug: &str, error: Option<&str>, choice: &Choice) -> Page {
    let content = app.db.read(|db| {
        let product = record(db, "SELECT * FROM shelf WHERE slug = ?1", [slug])?;
        let id = product["id"].as_i64();
        let variants =
            records(db, "SELECT colour, size, price, stock FROM variants WHERE product_id = ?1 ORDER BY id", [id])?;
        let reviews = records(db, "SELECT * FROM reviews WHERE product_id = ?1 ORDER BY day DESC, id", [id])?;
        let wished =
            records(db, "SELECT 1 FROM wishlist WHERE product_id = ?1 AND user_id = ?2", params![id, session.user])?;
        let mut colours: Vec<_> = variants.iter().map(|row| row["colour"].clone()).collect();
        let mut sizes: Vec<_> = variants.iter().map(|row| row["size"].clone()).collect();
        colours.dedup();
        sizes.sort_by_key(|size| variants.iter().position(|row| row["size"] == *size));
        sizes.dedup();
        Ok::<_, rusqlite::Error>(content! { product, variants, reviews, colours, sizes, wished => !wished.is_empty() })
    })?;
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    app.page_with(status, session, "shop/product.html", content! { error, choice, ..content })
}

pub(crate) async fn add(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Form(choice): Form<Choice>,
) -> Page {
    let added = app.db.write(|db| {
        let product = record(db, "SELECT id, name FROM products WHERE slug = ?1", [&slug])?;
        let variants = records(
            db,
            "SELECT id, stock FROM variants WHERE product_id = ?1 AND colour = ?2 AND size = ?3",
            params![product["id"].as_i64(), choice.colour, choice.size],
        )?;
        let Some(variant) = variants.first().and_then(|row| row["id"].as_i64()) else {
            return Ok(Err("Please choose a colour and a size.".to_owned()));
        };
        let quantity = match choice.quantity.trim().parse::<i64>() {
            Ok(quantity) if (1..=99).contains(&quantity) => quantity,
            _ => return Ok(Err("The quantity must be a number from 1 to 99.".to_owned())),
        };
        if let Err(why) = cart::put(db, &session, variant, quantity)? {
            return Ok(Err(why));
        }
        session.notify(
            db,
            &format!("Added to your cart: {quantity} × {}", product["name"].as_str().unwrap_or_default()),
        )?;
        Ok::<_, PageError>(Ok(()))
    })?;
    match added {
        Ok(()) => Ok(redirect("/cart")),
        Err(why) => page(&app, &session, &slug, Some(&why), &choice),
    }
}

pub(crate) async fn wish(State(app): State<App>, session: Session, Path(slug): Path<String>) -> Page {
    let Some(user) = session.user else { return Ok(redirect(&format!("/signin?next=/products/{slug}"))) };
    app.db.write(|db| {
        let product = record(db, "SELECT id FROM products WHERE slug = ?1", [&slug])?["id"].as_i64();
        db.execute("INSERT OR IGNORE INTO wishlist (user_id, product_id) VALUES (?1, ?2)", params![user, product])?;
        session.notify(db, "Saved to your wishlist.")
    })?;
    Ok(redirect(&format!("/products/{slug}")))
}

/// The form for a review.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Opinion {
    stars: String,
    title: String,
    text: String,
}

pub(crate) async fn review_form(State(app): State<App>, session: Session, Path(slug): Path<String>) -> Page {
    if session.user.is_none() {
        return Ok(redirect(&format!("/signin?next=/products/{slug}/reviews")));
    }
    let product = app.db.read(|db| record(db, "SELECT * FROM shelf WHERE slug = ?1", [&slug]))?;
    app.page(&session, "shop/review.html", content! { product, opinion => Opinion::default(), errors => json!({}) })
}

pub(crate) async fn review(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Form(opinion): Form<Opinion>,
) -> Page {
    let Some(user) = session.user else { return Ok(redirect("/signin")) };
    let product = app.db.read(|db| record(db, "SELECT * FROM shelf WHERE slug = ?1", [&slug]))?;
    let stars = opinion.stars.parse::<i64>().ok().filter(|stars| (1..=5).contains(stars));
    let mut errors = serde_json::Map::new();
    if stars.is_none() {
        errors.insert("stars".to_owned(), "Choose from one to five stars.".into());
    }
    if opinion.title.trim().is_empty() || opinion.title.chars().count() > 80 {
        errors.insert("title".to_owned(), "Give your review a title of at most 80 characters.".into());
    }
    if opinion.text.trim().is_empty() || opinion.text.chars().count() > 2000 {
        errors.insert("text".to_owned(), "Write a few words, 2,000 characters at most.".into());
    }
    if !errors.is_empty() {
        let content = content! { product, opinion, errors };
        return app.page_with(StatusCode::UNPROCESSABLE_ENTITY, &session, "shop/review.html", content);
    }
    app.db.write(|db| {
        db.execute(
            "INSERT INTO reviews (product_id, user_id, author, stars, title, text, day)
             SELECT ?1, id, name, ?3, ?4, ?5, ?6 FROM users WHERE id = ?2",
            params![product["id"].as_i64(), user, stars, opinion.title.trim(), opinion.text.trim(), TODAY.to_string()],
        )?;
        session.notify(db, "Thank you. Your review is published.")
    })?;
    Ok(redirect(&format!("/products/{slug}")))
}

/// A drawing of the product in its first colour.
pub(crate) async fn image(State(app): State<App>, Path(file): Path<String>) -> Result<Response, PageError> {
    let slug = file.strip_suffix(".svg").ok_or(PageError::NotFound)?;
    let row = app.db.read(|db| {
        record(
            db,
            "SELECT shelf.id, category, (SELECT colour FROM variants WHERE product_id = shelf.id ORDER BY id LIMIT 1) AS colour
             FROM shelf WHERE slug = ?1",
            [slug],
        )
    })?;
    let colour = COLOURS.iter().find(|(name, _)| row["colour"] == *name).map_or("#999999", |(_, fill)| fill);
    let shape = KINDS.iter().find(|kind| row["category"] == kind.slug).map_or("bowl", |kind| kind.shape);
    let svg = drawing(shape, colour, row["id"].as_i64().unwrap_or(0));
    Ok(([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=86400")], svg).into_response())
}

fn drawing(shape: &str, fill: &str, id: i64) -> String {
    let body = match shape {
        "mug" => {
            "<path d='M128 92h104v96a28 28 0 0 1-28 28h-48a28 28 0 0 1-28-28z'/><path d='M232 112h14a30 30 0 0 1 0 60h-14' fill='none' stroke='FILL' stroke-width='16'/><ellipse cx='180' cy='92' rx='52' ry='10' class='d'/>"
        }
        "bowl" => {
            "<path d='M90 118h220c0 62-48 96-110 96s-110-34-110-96z'/><ellipse cx='200' cy='118' rx='110' ry='18' class='d'/><rect x='160' y='212' width='80' height='12' rx='4' class='d'/>"
        }
        "kettle" => {
            "<path d='M140 110h120l22 96a14 14 0 0 1-14 16H132a14 14 0 0 1-14-16z'/><path d='M276 150l42-30 10 12-44 52z'/><path d='M150 108c0-60 100-60 100 0' fill='none' stroke='FILL' stroke-width='14'/><circle cx='200' cy='104' r='11' class='d'/>"
        }
        "lamp" => {
            "<path d='M160 60h80l38 86H122z'/><rect x='195' y='146' width='10' height='70' class='d'/><rect x='150' y='214' width='100' height='12' rx='6' class='d'/>"
        }
        "cushion" => {
            "<path d='M112 82q88-22 176 0 20 68 0 136-88 22-176 0-20-68 0-136z'/><path d='M112 82q88 68 176 136M288 82q-88 68-176 136' fill='none' class='l'/>"
        }
        "blanket" => {
            "<rect x='104' y='96' width='192' height='40' rx='14'/><rect x='104' y='140' width='192' height='38' rx='14' class='d'/><rect x='104' y='182' width='192' height='38' rx='14'/>"
        }
        "bag" => {
            "<rect x='118' y='110' width='164' height='116' rx='22'/><path d='M160 112V92a40 34 0 0 1 80 0v20' fill='none' stroke='FILL' stroke-width='14'/><rect x='144' y='158' width='112' height='50' rx='10' class='d'/>"
        }
        "shirt" => "<path d='M150 76l28-12q22 18 44 0l28 12 46 44-32 32-16-14v92H152v-92l-16 14-32-32z'/>",
        "book" => {
            "<rect x='132' y='66' width='136' height='168' rx='10'/><rect x='132' y='66' width='20' height='168' rx='8' class='d'/><rect x='174' y='100' width='72' height='26' rx='4' class='w'/>"
        }
        _ => {
            "<rect x='164' y='100' width='72' height='132' rx='20'/><rect x='178' y='62' width='44' height='40' rx='8' class='d'/>"
        }
    };
    let tint = ["#eceae3", "#e6ebea", "#efe7e2", "#e8e8ee"][(id % 4) as usize];
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 400 300'><style>.d{{fill:{fill};filter:brightness(.8)}}.l{{stroke:#0002;stroke-width:4}}.w{{fill:#fffb}}</style>\
         <rect width='400' height='300' fill='{tint}'/><ellipse cx='200' cy='236' rx='120' ry='12' fill='#0001'/>\
         <g fill='{fill}' stroke='#0002' stroke-width='1.5'>{}</g></svg>",
        body.replace("FILL", fill)
    )
}
