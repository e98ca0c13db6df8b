//! Goals that are answered by looking.

use glim_env::{Seed, SplitMix};

use super::{World, path, to_issue};
use crate::solver::{answer, choose, link, see, submit};
use crate::tracker::rows::{number, text};
use crate::tracker::vocabulary::PEOPLE;
use crate::{Answer, Assignment};

fn person(name: &str) -> Answer {
    Answer::among(name, PEOPLE.iter().map(|person| person.1))
}

/// How many open issues have two labels and an assignee.
pub(super) fn count_labelled(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let groups = world.shuffled(
        "SELECT p.name AS project, l.name AS label, u.login, u.name, count(*) AS n FROM issues i
         JOIN projects p ON p.id = i.project_id JOIN users u ON u.id = i.assignee_id
         JOIN issue_labels il ON il.issue_id = i.id JOIN labels l ON l.id = il.label_id AND l.name <> 'bug'
         JOIN issue_labels b ON b.issue_id = i.id JOIN labels bl ON bl.id = b.label_id AND bl.name = 'bug'
         WHERE i.state = 'open' GROUP BY p.id, l.id, u.id ORDER BY p.id, l.id, u.id",
        [],
    );
    // Larger counts cannot be guessed; most seeds have some.
    let group =
        groups.iter().max_by_key(|group| number(group, "n").min(3)).expect("open bugs have labels and assignees");
    let [project, label, login, name] = ["project", "label", "login", "name"].map(|column| text(group, column));
    let count = number(group, "n");
    let shown = if count == 1 { "1 issue".to_owned() } else { format!("{count} issues") };
    let query = format!("is:open label:bug label:\"{label}\" assignee:{login}");
    Assignment::question(
        format!(
            "How many open issues of the project {project} have both the label \"bug\" and the label \"{label}\" and are assigned to {name}?"
        ),
        Answer::Count(count),
        vec![link(project), link("Issues"), submit("Filter issues", query), see(shown), answer(count)],
    )
}

/// Who closed an issue.
pub(super) fn who_closed(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let issue = world.issue("i.state = 'closed'");
    let (title, closer) = (text(&issue, "title"), text(&issue, "closer_name"));
    Assignment::question(
        format!(
            "Who closed the issue \"{title}\" in the project {}? Give the full name.",
            text(&issue, "project_name")
        ),
        person(closer),
        path([to_issue(title), vec![see(format!("closed by {closer}")), answer(closer)]]),
    )
}

/// Which page of a wiki has a word.
pub(super) fn code_name(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let page = world.some(
        "SELECT w.title, w.body, p.name AS project FROM wiki_pages w JOIN projects p ON p.id = w.project_id
         WHERE instr(w.body, 'code name ') > 0 ORDER BY w.id",
        [],
    );
    let (title, project) = (text(&page, "title"), text(&page, "project"));
    let name: String = text(&page, "body")
        .split("code name ")
        .nth(1)
        .unwrap_or_default()
        .chars()
        .take_while(|c| c.is_alphabetic())
        .collect();
    let titles = world.all("SELECT DISTINCT title FROM wiki_pages ORDER BY title", []);
    Assignment::question(
        format!("Which page of the {project} wiki mentions the code name {name}? Give its title."),
        Answer::among(title, titles.iter().map(|page| text(page, "title"))),
        vec![
            link(project),
            link("Wiki"),
            submit("Search the wiki", &name),
            see("1 page found"),
            see(title),
            answer(title),
        ],
    )
}

/// The version that a report names.
pub(super) fn reported_version(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let issue = world.issue("instr(i.body, 'version **') > 0");
    let title = text(&issue, "title");
    let version = text(&issue, "body").split("**").nth(1).unwrap_or_default().to_owned();
    Assignment::question(
        format!(
            "With which version was the problem seen that is reported as \"{title}\" in {}?",
            text(&issue, "project_name")
        ),
        Answer::Code(version.clone()),
        path([to_issue(title), vec![see(&version), answer(&version)]]),
    )
}

/// What is left of the milestone that is due first.
pub(super) fn due_next(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let milestone = world.some(
        "SELECT p.name AS project, m.title, (SELECT count(*) FROM issues i WHERE i.milestone_id = m.id AND i.state = 'open') AS open
         FROM milestones m JOIN projects p ON p.id = m.project_id
         WHERE m.due = (SELECT min(o.due) FROM milestones o WHERE o.project_id = p.id AND o.state = 'open') ORDER BY m.id",
        [],
    );
    let (project, open) = (text(&milestone, "project"), number(&milestone, "open"));
    Assignment::question(
        format!(
            "Look at the milestones of {project}. How many issues are still open in the open milestone with the earliest due date?"
        ),
        Answer::Count(open),
        vec![link(project), link("Milestones"), see(text(&milestone, "title")), answer(open)],
    )
}

/// Who wrote a revision of a page.
pub(super) fn revision_author(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let revision = world.some(
        "SELECT r.number, w.title, p.name AS project, u.name FROM wiki_revisions r JOIN wiki_pages w ON w.id = r.page_id
         JOIN projects p ON p.id = w.project_id JOIN users u ON u.id = r.author_id
         WHERE EXISTS (SELECT 1 FROM wiki_revisions o WHERE o.page_id = r.page_id AND o.number > r.number) ORDER BY r.id",
        [],
    );
    let [project, title, name] = ["project", "title", "name"].map(|column| text(&revision, column));
    Assignment::question(
        format!(
            "Who wrote revision {} of the page \"{title}\" in the {project} wiki? Give the full name.",
            number(&revision, "number")
        ),
        person(name),
        vec![link(project), link("Wiki"), link(title), link("History"), see(name), answer(name)],
    )
}

