//! Multiple choice: one letter, alone or with its option's text, never two.

use std::borrow::Cow;

use super::exact::folded;
use crate::text::{is_blank, trim, trim_start};
use crate::{Finding, Verifier, boxed_answer};

/// What may stand before the letter, in lower case.
const LEADS: [&str; 8] =
    ["the correct answer is", "the answer is", "correct answer", "answer", "option", "choice", "答案是", "答案"];
/// What may stand between a letter and its text.
const MARKS: [char; 8] = ['.', ')', ':', '、', '．', '）', '：', '-'];

/// Compares choices.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice;

impl Verifier for Choice {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        boxed_answer::read(reply)
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        let options = options(question);
        let Some(truth) = chosen(truth, &options) else {
            return Finding::decided(0.0, "the ground truth is not one choice");
        };
        match chosen(answer, &options) {
            None => Finding::decided(0.0, "the answer is not one choice"),
            Some(letter) if letter == truth => Finding::decided(1.0, "the same choice"),
            Some(_) => Finding::decided(0.0, "another choice"),
        }
    }
}

/// The options that a question lists, one a line: letter and text.
fn options(question: &str) -> Vec<(char, &str)> {
    question.lines().filter_map(|line| letter_and_text(trim(line))).filter(|(_, text)| !text.is_empty()).collect()
}

/// The letter that a text chooses, in upper case; `None` where it chooses none or several.
fn chosen(text: &str, options: &[(char, &str)]) -> Option<char> {
    let text = without_lead(trim(text));
    let by_text = |text: &str| {
        let mut same = options.iter().filter(|(_, option)| folded(option) == folded(text));
        let letter = same.next()?.0;
        same.next().is_none().then_some(letter)
    };
    let Some((letter, rest)) = letter_and_text(text) else { return by_text(text) };
    if rest.is_empty() {
        return Some(letter);
    }
    let listed = options.iter().find(|(option, _)| *option == letter);
    match listed {
        // The text must be that of the letter.
        Some((_, option)) => (folded(option) == folded(rest)).then_some(letter),
        None if options.is_empty() => (!names_another(rest, letter)).then_some(letter),
        None => None,
    }
}

fn without_lead(text: &str) -> &str {
    for lead in LEADS {
        let Some(head) = text.get(..lead.len()) else { continue };
        if head.to_lowercase() == lead {
            let rest = trim_start(&text[lead.len()..]);
            return trim_start(rest.strip_prefix([':', '：']).unwrap_or(rest));
        }
    }
    text
}

/// `B`, `(B)`, `B. text`, `B) text`: the letter in upper case, and the text. A small letter must stand alone or in brackets
/// or before a mark, since `a` begins a sentence as well.
fn letter_and_text(text: &str) -> Option<(char, &str)> {
    let (bracket, text) = match text.strip_prefix(['(', '（']) {
        Some(text) => (true, text),
        None => (false, text),
    };
    let letter = text.chars().next().filter(char::is_ascii_alphabetic)?;
    let rest = &text[1..];
    if bracket {
        let rest = rest.strip_prefix([')', '）'])?;
        return Some((letter.to_ascii_uppercase(), trim_start(rest.trim_start_matches(MARKS))));
    }
    let behind = trim_start(rest);
    let marked = behind.starts_with(MARKS);
    let alone = behind.is_empty();
    let apart = letter.is_ascii_uppercase() && letter != 'A' && letter != 'I' && rest.starts_with(is_blank);
    (marked || alone || apart).then(|| (letter.to_ascii_uppercase(), trim(behind.trim_start_matches(MARKS))))
}

/// Whether a text names a letter besides the chosen one: a capital that stands alone, but not as an article or pronoun.
fn names_another(text: &str, letter: char) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let mut characters = word.chars();
        let (Some(first), None) = (characters.next(), characters.next()) else { continue };
        let prose = matches!(first, 'A' | 'I') && words.peek().is_some_and(|next| next.starts_with(char::is_lowercase));
        if first.is_ascii_uppercase() && first != letter && !prose {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const QUESTION: &str = "What is shown?\nA. A cat\nB. A dog\nC. Nothing";

    #[rstest]
    #[case::letter("B", 1.0)]
    #[case::small("b", 1.0)]
    #[case::bracket("(B)", 1.0)]
    #[case::full_stop("B.", 1.0)]
    #[case::with_text("B. A dog", 1.0)]
    #[case::text_alone("a dog", 1.0)]
    #[case::lead("The answer is B", 1.0)]
    #[case::option("Option B", 1.0)]
    #[case::other("A", 0.0)]
    #[case::two("A, B", 0.0)]
    #[case::or("B or C", 0.0)]
    #[case::joined("AB", 0.0)]
    #[case::text_of_another("B. A cat", 0.0)]
    #[case::both_texts("B. A dog C. Nothing", 0.0)]
    #[case::all("all of them", 0.0)]
    #[case::two_brackets("(B)(C)", 0.0)]
    fn one_letter_is_chosen(#[case] answer: &str, #[case] expected: f64) {
        assert_eq!(Choice.compare(QUESTION, answer, "B"), decided(expected, answer));
    }

    #[rstest]
    #[case::with_text("B. A dog", 1.0)]
    #[case::article("B: A dog and a cat", 1.0)]
    #[case::two("B. C", 0.0)]
    #[case::list("B, C", 0.0)]
    #[case::or("B or C", 0.0)]
    #[case::slash("B/C", 0.0)]
    fn letters_are_counted_without_options_too(#[case] answer: &str, #[case] expected: f64) {
        assert_eq!(Choice.compare("What is shown?", answer, "B"), decided(expected, answer));
    }

    fn decided(score: f64, answer: &str) -> Finding {
        let reason = match chosen(answer, &options(QUESTION)) {
            _ if score == 1.0 => "the same choice",
            Some(letter) if letter != 'B' => "another choice",
            _ => "the answer is not one choice",
        };
        Finding::decided(score, reason)
    }

    #[test]
    fn the_ground_truth_must_be_one_choice() {
        assert_eq!(
            Choice.compare(QUESTION, "A, B", "A, B"),
            Finding::decided(0.0, "the ground truth is not one choice")
        );
    }
}
