//! The seeded content: people, projects, milestones and issues. Equal seeds give equal rows.

use glim_env::{Seed, SplitMix};
use rusqlite::{Connection, params};

use super::vocabulary::{FAULTS, LABELS, PARTS, PEOPLE, PROJECTS, REMARKS, SYSTEMS, WHEN, WISHES};
use super::wiki_content;
use crate::clock::TODAY;

/// How many issues a project has.
const ISSUES: usize = 30;

/// Rows of `users` by role, as [`PEOPLE`] lists them; ids count from 1.
pub(super) const MAINTAINERS: std::ops::RangeInclusive<i64> = 2..=6;
const REPORTERS: std::ops::RangeInclusive<i64> = 7..=12;

/// Fills an empty database.
pub(super) fn populate(db: &Connection, seed: Seed) -> rusqlite::Result<()> {
    let mut dice = seed.derive("tracker/content").generator();
    people(db, seed, &mut dice)?;
    for (at, (name, hue, description)) in LABELS.iter().enumerate() {
        db.execute("INSERT INTO labels VALUES (?1, ?2, ?3, ?4)", params![at as i64 + 1, name, hue, description])?;
    }
    for (at, (slug, key, name, description)) in PROJECTS.iter().enumerate() {
        let project = at as i64 + 1;
        db.execute("INSERT INTO projects VALUES (?1, ?2, ?3, ?4, ?5)", params![project, slug, key, name, description])?;
        let milestones = milestones(db, project, &mut dice)?;
        issues(db, project, &milestones, &mut dice)?;
        wiki_content::populate(db, project, &mut dice)?;
    }
    number_events_by_time(db)
}

/// A part's name inside a sentence: in lower case, but for abbreviations.
pub(super) fn in_a_sentence(part: &str) -> String {
    let word = |word: &str| {
        let is_plain = word.chars().skip(1).all(|c| !c.is_uppercase());
        if is_plain { word.to_lowercase() } else { word.to_owned() }
    };
    part.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// `2026-01-03T09:41`, that many days before today.
pub(super) fn moment(days_ago: i64, dice: &mut SplitMix) -> String {
    let day = TODAY.saturating_sub(jiff::Span::new().days(days_ago));
    format!("{day}T{:02}:{:02}", 7 + dice.below(11), dice.below(60))
}

/// One of the users in a range of ids.
pub(super) fn someone(range: std::ops::RangeInclusive<i64>, dice: &mut SplitMix) -> i64 {
    range.start() + dice.below((range.end() - range.start() + 1) as usize) as i64
}

fn people(db: &Connection, seed: Seed, dice: &mut SplitMix) -> rusqlite::Result<()> {
    for (at, (login, name, role, bio)) in PEOPLE.iter().enumerate() {
        let password = format!(
            "{}-{:04}",
            ["amber", "delta", "north", "pixel", "river", "stone"][dice.below(6)],
            dice.below(10_000)
        );
        let token = format!("{:016x}", seed.derive("tracker/link").derive(login).0);
        let joined = moment(400 + dice.below(900) as i64, dice);
        let on = |dice: &mut SplitMix| dice.below(2) as i64;
        let digest = *dice.choose(&["off", "daily", "weekly"]);
        db.execute(
            "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                at as i64 + 1,
                login,
                name,
                format!("{login}@example.org"),
                role,
                password,
                token,
                bio,
                joined,
                digest,
                on(dice),
                on(dice),
                on(dice),
                on(dice)
            ],
        )?;
    }
    Ok(())
}

/// One closed milestone and three open ones, by due date.
fn milestones(db: &Connection, project: i64, dice: &mut SplitMix) -> rusqlite::Result<Vec<i64>> {
    let (major, minor) = (1 + dice.below(4), dice.below(7));
    let mut ids = Vec::new();
    for step in 0..4_i64 {
        let due = TODAY.saturating_add(jiff::Span::new().days(-40 + step * 30 + dice.below(20) as i64));
        let title = if step == 3 { format!("{}.0", major + 1) } else { format!("{major}.{}", minor as i64 + step) };
        let what =
            ["Shipped.", "What is left of the autumn plans.", "Sharing and speed.", "The big one."][step as usize];
        db.execute(
            "INSERT INTO milestones (project_id, title, description, due, state) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![project, title, what, due.to_string(), if step == 0 { "closed" } else { "open" }],
        )?;
        ids.push(db.last_insert_rowid());
    }
    Ok(ids)
}

fn issues(db: &Connection, project: i64, milestones: &[i64], dice: &mut SplitMix) -> rusqlite::Result<()> {
    let parts = &PARTS[project as usize - 1];
    // Every report has a title of its own, drawn without replacement.
    let mut faults: Vec<(usize, usize)> =
        (0..FAULTS.len()).flat_map(|f| (0..WHEN.len()).map(move |w| (f, w))).collect();
    dice.shuffle(&mut faults);
    let mut wishes: Vec<(usize, usize)> =
        (0..WISHES.len()).flat_map(|w| (0..parts.len()).map(move |p| (w, p))).collect();
    dice.shuffle(&mut wishes);
    let mut ages: Vec<i64> = (0..ISSUES).map(|_| 3 + dice.below(190) as i64).collect();
    ages.sort_unstable_by(|a, b| b.cmp(a));
    for (at, age) in ages.into_iter().enumerate() {
        let is_bug = dice.below(10) < 6;
        let (title, body, mut labels) = if is_bug {
            let (fault, when) = faults[at];
            let mut labels = vec!["bug"];
            match FAULTS[fault] {
                "crashes" => labels.push("crash"),
                "freezes for seconds" | "is painfully slow" => labels.push("performance"),
                _ if dice.below(3) == 0 => labels.push("regression"),
                _ => {}
            }
            let part = parts[dice.below(parts.len())];
            (format!("{part} {} {}", FAULTS[fault], WHEN[when]), report(part, FAULTS[fault], WHEN[when], dice), labels)
        } else {
            let (wish, part) = wishes[at];
            let labels = vec![if WISHES[wish].starts_with("Describe") { "documentation" } else { "feature" }];
            let body = format!(
                "People keep asking for this. {}\n\n### Done when\n\n- it works in the {}\n- the manual says so",
                dice.choose(&REMARKS),
                in_a_sentence(parts[part])
            );
            (WISHES[wish].replace("{}", &in_a_sentence(parts[part])), body, labels)
        };
        for (label, odds) in [
            ("accessibility", 8),
            ("design", 9),
            ("needs repro", 7),
            ("good first issue", 7),
            ("security", 12),
            ("crash", 9),
        ] {
            if !labels.contains(&label)
                && dice.below(odds) == 0
                && (is_bug || !matches!(label, "needs repro" | "crash"))
            {
                labels.push(label);
            }
        }
        issue(db, project, at as i64 + 1, &title, &body, &labels, age, milestones, dice)?;
    }
    Ok(())
}

