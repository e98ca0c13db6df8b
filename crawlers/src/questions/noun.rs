//! What people call an element, and which elements they would call alike.

use glim_data::record::Element;

/// Elements that a person might take for one another when only text and noun are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Links, buttons, tabs, menu items, icons that act.
    Operable,
    /// What is typed or chosen in.
    Field,
    /// Check boxes, radio buttons, switches.
    Toggle,
    /// Headings, paragraphs, cells.
    Text,
    /// Pictures and icons that only show.
    Image,
    /// What holds others.
    Group,
}

/// The class of an element.
pub fn class(element: &Element) -> Class {
    match (element.kind.as_str(), element.role.as_str()) {
        (_, "checkbox" | "radio" | "switch" | "menuitemcheckbox" | "menuitemradio") => Class::Toggle,
        ("field", _) => Class::Field,
        ("group", _) => Class::Group,
        ("icon" | "image", _) if !element.clickable => Class::Image,
        ("icon" | "image" | "control", _) => Class::Operable,
        _ if element.clickable => Class::Operable,
        _ => Class::Text,
    }
}

/// The word for it; empty where no word would fit it and not its neighbours, too.
pub fn noun(element: &Element) -> &'static str {
    match element.role.as_str() {
        "button" => "button",
        "link" => "link",
        "textbox" => match element.input_type.as_str() {
            "email" => "e-mail field",
            "password" => "password field",
            "tel" => "phone number field",
            "url" => "address field",
            "date" | "datetime-local" | "month" | "week" => "date field",
            "time" => "time field",
            _ => "text field",
        },
        "searchbox" => "search field",
        "spinbutton" => "number field",
        "combobox" | "listbox" => "drop-down list",
        "checkbox" | "menuitemcheckbox" => "checkbox",
        "radio" | "menuitemradio" => "radio button",
        "switch" => "switch",
        "slider" => "slider",
        "tab" => "tab",
        "menuitem" => "menu item",
        "treeitem" => "tree item",
        "option" => "option",
        "heading" => "heading",
        "columnheader" => "column heading",
        "progressbar" => "progress bar",
        "img" if element.kind == "icon" => "icon",
        "img" => "picture",
        _ if element.kind == "icon" => "icon",
        "text" | "paragraph" | "listitem" | "cell" | "gridcell" | "caption" | "code" | "status" => "text",
        _ => "",
    }
}

/// The noun with its article.
pub fn a(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// Of several.
pub fn plural(noun: &str) -> String {
    match noun {
        "checkbox" => "checkboxes".to_owned(),
        "switch" => "switches".to_owned(),
        noun => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_are_what_people_say() {
        let element = |role: &str, kind: &str, input: &str, clickable| Element {
            role: role.into(),
            kind: kind.into(),
            input_type: input.into(),
            clickable,
            ..Element::default()
        };
        assert_eq!(noun(&element("textbox", "field", "password", true)), "password field");
        assert_eq!(noun(&element("img", "icon", "", false)), "icon");
        assert_eq!(class(&element("img", "icon", "", true)), Class::Operable);
        assert_eq!(class(&element("heading", "text", "", false)), Class::Text);
        assert_eq!(class(&element("radio", "control", "radio", true)), Class::Toggle);
        assert_eq!((a("icon"), a("link"), plural("switch")), ("an icon".into(), "a link".into(), "switches".into()));
    }
}
