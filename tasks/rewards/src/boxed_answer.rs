//! The answer of a reply that has one, in a box or without: for boxes, points, moments and choices.

use std::borrow::Cow;

use crate::reply::{self, BEGIN_OF_BOX, Boxed, END_OF_BOX, Frame};

/// Longer answers are lists of guesses, in bytes.
const LONGEST: usize = 16 * 1024;

/// The content of the only box, or where there is none, the whole answer part.
///
/// # Errors
/// What is wrong with the frame, where a box is not paired, or the answer is empty or long.
pub(crate) fn read(text: &str) -> Result<Cow<'_, str>, Cow<'static, str>> {
    match reply::read(text, Frame::ThinkAnswer, Boxed::Optional) {
        Err(flaw) => Err(flaw.to_string().into()),
        Ok("") => Err("the answer is empty".into()),
        Ok(answer) if answer.len() > LONGEST => Err(format!("the answer has more than {LONGEST} bytes").into()),
        Ok(answer) if answer.contains(BEGIN_OF_BOX) || answer.contains(END_OF_BOX) => {
            Err("a box is not paired, or stands in another".into())
        }
        Ok(answer) => Ok(answer.into()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::boxed("it is <b> a <e>", Some("a"))]
    #[case::plain("[[1,2,3,4]]", Some("[[1,2,3,4]]"))]
    #[case::two("<b>a<e><b>b<e>", None)]
    #[case::nested("<b><b>a<e><e>", None)]
    #[case::open("<b>a", None)]
    #[case::closed("a<e>", None)]
    #[case::empty("<b> <e>", None)]
    fn exactly_one_answer_is_read(#[case] answer: &str, #[case] expected: Option<&str>) {
        let answer = answer.replace("<b>", BEGIN_OF_BOX).replace("<e>", END_OF_BOX);
        let reply = format!("<think>x <|begin_of_box|>y<|end_of_box|></think><answer>{answer}</answer>");
        assert_eq!(read(&reply).ok().as_deref(), expected);
        assert_eq!(read(&answer).ok(), None, "the frame is missing");
    }
}
