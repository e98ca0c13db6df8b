//! The tracker over HTTP, without a browser.

use axum::http::StatusCode;
use glim_env::Seed;

use super::Tracker;
use super::goals::{goal, names};
use super::rows;
use crate::client::Visitor;
use crate::solver::Step;
use crate::{Answer, Assignment};

/// A visitor who is signed in.
async fn signed_in(visitor: &Visitor, login: &str) -> Visitor {
    let mut visitor = visitor.another();
    let sql = "SELECT password FROM users WHERE login = ?1";
    let password =
        visitor.db().read(|db| rows::maybe::<String>(db, sql, [login])).expect("users are there").expect("this one is");
    let (status, page) = visitor.post("/sign-in", &[("login", login), ("password", &password)]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Sign out"), "{page}");
    visitor
}

fn one<T: rusqlite::types::FromSql>(visitor: &Visitor, sql: &str) -> T {
    visitor.db().read(|db| rows::maybe(db, sql, [])).expect("the statement is right").expect("there is a row")
}

#[tokio::test]
async fn every_page_opens_for_every_role() {
    let site = Visitor::of::<Tracker>(Seed(3));
    for login in ["ada", "mia", "lena", "gil"] {
        let mut visitor = signed_in(&site, login).await;
        let mut seen = std::collections::BTreeSet::new();
        let mut next = vec!["/".to_owned()];
        while let Some(path) = next.pop() {
            if seen.len() > 220 || !seen.insert(path.clone()) {
                continue;
            }
            let (status, page) = visitor.look(&path).await;
            assert_eq!(status, StatusCode::OK, "{path} for {login}: {:?}", visitor.fault());
            for part in page.split("href=\"").skip(1) {
                let href = part.split('"').next().unwrap_or_default().replace("&amp;", "&");
                if href.starts_with('/') && !href.starts_with("/static/") {
                    next.push(href);
                }
            }
        }
        assert!(seen.len() > 120, "{login} saw {} pages", seen.len());
    }
    assert_eq!(site.fault(), None);
    assert_eq!(site.db().changes().expect("the database is there"), []);
}

#[tokio::test]
async fn a_search_finds_what_sql_finds() {
    let mut site = Visitor::of::<Tracker>(Seed(8));
    let count = |page: &str| {
        page.split("role=\"status\" class=\"strong\">")
            .nth(1)
            .map(|rest| rest.split(' ').next().unwrap_or_default().to_owned())
    };
    for (query, sql) in [
        ("is:open", "SELECT count(*) FROM issues WHERE state = 'open'"),
        (
            "is:open -label:bug",
            "SELECT count(*) FROM issues i WHERE state = 'open' AND NOT EXISTS (SELECT 1 FROM issue_labels WHERE issue_id = i.id AND label_id = 2)",
        ),
        ("assignee:mia priority:high", "SELECT count(*) FROM issues WHERE assignee_id = 2 AND priority = 'high'"),
        ("assignee:none is:open", "SELECT count(*) FROM issues WHERE assignee_id IS NULL AND state = 'open'"),
        (
            "project:Orbit label:none",
            "SELECT count(*) FROM issues i WHERE project_id = 1 AND NOT EXISTS (SELECT 1 FROM issue_labels WHERE issue_id = i.id)",
        ),
        ("when", "SELECT count(*) FROM issues WHERE title LIKE '%when%' OR body LIKE '%when%'"),
        ("ORB-3", "SELECT 1"),
        ("\"' OR 1=1 --\"", "SELECT 0"),
        ("%", "SELECT count(*) FROM issues WHERE instr(title, '%') OR instr(body, '%')"),
    ] {
        let (_, page) = site.look(&format!("/issues?q={}", super::form::encode(query))).await;
        assert_eq!(site.fault(), None);
        assert_eq!(count(&page), Some(one::<i64>(&site, sql).to_string()), "{query}");
    }
}

/// The texts that a plan puts into a field or chooses from a menu, in order.
fn typed(goal: &Assignment, field: &str) -> Vec<String> {
    let text = |step: &Step| match step {
        Step::Fill(name, text) | Step::Choose(name, text) | Step::Submit(name, text) if name == field => {
            Some(text.clone())
        }
        _ => None,
    };
    goal.plan.iter().filter_map(text).collect()
}

/// The address of the issue with a title, as the plans search for it.
fn url_of(site: &Visitor, title: &str) -> String {
    let sql = "SELECT url FROM issue_rows WHERE title = ?1";
    site.db()
        .read(|db| rows::maybe(db, sql, [title.trim_matches('"')]))
        .expect("the statement is right")
        .expect("there is such an issue")
}

/// A visitor of a fresh instance who followed the goal's own link.
async fn begin(goal: &Assignment, seed: Seed) -> Visitor {
    let mut site = Visitor::of::<Tracker>(seed);
    site.get(&goal.start).await;
    site
}

#[test]
fn every_family_draws_sound_goals_from_many_seeds() {
    for seed in (0..25).map(Seed) {
        let mut texts = std::collections::BTreeSet::new();
        for name in names() {
            let goal = goal(name, seed);
            assert!(texts.insert(goal.text.clone()), "{name} repeats a goal");
            assert_eq!(goal.answer.is_some(), goal.wanted.is_empty(), "{name}");
            assert!(goal.plan.len() >= 3, "{name}");
            assert!(!goal.judge(Some(&glim_env::End::Done), &[]).is_success(), "{name} is done without doing anything");
            if let (Some(answer), Some(Step::Answer(text))) = (&goal.answer, goal.plan.last()) {
                assert_eq!(answer.check(text), Ok(()), "{name}");
                for silly in ["", "yes", "I do not know", "12345678", "Ada Brandt or Mia Castellanos"] {
                    assert!(answer.check(silly).is_err(), "{name} takes {silly}");
                }
            }
            assert_eq!(goal.text, super::goals::goal(name, seed).text, "{name} is drawn anew");
        }
    }
}

#[tokio::test]
async fn a_right_answer_counts_only_if_nothing_was_touched() {
    let (name, seed) = ("who-closed", Seed(4));
    let goal = goal(name, seed);
    let Some(Answer::Name { expected, .. }) = &goal.answer else { panic!("it asks for a name") };
    let site = Visitor::of::<Tracker>(seed);
    assert!(site.answered(&goal, expected).is_success());
    let mut mia = signed_in(&site, "mia").await;
    mia.post("/p/orbit/issues/1/watch", &[("watch", "1")]).await;
    assert!(!site.answered(&goal, expected).is_success());
}

#[tokio::test]
async fn only_the_right_comment_by_the_right_person_counts() {
    let seed = Seed(11);
    let goal = goal("comment", seed);
    let (body, title) = (typed(&goal, "Comment").remove(0), typed(&goal, "Search all issues").remove(0));
    let mut site = begin(&goal, seed).await;
    let right = format!("{}/comment", url_of(&site, &title));
    assert!(!site.verdict(&goal).is_success());
    site.post(&right, &[("body", &body)]).await;
    assert!(site.verdict(&goal).is_success(), "{:?}", site.verdict(&goal));
    site.post(&right, &[("body", &body)]).await;
    assert!(!site.verdict(&goal).is_success(), "twice");

    let mut site = begin(&goal, seed).await;
    let wrong = one::<String>(&site, &format!("SELECT url FROM issue_rows WHERE url || '/comment' <> '{right}'"));
    site.post(&format!("{wrong}/comment"), &[("body", &body)]).await;
    assert!(!site.verdict(&goal).is_success(), "the wrong issue");

    let mut site = begin(&goal, seed).await;
    site.post(&right, &[("body", &format!("{body} Thanks."))]).await;
    assert!(!site.verdict(&goal).is_success(), "other words");

    let site = Visitor::of::<Tracker>(seed);
    signed_in(&site, "mia").await.post(&right, &[("body", &body)]).await;
    assert!(!site.verdict(&goal).is_success(), "the wrong account");

    let mut site = begin(&goal, seed).await;
    site.post(&right, &[("body", &body)]).await;
    let labels = right.replace("/comment", "/labels");
    signed_in(&site, "mia").await.post(&labels, &[("label", "design"), ("label", "crash")]).await;
    assert!(!site.verdict(&goal).is_success(), "and something else");
}

#[tokio::test]
async fn both_issues_must_be_relabelled_and_keep_their_other_labels() {
    let seed = Seed(2);
    let goal = goal("relabel", seed);
    let titles = typed(&goal, "Search all issues");
    let swap: Vec<String> = goal
        .plan
        .iter()
        .filter_map(|step| match step {
            Step::Click("checkbox", name) => Some(name.clone()),
            _ => None,
        })
        .collect();
    let labels = |site: &Visitor, title: &str, extra: Option<&str>| {
        let sql = format!(
            "SELECT group_concat(l.name, '|') FROM issue_labels il JOIN labels l ON l.id = il.label_id JOIN issues i ON i.id = il.issue_id WHERE i.title = {title}"
        ).replace('"', "'");
        let mut kept: Vec<String> = one::<String>(site, &sql).split('|').map(str::to_owned).collect();
        kept.retain(|name| *name != swap[0]);
        kept.push(swap[1].clone());
        kept.extend(extra.map(str::to_owned));
        kept
    };
    for (count, extra, right) in [(2, None, true), (1, None, false), (2, Some("design"), false)] {
        let mut site = begin(&goal, seed).await;
        for title in &titles[..count] {
            let names = labels(&site, title, extra);
            let fields: Vec<(&str, &str)> = names.iter().map(|name| ("label", name.as_str())).collect();
            site.post(&format!("{}/labels", url_of(&site, title)), &fields).await;
        }
        assert_eq!(site.verdict(&goal).is_success(), right, "{count} {extra:?}: {:?}", site.verdict(&goal));
    }
}

#[tokio::test]
async fn a_duplicate_must_name_the_right_original() {
    let seed = Seed(6);
    let goal = goal("close-duplicate", seed);
    let (original, title) = (typed(&goal, "Duplicate of").remove(0), typed(&goal, "Search all issues").remove(1));
    let tries = [
        ("duplicate", ("original", original.to_lowercase()), true),
        ("duplicate", ("original", "ORB-9999".to_owned()), false),
        ("state", ("state", "closed".to_owned()), false),
        ("lock", ("locked", "1".to_owned()), false),
    ];
    for (what, (name, value), right) in tries {
        let mut site = begin(&goal, seed).await;
        site.post(&format!("{}/{what}", url_of(&site, &title)), &[(name, &value)]).await;
        assert_eq!(site.verdict(&goal).is_success(), right, "{what} {value}: {:?}", site.verdict(&goal));
    }
    let mut site = begin(&goal, seed).await;
    let other = one::<String>(
        &site,
        &format!("SELECT ref FROM issue_rows WHERE ref <> '{original}' AND title <> '{}'", title.trim_matches('"')),
    );
    site.post(&format!("{}/duplicate", url_of(&site, &title)), &[("original", &other)]).await;
    assert!(!site.verdict(&goal).is_success());
}

#[tokio::test]
async fn a_wiki_fact_must_be_corrected_alone_and_from_the_account_that_was_given() {
    let seed = Seed(9);
    let goal = goal("wiki-fact", seed);
    let section = typed(&goal, "Text").remove(0);
    let heading = section.lines().next().expect("a section has a heading").to_owned();
    let mut site = begin(&goal, seed).await;
    let project = goal
        .plan
        .iter()
        .find_map(|step| match step {
            Step::Click("link", name) => Some(name.to_lowercase()),
            _ => None,
        })
        .expect("it begins with a project");
    let page = goal
        .text
        .split("page \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .map(super::form::slug)
        .expect("it names a page");
    let path = format!("/p/{project}/wiki/{page}/edit");
    let body = one::<String>(
        &site,
        &format!(
            "SELECT body FROM wiki_pages w JOIN projects p ON p.id = w.project_id WHERE p.slug = '{project}' AND w.slug = '{page}'"
        ),
    );
    let at = super::wiki::sections(&body)
        .iter()
        .position(|(title, _)| heading == format!("## {title}"))
        .expect("it is there")
        .to_string();
    site.post(&path, &[("section", &at), ("body", &section.replace('\n', "\r\n"))]).await;
    assert!(site.verdict(&goal).is_success(), "{:?}", site.verdict(&goal));
    site.post(&path, &[("section", &at), ("body", &format!("{section}\n\nSeen."))]).await;
    assert!(!site.verdict(&goal).is_success(), "and something else");

    let site = Visitor::of::<Tracker>(seed);
    signed_in(&site, "ada").await.post(&path, &[("section", &at), ("body", &section)]).await;
    assert!(!site.verdict(&goal).is_success(), "the wrong account");
}

#[tokio::test]
async fn a_bulk_change_must_meet_these_issues_and_no_others() {
    let seed = Seed(1);
    let goal = goal("bulk-milestone", seed);
    let (query, milestone) = (typed(&goal, "Filter issues").remove(0), typed(&goal, "Plan for").remove(0));
    let Step::Click("link", project) = &goal.plan[0] else { panic!("it begins with a project") };
    let slug = project.to_lowercase();
    for (surplus, right) in [(0, true), (1, false)] {
        let mut site = begin(&goal, seed).await;
        let page = site.get(&format!("/p/{slug}/issues?q={}", super::form::encode(&query))).await;
        let mut chosen: Vec<String> = page
            .split("name=\"issue\" value=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_owned)
            .collect();
        assert!(!chosen.is_empty());
        let others = site.get(&format!("/p/{slug}/issues?q=is%3Aopen")).await;
        let other = others
            .split("name=\"issue\" value=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .find(|at| !chosen.iter().any(|it| it == at));
        chosen.extend(other.filter(|_| surplus == 1).map(str::to_owned));
        let mut fields: Vec<(&str, &str)> = chosen.iter().map(|at| ("issue", at.as_str())).collect();
        fields.extend([
            ("milestone", milestone.as_str()),
            ("assignee", ""),
            ("priority", ""),
            ("add_label", ""),
            ("state", ""),
        ]);
        site.post(&format!("/p/{slug}/issues/bulk"), &fields).await;
        assert_eq!(site.verdict(&goal).is_success(), right, "{:?}", site.verdict(&goal));
    }
}

#[tokio::test]
async fn what_a_role_may_not_do_is_refused_and_changes_nothing() {
    let site = Visitor::of::<Tracker>(Seed(5));
    let own = one::<i64>(&site, "SELECT count(*) FROM issues WHERE author_id = 7 AND project_id = 1");
    assert!(own > 0, "lena opened something in orbit");
    let own = one::<String>(&site, "SELECT url FROM issue_rows WHERE author_id = 7 AND state = 'open'");
    let foreign = one::<String>(&site, "SELECT url FROM issue_rows WHERE author_id <> 7 AND state = 'open'");
    let closed_to_all_but_maintainers = [
        (format!("{foreign}/labels"), ("label", "bug")),
        (format!("{own}/labels"), ("label", "bug")),
        (format!("{foreign}/plan"), ("priority", "urgent")),
        (format!("{foreign}/state"), ("state", "closed")),
        (format!("{foreign}/edit"), ("title", "Mine now")),
        (format!("{foreign}/duplicate"), ("original", "ORB-1")),
        (format!("{foreign}/lock"), ("locked", "1")),
        (format!("{foreign}/move"), ("project", "lumen")),
        ("/p/orbit/board".to_owned(), ("column", "done")),
        ("/p/orbit/issues/bulk".to_owned(), ("issue", "1")),
        ("/p/orbit/milestones".to_owned(), ("title", "9.9")),
        ("/p/orbit/wiki/home/edit".to_owned(), ("body", "gone")),
        ("/p/orbit/wiki/home/rename".to_owned(), ("title", "gone")),
        ("/p/orbit/new-page".to_owned(), ("title", "New")),
        ("/people/lena".to_owned(), ("role", "admin")),
    ];
    for login in ["lena", "gil", ""] {
        let mut visitor = if login.is_empty() { site.another() } else { signed_in(&site, login).await };
        for (path, field) in &closed_to_all_but_maintainers {
            let (status, page) = visitor.post(path, &[*field]).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} for {login}");
            assert!(page.contains("Not allowed"), "{page}");
        }
    }
    for login in ["gil", ""] {
        let mut visitor = if login.is_empty() { site.another() } else { signed_in(&site, login).await };
        for path in [format!("{foreign}/comment"), format!("{foreign}/watch"), "/p/orbit/issues/new".to_owned()] {
            let (status, _) = visitor.post(&path, &[("body", "x"), ("title", "x"), ("watch", "1")]).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} for {login}");
        }
    }
    let (status, _) = signed_in(&site, "mia").await.post("/people/lena", &[("role", "admin")]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = site.another().look("/sign-in-link/0000000000000000").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(site.db().changes().expect("the database is there"), []);
    assert_eq!(site.fault(), None);
}

#[tokio::test]
async fn reporters_close_their_own_and_locks_hold() {
    let site = Visitor::of::<Tracker>(Seed(5));
    let own = one::<String>(&site, "SELECT url FROM issue_rows WHERE author_id = 7 AND state = 'open'");
    let (mut lena, mut mia) = (signed_in(&site, "lena").await, signed_in(&site, "mia").await);
    let (status, page) = lena.post(&format!("{own}/state"), &[("state", "closed"), ("reason", "not planned")]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("closed by Lena Vogel"), "{page}");
    mia.post(&format!("{own}/lock"), &[("locked", "1")]).await;
    let (status, _) = lena.post(&format!("{own}/comment"), &[("body", "But")]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(lena.get(&own).await.contains("This conversation is locked"));
    let (status, page) = mia.post(&format!("{own}/comment"), &[("body", "No <script>alert(1)</script>")]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("No &lt;script&gt;"), "{page}");
}

#[tokio::test]
async fn forms_that_cannot_be_taken_come_back_with_what_was_typed() {
    let site = Visitor::of::<Tracker>(Seed(5));
    let mut mia = signed_in(&site, "mia").await;
    let long = "x".repeat(121);
    for (path, fields, says) in [
        ("/p/orbit/issues/new", vec![("title", ""), ("body", "kept & safe")], "A title is needed"),
        ("/p/orbit/issues/new", vec![("title", long.as_str()), ("body", "kept & safe")], "too long"),
        ("/p/orbit/issues/1/edit", vec![("title", ""), ("body", "kept & safe")], "A title is needed"),
        ("/p/orbit/new-page", vec![("title", "HOME!"), ("body", "kept & safe")], "already"),
        (
            "/p/orbit/milestones",
            vec![("title", "9.9"), ("due", "2026-02-30"), ("description", "kept & safe")],
            "The due date",
        ),
        ("/sign-in", vec![("login", "kept & safe"), ("password", "wrong")], "do not match"),
    ] {
        let (status, page) = mia.post(path, &fields).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {:?}", site.fault());
        assert!(page.contains(says) && page.contains("kept &amp; safe"), "{path}: {page}");
    }
    assert_eq!(site.db().changes().expect("the database is there"), []);
}
