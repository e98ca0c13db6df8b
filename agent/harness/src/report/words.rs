//! Actions, ends and notices in words for a reader.

use glim_env::{Action, Button, End, Notice, Observation, Target};

/// Longest quotation in a caption, in characters.
const QUOTE: usize = 60;

/// An action in a few words, with elements called by their names.
pub(super) fn action(action: &Action, observation: &Observation) -> String {
    let at = |target: &Target| place(target, observation);
    match action {
        Action::Click { target, button, count } => {
            let verb = match (button, count) {
                (Button::Left, 2) => "Double-click",
                (Button::Left, 3) => "Triple-click",
                (Button::Left, _) => "Click",
                (Button::Right, _) => "Right-click",
                (Button::Middle, _) => "Middle-click",
            };
            // A place without a name reads `Click at 35, 25`, but `Drag from 35, 25`.
            let at = at(target);
            let by_number = at.starts_with(|first: char| first.is_ascii_digit() || first == '-');
            format!("{verb} {}{at}", if by_number { "at " } else { "" })
        }
        Action::Hover { target } => format!("Point at {}", at(target)),
        Action::Drag { from, to } => format!("Drag from {} to {}", at(from), at(to)),
        Action::Type { target, text, replace, submit } => {
            let verb = if *replace { "Replace with" } else { "Type" };
            let into = target.as_ref().map(|target| format!(" in {}", at(target))).unwrap_or_default();
            let enter = if *submit { ", then Enter" } else { "" };
            format!("{verb} {}{into}{enter}", quote(text))
        }
        Action::Keys { chord } => format!("Press {}", cut(chord)),
        Action::Scroll { dx, dy, .. } => {
            let (way, far) = if dx.abs() > dy.abs() {
                (if *dx < 0.0 { "left" } else { "right" }, dx.abs())
            } else {
                (if *dy < 0.0 { "up" } else { "down" }, dy.abs())
            };
            format!("Scroll {way} {far:.0} px")
        }
        Action::Select { target, option } => format!("Select {} in {}", quote(option), at(target)),
        Action::Navigate { url } => format!("Go to {}", cut(url)),
        Action::Back => "Go back".to_owned(),
        Action::Forward => "Go forward".to_owned(),
        Action::Reload => "Reload".to_owned(),
        Action::OpenTab { url } => format!("Open a tab {}", url.as_deref().map(cut).unwrap_or_default()),
        Action::SwitchTab { index } => format!("Switch to tab {}", index + 1),
        Action::CloseTab { index: Some(index) } => format!("Close tab {}", index + 1),
        Action::CloseTab { index: None } => "Close the tab".to_owned(),
        Action::Wait { ms } => format!("Wait {ms} ms"),
        Action::Answer { text } => format!("Answer {}", quote(text)),
        Action::Done => "Say that it is done".to_owned(),
        Action::Fail { reason } => format!("Give up: {}", quote(reason)),
    }
}

/// How an episode ended.
pub(super) fn end(end: &End) -> String {
    match end {
        End::Answer { text } => format!("answered {}", quote(text)),
        End::Done => "the agent said that it is done".to_owned(),
        End::Fail { reason } => format!("the agent gave up: {}", quote(reason)),
        End::Over => "the page ended it".to_owned(),
        End::TurnBudget => "out of turns".to_owned(),
        End::TimeLimit => "out of time".to_owned(),
        End::Unreadable { replies } => format!("{replies} replies in a row could not be read"),
        other => format!("{other:?}"),
    }
}

/// What happened beside the screen.
pub(super) fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Dialog { dialog, message, accepted } => {
            format!("{dialog} {} was {}", quote(message), if *accepted { "accepted" } else { "dismissed" })
        }
        Notice::TabOpened { url } => format!("a tab opened: {}", cut(url)),
        Notice::TabClosed { url } => format!("a tab closed: {}", cut(url)),
        Notice::Blocked { url, reason } => format!("refused: {} ({})", cut(url), cut(reason)),
        Notice::Download { name, saved } => {
            format!("download of {} was {}", quote(name), if *saved { "saved" } else { "refused" })
        }
        Notice::Authentication { host } => format!("{} asked for a password and was refused", cut(host)),
        Notice::Certificate { url, error } | Notice::LoadFailed { url, error } => {
            format!("{} could not be loaded: {}", cut(url), cut(error))
        }
        Notice::Refused { what } => format!("refused: {}", cut(what)),
        other => format!("{other:?}"),
    }
}

fn place(target: &Target, observation: &Observation) -> String {
    match target {
        Target::Mark(mark) => match observation.element(*mark) {
            Some(element) if element.name.trim().is_empty() => format!("{} [{mark}]", element.role),
            Some(element) => format!("{} [{mark}]", quote(&element.name)),
            None => format!("[{mark}], which is not there"),
        },
        Target::Point(point) => {
            let under = observation.elements.iter().filter(|element| element.rect.contains(*point));
            let innermost = under.min_by(|a, b| a.rect.area().total_cmp(&b.rect.area()));
            let name = innermost.map(|element| element.name.trim()).filter(|name| !name.is_empty());
            name.map_or_else(|| format!("{:.0}, {:.0}", point.x, point.y), quote)
        }
    }
}

fn quote(text: &str) -> String {
    format!("“{}”", cut(text))
}

/// On one line, and not too long.
fn cut(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    if line.chars().count() <= QUOTE {
        return line;
    }
    line.chars().take(QUOTE - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use glim_env::Point;

    use super::*;
    use crate::rollout::fake;

    #[test]
    fn elements_are_called_by_their_names() {
        let observation = fake::observation(0);
        let say = |said: &Action| action(said, &observation);
        assert_eq!(say(&Action::click(Target::Mark(1))), "Click “Next” [1]");
        assert_eq!(say(&Action::click(Target::Mark(9))), "Click [9], which is not there");
        assert_eq!(say(&Action::click(Point::new(5.0, 5.0))), "Click “Next”");
        assert_eq!(say(&Action::click(Point::new(35.0, 25.0))), "Click at 35, 25");
        let drag = Action::Drag { from: Target::Mark(1), to: Point::new(35.0, 25.0).into() };
        assert_eq!(say(&drag), "Drag from “Next” [1] to 35, 25");
        let long = Action::Type { target: None, text: "x\n".repeat(100), replace: false, submit: true };
        assert_eq!(say(&long).chars().count(), "Type “”, then Enter".chars().count() + QUOTE);
        assert_eq!(say(&Action::Scroll { target: None, dx: 0.0, dy: -300.0 }), "Scroll up 300 px");
    }
}
