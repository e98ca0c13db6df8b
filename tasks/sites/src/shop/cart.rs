//! The cart: of a user, or of a session while nobody is signed in.

use axum::extract::{Form, Path, State};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::checkout::FREE_FROM;
use crate::clock::TODAY;
use crate::{App, Page, Session, content, record, records, redirect};

/// Holds for the rows of one owner, with the user as ?1 and the session as ?2.
pub(crate) const OWNED: &str = "(user_id IS ?1 AND (?1 IS NOT NULL OR session_id = ?2))";

/// What a cart comes to, in cents.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Sums {
    pub(crate) subtotal: i64,
    pub(crate) discount: i64,
    pub(crate) coupon: Option<String>,
}

/// How many pieces are in the cart.
pub(crate) fn count(db: &Connection, session: &Session) -> rusqlite::Result<i64> {
    let sql = format!("SELECT coalesce(sum(quantity), 0) FROM cart_lines WHERE {OWNED}");
    db.query_row(&sql, params![session.user, session.id], |row| row.get(0))
}

/// The lines of the cart with all that is shown of them.
pub(crate) fn lines(db: &Connection, session: &Session) -> rusqlite::Result<Vec<Map<String, Value>>> {
    let sql = format!(
        "SELECT cart_lines.id, variant_id, quantity, colour, size, price, stock, name, slug, price * quantity AS sum
         FROM cart_lines JOIN variants ON variants.id = variant_id JOIN products ON products.id = product_id
         WHERE {OWNED} ORDER BY cart_lines.id"
    );
    records(db, &sql, params![session.user, session.id])
}

/// Subtotal and discount. A coupon whose condition no longer holds gives no discount.
pub(crate) fn sums(db: &Connection, session: &Session) -> rusqlite::Result<Sums> {
    let subtotal = lines(db, session)?.iter().filter_map(|line| line["sum"].as_i64()).sum();
    let sql = format!("SELECT code FROM cart_coupons WHERE {OWNED}");
    let code: Option<String> = db.query_row(&sql, params![session.user, session.id], |row| row.get(0)).optional()?;
    let percent: Option<i64> = match &code {
        Some(code) => {
            let sql = "SELECT percent FROM coupons WHERE code = ?1 AND minimum <= ?2";
            db.query_row(sql, params![code, subtotal], |row| row.get(0)).optional()?
        }
        None => None,
    };
    // Rounded half up, to the cent.
    let discount = percent.map_or(0, |percent| (subtotal * percent + 50) / 100);
    Ok(Sums { subtotal, discount, coupon: code })
}

/// Adds to the cart, or says why not.
pub(crate) fn put(
    db: &Connection,
    session: &Session,
    variant: i64,
    quantity: i64,
) -> rusqlite::Result<Result<(), String>> {
    let stock: i64 = db.query_row("SELECT stock FROM variants WHERE id = ?1", [variant], |row| row.get(0))?;
    let sql = format!("SELECT quantity FROM cart_lines WHERE {OWNED} AND variant_id = ?3");
    let held: Option<i64> =
        db.query_row(&sql, params![session.user, session.id, variant], |row| row.get(0)).optional()?;
    let wanted = held.unwrap_or(0) + quantity;
    if stock == 0 {
        return Ok(Err("This variant is sold out.".to_owned()));
    }
    if wanted > stock {
        return Ok(Err(format!("Only {stock} of these are left.")));
    }
    if held.is_some() {
        let sql = format!("UPDATE cart_lines SET quantity = ?4 WHERE {OWNED} AND variant_id = ?3");
        db.execute(&sql, params![session.user, session.id, variant, wanted])?;
    } else {
        let own = session.user.is_none().then_some(&session.id);
        db.execute(
            "INSERT INTO cart_lines (user_id, session_id, variant_id, quantity) VALUES (?1, ?2, ?3, ?4)",
            params![session.user, own, variant, quantity],
        )?;
    }
    Ok(Ok(()))
}

