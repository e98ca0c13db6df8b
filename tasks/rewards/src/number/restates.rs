//! Whether an answer gives the task back instead of working it out: `3x + 4 = 19` where `x = 5` is asked for.
//!
//! Such an answer has the value of the truth, since the task has it. Told by the signs alone: the answer stands in the
//! question, in its order or with the sides of a sum or product swapped, and the truth does not.

use super::answer::Answer;
use super::parse::Parsed;

/// Questions and answers are looked at up to this length, in bytes.
const LONGEST: usize = 4096;

/// Sums and products of so many parts are tried in every order.
const MOST_PARTS: usize = 4;

/// What an answer makes of its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restating {
    /// It is no part of the task, or both it and the truth are.
    No,
    /// It gives back something that the task names, and that may be what is asked for.
    Names,
    /// It gives back what is to be worked out.
    Repeats,
}

/// What an answer with the value of the truth makes of the task.
pub fn restates(question: &str, answer: &str, truth: &str, said: &Answer) -> Restating {
    if question.len() > LONGEST || answer.len() > LONGEST || truth.len() > LONGEST {
        return Restating::No;
    }
    let (asked, bare, bare_truth) = (signs(question), signs(answer), signs(truth));
    if orders(&bare_truth).contains(&bare) || !orders(&bare).iter().any(|order| stands_in(order, &asked)) {
        return Restating::No;
    }
    // Both are offered, or the answer is as it should be.
    let elsewhere = orders(&bare).iter().fold(asked, |asked, order| asked.replace(order.as_str(), "?"));
    if orders(&bare_truth).iter().any(|order| stands_in(order, &elsewhere)) || is_solved(said) {
        return Restating::No;
    }
    let division = bare.matches('/').count() == 1 && bare.chars().all(|sign| sign.is_ascii_digit() || sign == '/');
    let works = |sign: char| matches!(sign, '+' | '*' | '^' | '!' | '/' | '=' | '<' | '>' | '≤' | '≥' | '≠');
    let named = ["sqrt", "log", "ln", "sin", "cos", "tan", "cot", "pi("].iter().any(|name| bare.contains(name));
    if division {
        // A fraction may be what is asked for, unless it can be worked out further.
        return if is_reduced(&bare) { Restating::No } else { Restating::Repeats };
    }
    // A power of ten is how a number is written.
    if bare.contains("*10^") && bare.matches(works).count() == 2 {
        return Restating::No;
    }
    let minus = bare.char_indices().any(|(at, sign)| sign == '-' && at > 0 && !bare[..at].ends_with('^'));
    if named || minus || bare.contains(works) { Restating::Repeats } else { Restating::Names }
}

/// `x = 5`: worked out, whatever the task says.
fn is_solved(said: &Answer) -> bool {
    let number = |side: &Parsed| !side.expression.has_symbol();
    match said {
        Answer::Relation(_, left, right) => {
            (left.expression.symbol().is_some() && number(right))
                || (right.expression.symbol().is_some() && number(left))
        }
        Answer::Several(_, items) => items.iter().all(is_solved),
        _ => false,
    }
}

/// The signs of a formula in one spelling, without blanks and brackets.
fn signs(text: &str) -> String {
    const SPELLINGS: [(&str, &str); 28] = [
        ("\\left", ""),
        ("\\right", ""),
        ("\\displaystyle", ""),
        ("\\dfrac", "\\frac"),
        ("\\tfrac", "\\frac"),
        ("\\times", "*"),
        ("\\cdot", "*"),
        ("\\div", "/"),
        ("**", "^"),
        ("×", "*"),
        ("·", "*"),
        ("÷", "/"),
        ("−", "-"),
        ("√", "sqrt"),
        ("π", "pi"),
        ("^{\\circ}", "°"),
        ("^\\circ", "°"),
        ("\\circ", "°"),
        ("degrees", "°"),
        ("\\geq", "≥"),
        ("\\ge", "≥"),
        ("\\leq", "≤"),
        ("\\le", "≤"),
        (">=", "≥"),
        ("<=", "≤"),
        ("\\neq", "≠"),
        ("\\ne", "≠"),
        ("}{", "/"),
    ];
    let mut text = text.to_owned();
    for (spelling, sign) in SPELLINGS {
        if text.contains(spelling) {
            // Only between the braces of a fraction.
            if spelling == "}{" && !text.contains("\\frac") {
                continue;
            }
            text = text.replace(spelling, sign);
        }
    }
    text = text.replace("\\frac", "");
    text.chars()
        .filter(|point| {
            !point.is_whitespace() && !matches!(point, '$' | '\\' | '(' | ')' | '{' | '}' | '[' | ']' | '~')
        })
        .collect()
}

