//! Small applications: a shop's search, mail, a cart.

use crate::pages::screen::{Next, Screen, Step, act, click, set_checked, write_and_submit};

pub(in crate::pages) fn search_results(screen: &Screen<'_>) -> Step {
    const PER_PAGE: i64 = 4;
    let [words] = screen.quotes()?;
    let place = screen.number_after("number")? - 1;
    let shown = screen.text_after("Page ").and_then(|text| text.split(' ').next()?.parse::<i64>().ok());
    let Some(page) = shown else {
        return act(write_and_submit(screen.field("Search").ok_or(Next::Stuck)?, words));
    };
    if page - 1 < place / PER_PAGE {
        return screen.press("Next");
    }
    let at = usize::try_from(place % PER_PAGE).map_err(|_| Next::Stuck)?;
    act(click(screen.all("link").nth(at).ok_or(Next::Stuck)?))
}

pub(in crate::pages) fn inbox_sort(screen: &Screen<'_>) -> Step {
    let [star, star_from, archive, archive_from, commit] = screen.quotes()?;
    set_checked(screen.find("button", &format!("Star {star} from {star_from}"))?, true)?;
    if let Some(button) = screen.see("button", &format!("Archive {archive} from {archive_from}")) {
        return act(click(button));
    }
    screen.press(commit)
}

pub(in crate::pages) fn inbox_reply(screen: &Screen<'_>) -> Step {
    let [person, text] = screen.quotes()?;
    if screen.field("Message").is_some() {
        screen.fill("Message", text)?;
        return screen.press("Send");
    }
    if screen.see("button", "Reply").is_some() {
        return screen.press("Reply");
    }
    let from_them = |name: &str| name.strip_prefix(person).is_some_and(|rest| rest.starts_with(": "));
    act(click(screen.all("link").find(|mail| from_them(&mail.name)).ok_or(Next::Stuck)?))
}

pub(in crate::pages) fn shopping_cart(screen: &Screen<'_>) -> Step {
    for (item, wanted) in screen.quoted_with_numbers() {
        let shown = screen.find("status", &format!("{item} quantity"))?;
        match shown.text.parse::<i64>().map_err(|_| Next::Stuck)? {
            count if count < wanted => return screen.press(&format!("One more {item}")),
            count if count > wanted => return screen.press(&format!("One less {item}")),
            _ => {}
        }
    }
    let quoted = screen.quoted();
    let [.., out, commit] = quoted.as_slice() else { return Err(Next::Stuck) };
    match screen.see("button", &format!("Remove {out}")) {
        Some(button) => act(click(button)),
        None => screen.press(commit),
    }
}
