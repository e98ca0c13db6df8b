//! One issue as it is read, and the forms around it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use minijinja::{Value, context};
use rusqlite::{Connection, OptionalExtension, params};

use super::actor::{Actor, Power};
use super::form::Fields;
use super::issue_list::choices;
use super::markdown;
use super::overview::project_row;
use super::rows::{self, Row, number, text};
use crate::{App, Page, PageError, Session};

/// The issue of an address.
///
/// # Errors
/// [`PageError::NotFound`] if there is none.
pub(super) fn issue_row(db: &Connection, slug: &str, number: i64) -> Result<Row, PageError> {
    Ok(rows::one(db, "SELECT * FROM issue_rows WHERE project = ?1 AND number = ?2", params![slug, number])?)
}

/// Where a reference such as `ORB-12` leads.
pub(super) fn reference(db: &Connection, word: &str) -> Option<(i64, String)> {
    let (key, number) = word.trim().trim_start_matches('#').split_once('-')?;
    let number: i64 = number.parse().ok()?;
    db.query_row(
        "SELECT i.id, '/p/' || p.slug || '/issues/' || i.number FROM issues i JOIN projects p ON p.id = i.project_id
         WHERE p.key = upper(?1) AND i.number = ?2",
        params![key, number],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .optional()
    .ok()
    .flatten()
}

/// Markdown as safe HTML, with references to issues as links.
pub(super) fn render(db: &Connection, source: &str) -> Value {
    Value::from_safe_string(markdown::html(source, &|word| reference(db, word).map(|(_, url)| url)))
}

/// `GET /p/{project}/issues/{number}`
pub(super) async fn show(State(app): State<App>, session: Session, Path((slug, at)): Path<(String, i64)>) -> Page {
    let content = app.db.read(|db| {
        let project = project_row(db, &slug)?;
        let issue = issue_row(db, &slug, at)?;
        let actor = Actor::of(db, &session)?;
        let id = number(&issue, "id");
        let comments = rows::all(
            db,
            "SELECT c.*, u.login, u.name, u.role FROM comments c JOIN users u ON u.id = c.author_id WHERE c.issue_id = ?1 ORDER BY c.id",
            [id],
        )?;
        let comments: Vec<Value> = comments
            .iter()
            .map(|comment| {
                let editable = actor.need_or_own(Power::Triage, number(comment, "author_id")).is_ok();
                context! { html => render(db, text(comment, "body")), editable, ..rows::shown(comment) }
            })
            .collect();
        let history = rows::all(
            db,
            "SELECT e.at, e.verb, e.detail, u.login, u.name FROM events e JOIN users u ON u.id = e.actor_id
             WHERE e.issue_id = ?1 AND e.verb NOT IN ('opened', 'commented on') ORDER BY e.id",
            [id],
        )?;
        let original = rows::all(
            db,
            "SELECT ref, title, url FROM issue_rows WHERE id = (SELECT duplicate_of FROM issues WHERE id = ?1)",
            [id],
        )?;
        let watching = rows::maybe::<i64>(db, "SELECT id FROM watches WHERE issue_id = ?1 AND user_id = ?2", params![id, actor.id])?;
        let own = actor.id == Some(number(&issue, "author_id"));
        let locked = number(&issue, "locked") == 1;
        let has = |name: &str| issue["labels"].as_array().is_some_and(|labels| labels.iter().any(|label| label["name"] == name));
        let labels = rows::all(db, "SELECT id, name, hue FROM labels ORDER BY name", [])?;
        let labels: Vec<Value> =
            labels.iter().map(|label| context! { on => has(text(label, "name")), ..rows::shown(label) }).collect();
        Ok::<_, PageError>(context! {
            html => render(db, text(&issue, "body")), comments, history, original => original.first(), watching => watching.is_some(),
            may_comment => actor.need(if locked { Power::Triage } else { Power::Take }).is_ok(),
            may_edit => actor.need_or_own(Power::Triage, number(&issue, "author_id")).is_ok(), own,
            choices => choices(db, Some(number(&project, "id")))?, all_labels => labels, project, issue, tab => "issues",
        })
    })?;
    app.page(&session, "tracker/issue.html", content)
}

/// `GET /p/{project}/issues/new`
pub(super) async fn new_form(State(app): State<App>, session: Session, Path(slug): Path<String>) -> Page {
    new_page(&app, &session, &slug, StatusCode::OK, &Fields::default(), "")
}

/// The form for a new issue, with what was typed and what is wrong with it.
pub(super) fn new_page(
    app: &App,
    session: &Session,
    slug: &str,
    status: StatusCode,
    typed: &Fields,
    error: &str,
) -> Page {
    let content = app.db.read(|db| {
        Actor::of(db, session)?.need(Power::Take)?;
        let project = project_row(db, slug)?;
        let choices = choices(db, Some(number(&project, "id")))?;
        Ok::<_, PageError>(context! {
            project, choices, error, title => typed.get("title"), body => typed.get("body"), labels => rows::shown(typed.all("label")), tab => "issues",
        })
    })?;
    app.page_with(status, session, "tracker/new_issue.html", content)
}

/// `GET /p/{project}/issues/{number}/edit`
pub(super) async fn edit_form(State(app): State<App>, session: Session, Path((slug, at)): Path<(String, i64)>) -> Page {
    let content = app.db.read(|db| {
        let (project, issue) = (project_row(db, &slug)?, issue_row(db, &slug, at)?);
        Actor::of(db, &session)?.need_or_own(Power::Triage, number(&issue, "author_id"))?;
        let (title, body) = (text(&issue, "title").to_owned(), text(&issue, "body").to_owned());
        Ok::<_, PageError>(context! { project, issue, title, body, error => "", tab => "issues" })
    })?;
    app.page(&session, "tracker/edit_issue.html", content)
}

/// `GET /comments/{id}`
pub(super) async fn comment_form(State(app): State<App>, session: Session, Path(id): Path<i64>) -> Page {
    let content = app.db.read(|db| {
        let comment = rows::one(
            db,
            "SELECT c.*, i.url, i.ref, i.title FROM comments c JOIN issue_rows i ON i.id = c.issue_id WHERE c.id = ?1",
            [id],
        )?;
        Actor::of(db, &session)?.need_or_own(Power::Triage, number(&comment, "author_id"))?;
        Ok::<_, PageError>(context! { comment })
    })?;
    app.page(&session, "tracker/edit_comment.html", content)
}
