//! Answers that evade the question, found by rule, so that no judge is asked about them.
//!
//! After half a thousand pilot iterations of the published training, judges were fooled by "a number from 0 to 10" and "a
//! speed near that of light" (paper, section 5). Such answers are told by their form: ranges, lists of candidates, vague or
//! doubtful words, descriptions that repeat the question, and text that talks to the judge. A form that the ground truth has
//! itself is no evasion, and neither is a text that says the same as the ground truth.
//!
//! The rules err on the side of leaving an answer to the judge: a wrong answer that they do not see is still wrong.

mod pieces;
mod words;

use std::fmt;

use pieces::{Piece, pieces, says};

use crate::text::{float, is_blank, is_word, tokens, trim};

/// Longest answer, in bytes, that is looked at; a longer one is called evasive where the truth is shorter.
const LONGEST_ANSWER: usize = 1 << 16;

/// Most pieces of a truth that is one value; also its most letters a piece.
const LONGEST_VALUE: usize = 6;

/// How an answer evades the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evasion {
    /// It says nothing.
    Empty,
    /// It talks to the judge: markup, a verdict on itself, an order.
    Plea,
    /// It holds a gap or a variable in the place of a value.
    Placeholder,
    /// It gives a range for a value.
    Range,
    /// It lists candidates for a value.
    Candidates,
    /// It gives a value as a mere approximation.
    Approximation,
    /// It says that it does not know, or that it may be otherwise.
    Doubt,
    /// It describes the answer instead of giving it.
    Circular,
}

impl fmt::Display for Evasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the answer says nothing",
            Self::Plea => "the answer talks to the judge",
            Self::Placeholder => "the answer holds a gap in the place of a value",
            Self::Range => "the answer is a range",
            Self::Candidates => "the answer lists candidates",
            Self::Approximation => "the answer is an approximation",
            Self::Doubt => "the answer is in doubt of itself",
            Self::Circular => "the answer describes what it should give",
        })
    }
}

/// How an answer evades the question; `None` if no rule says that it does. Linear in the lengths of the three.
pub fn evasion(question: &str, answer: &str, truth: &str) -> Option<Evasion> {
    let (answer, truth) = (trim(answer), trim(truth));
    if answer == truth {
        return None;
    }
    if answer.len() > LONGEST_ANSWER {
        return (truth.len() <= LONGEST_ANSWER).then_some(Evasion::Candidates);
    }
    // What a truth says after that excuses nothing.
    let truth = &truth[..truth.floor_char_boundary(LONGEST_ANSWER)];
    let (lower, lower_truth) = (folded(answer), folded(truth));
    if lower == lower_truth {
        return None;
    }
    if !lower.contains(|point| is_word(point) || matches!(point, '∅' | '∞')) {
        return lower_truth.contains(is_word).then_some(Evasion::Empty);
    }
    let (said, true_said) = (pieces(&lower), pieces(&lower_truth));
    let new = |phrases: &[&str]| phrases.iter().any(|phrase| says(&lower, phrase) && !says(&lower_truth, phrase));
    let numeric = is_numeric(&true_said);
    // Of an interval an inequality says the same.
    let plain =
        |piece: &Piece<'_>| !matches!(piece, Piece::Mark(mark) if !matches!(mark, '%' | '°' | '.' | '-' | '$' | '/'));
    let bounded = numeric && true_said.iter().all(plain) && is_bound(&lower, &lower_truth);
    // `x < -1 or x > 1` is one answer.
    let inequality = |text: &str| text.contains(['<', '>', '≤', '≥']);
    let choices = |phrases: &[&str]| {
        let asked = folded(question);
        let fraction = |phrase: &str| phrase == "之一" && lower.contains("分之一");
        let offered = |phrase: &str| phrase.starts_with("all ") && says(&asked, phrase);
        phrases.iter().any(|phrase| new(&[phrase]) && !fraction(phrase) && !offered(phrase))
    };
    let amount = is_amount(&true_said);
    let value = is_value(truth, &true_said);
    plea(answer, truth)
        .or_else(|| stands_for_a_value(answer, truth, numeric).then_some(Evasion::Placeholder))
        .or_else(|| (bounded || (numeric && is_range(&said))).then_some(Evasion::Range))
        .or_else(|| {
            let several = value && !(inequality(&lower) && inequality(&lower_truth)) && choices(words::CHOICES);
            (several || (amount && new(words::CHOICES_OF_AMOUNTS)) || lists(answer, &said, truth, numeric))
                .then_some(Evasion::Candidates)
        })
        .or_else(|| (is_approximate(&said) && !is_approximate(&true_said)).then_some(Evasion::Approximation))
        .or_else(|| (value && is_doubtful(&lower) && !is_doubtful(&lower_truth)).then_some(Evasion::Doubt))
        .or_else(|| (amount && asks(&lower)).then_some(Evasion::Doubt))
        .or_else(|| is_vague(&lower, &lower_truth, &said, numeric).then_some(Evasion::Circular))
        .or_else(|| (amount && names_no_number(&lower, &said)).then_some(Evasion::Circular))
        .or_else(|| restates(question, &said, &true_said).then_some(Evasion::Circular))
}

