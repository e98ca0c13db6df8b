//! Multiple choice: one letter, alone or with its option's text, never two.
//!
//! An answer that names an option plainly, in whatever dress, is decided. One that names another option beside it is wrong.
//! What names none plainly is left to a judge.

use std::borrow::Cow;

use super::options::{Listed, options, plain, said};
use crate::text::{is_blank, trim, trim_start};
use crate::{Finding, Verifier, boxed_answer};

/// What may stand before the letter, in lower case; what begins with another goes before it.
const LEADS: [&str; 33] = [
    "the correct answer is",
    "the correct option is",
    "the correct choice is",
    "the right answer is",
    "the best answer is",
    "the final answer is",
    "the answer is",
    "my answer is",
    "correct answer is",
    "final answer is",
    "answer is",
    "the correct answer",
    "the correct option",
    "correct answer",
    "correct option",
    "final answer",
    "the answer",
    "answer",
    "option",
    "choice",
    "i choose",
    "正确答案是",
    "正确答案为",
    "正确答案",
    "正确选项是",
    "答案是",
    "答案为",
    "答案选",
    "答案",
    "应选",
    "选择",
    "选项",
    "选",
];
/// What may stand behind the letter, as [`said`] gives it.
const TRAILS: [&str; 10] = [
    "is correct",
    "is right",
    "is the answer",
    "is the correct answer",
    "is the correct option",
    "是正确的",
    "是正确答案",
    "正确",
    "选项",
    "项",
];
/// What may stand between a letter and its text.
const MARKS: [char; 7] = ['.', ')', ':', '、', '-', '–', '—'];
/// What may stand around an answer.
const WRAPPERS: [(&str, &str); 16] = [
    ("\"", "\""),
    ("'", "'"),
    ("“", "”"),
    ("‘", "’"),
    ("(", ")"),
    ("[", "]"),
    ("【", "】"),
    ("「", "」"),
    ("$", "$"),
    ("\\(", "\\)"),
    ("*", "*"),
    ("_", "_"),
    ("\\text{", "}"),
    ("\\textbf{", "}"),
    ("\\mathrm{", "}"),
    ("\\mathbf{", "}"),
];
/// Words by which what follows a letter takes it back.
const DOUBTS: [&str; 10] = ["not", "no", "never", "neither", "nor", "or", "wrong", "incorrect", "maybe", "perhaps"];

/// Compares choices.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice;

impl Verifier for Choice {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        boxed_answer::read(reply)
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        let (answer, truth) = (plain(answer), plain(truth));
        let mut options = options(question);
        let Some(letter) = chosen(&truth, &options) else {
            return Finding::decided(0.0, "the ground truth is not one choice");
        };
        // The ground truth may bring the text that the question does not list.
        if options.is_empty()
            && let Some(Lettered { rest, .. }) = lettered(bare(&truth)).filter(|lettered| !lettered.rest.is_empty())
        {
            options.push((letter, bare(rest).to_owned()));
        }
        match chosen(&answer, &options) {
            Some(given) if given == letter => Finding::decided(1.0, "the same choice"),
            Some(_) => Finding::decided(0.0, "another choice"),
            None if names_another(&answer, letter, &options) => Finding::decided(0.0, "the answer is not one choice"),
            None => Finding::open("the answer names no option plainly"),
        }
    }
}

/// The letter that a text chooses plainly, in upper case.
fn chosen(text: &str, options: &[Listed]) -> Option<char> {
    let by_text = |text: &str| {
        let mut same = options.iter().filter(|(_, option)| said(option) == said(text));
        let letter = same.next()?.0;
        same.next().is_none().then_some(letter)
    };
    let inner = bare(text);
    if let Some(letter) = by_text(text).or_else(|| by_text(inner)) {
        return Some(letter);
    }
    let Lettered { letter, rest, is_marked } = lettered(inner)?;
    let rest = bare(rest);
    if rest.is_empty() || TRAILS.contains(&&*said(rest)) {
        return Some(letter);
    }
    let agrees = match options.iter().find(|(option, _)| *option == letter) {
        Some((_, option)) => said(option) == said(rest),
        None => options.is_empty() && is_marked && !has_doubt(rest) && !names_another(rest, letter, options),
    };
    agrees.then_some(letter)
}

/// A text without what is put around and before an answer.
fn bare(text: &str) -> &str {
    let mut text = trim(text);
    loop {
        let unmarked = text.trim_end_matches(|c| is_blank(c) || matches!(c, '.' | '。' | '!' | ',' | ';' | ':'));
        let inner = without_lead(unwrapped(unmarked));
        if inner.len() == text.len() {
            return text;
        }
        text = inner;
    }
}

fn unwrapped(text: &str) -> &str {
    let inner = WRAPPERS.iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.contains(open) && !inner.contains(close)).then_some(inner)
    });
    inner.map_or(text, trim)
}

