//! Each way to write a number, read to its exact value.

use num_bigint::BigInt;
use rstest::rstest;

use crate::number::{Answer, Notation, Rational, read};

fn fraction(numerator: i64, denominator: i64) -> Rational {
    Rational::ratio(BigInt::from(numerator), BigInt::from(denominator)).unwrap()
}

/// The exact value of a text; quantities in base units.
fn value(text: &str, notation: Notation) -> Option<Rational> {
    match read(text, notation)? {
        Answer::Value(parsed) => parsed.expression.exact(),
        Answer::Quantity(value, unit, _) => unit.in_base_units(&value).exact(),
        _ => None,
    }
}

#[rstest]
#[case::whole("42", 42, 1)]
#[case::leading_zero("042", 42, 1)]
#[case::sign("-42", -42, 1)]
#[case::minus_sign("−42", -42, 1)]
#[case::plus("+2", 2, 1)]
#[case::decimal("42.50", 85, 2)]
#[case::bare_point(".5", 1, 2)]
#[case::trailing_point("42.", 42, 1)]
#[case::slash("84/2", 42, 1)]
#[case::negative_denominator("1/-3", -1, 3)]
#[case::frac(r"\frac{3}{4}", 3, 4)]
#[case::dfrac(r"-\dfrac{3}{4}", -3, 4)]
#[case::frac_of_digits(r"\frac12", 1, 2)]
#[case::frac_in_frac(r"\frac{\frac{1}{2}}{3}", 1, 6)]
#[case::vulgar("¾", 3, 4)]
#[case::mixed("1 1/2", 3, 2)]
#[case::mixed_frac(r"2\frac{1}{3}", 7, 3)]
#[case::mixed_negative(r"-1\frac{1}{2}", -3, 2)]
#[case::mixed_vulgar("3½", 7, 2)]
#[case::percent("50%", 1, 2)]
#[case::percent_latex(r"12.5\%", 1, 8)]
#[case::percent_wide("５０％", 1, 2)]
#[case::percent_word("five percent", 1, 20)]
#[case::exponent("1.5e3", 1500, 1)]
#[case::exponent_negative("25E-2", 1, 4)]
#[case::times_ten("6.02*10^3", 6020, 1)]
#[case::times_ten_program("6.02*10**3", 6020, 1)]
#[case::times_sign("6.02×10^3", 6020, 1)]
#[case::times_superscript("6.02×10³", 6020, 1)]
#[case::superscript_negative("2×10⁻²", 1, 50)]
#[case::times_letter("3 x 10^5", 300_000, 1)]
#[case::times_latex(r"6.02 \times 10^{3}", 6020, 1)]
#[case::dot_latex(r"6.02 \cdot 10^{-2}", 301, 5000)]
#[case::commas("1,234,567.5", 2_469_135, 2)]
#[case::commas_latex("1{,}000", 1000, 1)]
#[case::blanks("1 000 000", 1_000_000, 1)]
#[case::narrow_blanks(r"12\,345", 12_345, 1)]
#[case::points("1.234.567", 1_234_567, 1)]
#[case::underscore("1_000", 1000, 1)]
#[case::wide_digits("４２", 42, 1)]
#[case::arabic_digits("٣", 3, 1)]
#[case::chinese("四十二", 42, 1)]
#[case::chinese_percent("百分之五", 1, 20)]
#[case::chinese_fraction("三分之二", 2, 3)]
#[case::chinese_multiplier("3万", 30_000, 1)]
#[case::chinese_multiplier_decimal("1.5亿", 150_000_000, 1)]
#[case::word("five", 5, 1)]
#[case::words("twenty-one", 21, 1)]
#[case::dozen("a dozen", 12, 1)]
#[case::half("half", 1, 2)]
#[case::root(r"\sqrt{16}", 4, 1)]
#[case::third_root(r"\sqrt[3]{27}", 3, 1)]
#[case::root_sign("√9", 3, 1)]
#[case::power("2^10", 1024, 1)]
#[case::power_latex("2^{10}", 1024, 1)]
#[case::factorial("5!", 120, 1)]
#[case::logarithm(r"\log_2 8", 3, 1)]
#[case::logarithm_braces(r"\log_{10}{1000}", 3, 1)]
#[case::dollars("$42$", 42, 1)]
#[case::parentheses(r"\(42\)", 42, 1)]
#[case::bold("**42**", 42, 1)]
#[case::quotes("\"42\"", 42, 1)]
#[case::full_stop("42.5.", 85, 2)]
#[case::left_right(r"\left( \frac{1}{2} \right)", 1, 2)]
#[case::text(r"\text{42}", 42, 1)]
#[case::equals("= 42", 42, 1)]
fn reads(#[case] text: &str, #[case] numerator: i64, #[case] denominator: i64) {
    assert_eq!(
        value(text, Notation::School),
        Some(fraction(numerator, denominator)),
        "{:?}",
        read(text, Notation::School)
    );
}