/// [`Evasion::Plea`] or [`Evasion::Placeholder`] where an answer talks to the judge or to the judge's prompt.
pub fn plea(answer: &str, truth: &str) -> Option<Evasion> {
    let (lower, lower_truth) = (folded(answer), folded(truth));
    let markup = |text: &str| words::MARKUP.iter().any(|mark| text.contains(mark));
    let words = |text: &str| words::PLEAS.iter().any(|phrase| says(text, phrase));
    let scores = |text: &str| text.lines().any(|line| is_verdict(trim(line)));
    if gap(trim(answer)) && !truth.contains('{') {
        return Some(Evasion::Placeholder);
    }
    let one_line = trim(answer).lines().count() <= 1;
    // A bare `1.0` is a verdict on itself, unless the truth is that number.
    let bare = if one_line { trim(answer) == "1.0" && float(truth) != Some(1.0) } else { scores(&lower) };
    let pleads = (markup(&lower) && !markup(&lower_truth))
        || (words(&lower) && !words(&lower_truth))
        || (bare && !scores(&lower_truth))
        || (scored(&lower) && !scored(&lower_truth) && float(truth) != Some(1.0));
    pleads.then_some(Evasion::Plea)
}

/// In lower case, with one kind of blanks, apostrophes and ASCII, and without what nobody sees: a phrase is found however
/// it is disguised.
fn folded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for point in text.chars() {
        match point {
            '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}' => {}
            '’' | '‘' | '＇' => plain.push('\''),
            // Numbers and words keep the width that they had, since digits of any script count.
            '\u{FF21}'..='\u{FF5A}' => plain.extend(char::from_u32(point as u32 - 0xFEE0)),
            '\n' => plain.push('\n'),
            _ if is_blank(point) => {
                if !plain.ends_with([' ', '\n']) {
                    plain.push(' ');
                }
            }
            _ => plain.push(point),
        }
    }
    plain.to_lowercase()
}

/// `> 4`, `5 ± 1`: a bound for a value.
fn is_bound(lower: &str, truth: &str) -> bool {
    let signs = ['<', '>', '≤', '≥', '±'];
    let commands = ["\\pm", "\\leq", "\\geq", "\\le ", "\\ge ", "\\lt", "\\gt"];
    let bounds = |text: &str| {
        text.contains(signs)
            || commands.iter().any(|command| text.contains(command))
            || words::BOUNDS.iter().any(|word| text.starts_with(word))
    };
    bounds(lower) && !bounds(truth)
}

/// A line that is a verdict and nothing else.
fn is_verdict(line: &str) -> bool {
    matches!(line, "1.0" | "score: 1" | "score: 1.0" | "[1.0]" | "correct")
}

/// `score 1.0`, `"score": 1`: the word and a full score after it.
fn scored(lower: &str) -> bool {
    lower.match_indices("score").any(|(at, word)| {
        let after = lower[at + word.len()..].trim_start_matches([' ', ':', '=', '"', '\'']);
        let after = after.strip_prefix("of ").or_else(|| after.strip_prefix("is ")).unwrap_or(after);
        after.strip_prefix('1').is_some_and(|rest| {
            let rest = rest.strip_prefix(".0").unwrap_or(rest);
            !rest.starts_with(|point: char| is_word(point) || matches!(point, '-' | ':' | '.' | '–'))
        })
    })
}

/// `{name}` or `{0}`: a gap of a prompt.
fn gap(answer: &str) -> bool {
    let inner = answer.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| inner == "0" || inner.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_'))
}

/// A letter where the truth is a number; a capital may be a Roman numeral.
fn stands_for_a_value(answer: &str, truth: &str, numeric: bool) -> bool {
    let [letter] = answer.as_bytes() else { return false };
    numeric && float(truth).is_some() && letter.is_ascii_alphabetic() && !b"IVXLCDM".contains(letter)
}

