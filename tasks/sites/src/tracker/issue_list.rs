//! Lists of issues: search, menus, order, pages.

use axum::extract::{Path, Query, State};
use minijinja::context;
use rusqlite::Connection;

use super::actor::Actor;
use super::form::{Fields, encode};
use super::overview::project_row;
use super::rows::{self, number};
use super::search::{ORDERS, Search};
use crate::{App, Page, PageError, Session, redirect};

/// Restrictions that have a menu.
const MENUS: [&str; 6] = ["is", "label", "assignee", "milestone", "priority", "author"];

/// `GET /issues`
pub(super) async fn everywhere(State(app): State<App>, session: Session, Query(asked): Query<Fields>) -> Page {
    list(&app, &session, None, &asked)
}

/// `GET /p/{project}/issues`
pub(super) async fn in_project(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Query(asked): Query<Fields>,
) -> Page {
    list(&app, &session, Some(&slug), &asked)
}

/// What the menus offer.
pub(super) fn choices(db: &Connection, project: Option<i64>) -> rusqlite::Result<minijinja::Value> {
    Ok(context! {
        labels => rows::all(db, "SELECT id, name, hue, description FROM labels ORDER BY name", [])?,
        maintainers => rows::all(db, "SELECT id, login, name FROM users WHERE role IN ('maintainer', 'admin') ORDER BY name", [])?,
        people => rows::all(db, "SELECT id, login, name FROM users ORDER BY name", [])?,
        milestones => rows::all(
            db,
            "SELECT min(id) AS id, title, min(state) AS state FROM milestones WHERE ?1 IS NULL OR project_id = ?1
             GROUP BY title ORDER BY due, title",
            [project],
        )?,
        priorities => ["urgent", "high", "normal", "low"],
    })
}

fn list(app: &App, session: &Session, slug: Option<&str>, asked: &Fields) -> Page {
    let path = slug.map_or_else(|| "/issues".to_owned(), |slug| format!("/p/{}/issues", encode(slug)));
    let mut search = Search::parse(&if asked.has("q") { asked.get("q") } else { "is:open".to_owned() });
    let order = asked.get("sort");
    // A menu sends its own field beside the search; both together become one search with an address of its own.
    if MENUS.iter().any(|menu| asked.has(menu)) {
        for menu in MENUS.iter().filter(|menu| asked.has(menu)) {
            search.set(menu, &asked.get(menu));
        }
        return Ok(redirect(&format!("{path}?q={}&sort={}", encode(&search.text()), encode(&order))));
    }
    let content = app.db.read(|db| {
        let project = slug.map(|slug| project_row(db, slug)).transpose()?;
        let id = project.as_ref().map(|project| number(project, "id"));
        let actor = Actor::of(db, session)?;
        let found = search.run(db, id, &actor.login, &order, asked.number("page").unwrap_or(1))?;
        let chosen: std::collections::BTreeMap<_, _> = MENUS.iter().map(|menu| (*menu, search.value(menu).to_owned())).collect();
        let query = search.text();
        let address = format!("{path}?q={}&sort={}&page=", encode(&query), encode(&order));
        let orders: Vec<_> = ORDERS.iter().map(|(value, label, _)| context! { value => *value, label => *label }).collect();
        Ok::<_, PageError>(context! {
            project, found => rows::shown(&found), chosen, query, order, orders, address, path, tab => "issues", choices => choices(db, id)?,
        })
    })?;
    app.page(session, "tracker/issues.html", content)
}
