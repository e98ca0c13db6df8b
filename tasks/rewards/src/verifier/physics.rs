//! Physics: SPEC 6.3. Numbers, and quantities with their units.

use std::borrow::Cow;

use super::{Verifier, read_framed};
use crate::Finding;
use crate::number::{NumberSettings, Ruling};
use crate::reply::{Boxed, Frame};

/// What the published system takes for a unit wherever it stands; most English words hold one.
const MARKS: [&str; 31] = [
    "kg",
    "g",
    "m",
    "cm",
    "mm",
    "km",
    "s",
    "ms",
    "h",
    "J",
    "N",
    "Pa",
    "W",
    "V",
    "A",
    "Ω",
    "℃",
    "K",
    "mol",
    "L",
    "ml",
    "％",
    "%",
    "米",
    "千克",
    "焦耳",
    "牛",
    "摄氏度",
    "安",
    "伏",
    "欧姆",
];

/// The verifier of physics.
#[derive(Debug, Clone)]
pub(super) struct Physics {
    boxed: Boxed,
    ruling: Ruling,
}

impl Physics {
    /// With these settings.
    pub(super) fn new(settings: NumberSettings) -> Self {
        Self { boxed: settings.boxed, ruling: Ruling::new(settings).with_marks(&MARKS) }
    }
}

impl Verifier for Physics {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::ThinkAnswer, self.boxed)
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        self.ruling.decide(question, answer, truth)
    }
}
