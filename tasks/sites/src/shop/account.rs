//! Accounts: signing in and out, details, addresses, wishlist.

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cart;
use super::checkout::address_errors;
use super::vocabulary::COUNTRIES;
use crate::form::is_email;
use crate::sign_in::Credentials;
use crate::{App, Page, Session, content, record, records, redirect};

pub(crate) async fn sign_in_form(State(app): State<App>, session: Session, Query(form): Query<Credentials>) -> Page {
    app.page(&session, "shop/signin.html", content! { form, error => None::<&str> })
}

pub(crate) async fn sign_in(State(app): State<App>, session: Session, Form(form): Form<Credentials>) -> Page {
    let signed_in = app.db.write(|db| {
        let user = form.user(db)?;
        if let Some(user) = user {
            cart::adopt(db, &session, user)?;
            db.execute("DELETE FROM checkouts WHERE session_id = ?1", [&session.id])?;
            session.sign_in(db, user)?;
            session.notify(db, "You are signed in.")?;
        }
        Ok::<_, rusqlite::Error>(user.is_some())
    })?;
    if !signed_in {
        let content = content! { form, error => "E-mail or password is wrong." };
        return app.page_with(StatusCode::UNPROCESSABLE_ENTITY, &session, "shop/signin.html", content);
    }
    Ok(redirect(form.next_or("/account")))
}

pub(crate) async fn sign_out(State(app): State<App>, session: Session) -> Page {
    app.db.write(|db| {
        db.execute("DELETE FROM checkouts WHERE session_id = ?1", [&session.id])?;
        session.sign_out(db)?;
        session.notify(db, "You are signed out.")
    })?;
    Ok(redirect("/"))
}

/// Sends those who are not signed in to the form, and back afterwards.
pub(crate) fn to_sign_in(path: &str) -> Page {
    Ok(redirect(&format!("/signin?next={path}")))
}

pub(crate) async fn overview(State(app): State<App>, session: Session) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account") };
    let (user, orders) = app.db.read(|db| {
        let orders = "SELECT * FROM orders WHERE user_id = ?1 ORDER BY placed DESC, id DESC LIMIT 2";
        Ok::<_, rusqlite::Error>((
            record(db, "SELECT * FROM users WHERE id = ?1", [user])?,
            records(db, orders, [user])?,
        ))
    })?;
    app.page(&session, "shop/account.html", content! { user, orders })
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Details {
    name: String,
    email: String,
    newsletter: String,
}

pub(crate) async fn details(State(app): State<App>, session: Session) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account/details") };
    let row = app.db.read(|db| record(db, "SELECT * FROM users WHERE id = ?1", [user]))?;
    let text = |column: &str| row[column].as_str().unwrap_or_default().to_owned();
    let newsletter = if row["newsletter"] == 1 { "on".to_owned() } else { String::new() };
    let form = Details { name: text("name"), email: text("email"), newsletter };
    app.page(&session, "shop/details.html", content! { form, errors => Map::new() })
}

pub(crate) async fn change_details(State(app): State<App>, session: Session, Form(form): Form<Details>) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account/details") };
    let mut errors = Map::new();
    if form.name.trim().is_empty() {
        errors.insert("name".to_owned(), "This is needed.".into());
    }
    if !is_email(&form.email) {
        errors.insert("email".to_owned(), "Enter an e-mail address such as name@example.com.".into());
    }
    let taken = app.db.read(|db| {
        records(db, "SELECT 1 FROM users WHERE email = ?1 AND id <> ?2", params![form.email.trim(), user])
    })?;
    if !taken.is_empty() {
        errors.insert("email".to_owned(), "Another account uses this address.".into());
    }
    if !errors.is_empty() {
        let content = content! { form, errors };
        return app.page_with(StatusCode::UNPROCESSABLE_ENTITY, &session, "shop/details.html", content);
    }
    app.db.write(|db| {
        db.execute(
            "UPDATE users SET name = ?2, email = ?3, newsletter = ?4 WHERE id = ?1",
            params![user, form.name.trim(), form.email.trim(), i64::from(!form.newsletter.is_empty())],
        )?;
        session.notify(db, "Your details were saved.")
    })?;
    Ok(redirect("/account/details"))
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct NewAddress {
    label: String,
    name: String,
    street: String,
    postcode: String,
    city: String,
    country: String,
}

pub(crate) async fn addresses(State(app): State<App>, session: Session) -> Page {
    addresses_page(&app, &session, &NewAddress::default(), &Map::new())
}

fn addresses_page(app: &App, session: &Session, form: &NewAddress, errors: &Map<String, Value>) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account/addresses") };
    let saved = app.db.read(|db| records(db, "SELECT * FROM addresses WHERE user_id = ?1 ORDER BY id", [user]))?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    app.page_with(status, session, "shop/addresses.html", content! { saved, form, errors, countries => COUNTRIES })
}

pub(crate) async fn add_address(State(app): State<App>, session: Session, Form(form): Form<NewAddress>) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account/addresses") };
    let mut errors = address_errors([
        ("name", &form.name),
        ("street", &form.street),
        ("postcode", &form.postcode),
        ("city", &form.city),
        ("country", &form.country),
    ]);
    if form.label.trim().is_empty() {
        errors.insert("label".to_owned(), "Give the address a name, such as Home.".into());
    }
    if !errors.is_empty() {
        return addresses_page(&app, &session, &form, &errors);
    }
    app.db.write(|db| {
        db.execute(
            "INSERT INTO addresses (user_id, label, name, street, postcode, city, country) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                user, form.label.trim(), form.name.trim(), form.street.trim(), form.postcode.trim(), form.city.trim(),
                form.country
            ],
        )?;
        session.notify(db, "The address was saved.")
    })?;
    Ok(redirect("/account/addresses"))
}

pub(crate) async fn remove_address(State(app): State<App>, session: Session, Path(id): Path<i64>) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account/addresses") };
    app.db.write(|db| {
        db.execute("DELETE FROM addresses WHERE id = ?1 AND user_id = ?2", params![id, user])?;
        session.notify(db, "The address was removed.")
    })?;
    Ok(redirect("/account/addresses"))
}

pub(crate) async fn wishlist(State(app): State<App>, session: Session) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account/wishlist") };
    let sql =
        "SELECT shelf.* FROM wishlist JOIN shelf ON shelf.id = product_id WHERE user_id = ?1 ORDER BY wishlist.id";
    let found = app.db.read(|db| records(db, sql, [user]))?;
    app.page(&session, "shop/wishlist.html", content! { found })
}

pub(crate) async fn unwish(State(app): State<App>, session: Session, Path(product): Path<i64>) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account/wishlist") };
    app.db.write(|db| {
        db.execute("DELETE FROM wishlist WHERE product_id = ?1 AND user_id = ?2", params![product, user])?;
        session.notify(db, "Removed from your wishlist.")
    })?;
    Ok(redirect("/account/wishlist"))
}
