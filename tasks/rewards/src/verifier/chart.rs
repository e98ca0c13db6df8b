//! Charts: SPEC 6.9. Numbers are read off a scale and need only come near, years have to be met.

use std::borrow::Cow;

use super::Verifier;
use crate::Finding;
use crate::number::{Notation, NumberSettings, Reach, Ruling, literal};
use crate::reply::{Boxed, Flaw, Frame, Parts, Pattern, answer_in, split};
use crate::text::trim;

/// Whole numbers in this range are years.
const YEARS: std::ops::RangeInclusive<i64> = 1_000..=3_000;

/// The verifier of charts.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    boxed: Boxed,
    pattern: Option<Pattern>,
    ruling: Ruling,
}

impl Chart {
    /// With these settings. The first group of `pattern` is the thinking part, the second the answer part; without one the
    /// frame of all replies is read.
    pub(super) fn new(settings: NumberSettings, pattern: Option<Pattern>) -> Self {
        Self { boxed: settings.boxed, pattern, ruling: Ruling::new(settings).with_measured_integers() }
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
            Some((value.small_integer().filter(|year| YEARS.contains(year))?, decimal))
        };
        let (answer, truth) = (year(answer)?, year(truth)?);
        let spelled = !published || trim(question).is_empty() || answer.1 == truth.1;
        Some(answer.0 == truth.0 && spelled)
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
