//! What can be done to an issue. Each handler checks the role, changes one thing, records it and goes back.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use minijinja::context;
use rusqlite::{Connection, params};

use super::actor::{About, Actor, Power, now, record};
use super::form::Fields;
use super::issue::{issue_row, new_page, reference};
use super::overview::project_row;
use super::rows::{self, Row, number, text};
use crate::{App, Page, PageError, Session, redirect};

/// Characters of a title at most.
pub(super) const TITLE: usize = 120;

/// An issue about to be changed.
pub(super) struct Target {
    pub(super) id: i64,
    pub(super) project: i64,
    pub(super) row: Row,
}

impl Target {
    fn find(db: &Connection, slug: &str, at: i64) -> Result<Target, PageError> {
        let row = issue_row(db, slug, at)?;
        Ok(Target { id: number(&row, "id"), project: number(&row, "project_id"), row })
    }

    pub(super) fn about(&self) -> About {
        About { project: Some(self.project), issue: Some(self.id), page: None }
    }

    fn author(&self) -> i64 {
        number(&self.row, "author_id")
    }
}

/// A form sent to `/p/{project}/issues/{number}/...`.
type Change = (State<App>, Session, Path<(String, i64)>, Form<Fields>);

/// Finds the issue, lets `change` act on it in one transaction, and goes back to it with the notice that it gives.
fn act(
    (State(app), session, Path((slug, at)), Form(form)): Change,
    change: impl FnOnce(&Connection, &Actor, &Target, &Fields) -> Result<String, PageError>,
) -> Page {
    let url = app.db.write(|db| {
        let target = Target::find(db, &slug, at)?;
        let notice = change(db, &Actor::of(db, &session)?, &target, &form)?;
        if !notice.is_empty() {
            session.notify(db, &notice)?;
        }
        let url = rows::maybe::<String>(db, "SELECT url FROM issue_rows WHERE id = ?1", [target.id])?;
        url.ok_or(PageError::NotFound)
    })?;
    Ok(redirect(&url))
}

/// What is wrong with a title, empty if nothing is.
pub(super) fn title_error(title: &str) -> &'static str {
    match title.chars().count() {
        0 => "A title is needed.",
        length if length > TITLE => "The title is too long; 120 characters are the limit.",
        _ => "",
    }
}

/// `POST /p/{project}/issues/new`
pub(super) async fn create(
    State(app): State<App>,
    session: Session,
    Path(slug): Path<String>,
    Form(form): Form<Fields>,
) -> Page {
    let title = form.get("title");
    let error = title_error(&title);
    if !error.is_empty() {
        return new_page(&app, &session, &slug, StatusCode::UNPROCESSABLE_ENTITY, &form, error);
    }
    let url = app.db.write(|db| {
        let project = number(&project_row(db, &slug)?, "id");
        let actor = Actor::of(db, &session)?;
        let user = actor.need(Power::Take)?;
        db.execute(
            "INSERT INTO issues (project_id, number, title, body, author_id, created_at)
             VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM issues WHERE project_id = ?1), ?2, ?3, ?4, ?5)",
            params![project, title, form.get("body"), user, now()],
        )?;
        let id = db.last_insert_rowid();
        record(db, user, About { project: Some(project), issue: Some(id), page: None }, "opened", "")?;
        if actor.may(Power::Triage) {
            set_plan(db, id, project, &form)?;
            for label in form.all("label") {
                add_label(db, id, label)?;
            }
        }
        session.notify(db, "The issue was opened.")?;
        rows::maybe::<String>(db, "SELECT url FROM issue_rows WHERE id = ?1", [id])?.ok_or(PageError::NotFound)
    })?;
    Ok(redirect(&url))
}

/// Gives an issue a label, by its name; unknown names are left alone.
pub(super) fn add_label(db: &Connection, issue: i64, name: &str) -> rusqlite::Result<usize> {
    db.execute(
        "INSERT OR IGNORE INTO issue_labels (issue_id, label_id) SELECT ?1, id FROM labels WHERE name = ?2",
        params![issue, name],
    )
}

/// Takes a label from an issue.
pub(super) fn remove_label(db: &Connection, issue: i64, name: &str) -> rusqlite::Result<usize> {
    db.execute(
        "DELETE FROM issue_labels WHERE issue_id = ?1 AND label_id = (SELECT id FROM labels WHERE name = ?2)",
        params![issue, name],
    )
}

