//! Banners that ask for consent: which element puts one away.

use glim_data::record::{Element, Line};
use serde::{Deserialize, Serialize};

use crate::words::{folded, has_words};

/// What is done about banners that ask for consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// They are put away, with as little consent as they let one give, before anything is recorded.
    #[default]
    Dismiss,
    /// They stay as pages show them.
    Keep,
}

/// What a banner talks about.
const TOPICS: [&str; 12] = [
    "cookie", "cookies", "consent", "gdpr", "tracking", "personalised ads", "personalized ads", "privacy preferences", "partners",
    "datenschutz", "rgpd", "galletas",
];

/// What its buttons say, those that give least first.
const ANSWERS: [&str; 36] = [
    "reject all", "reject", "decline", "decline all", "refuse", "refuse all", "deny", "deny all", "only necessary",
    "necessary only", "accept necessary", "essential only", "only essential", "use necessary cookies only",
    "continue without accepting", "no thanks", "alle ablehnen", "ablehnen", "tout refuser", "rechazar todo", "rifiuta",
    "accept all", "accept", "accept cookies", "accept all cookies", "allow all", "allow cookies", "i agree", "agree",
    "i accept", "got it", "ok", "alle akzeptieren", "tout accepter", "aceptar todo", "accetta tutti",
];

/// The position of the element that puts a banner away, if the screen shows one.
pub fn answer(elements: &[Element], lines: &[Line]) -> Option<usize> {
    let talks = lines.iter().map(|line| folded(&line.text)).any(|text| TOPICS.iter().any(|topic| has_words(&text, topic)));
    if !talks {
        return None;
    }
    let answers = elements.iter().enumerate().filter(|(_, element)| {
        element.clickable && matches!(element.role.as_str(), "button" | "link" | "generic")
    });
    answers
        .filter_map(|(at, element)| {
            let said = folded(&element.text);
            ANSWERS.iter().position(|answer| *answer == said).map(|rank| (rank, at))
        })
        .min()
        .map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn button(text: &str) -> Element {
        Element { role: "button".into(), text: text.into(), clickable: true, ..Element::default() }
    }

    #[test]
    fn the_answer_that_gives_least_is_taken_and_only_in_a_banner() {
        let lines = |text: &str| vec![Line { text: text.into(), ..Line::default() }];
        let elements = [button("Accept all"), button("Settings"), button("Reject all")];
        assert_eq!(answer(&elements, &lines("We use cookies to improve")), Some(2));
        assert_eq!(answer(&elements[..2], &lines("We use cookies to improve")), Some(0));
        assert_eq!(answer(&elements, &lines("Review the change")), None);
        assert_eq!(answer(&[button("Cookies")], &lines("Cookies and cakes")), None);
    }
}
