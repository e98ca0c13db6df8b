//! Charts: SPEC 6.9. Numbers are read off a scale and need only come near, years have to be met.

use std::borrow::Cow;

use super::Verifier;
use crate::Finding;
use crate::number::{Answer, Notation, NumberSettings, Parsed, Reach, Ruling, literal, read};
use crate::reply::{Boxed, Flaw, Frame, Parts, Pattern, answer_in, split};
use crate::text::trim;

/// Whole numbers of this size are years, before our era too.
const YEARS: std::ops::RangeInclusive<i64> = 1_000..=3_000;

/// The verifier of charts.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    boxed: Boxed,
    pattern: Option<Pattern>,
    ruling: Ruling,
    /// For truths that speak of years.
    exact: Ruling,
}

impl Chart {
    /// With these settings. The first group of `pattern` is the thinking part, the second the answer part; without one the
    /// frame of all replies is read.
    pub(super) fn new(settings: NumberSettings, pattern: Option<Pattern>) -> Self {
        let exact = Ruling::new(settings);
        Self { boxed: settings.boxed, pattern, ruling: exact.clone().with_measured_integers(), exact }
    }

    fn parts<'a>(&self, reply: &'a str) -> Result<Parts<'a>, Flaw> {
        match &self.pattern {
            Some(pattern) => pattern.parts(reply)?.without_tags(),
            None => split(reply, Frame::ThinkAnswer),
        }
    }

    /// Whether two years are the same; `None` where not both are years.
    ///
    /// The published comparison, made where there is a question, also tells `2016.0` from `2016`.
    fn years(&self, question: &str, answer: &str, truth: &str) -> Option<bool> {
        let published = self.ruling.reach() != Reach::Full;
        let notation = if published { Notation::Program } else { Notation::School };
        let year = |text| {
            let (value, decimal) = literal(text, notation)?;
            Some((value.small_integer().filter(|year| YEARS.contains(&year.abs()))?, decimal))
        };
        let (answer, truth) = (year(answer)?, year(truth)?);
        let spelled = !published || trim(question).is_empty() || answer.1 == truth.1;
        Some(answer.0 == truth.0 && spelled)
    }
}

/// Whether a truth is a year, or a list with one.
fn speaks_of_years(truth: &str) -> bool {
    truth.contains('年') || read(truth, Notation::School).is_some_and(|truth| has_year(&truth))
}

fn has_year(truth: &Answer) -> bool {
    let year = |parsed: &Parsed| {
        let decimal = parsed.expression.written().is_none_or(|written| written.decimal);
        let value = parsed.expression.exact().and_then(|value| value.small_integer());
        !decimal && value.is_some_and(|value| YEARS.contains(&value.abs()))
    };
    match truth {
        Answer::Value(value) => year(value),
        Answer::Several(_, items) => items.iter().any(has_year),
        Answer::Relation(_, left, right) => year(left) || year(right),
        _ => false,
    }
}

impl Verifier for Chart {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let answer = self.parts(reply).and_then(|parts| answer_in(parts, self.boxed));
        answer.map(Cow::Borrowed).map_err(|flaw| Cow::Owned(flaw.to_string()))
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        match self.years(question, answer, truth) {
            Some(true) => Finding::decided(1.0, "the same year"),
            Some(false) if answer != truth => match self.ruling.reach() {
                Reach::Published => Finding::open("another year, by the rules"),
                Reach::Full => Finding::decided(0.0, "another year"),
            },
            // However the answer is written: `2015.01` and `2014+1` are not 2016 either.
            _ if self.ruling.reach() == Reach::Full && speaks_of_years(truth) => {
                self.exact.decide(question, answer, truth)
            }
            _ => self.ruling.decide(question, answer, truth),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Chart;
    use crate::number::{NumberSettings, Reach};
    use crate::{Finding, Verifier};

    #[rstest]
    #[case::near("41", "42", Reach::Full, Some(1.0))]
    #[case::far("40", "42", Reach::Full, Some(0.0))]
    #[case::year("2015", "2016", Reach::Full, Some(0.0))]
    #[case::year_spelled("2016.0", "2016", Reach::Full, Some(1.0))]
    #[case::year_spelled_published("2016.0", "2016", Reach::Published, None)]
    #[case::year_before_our_era("-2014", "-2016", Reach::Full, Some(0.0))]
    #[case::year_before_our_era_published("-2014", "-2016", Reach::Published, None)]
    #[case::year_and_more("2015.01", "2016", Reach::Full, Some(0.0))]
    #[case::year_as_a_sum("2014+1", "2016", Reach::Full, Some(0.0))]
    #[case::year_named("x=2015", "2016", Reach::Full, Some(0.0))]
    #[case::year_in_chinese("2015年", "2016年", Reach::Full, Some(0.0))]
    #[case::years("2013, 2018", "2014, 2019", Reach::Full, Some(0.0))]
    #[case::years_met("2014, 2019", "2019, 2014", Reach::Full, Some(1.0))]
    #[case::year_of_a_name("2013", "x=2014", Reach::Full, Some(0.0))]
    #[case::with_a_unit("1510 km", "1500 km", Reach::Full, Some(1.0))]
    #[case::no_year("3100", "3110", Reach::Full, Some(1.0))]
    fn compares(#[case] answer: &str, #[case] truth: &str, #[case] reach: Reach, #[case] expected: Option<f64>) {
        let chart = Chart::new(NumberSettings { tolerance: 0.025, reach, ..NumberSettings::default() }, None);
        let score = match chart.compare("When?", answer, truth) {
            Finding::Decided { score, .. } => Some(score),
            Finding::Open { .. } => None,
        };
        assert_eq!(score, expected);
    }
}
