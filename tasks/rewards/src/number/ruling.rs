//! What a rule says of an answer in the domains of numbers: [`Ruling`].
//!
//! The published system means to compare numbers before it asks a judge, but its reader refuses every text (SPEC 6.1), so that
//! texts or judges decide everything. [`Reach::Published`] is that system with its reader mended: numbers written as in a
//! program are compared, on everything else its judge has the last word. [`Reach::Full`] reads what people write, converts
//! units, and leaves to the judge only what no rule can tell.

use serde::Deserialize;

use super::restates::{Restating, restates};
use super::{Agreement, Answer, Closeness, Expression, Notation, Rational, agree, read, shortest};
use crate::Finding;
use crate::reply::Boxed;
use crate::text::trim;

/// The widest relative tolerance; the published settings have one of 0.9, which almost any number meets.
const WIDEST_TOLERANCE: f64 = 0.05;

/// How far the rules reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// As far as they can.
    Full,
    /// As far as in the published system, had its numeric branch worked: numbers that agree are right, whatever else is for
    /// the judge.
    Published,
}

/// The settings of a verifier of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberSettings {
    /// Relative, for truths that are not exact; more than 0.05 counts as that.
    pub tolerance: f64,
    /// Whether the answer has to stand in a box.
    pub boxed: Boxed,
    /// How far the rules reach.
    pub reach: Reach,
}

impl Default for NumberSettings {
    fn default() -> Self {
        Self { tolerance: 1e-5, boxed: Boxed::Required, reach: Reach::Full }
    }
}

/// The rules of one domain, ready to be applied.
#[derive(Debug, Clone)]
pub struct Ruling {
    reach: Reach,
    closeness: Closeness,
    /// In the published reach: texts that hold one of these go to the judge unread.
    marks: &'static [&'static str],
    /// In the published reach: identical texts are right, empty ones too.
    identity: bool,
    /// In the published reach: unknowns and relations are compared too.
    symbols: bool,
    /// Lists have to come in the order of the truth, whatever the question.
    ordered: bool,
}

impl Ruling {
    /// The rules of mathematics; the others are changes to them.
    pub fn new(settings: NumberSettings) -> Self {
        let by_digits = settings.reach == Reach::Full;
        // The published floor takes all numbers below 1e-11 for the same: Planck's constant could be anything.
        let published = Rational::scaled("1", 10, -6).expect("a millionth is within the bounds");
        let floor = if by_digits { Rational::whole(0) } else { published };
        let relative = tolerance(settings.tolerance);
        let closeness = Closeness { relative, floor, absolute_near_zero: false, by_digits, directed: false };
        Self { reach: settings.reach, closeness, marks: &[], identity: true, symbols: false, ordered: false }
    }

