//! Mathematics: SPEC 6.2.

use std::borrow::Cow;

use super::{Verifier, read_framed};
use crate::Finding;
use crate::number::{NumberSettings, Ruling};
use crate::reply::{Boxed, Frame};

/// The verifier of mathematics.
#[derive(Debug, Clone)]
pub(super) struct Math {
    boxed: Boxed,
    ruling: Ruling,
}

impl Math {
    /// With these settings.
    pub(super) fn new(settings: NumberSettings) -> Self {
        Self { boxed: settings.boxed, ruling: Ruling::new(settings) }
    }
}

impl Verifier for Math {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::ThinkAnswer, self.boxed)
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        self.ruling.decide(question, answer, truth)
    }
}
