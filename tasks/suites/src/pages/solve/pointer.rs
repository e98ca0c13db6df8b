//! Dragging and scrolling.

use glim_env::{Action, Element, Point, Target};

use crate::pages::screen::{Next, Screen, Step, act, click};

pub(in crate::pages) fn drag_to_bin(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    for pair in quoted.chunks_exact(2) {
        let (card, bin) = (screen.find("button", pair[0])?, screen.text(pair[1])?);
        // A card in a bin lies below the bin's title, at the same left edge.
        let inside = card.rect.y > bin.rect.y && (card.rect.x - bin.rect.x).abs() < 20.0;
        if !inside {
            let middle = Point::new(bin.rect.x + 30.0, bin.rect.y + 60.0);
            return act(Action::Drag { from: Target::Mark(card.mark), to: middle.into() });
        }
    }
    screen.press("Done")
}

pub(in crate::pages) fn reorder_list(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    let (commit, wanted) = quoted.split_last().ok_or(Next::Stuck)?;
    let rows: Vec<&Element> = screen.all("option").collect();
    for (row, name) in rows.iter().zip(wanted) {
        if row.name != *name {
            let moved = screen.find("option", name)?;
            // Just inside the upper edge of the row whose place it takes.
            let to = Point::new(row.rect.x + 30.0, row.rect.y + 3.0);
            return act(Action::Drag { from: Target::Mark(moved.mark), to: to.into() });
        }
    }
    screen.press(commit)
}

pub(in crate::pages) fn scroll_list(screen: &Screen<'_>) -> Step {
    let [name] = screen.quotes()?;
    match screen.see("button", &format!("Call {name}")) {
        Some(button) => act(click(button)),
        None => screen.scroll_down(200.0),
    }
}
