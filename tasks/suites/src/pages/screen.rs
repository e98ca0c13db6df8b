//! What a scripted solution sees and says: the goal's words, the elements of the screen, the next action.
//!
//! A solution is written as the list of conditions that must hold before it commits. Each is a [`Step`]: `Ok` if it
//! holds already, else the action that brings it about, so that `?` ends the turn there.

use glim_env::{Action, Button, Css, Element, Outcome, Point, Rect, Target, Turn};

use crate::Situation;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// This.
    Act(Action),
    /// Nothing: the screen is not as the solution expects it.
    Stuck,
}

impl Next {
    pub(super) fn action(self) -> Option<Action> {
        match self {
            Next::Act(action) => Some(action),
            Next::Stuck => None,
        }
    }
}

/// `Ok` if a condition holds, else what to do about it.
pub(super) type Step = Result<(), Next>;

/// Ends the turn with an action.
pub(super) fn act(action: Action) -> Step {
    Err(Next::Act(action))
}

/// Roles that take a value.
const FIELDS: [&str; 5] = ["textbox", "searchbox", "spinbutton", "combobox", "slider"];

pub(super) struct Screen<'a> {
    pub(super) goal: &'a str,
    pub(super) elements: &'a [Element],
    pub(super) turns: &'a [Turn],
}

impl<'a> Screen<'a> {
    pub(super) fn of(situation: &Situation<'a>) -> Screen<'a> {
        Screen { goal: situation.goal, elements: &situation.observation.elements, turns: situation.turns }
    }

    /// The parts of the goal that stand in quotation marks.
    pub(super) fn quoted(&self) -> Vec<&'a str> {
        self.goal.split('"').skip(1).step_by(2).collect()
    }

    /// The same as an array of known length.
    pub(super) fn quotes<const N: usize>(&self) -> Result<[&'a str; N], Next> {
        self.quoted().try_into().map_err(|_| Next::Stuck)
    }

    /// The quoted parts, each with the words that follow it up to the next one.
    pub(super) fn quoted_with_words(&self) -> Vec<(&'a str, &'a str)> {
        let parts: Vec<&str> = self.goal.split('"').skip(1).collect();
        parts.chunks(2).map(|pair| (pair[0], pair.get(1).copied().unwrap_or_default())).collect()
    }

    /// The quoted parts that are followed by a number, with that number.
    pub(super) fn quoted_with_numbers(&self) -> Vec<(&'a str, i64)> {
        let pairs = self.quoted_with_words().into_iter();
        pairs.filter_map(|(quoted, words)| Some((quoted, first_number(words)?))).collect()
    }

    /// The first number of the goal behind these words.
    pub(super) fn number_after(&self, words: &str) -> Result<i64, Next> {
        self.goal.split_once(words).and_then(|(_, rest)| first_number(rest)).ok_or(Next::Stuck)
    }

    /// Elements of a role, in reading order.
    pub(super) fn all(&self, role: &str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.role == role)
    }

    pub(super) fn see(&self, role: &str, name: &str) -> Option<&'a Element> {
        self.all(role).find(|element| element.name == name)
    }

    pub(super) fn find(&self, role: &str, name: &str) -> Result<&'a Element, Next> {
        self.see(role, name).ok_or(Next::Stuck)
    }

    /// The first element that shows exactly this text.
    pub(super) fn text(&self, text: &str) -> Result<&'a Element, Next> {
        self.elements.iter().find(|element| element.text == text).ok_or(Next::Stuck)
    }

    /// Whether some element shows exactly this text.
    pub(super) fn says(&self, text: &str) -> bool {
        self.text(text).is_ok()
    }

    /// The text of the first element that begins so, without that beginning.
    pub(super) fn text_after(&self, prefix: &str) -> Option<&'a str> {
        self.elements.iter().find_map(|element| element.text.strip_prefix(prefix))
    }

    /// What shares a line with the anchor, in reading order.
    pub(super) fn row(&self, anchor: &Element) -> impl Iterator<Item = &'a Element> {
        let (middle, itself) = (center(&anchor.rect).y, anchor.mark);
        self.elements.iter().filter(move |element| {
            let rect = &element.rect;
            element.mark != itself && rect.y <= middle && middle <= rect.y + rect.height
        })
    }

    /// What shares a line with the anchor and has this role and name.
    pub(super) fn in_row(&self, anchor: &Element, role: &str, name: &str) -> Result<&'a Element, Next> {
        self.row(anchor).find(|element| element.role == role && element.name == name).ok_or(Next::Stuck)
    }

    /// Clicks it.
    pub(super) fn click(&self, role: &str, name: &str) -> Step {
        act(click(self.find(role, name)?))
    }

    /// Clicks the button of this name.
    pub(super) fn press(&self, name: &str) -> Step {
        self.click("button", name)
    }

    /// The field with this label.
    pub(super) fn field(&self, label: &str) -> Option<&'a Element> {
        self.elements.iter().find(|element| element.name == label && FIELDS.contains(&element.role.as_str()))
    }

    /// A field holds this text.
    pub(super) fn fill(&self, label: &str, text: &str) -> Step {
        let field = self.field(label).ok_or(Next::Stuck)?;
        if field.value.as_deref() == Some(text) { Ok(()) } else { act(write(field, text)) }
    }

    /// A field whose value is not shown was given this text.
    pub(super) fn fill_hidden(&self, label: &str, text: &str) -> Step {
        let field = self.field(label).ok_or(Next::Stuck)?;
        let action = write(field, text);
        let done = self.turns.iter().any(|turn| {
            let into = turn.action.as_ref().and_then(|done| done.targets().first().copied());
            turn.outcome == Outcome::Done
                && matches!(&turn.action, Some(Action::Type { text: typed, .. }) if typed == text)
                && into.and_then(|target| aimed_at(turn, target)).is_some_and(|element| element.name == label)
        });
        if done { Ok(()) } else { act(action) }
    }

    /// A list of options shows this one.
    pub(super) fn select(&self, label: &str, option: &str) -> Step {
        let list = self.field(label).ok_or(Next::Stuck)?;
        if list.options.iter().any(|choice| choice.selected && choice.label == option) {
            return Ok(());
        }
        act(Action::Select { target: Target::Mark(list.mark), option: option.to_owned() })
    }

    /// The name of what the last action was aimed at, if the last action was of the kind that `kind` accepts.
    pub(super) fn last_aim(&self, kind: impl Fn(&Action) -> bool) -> Option<&'a str> {
        let turn = self.turns.last().filter(|turn| turn.outcome == Outcome::Done)?;
        let action = turn.action.as_ref().filter(|action| kind(action))?;
        Some(&aimed_at(turn, *action.targets().first()?)?.name)
    }

    /// Screens from this one back to the first.
    pub(super) fn and_before(&self) -> impl Iterator<Item = &'a [Element]> {
        let before = self.turns.iter().rev().map(|turn| turn.observation.elements.as_slice());
        std::iter::once(self.elements).chain(before)
    }

    /// Scrolls the first thing that can be scrolled down by this many CSS pixels.
    pub(super) fn scroll_down(&self, by: f64) -> Step {
        let panel = self.elements.iter().find(|element| element.scrollable).ok_or(Next::Stuck)?;
        act(Action::Scroll { target: Some(Target::Mark(panel.mark)), dx: 0.0, dy: by })
    }
}