/// Sets what the form names of assignee, milestone and priority; gives what was set, in words. Empty means none; people
/// who cannot be assigned and milestones of other projects are refused.
pub(super) fn set_plan(db: &Connection, issue: i64, project: i64, form: &Fields) -> Result<Vec<String>, PageError> {
    let mut said = Vec::new();
    if form.has("assignee") {
        let login = form.get("assignee");
        let user =
            rows::one(db, "SELECT id, name FROM users WHERE login = ?1 AND role IN ('maintainer', 'admin')", [&login]);
        let user = if login.is_empty() { None } else { Some(user?) };
        let changed = db.execute(
            "UPDATE issues SET assignee_id = ?2 WHERE id = ?1 AND assignee_id IS NOT ?2",
            params![issue, user.as_ref().map(|user| number(user, "id"))],
        )?;
        if changed > 0 {
            said.push(
                user.map_or_else(
                    || "unassigned it".to_owned(),
                    |user| format!("assigned it to {}", text(&user, "name")),
                ),
            );
        }
    }
    if form.has("milestone") {
        let title = form.get("milestone");
        let milestone =
            rows::one(db, "SELECT id FROM milestones WHERE project_id = ?1 AND title = ?2", params![project, title]);
        let milestone = if title.is_empty() { None } else { Some(number(&milestone?, "id")) };
        let sql = "UPDATE issues SET milestone_id = ?2 WHERE id = ?1 AND milestone_id IS NOT ?2";
        if db.execute(sql, params![issue, milestone])? > 0 {
            said.push(
                milestone.map_or_else(|| "took it off its milestone".to_owned(), |_| format!("planned it for {title}")),
            );
        }
    }
    if form.has("priority") {
        let priority = form.get("priority");
        if !["low", "normal", "high", "urgent"].contains(&priority.as_str()) {
            return Err(PageError::NotFound);
        }
        let sql = "UPDATE issues SET priority = ?2 WHERE id = ?1 AND priority IS NOT ?2";
        if db.execute(sql, params![issue, priority])? > 0 {
            said.push(format!("made its priority {priority}"));
        }
    }
    Ok(said)
}

/// `POST .../plan`
pub(super) async fn plan(change: Change) -> Page {
    act(change, |db, actor, issue, form| {
        let user = actor.need(Power::Triage)?;
        for change in set_plan(db, issue.id, issue.project, form)? {
            record(db, user, issue.about(), &change, "")?;
        }
        Ok("Saved.".to_owned())
    })
}

/// `POST .../labels`: the labels that are to be on the issue, no others.
pub(super) async fn labels(change: Change) -> Page {
    act(change, |db, actor, issue, form| {
        let user = actor.need(Power::Triage)?;
        let wanted = form.all("label");
        for label in rows::all(db, "SELECT name FROM labels ORDER BY name", [])? {
            let name = text(&label, "name");
            let on = wanted.contains(&name);
            let changed = if on { add_label(db, issue.id, name)? } else { remove_label(db, issue.id, name)? };
            if changed > 0 {
                record(db, user, issue.about(), if on { "added the label" } else { "removed the label" }, name)?;
            }
        }
        Ok("Labels saved.".to_owned())
    })
}

/// `POST .../comment`
pub(super) async fn comment(change: Change) -> Page {
    act(change, |db, actor, issue, form| {
        let locked = number(&issue.row, "locked") == 1;
        let user = actor.need(if locked { Power::Triage } else { Power::Take })?;
        let body = form.get("body");
        if body.is_empty() {
            return Ok("Write something before you comment.".to_owned());
        }
        db.execute(
            "INSERT INTO comments (issue_id, author_id, body, created_at) VALUES (?1, ?2, ?3, ?4)",
            params![issue.id, user, body, now()],
        )?;
        record(db, user, issue.about(), "commented on", "")?;
        Ok("Your comment was added.".to_owned())
    })
}

/// `POST /comments/{id}`
pub(super) async fn edit_comment(
    State(app): State<App>,
    session: Session,
    Path(id): Path<i64>,
    Form(form): Form<Fields>,
) -> Page {
    let url = app.db.write(|db| {
        let comment = rows::one(
            db,
            "SELECT c.author_id, c.issue_id, i.project_id, i.url FROM comments c JOIN issue_rows i ON i.id = c.issue_id WHERE c.id = ?1",
            [id],
        )?;
        let user = Actor::of(db, &session)?.need_or_own(Power::Triage, number(&comment, "author_id"))?;
        let body = form.get("body");
        if !body.is_empty()
            && db.execute("UPDATE comments SET body = ?2, edited = 1 WHERE id = ?1 AND body <> ?2", params![id, body])? > 0
        {
            let about =
                About { project: Some(number(&comment, "project_id")), issue: Some(number(&comment, "issue_id")), page: None };
            record(db, user, about, "edited a comment on", "")?;
            session.notify(db, "Comment saved.")?;
        }
        Ok::<_, PageError>(text(&comment, "url").to_owned())
    })?;
    Ok(redirect(&url))
}

/// `POST .../edit`
pub(super) async fn edit((State(app), session, Path(at), Form(form)): Change) -> Page {
    let (title, body) = (form.get("title"), form.get("body"));
    let error = title_error(&title);
    if !error.is_empty() {
        let content = app.db.read(|db| {
            let (project, issue) = (project_row(db, &at.0)?, issue_row(db, &at.0, at.1)?);
            Actor::of(db, &session)?.need_or_own(Power::Triage, number(&issue, "author_id"))?;
            Ok::<_, PageError>(context! { project, issue, title, body, error, tab => "issues" })
        })?;
        return app.page_with(StatusCode::UNPROCESSABLE_ENTITY, &session, "tracker/edit_issue.html", content);
    }
    act((State(app), session, Path(at), Form(form)), |db, actor, issue, _| {
        let user = actor.need_or_own(Power::Triage, issue.author())?;
        let sql = "UPDATE issues SET title = ?2, body = ?3 WHERE id = ?1 AND (title <> ?2 OR body <> ?3)";
        if db.execute(sql, params![issue.id, title, body])? > 0 {
            record(db, user, issue.about(), "edited", "")?;
        }
        Ok("The issue was saved.".to_owned())
    })
}

