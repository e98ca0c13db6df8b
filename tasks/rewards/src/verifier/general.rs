//! Anything else: the same text is right, all else is for a judge.
//!
//! What is compared is what a pattern of the settings finds, or without one the whole reply.

use std::borrow::Cow;

use super::{Reach, Verifier, same_text, texts_differ};
use crate::Finding;
use crate::reply::{Flaw, Pattern, boxes};
use crate::text::trim;

/// See the module.
#[derive(Debug)]
pub(super) struct General {
    pub(super) pattern: Option<Pattern>,
    /// The published system keeps a box as a part of the answer.
    pub(super) reach: Reach,
}

impl Verifier for General {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        let Some(pattern) = &self.pattern else { return Ok(Cow::Borrowed(trim(reply))) };
        let answer = pattern.answer(reply).map_err(|flaw| Cow::Owned(flaw.to_string()))?;
        if self.reach == Reach::Published {
            return Ok(Cow::Borrowed(answer));
        }
        // Where the answer is boxed, the box has it.
        match boxes(answer)[..] {
            [] => Ok(Cow::Borrowed(answer)),
            [only] => Ok(Cow::Borrowed(trim(only))),
            _ => Err(Flaw::ManyBoxes.to_string().into()),
        }
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        same_text(answer, truth).unwrap_or_else(texts_differ)
    }
}

#[cfg(test)]
mod tests {
    use super::{General, Reach};
    use crate::Verifier;
    use crate::reply::Pattern;

    #[test]
    fn reads_by_its_pattern() {
        let pattern = Pattern::new("<answer>(.*?)</answer>").expect("a pattern");
        let general = General { pattern: Some(pattern), reach: Reach::Full };
        assert_eq!(general.read("<think>a</think><answer> 42 </answer>").as_deref(), Ok("42"));
        assert_eq!(general.read(" 42\n").as_deref(), Ok("42"));
        let boxed = "<answer>So <|begin_of_box|> Paris <|end_of_box|></answer>";
        assert_eq!(general.read(boxed).as_deref(), Ok("Paris"));
        let two = "<answer><|begin_of_box|>a<|end_of_box|><|begin_of_box|>b<|end_of_box|></answer>";
        assert!(general.read(two).is_err());
        assert_eq!(
            General { pattern: None, reach: Reach::Full }.read(" <answer>42</answer>").as_deref(),
            Ok("<answer>42</answer>")
        );
    }
}
