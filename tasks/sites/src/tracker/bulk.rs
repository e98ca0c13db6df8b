//! Changing several issues of a list at once.

use axum::Form;
use axum::extract::{Path, State};

use super::actor::{About, Actor, Power, record};
use super::form::Fields;
use super::issue_changes::{add_label, close, remove_label, reopen, set_plan};
use super::overview::project_row;
use super::rows::{self, number, text};
use crate::{App, Page, PageError, Session, redirect};

/// `POST /p/{project}/issues/bulk`: applies what the form names to the issues it names; all or none.
pub(super) async fn apply(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Form(form): Form<Fields>,
) -> Page {
    app.db.write(|db| {
        let project = number(&project_row(db, &slug)?, "id");
        let user = Actor::of(db, &session)?.need(Power::Triage)?;
        let chosen: Vec<i64> = form.all("issue").iter().filter_map(|at| at.parse().ok()).collect();
        // `none` is a choice of its own here, since an untouched menu sends an empty value.
        let mut planned = Vec::new();
        for field in ["assignee", "milestone", "priority"] {
            let value = form.get(field);
            if !value.is_empty() {
                planned.push((field.to_owned(), if value == "none" { String::new() } else { value }));
            }
        }
        let planned = Fields::from(planned);
        for at in &chosen {
            let issue =
                rows::one(db, "SELECT id, state FROM issues WHERE project_id = ?1 AND number = ?2", [project, *at])?;
            let id = number(&issue, "id");
            let about = About { project: Some(project), issue: Some(id), page: None };
            let label = form.get("add_label");
            if add_label(db, id, &label)? > 0 {
                record(db, user, about, "added the label", &label)?;
            }
            let label = form.get("remove_label");
            if remove_label(db, id, &label)? > 0 {
                record(db, user, about, "removed the label", &label)?;
            }
            for change in set_plan(db, id, project, &planned)? {
                record(db, user, about, &change, "")?;
            }
            match (form.get("state").as_str(), text(&issue, "state")) {
                ("closed", "open") => close(db, user, id, about, "completed")?,
                ("open", "closed") => reopen(db, user, id, about)?,
                _ => {}
            }
        }
        let notice = match chosen.len() {
            0 => "Choose some issues first.".to_owned(),
            1 => "1 issue was changed.".to_owned(),
            count => format!("{count} issues were changed."),
        };
        session.notify(db, &notice)?;
        Ok::<_, PageError>(())
    })?;
    let back = form.get("back");
    let inside = format!("/p/{}/issues", super::form::encode(&slug));
    Ok(redirect(if back.starts_with(&format!("{inside}?")) { &back } else { &inside }))
}
