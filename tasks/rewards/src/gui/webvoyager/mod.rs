//! WebVoyager: one call of an action on a page, or the older form by the numbers of marks.
//!
//! Published: a click is right on the very point and almost worthless beside it; typed and answered text counts by the
//! longest common subsequence, scrolls by their distances, keys only when equal but for case.

mod new_form;
mod old_form;
mod published;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::{ANSWER_UNREADABLE, TRUTH_UNREADABLE, Terms, VALUE_UNREADABLE, boxed, call, nothing, step, strict};
use crate::text::trim;
use crate::{Finding, Verifier};

/// Compares actions in a browser.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebVoyager {
    /// By which rules.
    pub terms: Terms,
}

impl Verifier for WebVoyager {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let (content, readable) = match self.terms {
            Terms::Published => {
                let content = boxed::many_lines(reply)?;
                (content, published::Action::of(content).is_some())
            }
            Terms::Strict => {
                let content = boxed::only_box(reply)?;
                (content, strict_step(content).is_some())
            }
        };
        if readable { Ok(content.into()) } else { Err(ANSWER_UNREADABLE.into()) }
    }

    fn read_value<'a>(&self, value: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let value = trim(value);
        let readable = self.terms == Terms::Published || strict_step(value).is_some();
        if readable { Ok(value.into()) } else { Err(VALUE_UNREADABLE.into()) }
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        match self.terms {
            Terms::Published => match (published::Action::of(answer), published::Action::of(truth)) {
                (_, None) => nothing(TRUTH_UNREADABLE),
                (None, _) => nothing(ANSWER_UNREADABLE),
                (Some(answer), Some(truth)) => published::score(&answer, &truth),
            },
            Terms::Strict => match (strict_step(answer), strict_step(truth)) {
                (_, None) => nothing(TRUTH_UNREADABLE),
                (None, _) => nothing(ANSWER_UNREADABLE),
                (Some(answer), Some(truth)) => strict::score(&answer, &truth),
            },
        }
    }
}

/// Under strict terms there is only the newer form.
fn strict_step(text: &str) -> Option<step::Step> {
    step::of_call(&call::parse(text)?)
}
