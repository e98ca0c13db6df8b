//! Spatial reasoning, `mmsi`: SPEC 6.11. Degrees and percents are written off before anything is compared.

use std::borrow::Cow;

use super::{Verifier, read_framed};
use crate::Finding;
use crate::number::{NumberSettings, Reach, Ruling, python};
use crate::reply::{Boxed, Frame};
use crate::text::{digit, float, trim};

/// The verifier of spatial reasoning.
#[derive(Debug, Clone)]
pub(super) struct Spatial {
    boxed: Boxed,
    ruling: Ruling,
}

impl Spatial {
    /// With these settings.
    pub(super) fn new(settings: NumberSettings) -> Self {
        Self { boxed: settings.boxed, ruling: Ruling::new(settings).with_symbols() }
    }
}

impl Verifier for Spatial {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::Think, self.boxed)
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        let plain = |text: &str| {
            let text = without_degrees(text);
            // In the full reach a percent is read as the fraction that it is.
            if self.ruling.reach() == Reach::Full { text } else { without_percent(text) }
        };
        self.ruling.decide(question, &plain(answer), &plain(truth))
    }
}

/// Without the signs of degrees, but for those between two digits: `45°30'` is not `4530'`.
fn without_degrees(text: &str) -> String {
    if !text.contains('°') {
        return trim(text).to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut points = text.chars().peekable();
    while let Some(point) = points.next() {
        let is_digit = |point: char| digit(point).is_some();
        let inside = plain.chars().next_back().is_some_and(is_digit) && points.peek().copied().is_some_and(is_digit);
        if point != '°' || inside {
            plain.push(point);
        }
    }
    trim(&plain).to_owned()
}

/// `50%` as `0.5`, the way the published system prints it.
fn without_percent(text: String) -> String {
    let share = text.strip_suffix('%').and_then(float).filter(|share| !share.is_nan());
    share.map_or(text, |share| python(share / 100.0))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{without_degrees, without_percent};

    #[rstest]
    #[case("72°", "72")]
    #[case(" °72\n", "72")]
    #[case("72°C", "72C")]
    #[case("45°30'", "45°30'")]
    fn drops_degrees(#[case] text: &str, #[case] plain: &str) {
        assert_eq!(without_degrees(text), plain);
    }

    #[rstest]
    #[case("50%", "0.5")]
    #[case("+50 %", "0.5")]
    #[case("1e17%", "1000000000000000.0")]
    #[case("0.001%", "1e-05")]
    #[case("nan%", "nan%")]
    #[case("%", "%")]
    #[case("abc%", "abc%")]
    fn divides_percents(#[case] text: &str, #[case] plain: &str) {
        assert_eq!(without_percent(text.to_owned()), plain);
    }
}
