//! Whether what an agent answered is the expected answer.
//!
//! People and models write `€1,234.50`, `1234.5 EUR` and `It costs 1,234.50 euros.`; all of them say the same. An answer
//! that offers several candidates, or hedges, says nothing and is rejected, also if the right one is among them.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::clock;
use crate::numerals::{self, Numeral};

/// What the answer to a goal must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// One name. Inside a sentence it counts too, as long as none of `others` is in it.
    Name {
        /// The right one.
        expected: String,
        /// Those it could be confused with.
        others: Vec<String>,
    },
    /// These names and no others, in any order.
    Names(Vec<String>),
    /// A sum of money, in cents.
    Amount(i64),
    /// How many.
    Count(i64),
    /// A number with decimals, such as a rating of 4.3, in tenths.
    Tenths(i64),
    /// A day. The year may be left out.
    Day(Date),
    /// A number of an order, a reference: one word with digits in it.
    Code(String),
}

impl Answer {
    /// A name without others that it could be confused with: only the name itself is accepted.
    pub fn name(expected: impl Into<String>) -> Answer {
        Answer::Name { expected: expected.into(), others: Vec::new() }
    }

    /// A name among others. `others` may contain the expected one.
    pub fn among<T: Into<String>>(expected: impl Into<String>, others: impl IntoIterator<Item = T>) -> Answer {
        Answer::Name { expected: expected.into(), others: others.into_iter().map(Into::into).collect() }
    }

    /// Whether `said` is this answer.
    ///
    /// # Errors
    /// One sentence on why it is not.
    pub fn check(&self, said: &str) -> Result<(), String> {
        let plain = normalise(said);
        if plain.is_empty() {
            return Err("the answer is empty".to_owned());
        }
        if let Some(word) = hedge(&plain) {
            return Err(format!("the answer hedges (`{word}`): `{said}`"));
        }
        let right = match self {
            Answer::Name { expected, others } => is_name(&plain, expected, others),
            Answer::Names(expected) => is_names(said, expected),
            Answer::Amount(cents) => one_numeral(&plain).is_some_and(|it| it.hundredths == *cents && !it.is_percent),
            Answer::Count(count) => {
                one_numeral(&plain).is_some_and(|it| it.hundredths == count * 100 && !it.is_money && !it.is_percent)
            }
            Answer::Tenths(tenths) => {
                one_rating(&plain).is_some_and(|it| it.hundredths == tenths * 10 && !it.is_money && !it.is_percent)
            }
            Answer::Day(day) => numerals::days(&plain).is_some_and(|days| {
                let fits = |(year, month, date): &(Option<i16>, i8, i8)| {
                    year.is_none_or(|year| year == day.year()) && *month == day.month() && *date == day.day()
                };
                !days.is_empty() && days.iter().all(fits)
            }),
            Answer::Code(code) => {
                let codes: BTreeSet<&str> =
                    plain.split(' ').filter(|word| word.bytes().any(|b| b.is_ascii_digit())).collect();
                codes.len() == 1 && codes.contains(normalise(code).as_str())
            }
        };
        if right { Ok(()) } else { Err(format!("the answer is `{said}`, and not {self}")) }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Answer::Name { expected, .. } => write!(f, "`{expected}`"),
            Answer::Names(expected) => write!(f, "`{}`", expected.join("`, `")),
            Answer::Amount(cents) => write!(f, "{}", crate::page::money(*cents)),
            Answer::Count(count) => write!(f, "{count}"),
            Answer::Tenths(tenths) => write!(f, "{}.{}", tenths / 10, tenths % 10),
            Answer::Day(day) => write!(f, "{}", clock::long(&day.to_string())),
            Answer::Code(code) => write!(f, "`{code}`"),
        }
    }
}

