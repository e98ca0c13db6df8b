//! The issue tracker: projects with issues, a board, milestones and a wiki, and people with roles.
//!
//! Roles: guests (and visitors who have not signed in) read; reporters open issues, comment, and edit and close their
//! own; maintainers do everything in projects; administrators also give roles. What a role may not do is not offered, and
//! refused with a 403 page if it is tried anyway. `events` and `wiki_revisions` are the record of what was done; goals
//! look at what is true at the end, and at `contributors` for who did it.

mod actor;
mod board;
mod bulk;
mod content;
mod diff;
mod form;
mod goals;
mod issue;
mod issue_changes;
mod issue_list;
mod markdown;
mod milestones;
mod overview;
mod people;
mod rows;
mod search;
mod vocabulary;
mod wiki;
mod wiki_changes;
mod wiki_content;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use glim_env::Seed;
use glim_tasks::Suite;
use minijinja::context;
use rusqlite::Connection;

use self::actor::{Actor, Power};
use crate::{App, Session, Site};

/// The issue tracker.
pub struct Tracker;

impl Site for Tracker {
    const NAME: &'static str = "tracker";
    const TITLE: &'static str = "Waymark";
    const TRACES: &'static [&'static str] = &["events", "wiki_revisions"];

    fn schema() -> &'static str {
        include_str!("schema.sql")
    }

    fn populate(connection: &Connection, seed: Seed) -> rusqlite::Result<()> {
        content::populate(connection, seed)
    }

    fn router() -> Router<App> {
        Router::new()
            .route("/", get(overview::dashboard))
            .route("/activity", get(overview::activity))
            .route("/issues", get(issue_list::everywhere))
            .route("/people", get(people::list))
            .route("/people/{login}", get(people::profile).post(people::set_role))
            .route("/settings", get(people::settings).post(people::save_settings))
            .route("/sign-in", get(people::sign_in_form).post(people::sign_in))
            .route("/sign-in-link/{token}", get(people::follow_link))
            .route("/sign-out", post(people::sign_out))
            .route("/comments/{id}", get(issue::comment_form).post(issue_changes::edit_comment))
            .nest("/p/{project}", project())
    }

    fn frame(connection: &Connection, session: &Session) -> rusqlite::Result<minijinja::Value> {
        let actor = Actor::of(connection, session)?;
        let projects = rows::all(connection, "SELECT slug, name FROM projects ORDER BY id", [])?;
        Ok(context! {
            can_take => actor.id.is_some() && actor.may(Power::Take), can_triage => actor.may(Power::Triage),
            can_administer => actor.may(Power::Administer), projects,
            ..rows::shown(&actor)
        })
    }
}

fn project() -> Router<App> {
    Router::new()
        .route("/", get(overview::project))
        .route("/issues", get(issue_list::in_project))
        .route("/issues/new", get(issue::new_form).post(issue_changes::create))
        .route("/issues/bulk", post(bulk::apply))
        .route("/issues/{number}", get(issue::show))
        .route("/issues/{number}/edit", get(issue::edit_form).post(issue_changes::edit))
        .route("/issues/{number}/comment", post(issue_changes::comment))
        .route("/issues/{number}/labels", post(issue_changes::labels))
        .route("/issues/{number}/plan", post(issue_changes::plan))
        .route("/issues/{number}/state", post(issue_changes::state))
        .route("/issues/{number}/duplicate", post(issue_changes::duplicate))
        .route("/issues/{number}/lock", post(issue_changes::lock))
        .route("/issues/{number}/watch", post(issue_changes::watch))
        .route("/issues/{number}/move", post(issue_changes::transfer))
        .route("/board", get(board::show).post(board::move_card))
        .route("/milestones", get(milestones::list).post(milestones::create))
        .route("/milestones/{id}", get(milestones::edit_form).post(milestones::save))
        .route("/wiki", get(wiki::list))
        .route("/wiki/{page}", get(wiki::show))
        .route("/wiki/{page}/edit", get(wiki::edit_form).post(wiki_changes::save))
        .route("/wiki/{page}/history", get(wiki::history))
        .route("/wiki/{page}/compare", get(wiki::compare))
        .route("/wiki/{page}/rename", get(wiki::rename_form).post(wiki_changes::rename))
        // Not below `/wiki`, so that a page may have any name.
        .route("/new-page", get(wiki::new_form).post(wiki_changes::create))
}

/// The goals on the tracker.
pub(crate) fn suite() -> Suite {
    Suite { name: Tracker::NAME.to_owned(), families: goals::families() }
}
