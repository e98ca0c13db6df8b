//! Numbers and days as people write them in a sentence.

use std::collections::BTreeSet;

/// A number in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numeral {
    /// A hundred times its value.
    pub(crate) hundredths: i64,
    /// It has a currency beside it.
    pub(crate) is_money: bool,
    /// It is a percentage.
    pub(crate) is_percent: bool,
}

/// All numbers of a normalised text, `None` if something in it looks like a number and cannot be read.
pub(crate) fn numerals(plain: &str) -> Option<Vec<Numeral>> {
    let words: Vec<&str> = plain.split(' ').collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = words[at].trim_end_matches(['.', ',', ')', ';', ':']);
        let after = words.get(at + 1).copied();
        let before = at.checked_sub(1).map(|at| words[at]);
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            let mut numeral = written(word)?;
            numeral.is_money |= after.is_some_and(is_currency) || before.is_some_and(is_currency);
            numeral.is_percent |= after == Some("percent") || after == Some("%");
            if after.is_some_and(is_multiplier) {
                return None;
            }
            found.push(numeral);
        } else if let Some(value) = spelled(word) {
            if after.is_some_and(is_multiplier) {
                return None;
            }
            // `twenty three` as two words.
            let unit = after.and_then(spelled).filter(|unit| value >= 20 && value % 10 == 0 && (1..10).contains(unit));
            at += usize::from(unit.is_some());
            let is_money = words.get(at + 1).copied().is_some_and(is_currency);
            found.push(Numeral { hundredths: (value + unit.unwrap_or(0)) * 100, is_money, is_percent: false });
        }
        at += 1;
    }
    Some(found)
}

fn is_currency(word: &str) -> bool {
    matches!(word, "€" | "eur" | "euro" | "euros" | "$" | "usd" | "dollars")
}

fn is_multiplier(word: &str) -> bool {
    matches!(word, "dozen" | "hundred" | "thousand" | "million" | "k")
}

/// `€1,234.50`, `12,90`, `-3`, `12%`.
fn written(word: &str) -> Option<Numeral> {
    let mut rest = word;
    let mut negative = false;
    let mut is_money = false;
    loop {
        if let Some(next) = rest.strip_prefix('-') {
            (rest, negative) = (next, true);
        } else if let Some(next) = rest.strip_prefix('€').or_else(|| rest.strip_prefix("eur")) {
            (rest, is_money) = (next, true);
        } else {
            break;
        }
    }
    if let Some(next) = rest.strip_suffix('€').or_else(|| rest.strip_suffix("eur")) {
        (rest, is_money) = (next, true);
    }
    let is_percent = rest.ends_with('%');
    let digits = rest.trim_end_matches('%');
    let hundredths = decimal(digits)?;
    Some(Numeral { hundredths: if negative { -hundredths } else { hundredths }, is_money, is_percent })
}

/// Digits with separators, to hundredths. A last separator followed by one or two digits is the decimal one; all
/// before it must cut the digits into threes.
fn decimal(digits: &str) -> Option<i64> {
    if digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'\'')) {
        return None;
    }
    let (whole, fraction) = match digits.rfind(['.', ',']) {
        Some(at) if (1..=2).contains(&(digits.len() - at - 1)) => (&digits[..at], &digits[at + 1..]),
        _ => (digits, ""),
    };
    let mut groups = whole.split(['.', ',', '\'']);
    let first = groups.next()?;
    let mut number = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.len() > 3 || first.is_empty() {
            return None;
        }
        number.push_str(group);
    }
    let cents = format!("{fraction:0<2}");
    format!("{number}{cents}").parse().ok()
}

/// Zero to ninety-nine in words; `one` and `a` alone are too common to count as numbers except `one`.
fn spelled(word: &str) -> Option<i64> {
    const UNITS: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let place = |names: &[&str], word: &str| names.iter().position(|name| *name == word).map(|at| at as i64);
    if matches!(word, "none" | "no") {
        return Some(0);
    }
    if let Some(units) = place(&UNITS, word) {
        return Some(units);
    }
    let (tens, units) = word.split_once('-').unwrap_or((word, "zero"));
    let tens = (place(&TENS, tens)? + 2) * 10;
    place(&UNITS, units).filter(|units| *units < 10).map(|units| tens + units)
}

/// All days of a normalised text as (year, month, day); `None` if one is ambiguous or there are numbers besides.
pub(crate) fn days(plain: &str) -> Option<BTreeSet<(Option<i16>, i8, i8)>> {
    let text = plain.replace(',', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = BTreeSet::new();
    let mut used = vec![false; words.len()];
    for (at, word) in words.iter().enumerate() {
        if let Some(day) = numeric_day(word) {
            found.insert(day?);
            used[at] = true;
        }
    }
    for (at, word) in words.iter().enumerate() {
        let Some(month) = month(word) else { continue };
        let next = |place: usize| words.get(place).copied();
        let (day_at, year_at) = match at.checked_sub(1).and_then(|before| Some((before, ordinal(words[before])?))) {
            Some((before, _)) if !used[before] => (before, at + 1),
            _ => match at.checked_sub(2) {
                // `15th of January`
                Some(before) if words[at - 1] == "of" && ordinal(words[before]).is_some() => (before, at + 1),
                _ => (at + 1, at + 2),
            },
        };
        let day = ordinal(next(day_at)?)?;
        let year = next(year_at).and_then(|word| word.parse::<i16>().ok()).filter(|year| (1900..2200).contains(year));
        used[day_at] = true;
        if year.is_some() {
            used[year_at] = true;
        }
        found.insert((year, month, day));
    }
    let left_over = words.iter().zip(&used).any(|(word, used)| !used && word.bytes().any(|byte| byte.is_ascii_digit()));
    (!left_over).then_some(found)
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = MONTHS.iter().position(|name| {
        *name == word || (word.len() == 3 && name.starts_with(word)) || (word == "sept" && *name == "september")
    })?;
    Some(at as i8 + 1)
}

fn ordinal(word: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

/// `2026-01-15`, `15.01.2026`, `1/15/2026`: outer `None` if it is none of these, inner if day and month are ambiguous.
#[allow(clippy::type_complexity, reason = "two questions, two options")]
fn numeric_day(word: &str) -> Option<Option<(Option<i16>, i8, i8)>> {
    let parts: Vec<i16> = word.split(['-', '.', '/']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [first, second, third] = parts[..] else { return None };
    let small = |number: i16| i8::try_from(number).ok();
    if first > 31 {
        return Some(Some((Some(first), small(second)?, small(third)?)));
    }
    if word.contains('.') || first > 12 || first == second {
        return Some(Some((Some(third), small(second)?, small(first)?)));
    }
    if second > 12 {
        return Some(Some((Some(third), small(first)?, small(second)?)));
    }
    Some(None)
}
