//! Mathematics: SPEC 6.2.

use std::borrow::Cow;

use super::Verifier;
use crate::Finding;
use crate::number::{NumberSettings, Ruling};
use crate::reply::{Boxed, Frame, read};

/// The verifier of mathematics.
#[derive(Debug, Clone)]
pub struct Math {
    boxed: Boxed,
    ruling: Ruling,
}

impl Math {
    /// With these settings.
    pub fn new(settings: NumberSettings) -> Self {
        Self { boxed: settings.boxed, ruling: Ruling::new(settings) }
    }
}

impl Verifier for Math {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read(reply, Frame::ThinkAnswer, self.boxed).map(Cow::Borrowed).map_err(|flaw| Cow::Owned(flaw.to_string()))
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        self.ruling.decide(question, answer, truth)
    }
}
