//! The front page, and lists of products: search, filters, order, pages.

use axum::Json;
use axum::extract::{Query, State};
use rusqlite::ToSql;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::checkout::{FREE_FROM, SHIPPING};
use super::vocabulary::{BRANDS, COLOURS};
use crate::{App, Page, PageError, Session, content, records};

const PER_PAGE: usize = 12;

/// What a list is narrowed by; empty fields do not narrow.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Filters {
    q: String,
    category: String,
    brand: String,
    colour: String,
    /// Euros.
    min: String,
    max: String,
    rating: String,
    stock: String,
    sort: String,
    #[serde(skip_serializing)]
    page: String,
}

pub(crate) async fn home(State(app): State<App>, session: Session) -> Page {
    let (loved, fresh) = app.db.read(|db| {
        let loved =
            records(db, "SELECT * FROM shelf WHERE reviews >= 3 AND stock > 0 ORDER BY rating DESC, id LIMIT 4", [])?;
        let fresh = records(db, "SELECT * FROM shelf WHERE stock > 0 ORDER BY id % 12 DESC, id LIMIT 4", [])?;
        Ok::<_, rusqlite::Error>((loved, fresh))
    })?;
    app.page(&session, "shop/home.html", content! { loved, fresh })
}

pub(crate) async fn delivery(State(app): State<App>, session: Session) -> Page {
    let methods: Vec<Value> =
        SHIPPING.iter().map(|method| json!({"name": method.name, "cost": method.cost, "days": method.days})).collect();
    app.page(&session, "shop/delivery.html", content! { methods, free_from => FREE_FROM })
}

pub(crate) async fn products(State(app): State<App>, session: Session, Query(filters): Query<Filters>) -> Page {
    let (clauses, params) = filters.clauses();
    let order = match filters.sort.as_str() {
        "price" => "price, id",
        "-price" => "price DESC, id",
        "rating" => "rating DESC, reviews DESC, id",
        "reviews" => "reviews DESC, id",
        "name" => "name",
        _ => "id % 12, id",
    };
    let params: Vec<&dyn ToSql> = params.iter().map(|param| param as &dyn ToSql).collect();
    let (total, page, found, title) = app.db.read(|db| {
        let total: i64 =
            db.query_row(&format!("SELECT count(*) FROM shelf WHERE {clauses}"), params.as_slice(), |row| row.get(0))?;
        let total = total as usize;
        let pages = total.div_ceil(PER_PAGE).max(1);
        let page = filters.page.parse::<usize>().unwrap_or(1).clamp(1, pages);
        let offset = (page - 1) * PER_PAGE;
        let sql = format!("SELECT * FROM shelf WHERE {clauses} ORDER BY {order} LIMIT {PER_PAGE} OFFSET {offset}");
        let found = records(db, &sql, params.as_slice())?;
        let title = records(db, "SELECT name FROM categories WHERE slug = ?1", [&filters.category])?;
        Ok::<_, rusqlite::Error>((total, page, found, title))
    })?;
    let title = title.first().and_then(|row| row["name"].as_str()).unwrap_or("All products").to_owned();
    let narrowed = !filters.brand.is_empty()
        || !filters.colour.is_empty()
        || !filters.rating.is_empty()
        || !filters.stock.is_empty()
        || !filters.min.is_empty()
        || !filters.max.is_empty();
    app.page(
        &session,
        "shop/products.html",
        content! {
            title, total, page, found, filters, narrowed, pages => total.div_ceil(PER_PAGE).max(1), brands => BRANDS,
            colours => COLOURS.map(|(name, _)| name),
        },
    )
}

impl Filters {
    /// A condition on `shelf` and its parameters.
    fn clauses(&self) -> (String, Vec<String>) {
        let mut clauses = vec!["1".to_owned()];
        let mut params: Vec<String> = Vec::new();
        let mut add = |clause: &str, value: String| {
            params.push(value);
            clauses.push(clause.replace("?", &format!("?{}", params.len())));
        };
        for word in self.q.split_whitespace().take(8) {
            let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            add(
                "(name || ' ' || brand || ' ' || category_name || ' ' || material) LIKE ? ESCAPE '\\'",
                format!("%{escaped}%"),
            );
        }
        for (column, value) in [("category", &self.category), ("brand", &self.brand)] {
            if !value.is_empty() {
                add(&format!("{column} = ?"), value.clone());
            }
        }
        for (compare, euros) in [(">=", &self.min), ("<=", &self.max)] {
            if let Some(cents) = cents(euros) {
                add(&format!("price {compare} CAST(? AS INTEGER)"), cents.to_string());
            }
        }
        if let Ok(stars) = self.rating.parse::<i64>() {
            add("rating >= CAST(? AS INTEGER)", (stars * 10).to_string());
        }
        let stocked = if self.stock.is_empty() { "" } else { " AND stock > 0" };
        if !self.colour.is_empty() {
            let clause = format!("EXISTS (SELECT 1 FROM variants WHERE product_id = shelf.id AND colour = ?{stocked})");
            add(&clause, self.colour.clone());
        } else if !stocked.is_empty() {
            clauses.push("stock > 0".to_owned());
        }
        (clauses.join(" AND "), params)
    }
}

/// Cents from what somebody typed as euros.
fn cents(euros: &str) -> Option<i64> {
    let number: f64 = euros.trim().trim_start_matches('€').replace(',', ".").parse().ok()?;
    (0.0..1e7).contains(&number).then_some((number * 100.0).round() as i64)
}

#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    q: String,
}

/// What a search box offers for the beginning of a name.
pub(crate) async fn suggest(State(app): State<App>, Query(typed): Query<Typed>) -> Result<Json<Vec<Value>>, PageError> {
    let filters = Filters { q: typed.q, ..Filters::default() };
    let (clauses, params) = filters.clauses();
    let params: Vec<&dyn ToSql> = params.iter().map(|param| param as &dyn ToSql).collect();
    let sql = format!("SELECT name, slug FROM shelf WHERE {clauses} ORDER BY name LIMIT 6");
    let found = app.db.read(|db| records(db, &sql, params.as_slice()))?;
    let offers = found.iter().map(|row| {
        let text = |column: &str| row[column].as_str().unwrap_or_default().to_owned();
        json!({"label": text("name"), "url": format!("/products/{}", text("slug"))})
    });
    Ok(Json(offers.collect()))
}
