//! Chemistry: SPEC 6.4. Numbers, quantities with their units, and formulas of substances.

use std::borrow::Cow;

use super::{Verifier, read_framed};
use crate::Finding;
use crate::number::{NumberSettings, Ruling};
use crate::reply::{Boxed, Frame};

/// What the published system takes for a unit wherever it stands.
const MARKS: [&str; 37] = [
    "mol",
    "L",
    "ml",
    "M",
    "N",
    "g/mol",
    "mol/L",
    "N_A",
    "atm",
    "kPa",
    "mmHg",
    "pH",
    "pOH",
    "K_w",
    "K_a",
    "K_b",
    "K_sp",
    "K_c",
    "K_p",
    "ΔH",
    "ΔS",
    "ΔG",
    "E°",
    "cal",
    "kcal",
    "kJ",
    "eV",
    "ppm",
    "ppb",
    "摩尔",
    "升",
    "毫升",
    "标准大气压",
    "氢离子浓度",
    "平衡常数",
    "摩尔浓度",
    "阿伏伽德罗常数",
];

/// The verifier of chemistry.
#[derive(Debug, Clone)]
pub(super) struct Chemistry {
    boxed: Boxed,
    ruling: Ruling,
}

impl Chemistry {
    /// With these settings.
    pub(super) fn new(settings: NumberSettings) -> Self {
        Self { boxed: settings.boxed, ruling: Ruling::new(settings).with_marks(&MARKS).with_reactions() }
    }
}

impl Verifier for Chemistry {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::ThinkAnswer, self.boxed)
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        self.ruling.decide(question, answer, truth)
    }
}
