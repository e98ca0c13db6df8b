//! What the published scripts take for a blank, a digit and a number: Python's notions, which are wider than Rust's.

/// The zero of every run of decimal digits (category Nd) outside ASCII; the other nine follow it.
const ZEROS: [u32; 65] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
    0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0,
    0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0,
    0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

/// Python refuses to turn longer texts of digits into integers.
pub(crate) const MOST_DIGITS: usize = 4300;

pub(crate) fn is_blank(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

pub(crate) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

/// The value of a decimal digit of any script.
pub(crate) fn digit(character: char) -> Option<u8> {
    if character.is_ascii() {
        return character.to_digit(10).map(|value| value as u8);
    }
    let code = u32::from(character);
    let after = ZEROS.partition_point(|&zero| zero <= code);
    let offset = code - ZEROS[after.checked_sub(1)?];
    (offset < 10).then_some(offset as u8)
}

/// The digits at the start of a text, of any script, and what follows them. `None` where there are none.
pub(crate) fn leading_digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|character| digit(character).is_none()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The value of a text of digits, of any script; `None` beyond what Python would read. Values too large for the type
/// become its largest.
pub(crate) fn whole_number(digits: &str) -> Option<u64> {
    let mut value = 0_u64;
    for (position, character) in digits.chars().enumerate() {
        if position >= MOST_DIGITS {
            return None;
        }
        value = value.saturating_mul(10).saturating_add(u64::from(digit(character)?));
    }
    Some(value)
}

/// What Python's `float` makes of a text: blanks around, single underscores between digits, digits of any script,
/// infinities and not-a-number.
pub(crate) fn python_float(text: &str) -> Option<f64> {
    /// Digits beyond these change no double.
    const LONGEST: usize = 4096;

    let text = trim(text);
    if text.len() > LONGEST {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut after_digit = false;
    while let Some(character) = characters.next() {
        if let Some(value) = digit(character) {
            plain.push(char::from(b'0' + value));
            after_digit = true;
        } else if character == '_' {
            let before_digit = characters.peek().is_some_and(|&next| digit(next).is_some());
            if !(after_digit && before_digit) {
                return None;
            }
            after_digit = false;
        } else {
            plain.push(character);
            after_digit = false;
        }
    }
    plain.parse().ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::ascii('7', Some(7))]
    #[case::full_width('４', Some(4))]
    #[case::arabic_indic('٩', Some(9))]
    #[case::mathematical('\u{1d7ff}', Some(9))]
    #[case::superscript('²', None)]
    #[case::circled('①', None)]
    #[case::letter('x', None)]
    #[case::above_all('\u{10ffff}', None)]
    fn digits_of_every_script_have_their_value(#[case] character: char, #[case] expected: Option<u8>) {
        assert_eq!(digit(character), expected);
    }

    #[test]
    fn the_zeros_are_sorted() {
        assert!(ZEROS.is_sorted());
    }

    #[rstest]
    #[case::plain("50", Some(50.0))]
    #[case::blanks(" 50\t", Some(50.0))]
    #[case::underscore("5_0", Some(50.0))]
    #[case::two_underscores("5__0", None)]
    #[case::underscore_last("50_", None)]
    #[case::exponent("1e2", Some(100.0))]
    #[case::overflow("1e400", Some(f64::INFINITY))]
    #[case::infinity("-Infinity", Some(f64::NEG_INFINITY))]
    #[case::full_width("５０", Some(50.0))]
    #[case::unit("50px", None)]
    #[case::hexadecimal("0x10", None)]
    #[case::empty("", None)]
    fn floats_are_read_as_python_reads_them(#[case] text: &str, #[case] expected: Option<f64>) {
        assert_eq!(python_float(text), expected);
    }

    #[test]
    fn whole_numbers_stop_where_python_does() {
        assert_eq!(whole_number("0０7"), Some(7));
        assert_eq!(whole_number(&"9".repeat(4300)), Some(u64::MAX));
        assert_eq!(whole_number(&"9".repeat(4301)), None);
    }
}
