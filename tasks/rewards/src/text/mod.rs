//! What counts as a blank, a digit, a word and a number: the text conventions of the published system, which ran on Python.
//!
//! Positions and lengths are code points; nothing is normalised. Where Rust and Python differ, Python is followed: its blanks
//! include U+001C to U+001F, its digits are all of category Nd, and its word characters are no combining marks.

mod tables;

use std::sync::LazyLock;

use tables::{MARKS, ZEROS};

/// Letters in circles and squares: symbols, which Rust counts as alphabetic.
const ENCLOSED: [(u32, u32); 4] = [(0x24B6, 0x24E9), (0x1_F130, 0x1_F149), (0x1_F150, 0x1_F169), (0x1_F170, 0x1_F189)];

/// Python refuses to turn longer texts of digits into integers.
pub const MOST_DIGITS: usize = 4300;

/// Kinds of code points, as bits.
const BLANK: u8 = 1;
const WORD: u8 = 2;
const DIGIT: u8 = 4;

/// The kinds of the code points below U+10000. A text may be a megabyte of anything, and the tables of Unicode are searched.
static KINDS: LazyLock<Box<[u8]>> =
    LazyLock::new(|| (0..=0xFFFF).map(|point| char::from_u32(point).map_or(0, kinds_by_search)).collect());

fn kinds(point: char) -> u8 {
    KINDS.get(point as usize).copied().unwrap_or_else(|| kinds_by_search(point))
}

fn kinds_by_search(point: char) -> u8 {
    let blank = matches!(point, '\u{1C}'..='\u{1F}') || point.is_whitespace();
    let word = if point.is_ascii() {
        point.is_ascii_alphanumeric() || point == '_'
    } else {
        matches!(point, '\u{4E00}'..='\u{9FFF}')
            || (point.is_alphanumeric() && !within(&MARKS, point) && !within(&ENCLOSED, point))
    };
    let bit = |is: bool, kind: u8| if is { kind } else { 0 };
    bit(blank, BLANK) | bit(word, WORD) | bit(value_of_digit(point).is_some(), DIGIT)
}

/// Whether a code point is a blank: white space and the separators U+001C to U+001F.
pub fn is_blank(point: char) -> bool {
    kinds(point) & BLANK != 0
}

/// A text without the blanks at its ends.
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// A text without the blanks at its start.
pub fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

/// The pieces between runs of blanks.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_blank).filter(|token| !token.is_empty())
}

/// The value of a decimal digit of any script, 0..=9.
pub fn digit(point: char) -> Option<u8> {
    if kinds(point) & DIGIT == 0 { None } else { value_of_digit(point) }
}

fn value_of_digit(point: char) -> Option<u8> {
    if point.is_ascii() {
        return point.is_ascii_digit().then(|| point as u8 - b'0');
    }
    let point = u32::from(point);
    let zero = ZEROS[ZEROS.partition_point(|&zero| zero <= point).checked_sub(1)?];
    u8::try_from(point - zero).ok().filter(|value| *value < 10)
}

/// The digits at the start of a text, of any script, and what follows them. `None` where there are none.
pub fn leading_digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|point| digit(point).is_none()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The value of a text of digits, of any script; `None` beyond [`MOST_DIGITS`]. Values too large for the type become its
/// largest.
pub fn whole_number(digits: &str) -> Option<u64> {
    let mut value = 0_u64;
    for (position, point) in digits.chars().enumerate() {
        if position >= MOST_DIGITS {
            return None;
        }
        value = value.saturating_mul(10).saturating_add(u64::from(digit(point)?));
    }
    Some(value)
}

/// Whether a code point is a letter, a numeric character or an underscore.
pub fn is_word(point: char) -> bool {
    kinds(point) & WORD != 0
}