/// Lower case, one space between words, without quotes, markup and punctuation at the ends of words.
pub(crate) fn normalise(text: &str) -> String {
    let unified: String = text
        .chars()
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '"' | '\u{201c}' | '\u{201d}' | '`' | '*' | '\u{a0}' | '\u{202f}' => ' ',
            other => other,
        })
        .flat_map(char::to_lowercase)
        .collect();
    let words = unified.split_whitespace().map(|word| {
        word.trim_start_matches(['(', '[', '\'', ':', '#'])
            .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\''])
    });
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The words that take a statement back or leave it open.
fn hedge(plain: &str) -> Option<&'static str> {
    const HEDGES: &[&str] = &[
        "or",
        "maybe",
        "perhaps",
        "possibly",
        "probably",
        "might",
        "may be",
        "could be",
        "either",
        "unsure",
        "not sure",
        "unknown",
        "i think",
        "i guess",
        "i believe",
        "not",
        "isn't",
        "approximately",
        "about",
        "around",
        "roughly",
        "at least",
        "at most",
        "more than",
        "less than",
        "nearly",
        "almost",
        "no idea",
        "cannot",
        "can't",
        "can not",
        "versus",
        "vs",
        "alternatively",
        "between",
    ];
    HEDGES.iter().find(|phrase| has_phrase(plain, phrase)).copied()
}

/// Whether the words of `phrase` stand together in `text`; both normalised.
fn has_phrase(text: &str, phrase: &str) -> bool {
    !phrase.is_empty() && format!(" {text} ").contains(&format!(" {phrase} "))
}

/// Without what people put around an answer.
fn bare(plain: &str) -> &str {
    const LEAD_INS: &[&str] = &[
        "the answer is",
        "answer is",
        "answer",
        "final answer",
        "it is called",
        "it is",
        "it's",
        "the",
        "a",
        "an",
        "is",
    ];
    let mut rest = plain;
    while let Some(next) = LEAD_INS.iter().find_map(|lead| rest.strip_prefix(lead)?.strip_prefix(' ')) {
        rest = next;
    }
    rest
}

fn is_name(plain: &str, expected: &str, others: &[String]) -> bool {
    let expected = normalise(expected);
    if bare(plain) == bare(&expected) {
        return true;
    }
    // Names that contain the expected one are longer candidates; names inside it are parts of it.
    let without = format!(" {plain} ").replace(&format!(" {expected} "), " \u{fffc} ");
    let longer = |other: &str| other != expected && has_phrase(other, &expected) && has_phrase(plain, other);
    let others: Vec<String> = others.iter().map(|other| normalise(other)).filter(|other| *other != expected).collect();
    !others.is_empty()
        && has_phrase(plain, &expected)
        && !others.iter().any(|other| longer(other) || has_phrase(without.trim(), other))
}

fn is_names(said: &str, expected: &[String]) -> bool {
    let expected: BTreeSet<String> = expected.iter().map(|name| bare(&normalise(name)).to_owned()).collect();
    let separated = said.replace(['\n', ';', '&'], ",").replace(" and ", ",");
    let parts = separated.split(',').map(|part| {
        let part =
            part.trim().trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '*' | '•' | ' '));
        bare(&normalise(part)).to_owned()
    });
    parts.filter(|part| !part.is_empty()).collect::<BTreeSet<_>>() == expected
}

/// The only number in the text; saying it twice is allowed.
fn one_numeral(plain: &str) -> Option<Numeral> {
    let found = numerals::numerals(plain)?;
    let first = *found.first()?;
    found.iter().all(|numeral| *numeral == first).then_some(first)
}

