//! Goals that change the wiki.

use glim_env::{Seed, SplitMix};

use super::{World, signed_in, signing_in};
use crate::solver::{button, fill, link};
use crate::tracker::form::slug;
use crate::tracker::rows::{number, text};
use crate::tracker::wiki::sections;
use crate::{Assignment, Wanted};

/// Replace the number that follows some words in one section of a page.
pub(super) fn change_fact(seed: Seed, dice: &mut SplitMix) -> Assignment {
    const FACTS: [(&str, &str, &str, &str); 4] = [
        ("Installation", "Ports", "listens on port ", "the port that the server listens on"),
        ("Release process", "After the release", "reports for ", "the number of days for which reports are watched"),
        (
            "Support",
            "Response times",
            "answered within ",
            "the number of hours within which urgent reports are answered",
        ),
        ("Architecture", "Storage", "kept for ", "the number of days for which records are kept"),
    ];
    let mut world = World::new(seed, dice);
    let user = world.user("maintainer");
    let (title, section, before, what) = *world.dice.choose(&FACTS);
    let page = world.some(
        "SELECT w.*, p.name AS project FROM wiki_pages w JOIN projects p ON p.id = w.project_id WHERE w.title = ?1 ORDER BY w.id",
        [title],
    );
    let body = text(&page, "body");
    let old: String = body.split(before).nth(1).unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let new = old.parse::<i64>().unwrap_or_default() + 1 + world.dice.below(9) as i64;
    let edit = |source: &str| source.replacen(&format!("{before}{old}"), &format!("{before}{new}"), 1);
    let part = sections(body).into_iter().find(|(name, _)| name == section).map(|(_, part)| edit(&part));
    let project = text(&page, "project");
    signed_in(
        &user,
        &format!(
            "In the {project} wiki, the section \"{section}\" of the page \"{title}\" is out of date: {what} is {new} now and no longer {old}. \
             Correct the number and leave the rest of the text as it is."
        ),
        vec![Wanted::changed("wiki_pages").with("id", number(&page, "id")).set("body", edit(body))],
        vec![
            link(project),
            link("Wiki"),
            link(title),
            link(format!("Edit section {section}")),
            fill("Text", part.unwrap_or_default()),
            button("Save page"),
        ],
    )
}

/// Rename a page.
pub(super) fn rename(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let user = world.user("maintainer");
    let page = world.some(
        "SELECT w.*, p.name AS project FROM wiki_pages w JOIN projects p ON p.id = w.project_id WHERE w.title <> 'Home' ORDER BY w.id",
        [],
    );
    let (title, project) = (text(&page, "title"), text(&page, "project"));
    let new = format!("{title} {}", world.dice.choose(&["handbook", "for newcomers", "at a glance", "explained"]));
    signing_in(
        &user,
        &format!("Rename the page \"{title}\" of the {project} wiki to \"{new}\"."),
        vec![
            Wanted::changed("wiki_pages")
                .with("id", number(&page, "id"))
                .set("title", new.as_str())
                .set("slug", slug(&new)),
        ],
        vec![link(project), link("Wiki"), link(title), link("Rename"), fill("New title", &new), button("Rename page")],
    )
}

/// Write a page.
pub(super) fn create(seed: Seed, dice: &mut SplitMix) -> Assignment {
    let mut world = World::new(seed, dice);
    let user = world.user("maintainer");
    let project = world.some("SELECT * FROM projects ORDER BY id", []);
    let title =
        *world.dice.choose(&["Style guide", "Meeting notes", "Benchmarks", "Translations", "Security contacts"]);
    let body = format!(
        "{} looks after this page. Ask in room {}.",
        text(&world.user("maintainer"), "name"),
        100 + world.dice.below(800)
    );
    let named = text(&project, "name");
    signed_in(
        &user,
        &format!("Add a page with the title \"{title}\" to the {named} wiki. Its whole text is: \"{body}\""),
        vec![
            Wanted::added("wiki_pages")
                .with("project_id", number(&project, "id"))
                .with("title", title)
                .with("slug", slug(title))
                .with("body", body.as_str()),
        ],
        vec![
            link(named),
            link("Wiki"),
            link("New page"),
            fill("Title", title),
            fill("Text", &body),
            button("Create page"),
        ],
    )
}