    /// Physics and chemistry: the published system asks its judge about everything that holds a unit's mark.
    pub fn with_marks(mut self, marks: &'static [&'static str]) -> Self {
        self.marks = marks;
        self.identity = false;
        self
    }

    /// Charts: whole numbers are read off a scale, and need not be met exactly.
    pub fn with_measured_integers(mut self) -> Self {
        self.closeness.by_digits = false;
        self
    }

    /// `mmsi`: unknowns and relations are compared, and near 0 the difference itself counts.
    pub fn with_symbols(mut self) -> Self {
        self.symbols = true;
        if self.reach == Reach::Published {
            self.closeness.floor = self.closeness.relative.clone();
            self.closeness.absolute_near_zero = true;
        }
        self
    }

    /// Geography: a list of numbers is a place or a row of steps.
    pub fn with_ordered_lists(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// Chemistry: the sides of an equation are what goes in and what comes out.
    pub fn with_reactions(mut self) -> Self {
        self.closeness.directed = true;
        self
    }

    /// How far the rules reach.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// What the rules say.
    pub fn decide(&self, question: &str, answer: &str, truth: &str) -> Finding {
        match self.reach {
            Reach::Full => self.full(question, answer, truth),
            Reach::Published => self.published(answer, truth),
        }
    }

    fn full(&self, question: &str, answer: &str, truth: &str) -> Finding {
        if trim(answer).is_empty() {
            return Finding::decided(0.0, "the answer is empty");
        }
        if answer == truth {
            return Finding::decided(1.0, "identical");
        }
        // A number that has been rounded is told so; it has to agree like any other.
        let answer = trim(answer);
        let answer = ["≈", "\\approx", "≃"].iter().find_map(|sign| answer.strip_prefix(sign)).map_or(answer, trim);
        let (Some(said), Some(expected)) = (read(answer, Notation::School), read(truth, Notation::School)) else {
            return Finding::open("not both are numbers or formulas");
        };
        match agree(&said, &expected, &self.closeness, self.ordered || asks_for_order(question)) {
            Agreement::Same => match restates(question, answer, truth, &said) {
                Restating::No => Finding::decided(1.0, "the same value"),
                Restating::Names => Finding::open("the answer stands in the question"),
                Restating::Repeats => Finding::decided(0.0, "the answer is the task itself"),
            },
            Agreement::Different => Finding::decided(0.0, "another value"),
            Agreement::Unknown => Finding::open("the question decides whether these agree"),
        }
    }

    fn published(&self, answer: &str, truth: &str) -> Finding {
        let identical = answer == truth;
        if identical && self.identity {
            return Finding::decided(1.0, "identical");
        }
        let marked = |text: &str| self.marks.iter().any(|mark| text.contains(mark));
        if !marked(answer) && !marked(truth) {
            let numbers = (read(answer, Notation::Program), read(truth, Notation::Program));
            if let (Some(answer), Some(truth)) = numbers
                && self.comparable(&answer, &truth)
            {
                return match agree(&answer, &truth, &self.closeness, true) {
                    Agreement::Same => Finding::decided(1.0, "the same value"),
                    Agreement::Different | Agreement::Unknown => Finding::open("another value, by the rules"),
                };
            }
        }
        if identical && !answer.is_empty() {
            return Finding::decided(1.0, "identical");
        }
        Finding::open("not both are numbers")
    }

    /// Whether the published comparison applies: two numbers, two lists, and where there are unknowns anything.
    fn comparable(&self, answer: &Answer, truth: &Answer) -> bool {
        match (answer, truth) {
            (Answer::Value(answer), Answer::Value(truth)) => {
                self.symbols || (is_number(&answer.expression) && is_number(&truth.expression))
            }
            (Answer::Several(..), Answer::Several(..)) => true,
            (Answer::Relation(..), Answer::Relation(..)) => self.symbols,
            _ => false,
        }
    }
}

fn is_number(expression: &Expression) -> bool {
    expression.exact().is_some() || expression.real().is_some()
}

/// A tolerance as the decimal that it is written as.
fn tolerance(tolerance: f64) -> Rational {
    let tolerance = if tolerance.is_nan() { 0.0 } else { tolerance.clamp(0.0, WIDEST_TOLERANCE) };
    let (digits, exponent) = shortest(tolerance);
    Rational::scaled(&digits, 10, exponent).expect("a double has few digits and a small exponent")
}

