//! The checkout: address, shipping, payment, review, and the order that comes of it.

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::cart::{self, OWNED};
use super::vocabulary::COUNTRIES;
use crate::clock::TODAY;
use crate::form::{Payment, is_email};
use crate::{App, Page, PageError, Session, content, record, records, redirect};

/// The order value in cents from which standard shipping is free.
pub(crate) const FREE_FROM: i64 = 7500;

/// A way to send things.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Shipping {
    pub(crate) name: &'static str,
    /// Cents.
    pub(crate) cost: i64,
    pub(crate) days: &'static str,
}

pub(crate) const SHIPPING: [Shipping; 3] = [
    Shipping { name: "Standard", cost: 490, days: "3 to 5 working days" },
    Shipping { name: "Express", cost: 990, days: "the next working day" },
    Shipping { name: "Pickup point", cost: 290, days: "4 to 6 working days" },
];

/// What sending an order of this value costs.
pub(crate) fn shipping_cost(method: &str, value: i64) -> Option<i64> {
    let method = SHIPPING.iter().find(|shipping| shipping.name == method)?;
    Some(if method.name == "Standard" && value >= FREE_FROM { 0 } else { method.cost })
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct AddressForm {
    /// Id of a saved address, or `new`.
    saved: String,
    email: String,
    name: String,
    street: String,
    postcode: String,
    city: String,
    country: String,
}

fn empty(app: &App, session: &Session) -> Result<bool, PageError> {
    Ok(app.db.read(|db| cart::count(db, session))? == 0)
}

pub(crate) async fn address(State(app): State<App>, session: Session) -> Page {
    address_page(&app, &session, &AddressForm::default(), &Map::new())
}

fn address_page(app: &App, session: &Session, form: &AddressForm, errors: &Map<String, Value>) -> Page {
    if empty(app, session)? {
        return Ok(redirect("/cart"));
    }
    let saved =
        app.db.read(|db| records(db, "SELECT * FROM addresses WHERE user_id = ?1 ORDER BY id", [session.user]))?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    app.page_with(
        status,
        session,
        "shop/checkout_address.html",
        content! { saved, form, errors, countries => COUNTRIES },
    )
}

/// The messages for what is missing in an address.
pub(crate) fn address_errors(fields: [(&str, &str); 5]) -> Map<String, Value> {
    let [name, street, postcode, city, country] = fields;
    let mut errors = Map::new();
    for (key, value) in [name, street, postcode, city] {
        if value.trim().is_empty() {
            errors.insert(key.to_owned(), "This is needed.".into());
        }
    }
    if !COUNTRIES.contains(&country.1) {
        errors.insert(country.0.to_owned(), "Choose a country that we deliver to.".into());
    }
    errors
}

pub(crate) async fn take_address(State(app): State<App>, session: Session, Form(mut form): Form<AddressForm>) -> Page {
    if let (Some(user), Ok(id)) = (session.user, form.saved.parse::<i64>()) {
        app.db.write(|db| {
            let sql = "SELECT users.email, addresses.* FROM addresses JOIN users ON users.id = user_id
                WHERE addresses.id = ?1 AND user_id = ?2";
            let row = record(db, sql, params![id, user])?;
            save_address(db, &session, |column| row[column].as_str().unwrap_or_default())
        })?;
        return Ok(redirect("/checkout/shipping"));
    }
    if let Some(user) = session.user {
        form.email =
            app.db.read(|db| db.query_row("SELECT email FROM users WHERE id = ?1", [user], |row| row.get(0)))?;
    }
    let mut errors = address_errors([
        ("name", &form.name),
        ("street", &form.street),
        ("postcode", &form.postcode),
        ("city", &form.city),
        ("country", &form.country),
    ]);
    if !is_email(&form.email) {
        errors.insert("email".to_owned(), "Enter an e-mail address such as name@example.com.".into());
    }
    if !errors.is_empty() {
        return address_page(&app, &session, &form, &errors);
    }
    app.db.write(|db| {
        save_address(db, &session, |column| match column {
            "email" => form.email.trim(),
            "name" => form.name.trim(),
            "street" => form.street.trim(),
            "postcode" => form.postcode.trim(),
            "city" => form.city.trim(),
            _ => form.country.trim(),
        })
    })?;
    Ok(redirect("/checkout/shipping"))
}

fn save_address<'a>(db: &Connection, session: &Session, field: impl Fn(&str) -> &'a str) -> rusqlite::Result<()> {
    db.execute("INSERT OR IGNORE INTO checkouts (session_id) VALUES (?1)", [&session.id])?;
    for column in ["email", "name", "street", "postcode", "city", "country"] {
        db.execute(
            &format!("UPDATE checkouts SET {column} = ?2 WHERE session_id = ?1"),
            params![session.id, field(column)],
        )?;
    }
    Ok(())
}

