//! Pairs of answers that say the same, or do not.

use rstest::rstest;

use crate::number::{Agreement, Closeness, Notation, Rational, agree, read};

fn closeness() -> Closeness {
    Closeness {
        relative: Rational::scaled("1", 10, -5).unwrap(),
        floor: Rational::whole(0),
        absolute_near_zero: false,
        by_digits: true,
        directed: false,
    }
}

fn compare(answer: &str, truth: &str) -> Option<Agreement> {
    let notation = Notation::School;
    Some(agree(&read(answer, notation)?, &read(truth, notation)?, &closeness(), false))
}

#[rstest]
#[case("42.0", "42")]
#[case(r"\frac{3}{4}", "0.75")]
#[case("0.333333", "1/3")]
#[case("3.14159", "3.14")]
#[case::root(r"\sqrt{2}", "2^{1/2}")]
#[case::root_product(r"2\sqrt{3}", r"\sqrt{12}")]
#[case::rationalised(r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}")]
#[case::pi(r"2\pi", "2π")]
#[case::pi_decimal("6.283185307", r"2\pi")]
#[case::euler("e^2", r"\exp(2)")]
#[case::imaginary("1+2i", "2i+1")]
#[case::implicit("2(x+1)", "2*x+2")]
#[case::binomial("(x+1)^2", "x^2+2x+1")]
#[case::commuted("2ab", "2ba")]
#[case::quotient(r"\frac{x^2-1}{x-1}", "x+1")]
#[case::trigonometric(r"\sin^2 x+\cos^2 x", "1")]
#[case::double_angle(r"\sin 2x", r"2\sin x\cos x")]
#[case::logarithm(r"\ln 8", r"3\ln 2")]
#[case::named("x = 42", "42")]
#[case::names_left("42", "x=42")]
#[case::swapped_sides("5 = x", "x = 5")]
#[case::same_line("2x - y + 1 = 0", "y = 2x + 1")]
#[case::swapped_inequality("x>1", "1<x")]
#[case::latex_relation(r"x \geq 1", "x≥1")]
#[case::negated_inequality("-x < -1", "x > 1")]
#[case::interval_of_relation(r"[1,\infty)", "x>=1")]
#[case::interval_of_chain("1<x≤2", "(1,2]")]
#[case::interval_backwards("2 ≥ x > 1", "(1,2]")]
#[case::union(r"(-\infty,-1)\cup(1,\infty)", r"(1,\infty)\cup(-\infty,-1)")]
#[case::membership(r"x \in [0,1]", "[0,1]")]
#[case::set("{1,2}", "{2,1}")]
#[case::set_latex(r"\{1, 2\}", r"\left\{2,1\right\}")]
#[case::tuple("(1, 2)", "(1,2)")]
#[case::tuple_values("(0.5, 2)", r"(\frac12, 2)")]
#[case::list("2, 1", "1, 2")]
#[case::semicolons("1; 2", "1, 2")]
#[case::assignments("x=1,y=2", "y=2,x=1")]
#[case::both_signs(r"\pm 2", "2, -2")]
#[case::both_signs_named(r"x=\pm 2", "x=2, x=-2")]
#[case::ratio("1:2", "1∶2")]
#[case::option("(A)", "A")]
#[case::speed("5 m/s", "18 km/h")]
#[case::mass("5千克", "5 kg")]
#[case::energy("100 J", "0.1 kJ")]
#[case::concentration("0.1 mol/L", "0.1 M")]
#[case::temperature("25℃", "298 K")]
#[case::temperature_fahrenheit("212 °F", "100 °C")]
#[case::right_angle("90°", r"\frac{\pi}{2}")]
#[case::radians(r"\pi rad", "180°")]
#[case::degrees("42 degrees", r"42^\circ")]
#[case::pressure("760 mmHg", "1 atm")]
#[case::newton("10 N", "10 kg·m/s^2")]
#[case::money(r"\$42", "$42")]
#[case::percent("50%", "0.5")]
#[case::spaces("7 eV", "7eV")]
#[case::variable_m("2m", "m*2")]
fn same(#[case] answer: &str, #[case] truth: &str) {
    assert_eq!(compare(answer, truth), Some(Agreement::Same));
}

#[rstest]
#[case("43", "42")]
#[case::exact_whole("42.0000001", "42")]
#[case::exact_year("2014.01", "2014")]
#[case("-1/3", "1/3")]
#[case::too_rough("3.1", "3.14")]
#[case::rough_pi("3.14", r"\pi")]
#[case::letters("B", "A")]
#[case::polynomial("(x+1)^2", "x^2+1")]
#[case::swapped_quotient("x/y", "y/x")]
#[case::unknown("x", "7")]
#[case::set("{1,2}", "{1,3}")]
#[case::repeats("1, 1, 2", "1, 2, 2")]
#[case::tuple("(2,1)", "(1,2)")]
#[case::half_open("[1,2)", "[1,2]")]
#[case::inequality("x<1", "x>1")]
#[case::equation("y = 2x", "y = 3x")]
#[case::speed("5 m/s", "5 km/h")]
#[case::dimension("5 m", "5 s")]
#[case::percent("50%", "0.6")]
#[case::range("[0, 10]", "7")]
#[case::candidates("6, 7, 8", "7")]
#[case::candidates_words("6 or 7", "7")]
#[case::inequality_for_value("0<x<10", "7")]
#[case::infinity(r"-\infty", r"\infty")]
#[case::tiny("6.63e-20", "6.63e-34")]
#[case::far_digits("3.14159265358979", "3.15")]
fn different(#[case] answer: &str, #[case] truth: &str) {
    assert_eq!(compare(answer, truth), Some(Agreement::Different));
}

#[rstest]
#[case::no_unit_in_truth("42 cm", "42")]
#[case::no_unit_in_answer("42", "42 cm")]
#[case::percent_of_what("50%", "50")]
#[case::other_letters("v^2/g", "u^2/g")]
#[case::noun("四十二个", "42")]
#[case::list_for_relation("1, 2", "x = 1")]
fn unknown(#[case] answer: &str, #[case] truth: &str) {
    assert_eq!(compare(answer, truth), Some(Agreement::Unknown));
}
