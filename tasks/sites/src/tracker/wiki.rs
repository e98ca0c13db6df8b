//! The wiki as it is read: pages, sections, history, comparison, and the forms.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use minijinja::{Value, context};
use rusqlite::{Connection, params};

use super::actor::{Actor, Power};
use super::diff;
use super::form::Fields;
use super::issue::render;
use super::markdown::heading;
use super::overview::project_row;
use super::rows::{self, Row, number, text};
use crate::{App, Page, PageError, Session};

/// A page with who wrote its latest revision.
pub(super) fn page_row(db: &Connection, project: &str, slug: &str) -> rusqlite::Result<Row> {
    rows::one(
        db,
        "SELECT w.*, r.number AS revision, r.at, u.login, u.name
         FROM wiki_pages w JOIN projects p ON p.id = w.project_id
         JOIN wiki_revisions r ON r.page_id = w.id AND r.number = (SELECT max(number) FROM wiki_revisions WHERE page_id = w.id)
         JOIN users u ON u.id = r.author_id WHERE p.slug = ?1 AND w.slug = ?2",
        [project, slug],
    )
}

/// A text cut into what lies before its first heading of the second level, and its sections: title and whole text.
pub(super) fn sections(body: &str) -> Vec<(String, String)> {
    let mut found = vec![(String::new(), String::new())];
    for line in body.lines() {
        if let Some((2, title)) = heading(line) {
            found.push((title.to_owned(), String::new()));
        }
        if let Some((_, section)) = found.last_mut() {
            section.push_str(line);
            section.push('\n');
        }
    }
    found.into_iter().map(|(title, section)| (title, section.trim().to_owned())).collect()
}

/// `GET /p/{project}/wiki`
pub(super) async fn list(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Query(asked): Query<Fields>,
) -> Page {
    let words = asked.get("q");
    let content = app.db.read(|db| {
        let project = project_row(db, &slug)?;
        let pages = rows::all(
            db,
            "SELECT w.slug, w.title, max(r.number) AS revision, r.at, u.name, u.login FROM wiki_pages w
             JOIN wiki_revisions r ON r.page_id = w.id JOIN users u ON u.id = r.author_id
             WHERE w.project_id = ?1 AND (instr(lower(w.title), lower(?2)) > 0 OR instr(lower(w.body), lower(?2)) > 0)
             GROUP BY w.id ORDER BY w.title <> 'Home', w.title",
            params![number(&project, "id"), words],
        )?;
        Ok::<_, PageError>(context! { project, pages, words, tab => "wiki" })
    })?;
    app.page(&session, "tracker/wiki.html", content)
}

/// `GET /p/{project}/wiki/{page}`; `?revision=2` shows an old one.
pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    Path((slug, page)): Path<(String, String)>,
    Query(asked): Query<Fields>,
) -> Page {
    let content = app.db.read(|db| {
        let project = project_row(db, &slug)?;
        let page = page_row(db, &slug, &page)?;
        let old = match asked.number("revision").filter(|revision| *revision != number(&page, "revision")) {
            Some(revision) => Some(revision_row(db, &page, revision)?),
            None => None,
        };
        let body = text(old.as_ref().unwrap_or(&page), "body");
        let parts: Vec<Value> = sections(body)
            .iter()
            .enumerate()
            .filter(|(_, (_, section))| !section.is_empty())
            .map(|(at, (title, section))| {
                let content = section.strip_prefix(&format!("## {title}")).unwrap_or(section);
                context! { at, title, html => render(db, content) }
            })
            .collect();
        let pages = rows::all(
            db,
            "SELECT slug, title FROM wiki_pages WHERE project_id = ?1 ORDER BY title <> 'Home', title",
            [number(&project, "id")],
        )?;
        Ok::<_, PageError>(context! { project, page, old, parts, pages, tab => "wiki" })
    })?;
    app.page(&session, "tracker/wiki_page.html", content)
}

fn revision_row(db: &Connection, page: &Row, revision: i64) -> rusqlite::Result<Row> {
    rows::one(
        db,
        "SELECT r.*, u.name, u.login FROM wiki_revisions r JOIN users u ON u.id = r.author_id
         WHERE r.page_id = ?1 AND r.number = ?2",
        [number(page, "id"), revision],
    )
}