/// What was entered so far, with the sums of the cart.
type Draft = (Map<String, Value>, cart::Sums);

/// The draft of this visitor; `None` if the step before is not done.
fn draft(db: &Connection, session: &Session, needed: &str) -> rusqlite::Result<Option<Draft>> {
    let rows = records(db, "SELECT * FROM checkouts WHERE session_id = ?1", [&session.id])?;
    let Some(row) = rows.into_iter().next().filter(|row| !row[needed].is_null()) else { return Ok(None) };
    if cart::count(db, session)? == 0 {
        return Ok(None);
    }
    Ok(Some((row, cart::sums(db, session)?)))
}

pub(crate) async fn shipping(State(app): State<App>, session: Session) -> Page {
    let Some((draft, sums)) = app.db.read(|db| draft(db, &session, "country"))? else {
        return Ok(redirect("/checkout/address"));
    };
    let methods: Vec<Value> = SHIPPING
        .iter()
        .map(|method| {
            let cost = shipping_cost(method.name, sums.subtotal - sums.discount);
            json!({"name": method.name, "cost": cost, "days": method.days})
        })
        .collect();
    app.page(&session, "shop/checkout_shipping.html", content! { draft, sums, methods })
}

#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    shipping: String,
}

pub(crate) async fn take_shipping(State(app): State<App>, session: Session, Form(form): Form<Chosen>) -> Page {
    if shipping_cost(&form.shipping, 0).is_none() {
        app.db.write(|db| session.notify(db, "Please choose how we should send your order."))?;
        return Ok(redirect("/checkout/shipping"));
    }
    let sql = "UPDATE checkouts SET shipping = ?2 WHERE session_id = ?1";
    app.db.write(|db| db.execute(sql, params![session.id, form.shipping]))?;
    Ok(redirect("/checkout/payment"))
}

pub(crate) async fn payment(State(app): State<App>, session: Session) -> Page {
    payment_page(&app, &session, &Payment::default(), &Map::new())
}

