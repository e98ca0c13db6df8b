//! The older form, by the numbers of marks: `Click [5]`, `Type [5]; [hello]`, `ANSWER; <content>7</content>`.

use crate::text::{leading_digits, whole_number};

/// What one line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action<'a> {
    Click(u64),
    Type {
        mark: u64,
        text: &'a str,
    },
    Key(&'a str),
    /// The mark or `WINDOW` as it was written, and whether it goes down.
    Scroll {
        target: &'a str,
        down: bool,
    },
    Wait,
    GoBack,
    Google,
    Bing,
    Answer(&'a str),
}

const SEPARATORS: [char; 2] = [';', ' '];

/// The action that counts: the first kind found anywhere, but not within the content of an answer.
pub(super) fn find(text: &str) -> Option<Action<'_>> {
    let answers = answers(text);
    let quoted = |start: usize| answers.iter().any(|answer| answer.from < start && start < answer.to);
    let first = |kind: &'static str, parse: fn(&str) -> Option<Action<'_>>| {
        let mut starts = text.match_indices(kind).map(|(start, _)| start).filter(|&start| !quoted(start));
        starts.find_map(|start| parse(&text[start + kind.len()..]))
    };
    first("Click ", click)
        .or_else(|| first("Type ", type_text))
        .or_else(|| first("Key", |rest| argument(rest).map(Action::Key)))
        .or_else(|| first("Scroll ", scroll))
        .or_else(|| {
            let alone = [
                ("Wait", Action::Wait),
                ("GoBack", Action::GoBack),
                ("Google", Action::Google),
                ("Bing", Action::Bing),
            ];
            alone.into_iter().find(|(name, _)| text.starts_with(name)).map(|(_, action)| action)
        })
        .or_else(|| answers.first().map(|answer| Action::Answer(answer.content)))
}

/// An answer, and from where to where it stands.
pub(super) struct Answer<'a> {
    pub(super) from: usize,
    pub(super) to: usize,
    content: &'a str,
}

/// All answers of a text that do not overlap.
pub(super) fn answers(text: &str) -> Vec<Answer<'_>> {
    const NAME: &str = "ANSWER";
    const OPEN: &str = "<content>";
    const CLOSE: &str = "</content>";

    let mut answers: Vec<Answer<'_>> = Vec::new();
    for (from, _) in text.match_indices(NAME) {
        if answers.last().is_some_and(|last| from < last.to) {
            continue;
        }
        let rest = &text[from + NAME.len()..];
        let separated = rest.trim_start_matches(SEPARATORS);
        let Some(content) = separated.strip_prefix(OPEN).filter(|_| separated.len() < rest.len()) else { continue };
        let Some(end) = content.find(CLOSE) else { break };
        // In one line.
        if content[..end].contains('\n') {
            continue;
        }
        let to = text.len() - content.len() + end + CLOSE.len();
        answers.push(Answer { from, to, content: &content[..end] });
    }
    answers
}

fn without(text: &str, mark: char) -> &str {
    text.strip_prefix(mark).unwrap_or(text)
}

fn click(rest: &str) -> Option<Action<'_>> {
    let (digits, _) = leading_digits(without(rest, '['))?;
    Some(Action::Click(whole_number(digits)?))
}

fn type_text(rest: &str) -> Option<Action<'_>> {
    let (digits, rest) = leading_digits(without(rest, '['))?;
    Some(Action::Type { mark: whole_number(digits)?, text: argument(without(rest, ']'))? })
}

fn scroll(rest: &str) -> Option<Action<'_>> {
    let rest = without(rest, '[');
    let (target, rest) = match rest.strip_prefix("WINDOW") {
        Some(after) => ("WINDOW", after),
        None => leading_digits(rest)?,
    };
    let rest = without(rest, ']');
    let direction = rest.trim_start_matches(SEPARATORS);
    if direction.len() == rest.len() {
        return None;
    }
    let direction = without(direction, '[');
    let down = direction.starts_with("down");
    (down || direction.starts_with("up")).then_some(Action::Scroll { target, down })
}

/// What is written behind one or more separators, in brackets or not: one character that is no line break, and all up to
/// the next closing bracket. Where nothing is left, that character is the opening bracket or the last separator.
fn argument(text: &str) -> Option<&str> {
    let after = text.trim_start_matches(SEPARATORS);
    let separators = text.len() - after.len();
    if separators == 0 {
        return None;
    }
    let last_separator = (separators > 1).then(|| &text[separators - 1..]);
    [after.strip_prefix('['), Some(after), last_separator].into_iter().flatten().find_map(|text| {
        let first = text.chars().next().filter(|&first| first != '\n')?.len_utf8();
        let end = text[first..].find(']').map_or(text.len(), |end| first + end);
        Some(&text[..end])
    })
}
