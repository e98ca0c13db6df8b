//! People: signing in and out, profiles, settings, roles.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use minijinja::context;
use rusqlite::params;

use super::actor::{About, Actor, Power, record};
use super::form::{Fields, encode};
use super::rows::{self, number, text};
use crate::{App, Page, PageError, Session, redirect};

const ROLES: [&str; 4] = ["admin", "maintainer", "reporter", "guest"];

/// `GET /people`
pub(super) async fn list(State(app): State<App>, session: Session) -> Page {
    let content = app.db.read(|db| {
        let people = rows::all(
            db,
            "SELECT u.login, u.name, u.role, u.bio, (SELECT count(*) FROM issues i WHERE i.assignee_id = u.id AND i.state = 'open') AS open
             FROM users u ORDER BY u.name",
            [],
        )?;
        Ok::<_, PageError>(context! { people })
    })?;
    app.page(&session, "tracker/people.html", content)
}

/// `GET /people/{login}`
pub(super) async fn profile(State(app): State<App>, session: Session, Path(login): Path<String>) -> Page {
    let content = app.db.read(|db| {
        let person = rows::one(db, "SELECT id, login, name, email, role, bio, joined FROM users WHERE login = ?1", [&login])?;
        let id = number(&person, "id");
        let assigned = rows::all(
            db,
            "SELECT * FROM issue_rows WHERE assignee_id = ?1 AND state = 'open'
             ORDER BY instr('urgent high normal low', priority), id LIMIT 10",
            [id],
        )?;
        let counts = rows::one(
            db,
            "SELECT (SELECT count(*) FROM issues WHERE author_id = ?1) AS opened, (SELECT count(*) FROM issues WHERE closed_by = ?1) AS closed,
               (SELECT count(*) FROM comments WHERE author_id = ?1) AS comments,
               (SELECT count(*) FROM issues WHERE assignee_id = ?1 AND state = 'open') AS assigned",
            [id],
        )?;
        Ok::<_, PageError>(context! { person, assigned, counts, roles => ROLES })
    })?;
    app.page(&session, "tracker/profile.html", content)
}

/// `POST /people/{login}`
pub(super) async fn set_role(
    State(app): State<App>,
    session: Session,
    Path(login): Path<String>,
    Form(form): Form<Fields>,
) -> Page {
    app.db.write(|db| {
        let user = Actor::of(db, &session)?.need(Power::Administer)?;
        let role = form.get("role");
        let person = rows::one(db, "SELECT id, name FROM users WHERE login = ?1", [&login])?;
        if !ROLES.contains(&role.as_str()) {
            return Err(PageError::NotFound);
        }
        if number(&person, "id") == user {
            session.notify(db, "You cannot change your own role.")?;
        } else {
            let sql = "UPDATE users SET role = ?2 WHERE id = ?1 AND role <> ?2";
            if db.execute(sql, params![number(&person, "id"), role])? > 0 {
                record(db, user, About::default(), &format!("made {} a {role}", text(&person, "name")), "")?;
            }
            session.notify(db, "The role was saved.")?;
        }
        Ok::<_, PageError>(())
    })?;
    Ok(redirect(&format!("/people/{}", encode(&login))))
}

/// `GET /settings`
pub(super) async fn settings(State(app): State<App>, session: Session) -> Page {
    let Some(user) = session.user else { return Ok(redirect("/sign-in")) };
    let content = app.db.read(|db| {
        let person = rows::one(db, "SELECT * FROM users WHERE id = ?1", [user])?;
        Ok::<_, PageError>(context! { person })
    })?;
    app.page(&session, "tracker/settings.html", content)
}

/// `POST /settings`
pub(super) async fn save_settings(State(app): State<App>, session: Session, Form(form): Form<Fields>) -> Page {
    let user = session.user.ok_or(PageError::Forbidden)?;
    app.db.write(|db| {
        let digest = form.get("digest");
        let (name, email) = (form.get("name"), form.get("email"));
        if !["off", "daily", "weekly"].contains(&digest.as_str()) || name.is_empty() || !email.contains('@') {
            session.notify(db, "Not saved: a name and an e-mail address are needed.")?;
            return Ok(());
        }
        let changed = db.execute(
            "UPDATE users SET name = ?2, email = ?3, bio = ?4, digest = ?5, notify_mentions = ?6, notify_assigned = ?7,
               notify_watched = ?8, notify_own = ?9
             WHERE id = ?1 AND (name, email, bio, digest, notify_mentions, notify_assigned, notify_watched, notify_own)
               <> (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                user,
                name,
                email,
                form.get("bio"),
                digest,
                form.has("notify_mentions"),
                form.has("notify_assigned"),
                form.has("notify_watched"),
                form.has("notify_own")
            ],
        )?;
        if changed > 0 {
            db.execute("INSERT OR IGNORE INTO contributors (user_id) VALUES (?1)", [user])?;
        }
        session.notify(db, "Settings saved.")?;
        Ok::<_, PageError>(())
    })?;
    Ok(redirect("/settings"))
}

/// `GET /sign-in`
pub(super) async fn sign_in_form(State(app): State<App>, session: Session) -> Page {
    app.page(&session, "tracker/sign_in.html", context! { login => "", error => "" })
}

/// `POST /sign-in`
pub(super) async fn sign_in(State(app): State<App>, session: Session, Form(form): Form<Fields>) -> Page {
    let login = form.get("login").to_lowercase();
    let found = app.db.write(|db| {
        let sql = "SELECT id FROM users WHERE login = ?1 AND password = ?2";
        let user = rows::maybe::<i64>(db, sql, [login.as_str(), form.get("password").as_str()])?;
        if let Some(user) = user {
            session.sign_in(db, user)?;
        }
        Ok::<_, rusqlite::Error>(user.is_some())
    })?;
    if found {
        return Ok(redirect("/"));
    }
    let content = context! { login, error => "User name and password do not match." };
    app.page_with(StatusCode::UNPROCESSABLE_ENTITY, &session, "tracker/sign_in.html", content)
}

/// `GET /sign-in-link/{token}`: the link of an invitation e-mail, which signs its owner in.
pub(super) async fn follow_link(State(app): State<App>, session: Session, Path(token): Path<String>) -> Page {
    app.db.write(|db| {
        let user = rows::maybe::<i64>(db, "SELECT id FROM users WHERE link_token = ?1", [&token])?;
        Ok::<_, PageError>(session.sign_in(db, user.ok_or(PageError::NotFound)?)?)
    })?;
    Ok(redirect("/"))
}

/// `POST /sign-out`
pub(super) async fn sign_out(State(app): State<App>, session: Session) -> Page {
    app.db.write(|db| {
        session.sign_out(db)?;
        session.notify(db, "You are signed out.")
    })?;
    Ok(redirect("/"))
}
