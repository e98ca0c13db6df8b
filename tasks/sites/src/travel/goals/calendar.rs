//! Goals about the traveller's calendar.

use glim_env::{Seed, SplitMix};

use super::{as_user, pick, sign_in};
use crate::clock::TODAY;
use crate::solver::{Step, answer, button, fill, link, see};
use crate::travel::atlas::{Atlas, day};
use crate::travel::vocabulary::EVENTS;
use crate::{Answer, Assignment, Wanted, clock};

/// From anywhere to a month of the calendar.
fn to_month(day: jiff::civil::Date) -> Vec<Step> {
    let months = day.month() - TODAY.month();
    let mut steps = vec![link("Calendar")];
    steps.extend((0..months).map(|_| link("Next month")));
    steps
}

pub(crate) fn entry_on_day(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let user = pick(random, &atlas.travellers);
    let (day, title) = *pick(random, &user.events);
    let text = format!(
        "{} What is written in the calendar on {}? Answer with the title of the entry.",
        as_user(user),
        clock::long(&day.to_string())
    );
    let mut plan = sign_in(user);
    plan.extend(to_month(day));
    plan.extend([see(title), answer(title)]);
    Assignment::question(text, Answer::among(title, EVENTS), plan)
}

pub(crate) fn add_entry(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let user = pick(random, &atlas.travellers);
    let title = pick(random, EVENTS.iter().filter(|title| !user.events.iter().any(|(_, taken)| taken == *title)));
    let on = day(3 + random.below(60));
    let text = format!("{} Add \"{title}\" to the calendar on {}.", as_user(user), clock::long(&on.to_string()));
    let row = Wanted::added("events").with("user_id", user.id).with("day", on.to_string()).with("title", *title);
    let mut plan = sign_in(user);
    plan.extend([link("Calendar"), fill("Title", title), fill("Date", on), button("Add entry")]);
    Assignment::change(text, vec![row], plan)
}

pub(crate) fn move_entry(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let user = pick(random, &atlas.travellers);
    let (from, title) = *pick(random, &user.events);
    let to = pick(random, (3..70).map(day).filter(|day| *day != from));
    let text = format!(
        "{} Move the calendar entry \"{title}\" from {} to {}.",
        as_user(user),
        clock::long(&from.to_string()),
        clock::long(&to.to_string())
    );
    let row = Wanted::changed("events").with("user_id", user.id).with("title", title).set("day", to.to_string());
    let mut plan = sign_in(user);
    plan.extend(to_month(from));
    plan.extend([link(title), fill("Date", to), button("Save entry")]);
    Assignment::change(text, vec![row], plan)
}

pub(crate) fn delete_entry(seed: Seed, random: &mut SplitMix) -> Assignment {
    let atlas = Atlas::of(seed);
    let user = pick(random, &atlas.travellers);
    let (on, title) = *pick(random, &user.events);
    let text = format!("{} Delete the calendar entry on {}.", as_user(user), clock::long(&on.to_string()));
    let row = Wanted::removed("events").with("user_id", user.id).with("title", title).with("day", on.to_string());
    let mut plan = sign_in(user);
    plan.extend(to_month(on));
    plan.extend([link(title), button("Delete entry")]);
    Assignment::change(text, vec![row], plan)
}
