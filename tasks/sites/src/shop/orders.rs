//! What a user has ordered.

use axum::extract::{Path, State};
use rusqlite::params;

use super::account::to_sign_in;
use crate::{App, Page, Session, content, record, records, redirect};

pub(crate) async fn list(State(app): State<App>, session: Session) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account/orders") };
    let sql = "SELECT orders.*, (SELECT sum(quantity) FROM order_lines WHERE order_id = orders.id) AS pieces
        FROM orders WHERE user_id = ?1 ORDER BY placed DESC, id DESC";
    let orders = app.db.read(|db| records(db, sql, [user]))?;
    app.page(&session, "shop/orders.html", content! { orders })
}

pub(crate) async fn show(State(app): State<App>, session: Session, Path(number): Path<String>) -> Page {
    let Some(user) = session.user else { return to_sign_in(&format!("/account/orders/{number}")) };
    let (order, lines) = app.db.read(|db| {
        let order = record(db, "SELECT * FROM orders WHERE number = ?1 AND user_id = ?2", params![number, user])?;
        let sql = "SELECT order_lines.*, name, slug, colour, size FROM order_lines
            JOIN variants ON variants.id = variant_id JOIN products ON products.id = product_id
            WHERE order_id = ?1 ORDER BY order_lines.id";
        let lines = records(db, sql, [order["id"].as_i64()])?;
        Ok::<_, rusqlite::Error>((order, lines))
    })?;
    app.page(&session, "shop/order.html", content! { order, lines })
}

pub(crate) async fn cancel(State(app): State<App>, session: Session, Path(number): Path<String>) -> Page {
    let Some(user) = session.user else { return to_sign_in("/account/orders") };
    app.db.write(|db| {
        let sql = "UPDATE orders SET status = 'Cancelled' WHERE number = ?1 AND user_id = ?2 AND status = 'Processing'";
        if db.execute(sql, params![number, user])? == 0 {
            return session.notify(db, "This order can no longer be cancelled.");
        }
        db.execute(
            "UPDATE variants SET stock = stock + (SELECT sum(quantity) FROM order_lines JOIN orders ON orders.id = order_id
                WHERE number = ?1 AND variant_id = variants.id)
             WHERE id IN (SELECT variant_id FROM order_lines JOIN orders ON orders.id = order_id WHERE number = ?1)",
            [&number],
        )?;
        session.notify(db, &format!("Order {number} was cancelled."))
    })?;
    Ok(redirect(&format!("/account/orders/{number}")))
}