/// `GET .../history`
pub(super) async fn history(
    State(app): State<App>,
    session: Session,
    Path((slug, page)): Path<(String, String)>,
) -> Page {
    let content = app.db.read(|db| {
        let project = project_row(db, &slug)?;
        let page = page_row(db, &slug, &page)?;
        let revisions = rows::all(
            db,
            "SELECT r.number, r.at, r.summary, r.title, u.name, u.login FROM wiki_revisions r JOIN users u ON u.id = r.author_id
             WHERE r.page_id = ?1 ORDER BY r.number DESC",
            [number(&page, "id")],
        )?;
        Ok::<_, PageError>(context! { project, page, revisions, tab => "wiki" })
    })?;
    app.page(&session, "tracker/wiki_history.html", content)
}

/// `GET .../compare?from=1&to=2`
pub(super) async fn compare(
    State(app): State<App>,
    session: Session,
    Path((slug, page)): Path<(String, String)>,
    Query(asked): Query<Fields>,
) -> Page {
    let content = app.db.read(|db| {
        let project = project_row(db, &slug)?;
        let page = page_row(db, &slug, &page)?;
        let to = asked.number("to").unwrap_or_else(|| number(&page, "revision"));
        let from = asked.number("from").unwrap_or(to - 1);
        let (old, new) = (revision_row(db, &page, from)?, revision_row(db, &page, to)?);
        let lines = diff::lines(text(&old, "body"), text(&new, "body"));
        Ok::<_, PageError>(context! { project, page, old, new, lines => rows::shown(&lines), tab => "wiki" })
    })?;
    app.page(&session, "tracker/wiki_compare.html", content)
}

/// `GET /p/{project}/new-page`
pub(super) async fn new_form(State(app): State<App>, session: Session, Path(slug): Path<String>) -> Page {
    new_page(&app, &session, &slug, StatusCode::OK, &Fields::default(), "")
}

/// The form for a new page, with what was typed and what is wrong with it.
pub(super) fn new_page(
    app: &App,
    session: &Session,
    slug: &str,
    status: StatusCode,
    typed: &Fields,
    error: &str,
) -> Page {
    let content = app.db.read(|db| {
        Actor::of(db, session)?.need(Power::Triage)?;
        let project = project_row(db, slug)?;
        Ok::<_, PageError>(
            context! { project, error, title => typed.get("title"), body => typed.get("body"), tab => "wiki" },
        )
    })?;
    app.page_with(status, session, "tracker/wiki_new.html", content)
}

/// `GET .../edit`; `?section=2` edits that section only.
pub(super) async fn edit_form(
    State(app): State<App>,
    session: Session,
    Path((slug, page)): Path<(String, String)>,
    Query(asked): Query<Fields>,
) -> Page {
    let content = app.db.read(|db| {
        Actor::of(db, &session)?.need(Power::Triage)?;
        let project = project_row(db, &slug)?;
        let page = page_row(db, &slug, &page)?;
        let section = asked.number("section");
        let (title, body) = match section {
            None => (String::new(), text(&page, "body").to_owned()),
            Some(at) => sections(text(&page, "body"))
                .into_iter()
                .nth(usize::try_from(at).unwrap_or(usize::MAX))
                .ok_or(PageError::NotFound)?,
        };
        Ok::<_, PageError>(context! { project, page, section, section_title => title, body, tab => "wiki" })
    })?;
    app.page(&session, "tracker/wiki_edit.html", content)
}

/// `GET .../rename`
pub(super) async fn rename_form(
    State(app): State<App>,
    session: Session,
    Path((slug, page)): Path<(String, String)>,
) -> Page {
    rename_page(&app, &session, &slug, &page, StatusCode::OK, None, "")
}

/// The form for another title, with what was typed and what is wrong with it.
pub(super) fn rename_page(
    app: &App,
    session: &Session,
    slug: &str,
    page: &str,
    status: StatusCode,
    typed: Option<&str>,
    error: &str,
) -> Page {
    let content = app.db.read(|db| {
        Actor::of(db, session)?.need(Power::Triage)?;
        let project = project_row(db, slug)?;
        let page = page_row(db, slug, page)?;
        let title = typed.unwrap_or_else(|| text(&page, "title")).to_owned();
        Ok::<_, PageError>(context! { project, page, title, error, tab => "wiki" })
    })?;
    app.page_with(status, session, "tracker/wiki_rename.html", content)
}
