//! Numbers that stand alone: literals, and counts with the noun of what is counted.

use super::expression::Expression;
use super::parse::Parsed;
use super::{Answer, Notation, Rational, read};

/// Words after a count: `5 red apples`.
const MAX_NOUNS: usize = 3;

/// No count is longer, in bytes.
const MAX_LENGTH: usize = 256;

/// The number, where `text` is one literal with a sign or without, and whether it has a point or an exponent.
pub fn literal(text: &str, notation: Notation) -> Option<(Rational, bool)> {
    let Answer::Value(Parsed { expression, .. }) = read(text, notation)? else { return None };
    let (number, negative) = match &expression {
        Expression::Negate(of) => (&**of, true),
        other => (other, false),
    };
    let Expression::Number(value, written) = number else { return None };
    let value = if negative { value.negate() } else { value.clone() };
    Some((value, written.is_some_and(|written| written.decimal)))
}

/// The whole number that `text` counts, in digits, words or Chinese numerals, perhaps with what is counted: `5`, `5.0`,
/// `five`, `a dozen`, `五个`, `5 red apples`.
pub fn count(text: &str) -> Option<Rational> {
    let whole = |(value, _): (Rational, bool)| value.integer().is_some().then_some(value);
    if let Some(value) = literal(text, Notation::School) {
        return whole((value.0, value.1));
    }
    let text = crate::text::trim(text);
    if text.len() > MAX_LENGTH {
        return None;
    }
    // Nouns are letters alone: anything else behind the number makes it another answer.
    let starts = text.char_indices().filter(|(_, point)| point.is_alphabetic() || *point == ' ');
    starts.take(MAX_NOUNS + 6).find_map(|(start, _)| {
        let (number, nouns) = text.split_at(start);
        let words: Vec<&str> = nouns.split(' ').filter(|word| !word.is_empty()).collect();
        let fine = (1..=MAX_NOUNS).contains(&words.len()) && words.iter().all(|word| is_noun(word));
        if fine { whole(literal(number, Notation::School)?) } else { None }
    })
}

fn is_noun(word: &str) -> bool {
    // Words that make another number of it, or none.
    const OTHERS: [&str; 53] = [
        "or",
        "and",
        "to",
        "of",
        "but",
        "not",
        "at",
        "most",
        "least",
        "than",
        "more",
        "less",
        "fewer",
        "about",
        "maybe",
        "perhaps",
        "possibly",
        "probably",
        "likely",
        "roughly",
        "approximately",
        "approx",
        "around",
        "nearly",
        "almost",
        "circa",
        "so",
        "ish",
        "plus",
        "minus",
        "times",
        "percent",
        "half",
        "halves",
        "quarters",
        "thirds",
        "squared",
        "cubed",
        "doubled",
        "tripled",
        "pair",
        "pairs",
        "couple",
        "couples",
        "dozen",
        "dozens",
        "score",
        "hundred",
        "hundreds",
        "thousand",
        "thousands",
        "million",
        "billion",
    ];
    const IN_CHINESE: [&str; 15] =
        ["或", "和", "到", "至", "多", "余", "来", "左右", "上下", "以上", "以下", "以内", "倍", "对", "双"];
    let letters = word.chars().all(char::is_alphabetic) && (word.len() > 1 || word == "a");
    let number = literal(word, Notation::School).is_some();
    letters
        && !number
        && !OTHERS.contains(&word.to_ascii_lowercase().as_str())
        && !IN_CHINESE.iter().any(|sign| word.contains(sign))
}