/// The same, without what a rating is out of: `4.3 out of 5`, `4.3/5`.
fn one_rating(plain: &str) -> Option<Numeral> {
    let cut = plain.split(" out of ").next().unwrap_or(plain);
    one_numeral(cut.strip_suffix("/5").unwrap_or(cut))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn mug() -> Answer {
        Answer::among("Harbour Mug", ["Harbour Mug", "Harbour Mug Large", "Mug", "Slate Kettle"])
    }

    #[rstest]
    #[case::plain(mug(), "Harbour Mug")]
    #[case::case_and_space(mug(), "  harbour   MUG. ")]
    #[case::article(mug(), "The Harbour Mug")]
    #[case::quoted(mug(), "**\u{201c}Harbour Mug\u{201d}**")]
    #[case::sentence(mug(), "The cheapest one is the Harbour Mug.")]
    #[case::euro(Answer::Amount(123_450), "€1,234.50")]
    #[case::bare_number(Answer::Amount(123_450), "1234.5")]
    #[case::word_after(Answer::Amount(123_450), "It costs 1,234.50 euros.")]
    #[case::continental(Answer::Amount(1_290), "12,90 €")]
    #[case::code(Answer::Amount(1_200), "EUR 12")]
    #[case::digits(Answer::Count(3), "3")]
    #[case::number_word(Answer::Count(23), "Twenty-three mugs")]
    #[case::zero(Answer::Count(0), "zero")]
    #[case::twice(Answer::Count(3), "There are three (3) mugs")]
    #[case::rating(Answer::Tenths(43), "4.3 out of 5")]
    #[case::rating_slash(Answer::Tenths(43), "4.3/5")]
    #[case::iso(Answer::Day(clock::TODAY), "2026-01-15")]
    #[case::long(Answer::Day(clock::TODAY), "Thursday, 15 January 2026")]
    #[case::american(Answer::Day(clock::TODAY), "January 15th, 2026")]
    #[case::no_year(Answer::Day(clock::TODAY), "on Jan 15")]
    #[case::dotted(Answer::Day(clock::TODAY), "15.01.2026")]
    #[case::slashes(Answer::Day(clock::TODAY), "1/15/2026")]
    #[case::reference(Answer::Code("LF-20391".into()), "Order lf-20391.")]
    #[case::set(Answer::Names(vec!["Ada Lind".into(), "Bo Ek".into()]), "Bo Ek and Ada Lind")]
    #[case::list(Answer::Names(vec!["Ada Lind".into(), "Bo Ek".into()]), "1. Ada Lind\n2. Bo Ek")]
    fn the_answer_is_known_in_other_dress(#[case] answer: Answer, #[case] said: &str) {
        assert_eq!(answer.check(said), Ok(()));
    }

    #[rstest]
    #[case::empty(mug(), " ")]
    #[case::other(mug(), "Slate Kettle")]
    #[case::longer_name(mug(), "Harbour Mug Large")]
    #[case::part(mug(), "Harbour")]
    #[case::two_candidates(mug(), "Harbour Mug, Slate Kettle")]
    #[case::in_a_row(mug(), "It is among Harbour Mug and Slate Kettle")]
    #[case::or(mug(), "Harbour Mug or Slate Kettle")]
    #[case::hedge(mug(), "Maybe the Harbour Mug")]
    #[case::negation(mug(), "It is not the Harbour Mug")]
    #[case::two_prices(Answer::Amount(1_290), "€12.90 (was €15.00)")]
    #[case::off_by_ten(Answer::Amount(1_290), "€129.0")]
    #[case::percent(Answer::Amount(1_200), "12%")]
    #[case::signed(Answer::Amount(1_200), "-12")]
    #[case::several_numbers(Answer::Count(3), "2, 3 or 4")]
    #[case::range(Answer::Count(3), "3-4")]
    #[case::at_least(Answer::Count(3), "at least 3")]
    #[case::money(Answer::Count(3), "€3")]
    #[case::dozen(Answer::Count(3), "3 dozen")]
    #[case::million(Answer::Count(3), "three hundred")]
    #[case::near(Answer::Tenths(43), "4.4")]
    #[case::two_days(Answer::Day(clock::TODAY), "15 January or 16 January")]
    #[case::both_days(Answer::Day(clock::TODAY), "15 January 2026, 16 January 2026")]
    #[case::other_year(Answer::Day(clock::TODAY), "15 January 2025")]
    #[case::only_day(Answer::Day(clock::TODAY), "15")]
    #[case::two_codes(Answer::Code("LF-20391".into()), "LF-20391 LF-20392")]
    #[case::one_missing(Answer::Names(vec!["Ada Lind".into(), "Bo Ek".into()]), "Ada Lind")]
    #[case::one_more(Answer::Names(vec!["Ada Lind".into()]), "Ada Lind, Bo Ek")]
    fn anything_else_is_rejected(#[case] answer: Answer, #[case] said: &str) {
        assert!(answer.check(said).is_err(), "{answer} took {said}");
    }

    #[test]
    fn an_ambiguous_date_is_no_answer() {
        let day = jiff::civil::date(2026, 2, 3);
        assert!(Answer::Day(day).check("3/2/2026").is_err());
        assert_eq!(Answer::Day(day).check("3 February"), Ok(()));
    }
}
