//! The options that a question lists, and what is left of a text that is compared with them.
//!
//! ```text
//! A. A cat     (A) A cat (B) A dog     - **A**: A cat     a) a cat b) a dog     A、猫 B、狗
//! ```

use crate::text::{is_blank, trim};

/// An option: its letter in upper case, and its text, which is not empty.
pub(super) type Listed = (char, String);

/// What may stand right behind a letter.
const MARKS: [char; 4] = ['.', ')', ':', '、'];
const DASHES: [char; 3] = ['-', '–', '—'];
/// What may stand before the first option of a line.
const BULLETS: [char; 7] = ['-', '*', '•', '·', '+', '>', '●'];
/// More letters with a mark behind them are no list of options.
const MOST_MARKERS: usize = 512;

/// A text in letters of usual width, without the marks of bold print and of code.
pub(super) fn plain(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    trim(text).chars().map(narrow).collect::<String>().replace("**", "").replace('`', "")
}

/// In lower case, with single blanks, without an article before it and marks behind it.
pub(super) fn said(text: &str) -> String {
    let words: Vec<&str> = text.split(is_blank).filter(|word| !word.is_empty()).collect();
    let lower = words.join(" ").to_lowercase();
    let lower = lower.trim_end_matches(['.', '。', '!', ',', ';', ':', ' ']);
    ["a ", "an ", "the "].iter().find_map(|article| lower.strip_prefix(article)).unwrap_or(lower).to_owned()
}

/// A letter that may begin an option.
#[derive(Debug, Clone, Copy)]
struct Marker {
    /// Where it begins, with its bracket, and where its option's text begins.
    at: usize,
    text: usize,
    letter: char,
    style: Style,
    begins_line: bool,
}

/// All options of a list are marked in one style.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Style {
    small: bool,
    bracket: bool,
    mark: char,
}

/// The options of a question that are marked from A on; none where there are not two.
pub(super) fn options(question: &str) -> Vec<Listed> {
    let question = plain(question);
    let Some(markers) = markers(&question) else { return Vec::new() };
    let mut best: Vec<Marker> = Vec::new();
    for begins_line in [true, false] {
        for first in markers.iter().rev().filter(|first| first.letter == 'A') {
            let same = |marker: &&Marker| marker.style == first.style && (marker.begins_line || !begins_line);
            let mut chain = vec![*first];
            for marker in markers.iter().filter(same) {
                let last = chain[chain.len() - 1];
                if marker.at > last.at && marker.letter as u32 == last.letter as u32 + 1 {
                    chain.push(*marker);
                }
            }
            if chain.len() > best.len() && (first.begins_line || !begins_line) {
                best = chain;
            }
        }
    }
    if best.len() < 2 {
        return Vec::new();
    }
    let ends = best.iter().skip(1).map(|next| next.at).chain([question.len()]);
    let texts = best.iter().zip(ends).enumerate().map(|(index, (marker, end))| {
        let text = trim(&question[marker.text..end]);
        // What follows the last option in another line is no part of it.
        let text = if index + 1 == best.len() { text.lines().next().unwrap_or("") } else { text };
        let text = text.trim_end_matches(|c| is_blank(c) || BULLETS.contains(&c) || matches!(c, ',' | ';' | '|' | '/'));
        (marker.letter, text.to_owned())
    });
    texts.filter(|(_, text)| !text.is_empty()).collect()
}

/// `None` where there are too many.
fn markers(text: &str) -> Option<Vec<Marker>> {
    let mut markers = Vec::new();
    let mut begins_line = true;
    let mut before = '\n';
    for (at, character) in text.char_indices() {
        if character.is_ascii_alphabetic() && !before.is_ascii_alphanumeric() && before != '\'' {
            if let Some(marker) = marker(text, at, character, before, begins_line) {
                markers.push(marker);
            }
            if markers.len() > MOST_MARKERS {
                return None;
            }
        }
        begins_line = character == '\n'
            || (begins_line && (is_blank(character) || BULLETS.contains(&character) || matches!(character, '(' | '[')));
        before = character;
    }
    Some(markers)
}

fn marker(text: &str, at: usize, character: char, before: char, begins_line: bool) -> Option<Marker> {
    let behind = &text[at + 1..];
    let next = behind.chars().next()?;
    let closing = match before {
        '(' => Some(')'),
        '[' => Some(']'),
        _ => None,
    };
    let bracket = closing == Some(next);
    let spaced = behind.trim_start_matches(' ');
    let (mark, length) = if bracket || MARKS.contains(&next) {
        (next, next.len_utf8())
    } else if let Some(dash) = spaced.chars().next().filter(|dash| begins_line && DASHES.contains(dash)) {
        ('-', behind.len() - spaced.len() + dash.len_utf8())
    } else if begins_line && next == ' ' && character.is_ascii_uppercase() {
        (' ', 1)
    } else {
        return None;
    };
    let mut start = at + 1 + length;
    if bracket && text[start..].starts_with(['.', ':']) {
        start += 1;
    }
    Some(Marker {
        at: if bracket { at - 1 } else { at },
        text: start,
        letter: character.to_ascii_uppercase(),
        style: Style { small: character.is_ascii_lowercase(), bracket, mark },
        begins_line,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::lines("What?\nA. A cat\nB. A dog\nC. Nothing\nAnswer with a letter.")]
    #[case::bullets("What?\n- A. A cat\n- B. A dog\n- C. Nothing")]
    #[case::bold("What?\n**A.** A cat\n**B.** A dog\n**C.** Nothing")]
    #[case::bold_letter("What?\n* **A**: A cat\n* **B**: A dog\n* **C**: Nothing")]
    #[case::inline("What? A. A cat B. A dog C. Nothing")]
    #[case::semicolons("What? (A) A cat; (B) A dog; (C) Nothing")]
    #[case::brackets("What?\n(A) A cat (B) A dog (C) Nothing")]
    #[case::small("What? a) A cat b) A dog c) Nothing")]
    #[case::wide("哪个？Ａ．A cat　Ｂ．A dog　Ｃ．Nothing")]
    #[case::dashes("What?\nA - A cat\nB – A dog\nC - Nothing")]
    #[case::no_marks("What?\nA A cat\nB A dog\nC Nothing")]
    #[case::person_a("Person A: what is shown? A: A cat B: A dog C: Nothing")]
    fn options_are_found(#[case] question: &str) {
        let found: Vec<String> =
            options(question).into_iter().map(|(letter, text)| format!("{letter} {text}")).collect();
        assert_eq!(found, ["A A cat", "B A dog", "C Nothing"]);
    }

    #[test]
    fn lines_go_before_letters_within_them() {
        let found = options("Which?\nA. Vitamin B.\nB. Vitamin C.\nC. None");
        assert_eq!(found[0], ('A', "Vitamin B.".to_owned()));
        assert_eq!(found.len(), 3);
    }

    #[rstest]
    #[case::none("What is shown?")]
    #[case::prose("A man walks in. What does he do?")]
    #[case::abbreviation("At 5 A.M. it rains, i.e. b.")]
    #[case::one("A. A cat")]
    fn what_is_no_list_has_no_options(#[case] question: &str) {
        assert_eq!(options(question), []);
    }

    #[test]
    fn many_letters_are_no_options() {
        assert_eq!(options(&"A. B. ".repeat(10_000)), []);
    }
}