/// A sum or a product with its parts in every order; anything else as it is.
fn orders(signs: &str) -> Vec<String> {
    for operation in ['+', '*'] {
        let parts: Vec<&str> = signs.split(operation).collect();
        let alone = !signs.contains(['=', '<', '>', '≤', '≥']);
        if (2..=MOST_PARTS).contains(&parts.len()) && alone && parts.iter().all(|part| !part.is_empty()) {
            let mut found = Vec::new();
            permute(&mut parts.clone(), 0, &mut |order| found.push(order.join(&operation.to_string())));
            return found;
        }
    }
    vec![signs.to_owned()]
}

fn permute<'a>(parts: &mut Vec<&'a str>, fixed: usize, found: &mut impl FnMut(&[&'a str])) {
    if fixed == parts.len() {
        return found(parts);
    }
    for at in fixed..parts.len() {
        parts.swap(fixed, at);
        permute(parts, fixed + 1, found);
        parts.swap(fixed, at);
    }
}

/// Whether signs stand in others, and not within a longer number or name.
fn stands_in(signs: &str, asked: &str) -> bool {
    let glued = |one: Option<char>, other: Option<char>| {
        one.zip(other).is_some_and(|(one, other)| {
            (one.is_ascii_digit() || one == '.') && (other.is_ascii_digit() || other == '.')
        })
    };
    !signs.is_empty()
        && asked.match_indices(signs).any(|(at, found)| {
            let (before, after) = (asked[..at].chars().next_back(), &asked[at + found.len()..]);
            // A point at the end of a sentence is none of a number.
            let point = after.starts_with('.') && !after[1..].starts_with(|next: char| next.is_ascii_digit());
            let after = if point { None } else { after.chars().next() };
            !glued(before, signs.chars().next()) && !glued(signs.chars().next_back(), after)
        })
}

/// Whether `a/b` cannot be written with smaller numbers.
fn is_reduced(division: &str) -> bool {
    let Some((Ok(above), Ok(below))) = division.split_once('/').map(|(a, b)| (a.parse::<u64>(), b.parse::<u64>()))
    else {
        return false;
    };
    let (mut one, mut other) = (above, below);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one == 1 && below != 1
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::number::{Notation, read};

    #[rstest]
    #[case("Solve 3x + 4 = 19.", "3x+4=19", "x=5", Restating::Repeats)]
    #[case("Solve 2x+3>7", "2x + 3 > 7", "x>2", Restating::Repeats)]
    #[case("Expand $(x+1)^2$", "(x+1)^2", "x^2+2x+1", Restating::Repeats)]
    #[case("Factor x^2-5x+6", "x^2-5x+6", "(x-2)(x-3)", Restating::Repeats)]
    #[case(r"Simplify $\sqrt{72}$.", r"\sqrt{72}", r"6\sqrt{2}", Restating::Repeats)]
    #[case("Compute 3^{10}", "3**10", "59049", Restating::Repeats)]
    #[case("Compute 2+3", "3+2", "5", Restating::Repeats)]
    #[case("Compute 144/12", "144/12", "12", Restating::Repeats)]
    #[case("Evaluate 17 × 23", "23*17", "391", Restating::Repeats)]
    #[case("What is sin 30°?", r"\sin 30^\circ", "0.5", Restating::Repeats)]
    #[case("What is sqrt(1764)?", r"\sqrt{1764}", "42", Restating::Repeats)]
    #[case(r"Simplify \frac{84}{126}", r"\frac{84}{126}", r"\frac{2}{3}", Restating::Repeats)]
    #[case("Convert 25 °C to kelvin", "25 °C", "298.15 K", Restating::Names)]
    #[case("How many metres are 3 km?", "3 km", "3000 m", Restating::Names)]
    #[case("Round 3.14159 to two decimals", "3.14159", "3.14", Restating::Names)]
    #[case("Which is larger, 1/2 or 1/3?", "1/2", "0.5", Restating::No)]
    #[case("Does x=5 or x=6 solve it?", "x=5", "5", Restating::No)]
    #[case("Is 1+2 more than 2^1?", "2+1", "1+2", Restating::No)]
    #[case("Compute 13+25", "3+2", "5", Restating::No)]
    #[case("Compute 2+3", "5", "5.0", Restating::No)]
    fn tells(#[case] question: &str, #[case] answer: &str, #[case] truth: &str, #[case] expected: Restating) {
        let said = read(answer, Notation::School).expect("a formula");
        assert_eq!(restates(question, answer, truth, &said), expected);
    }
}
