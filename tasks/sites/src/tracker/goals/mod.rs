//! Goals on the tracker. Every one is drawn from the content of its seed, with what the content says as the truth.

mod account_goals;
mod issue_goals;
mod plan_goals;
mod questions;
mod wiki_goals;

use std::sync::Arc;

use glim_env::{Seed, SplitMix};
use glim_tasks::TaskFamily;
use rusqlite::Params;
use rusqlite::types::FromSql;

use super::Tracker;
use super::rows::{self, Row, number, text};
use crate::solver::{Step, fill, link, submit};
use crate::{Assignment, Database, Difficulty, Wanted, family};

/// Draws one goal of a family.
type Make = fn(Seed, &mut SplitMix) -> Assignment;

/// All families, questions first.
const FAMILIES: [(&str, Difficulty, Make); 28] = [
    ("count-labelled", Difficulty::Medium, questions::count_labelled),
    ("who-closed", Difficulty::Easy, questions::who_closed),
    ("code-name", Difficulty::Easy, questions::code_name),
    ("reported-version", Difficulty::Easy, questions::reported_version),
    ("due-next", Difficulty::Medium, questions::due_next),
    ("revision-author", Difficulty::Medium, questions::revision_author),
    ("oldest-open", Difficulty::Medium, questions::oldest_open),
    ("bisected-commit", Difficulty::Medium, questions::bisected_commit),
    ("most-assigned", Difficulty::Easy, questions::most_assigned),
    ("earlier-fact", Difficulty::Hard, questions::earlier_fact),
    ("comment", Difficulty::Easy, issue_goals::comment),
    ("create-issue", Difficulty::Hard, issue_goals::create),
    ("relabel", Difficulty::Hard, issue_goals::relabel),
    ("close-duplicate", Difficulty::Medium, issue_goals::close_duplicate),
    ("retitle", Difficulty::Easy, issue_goals::retitle),
    ("move-project", Difficulty::Medium, issue_goals::move_project),
    ("lock-busiest", Difficulty::Medium, issue_goals::lock_busiest),
    ("reopen", Difficulty::Medium, issue_goals::reopen),
    ("assign-by-load", Difficulty::Hard, plan_goals::assign_by_load),
    ("milestone-due", Difficulty::Medium, plan_goals::milestone_due),
    ("board-move", Difficulty::Medium, plan_goals::board_move),
    ("bulk-milestone", Difficulty::Hard, plan_goals::bulk_milestone),
    ("wiki-fact", Difficulty::Medium, wiki_goals::change_fact),
    ("wiki-rename", Difficulty::Easy, wiki_goals::rename),
    ("wiki-create", Difficulty::Medium, wiki_goals::create),
    ("notifications", Difficulty::Medium, account_goals::notifications),
    ("promote", Difficulty::Medium, account_goals::promote),
    ("other-account", Difficulty::Hard, account_goals::other_account),
];

/// The families as a suite lists them.
pub(super) fn families() -> Vec<Arc<dyn TaskFamily>> {
    FAMILIES.iter().map(|(name, difficulty, make)| family::<Tracker>(name, *difficulty, *make)).collect()
}

/// The goal of a family for a seed.
#[cfg(test)]
pub(super) fn goal(family: &str, seed: Seed) -> Assignment {
    let (name, _, make) = FAMILIES.iter().find(|(name, ..)| *name == family).expect("there is such a family");
    make(seed, &mut seed.derive(format!("tracker/{name}")).generator())
}

/// Names of all families.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|(name, ..)| *name)
}

/// The content that a goal is drawn from.
struct World<'a> {
    db: Database,
    dice: &'a mut SplitMix,
}

impl World<'_> {
    fn new(seed: Seed, dice: &mut SplitMix) -> World<'_> {
        World { db: Database::open::<Tracker>(seed).expect("the schema and the content are ours"), dice }
    }

    fn all(&self, sql: &str, params: impl Params) -> Vec<Row> {
        self.db.read(|db| rows::all(db, sql, params)).expect("the statement is ours")
    }

    /// The first column of the first row.
    fn value<T: FromSql>(&self, sql: &str, params: impl Params) -> T {
        self.db
            .read(|db| rows::maybe(db, sql, params))
            .expect("the statement is ours")
            .expect("the content has such a row")
    }

    /// One of the rows of a query.
    ///
    /// # Panics
    /// If there are none; only for what 120 issues and 24 pages always have.
    fn some(&mut self, sql: &str, params: impl Params) -> Row {
        let found = self.all(sql, params);
        self.dice.choose(&found).clone()
    }

    /// All rows of a query in a random order.
    fn shuffled(&mut self, sql: &str, params: impl Params) -> Vec<Row> {
        let mut found = self.all(sql, params);
        self.dice.shuffle(&mut found);
        found
    }

    /// A user with one of these roles.
    fn user(&mut self, role: &str) -> Row {
        self.some("SELECT * FROM users WHERE role = ?1 ORDER BY id", [role])
    }

    /// An issue that fits a condition, which may name `i`.
    fn issue(&mut self, condition: &str) -> Row {
        self.some(&format!("SELECT * FROM issue_rows i WHERE {condition} ORDER BY id"), [])
    }
}

/// A goal that begins signed in.
fn signed_in(user: &Row, text_after: &str, wanted: Vec<Wanted>, plan: Vec<Step>) -> Assignment {
    let goal = format!("You are signed in to Waymark as {}. {text_after}", text(user, "name"));
    Assignment {
        start: format!("/sign-in-link/{}", text(user, "link_token")),
        ..Assignment::change(goal, by(user, wanted), plan)
    }
}

/// A goal that begins with signing in.
fn signing_in(user: &Row, text_after: &str, wanted: Vec<Wanted>, plan: Vec<Step>) -> Assignment {
    let (login, password) = (text(user, "login"), text(user, "password"));
    let goal =
        format!("Sign in to Waymark with the user name \"{login}\" and the password \"{password}\". {text_after}");
    let mut steps = sign_in(user);
    steps.extend(plan);
    Assignment::change(goal, by(user, wanted), steps)
}

fn sign_in(user: &Row) -> Vec<Step> {
    vec![link("Sign in"), fill("User name", text(user, "login")), submit("Password", text(user, "password"))]
}

/// The changes, made by this user and nobody else.
fn by(user: &Row, mut wanted: Vec<Wanted>) -> Vec<Wanted> {
    wanted.push(Wanted::added("contributors").with("user_id", number(user, "id")));
    wanted
}

/// The way to an issue from anywhere.
fn to_issue(title: &str) -> Vec<Step> {
    vec![submit("Search all issues", format!("\"{title}\"")), link(title)]
}

/// A change of one issue.
fn changed(issue: &Row) -> Wanted {
    Wanted::changed("issues").with("id", number(issue, "id"))
}

/// `steps` after one another.
fn path(parts: impl IntoIterator<Item = Vec<Step>>) -> Vec<Step> {
    parts.into_iter().flatten().collect()
}
