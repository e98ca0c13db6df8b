//! Goals that plan work: who does what until when.

use glim_env::{Seed, SplitMix};

use super::{World, changed, path, signed_in, signing_in, to_issue};
use crate::clock::TODAY;
use crate::solver::{button, choose, click, fill, link, see, submit};
use crate::tracker::rows::{number, text};
use crate::{Assignment, Wanted};

/// Give an issue to whoever has the least to do.
pub(super) fn assign_by_load(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let (user, issue) = (world.user("maintainer"), world.issue("i.state = 'open' AND i.assignee_id IS NULL"));
    let free = world
        .all(
            "SELECT u.id, u.name FROM users u WHERE u.role = 'maintainer'
             ORDER BY (SELECT count(*) FROM issues i WHERE i.assignee_id = u.id AND i.project_id = ?1 AND i.state = 'open'), u.name LIMIT 1",
            [number(&issue, "project_id")],
        )
        .remove(0);
    let [title, project] = ["title", "project_name"].map(|column| text(&issue, column));
    let name = text(&free, "name");
    signed_in(
        &user,
        &format!(
            "Nobody has \"{title}\" in {project} yet. Assign it to the maintainer who has the fewest open issues in {project}; if several \
             have as few, to the first of them by name. Administrators are not maintainers."
        ),
        vec![changed(&issue).set("assignee_id", number(&free, "id"))],
        path([vec![link(project), see(name)], to_issue(title), vec![choose("Assignee", name)]]),
    )
}

/// Put off a milestone.
pub(super) fn milestone_due(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let user = world.user("maintainer");
    let milestone = world.some(
        "SELECT m.*, p.name AS project FROM milestones m JOIN projects p ON p.id = m.project_id WHERE m.state = 'open' ORDER BY m.id",
        [],
    );
    let due = TODAY.saturating_add(jiff::Span::new().days(90 + world.dice.below(60) as i64));
    let (title, project) = (text(&milestone, "title"), text(&milestone, "project"));
    signing_in(
        &user,
        &format!(
            "Set the due date of the milestone {title} of {project} to {}. Change nothing else about it.",
            due.strftime("%-d %B %Y")
        ),
        vec![Wanted::changed("milestones").with("id", number(&milestone, "id")).set("due", due.to_string())],
        vec![
            link(project),
            link("Milestones"),
            link(format!("Edit milestone {title}")),
            fill("Due date", due),
            button("Save milestone"),
        ],
    )
}

/// Move a card to another column.
pub(super) fn board_move(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let (user, issue) = (world.user("maintainer"), world.issue("i.state = 'open'"));
    let columns = [("backlog", "Backlog"), ("in progress", "In progress"), ("in review", "In review")];
    let mut others: Vec<_> = columns.into_iter().filter(|(value, _)| *value != text(&issue, "stage")).collect();
    world.dice.shuffle(&mut others);
    let (value, column) = others[0];
    let [title, project, reference] = ["title", "project_name", "ref"].map(|column| text(&issue, column));
    signed_in(
        &user,
        &format!("On the board of {project}, move the card \"{title}\" to the column \"{column}\"."),
        vec![changed(&issue).set("stage", value)],
        vec![link(project), link("Board"), choose(format!("Column of {reference}"), column)],
    )
}

/// Plan several issues at once.
pub(super) fn bulk_milestone(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let user = world.user("maintainer");
    let groups = world.shuffled(
        "SELECT l.id AS label_id, l.name AS label, p.id AS project_id, p.name AS project, count(*) AS n FROM issues i
         JOIN projects p ON p.id = i.project_id JOIN issue_labels il ON il.issue_id = i.id JOIN labels l ON l.id = il.label_id
         WHERE i.state = 'open' AND i.milestone_id IS NULL GROUP BY p.id, l.id ORDER BY p.id, l.id",
        [],
    );
    let group = groups.iter().max_by_key(|group| number(group, "n").min(3)).expect("some open issues are not planned");
    let milestone = world.some(
        "SELECT * FROM milestones WHERE project_id = ?1 AND state = 'open' ORDER BY id",
        [number(group, "project_id")],
    );
    let issues = world.all(
        "SELECT i.* FROM issue_rows i JOIN issue_labels il ON il.issue_id = i.id
         WHERE i.state = 'open' AND i.milestone_id IS NULL AND i.project_id = ?1 AND il.label_id = ?2 ORDER BY i.id",
        [number(group, "project_id"), number(group, "label_id")],
    );
    let [label, project] = ["label", "project"].map(|column| text(group, column));
    let title = text(&milestone, "title");
    signed_in(
        &user,
        &format!(
            "Plan all open issues of {project} that have the label \"{label}\" and no milestone yet for the milestone {title}. \
             Leave those that have a milestone alone."
        ),
        issues.iter().map(|issue| changed(issue).set("milestone_id", number(&milestone, "id"))).collect(),
        vec![
            link(project),
            link("Issues"),
            submit("Filter issues", format!("is:open label:\"{label}\" milestone:none")),
            click("checkbox", "Select all on this page"),
            choose("Plan for", title),
            button("Change issues"),
        ],
    )
}
