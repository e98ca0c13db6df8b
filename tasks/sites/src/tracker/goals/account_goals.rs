//! Goals about people: settings, roles, and who does something.

use glim_env::{Seed, SplitMix};
use rusqlite::params;

use super::{World, path, sign_in, signing_in, to_issue};
use crate::solver::{Step, button, choose, click, fill, link};
use crate::tracker::rows::{number, text};
use crate::{Assignment, Wanted};

/// Change what one is told by e-mail.
pub(super) fn notifications(seed: Seed, dice: &mut SplitMix) -> Assignment {
    const KINDS: [(&str, &str); 4] = [
        ("notify_mentions", "when somebody mentions me"),
        ("notify_assigned", "when an issue is assigned to me"),
        ("notify_watched", "when an issue I watch changes"),
        ("notify_own", "about my own changes"),
    ];
    let mut world = World::new(seed, dice);
    let user = world.user("reporter");
    let mut digests: Vec<_> =
        ["off", "daily", "weekly"].into_iter().filter(|digest| *digest != text(&user, "digest")).collect();
    world.dice.shuffle(&mut digests);
    let shown = match digests[0] {
        "off" => "Off",
        "daily" => "Daily",
        _ => "Weekly",
    };
    let mut kinds = KINDS;
    world.dice.shuffle(&mut kinds);
    let mut wanted = Wanted::changed("users").with("id", number(&user, "id")).set("digest", digests[0]);
    let mut plan = vec![link("Settings"), choose("Digest", shown)];
    let mut said = Vec::new();
    for (column, label) in &kinds[..2] {
        let on = number(&user, column) == 0;
        wanted = wanted.set(column, i64::from(on));
        plan.push(click("checkbox", *label));
        said.push(format!("switch e-mail \"{label}\" {}", if on { "on" } else { "off" }));
    }
    plan.push(button("Save settings"));
    signing_in(
        &user,
        &format!(
            "In your settings, set the digest to \"{shown}\", {} and {}. Leave all other settings as they are.",
            said[0], said[1]
        ),
        vec![wanted],
        plan,
    )
}

/// Give somebody another role.
pub(super) fn promote(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let (admin, person) =
        (world.user("admin"), world.some("SELECT * FROM users WHERE role IN ('reporter', 'guest') ORDER BY id", []));
    let (role, shown) =
        if text(&person, "role") == "guest" { ("reporter", "Reporter") } else { ("maintainer", "Maintainer") };
    let name = text(&person, "name");
    signing_in(
        &admin,
        &format!("Make {name} a {role}."),
        vec![Wanted::changed("users").with("id", number(&person, "id")).set("role", role)],
        vec![link("People"), link(name), choose("Role", shown), button("Save role")],
    )
}

/// Do something from another account than the one that is signed in.
pub(super) fn other_account(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let present = world.user("maintainer");
    let others = world.shuffled(
        "SELECT * FROM users WHERE role = 'maintainer' AND id <> ?1 ORDER BY id",
        params![number(&present, "id")],
    );
    let (user, issue) = (&others[0], world.issue("i.state = 'open'"));
    let [title, project] = ["title", "project_name"].map(|column| text(&issue, column));
    let reply = *world.dice.choose(&["I take this one.", "Reviewed and agreed.", "Please wait for my patch."]);
    let wanted = vec![
        Wanted::added("comments")
            .with("issue_id", number(&issue, "id"))
            .with("author_id", number(user, "id"))
            .with("body", reply),
        Wanted::added("contributors").with("user_id", number(user, "id")),
    ];
    let goal = format!(
        "{} is signed in to Waymark on this computer. Sign in as {} instead (user name \"{}\", password \"{}\") and comment on the issue \
         \"{title}\" in {project}: \"{reply}\"",
        text(&present, "name"),
        text(user, "name"),
        text(user, "login"),
        text(user, "password")
    );
    let plan: Vec<Step> = path([
        vec![button("Sign out")],
        sign_in(user),
        to_issue(title),
        vec![fill("Comment", reply), button("Add comment")],
    ]);
    Assignment {
        start: format!("/sign-in-link/{}", text(&present, "link_token")),
        ..Assignment::change(goal, wanted, plan)
    }
}
