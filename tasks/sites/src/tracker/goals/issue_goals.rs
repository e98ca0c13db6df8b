//! Goals that change issues.

use glim_env::{Seed, SplitMix};
use serde_json::Value;

use super::{World, changed, path, signed_in, signing_in, to_issue};
use crate::solver::{button, choose, click, fill, link, see};
use crate::tracker::rows::{number, text};
use crate::{Assignment, Wanted};

const REPLIES: [&str; 6] = [
    "The fix is in the nightly build, please try it there.",
    "I can reproduce this with a fresh profile.",
    "Please attach the output of the last run.",
    "Two more customers asked about this today.",
    "This should be part of the next minor release.",
    "I will look at it on Monday.",
];

/// Comment on an issue.
pub(super) fn comment(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let (user, issue) = (world.user("reporter"), world.issue("i.state = 'open'"));
    let (title, reply) = (text(&issue, "title"), *world.dice.choose(&REPLIES));
    let wanted = Wanted::added("comments")
        .with("issue_id", number(&issue, "id"))
        .with("author_id", number(&user, "id"))
        .with("body", reply);
    signed_in(
        &user,
        &format!("Comment on the issue \"{title}\" in {}: \"{reply}\"", text(&issue, "project_name")),
        vec![wanted],
        path([to_issue(title), vec![fill("Comment", reply), button("Add comment")]]),
    )
}

/// Open an issue with everything filled in.
pub(super) fn create(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let (user, assignee) = (world.user("maintainer"), world.user("maintainer"));
    let project = world.some("SELECT * FROM projects ORDER BY id", []);
    let kinds = world.shuffled("SELECT * FROM labels ORDER BY id", []);
    let labels = &kinds[..2];
    let title = format!(
        "{} {}",
        world.dice.choose(&["Printing", "Start-up", "Copy and paste", "The help page", "Signing in"]),
        world.dice.choose(&["stops half way", "asks twice", "needs a better message", "uses too much memory"])
    );
    let body = *world.dice.choose(&[
        "Seen by three people this week.",
        "Happens on every second try.",
        "A screenshot will follow.",
    ]);
    let (priority, shown) = *world.dice.choose(&[("low", "Low"), ("high", "High"), ("urgent", "Urgent")]);
    let next: i64 = world.value("SELECT max(id) + 1 FROM issues", []);
    let mut wanted = vec![
        Wanted::added("issues")
            .with("project_id", number(&project, "id"))
            .with("title", title.as_str())
            .with("body", body)
            .with("author_id", number(&user, "id"))
            .with("assignee_id", number(&assignee, "id"))
            .with("priority", priority)
            .with("state", "open")
            .with("milestone_id", Value::Null),
    ];
    wanted.extend(
        labels
            .iter()
            .map(|label| Wanted::added("issue_labels").with("issue_id", next).with("label_id", number(label, "id"))),
    );
    let (first, second) = (text(&labels[0], "name"), text(&labels[1], "name"));
    let named = text(&project, "name");
    signing_in(
        &user,
        &format!(
            "Open an issue in {named} with the title \"{title}\", the description \"{body}\", the labels \"{first}\" and \"{second}\", \
             assigned to {}, with the priority {priority} and no milestone.",
            text(&assignee, "name")
        ),
        wanted,
        vec![
            link(named),
            link("Issues"),
            link("New issue"),
            fill("Title", &title),
            fill("Description", body),
            choose("Assignee", text(&assignee, "name")),
            choose("Priority", shown),
            click("checkbox", first),
            click("checkbox", second),
            button("Create issue"),
        ],
    )
}

/// Swap one label for another on two issues.
pub(super) fn relabel(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let user = world.user("maintainer");
    let group = world.some(
        "SELECT il.label_id, l.name, i.project_id FROM issues i JOIN issue_labels il ON il.issue_id = i.id JOIN labels l ON l.id = il.label_id
         WHERE i.state = 'open' GROUP BY i.project_id, l.id HAVING count(*) >= 2 ORDER BY i.project_id, l.id",
        [],
    );
    let issues = world.shuffled(
        "SELECT i.* FROM issue_rows i JOIN issue_labels il ON il.issue_id = i.id
         WHERE il.label_id = ?1 AND i.project_id = ?2 AND i.state = 'open' ORDER BY i.id",
        [number(&group, "label_id"), number(&group, "project_id")],
    );
    let (one, two) = (&issues[0], &issues[1]);
    let new = world.some(
        "SELECT * FROM labels WHERE id NOT IN (SELECT label_id FROM issue_labels WHERE issue_id IN (?1, ?2)) ORDER BY id",
        [number(one, "id"), number(two, "id")],
    );
    let (old_name, new_name) = (text(&group, "name"), text(&new, "name"));
    let mut wanted = Vec::new();
    let mut plan = Vec::new();
    for issue in [one, two] {
        let row = |wanted: Wanted, label: i64| wanted.with("issue_id", number(issue, "id")).with("label_id", label);
        wanted.push(row(Wanted::removed("issue_labels"), number(&group, "label_id")));
        wanted.push(row(Wanted::added("issue_labels"), number(&new, "id")));
        plan.extend(to_issue(text(issue, "title")));
        plan.extend([
            button("Edit labels"),
            click("checkbox", old_name),
            click("checkbox", new_name),
            button("Save labels"),
        ]);
    }
    signed_in(
        &user,
        &format!(
            "The issues \"{}\" and \"{}\" in {} have the wrong label: take \"{old_name}\" off both and put \"{new_name}\" on instead. \
             Leave their other labels as they are.",
            text(one, "title"),
            text(two, "title"),
            text(one, "project_name")
        ),
        wanted,
        plan,
    )
}

