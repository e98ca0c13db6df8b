//! The newer form, `CLICK(point=(214, 100), box=[[198,92,229,107]], element_info='Dinners')`, found anywhere in a text.

use crate::boxes::NormBox;
use crate::text::{is_blank, leading_digits, whole_number};

/// What one call says. Parts that were left out are `None`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action<'a> {
    Click(Place<'a>),
    Type { place: Place<'a>, text: &'a str },
    Key(&'a str),
    Scroll { place: Place<'a>, down: bool, distance: Option<&'a str> },
    Answer(&'a str),
}

/// Where an action takes place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place<'a> {
    pub(super) point: (u64, u64),
    pub(super) area: Option<NormBox>,
    pub(super) element: Option<&'a str>,
}

/// How quoted values end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Quoting {
    /// At the next apostrophe.
    Plain,
    /// At the next apostrophe that is neither within a word nor behind a backslash.
    Apostrophes,
}

/// The kinds in the order in which they are looked for.
const KINDS: [&str; 6] = ["CLICK(", "TYPE(", "KEY_PRESS(", "SCROLL_DOWN(", "SCROLL_UP(", "ANSWER("];
/// Those that quote what the user or the page says.
const QUOTING_KINDS: [&str; 3] = ["TYPE(", "KEY_PRESS(", "ANSWER("];

/// The action that counts: the first kind found anywhere, but not at the end of a longer name, nor within one of `spans`.
pub(super) fn find<'a>(text: &'a str, quoting: Quoting, spans: &[(usize, usize)]) -> Option<Action<'a>> {
    KINDS.iter().find_map(|kind| {
        starts(text, kind).find_map(|start| {
            let (action, end) = parse(&text[start..], kind, quoting)?;
            let end = start + end;
            let quoted = spans.iter().any(|&(from, to)| from < start && end <= to);
            (!quoted).then_some(action)
        })
    })
}

/// From where to where the actions stand that quote a text: what looks like an action in there is none.
pub(super) fn quoting_spans(text: &str, quoting: Quoting) -> Vec<(usize, usize)> {
    QUOTING_KINDS
        .iter()
        .flat_map(|kind| {
            starts(text, kind).filter_map(|start| {
                let (_, length) = parse(&text[start..], kind, quoting)?;
                Some((start, start + length))
            })
        })
        .collect()
}

/// Where a kind's name begins that no other letter stands before.
fn starts<'a>(text: &'a str, kind: &'a str) -> impl Iterator<Item = usize> {
    text.match_indices(kind).map(|(start, _)| start).filter(|&start| {
        let before = text[..start].bytes().next_back();
        !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn parse<'a>(text: &'a str, kind: &str, quoting: Quoting) -> Option<(Action<'a>, usize)> {
    let mut cursor = Cursor { rest: &text[kind.len()..], quoting };
    let action = match kind {
        "CLICK(" => {
            let point = cursor.point()?;
            Action::Click(cursor.place(point))
        }
        "TYPE(" => {
            let point = cursor.point()?;
            let text = cursor.optional(|cursor| cursor.quoted("text='")).unwrap_or("");
            Action::Type { place: cursor.place(point), text }
        }
        "KEY_PRESS(" => Action::Key(cursor.quoted("key='")?),
        "ANSWER(" => Action::Answer(cursor.quoted("content='")?),
        _ => {
            let point = cursor.point()?;
            let area = cursor.area();
            let distance = cursor.optional(Cursor::distance);
            let element = cursor.element();
            Action::Scroll { place: Place { point, area, element }, down: kind == "SCROLL_DOWN(", distance }
        }
    };
    cursor.take(")")?;
    Some((action, text.len() - cursor.rest.len()))
}

#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a str,
    quoting: Quoting,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, expected: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// A part behind a comma and at most one blank, if it is there.
    fn optional<T>(&mut self, part: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        ahead.take(",")?;
        ahead.rest = ahead.rest.strip_prefix(is_blank).unwrap_or(ahead.rest);
        let read = part(&mut ahead)?;
        *self = ahead;
        Some(read)
    }

    fn number(&mut self) -> Option<u64> {
        let (digits, rest) = leading_digits(self.rest)?;
        self.rest = rest;
        whole_number(digits)
    }

    fn point(&mut self) -> Option<(u64, u64)> {
        self.take("point=(")?;
        let x = self.number()?;
        self.take(",")?;
        self.rest = self.rest.trim_start_matches(is_blank);
        let y = self.number()?;
        self.take(")")?;
        Some((x, y))
    }

    fn place(&mut self, point: (u64, u64)) -> Place<'a> {
        let area = self.area();
        Place { point, area, element: self.element() }
    }

    /// The box, which may hold anything but a closing bracket.
    fn area(&mut self) -> Option<NormBox> {
        self.optional(|cursor| {
            cursor.take("box=[[")?;
            let end = cursor.rest.find(']').filter(|&end| end > 0)?;
            let (content, rest) = cursor.rest.split_at(end);
            cursor.rest = rest;
            cursor.take("]]")?;
            Some(norm_box(content))
        })
        .flatten()
    }

    fn element(&mut self) -> Option<&'a str> {
        self.optional(|cursor| cursor.quoted("element_info='"))
    }

    fn distance(&mut self) -> Option<&'a str> {
        self.take("distance=")?;
        let end = self.rest.find([',', ')'])?;
        let (distance, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(distance)
    }

    fn quoted(&mut self, opening: &str) -> Option<&'a str> {
        self.take(opening)?;
        let end = match self.quoting {
            Quoting::Plain => self.rest.find('\'')?,
            Quoting::Apostrophes => self.rest.match_indices('\'').map(|(place, _)| place).find(|&place| {
                let before = self.rest[..place].chars().next_back();
                let after = self.rest[place + 1..].chars().next();
                let in_word = [before, after].iter().all(|side| side.is_some_and(char::is_alphanumeric));
                !in_word && before != Some('\\')
            })?,
        };
        let text = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Some(text)
    }
}

fn norm_box(content: &str) -> Option<NormBox> {
    let mut corners = [0.0; 4];
    let mut numbers = content.split(',');
    for corner in &mut corners {
        *corner = f64::from(numbers.next()?.trim().parse::<i32>().ok()?);
    }
    numbers.next().is_none().then(|| NormBox::new(corners)).flatten()
}
