//! Pages that sum up: the dashboard, a project's front page, what happened lately.

use axum::extract::{Path, Query, State};
use minijinja::context;
use rusqlite::{Connection, params};
use serde::Deserialize;

use super::actor::Actor;
use super::rows::{self, Row, number};
use crate::{App, Page, PageError, Session};

const EVENTS: &str =
    "SELECT e.id, e.at, e.verb, e.detail, u.login, u.name, i.ref, i.title, i.url, w.title AS page_title,
    p.slug AS project, p.name AS project_name, '/p/' || p.slug || '/wiki/' || w.slug AS page_url
  FROM events e JOIN users u ON u.id = e.actor_id LEFT JOIN issue_rows i ON i.id = e.issue_id
  LEFT JOIN wiki_pages w ON w.id = e.page_id LEFT JOIN projects p ON p.id = e.project_id";

/// Events on a page of the feed.
const PAGE: i64 = 25;

/// A project's row.
///
/// # Errors
/// [`PageError::NotFound`] if there is none.
pub(super) fn project_row(db: &Connection, slug: &str) -> Result<Row, PageError> {
    Ok(rows::one(db, "SELECT * FROM projects WHERE slug = ?1", [slug])?)
}

/// What happened, latest first.
fn events(db: &Connection, project: &str, login: &str, limit: i64, offset: i64) -> rusqlite::Result<Vec<Row>> {
    let sql = format!(
        "{EVENTS} WHERE (?1 = '' OR p.slug = ?1) AND (?2 = '' OR u.login = ?2) ORDER BY e.id DESC LIMIT ?3 OFFSET ?4"
    );
    rows::all(db, &sql, params![project, login, limit, offset])
}

/// `GET /`
pub(super) async fn dashboard(State(app): State<App>, session: Session) -> Page {
    let content = app.db.read(|db| {
        let actor = Actor::of(db, &session)?;
        let projects = rows::all(
            db,
            "SELECT p.slug, p.name, p.description,
               (SELECT count(*) FROM issues i WHERE i.project_id = p.id AND i.state = 'open') AS open,
               (SELECT count(*) FROM issues i WHERE i.project_id = p.id AND i.state = 'closed') AS closed,
               (SELECT count(*) FROM issues i WHERE i.project_id = p.id AND i.state = 'open' AND i.priority = 'urgent') AS urgent
             FROM projects p ORDER BY p.id",
            [],
        )?;
        let mine = rows::all(
            db,
            "SELECT * FROM issue_rows WHERE assignee_id = ?1 AND state = 'open'
             ORDER BY instr('urgent high normal low', priority), id LIMIT 6",
            [actor.id],
        )?;
        let mine_count: i64 =
            db.query_row("SELECT count(*) FROM issues WHERE assignee_id = ?1 AND state = 'open'", [actor.id], |row| row.get(0))?;
        let due = rows::all(
            db,
            "SELECT m.id, m.title, m.due, p.slug, p.name AS project_name,
               (SELECT count(*) FROM issues i WHERE i.milestone_id = m.id AND i.state = 'open') AS open
             FROM milestones m JOIN projects p ON p.id = m.project_id WHERE m.state = 'open' ORDER BY m.due, m.id LIMIT 5",
            [],
        )?;
        let events = events(db, "", "", 6, 0)?;
        Ok::<_, PageError>(context! { projects, mine, mine_count, due, events })
    })?;
    app.page(&session, "tracker/dashboard.html", content)
}

/// `GET /p/{project}`
pub(super) async fn project(State(app): State<App>, session: Session, Path(slug): Path<String>) -> Page {
    let content = app.db.read(|db| {
        let project = project_row(db, &slug)?;
        let id = number(&project, "id");
        let counts = rows::one(
            db,
            "SELECT coalesce(sum(state = 'open'), 0) AS open, coalesce(sum(state = 'closed'), 0) AS closed,
               coalesce(sum(state = 'open' AND assignee_id IS NULL), 0) AS unassigned FROM issues WHERE project_id = ?1",
            [id],
        )?;
        let load = rows::all(
            db,
            "SELECT u.login, u.name, (SELECT count(*) FROM issues i WHERE i.assignee_id = u.id AND i.project_id = ?1 AND i.state = 'open') AS open
             FROM users u WHERE u.role IN ('maintainer', 'admin') ORDER BY u.name",
            [id],
        )?;
        let events = events(db, &slug, "", 8, 0)?;
        Ok::<_, PageError>(context! { project, counts, load, events, tab => "overview" })
    })?;
    app.page(&session, "tracker/project.html", content)
}

/// Restrictions of the feed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Feed {
    project: String,
    person: String,
    page: i64,
}

/// `GET /activity`
pub(super) async fn activity(State(app): State<App>, session: Session, Query(feed): Query<Feed>) -> Page {
    let page = feed.page.clamp(1, 1000);
    let content = app.db.read(|db| {
        let mut events = events(db, &feed.project, &feed.person, PAGE + 1, (page - 1) * PAGE)?;
        let more = events.len() as i64 > PAGE;
        events.truncate(PAGE as usize);
        let people = rows::all(db, "SELECT login, name FROM users ORDER BY name", [])?;
        Ok::<_, PageError>(
            context! { events, people, project_chosen => feed.project, person => feed.person, page, more },
        )
    })?;
    app.page(&session, "tracker/activity.html", content)
}