/// Moves what was put into the cart before signing in to the user's own cart.
pub(crate) fn adopt(db: &Connection, session: &Session, user: i64) -> rusqlite::Result<()> {
    let signed_in = Session { id: session.id.clone(), user: Some(user) };
    for line in lines(db, &Session { id: session.id.clone(), user: None })? {
        let number = |column: &str| line[column].as_i64().unwrap_or(0);
        // What is out of stock by now stays behind.
        let _ = put(db, &signed_in, number("variant_id"), number("quantity"))?;
        db.execute("DELETE FROM cart_lines WHERE id = ?1", [number("id")])?;
    }
    db.execute("DELETE FROM cart_coupons WHERE session_id = ?1 AND user_id IS NULL", [&session.id])?;
    Ok(())
}

pub(crate) async fn show(State(app): State<App>, session: Session) -> Page {
    let (lines, sums) = app.db.read(|db| Ok::<_, rusqlite::Error>((lines(db, &session)?, sums(db, &session)?)))?;
    app.page(&session, "shop/cart.html", content! { lines, sums, free_from => FREE_FROM })
}

#[derive(Debug, Deserialize)]
pub(crate) struct Quantity {
    #[serde(default)]
    quantity: String,
}

pub(crate) async fn change(
    State(app): State<App>,
    session: Session,
    Path(line): Path<i64>,
    Form(form): Form<Quantity>,
) -> Page {
    app.db.write(|db| {
        let sql = format!(
            "SELECT stock, name FROM cart_lines JOIN variants ON variants.id = variant_id
             JOIN products ON products.id = product_id WHERE {OWNED} AND cart_lines.id = ?3"
        );
        let row = record(db, &sql, params![session.user, session.id, line])?;
        let stock = row["stock"].as_i64().unwrap_or(0);
        let notice = match form.quantity.trim().parse::<i64>() {
            Ok(0) => {
                db.execute("DELETE FROM cart_lines WHERE id = ?1", [line])?;
                "Removed from your cart.".to_owned()
            }
            Ok(quantity) if quantity > stock => format!("Only {stock} of these are left."),
            Ok(quantity) if quantity > 0 => {
                db.execute("UPDATE cart_lines SET quantity = ?2 WHERE id = ?1", params![line, quantity])?;
                "Your cart was updated.".to_owned()
            }
            _ => "The quantity must be a whole number.".to_owned(),
        };
        session.notify(db, &notice)
    })?;
    Ok(redirect("/cart"))
}

pub(crate) async fn remove(State(app): State<App>, session: Session, Path(line): Path<i64>) -> Page {
    app.db.write(|db| {
        let sql = format!("DELETE FROM cart_lines WHERE {OWNED} AND id = ?3");
        db.execute(&sql, params![session.user, session.id, line])?;
        session.notify(db, "Removed from your cart.")
    })?;
    Ok(redirect("/cart"))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Code {
    #[serde(default)]
    code: String,
}

pub(crate) async fn apply_coupon(State(app): State<App>, session: Session, Form(form): Form<Code>) -> Page {
    app.db.write(|db| {
        let sql = "SELECT code, percent, minimum, expires FROM coupons WHERE code = ?1";
        let known = records(db, sql, [form.code.trim()])?;
        let subtotal = sums(db, &session)?.subtotal;
        let notice = match known.first() {
            None => "We do not know this code.".to_owned(),
            Some(coupon) if coupon["expires"].as_str() < Some(TODAY.to_string().as_str()) => {
                "This code has expired.".to_owned()
            }
            Some(coupon) if coupon["minimum"].as_i64() > Some(subtotal) => {
                let minimum = crate::money(coupon["minimum"].as_i64().unwrap_or(0));
                format!("This code applies from an order value of {minimum}.")
            }
            Some(coupon) => {
                let code = coupon["code"].as_str();
                db.execute(&format!("DELETE FROM cart_coupons WHERE {OWNED}"), params![session.user, session.id])?;
                let own = session.user.is_none().then_some(&session.id);
                db.execute(
                    "INSERT INTO cart_coupons (user_id, session_id, code) VALUES (?1, ?2, ?3)",
                    params![session.user, own, code],
                )?;
                format!("Code {} applied: {}% off.", code.unwrap_or_default(), coupon["percent"])
            }
        };
        session.notify(db, &notice)
    })?;
    Ok(redirect("/cart"))
}

pub(crate) async fn remove_coupon(State(app): State<App>, session: Session) -> Page {
    app.db.write(|db| {
        db.execute(&format!("DELETE FROM cart_coupons WHERE {OWNED}"), params![session.user, session.id])?;
        session.notify(db, "The code was removed.")
    })?;
    Ok(redirect("/cart"))
}
