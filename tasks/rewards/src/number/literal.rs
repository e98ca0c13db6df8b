//! Number literals as people write them: digits with separators between groups, decimal points, powers of ten.

use super::expression::Written;
use super::rational::Rational;

/// The number at the start of `text`, how it is written, and how many bytes it takes. `commas`: a comma may separate groups of
/// three digits, which it does not in a list.
pub fn read(text: &str, commas: bool) -> Option<(Rational, Written, usize)> {
    let bytes = text.as_bytes();
    let whole_end = run(bytes, 0);
    let mut digits = text[..whole_end].to_owned();
    let mut at = whole_end;
    if (1..=3).contains(&whole_end) && !text.starts_with('0') {
        for separator in [",", "{,}", "_", " ", "."] {
            if separator.contains(',') && !commas {
                continue;
            }
            // One point is a decimal point, two between groups of three digits are not.
            let least = if separator == "." { 2 } else { 1 };
            if let Some((groups, end)) = groups(text, whole_end, separator, least) {
                digits.push_str(&groups);
                at = end;
                break;
            }
        }
    }
    let mut decimal = false;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1) != Some(&b'.') {
        let end = run(bytes, at + 1);
        fraction = end - at - 1;
        if digits.is_empty() && fraction == 0 {
            return None;
        }
        digits.push_str(&text[at + 1..end]);
        decimal = fraction > 0;
        at = end;
    }
    if digits.is_empty() {
        return None;
    }
    let mut exponent = 0i64;
    if let Some((power, end)) = exponent_at(bytes, at) {
        exponent = text[power..end].parse().ok()?;
        decimal = true;
        at = end;
    }
    let last = exponent.checked_sub(i64::try_from(fraction).ok()?)?;
    let significant = digits.trim_start_matches('0').len();
    Some((Rational::scaled(&digits, 10, last)?, Written { last, significant, decimal }, at))
}

/// The end of the digits from `start`.
fn run(bytes: &[u8], start: usize) -> usize {
    start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Groups of exactly three digits, each after `separator`.
fn groups(text: &str, start: usize, separator: &str, least: usize) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    let mut digits = String::new();
    let mut at = start;
    while bytes[at..].starts_with(separator.as_bytes()) {
        let from = at + separator.len();
        let end = run(bytes, from);
        if end - from != 3 {
            break;
        }
        digits.push_str(&text[from..end]);
        at = end;
    }
    // A group that is too short or too long makes the whole thing something else.
    let goes_on = bytes[at..].starts_with(separator.as_bytes())
        && bytes.get(at + separator.len()).is_some_and(u8::is_ascii_digit);
    (digits.len() >= 3 * least && !goes_on).then_some((digits, at))
}

/// `e5`, `E-5`: where the exponent starts and ends.
fn exponent_at(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    if !matches!(bytes.get(at)?, b'e' | b'E') {
        return None;
    }
    let digits = at + 1 + usize::from(matches!(bytes.get(at + 1)?, b'+' | b'-'));
    let end = run(bytes, digits);
    (end > digits && !bytes.get(end).is_some_and(u8::is_ascii_alphabetic)).then_some((at + 1, end))
}
