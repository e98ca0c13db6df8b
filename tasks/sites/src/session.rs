//! Visitors: a cookie, the user who signed in with it, and a notice to show on the next page.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rusqlite::{Connection, OptionalExtension, params};

use crate::App;
use crate::page::PageError;

/// One visitor. Handlers take it as an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What the cookie says.
    pub id: String,
    /// Who is signed in: a row of `users`.
    pub user: Option<i64>,
}

impl Session {
    /// Signs a user in.
    ///
    /// # Errors
    /// SQLite's.
    pub fn sign_in(&self, connection: &Connection, user: i64) -> rusqlite::Result<()> {
        connection.execute("UPDATE sessions SET user_id = ?2 WHERE id = ?1", params![self.id, user])?;
        Ok(())
    }

    /// Signs the user out.
    ///
    /// # Errors
    /// SQLite's.
    pub fn sign_out(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute("UPDATE sessions SET user_id = NULL WHERE id = ?1", [&self.id])?;
        Ok(())
    }

    /// Leaves a notice that the next page shows once.
    ///
    /// # Errors
    /// SQLite's.
    pub fn notify(&self, connection: &Connection, notice: &str) -> rusqlite::Result<()> {
        connection.execute("UPDATE sessions SET notice = ?2 WHERE id = ?1", params![self.id, notice])?;
        Ok(())
    }

    /// Takes the notice that was left.
    pub(crate) fn take_notice(&self, connection: &Connection) -> rusqlite::Result<Option<String>> {
        let notice: Option<String> = connection
            .query_row("SELECT notice FROM sessions WHERE id = ?1", [&self.id], |row| row.get(0))
            .optional()?
            .flatten();
        if notice.is_some() {
            connection.execute("UPDATE sessions SET notice = NULL WHERE id = ?1", [&self.id])?;
        }
        Ok(notice)
    }
}

impl FromRequestParts<App> for Session {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Session, PageError> {
        parts
            .extensions
            .get::<Session>()
            .cloned()
            .ok_or_else(|| PageError::Broken("no session was attached".to_owned()))
    }
}

/// Gives each request the session of its cookie, and a visitor without one a new session.
pub(crate) async fn attach(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let known = cookie(request.headers()).map(str::to_owned);
    match app.db.write(|db| find_or_open(db, &app, known.as_deref())) {
        Ok((session, is_new)) => {
            let header = is_new
                .then(|| HeaderValue::try_from(format!("session={}; Path=/; HttpOnly; SameSite=Lax", session.id)));
            request.extensions_mut().insert(session.clone());
            let mut response = next.run(request).await;
            // For the error page, which is made further out.
            response.extensions_mut().insert(session);
            if let Some(Ok(header)) = header {
                response.headers_mut().append(header::SET_COOKIE, header);
            }
            response
        }
        Err(error) => PageError::from(error).into_response(),
    }
}

fn find_or_open(db: &Connection, app: &App, known: Option<&str>) -> rusqlite::Result<(Session, bool)> {
    if let Some(id) = known {
        let user = db.query_row("SELECT user_id FROM sessions WHERE id = ?1", [id], |row| row.get(0)).optional()?;
        if let Some(user) = user {
            return Ok((Session { id: id.to_owned(), user }, false));
        }
    }
    let opened: i64 = db.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))?;
    let id = format!("{:016x}", app.seed.derive("session").derive(opened).0);
    db.execute("INSERT INTO sessions (id, opened) VALUES (?1, ?2)", params![id, opened])?;
    Ok((Session { id, user: None }, true))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix("session="))
}
