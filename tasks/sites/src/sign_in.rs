//! Signing in with an e-mail address and a password.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// What is typed into the form.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Credentials {
    email: String,
    #[serde(skip_serializing)]
    password: String,
    /// Where to go afterwards.
    next: String,
}

impl Credentials {
    /// Whose they are.
    pub(crate) fn user(&self, db: &Connection) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT id FROM users WHERE email = ?1 AND password = ?2";
        db.query_row(sql, params![self.email.trim(), self.password], |row| row.get(0)).optional()
    }

    /// Where to go afterwards: only to paths of this site, and `//host` would leave it.
    pub(crate) fn next_or<'a>(&'a self, otherwise: &'a str) -> &'a str {
        let local = self.next.starts_with('/') && !self.next.starts_with("//") && !self.next.contains('\\');
        if local { &self.next } else { otherwise }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn afterwards_one_stays_on_the_site() {
        let next = |next: &str| Credentials { next: next.into(), ..Credentials::default() };
        assert_eq!(next("/orders?page=2").next_or("/account"), "/orders?page=2");
        for away in ["", "orders", "//evil.test", "https://evil.test/", "/\\evil.test"] {
            assert_eq!(next(away).next_or("/account"), "/account", "{away}");
        }
    }
}