/// The oldest open issue with a label.
pub(super) fn oldest_open(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let group = world.some(
        "SELECT p.name AS project, l.name AS label, i.project_id, l.id AS label_id, count(*) AS n FROM issues i
         JOIN projects p ON p.id = i.project_id JOIN issue_labels il ON il.issue_id = i.id JOIN labels l ON l.id = il.label_id
         WHERE i.state = 'open' GROUP BY p.id, l.id HAVING n >= 2 ORDER BY p.id, l.id",
        [],
    );
    let (project, label) = (text(&group, "project"), text(&group, "label"));
    let oldest: String = world.value(
        "SELECT i.ref FROM issue_rows i JOIN issue_labels il ON il.issue_id = i.id
         WHERE i.state = 'open' AND i.project_id = ?1 AND il.label_id = ?2 ORDER BY i.created_at, i.id",
        [number(&group, "project_id"), number(&group, "label_id")],
    );
    Assignment::question(
        format!(
            "Which is the oldest open issue with the label \"{label}\" in {project}? Answer with its number, written like ORB-12."
        ),
        Answer::Code(oldest.clone()),
        vec![
            link(project),
            link("Issues"),
            submit("Filter issues", format!("is:open label:\"{label}\"")),
            choose("Sort by", "Oldest"),
            see(&oldest),
            answer(&oldest),
        ],
    )
}

/// The commit that somebody named in a comment.
pub(super) fn bisected_commit(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let comment = world.some(
        "SELECT c.body, u.name, i.title, i.project_name FROM comments c JOIN users u ON u.id = c.author_id
         JOIN issue_rows i ON i.id = c.issue_id WHERE c.body GLOB '*commit `*[0-9]*`*'
           AND (SELECT count(*) FROM comments o WHERE o.issue_id = c.issue_id AND o.author_id = c.author_id) = 1 ORDER BY c.id",
        [],
    );
    let [title, name] = ["title", "name"].map(|column| text(&comment, column));
    let commit =
        text(&comment, "body").split("commit `").nth(1).and_then(|rest| rest.split('`').next()).unwrap_or_default();
    Assignment::question(
        format!("Which commit does {name} name in a comment on \"{title}\" in {}?", text(&comment, "project_name")),
        Answer::Code(commit.to_owned()),
        path([to_issue(title), vec![see(commit), answer(commit)]]),
    )
}

/// Who has the most to do.
pub(super) fn most_assigned(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let loads = world.shuffled(
        "SELECT p.name AS project, u.name, count(*) AS n FROM issues i JOIN projects p ON p.id = i.project_id
         JOIN users u ON u.id = i.assignee_id WHERE i.state = 'open' GROUP BY p.id, u.id ORDER BY p.id, u.id",
        [],
    );
    let leads = |load: &&crate::tracker::rows::Row| {
        loads.iter().all(|other| {
            text(other, "project") != text(load, "project")
                || text(other, "name") == text(load, "name")
                || number(other, "n") < number(load, "n")
        })
    };
    match loads.iter().find(leads) {
        Some(load) => {
            let (project, name) = (text(load, "project"), text(load, "name"));
            Assignment::question(
                format!("Who has the most open issues assigned in {project}? Give the full name."),
                person(name),
                vec![link(project), see(name), answer(name)],
            )
        }
        // Nobody leads anywhere: ask for a number instead.
        None => {
            let (project, name, count) = (text(&loads[0], "project"), text(&loads[0], "name"), number(&loads[0], "n"));
            Assignment::question(
                format!("How many open issues does {name} have in {project}?"),
                Answer::Count(count),
                vec![link(project), see(name), answer(count)],
            )
        }
    }
}

/// What a page said before its last change.
pub(super) fn earlier_fact(seed: Seed, dice: &mut SplitMix) -> Assignment {
    const FACTS: [(&str, &str, &str); 4] = [
        ("Installation", "listens on port ", "port does the server listen on"),
        ("Release process", "reports for ", "number of days are the reports watched for after a release"),
        ("Support", "answered within ", "number of hours are urgent reports answered within"),
        ("Architecture", "kept for ", "number of days are records kept for"),
    ];
    let mut world = World::new(seed, dice);
    let revisions = world.shuffled(
        "SELECT r.number, r.body, w.title, p.name AS project, w.body AS latest FROM wiki_revisions r JOIN wiki_pages w ON w.id = r.page_id
         JOIN projects p ON p.id = w.project_id ORDER BY r.id",
        [],
    );
    let fact = |body: &str, before: &str| -> String {
        body.split(before).nth(1).unwrap_or_default().chars().take_while(char::is_ascii_digit).collect()
    };
    let found = revisions.iter().find_map(|revision| {
        let (_, before, question) = FACTS.iter().find(|(title, ..)| *title == text(revision, "title"))?;
        let (old, latest) = (fact(text(revision, "body"), before), fact(text(revision, "latest"), before));
        (old != latest).then_some((revision, *question, old))
    });
    // Seeds in which no such page was ever changed: ask for what is true now.
    let (revision, question, value) = found.unwrap_or_else(|| {
        let revision =
            revisions.iter().find(|revision| text(revision, "title") == FACTS[0].0).expect("each wiki has all pages");
        (revision, FACTS[0].2, fact(text(revision, "latest"), FACTS[0].1))
    });
    let (project, title, at) = (text(revision, "project"), text(revision, "title"), number(revision, "number"));
    Assignment::question(
        format!("According to revision {at} of the page \"{title}\" in the {project} wiki, which {question}?"),
        Answer::Count(value.parse().unwrap_or_default()),
        vec![
            link(project),
            link("Wiki"),
            link(title),
            link("History"),
            link(format!("Revision {at}")),
            see(&value),
            answer(&value),
        ],
    )
}