/// Closes an issue.
pub(super) fn close(db: &Connection, user: i64, issue: i64, about: About, reason: &str) -> Result<(), PageError> {
    let reason = if reason == "not planned" || reason == "duplicate" { reason } else { "completed" };
    db.execute(
        "UPDATE issues SET state = 'closed', reason = ?2, closed_by = ?3, closed_at = ?4, stage = 'backlog' WHERE id = ?1",
        params![issue, reason, user, now()],
    )?;
    Ok(record(db, user, about, "closed", &format!("as {reason}"))?)
}

/// Opens a closed issue again.
pub(super) fn reopen(db: &Connection, user: i64, issue: i64, about: About) -> Result<(), PageError> {
    db.execute(
        "UPDATE issues SET state = 'open', reason = NULL, closed_by = NULL, closed_at = NULL, duplicate_of = NULL WHERE id = ?1",
        [issue],
    )?;
    Ok(record(db, user, about, "reopened", "")?)
}

/// `POST .../state`
pub(super) async fn state(change: Change) -> Page {
    act(change, |db, actor, issue, form| {
        let user = actor.need_or_own(Power::Triage, issue.author())?;
        match (form.get("state").as_str(), text(&issue.row, "state")) {
            ("closed", "open") => {
                close(db, user, issue.id, issue.about(), &form.get("reason"))?;
                Ok("The issue was closed.".to_owned())
            }
            ("open", "closed") => {
                reopen(db, user, issue.id, issue.about())?;
                Ok("The issue was reopened.".to_owned())
            }
            _ => Ok(String::new()),
        }
    })
}

/// `POST .../duplicate`
pub(super) async fn duplicate(change: Change) -> Page {
    act(change, |db, actor, issue, form| {
        let user = actor.need(Power::Triage)?;
        let Some((original, _)) = reference(db, &form.get("original")) else {
            return Ok("There is no such issue; write its number like ORB-12.".to_owned());
        };
        if original == issue.id {
            return Ok("An issue cannot be a duplicate of itself.".to_owned());
        }
        close(db, user, issue.id, issue.about(), "duplicate")?;
        db.execute("UPDATE issues SET duplicate_of = ?2 WHERE id = ?1", [issue.id, original])?;
        Ok("Closed as a duplicate.".to_owned())
    })
}

/// `POST .../lock`
pub(super) async fn lock(change: Change) -> Page {
    act(change, |db, actor, issue, form| {
        let user = actor.need(Power::Triage)?;
        let locked = form.get("locked") == "1";
        if db.execute("UPDATE issues SET locked = ?2 WHERE id = ?1 AND locked <> ?2", params![issue.id, locked])? > 0 {
            record(db, user, issue.about(), if locked { "locked" } else { "unlocked" }, "")?;
        }
        Ok(format!("The conversation is {}.", if locked { "locked" } else { "open again" }))
    })
}

/// `POST .../watch`
pub(super) async fn watch(change: Change) -> Page {
    act(change, |db, actor, issue, form| {
        let user = actor.need(Power::Take)?;
        let (sql, notice) = if form.get("watch") == "1" {
            ("INSERT OR IGNORE INTO watches (issue_id, user_id) VALUES (?1, ?2)", "You watch this issue now.")
        } else {
            ("DELETE FROM watches WHERE issue_id = ?1 AND user_id = ?2", "You no longer watch this issue.")
        };
        if db.execute(sql, [issue.id, user])? > 0 {
            db.execute("INSERT OR IGNORE INTO contributors (user_id) VALUES (?1)", [user])?;
        }
        Ok(notice.to_owned())
    })
}

/// `POST .../move`: to another project, where it gets the next number and loses its milestone.
pub(super) async fn transfer(change: Change) -> Page {
    act(change, |db, actor, issue, form| {
        let user = actor.need(Power::Triage)?;
        let project = project_row(db, &form.get("project"))?;
        if number(&project, "id") == issue.project {
            return Ok("It is in this project already.".to_owned());
        }
        db.execute(
            "UPDATE issues SET number = (SELECT coalesce(max(number), 0) + 1 FROM issues WHERE project_id = ?2),
               project_id = ?2, milestone_id = NULL WHERE id = ?1",
            [issue.id, number(&project, "id")],
        )?;
        let about = About { project: Some(number(&project, "id")), ..issue.about() };
        record(db, user, about, "moved here", &format!("from {}", text(&issue.row, "ref")))?;
        Ok(format!("Moved to {}.", text(&project, "name")))
    })
}