fn report(part: &str, fault: &str, when: &str, dice: &mut SplitMix) -> String {
    let version = format!("{}.{}.{}", 1 + dice.below(5), dice.below(10), dice.below(20));
    let system = dice.choose(&SYSTEMS);
    format!(
        "The {} {fault} {when}.\n\nSeen with version **{version}** on {system}.\n\n### Steps\n\n1. Start afresh\n2. Use the {} {when}\n\n\
         ### Expected\n\nThat nothing is lost and nobody waits.",
        in_a_sentence(part),
        in_a_sentence(part),
    )
}

#[allow(clippy::too_many_arguments, reason = "one row's columns, used once")]
fn issue(
    db: &Connection,
    project: i64,
    number: i64,
    title: &str,
    body: &str,
    labels: &[&str],
    age: i64,
    milestones: &[i64],
    dice: &mut SplitMix,
) -> rusqlite::Result<()> {
    let author = if dice.below(3) == 0 { someone(MAINTAINERS, dice) } else { someone(REPORTERS, dice) };
    let created = moment(age, dice);
    let closed = dice.below(100) < 38;
    let assignee = (dice.below(4) > 0).then(|| someone(MAINTAINERS, dice));
    let milestone = match (closed, dice.below(10)) {
        (true, 0..5) => Some(milestones[0]),
        (true, 5..8) => Some(milestones[1]),
        (false, 0..6) => Some(milestones[1 + dice.below(milestones.len() - 1)]),
        _ => None,
    };
    let stage =
        if closed || assignee.is_none() { "backlog" } else { *dice.choose(&["backlog", "in progress", "in review"]) };
    let priority = *dice.choose(&["low", "normal", "normal", "normal", "high", "high", "urgent"]);
    db.execute(
        "INSERT INTO issues (project_id, number, title, body, stage, priority, author_id, assignee_id, milestone_id, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![project, number, title, body, stage, priority, author, assignee, milestone, created],
    )?;
    let id = db.last_insert_rowid();
    for label in labels {
        db.execute(
            "INSERT INTO issue_labels (issue_id, label_id) SELECT ?1, id FROM labels WHERE name = ?2",
            params![id, label],
        )?;
    }
    event(db, &created, author, project, id, "opened", "")?;
    let mut last_age = age;
    for _ in 0..dice.below(5) {
        last_age = (last_age - 1 - dice.below(9) as i64).max(2);
        let commenter = someone(*MAINTAINERS.start()..=*REPORTERS.end(), dice);
        let at = moment(last_age, dice);
        let mut text = (*dice.choose(&REMARKS)).to_owned();
        if dice.below(4) == 0 {
            text.push_str(&format!(" Bisected to commit `{:07x}`.", dice.next_u64() & 0xfff_ffff));
        }
        db.execute(
            "INSERT INTO comments (issue_id, author_id, body, created_at) VALUES (?1, ?2, ?3, ?4)",
            params![id, commenter, text, at],
        )?;
        event(db, &at, commenter, project, id, "commented on", "")?;
    }
    if dice.below(3) == 0 {
        db.execute("INSERT INTO watches (issue_id, user_id) VALUES (?1, ?2)", params![id, someone(MAINTAINERS, dice)])?;
    }
    if closed {
        let (closer, at) = (someone(MAINTAINERS, dice), moment((last_age - 1).max(1), dice));
        let reason = if dice.below(4) == 0 { "not planned" } else { "completed" };
        db.execute(
            "UPDATE issues SET state = 'closed', reason = ?2, closed_by = ?3, closed_at = ?4 WHERE id = ?1",
            params![id, reason, closer, at],
        )?;
        event(db, &at, closer, project, id, "closed", &format!("as {reason}"))?;
    }
    Ok(())
}

fn event(
    db: &Connection,
    at: &str,
    actor: i64,
    project: i64,
    issue: i64,
    verb: &str,
    detail: &str,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO events (at, actor_id, project_id, issue_id, verb, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![at, actor, project, issue, verb, detail],
    )?;
    Ok(())
}

/// Ids of events grow with time, so that later ones come after the seeded ones in every list.
fn number_events_by_time(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "CREATE TEMP TABLE ordered AS SELECT at, actor_id, project_id, issue_id, page_id, verb, detail FROM events ORDER BY at, id;
         DELETE FROM events;
         INSERT INTO events (at, actor_id, project_id, issue_id, page_id, verb, detail) SELECT * FROM ordered;
         DROP TABLE ordered;",
    )
}
