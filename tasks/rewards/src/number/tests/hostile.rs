//! Texts made to break a reader: each is refused, or read, in no time and without a panic.

use std::time::{Duration, Instant};

use rstest::rstest;

use crate::number::{Closeness, Notation, Rational, agree, count, read};

fn closeness() -> Closeness {
    let relative = Rational::scaled("1", 10, -5).unwrap();
    Closeness { floor: relative.clone(), relative, absolute_near_zero: true, by_digits: true, directed: false }
}

/// Reads in both notations and compares with itself and with 7.
fn exercise(text: &str) {
    let _ = count(text);
    for notation in [Notation::Program, Notation::School] {
        let truth = read("7", notation).unwrap();
        if let Some(answer) = read(text, notation) {
            let _ = agree(&answer, &truth, &closeness(), false);
            let _ = agree(&truth, &answer, &closeness(), true);
            let _ = agree(&answer, &answer, &closeness(), false);
        }
    }
}

#[rstest]
#[case::tower("9**9**9")]
#[case::tower_latex("10^{10^{10}}")]
#[case::exponent("1e999999999999999999")]
#[case::exponent_negative("1e-9223372036854775808")]
#[case::factorial("99999999999999999999!")]
#[case::factorials("9!!!!!!!!!!")]
#[case::least("-9223372036854775808^-9223372036854775808")]
#[case::fermat("x^2305843009213693950")]
#[case::unit_power("5 m^9223372036854775807")]
#[case::zero_power("0^0")]
#[case::zero_denominator(r"\frac{0}{0}")]
#[case::chinese("百分之零分之零")]
#[case::english("nine hundred ninety nine trillion billion")]
#[case::signs("±±±±1")]
#[case::open("{")]
#[case::command("\\")]
#[case::frac(r"\frac")]
#[case::root(r"\sqrt[")]
#[case::subscript("x_")]
#[case::replacement("\u{FFFD}\u{0}")]
fn survives(#[case] text: &str) {
    exercise(text);
}

#[rstest]
#[case::digits("9")]
#[case::digits_grouped("999,")]
#[case::open("(")]
#[case::open_set("{")]
#[case::command(r"\frac{")]
#[case::roots("√")]
#[case::roots_nested("sqrt(")]
#[case::minus("-")]
#[case::powers("9^")]
#[case::sums("x+")]
#[case::products("x*")]
#[case::products_implicit("xyz ")]
#[case::factorials("3!")]
#[case::commas("1,")]
#[case::semicolons("1;")]
#[case::relations("x<")]
#[case::unions("(1,2)∪")]
#[case::chinese("百")]
#[case::superscripts("²")]
#[case::units("m·")]
#[case::english("two hundred ")]
#[case::nouns("a ")]
#[case::quotes("\"$")]
#[case::dollars("$ $")]
#[case::sines("sin ")]
fn is_fast(#[case] piece: &str) {
    const LIMIT: Duration = Duration::from_millis(500);
    for length in [48, 500, 4_000, 8_000, 1_000_000] {
        let text = piece.repeat(length / piece.len());
        for text in [text.clone(), format!("{text}1"), format!("1{text}")] {
            // Unoptimised; optimised it is under ten milliseconds. A busy machine may hold up one try, not all.
            let in_time = (0..5).any(|_| {
                let start = Instant::now();
                exercise(&text);
                start.elapsed() < LIMIT
            });
            assert!(in_time, "{length} bytes of {piece:?} took over {LIMIT:?}");
        }
    }
}

#[test]
fn random_texts_are_read_without_a_panic() {
    const PIECES: [&str; 56] = [
        "1", "0", "42", "9", ".", ",", "e", "E5", "x", "y", "pi", "+", "-", "*", "/", "^", "**", "(", ")", "[", "]",
        "{", "}", "\\frac", "\\sqrt", "\\left", "\\{", "\\text{", "\\pm", "\\log_", "=", "<", ">=", ":", ";", " ", "%",
        "°", "'", "m", "kg", "s", "$", "!", "|", "百", "三", "分之", "万", "five", "and", "half", "∪", "∞", "²", "½",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..20_000 {
        let length = next() % 14;
        let text: String = (0..length).map(|_| PIECES[(next() % 56) as usize]).collect();
        exercise(&text);
    }
}