fn without_lead(text: &str) -> &str {
    for lead in LEADS {
        let Some(head) = text.get(..lead.len()).filter(|head| head.eq_ignore_ascii_case(lead)) else { continue };
        let rest = &text[head.len()..];
        // A word that only begins like a lead is none, and a lead alone is no answer.
        let goes_on = lead.is_ascii() && rest.starts_with(char::is_alphanumeric);
        let rest = trim_start(rest);
        let rest = trim_start(rest.strip_prefix(':').unwrap_or(rest));
        if !goes_on && !rest.is_empty() {
            return rest;
        }
    }
    text
}

/// A letter, in upper case, and what follows it.
struct Lettered<'a> {
    letter: char,
    rest: &'a str,
    /// Whether a mark stands between the two.
    is_marked: bool,
}

/// `B`, `(B)`, `B. text`, `B) text`, `B text`. A small letter must stand alone or in brackets or before a mark, since `a`
/// begins a sentence as well.
fn lettered(text: &str) -> Option<Lettered<'_>> {
    let (closing, text) = match text.chars().next()? {
        '(' => (Some(')'), &text[1..]),
        '[' => (Some(']'), &text[1..]),
        _ => (None, text),
    };
    let first = text.chars().next().filter(char::is_ascii_alphabetic)?;
    let letter = first.to_ascii_uppercase();
    let rest = &text[1..];
    if let Some(closing) = closing {
        let rest = rest.strip_prefix(closing)?;
        return Some(Lettered { letter, rest: trim_start(rest.trim_start_matches(MARKS)), is_marked: true });
    }
    let behind = trim(rest);
    let is_marked = behind.starts_with(MARKS);
    let text = trim(behind.trim_start_matches(MARKS));
    let stands_apart = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '\'' | '_'));
    let is_article = matches!(letter, 'A' | 'I') && rest.starts_with(is_blank);
    let is_letter = behind.is_empty()
        || is_marked
        || (first.is_ascii_uppercase() && stands_apart && (!is_article || TRAILS.contains(&&*said(text))));
    is_letter.then_some(Lettered { letter, rest: text, is_marked })
}

fn has_doubt(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’')));
    words.any(|word| DOUBTS.contains(&word) || word.ends_with("n't") || word.ends_with("n’t"))
        || lower.contains(['不', '非', '错', '或'])
}

/// Whether a text names a letter or the text of an option besides the chosen one.
fn names_another(text: &str, letter: char, options: &[Listed]) -> bool {
    let own = options.iter().find(|(option, _)| *option == letter).map_or("", |(_, own)| own);
    let text = without(text, own);
    let is_option = |other: char| match options {
        [] => other.is_ascii_alphabetic(),
        _ => other == letter || options.iter().any(|(option, _)| *option == other.to_ascii_uppercase()),
    };
    let other_letter = |other: char| other.to_ascii_uppercase() != letter && is_option(other);
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '\''));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let words = words(&text);
    let alone = words.iter().enumerate().any(|(index, word)| {
        let [only] = word.as_bytes() else { return false };
        let only = char::from(*only);
        let goes_on = words.get(index + 1).is_some_and(|next| next.starts_with(|c: char| c.is_ascii_lowercase()));
        let is_prose = match only {
            'A' | 'I' => goes_on,
            'a'..='z' => !('b'..='h').contains(&only),
            _ => false,
        };
        !is_prose && other_letter(only)
    });
    // `ABD`: letters alone, side by side.
    let joined = !text.chars().any(char::is_lowercase)
        && words.iter().any(|word| {
            word.chars().all(|c| ('A'..='H').contains(&c) && is_option(c)) && word.chars().any(other_letter)
        });
    let text = said(&text);
    let listed = || options.iter().any(|(option, other)| *option != letter && holds(&text, &said(other)));
    alone || joined || listed()
}

/// A text without another, wherever that stands in it.
fn without(text: &str, other: &str) -> String {
    let (mut left, other) = (String::with_capacity(text.len()), other.to_ascii_lowercase());
    if other.is_empty() {
        return text.to_owned();
    }
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    for (at, found) in lower.match_indices(&*other) {
        left.push_str(&text[from..at]);
        left.push('…');
        from = at + found.len();
    }
    left + &text[from..]
}

