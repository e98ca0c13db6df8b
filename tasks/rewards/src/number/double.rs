//! Doubles as Python prints them.

/// The fewest digits that read back as `value`, and the power of ten of the last.
///
/// # Panics
/// If `value` is negative, infinite or not a number.
pub fn shortest(value: f64) -> (String, i64) {
    assert!(value.is_finite() && value >= 0.0, "only sizes have digits, not {value}");
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').expect("the form has an exponent");
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let exponent: i64 = exponent.parse().expect("the form has a whole exponent");
    let fraction_digits = i64::try_from(fraction.len()).expect("a double has few digits");
    (format!("{whole}{fraction}"), exponent - fraction_digits)
}

/// `value` as Python's `repr` writes it: at least one decimal, an exponent of two digits or more below 0.0001 and from 1e16.
pub fn python(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}inf");
    }
    let size = value.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{sign}{size:?}");
    }
    let text = format!("{size:e}");
    let (digits, exponent) = text.split_once('e').expect("the form has an exponent");
    let exponent: i32 = exponent.parse().expect("the form has a whole exponent");
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{digits}e{exponent_sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.5, "0.5")]
    #[case(1.0, "1.0")]
    #[case(0.0, "0.0")]
    #[case(-0.0, "-0.0")]
    #[case(0.0001, "0.0001")]
    #[case(0.00001, "1e-05")]
    #[case(1.5e-7, "1.5e-07")]
    #[case(1e15, "1000000000000000.0")]
    #[case(1e16, "1e+16")]
    #[case(1.25e300, "1.25e+300")]
    #[case(5e-324, "5e-324")]
    #[case(33.3 / 100.0, "0.33299999999999996")]
    #[case(f64::INFINITY, "inf")]
    fn prints(#[case] value: f64, #[case] text: &str) {
        assert_eq!(python(value), text);
    }

    #[rstest]
    #[case(0.025, "25", -3)]
    #[case(1e-5, "1", -5)]
    #[case(0.0, "0", 0)]
    #[case(1234.5, "12345", -1)]
    fn has_digits(#[case] value: f64, #[case] digits: &str, #[case] last: i64) {
        assert_eq!(shortest(value), (digits.to_owned(), last));
    }
}
