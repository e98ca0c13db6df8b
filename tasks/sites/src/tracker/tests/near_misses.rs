//! What counts as reaching a goal, and what only comes near.

use glim_env::Seed;

use super::{one, signed_in};
use crate::client::Visitor;
use crate::solver::Step;
use crate::tracker::goals::{goal, names};
use crate::tracker::{Tracker, form, rows, wiki};
use crate::{Answer, Assignment};

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
            assert_eq!(goal.text, crate::tracker::goals::goal(name, seed).text, "{name} is drawn anew");
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
        .map(form::slug)
        .expect("it names a page");
    let path = format!("/p/{project}/wiki/{page}/edit");
    let body = one::<String>(
        &site,
        &format!(
            "SELECT body FROM wiki_pages w JOIN projects p ON p.id = w.project_id WHERE p.slug = '{project}' AND w.slug = '{page}'"
        ),
    );
    let at = wiki::sections(&body)
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
        let page = site.get(&format!("/p/{slug}/issues?q={}", form::encode(&query))).await;
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
async fn a_new_issue_must_be_filled_in_exactly() {
    let seed = Seed(3);
    let goal = goal("create-issue", seed);
    let first = |field: &str| typed(&goal, field).remove(0);
    let labels: Vec<&str> = goal
        .plan
        .iter()
        .filter_map(|step| match step {
            Step::Click("checkbox", name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let Some(Step::Click("link", project)) = goal.plan.get(3) else { panic!("after signing in it goes to a project") };
    let (title, body, priority) = (first("Title"), first("Description"), first("Priority").to_lowercase());
    let path = format!("/p/{}/issues/new", project.to_lowercase());
    for (change, right) in
        [("", true), ("title", false), ("label", false), ("extra", false), ("priority", false), ("author", false)]
    {
        let site = Visitor::of::<Tracker>(seed);
        let sql = format!("SELECT login FROM users WHERE name = '{}'", first("Assignee"));
        let assignee = one::<String>(&site, &sql);
        let login = if change == "author" { "ada".to_owned() } else { first("User name") };
        let mut visitor = signed_in(&site, &login).await;
        let wrong_title = format!("{title}!");
        let mut fields = vec![
            ("title", if change == "title" { wrong_title.as_str() } else { title.as_str() }),
            ("body", body.as_str()),
            ("assignee", assignee.as_str()),
            ("priority", if change == "priority" { "normal" } else { priority.as_str() }),
            ("milestone", ""),
            ("label", labels[0]),
        ];
        fields.extend((change != "label").then_some(("label", labels[1])));
        let surplus = ["bug", "crash", "design"].into_iter().find(|name| !labels.contains(name));
        fields.extend(surplus.filter(|_| change == "extra").map(|name| ("label", name)));
        visitor.post(&path, &fields).await;
        assert_eq!(site.verdict(&goal).is_success(), right, "{change}: {:?}", site.verdict(&goal));
    }
}

#[tokio::test]
async fn a_card_must_be_the_right_one_in_the_right_column() {
    let seed = Seed(7);
    let goal = goal("board-move", seed);
    let Some((reference, column)) = goal.plan.iter().find_map(|step| match step {
        Step::Choose(name, column) => Some((name.trim_start_matches("Column of ").to_owned(), column.to_lowercase())),
        _ => None,
    }) else {
        panic!("it chooses a column")
    };
    let mut site = begin(&goal, seed).await;
    let of = |what: &str| format!("SELECT {what} FROM issue_rows WHERE ref = '{reference}'");
    let path = format!("/p/{}/board", one::<String>(&site, &of("project")));
    let number = one::<i64>(&site, &of("number")).to_string();
    // A detour through another column leaves the same state, and states are what is judged.
    site.post(&path, &[("issue", &number), ("column", "done")]).await;
    assert!(!site.verdict(&goal).is_success());
    site.post(&path, &[("issue", &number), ("column", &column)]).await;
    assert!(site.verdict(&goal).is_success(), "{:?}", site.verdict(&goal));
    let other = one::<i64>(
        &site,
        &format!(
            "SELECT number FROM issue_rows WHERE state = 'open' AND stage <> '{column}' AND project = (SELECT project FROM issue_rows WHERE ref = '{reference}')"
        ),
    );
    site.post(&path, &[("issue", &other.to_string()), ("column", &column)]).await;
    assert!(!site.verdict(&goal).is_success(), "another card went along");
}

#[tokio::test]
async fn a_comment_from_the_account_that_was_signed_in_does_not_count() {
    let seed = Seed(12);
    let goal = goal("other-account", seed);
    let (body, title, login) = (
        typed(&goal, "Comment").remove(0),
        typed(&goal, "Search all issues").remove(0),
        typed(&goal, "User name").remove(0),
    );
    let mut site = begin(&goal, seed).await;
    let path = format!("{}/comment", url_of(&site, &title));
    site.post(&path, &[("body", &body)]).await;
    assert!(!site.verdict(&goal).is_success());
    let mut site = begin(&goal, seed).await;
    site.post("/sign-out", &[]).await;
    signed_in(&site, &login).await.post(&path, &[("body", &body)]).await;
    assert!(site.verdict(&goal).is_success(), "{:?}", site.verdict(&goal));
}

#[tokio::test]
async fn roles_and_due_dates_must_be_those_that_were_asked_for() {
    let seed = Seed(4);
    let goal_of_role = goal("promote", seed);
    let role = typed(&goal_of_role, "Role").remove(0).to_lowercase();
    let Some(Step::Click("link", name)) =
        goal_of_role.plan.iter().rev().find(|step| matches!(step, Step::Click("link", _)))
    else {
        panic!("it goes to a person")
    };
    for (given, right) in [(role.as_str(), true), ("admin", false)] {
        let site = Visitor::of::<Tracker>(seed);
        let login = one::<String>(&site, &format!("SELECT login FROM users WHERE name = '{name}'"));
        signed_in(&site, "ada").await.post(&format!("/people/{login}"), &[("role", given)]).await;
        assert_eq!(site.verdict(&goal_of_role).is_success(), right, "{given}: {:?}", site.verdict(&goal_of_role));
    }

    let goal = goal("milestone-due", seed);
    let (login, due) = (typed(&goal, "User name").remove(0), typed(&goal, "Due date").remove(0));
    let Some(title) = goal.plan.iter().find_map(|step| match step {
        Step::Click("link", name) => name.strip_prefix("Edit milestone "),
        _ => None,
    }) else {
        panic!("it edits a milestone")
    };
    let Some(Step::Click("link", project)) = goal.plan.get(3) else { panic!("after signing in it goes to a project") };
    for (given, state, right) in
        [(due.as_str(), "open", true), (due.as_str(), "closed", false), ("2026-06-30", "open", false)]
    {
        let site = Visitor::of::<Tracker>(seed);
        let of = |what: &str| {
            format!(
                "SELECT {what} FROM milestones m JOIN projects p ON p.id = m.project_id WHERE m.title = '{title}' AND p.name = '{project}'"
            )
        };
        let path = format!("/p/{}/milestones/{}", project.to_lowercase(), one::<i64>(&site, &of("m.id")));
        let description = one::<String>(&site, &of("m.description"));
        let fields = [("title", title), ("due", given), ("description", &description), ("state", state)];
        signed_in(&site, &login).await.post(&path, &fields).await;
        assert_eq!(site.verdict(&goal).is_success(), right, "{given} {state}: {:?}", site.verdict(&goal));
    }
}