/// Whether a list has to come in the order that the question asks for.
fn asks_for_order(question: &str) -> bool {
    const MARKS: [&str; 11] = [
        "order",
        "respectively",
        "smallest to",
        "largest to",
        "ascending",
        "descending",
        "rank",
        "sort",
        "依次",
        "分别",
        "顺序",
    ];
    let question = question.to_ascii_lowercase();
    MARKS.iter().any(|mark| question.contains(mark))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn score(reach: Reach, question: &str, answer: &str, truth: &str) -> Option<f64> {
        let ruling = Ruling::new(NumberSettings { reach, ..NumberSettings::default() });
        match ruling.decide(question, answer, truth) {
            Finding::Decided { score, .. } => Some(score),
            Finding::Open { .. } => None,
        }
    }

    #[rstest]
    #[case::echo("Compute $3^{10}$.", "3^{10}", "59049", Some(0.0))]
    #[case::worked_out("Compute $3^{10}$.", "59049", "59049.0", Some(1.0))]
    #[case::fraction("Which is larger, 1/2 or 1/3?", "1/2", "0.5", Some(1.0))]
    #[case::power_of_ten("c is 3×10^8 m/s", "3×10^8", "3e8", Some(1.0))]
    #[case::unsimplified("How many?", "2^3", "8", Some(1.0))]
    #[case::order("List them from smallest to largest", "2, 1", "1, 2", Some(0.0))]
    #[case::no_order("Which are the roots?", "2, 1", "1, 2", Some(1.0))]
    #[case::empty("", " ", "1", Some(0.0))]
    #[case::words("", "forty or so", "42", None)]
    #[case::rounded("", "≈ 5.2 m/s", "5.2 m/s", Some(1.0))]
    #[case::rounded_in_latex("", "\\approx 0.75", "0.76", Some(0.0))]
    #[case::latex_blank("", r"5 \mathrm{~m}/\mathrm{s}", "5 m/s", Some(1.0))]
    #[case::millions("", "1.5 million", "1500000", Some(1.0))]
    #[case::degrees_in_words("", "25 degrees Celsius", "25 °C", Some(1.0))]
    #[case::per_cent("", "75 per cent", "75%", Some(1.0))]
    #[case::fraction_sign("", "⅗", "0.6", Some(1.0))]
    #[case::seconds("", "5 m/sec", "5 m/s", Some(1.0))]
    #[case::ohms("", "10 Ohm", "10 Ω", Some(1.0))]
    #[case::bold("", r"\boldsymbol{5}", "5", Some(1.0))]
    #[case::morning("", "10:00 pm", "10:00 am", None)]
    #[case::anagram("", "5 god", "5 dog", None)]
    #[case::area("", "5 mm", "5 m²", None)]
    #[case::nothing("", "0 °F", "0 °C", Some(0.0))]
    #[case::torque("", "200 mN", "200 N·m", None)]
    #[case::other_unit("", "0.3004 km", "300 m", Some(0.0))]
    #[case::to_kelvin("", "298 K", "25 °C", Some(1.0))]
    #[case::from_kelvin("", "25 °C", "298 K", Some(1.0))]
    #[case::named("", "y=1, x=2", "(1, 2)", Some(0.0))]
    #[case::named_in_any_order("", "y=2, x=1", "(1, 2)", Some(1.0))]
    #[case::restated("Solve 3x + 4 = 19", "3x+4=19", "x=5", Some(0.0))]
    #[case::inverse("", r"\sin^{-1}(1/2)", r"\arcsin(1/2)", Some(1.0))]
    #[case::set_of_one("", "{5}", "5", Some(1.0))]
    #[case::other_name("", "f(x)=2x+1", "y=2x+1", None)]
    #[case::coulombs_or_degrees("", "25 C", "25 °C", None)]
    #[case::difference("By how much?", "10 °C", "10 K", None)]
    fn reaches_fully(#[case] question: &str, #[case] answer: &str, #[case] truth: &str, #[case] expected: Option<f64>) {
        assert_eq!(score(Reach::Full, question, answer, truth), expected);
    }

    #[rstest]
    #[case::tolerance("42.0004", "42", Some(1.0))]
    #[case::beyond("42.001", "42", None)]
    #[case::latex(r"\frac{3}{4}", "0.75", None)]
    #[case::unknowns("x + 1", "x+1", None)]
    #[case::identical("x + 1", "x + 1", Some(1.0))]
    #[case::set("{1,2}", "{2,1}", Some(1.0))]
    fn reaches_as_published(#[case] answer: &str, #[case] truth: &str, #[case] expected: Option<f64>) {
        assert_eq!(score(Reach::Published, "", answer, truth), expected);
    }

    #[test]
    fn a_tolerance_is_at_most_a_twentieth() {
        assert_eq!(tolerance(0.9), tolerance(0.05));
        assert_eq!(tolerance(f64::NAN), Rational::whole(0));
        assert_eq!(tolerance(0.025), Rational::scaled("25", 10, -3).unwrap());
    }
}