#[rstest]
#[case::kilometre("3 km", 3000, 1)]
#[case::close("10N", 10, 1)]
#[case::speed("36 km/h", 10, 1)]
#[case::per("36 km per hour", 10, 1)]
#[case::acceleration("9.8 m/s^2", 49, 5)]
#[case::negative_power(r"9.8 m \cdot s^{-2}", 49, 5)]
#[case::superscript("9.8 m/s²", 49, 5)]
#[case::newton("2 kg·m/s²", 2, 1)]
#[case::latex(r"5\,\mathrm{kJ}", 5000, 1)]
#[case::latex_power(r"12\text{ cm}^2", 3, 2500)]
#[case::litre("500 mL", 1, 2000)]
#[case::molar("0.1 M", 100, 1)]
#[case::mole_per_litre("0.1 mol/L", 100, 1)]
#[case::molar_mass("18 g/mol", 9, 500)]
#[case::entropy("8 J/(mol·K)", 8, 1)]
#[case::atmosphere("2 atm", 202_650, 1)]
#[case::celsius("25℃", 5963, 20)]
#[case::celsius_latex(r"25^\circ C", 5963, 20)]
#[case::fahrenheit("212°F", 7463, 20)]
#[case::degree("90°", 90, 1)]
#[case::degree_word("90 degrees", 90, 1)]
#[case::degree_latex(r"90^{\circ}", 90, 1)]
#[case::arc("45°30'", 91, 2)]
#[case::ohm("2 kΩ", 2000, 1)]
#[case::ohm_latex(r"2\ k\Omega", 2000, 1)]
#[case::micro("5 μm", 1, 200_000)]
#[case::chinese("5千克", 5, 1)]
#[case::chinese_speed("10米/秒", 10, 1)]
#[case::dollar(r"\$42", 42, 1)]
#[case::yuan("42元", 42, 1)]
#[case::word("five meters", 5, 1)]
#[case::frac(r"\frac{1}{2} m", 1, 2)]
fn reads_quantities(#[case] text: &str, #[case] numerator: i64, #[case] denominator: i64) {
    assert!(matches!(read(text, Notation::School), Some(Answer::Quantity(..))), "{:?}", read(text, Notation::School));
    assert_eq!(value(text, Notation::School), Some(fraction(numerator, denominator)));
}

#[rstest]
#[case("42", Some((42, 1)))]
#[case::full_stop("42.", None)]
#[case("0042.500", Some((85, 2)))]
#[case("1/3", Some((1, 3)))]
#[case("6.02*10**3", Some((6020, 1)))]
#[case("1e-2", Some((1, 100)))]
#[case("1_000", Some((1000, 1)))]
#[case("1,234,567.5", Some((2_469_135, 2)))]
#[case("0x2A", Some((42, 1)))]
#[case("0b101010", Some((42, 1)))]
#[case("2**10", Some((1024, 1)))]
#[case("log(8,2)", Some((3, 1)))]
#[case("factorial(5)", Some((120, 1)))]
#[case("5!", Some((120, 1)))]
#[case::leading_zero("042", None)]
#[case::leading_zero_in_group("1,012", None)]
#[case::mixed("1 1/2", None)]
#[case::latex(r"\frac{1}{2}", None)]
#[case::percent("50%", None)]
#[case::wide("４２", None)]
#[case::implicit("2pi", None)]
#[case::indexing("[x for x in (7,)][0]", None)]
#[case::attributes("().__class__", None)]
#[case::call("int('7')", None)]
#[case::division_by_zero("1/0", None)]
fn reads_programs(#[case] text: &str, #[case] expected: Option<(i64, i64)>) {
    assert_eq!(
        value(text, Notation::Program),
        expected.map(|(numerator, denominator)| fraction(numerator, denominator))
    );
}

#[rstest]
#[case::range("0-10")]
#[case::date("2024-01-05")]
#[case::code("int('7')")]
#[case::attribute("().__class__")]
#[case::prose("the answer is 42")]
#[case::approximate("≈42")]
#[case::tilde("~42")]
#[case::word("mass")]
#[case::unclosed("(1")]
#[case::crossed("(1]]")]
#[case::environment(r"\begin{matrix}1\end{matrix}")]
#[case::reaction("2H2 + O2 → 2H2O")]
fn reads_nothing(#[case] text: &str) {
    assert_eq!(read(text, Notation::School), None);
}
