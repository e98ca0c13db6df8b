//! What can be done to the wiki. Every change is a revision.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rusqlite::{Connection, params};

use super::actor::{About, Actor, Power, now, record};
use super::form::{Fields, encode, slug};
use super::issue_changes::title_error;
use super::overview::project_row;
use super::rows::{self, number, text};
use super::wiki::{new_page, page_row, rename_page, sections};
use crate::{App, Page, PageError, Session, redirect};

fn add_revision(
    db: &Connection,
    page: i64,
    user: i64,
    summary: &str,
    verb: &str,
    detail: &str,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO wiki_revisions (page_id, number, title, body, summary, author_id, at)
         SELECT id, (SELECT coalesce(max(number), 0) + 1 FROM wiki_revisions WHERE page_id = ?1), title, body, ?2, ?3, ?4
         FROM wiki_pages WHERE id = ?1",
        params![page, summary, user, now()],
    )?;
    let project = rows::maybe::<i64>(db, "SELECT project_id FROM wiki_pages WHERE id = ?1", [page])?;
    record(db, user, About { project, issue: None, page: Some(page) }, verb, detail)
}

fn address(project: &str, page: &str) -> String {
    format!("/p/{}/wiki/{}", encode(project), encode(page))
}

/// What is wrong with a title in a project, empty if nothing is.
fn page_title_error(db: &Connection, project: i64, title: &str, own: Option<i64>) -> rusqlite::Result<&'static str> {
    let error = title_error(title);
    if !error.is_empty() {
        return Ok(error);
    }
    if slug(title).is_empty() {
        return Ok("The title needs a letter or a digit.");
    }
    let sql = "SELECT id FROM wiki_pages WHERE project_id = ?1 AND slug = ?2 AND id IS NOT ?3";
    let taken = rows::maybe::<i64>(db, sql, params![project, slug(title), own])?;
    Ok(if taken.is_some() { "There is a page of that title already." } else { "" })
}

/// `POST /p/{project}/new-page`
pub(super) async fn create(
    State(app): State<App>,
    session: Session,
    Path(project_slug): Path<String>,
    Form(form): Form<Fields>,
) -> Page {
    let title = form.get("title");
    let error = app.db.write(|db| {
        let project = number(&project_row(db, &project_slug)?, "id");
        let user = Actor::of(db, &session)?.need(Power::Triage)?;
        let error = page_title_error(db, project, &title, None)?;
        if error.is_empty() {
            db.execute(
                "INSERT INTO wiki_pages (project_id, slug, title, body) VALUES (?1, ?2, ?3, ?4)",
                params![project, slug(&title), title, form.get("body")],
            )?;
            add_revision(db, db.last_insert_rowid(), user, "First version", "wrote", "")?;
            session.notify(db, "The page was created.")?;
        }
        Ok::<_, PageError>(error)
    })?;
    if error.is_empty() {
        return Ok(redirect(&address(&project_slug, &slug(&title))));
    }
    new_page(&app, &session, &project_slug, StatusCode::UNPROCESSABLE_ENTITY, &form, error)
}

/// `POST .../edit`: the whole page, or the section that the form names.
pub(super) async fn save(
    State(app): State<App>,
    session: Session,
    Path((project, page_slug)): Path<(String, String)>,
    Form(form): Form<Fields>,
) -> Page {
    app.db.write(|db| {
        let user = Actor::of(db, &session)?.need(Power::Triage)?;
        let page = page_row(db, &project, &page_slug)?;
        let old = text(&page, "body");
        let body = match form.number("section") {
            None => form.get("body"),
            Some(at) => {
                let mut parts: Vec<String> = sections(old).into_iter().map(|(_, section)| section).collect();
                let part = usize::try_from(at).ok().and_then(|at| parts.get_mut(at)).ok_or(PageError::NotFound)?;
                *part = form.get("body");
                parts.retain(|part| !part.is_empty());
                parts.join("\n\n")
            }
        };
        if body == old {
            session.notify(db, "Nothing was changed.")?;
        } else {
            db.execute("UPDATE wiki_pages SET body = ?2 WHERE id = ?1", params![number(&page, "id"), body])?;
            add_revision(db, number(&page, "id"), user, &form.get("summary"), "edited", "")?;
            session.notify(db, "The page was saved.")?;
        }
        Ok::<_, PageError>(())
    })?;
    Ok(redirect(&address(&project, &page_slug)))
}

/// `POST .../rename`
pub(super) async fn rename(
    State(app): State<App>,
    session: Session,
    Path((project, page_slug)): Path<(String, String)>,
    Form(form): Form<Fields>,
) -> Page {
    let title = form.get("title");
    let error = app.db.write(|db| {
        let user = Actor::of(db, &session)?.need(Power::Triage)?;
        let page = page_row(db, &project, &page_slug)?;
        let id = number(&page, "id");
        let error = page_title_error(db, number(&page, "project_id"), &title, Some(id))?;
        if error.is_empty() && title != text(&page, "title") {
            db.execute("UPDATE wiki_pages SET title = ?2, slug = ?3 WHERE id = ?1", params![id, title, slug(&title)])?;
            let before = text(&page, "title");
            add_revision(db, id, user, &format!("Renamed from {before}"), "renamed", &format!("from {before}"))?;
            session.notify(db, "The page was renamed.")?;
        }
        Ok::<_, PageError>(error)
    })?;
    if error.is_empty() {
        return Ok(redirect(&address(&project, &slug(&title))));
    }
    rename_page(&app, &session, &project, &page_slug, StatusCode::UNPROCESSABLE_ENTITY, Some(&title), error)
}
