//! Milestones of a project.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::civil::Date;
use minijinja::context;
use rusqlite::{Connection, params};

use super::actor::{About, Actor, Power, record};
use super::form::{Fields, encode};
use super::overview::project_row;
use super::rows::{self, Row, number, text};
use crate::{App, Page, PageError, Session, redirect};

/// `GET /p/{project}/milestones`
pub(super) async fn list(State(app): State<App>, session: Session, Path(slug): Path<String>) -> Page {
    page(&app, &session, &slug, StatusCode::OK, &Fields::default(), "")
}

fn page(app: &App, session: &Session, slug: &str, status: StatusCode, typed: &Fields, error: &str) -> Page {
    let content = app.db.read(|db| {
        let project = project_row(db, slug)?;
        let milestones = rows::all(
            db,
            "SELECT m.*, (SELECT count(*) FROM issues i WHERE i.milestone_id = m.id AND i.state = 'open') AS open,
               (SELECT count(*) FROM issues i WHERE i.milestone_id = m.id AND i.state = 'closed') AS closed
             FROM milestones m WHERE m.project_id = ?1 ORDER BY m.state DESC, m.due, m.id",
            [number(&project, "id")],
        )?;
        let typed =
            context! { title => typed.get("title"), due => typed.get("due"), description => typed.get("description") };
        Ok::<_, PageError>(context! { project, milestones, typed, error, tab => "milestones" })
    })?;
    app.page_with(status, session, "tracker/milestones.html", content)
}

/// What is wrong with a milestone, empty if nothing is.
fn error(db: &Connection, project: i64, form: &Fields, own: Option<i64>) -> rusqlite::Result<&'static str> {
    let title = form.get("title");
    if title.is_empty() || title.chars().count() > 40 {
        return Ok("A title of at most 40 characters is needed.");
    }
    if form.get("due").parse::<Date>().is_err() {
        return Ok("The due date is a day such as 2026-03-31.");
    }
    let sql = "SELECT id FROM milestones WHERE project_id = ?1 AND title = ?2 AND id IS NOT ?3";
    let taken = rows::maybe::<i64>(db, sql, params![project, title, own])?;
    Ok(if taken.is_some() { "There is a milestone of that title already." } else { "" })
}

/// `POST /p/{project}/milestones`
pub(super) async fn create(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Form(form): Form<Fields>,
) -> Page {
    let error = app.db.write(|db| {
        let project = number(&project_row(db, &slug)?, "id");
        let user = Actor::of(db, &session)?.need(Power::Triage)?;
        let error = error(db, project, &form, None)?;
        if error.is_empty() {
            db.execute(
                "INSERT INTO milestones (project_id, title, description, due, state) VALUES (?1, ?2, ?3, ?4, 'open')",
                params![project, form.get("title"), form.get("description"), form.get("due")],
            )?;
            record(
                db,
                user,
                About { project: Some(project), ..About::default() },
                "added the milestone",
                &form.get("title"),
            )?;
            session.notify(db, "The milestone was added.")?;
        }
        Ok::<_, PageError>(error)
    })?;
    if error.is_empty() {
        return Ok(redirect(&format!("/p/{}/milestones", encode(&slug))));
    }
    page(&app, &session, &slug, StatusCode::UNPROCESSABLE_ENTITY, &form, error)
}

fn milestone_row(db: &Connection, project: &Row, id: i64) -> rusqlite::Result<Row> {
    rows::one(db, "SELECT * FROM milestones WHERE project_id = ?1 AND id = ?2", [number(project, "id"), id])
}

/// `GET /p/{project}/milestones/{id}`
pub(super) async fn edit_form(State(app): State<App>, session: Session, Path((slug, id)): Path<(String, i64)>) -> Page {
    let content = app.db.read(|db| {
        Actor::of(db, &session)?.need(Power::Triage)?;
        let project = project_row(db, &slug)?;
        let milestone = milestone_row(db, &project, id)?;
        Ok::<_, PageError>(
            context! { typed => &milestone, milestone => &milestone, project, error => "", tab => "milestones" },
        )
    })?;
    app.page(&session, "tracker/edit_milestone.html", content)
}

/// `POST /p/{project}/milestones/{id}`
pub(super) async fn save(
    State(app): State<App>,
    session: Session,
    Path((slug, id)): Path<(String, i64)>,
    Form(form): Form<Fields>,
) -> Page {
    let failed = app.db.write(|db| {
        let project = project_row(db, &slug)?;
        let user = Actor::of(db, &session)?.need(Power::Triage)?;
        let milestone = milestone_row(db, &project, id)?;
        let error = error(db, number(&project, "id"), &form, Some(id))?;
        let state = if form.get("state") == "closed" { "closed" } else { "open" };
        if !error.is_empty() {
            let typed = context! {
                title => form.get("title"), due => form.get("due"), description => form.get("description"), state
            };
            return Ok(Some(context! { typed, milestone, project, error, tab => "milestones" }));
        }
        let changed = db.execute(
            "UPDATE milestones SET title = ?2, description = ?3, due = ?4, state = ?5
             WHERE id = ?1 AND (title, description, due, state) <> (?2, ?3, ?4, ?5)",
            params![id, form.get("title"), form.get("description"), form.get("due"), state],
        )?;
        if changed > 0 {
            let about = About { project: Some(number(&project, "id")), ..About::default() };
            record(db, user, about, "changed the milestone", text(&milestone, "title"))?;
        }
        session.notify(db, "The milestone was saved.")?;
        Ok::<_, PageError>(None)
    })?;
    match failed {
        Some(content) => {
            app.page_with(StatusCode::UNPROCESSABLE_ENTITY, &session, "tracker/edit_milestone.html", content)
        }
        None => Ok(redirect(&format!("/p/{}/milestones", encode(&slug)))),
    }
}
