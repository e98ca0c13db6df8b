//! Operating a page to see what nobody sees at load: what to try, in which order, and what a try was for.
//!
//! Only what opens, unfolds, switches or is hovered or typed into is tried; what sends, buys, deletes or leads away is left
//! alone. Each try begins on the page as it was loaded, so that a trail of one step tells how to get there.

use glim_data::record::{Element, Screen};
use glim_env::{Action, Target};
use serde::{Deserialize, Serialize};

use crate::words::{folded, has_words};

/// Kinds of tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interaction {
    /// Menus, drop-downs, accordions: whatever says that it is folded.
    Unfold,
    /// Tabs that are not shown.
    Tab,
    /// Buttons that may open a dialog or change what is shown.
    Press,
    /// Links of a navigation that open something under the pointer.
    Hover,
    /// Fields that are filled in.
    Fill,
}

/// One thing to try.
#[derive(Debug, Clone, PartialEq)]
pub struct Try {
    /// Of which kind.
    pub kind: Interaction,
    /// Position of the element on the screen.
    pub at: usize,
    /// What is done.
    pub action: Action,
    /// Its argument for the trail: what is typed.
    pub argument: String,
}

/// What is never pressed.
const DANGEROUS: [&str; 30] = [
    "delete", "remove", "buy", "pay", "order", "checkout", "submit", "send", "post", "publish", "log out", "logout", "sign out",
    "log in", "login", "sign in", "sign up", "register", "subscribe", "unsubscribe", "download", "print", "save", "upload",
    "purchase", "donate", "confirm", "report", "install", "share",
];

fn is_dangerous(element: &Element) -> bool {
    let said = [folded(&element.text), folded(&element.name)];
    said.iter().any(|said| DANGEROUS.iter().any(|word| has_words(said, word)))
}

/// What may be tried on a screen, at most `most`, as many kinds as there are first. `marks` are the browser's.
pub fn tries(screen: &Screen, marks: &[u32], kinds: &[Interaction], most: usize) -> Vec<Try> {
    let mut found: Vec<(usize, Try)> = Vec::new();
    for &kind in kinds {
        let fitting = screen.elements.iter().enumerate().filter(|(_, element)| fits(kind, element));
        for (rank, (at, element)) in fitting.enumerate() {
            let target = Target::Mark(marks[at]);
            let (action, argument) = match kind {
                Interaction::Hover => (Action::Hover { target }, String::new()),
                Interaction::Fill => {
                    let text = filling(element).to_owned();
                    (Action::Type { target: Some(target), text: text.clone(), replace: true, submit: false }, text)
                }
                _ => (Action::click(target), String::new()),
            };
            found.push((rank, Try { kind, at, action, argument }));
        }
    }
    found.sort_by_key(|(rank, one)| (*rank, one.kind));
    found.into_iter().map(|(_, one)| one).take(most).collect()
}

fn fits(kind: Interaction, element: &Element) -> bool {
    let is = |state: &str| element.states.iter().any(|known| known == state);
    if is("disabled") || element.text.is_empty() && element.name.is_empty() || is_dangerous(element) {
        return false;
    }
    let role = element.role.as_str();
    match kind {
        Interaction::Unfold => element.clickable && is("collapsed") && role != "combobox",
        Interaction::Tab => role == "tab" && !is("selected"),
        Interaction::Press => {
            element.clickable && role == "button" && element.tag != "a" && !is("collapsed") && element.input_type != "submit"
        }
        Interaction::Hover => {
            role == "menuitem" || (role == "link" && element.box_px[1] < 200.0 && element.text.split(' ').count() <= 3)
        }
        Interaction::Fill => element.editable && element.value.is_empty() && !is("readonly"),
    }
}

/// Something a person might type there.
fn filling(element: &Element) -> &'static str {
    let name = folded(&element.name);
    match element.input_type.as_str() {
        "email" => "ada.lovelace@example.org",
        "tel" => "+44 20 7946 0958",
        "url" => "https://example.org/",
        "number" => "42",
        "date" => "2026-03-14",
        "time" => "09:30",
        "password" => "correct horse battery",
        _ if name.contains("mail") => "ada.lovelace@example.org",
        _ if name.contains("first") => "Ada",
        _ if name.contains("last") || name.contains("surname") => "Lovelace",
        _ if name.contains("name") => "Ada Lovelace",
        _ if name.contains("city") || name.contains("town") => "London",
        _ if name.contains("search") || element.role == "searchbox" => "analytical engine",
        _ => "a few words",
    }
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing that can be seen.
    None,
    /// Something appeared.
    Opened {
        /// The dialog's or the menu's name, where it has one.
        title: String,
        /// Its role: `dialog`, `menu`, or empty.
        role: String,
    },
    /// Something else changed.
    Changed,
}

