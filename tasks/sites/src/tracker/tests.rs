//! The tracker over HTTP, without a browser.

use axum::http::StatusCode;
use glim_env::Seed;

use super::Tracker;
use super::rows;
use crate::client::Visitor;

mod near_misses;

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