/// A box, radio button or switch is as wanted.
pub(super) fn set_checked(element: &Element, wanted: bool) -> Step {
    if element.states.checked == Some(wanted) { Ok(()) } else { act(click(element)) }
}

pub(super) fn click(element: &Element) -> Action {
    Action::click(Target::Mark(element.mark))
}

pub(super) fn click_with(element: &Element, button: Button, count: u8) -> Action {
    Action::Click { target: Target::Mark(element.mark), button, count }
}

/// Writes text in place of what a field holds.
pub(super) fn write(field: &Element, text: &str) -> Action {
    Action::Type { target: Some(Target::Mark(field.mark)), text: text.to_owned(), replace: true, submit: false }
}

/// Writes text in place of what a field holds and presses Enter.
pub(super) fn write_and_submit(field: &Element, text: &str) -> Action {
    Action::Type { target: Some(Target::Mark(field.mark)), text: text.to_owned(), replace: true, submit: true }
}

pub(super) fn center(rect: &Rect<Css>) -> Point<Css> {
    Point::new(rect.x + rect.width / 2.0, rect.y + rect.height / 2.0)
}

/// The element that an action of a past turn was aimed at.
fn aimed_at(turn: &Turn, target: Target) -> Option<&Element> {
    match target {
        Target::Mark(mark) => turn.observation.element(mark),
        Target::Point(point) => turn.observation.elements.iter().rev().find(|element| element.rect.contains(point)),
    }
}

fn first_number(words: &str) -> Option<i64> {
    let from = words.find(|letter: char| letter.is_ascii_digit())?;
    let digits = &words[from..];
    digits[..digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len())].parse().ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An element for tests of solutions, 80 by 20 CSS pixels.
    pub(in crate::pages) fn element(mark: u32, role: &str, name: &str, x: f64, y: f64) -> Element {
        Element {
            mark,
            role: role.into(),
            tag: "div".into(),
            name: name.into(),
            text: name.into(),
            value: None,
            input_type: String::new(),
            states: Default::default(),
            rect: Rect::new(x, y, 80.0, 20.0),
            point: Point::new(x + 40.0, y + 10.0),
            visible: 1.0,
            shown: 1.0,
            central: true,
            fragments: Vec::new(),
            clickable: true,
            editable: false,
            scrollable: false,
            options: Vec::new(),
            frame: Vec::new(),
        }
    }

    pub(in crate::pages) fn screen<'a>(goal: &'a str, elements: &'a [Element]) -> Screen<'a> {
        Screen { goal, elements, turns: &[] }
    }

    #[test]
    fn the_goal_is_read_by_its_quotation_marks() {
        let screen = screen(r#"Set "A" to 4, "B" to 12 and press "Go"."#, &[]);
        assert_eq!(screen.quoted(), ["A", "B", "Go"]);
        assert_eq!(screen.quoted_with_numbers(), [("A", 4), ("B", 12)]);
        assert_eq!(screen.number_after("to"), Ok(4));
        assert_eq!(screen.quotes::<2>(), Err(Next::Stuck));
    }

    #[test]
    fn a_row_is_what_shares_the_line() {
        let elements = [
            element(1, "cell", "one", 0.0, 0.0),
            element(2, "button", "Open", 100.0, 1.0),
            element(3, "cell", "two", 0.0, 30.0),
            element(4, "button", "Open", 100.0, 31.0),
        ];
        let screen = screen("", &elements);
        let found = screen.in_row(screen.text("two").unwrap(), "button", "Open").unwrap();
        assert_eq!(found.mark, 4);
        assert_eq!(screen.in_row(&elements[0], "button", "Close"), Err(Next::Stuck));
    }
}