/// Whether words stand in a text; Han characters have no bounds.
fn holds(text: &str, words: &str) -> bool {
    let joins = |one: Option<char>, two: Option<char>| {
        let letter =
            |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !('\u{2e80}'..='\u{9fff}').contains(&c));
        letter(one) && letter(two)
    };
    !words.is_empty()
        && text.match_indices(words).any(|(at, found)| {
            let (before, behind) = (&text[..at], &text[at + found.len()..]);
            !joins(before.chars().next_back(), words.chars().next())
                && !joins(words.chars().next_back(), behind.chars().next())
        })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const QUESTION: &str = "What is shown?\nA. A cat\nB. A dog\nC. Nothing";

    fn score(question: &str, answer: &str) -> Option<f64> {
        Choice.compare(question, answer, "B").score()
    }

    #[rstest]
    fn plain_spellings_are_one_choice(
        #[values(
            "B",
            "b",
            "(B)",
            "B.",
            "B. A dog",
            "a dog",
            "The answer is B",
            "Option B",
            "**B**",
            "\"B\"",
            "\u{ff22}",
            "[B]",
            "$B$",
            "\\text{B}",
            "B。",
            "B!",
            "B,",
            "The correct option is B",
            "Final answer: B",
            "**Answer:** B",
            "选B",
            "选项B",
            "答案是B。",
            "B is correct",
            "B (A dog)",
            "B. dog",
            "B – A dog",
            "(b) a dog",
            "The answer is option B.",
            "正确答案是：**B**",
            "$\\text{B}$",
            "`B`",
            "B选项",
            "(B) A dog."
        )]
        answer: &str,
    ) {
        assert_eq!(score(QUESTION, answer), Some(1.0), "{answer}");
    }

    #[rstest]
    #[case::other("A")]
    #[case::two("A, B")]
    #[case::or("B or C")]
    #[case::small("b or c")]
    #[case::joined("AB")]
    #[case::slash("B/C")]
    #[case::text_of_another("B. A cat")]
    #[case::another_text("A cat")]
    #[case::both_texts("B. A dog C. Nothing")]
    #[case::text_of_both("a dog and a cat")]
    #[case::text_of_another_behind("B. A dog, not a cat")]
    #[case::two_brackets("(B)(C)")]
    #[case::wrapped_list("[A, B]")]
    #[case::other_is_correct("A is correct")]
    #[case::han("选A")]
    #[case::beside("B选项，C选项")]
    fn another_choice_is_wrong(#[case] answer: &str) {
        assert_eq!(score(QUESTION, answer), Some(0.0));
    }

    #[rstest]
    #[case::bullets("What is shown?\n- A. A cat\n- B. A dog")]
    #[case::bold("What is shown?\n**A.** A cat\n**B.** A dog")]
    #[case::inline("What is shown? A. A cat B. A dog")]
    fn letter_and_text_must_agree_however_the_options_stand(#[case] question: &str) {
        assert_eq!(score(question, "B. A cat"), Some(0.0));
        assert_eq!(score(question, "B. A dog"), Some(1.0));
        assert_eq!(score(question, "A dog"), Some(1.0));
    }

    #[rstest]
    #[case::all("all of them")]
    #[case::reason("It is B because it barks")]
    #[case::taken_back("B is wrong")]
    #[case::another_text("B. A puppy")]
    #[case::sentence("There is a dog in the picture")]
    #[case::doubt("maybe B")]
    fn what_names_no_option_plainly_is_left_open(#[case] answer: &str) {
        assert_eq!(score(QUESTION, answer), None);
    }

    #[rstest]
    #[case::with_text("B. A dog", Some(1.0))]
    #[case::article("B: A dog and a cat", Some(1.0))]
    #[case::two("B. C", Some(0.0))]
    #[case::list("B, C", Some(0.0))]
    #[case::or("B or C", Some(0.0))]
    #[case::slash("B/C", Some(0.0))]
    #[case::taken_back("B: not this", None)]
    #[case::wrong("B is wrong", None)]
    fn letters_are_counted_without_options_too(#[case] answer: &str, #[case] expected: Option<f64>) {
        assert_eq!(score("What is shown?", answer), expected);
    }

    #[rstest]
    #[case::same("B. A dog", Some(1.0))]
    #[case::letter("B", Some(1.0))]
    #[case::text("a dog", Some(1.0))]
    #[case::another_text("B. A cat", None)]
    fn the_ground_truth_may_bring_the_text(#[case] answer: &str, #[case] expected: Option<f64>) {
        assert_eq!(Choice.compare("What is shown?", answer, "B. A dog").score(), expected);
    }

    #[rstest]
    #[case::bold("**B**")]
    #[case::text("A dog")]
    fn the_ground_truth_is_read_alike(#[case] truth: &str) {
        assert_eq!(Choice.compare(QUESTION, "B", truth).score(), Some(1.0));
    }

    #[rstest]
    #[case::two("A, B")]
    #[case::unknown("A bird")]
    fn the_ground_truth_must_be_one_choice(#[case] truth: &str) {
        let expected = Finding::decided(0.0, "the ground truth is not one choice");
        assert_eq!(Choice.compare(QUESTION, truth, truth), expected);
    }
}
