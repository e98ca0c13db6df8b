//! Anything else: the same text is right, all else is for a judge.
//!
//! What is compared is what a pattern of the settings finds, or without one the whole reply.

use std::borrow::Cow;

use super::{Verifier, same_text, texts_differ};
use crate::Finding;
use crate::reply::Pattern;
use crate::text::trim;

/// See the module.
#[derive(Debug)]
pub(super) struct General {
    pub(super) pattern: Option<Pattern>,
}

impl Verifier for General {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let answer = self.pattern.as_ref().map_or_else(|| Ok(trim(reply)), |pattern| pattern.answer(reply));
        answer.map(Cow::Borrowed).map_err(|flaw| flaw.to_string().into())
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        same_text(answer, truth).unwrap_or_else(texts_differ)
    }
}

#[cfg(test)]
mod tests {
    use super::General;
    use crate::Verifier;
    use crate::reply::Pattern;

    #[test]
    fn reads_by_its_pattern() {
        let pattern = Pattern::new("<answer>(.*?)</answer>").expect("a pattern");
        let general = General { pattern: Some(pattern) };
        assert_eq!(general.read("<think>a</think><answer> 42 </answer>").as_deref(), Ok("42"));
        assert_eq!(general.read(" 42\n").as_deref(), Ok("42"));
        assert_eq!(General { pattern: None }.read(" <answer>42</answer>").as_deref(), Ok("<answer>42</answer>"));
    }
}
