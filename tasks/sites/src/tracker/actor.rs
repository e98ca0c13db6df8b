//! Who acts, and what their role lets them do.

use rusqlite::{Connection, params};
use serde::Serialize;

use super::rows::{self, text};
use crate::clock;
use crate::{PageError, Session};

/// The visitor behind a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Actor {
    /// Row of `users`; `None` for visitors who have not signed in.
    pub(super) id: Option<i64>,
    pub(super) login: String,
    pub(super) name: String,
    pub(super) role: String,
}

/// What can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    /// Open issues, comment, watch: reporters and above.
    Take,
    /// Label, assign, plan, lock, move, edit what others wrote, write the wiki: maintainers and above.
    Triage,
    /// Change roles: administrators.
    Administer,
}

impl Actor {
    /// The visitor of a session.
    pub(super) fn of(db: &Connection, session: &Session) -> rusqlite::Result<Actor> {
        let Some(id) = session.user else {
            return Ok(Actor { id: None, login: String::new(), name: String::new(), role: "guest".to_owned() });
        };
        let row = rows::one(db, "SELECT login, name, role FROM users WHERE id = ?1", [id])?;
        let owned = |column| text(&row, column).to_owned();
        Ok(Actor { id: Some(id), login: owned("login"), name: owned("name"), role: owned("role") })
    }

    /// Whether the role has a power.
    pub(super) fn may(&self, power: Power) -> bool {
        let rank = match self.role.as_str() {
            "admin" => 3,
            "maintainer" => 2,
            "reporter" => 1,
            _ => 0,
        };
        rank >= match power {
            Power::Take => 1,
            Power::Triage => 2,
            Power::Administer => 3,
        }
    }

    /// The user's id, if the role has a power.
    ///
    /// # Errors
    /// [`PageError::Forbidden`] if not.
    pub(super) fn need(&self, power: Power) -> Result<i64, PageError> {
        self.id.filter(|_| self.may(power)).ok_or(PageError::Forbidden)
    }

    /// The user's id, if the role has a power or the thing is the user's own and the role may [`Power::Take`].
    ///
    /// # Errors
    /// [`PageError::Forbidden`] if not.
    pub(super) fn need_or_own(&self, power: Power, owner: i64) -> Result<i64, PageError> {
        self.need(power).or_else(|refused| self.need(Power::Take).ok().filter(|id| *id == owner).ok_or(refused))
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About {
    pub(super) project: Option<i64>,
    pub(super) issue: Option<i64>,
    pub(super) page: Option<i64>,
}

/// The moment of every visit, as tables hold it.
pub(super) fn now() -> String {
    format!("{}T10:00", clock::TODAY)
}

/// Records that a user changed something.
pub(super) fn record(db: &Connection, user: i64, about: About, verb: &str, detail: &str) -> rusqlite::Result<()> {
    db.execute("INSERT OR IGNORE INTO contributors (user_id) VALUES (?1)", [user])?;
    db.execute(
        "INSERT INTO events (at, actor_id, project_id, issue_id, page_id, verb, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![now(), user, about.project, about.issue, about.page, verb, detail],
    )?;
    Ok(())
}
