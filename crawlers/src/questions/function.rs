//! What well-known elements are for, in words that are not written on them.

use glim_data::record::Element;

use super::noun::{Class, class};
use crate::words::folded;

/// Names that say what an element does, and the words for it.
const ACTIONS: [(&[&str], &str); 34] = [
    (&["search", "find", "go search", "submit search"], "start the search"),
    (&["close", "dismiss", "close dialog", "close menu", "×", "x", "✕"], "close this"),
    (&["menu", "open menu", "main menu", "toggle navigation", "toggle menu", "navigation menu", "☰"], "open the navigation menu"),
    (&["home", "homepage", "home page", "start page"], "return to the start page"),
    (&["log in", "login", "sign in", "signin"], "get into an account that exists"),
    (&["sign up", "register", "create account", "create an account", "join now"], "make a new account"),
    (&["log out", "logout", "sign out"], "leave the account"),
    (&["next", "next page", "next ›", "next »", "older posts", "older"], "go on to the following page"),
    (&["previous", "prev", "previous page", "‹ previous", "« previous", "newer posts", "newer"], "go back to the page before"),
    (&["back to top", "top", "scroll to top"], "jump to the top of the page"),
    (&["cart", "basket", "shopping cart", "view cart", "my cart"], "see what is in the shopping cart"),
    (&["add to cart", "add to basket"], "put this article into the cart"),
    (&["checkout", "check out", "proceed to checkout"], "go on to pay"),
    (&["settings", "preferences", "options"], "change the settings"),
    (&["help", "support", "faq", "help center"], "get help"),
    (&["contact", "contact us", "get in touch"], "get in touch with the people behind this site"),
    (&["download", "downloads", "download now"], "get the files onto this computer"),
    (&["edit", "edit page", "edit this page"], "change this"),
    (&["delete", "remove", "trash"], "get rid of this"),
    (&["save", "save changes"], "keep the changes"),
    (&["cancel"], "give up without changing anything"),
    (&["submit", "send", "send message"], "send the form"),
    (&["print", "print page", "printable version"], "put this page on paper"),
    (&["share"], "show this to other people"),
    (&["reply"], "answer this message"),
    (&["refresh", "reload"], "get the newest state"),
    (&["upload", "upload file", "choose file"], "hand in a file"),
    (&["subscribe", "newsletter"], "get news by mail"),
    (&["privacy", "privacy policy", "privacy notice"], "read how personal data is treated"),
    (&["terms", "terms of service", "terms of use", "terms and conditions"], "read the conditions of use"),
    (&["notifications", "alerts"], "see what is new"),
    (&["messages", "inbox", "mailbox"], "read the messages"),
    (&["profile", "my profile", "account", "my account"], "see one's own account"),
    (&["forgot password", "forgot password?", "forgot your password", "i forgot my password"], "get in without knowing the password"),
];

/// Fields by what they hold.
const FIELDS: [(&[&str], &str); 9] = [
    (&["password", "your password"], "type the secret word for the account"),
    (&["email", "e-mail", "email address", "e-mail address", "your email"], "type the address for mail"),
    (&["search", "search…", "search...", "quick search", "search for"], "type what to look for"),
    (&["username", "user name", "login", "user"], "type the name of the account"),
    (&["phone", "phone number", "telephone"], "type a phone number"),
    (&["first name", "given name"], "type the given name"),
    (&["last name", "surname", "family name"], "type the family name"),
    (&["zip", "zip code", "postal code", "postcode"], "type the postal code"),
    (&["message", "your message", "comment", "comments"], "write the message"),
];

/// What an element is for, if its name is one of those that say so.
pub fn of(element: &Element) -> Option<&'static str> {
    let (table, name): (&[(&[&str], &'static str)], _) = match class(element) {
        Class::Operable => (&ACTIONS, folded(if element.name.is_empty() { &element.text } else { &element.name })),
        Class::Field => (&FIELDS, folded(&element.name)),
        _ => return None,
    };
    let phrase = table.iter().find(|(names, _)| names.contains(&name.as_str())).map(|(_, phrase)| *phrase);
    phrase.or(match (class(element), element.input_type.as_str(), element.role.as_str()) {
        (Class::Field, "password", _) => Some("type the secret word for the account"),
        (Class::Field, "email", _) => Some("type the address for mail"),
        (Class::Field, _, "searchbox") => Some("type what to look for"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_come_from_names_and_types() {
        let named = |kind: &str, name: &str, input: &str| Element {
            kind: kind.into(),
            name: name.into(),
            clickable: true,
            input_type: input.into(),
            ..Element::default()
        };
        assert_eq!(of(&named("icon", "Close", "")), Some("close this"));
        assert_eq!(of(&named("field", "Kennwort", "password")), Some("type the secret word for the account"));
        assert_eq!(of(&named("control", "Closet", "")), None);
        let mut phrases: Vec<_> = ACTIONS.iter().chain(&FIELDS).map(|(_, phrase)| phrase).collect();
        phrases.sort_unstable();
        phrases.dedup();
        assert_eq!(phrases.len(), ACTIONS.len() + FIELDS.len());
    }
}
