//! Tabs, accordions, menus, trees and dialogs.

use glim_env::{Action, Button, Element, Target};

use crate::pages::screen::{Next, Screen, Step, act, click, click_with};

pub(in crate::pages) fn tabs(screen: &Screen<'_>) -> Step {
    let parts = screen.quoted_with_words();
    for pair in parts.chunks_exact(2) {
        let (tab, (name, words)) = (pair[0].0, pair[1]);
        let wanted = words.trim_start().starts_with("on");
        // The state of a box on a tab that is hidden now is what it was when the tab was last seen.
        let seen = screen.and_before().find_map(|elements| box_on_tab(elements, tab, name));
        if seen.is_some_and(|checkbox| checkbox.states.checked == Some(wanted)) {
            continue;
        }
        return match box_on_tab(screen.elements, tab, name) {
            Some(checkbox) => act(click(checkbox)),
            None => screen.click("tab", tab),
        };
    }
    screen.press("Save")
}

fn box_on_tab<'a>(elements: &'a [Element], tab: &str, name: &str) -> Option<&'a Element> {
    let shown = |each: &&Element| each.role == "tab" && each.name == tab && each.states.selected == Some(true);
    elements.iter().find(shown)?;
    elements.iter().find(|each| each.role == "checkbox" && each.name == name)
}

pub(in crate::pages) fn accordion(screen: &Screen<'_>) -> Step {
    let [first, first_link, second, second_link] = screen.quotes()?;
    let done = screen.says(&format!("Last read: {first}: {first_link}"));
    let (section, link) = if done { (second, second_link) } else { (first, first_link) };
    let names_it = |button: &&Element| button.name.ends_with(&format!(" {section}"));
    let heading = screen.all("button").find(names_it).ok_or(Next::Stuck)?;
    if heading.states.expanded == Some(true) { screen.click("link", link) } else { act(click(heading)) }
}

pub(in crate::pages) fn nested_menu(screen: &Screen<'_>) -> Step {
    let [top, middle, leaf] = screen.quotes()?;
    let hover = |name| act(Action::Hover { target: Target::Mark(screen.find("menuitem", name)?.mark) });
    match screen.last_aim(|action| matches!(action, Action::Hover { .. })) {
        Some(last) if last == middle => screen.click("menuitem", leaf),
        Some(last) if last == top => hover(middle),
        _ => hover(top),
    }
}

pub(in crate::pages) fn context_menu(screen: &Screen<'_>) -> Step {
    let [first, first_command, second, second_command] = screen.quotes()?;
    let done = screen.says(&format!("Last command: {first_command} {first}"));
    let (file, command) = if done { (second, second_command) } else { (first, first_command) };
    let opened = screen.last_aim(|action| matches!(action, Action::Click { button: Button::Right, .. }));
    match screen.see("menuitem", command) {
        Some(item) if opened == Some(file) => act(click(item)),
        _ => act(click_with(screen.find("button", file)?, Button::Right, 1)),
    }
}

pub(in crate::pages) fn tree_view(screen: &Screen<'_>) -> Step {
    let [path, commit] = screen.quotes()?;
    if screen.says(&format!("Chosen: {path}")) {
        return screen.press(commit);
    }
    // Only the folders on the way are open, so the next part is the first of its name below the one before.
    let mut items = screen.all("treeitem");
    for part in path.split('/') {
        let item = items.find(|item| item.name == part).ok_or(Next::Stuck)?;
        if item.states.expanded != Some(true) {
            return act(click(item));
        }
    }
    Err(Next::Stuck)
}

pub(in crate::pages) fn confirm_dialog(screen: &Screen<'_>) -> Step {
    let [server] = screen.quotes()?;
    if screen.field("Name of the server").is_some() {
        screen.fill("Name of the server", server)?;
        return screen.press("Delete for good");
    }
    act(click(screen.in_row(screen.find("cell", server)?, "button", "Delete")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::screen::tests::{element, screen};

    #[test]
    fn a_tree_is_opened_level_by_level_under_the_right_parent() {
        let goal = r#"Choose the file "b/x/index.md" in the tree and press "Open"."#;
        let mut elements = vec![
            element(1, "treeitem", "a", 0.0, 0.0),
            element(2, "treeitem", "b", 0.0, 20.0),
            element(3, "treeitem", "x", 0.0, 40.0),
        ];
        elements[1].states.expanded = Some(true);
        elements[2].states.expanded = Some(false);
        assert_eq!(tree_view(&screen(goal, &elements)), act(click(&elements[2])));
        elements[1].states.expanded = Some(false);
        assert_eq!(tree_view(&screen(goal, &elements)), act(click(&elements[1])));
    }

    #[test]
    fn a_hidden_tab_is_opened_before_its_box_is_looked_at() {
        let goal =
            r#"On the tab "Watch" switch "Voice" on. On the tab "Phone" switch "Alarms" off. Then press "Save"."#;
        let mut elements = vec![
            element(1, "tab", "Phone", 0.0, 0.0),
            element(2, "tab", "Watch", 90.0, 0.0),
            element(3, "checkbox", "Voice", 0.0, 30.0),
            element(4, "button", "Save", 0.0, 90.0),
        ];
        elements[0].states.selected = Some(true);
        elements[1].states.selected = Some(false);
        elements[2].states.checked = Some(true);
        assert_eq!(tabs(&screen(goal, &elements)), act(click(&elements[1])));
    }
}
