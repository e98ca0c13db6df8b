//! The seeded wiki: six pages a project, with facts that differ by seed and revisions that changed them.

use glim_env::SplitMix;
use rusqlite::{Connection, params};

use super::content::{MAINTAINERS, in_a_sentence, moment, someone};
use super::form::slug;
use super::vocabulary::{CODE_NAMES, PARTS, PEOPLE, PROJECTS, SYSTEMS, WEEKDAYS};

/// Titles of the pages of every project.
pub(super) const PAGES: [&str; 6] = ["Home", "Installation", "Release process", "Architecture", "Support", "Glossary"];

/// Writes the pages of one project, each with its history.
pub(super) fn populate(db: &Connection, project: i64, dice: &mut SplitMix) -> rusqlite::Result<()> {
    // Each code name is in one page of one project only.
    let names = &CODE_NAMES[(project as usize - 1) * 2..][..2];
    let mut hiding: Vec<usize> = (1..PAGES.len()).collect();
    dice.shuffle(&mut hiding);
    for (at, title) in PAGES.iter().enumerate() {
        let hidden = hiding.iter().position(|place| *place == at).and_then(|place| names.get(place)).copied();
        let revisions = 1 + dice.below(4);
        let mut bodies = vec![body(project, title, hidden, dice)];
        while bodies.len() < revisions {
            let mut next = body(project, title, hidden, dice);
            if bodies.last() == Some(&next) {
                next.push_str("\n\nReviewed, still true.");
            }
            bodies.push(next);
        }
        let ages: Vec<i64> = (0..revisions).map(|at| 150 - at as i64 * 40 - dice.below(30) as i64).collect();
        let last = bodies.last().cloned().unwrap_or_default();
        db.execute(
            "INSERT INTO wiki_pages (project_id, slug, title, body) VALUES (?1, ?2, ?3, ?4)",
            params![project, slug(title), title, last],
        )?;
        let page = db.last_insert_rowid();
        for (at, (text, age)) in bodies.iter().zip(ages).enumerate() {
            let (author, when) = (someone(MAINTAINERS, dice), moment(age, dice));
            let summary = if at == 0 {
                "First version"
            } else {
                *dice.choose(&["Brought up to date", "Corrected", "After the move", "As agreed"])
            };
            db.execute(
                "INSERT INTO wiki_revisions (page_id, number, title, body, summary, author_id, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![page, at as i64 + 1, title, text, summary, author, when],
            )?;
            db.execute(
                "INSERT INTO events (at, actor_id, project_id, page_id, verb, detail) VALUES (?1, ?2, ?3, ?4, ?5, '')",
                params![when, author, project, page, if at == 0 { "wrote" } else { "edited" }],
            )?;
        }
    }
    Ok(())
}

fn body(project: i64, title: &str, hidden: Option<&str>, dice: &mut SplitMix) -> String {
    let name = PROJECTS[project as usize - 1].2;
    let parts = &PARTS[project as usize - 1];
    let person = |dice: &mut SplitMix| PEOPLE[someone(MAINTAINERS, dice) as usize - 1].1;
    let mut text = match title {
        "Home" => format!(
            "Welcome to the wiki of {name}.\n\n## Where to begin\n\n- [Installation](/p/{0}/wiki/installation)\n\
             - [Release process](/p/{0}/wiki/release-process)\n\n## Meetings\n\nThe weekly call is on {1} at {2}:00.",
            PROJECTS[project as usize - 1].0,
            dice.choose(&WEEKDAYS),
            9 + dice.below(8)
        ),
        "Installation" => format!(
            "## Requirements\n\n{name} needs {} MB of memory and runs best on {}.\n\n## Ports\n\nThe server listens on port {}.\n\n\
             ## Upgrading\n\nMake a backup first, then install over the old version.",
            256 * (1 + dice.below(8)),
            dice.choose(&SYSTEMS),
            8000 + dice.below(1900)
        ),
        "Release process" => format!(
            "## Schedule\n\nReleases are cut on {} by {}.\n\n## Steps\n\n1. Freeze the branch\n2. Run the long tests\n3. Tag and sign\n\n\
             ## After the release\n\nWatch the reports for {} days.",
            dice.choose(&WEEKDAYS),
            person(dice),
            2 + dice.below(9)
        ),
        "Architecture" => format!(
            "## Overview\n\nThe {} talks to the {} through a queue of {} messages.\n\n## Storage\n\nRecords are kept for {} days.",
            in_a_sentence(parts[dice.below(4)]),
            in_a_sentence(parts[4 + dice.below(5)]),
            64 << dice.below(5),
            30 * (1 + dice.below(12))
        ),
        "Support" => format!(
            "## On call\n\nThis month {} answers urgent reports.\n\n## Response times\n\nUrgent reports are answered within {} hours, \
             others within {} working days.",
            person(dice),
            2 + dice.below(10),
            2 + dice.below(6)
        ),
        _ => format!(
            "## Terms\n\n- **Freeze**: no new features, {} days before a release\n- **Triage**: the sorting of new reports, on {}\n\
             - **Owner**: who answers for a part",
            3 + dice.below(9),
            dice.choose(&WEEKDAYS)
        ),
    };
    if let Some(code_name) = hidden {
        text.push_str(&format!("\n\n## Notes\n\nThe work on this went by the code name {code_name}."));
    }
    text
}
