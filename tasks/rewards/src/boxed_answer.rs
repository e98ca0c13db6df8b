//! The answer of a reply whose answer stands in one box, behind whatever was thought.

use std::borrow::Cow;

use crate::characters::trim;

const BEGIN: &str = "<|begin_of_box|>";
const END: &str = "<|end_of_box|>";
/// Longer answers are lists of guesses, in bytes.
const LONGEST: usize = 16 * 1024;

/// The content of the only box behind the thinking; where there is no box, all that stands there, without answer tags.
///
/// # Errors
/// Where there are several boxes, a box is not closed, or the answer is empty or long.
pub(crate) fn read(reply: &str) -> Result<Cow<'_, str>, Cow<'static, str>> {
    let spoken = reply.rfind("</think>").map_or(reply, |end| &reply[end + "</think>".len()..]);
    let answer = match spoken.split_once(BEGIN) {
        None if spoken.contains(END) => return Err("a box is closed that was not opened".into()),
        None => {
            let spoken = trim(spoken);
            let spoken = spoken.strip_prefix("<answer>").unwrap_or(spoken);
            spoken.strip_suffix("</answer>").unwrap_or(spoken)
        }
        Some((before, after)) => {
            let (content, rest) = after.split_once(END).ok_or("a box is not closed")?;
            if before.contains(END) || content.contains(BEGIN) || rest.contains(BEGIN) || rest.contains(END) {
                return Err("the reply has more than one box".into());
            }
            content
        }
    };
    match trim(answer) {
        "" => Err("the answer is empty".into()),
        answer if answer.len() > LONGEST => Err("the answer has more than 16384 bytes".into()),
        answer => Ok(answer.into()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::boxed("<think>x</think><answer>it is <b> a <e></answer>", Some("a"))]
    #[case::plain("[[1,2,3,4]]", Some("[[1,2,3,4]]"))]
    #[case::tags("<think>x</think>\n<answer> a </answer>", Some("a"))]
    #[case::box_in_thinking("<think><b>x<e></think><b>a<e>", Some("a"))]
    #[case::two("<b>a<e><b>b<e>", None)]
    #[case::nested("<b><b>a<e><e>", None)]
    #[case::open("<b>a", None)]
    #[case::closed("a<e>", None)]
    #[case::empty("<b> <e>", None)]
    fn exactly_one_answer_is_read(#[case] reply: &str, #[case] expected: Option<&str>) {
        let reply = reply.replace("<b>", BEGIN).replace("<e>", END);
        assert_eq!(read(&reply).ok().as_deref(), expected);
    }
}