/// Whether a truth is one value, and no sentence, of which an answer may say `or` and `may be` with good reason.
fn is_value(truth: &str, said: &[Piece<'_>]) -> bool {
    said.len() <= LONGEST_VALUE && truth.chars().nth(LONGEST_VALUE * LONGEST_VALUE).is_none()
}

/// Whether a truth is one number, with a unit perhaps, or one number word.
fn is_numeric(truth: &[Piece<'_>]) -> bool {
    match truth {
        [Piece::Word(word)] => words::NUMERALS.contains(word),
        _ => truth.iter().filter(|piece| piece.is_number()).count() == 1,
    }
}

/// Whether a truth is a number before a unit or after the sign of a currency, and no name such as `COVID-19`.
fn is_amount(truth: &[Piece<'_>]) -> bool {
    match truth {
        [Piece::Number(_)] | [Piece::Number(_), Piece::Word(_) | Piece::Mark('%' | '°')] => true,
        [Piece::Number(_), Piece::Mark('°'), Piece::Word(_)] => true,
        [Piece::Mark('-' | '$' | '€' | '¥'), rest @ ..] => matches!(rest, [Piece::Number(_)]),
        _ => false,
    }
}

/// `0-10`, `[0, 10]`, `between 0 and 10`, `0到10之间`: two numbers and what makes a range of them.
fn is_range(said: &[Piece<'_>]) -> bool {
    let numeral = |piece: &Piece<'_>| matches!(piece, Piece::Word(word) if words::NUMERALS.contains(word));
    let joins = |piece: &Piece<'_>| matches!(piece, Piece::Word("to" | "through") | Piece::Mark('–' | '~'));
    if said.windows(3).any(|three| numeral(&three[0]) && joins(&three[1]) && numeral(&three[2])) {
        return true;
    }
    if said.contains(&Piece::Mark('=')) || said.iter().filter(|piece| piece.is_number()).count() != 2 {
        return false;
    }
    let joined = said.windows(3).any(|three| match three {
        [first, Piece::Mark(mark), last] => {
            first.is_number() && last.is_number() && matches!(mark, '-' | '–' | '—' | '~' | '～' | '…')
        }
        [first, Piece::Word(word), last] => {
            first.is_number() && last.is_number() && matches!(*word, "to" | "through" | "到" | "至")
        }
        _ => false,
    });
    // `5 m to 6 m`, `0..10`.
    let places: Vec<usize> = (0..said.len()).filter(|at| said[*at].is_number()).collect();
    let apart = places[1] - places[0];
    let middle = &said[places[0] + 1..places[1]];
    let joined = joined
        || (apart <= 3 && middle.iter().any(|piece| matches!(piece, Piece::Word("to" | "through" | "到" | "至"))))
        || matches!(middle, [Piece::Mark('.'), Piece::Mark('.')] | [Piece::Mark('%'), Piece::Mark('-' | '–' | '~')]);
    let between = matches!(said, [Piece::Word("between" | "from" | "somewhere"), ..]);
    let bracketed = matches!(
        said,
        [Piece::Mark('[' | '('), first, Piece::Mark(',' | '，'), last, Piece::Mark(']' | ')')]
            if first.is_number() && last.is_number()
    );
    joined || between || bracketed
}

/// Several numbers for one, several option letters for one, or items of which the truth is one.
fn lists(answer: &str, said: &[Piece<'_>], truth: &str, numeric: bool) -> bool {
    let separates = |piece: &Piece<'_>| match piece {
        Piece::Mark(mark) => matches!(mark, ',' | ';' | '/' | '|' | '、' | '，' | '；' | '&'),
        Piece::Word(word) => matches!(*word, "and" | "和" | "与"),
        Piece::Number(_) => false,
    };
    let numbers = said.iter().filter(|piece| piece.is_number()).count();
    let fraction = numbers == 2 && said.len() == 3 && said[1] == Piece::Mark('/');
    if numeric && numbers >= 2 && !fraction && said.iter().all(|piece| piece.is_number() || separates(piece)) {
        return true;
    }
    let option = |point: char| matches!(point, 'A'..='H');
    if truth.len() == 1
        && truth.starts_with(option)
        && answer.chars().filter(|point| option(*point)).count() >= 2
        && answer.chars().all(|point| option(point) || !is_word(point))
    {
        return true;
    }
    // Once, and not for each item: that would be quadratic in what a model says.
    let lower_truth = std::cell::LazyCell::new(|| truth.to_lowercase());
    let among = |separators: &[char], least: usize| {
        let items = || answer.split(separators).map(trim);
        items().count() >= least && items().any(|item| item.to_lowercase() == *lower_truth)
    };
    among(&['/', '|'], 2) || among(&[',', ';', '、', '，', '；'], 4)
}

/// A number right after `about` or the like, or right before `or so`.
fn is_approximate(said: &[Piece<'_>]) -> bool {
    (0..said.len()).any(|at| {
        if !said[at].is_number() && !matches!(said[at], Piece::Word(word) if words::NUMERALS.contains(&word)) {
            return false;
        }
        let before = at.checked_sub(1).map(|before| said[before]);
        let approximately = match before {
            Some(Piece::Word(word)) => {
                let two = at.checked_sub(2).map(|before| said[before]);
                words::ABOUT.contains(&word)
                    || words::ABOUT_IN_CHINESE.iter().any(|about| word.ends_with(about))
                    || matches!((two, word), (Some(Piece::Word("at")), "least" | "most"))
                    || matches!((two, word), (Some(Piece::Word("more" | "less" | "fewer")), "than"))
                    || matches!((two, word), (Some(Piece::Word("close")), "to") | (Some(Piece::Word("up")), "to"))
            }
            Some(Piece::Mark('.')) => at.checked_sub(2).map(|before| said[before]) == Some(Piece::Word("ca")),
            Some(Piece::Mark(mark)) => matches!(mark, '~' | '≈' | '～') && (at == 1),
            _ => false,
        };
        let or_so = match said.get(at + 1) {
            Some(Piece::Word(word)) => {
                word.starts_with("左右") || word.starts_with("上下") || words::OR_SO.contains(word)
            }
            Some(Piece::Mark('(')) => {
                matches!(said.get(at + 2), Some(Piece::Word(word)) if words::OR_SO.contains(word))
            }
            _ => false,
        };
        approximately || or_so
    })
}

/// `5?`
fn asks(lower: &str) -> bool {
    lower.ends_with(['?', '？'])
}

fn is_doubtful(lower: &str) -> bool {
    words::DOUBTS.iter().any(|phrase| says(lower, phrase))
        || lower.match_indices("可能").any(|(at, _)| !lower[..at].ends_with('不'))
}

/// Words for any value of a kind, or for the answer itself.
fn is_vague(lower: &str, truth: &str, said: &[Piece<'_>], numeric: bool) -> bool {
    let begins = |phrases: &[&str]| {
        phrases.iter().any(|phrase| lower.starts_with(phrase) && says(lower, phrase) && !truth.starts_with(phrase))
    };
    let bare = lower.trim_end_matches(['.', '。', '!', '！']);
    let names_a_number = said.iter().any(|piece| piece.is_number());
    words::ANSWER_ITSELF.contains(&bare)
        || begins(words::ANYTHING)
        || (numeric && !names_a_number && begins(words::DESCRIPTIONS))
}

/// Words alone, none of which can stand for a number: `several`, `unknown`, `correct`.
fn names_no_number(lower: &str, said: &[Piece<'_>]) -> bool {
    let may = |word: &str| {
        words::NUMBERS_IN_WORDS.contains(&word)
            || words::NUMERALS.iter().chain(words::BEGINNINGS_OF_NUMBERS).any(|numeral| word.starts_with(numeral))
            || words::NUMERALS.iter().any(|numeral| !numeral.is_ascii() && word.contains(numeral))
            || words::NUMBERS_IN_CHINESE.iter().any(|sign| word.contains(sign))
    };
    let plain =
        said.iter().all(|piece| matches!(piece, Piece::Word(_) | Piece::Mark('.' | ',' | '!' | '。' | '，' | '\'')));
    // Letters may be unknowns and constants, digits of any script numbers.
    plain
        && said.iter().any(|piece| matches!(piece, Piece::Word(word) if word.len() > 3))
        && !said.iter().any(|piece| matches!(piece, Piece::Word(word) if may(word)))
        && crate::number::read(lower, crate::number::Notation::School).is_none()
}

/// Three or more words, all of them the question's, where the truth has others.
fn restates(question: &str, said: &[Piece<'_>], truth: &[Piece<'_>]) -> bool {
    if said.len() < 3 {
        return false;
    }
    let asked = question.to_lowercase();
    let asked: std::collections::HashSet<&str> =
        tokens(&asked).map(|token| token.trim_matches(|point| !is_word(point))).collect();
    let from_question = |piece: &Piece<'_>| match piece {
        Piece::Word(word) | Piece::Number(word) => asked.contains(word) || words::SMALL.contains(word),
        Piece::Mark(_) => true,
    };
    let content = said.iter().any(|piece| matches!(piece, Piece::Word(word) if !words::SMALL.contains(word)));
    // The truth of a yes-or-no question is told by saying it in full.
    let verdict = matches!(truth, [Piece::Word("yes" | "no" | "true" | "false" | "是" | "否" | "对" | "错")]);
    let shared = |piece: &Piece<'_>| match piece {
        Piece::Word(word) if word.len() > 3 => truth
            .iter()
            .any(|other| matches!(other, Piece::Word(other) if other.starts_with(word) || word.starts_with(other))),
        _ => false,
    };
    content
        && !verdict
        && said.iter().all(from_question)
        && !truth.iter().all(from_question)
        && !said.iter().any(shared)
}

#[cfg(test)]
mod tests;