/// Close an issue as a duplicate of another.
pub(super) fn close_duplicate(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let user = world.user("maintainer");
    let issue = world.issue("i.state = 'open'");
    let others = world.shuffled(
        "SELECT * FROM issue_rows WHERE project_id = ?1 AND id <> ?2 ORDER BY id",
        [number(&issue, "project_id"), number(&issue, "id")],
    );
    let original = &others[0];
    let wanted = changed(&issue)
        .set("state", "closed")
        .set("reason", "duplicate")
        .set("duplicate_of", number(original, "id"))
        .set("closed_by", number(&user, "id"))
        .free("closed_at")
        .free("stage");
    let (title, known) = (text(&issue, "title"), text(original, "title"));
    let reference = text(original, "ref");
    signed_in(
        &user,
        &format!("In {}, close \"{title}\" as a duplicate of \"{known}\".", text(&issue, "project_name")),
        vec![wanted],
        path([
            to_issue(known),
            vec![see(reference)],
            to_issue(title),
            vec![fill("Duplicate of", reference), button("Close as duplicate")],
        ]),
    )
}

/// Give an issue another title.
pub(super) fn retitle(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let (user, issue) = (world.user("maintainer"), world.issue("i.state = 'open'"));
    let title = text(&issue, "title");
    let new =
        format!("{title} {}", world.dice.choose(&["(all platforms)", "since last week", "in the beta", "for guests"]));
    signed_in(
        &user,
        &format!(
            "Change the title of the issue \"{title}\" in {} to \"{new}\". Leave its description as it is.",
            text(&issue, "project_name")
        ),
        vec![changed(&issue).set("title", new.as_str())],
        path([to_issue(title), vec![link("Edit issue"), fill("Title", &new), button("Save issue")]]),
    )
}

/// Move an issue to another project.
pub(super) fn move_project(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let (user, issue) = (world.user("maintainer"), world.issue("i.state = 'open'"));
    let projects = world.shuffled("SELECT * FROM projects WHERE id <> ?1 ORDER BY id", [number(&issue, "project_id")]);
    let target = &projects[0];
    let next: i64 = world.value("SELECT max(number) + 1 FROM issues WHERE project_id = ?1", [number(target, "id")]);
    let wanted = changed(&issue)
        .set("project_id", number(target, "id"))
        .with("number", next)
        .with("milestone_id", Value::Null)
        .free("number")
        .free("milestone_id");
    let (title, to) = (text(&issue, "title"), text(target, "name"));
    signed_in(
        &user,
        &format!(
            "The issue \"{title}\" was reported for {} by mistake. Move it to the project {to}.",
            text(&issue, "project_name")
        ),
        vec![wanted],
        path([to_issue(title), vec![choose("Move to project", to), button("Move issue")]]),
    )
}

/// Lock the conversation that is the longest.
pub(super) fn lock_busiest(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let user = world.user("maintainer");
    let project = world.some("SELECT * FROM projects ORDER BY id", []);
    let busiest = world
        .all(
            "SELECT * FROM issue_rows WHERE project_id = ?1 AND state = 'open' ORDER BY replies DESC, number DESC LIMIT 1",
            [number(&project, "id")],
        )
        .remove(0);
    let named = text(&project, "name");
    signed_in(
        &user,
        &format!(
            "Lock the conversation of the open issue in {named} that has the most comments; if several have as many, that with the \
             highest number."
        ),
        vec![changed(&busiest).set("locked", 1)],
        vec![
            link(named),
            link("Issues"),
            choose("Sort by", "Most commented"),
            link(text(&busiest, "title")),
            button("Lock conversation"),
        ],
    )
}

/// Reopen one's own issue and say why.
pub(super) fn reopen(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let issue = world.issue("i.state = 'closed' AND (SELECT role FROM users u WHERE u.id = i.author_id) = 'reporter'");
    let user = world.all("SELECT * FROM users WHERE id = ?1", [number(&issue, "author_id")]).remove(0);
    let (title, reply) = (
        text(&issue, "title"),
        *world.dice.choose(&["It is back since the upgrade.", "Still the same for me.", "Not fixed on my machine."]),
    );
    let wanted = vec![
        changed(&issue).set("state", "open").free("reason").free("closed_at").free("closed_by"),
        Wanted::added("comments")
            .with("issue_id", number(&issue, "id"))
            .with("author_id", number(&user, "id"))
            .with("body", reply),
    ];
    signing_in(
        &user,
        &format!("Reopen your issue \"{title}\" in {} and comment on it: \"{reply}\"", text(&issue, "project_name")),
        wanted,
        path([to_issue(title), vec![button("Reopen issue"), fill("Comment", reply), button("Add comment")]]),
    )
}