fn payment_page(app: &App, session: &Session, form: &Payment, errors: &Map<String, Value>) -> Page {
    let Some((draft, sums)) = app.db.read(|db| draft(db, session, "shipping"))? else {
        return Ok(redirect("/checkout/shipping"));
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    app.page_with(status, session, "shop/checkout_payment.html", content! { draft, sums, form, errors })
}

pub(crate) async fn take_payment(State(app): State<App>, session: Session, Form(form): Form<Payment>) -> Page {
    let payment = match form.receipt(("invoice", "Invoice")) {
        Ok(payment) => payment,
        Err(errors) => return payment_page(&app, &session, &form, &errors),
    };
    let sql = "UPDATE checkouts SET payment = ?2 WHERE session_id = ?1";
    app.db.write(|db| db.execute(sql, params![session.id, payment]))?;
    Ok(redirect("/checkout/review"))
}

pub(crate) async fn review(State(app): State<App>, session: Session) -> Page {
    let Some((draft, sums)) = app.db.read(|db| draft(db, &session, "payment"))? else {
        return Ok(redirect("/checkout/payment"));
    };
    let lines = app.db.read(|db| cart::lines(db, &session))?;
    let cost =
        shipping_cost(draft["shipping"].as_str().unwrap_or_default(), sums.subtotal - sums.discount).unwrap_or(0);
    let total = sums.subtotal - sums.discount + cost;
    app.page(&session, "shop/checkout_review.html", content! { draft, sums, lines, cost, total })
}

pub(crate) async fn place(State(app): State<App>, session: Session) -> Page {
    let to = app.db.write(|db| {
        let Some((draft, sums)) = draft(db, &session, "payment")? else { return Ok("/checkout/review".to_owned()) };
        let lines = cart::lines(db, &session)?;
        // Others may have bought it meanwhile.
        if let Some(line) = lines.iter().find(|line| line["stock"].as_i64() < line["quantity"].as_i64()) {
            let name = line["name"].as_str().unwrap_or_default();
            session.notify(db, &format!("{name} is no longer available in this quantity."))?;
            return Ok("/cart".to_owned());
        }
        for line in &lines {
            db.execute(
                "UPDATE variants SET stock = stock - ?2 WHERE id = ?1",
                params![line["variant_id"].as_i64(), line["quantity"].as_i64()],
            )?;
        }
        let number = next_number(db)?;
        let text = |column: &str| draft[column].as_str().unwrap_or_default().to_owned();
        let cost = shipping_cost(&text("shipping"), sums.subtotal - sums.discount).unwrap_or(0);
        let own = session.user.is_none().then_some(&session.id);
        db.execute(
            "INSERT INTO orders (number, user_id, session_id, email, name, street, postcode, city, country, shipping, payment,
                coupon, subtotal, discount, shipping_cost, total, status, placed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 'Processing', ?17)",
            params![
                number, session.user, own, text("email"), text("name"), text("street"), text("postcode"), text("city"),
                text("country"), text("shipping"), text("payment"), (sums.discount > 0).then_some(sums.coupon),
                sums.subtotal, sums.discount, cost, sums.subtotal - sums.discount + cost, TODAY.to_string()
            ],
        )?;
        let order = db.last_insert_rowid();
        for line in &lines {
            db.execute(
                "INSERT INTO order_lines (order_id, variant_id, price, quantity) VALUES (?1, ?2, ?3, ?4)",
                params![order, line["variant_id"].as_i64(), line["price"].as_i64(), line["quantity"].as_i64()],
            )?;
        }
        for table in ["cart_lines", "cart_coupons"] {
            db.execute(&format!("DELETE FROM {table} WHERE {OWNED}"), params![session.user, session.id])?;
        }
        db.execute("DELETE FROM checkouts WHERE session_id = ?1", [&session.id])?;
        Ok::<_, PageError>(format!("/checkout/thanks/{number}"))
    })?;
    Ok(redirect(&to))
}

/// The number of the next order.
pub(crate) fn next_number(db: &Connection) -> rusqlite::Result<String> {
    let last: i64 = db.query_row("SELECT max(CAST(substr(number, 4) AS INTEGER)) FROM orders", [], |row| row.get(0))?;
    Ok(format!("LF-{}", last + 7))
}

pub(crate) async fn thanks(State(app): State<App>, session: Session, Path(number): Path<String>) -> Page {
    let order = app.db.read(|db| {
        let sql = format!("SELECT * FROM orders WHERE {OWNED} AND number = ?3");
        db.query_row(&sql, params![session.user, session.id, number], |_| Ok(()))
            .optional()?
            .ok_or(PageError::NotFound)?;
        Ok::<_, PageError>(record(db, "SELECT * FROM orders WHERE number = ?1", [&number])?)
    })?;
    app.page(&session, "shop/thanks.html", content! { order })
}
