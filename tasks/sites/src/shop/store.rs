//! Fills the database from the catalogue.

use rusqlite::{Connection, params};

use super::catalogue::{Catalogue, Product, User};
use super::vocabulary::KINDS;

pub(crate) fn fill(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    for (at, kind) in KINDS.iter().enumerate() {
        db.execute("INSERT INTO categories VALUES (?1, ?2, ?3)", params![at as i64 + 1, kind.slug, kind.name])?;
    }
    for product in &catalogue.products {
        fill_product(db, product)?;
    }
    for user in &catalogue.users {
        fill_user(db, user)?;
    }
    for coupon in &catalogue.coupons {
        db.execute(
            "INSERT INTO coupons (code, percent, minimum, expires) VALUES (?1, ?2, ?3, ?4)",
            params![coupon.code, coupon.percent, coupon.minimum, coupon.expires],
        )?;
    }
    Ok(())
}

fn fill_product(db: &Connection, product: &Product) -> rusqlite::Result<()> {
    let category: i64 =
        db.query_row("SELECT id FROM categories WHERE slug = ?1", [product.kind.slug], |row| row.get(0))?;
    db.prepare_cached("INSERT INTO products VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        product.id,
        category,
        product.slug,
        product.name,
        product.brand,
        product.material,
        product.description
    ])?;
    for variant in &product.variants {
        db.prepare_cached("INSERT INTO variants VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            variant.id,
            product.id,
            variant.colour,
            variant.size,
            variant.price,
            variant.stock
        ])?;
    }
    for review in &product.reviews {
        db.prepare_cached(
            "INSERT INTO reviews (product_id, author, stars, title, text, day) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![product.id, review.author, review.stars, review.title, review.text, review.day])?;
    }
    Ok(())
}

fn fill_user(db: &Connection, user: &User) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO users (id, name, email, password) VALUES (?1, ?2, ?3, ?4)",
        params![user.id, user.name, user.email, user.password],
    )?;
    for address in &user.addresses {
        db.execute(
            "INSERT INTO addresses (user_id, label, name, street, postcode, city, country) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![user.id, address.label, user.name, address.street, address.postcode, address.city, address.country],
        )?;
    }
    for product in &user.wishlist {
        db.execute("INSERT INTO wishlist (user_id, product_id) VALUES (?1, ?2)", params![user.id, product])?;
    }
    for (variant, quantity) in &user.cart {
        db.execute(
            "INSERT INTO cart_lines (user_id, variant_id, quantity) VALUES (?1, ?2, ?3)",
            params![user.id, variant, quantity],
        )?;
    }
    let home = &user.addresses[0];
    for order in &user.orders {
        db.execute(
            "INSERT INTO orders (number, user_id, email, name, street, postcode, city, country, shipping, payment, subtotal,
                discount, shipping_cost, total, status, placed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'Invoice', ?10, 0, ?11, ?12, ?13, ?14)",
            params![
                order.number, user.id, user.email, user.name, home.street, home.postcode, home.city, home.country,
                if order.shipping_cost == 490 { "Standard" } else { "Express" }, order.subtotal(), order.shipping_cost,
                order.total(), order.status, order.placed
            ],
        )?;
        let id = db.last_insert_rowid();
        for (variant, price, quantity) in &order.lines {
            db.execute(
                "INSERT INTO order_lines (order_id, variant_id, price, quantity) VALUES (?1, ?2, ?3, ?4)",
                params![id, variant, price, quantity],
            )?;
        }
    }
    Ok(())
}
