CREATE TABLE users (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE COLLATE NOCASE, password TEXT NOT NULL,
    newsletter INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, label TEXT NOT NULL, name TEXT NOT NULL,
    street TEXT NOT NULL, postcode TEXT NOT NULL, city TEXT NOT NULL, country TEXT NOT NULL) STRICT;
CREATE TABLE categories (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL) STRICT;
CREATE TABLE products (
    id INTEGER PRIMARY KEY, category_id INTEGER NOT NULL REFERENCES categories, slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, brand TEXT NOT NULL, material TEXT NOT NULL, description TEXT NOT NULL) STRICT;
CREATE TABLE variants (
    id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products, colour TEXT NOT NULL, size TEXT NOT NULL,
    price INTEGER NOT NULL, stock INTEGER NOT NULL CHECK (stock >= 0)) STRICT;
CREATE INDEX variants_by_product ON variants (product_id);
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products, user_id INTEGER REFERENCES users,
    author TEXT NOT NULL, stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5), title TEXT NOT NULL,
    text TEXT NOT NULL, day TEXT NOT NULL) STRICT;
CREATE INDEX reviews_by_product ON reviews (product_id);
CREATE TABLE coupons (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE COLLATE NOCASE, percent INTEGER NOT NULL, minimum INTEGER NOT NULL,
    expires TEXT NOT NULL) STRICT;
-- A cart belongs to a user, or to a session while nobody is signed in.
CREATE TABLE cart_lines (
    id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, session_id TEXT, variant_id INTEGER NOT NULL REFERENCES variants,
    quantity INTEGER NOT NULL CHECK (quantity > 0)) STRICT;
CREATE TABLE cart_coupons (
    id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, session_id TEXT, code TEXT NOT NULL) STRICT;
CREATE TABLE wishlist (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, product_id INTEGER NOT NULL REFERENCES products,
    UNIQUE (user_id, product_id)) STRICT;
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, user_id INTEGER REFERENCES users, session_id TEXT,
    email TEXT NOT NULL, name TEXT NOT NULL, street TEXT NOT NULL, postcode TEXT NOT NULL, city TEXT NOT NULL,
    country TEXT NOT NULL, shipping TEXT NOT NULL, payment TEXT NOT NULL, coupon TEXT, subtotal INTEGER NOT NULL,
    discount INTEGER NOT NULL, shipping_cost INTEGER NOT NULL, total INTEGER NOT NULL, status TEXT NOT NULL,
    placed TEXT NOT NULL) STRICT;
CREATE TABLE order_lines (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders, variant_id INTEGER NOT NULL REFERENCES variants,
    price INTEGER NOT NULL, quantity INTEGER NOT NULL) STRICT;
-- What was entered in a checkout that is not finished.
CREATE TABLE checkouts (
    id INTEGER PRIMARY KEY, session_id TEXT NOT NULL UNIQUE, email TEXT, name TEXT, street TEXT, postcode TEXT, city TEXT,
    country TEXT, shipping TEXT, payment TEXT) STRICT;
CREATE VIEW shelf AS
    SELECT products.*, categories.slug AS category, categories.name AS category_name,
        (SELECT min(price) FROM variants WHERE product_id = products.id) AS price,
        (SELECT max(price) FROM variants WHERE product_id = products.id) AS highest,
        (SELECT sum(stock) FROM variants WHERE product_id = products.id) AS stock,
        coalesce((SELECT (sum(stars) * 20 + count(*)) / (2 * count(*)) FROM reviews WHERE product_id = products.id), 0)
            AS rating,
        (SELECT count(*) FROM reviews WHERE product_id = products.id) AS reviews
    FROM products JOIN categories ON categories.id = products.category_id;