/// The number that Python's `float` reads in a text: blanks around it, a sign, decimal digits of any script with single
/// underscores between them, a fraction, an exponent; or `inf`, `infinity`, `nan` in any case. What is too large is infinite.
pub fn float(text: &str) -> Option<f64> {
    let text = trim(text);
    if text.is_empty() {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut points = text.chars().peekable();
    let mut digit_before = false;
    while let Some(point) = points.next() {
        match digit(point) {
            Some(value) => plain.push(char::from(b'0' + value)),
            None if point == '_' => {
                if !digit_before || points.peek().is_none_or(|next| digit(*next).is_none()) {
                    return None;
                }
            }
            None if point.is_ascii() => plain.push(point),
            None => return None,
        }
        digit_before = digit(point).is_some();
    }
    // Rust reads the same grammar once underscores and other digits are gone.
    plain.parse().ok()
}

fn within(runs: &[(u32, u32)], point: char) -> bool {
    let point = u32::from(point);
    let after = runs.partition_point(|&(first, _)| first <= point);
    after > 0 && point <= runs[after - 1].1
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{digit, float, is_blank, is_word, tokens, trim, whole_number};

    #[rstest]
    #[case::tab('\t', true)]
    #[case::file_separator('\u{1C}', true)]
    #[case::unit_separator('\u{1F}', true)]
    #[case::next_line('\u{85}', true)]
    #[case::no_break('\u{A0}', true)]
    #[case::ogham('\u{1680}', true)]
    #[case::ideographic('\u{3000}', true)]
    #[case::zero_width('\u{200B}', false)]
    #[case::word_joiner('\u{2060}', false)]
    #[case::byte_order_mark('\u{FEFF}', false)]
    #[case::mongolian('\u{180E}', false)]
    #[case::escape('\u{1B}', false)]
    fn blanks(#[case] point: char, #[case] blank: bool) {
        assert_eq!(is_blank(point), blank);
    }

    #[test]
    fn trims_and_splits_at_blanks() {
        assert_eq!(trim("\u{3000}\u{1C} a b\u{A0}\n"), "a b");
        assert_eq!(tokens(" a\u{1F}b \u{2003}c ").collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[rstest]
    #[case('7', Some(7))]
    #[case('７', Some(7))]
    #[case('٣', Some(3))]
    #[case('𝟗', Some(9))]
    #[case('²', None)]
    #[case('①', None)]
    #[case('五', None)]
    #[case('a', None)]
    #[case('\u{10FFFF}', None)]
    fn digits(#[case] point: char, #[case] value: Option<u8>) {
        assert_eq!(digit(point), value);
    }

    #[rstest]
    #[case('a', true)]
    #[case('_', true)]
    #[case('é', true)]
    #[case('中', true)]
    #[case('²', true)]
    #[case('Ⅷ', true)]
    #[case('①', true)]
    #[case('Ⓐ', false)]
    #[case('\u{301}', false)]
    #[case('\u{93E}', false)]
    #[case('-', false)]
    #[case('。', false)]
    fn word_characters(#[case] point: char, #[case] word: bool) {
        assert_eq!(is_word(point), word);
    }

    #[rstest]
    #[case("1.0", Some(1.0))]
    #[case(" +1_000.5e-1\n", Some(100.05))]
    #[case("１２", Some(12.0))]
    #[case(".5", Some(0.5))]
    #[case("5.", Some(5.0))]
    #[case("1e999", Some(f64::INFINITY))]
    #[case("-Infinity", Some(f64::NEG_INFINITY))]
    #[case("1__0", None)]
    #[case("_1", None)]
    #[case("1_", None)]
    #[case("1_.5", None)]
    #[case("0x10", None)]
    #[case("", None)]
    #[case(".", None)]
    #[case("1e", None)]
    #[case("infinit", None)]
    #[case("1 0", None)]
    #[case("−1", None)]
    fn floats(#[case] text: &str, #[case] value: Option<f64>) {
        assert_eq!(float(text), value);
    }

    #[test]
    fn whole_numbers_stop_where_python_does() {
        assert_eq!(whole_number("0０7"), Some(7));
        assert_eq!(whole_number(&"9".repeat(4300)), Some(u64::MAX));
        assert_eq!(whole_number(&"9".repeat(4301)), None);
    }

    #[test]
    fn not_a_number_is_read_too() {
        assert!(float("NaN").expect("a number").is_nan());
        assert!(float("+nan").expect("a number").is_nan());
    }
}
