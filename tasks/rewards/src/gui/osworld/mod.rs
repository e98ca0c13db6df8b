//! OSWorld: one call of an action with quoted parameters.
//!
//! Published: points by their distance, drags by the root of both ends' product, scrolls by place, direction and steps,
//! typed text by edits and pairs of neighbours, keys only when equal but for case.

mod published;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::{ANSWER_UNREADABLE, TRUTH_UNREADABLE, Terms, VALUE_UNREADABLE, boxed, call, nothing, step, strict};
use crate::literal::{self, Repeats, Value};
use crate::text::trim;
use crate::{Finding, Verifier};

/// Compares actions on a desktop.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsWorld {
    /// By which rules.
    pub terms: Terms,
}

impl Verifier for OsWorld {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let (content, readable) = match self.terms {
            Terms::Published => {
                let content = match boxed::one_line(reply) {
                    Err(reason) => lines_of_typed_text(reply).ok_or(reason)?,
                    Ok(content) => content,
                };
                (content, published::Action::of_call(content).is_some())
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

fn strict_step(text: &str) -> Option<step::Step> {
    step::of_call(&call::parse(text)?)
}

/// The call of a reply that types several lines: no other action may hold a line break.
fn lines_of_typed_text(reply: &str) -> Option<&str> {
    let content = boxed::many_lines(reply).ok()?;
    let starts = content.trim_start_matches(' ').starts_with("type(");
    (starts && content.ends_with(')')).then(|| trim(content))
}

/// The fields of an action that was read elsewhere, as JSON.
fn fields(text: &str) -> Option<Value> {
    text.starts_with('{').then(|| literal::read(text, Repeats::LastCounts)).flatten()
}
