//! A text in pieces: numbers, words and marks.

use crate::text::{digit, is_blank, is_word};

/// A piece of a text in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Digits, with a fraction and with thousands in groups of three.
    Number(&'a str),
    /// Letters of one kind: Han characters, or others.
    Word(&'a str),
    /// Any other character but a blank.
    Mark(char),
}

impl Piece<'_> {
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}

/// The pieces of a text, in order.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if digit(first).is_some() {
            number(rest)
        } else if is_word(first) {
            let han = is_han(first);
            rest.find(|point| !is_word(point) || digit(point).is_some() || is_han(point) != han).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (piece, after) = rest.split_at(length);
        if digit(first).is_some() {
            found.push(Piece::Number(piece));
        } else if is_word(first) {
            found.push(Piece::Word(piece));
        } else if !is_blank(first) {
            found.push(Piece::Mark(first));
        }
        rest = after;
    }
    found
}

/// Whether a text holds a phrase that touches no other word; a phrase in Han characters may.
pub(super) fn says(text: &str, phrase: &str) -> bool {
    let han = phrase.chars().any(is_han);
    text.match_indices(phrase).any(|(at, _)| {
        let touched = |point: Option<char>| point.is_some_and(|point| is_word(point) && !is_han(point));
        let ends_open = phrase.ends_with(|point| !is_word(point));
        han || (!touched(text[..at].chars().next_back())
            && (ends_open || !touched(text[at + phrase.len()..].chars().next())))
    })
}

fn is_han(point: char) -> bool {
    matches!(point, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}')
}

/// The length in bytes of the number that a text begins with.
fn number(text: &str) -> usize {
    let digits = |text: &str| text.find(|point| digit(point).is_none()).unwrap_or(text.len());
    let mut length = digits(text);
    while let Some(group) = text[length..].strip_prefix(',')
        && digits(group) == 3
        && group.is_char_boundary(3)
    {
        length += 4;
    }
    if let Some(fraction) = text[length..].strip_prefix('.')
        && digits(fraction) > 0
    {
        length += 1 + digits(fraction);
    }
    length
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Piece::{Mark, Number, Word};
    use super::{Piece, pieces, says};

    #[rstest]
    #[case("0到10之间", &[Number("0"), Word("到"), Number("10"), Word("之间")])]
    #[case("7, 8.5", &[Number("7"), Mark(','), Number("8.5")])]
    #[case("1,234.50 km.", &[Number("1,234.50"), Word("km"), Mark('.')])]
    #[case("0,1,23", &[Number("0"), Mark(','), Number("1"), Mark(','), Number("23")])]
    #[case("７x", &[Number("７"), Word("x")])]
    fn texts_in_pieces(#[case] text: &str, #[case] expected: &[Piece<'_>]) {
        assert_eq!(pieces(text), expected);
    }

    #[rstest]
    #[case("6 or 7", "or", true)]
    #[case("for", "or", false)]
    #[case("7或8", "或", true)]
    #[case("score: 1", "score:", true)]
    fn phrases(#[case] text: &str, #[case] phrase: &str, #[case] said: bool) {
        assert_eq!(says(text, phrase), said);
    }
}