/// Compares the screens before and after.
pub fn effect(before: &Screen, after: &Screen) -> Effect {
    let known: std::collections::HashSet<_> =
        before.elements.iter().map(|element| (element.role.as_str(), element.text.as_str())).collect();
    let new: Vec<&Element> =
        after.elements.iter().filter(|element| !known.contains(&(element.role.as_str(), element.text.as_str()))).collect();
    if let Some(dialog) = new.iter().find(|element| matches!(element.role.as_str(), "dialog" | "alertdialog")) {
        return Effect::Opened { title: dialog.name.clone(), role: "dialog".to_owned() };
    }
    if new.iter().filter(|element| matches!(element.role.as_str(), "menuitem" | "option")).count() >= 2 {
        return Effect::Opened { title: String::new(), role: "menu".to_owned() };
    }
    let more = after.elements.len() > before.elements.len();
    match new.len() {
        0 if before.image.sha256 == after.image.sha256 => Effect::None,
        0 | 1 => Effect::Changed,
        _ if more => Effect::Opened { title: String::new(), role: String::new() },
        _ => Effect::Changed,
    }
}

/// What a try was for, as a verb phrase; `None` where its effect does not say.
pub fn purpose(one: &Try, element: &Element, effect: &Effect) -> Option<String> {
    // Named by the element, so its name must be the only one.
    if element.n_same_text != 1 || element.text_source != "painted" && element.kind != "icon" {
        return None;
    }
    let name = &element.text;
    match (one.kind, effect) {
        (_, Effect::None) => None,
        (Interaction::Tab, _) => Some(format!("switch to the “{name}” tab")),
        (Interaction::Fill, _) => None,
        (_, Effect::Opened { title, role }) if role == "dialog" && !title.is_empty() => Some(format!("open the dialog “{title}”")),
        (_, Effect::Opened { role, .. }) if role == "dialog" => Some(format!("open the dialog behind “{name}”")),
        (Interaction::Hover, Effect::Opened { .. }) => Some(format!("see what lies under “{name}”")),
        (_, Effect::Opened { role, .. }) if role == "menu" => Some(format!("open the “{name}” menu")),
        (Interaction::Unfold, Effect::Opened { .. }) => Some(format!("unfold “{name}”")),
        _ => None,
    }
}

/// The words of a trail for an action.
pub fn name_of(kind: Interaction) -> &'static str {
    match kind {
        Interaction::Unfold | Interaction::Tab | Interaction::Press => "click",
        Interaction::Hover => "hover",
        Interaction::Fill => "type",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(role: &str, text: &str, states: &[&str]) -> Element {
        Element {
            role: role.into(),
            tag: role.into(),
            text: text.into(),
            text_source: "painted".into(),
            clickable: true,
            n_same_text: 1,
            editable: role == "textbox",
            states: states.iter().map(|&state| state.to_owned()).collect(),
            box_px: [0.0, 10.0, 50.0, 30.0],
            ..Element::default()
        }
    }

    const ALL: [Interaction; 5] =
        [Interaction::Unfold, Interaction::Tab, Interaction::Press, Interaction::Hover, Interaction::Fill];

    #[test]
    fn each_kind_is_tried_before_one_is_tried_twice_and_danger_never() {
        let screen = Screen {
            elements: vec![
                element("button", "Products", &["collapsed"]),
                element("button", "Services", &["collapsed"]),
                element("tab", "Details", &[]),
                element("tab", "Overview", &["selected"]),
                element("button", "Delete account", &[]),
                element("button", "Options", &[]),
                element("textbox", "Name", &[]),
                element("button", "Off", &["disabled"]),
            ],
            ..Screen::default()
        };
        let marks: Vec<u32> = (1..=8).collect();
        let order: Vec<(Interaction, usize)> = tries(&screen, &marks, &ALL, 10).iter().map(|one| (one.kind, one.at)).collect();
        assert_eq!(order, [
            (Interaction::Unfold, 0),
            (Interaction::Tab, 2),
            (Interaction::Press, 5),
            (Interaction::Fill, 6),
            (Interaction::Unfold, 1),
        ]);
        assert_eq!(tries(&screen, &marks, &ALL, 2).len(), 2);
    }

    #[test]
    fn a_purpose_is_told_by_the_effect() {
        let before = Screen { elements: vec![element("button", "More", &["collapsed"])], ..Screen::default() };
        let mut menu = before.clone();
        menu.elements.extend([element("menuitem", "One", &[]), element("menuitem", "Two", &[])]);
        let one = tries(&before, &[1], &ALL, 1).remove(0);
        let told = |after: &Screen| purpose(&one, &before.elements[0], &effect(&before, after));
        assert_eq!(told(&menu).as_deref(), Some("open the “More” menu"));
        assert_eq!(told(&before), None);
        let mut dialog = before.clone();
        dialog.elements.push(Element { name: "Filters".into(), ..element("dialog", "", &[]) });
        assert_eq!(told(&dialog).as_deref(), Some("open the dialog “Filters”"));
    }
}
