//! A project's board: open issues by stage, and those closed last.

use axum::Form;
use axum::extract::{Path, State};
use minijinja::context;

use super::actor::{About, Actor, Power, record};
use super::form::Fields;
use super::issue_changes::{close, reopen};
use super::overview::project_row;
use super::rows::{self, number, text};
use crate::{App, Page, PageError, Session, redirect};

/// Value and title of the columns. The last one holds closed issues.
const COLUMNS: [(&str, &str); 4] =
    [("backlog", "Backlog"), ("in progress", "In progress"), ("in review", "In review"), ("done", "Done")];

/// Closed issues that the board still shows.
const DONE: usize = 5;

/// `GET /p/{project}/board`
pub(super) async fn show(State(app): State<App>, session: Session, Path(slug): Path<String>) -> Page {
    let content = app.db.read(|db| {
        let project = project_row(db, &slug)?;
        let mut columns = Vec::new();
        for (value, title) in COLUMNS {
            let mut cards = if value == "done" {
                let sql =
                    "SELECT * FROM issue_rows WHERE project = ?1 AND state = 'closed' ORDER BY closed_at DESC, id DESC";
                rows::all(db, sql, [&slug])?
            } else {
                let sql = "SELECT * FROM issue_rows WHERE project = ?1 AND state = 'open' AND stage = ?2
                           ORDER BY instr('urgent high normal low', priority), id";
                rows::all(db, sql, [slug.as_str(), value])?
            };
            let count = cards.len();
            if value == "done" {
                cards.truncate(DONE);
            }
            columns.push(context! { value, title, hidden => count - cards.len(), count, cards });
        }
        Ok::<_, PageError>(context! { project, columns, tab => "board" })
    })?;
    app.page(&session, "tracker/board.html", content)
}

/// `POST /p/{project}/board`
pub(super) async fn move_card(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Form(form): Form<Fields>,
) -> Page {
    app.db.write(|db| {
        let project = number(&project_row(db, &slug)?, "id");
        let user = Actor::of(db, &session)?.need(Power::Triage)?;
        let (column, title) =
            *COLUMNS.iter().find(|(value, _)| *value == form.get("column")).ok_or(PageError::NotFound)?;
        let at = form.number("issue").ok_or(PageError::NotFound)?;
        let issue = rows::one(
            db,
            "SELECT id, state, stage FROM issue_rows WHERE project_id = ?1 AND number = ?2",
            [project, at],
        )?;
        let id = number(&issue, "id");
        let about = About { project: Some(project), issue: Some(id), page: None };
        let is_open = text(&issue, "state") == "open";
        match (column, is_open) {
            ("done", true) => close(db, user, id, about, "completed")?,
            ("done", false) => {}
            _ => {
                if !is_open {
                    reopen(db, user, id, about)?;
                }
                if db.execute(
                    "UPDATE issues SET stage = ?2 WHERE id = ?1 AND stage <> ?2",
                    rusqlite::params![id, column],
                )? > 0
                {
                    record(db, user, about, "moved to", title)?;
                }
            }
        }
        session.notify(db, &format!("Moved to {title}."))?;
        Ok::<_, PageError>(())
    })?;
    Ok(redirect(&format!("/p/{}/board", super::form::encode(&slug))))
}
