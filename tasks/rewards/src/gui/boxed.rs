//! The text between the box tokens: under strict terms the only box of the answer part, else each dialect in its own way.

use std::borrow::Cow;

use crate::reply::{self, BEGIN_OF_BOX as BEGIN, END_OF_BOX as END, Flaw, Frame, Parts};
use crate::text::trim;

/// Longer contents are no action, in bytes.
const LONGEST: usize = 16 * 1024;

/// What is wrong with a reply in which no action can be found.
pub(super) const NO_BOX: &str = "the reply has no box";
pub(super) const MANY_TOKENS: &str = "the answer has more box tokens than one pair";
pub(super) const TOO_LONG: &str = "the box holds more than 16384 bytes";

/// The content of the only box in the answer part; a box in the thinking part is a thought. What follows a thinking part
/// is the answer part, tagged or not, and a reply without any tag is all answer.
pub(super) fn only_box(reply: &str) -> Result<&str, Cow<'static, str>> {
    let answer = answer_part(reply).map_err(|flaw| flaw.to_string())?;
    let (before, behind) = answer.split_once(BEGIN).ok_or(NO_BOX)?;
    let (content, after) = behind.split_once(END).ok_or(NO_BOX)?;
    if [before, content, after].iter().any(|text| text.contains(BEGIN) || text.contains(END)) {
        return Err(MANY_TOKENS.into());
    }
    Ok(limited(trim(content))?)
}

fn answer_part(reply: &str) -> Result<&str, Flaw> {
    let untagged = || Parts { thinking: "", answer: reply }.without_tags();
    reply::split(reply, Frame::ThinkAnswer)
        .or_else(|flaw| reply::split(reply, Frame::ThinkUntagged).or_else(|_| untagged()).map_err(|_| flaw))
        .map(|parts| parts.answer)
}

/// Android: both tokens must occur; what follows the first begin, up to the next token of either kind or the end.
pub(super) fn android(reply: &str) -> Result<&str, &'static str> {
    let begin = reply.find(BEGIN).ok_or(NO_BOX)?;
    let content = &reply[begin + BEGIN.len()..];
    let content = match content.find(END) {
        Some(end) => &content[..end],
        None if reply[..begin].contains(END) => content,
        None => return Err(NO_BOX),
    };
    limited(trim(&content[..content.find(BEGIN).unwrap_or(content.len())]))
}

/// OSWorld: the first begin from which an end is reached within the line.
pub(super) fn one_line(reply: &str) -> Result<&str, &'static str> {
    let mut from = 0;
    let mut end = 0;
    let mut line_break = 0;
    while let Some(found) = reply[from..].find(BEGIN) {
        let content = from + found + BEGIN.len();
        if end < content {
            end = content + reply[content..].find(END).ok_or(NO_BOX)?;
        }
        if line_break < content {
            line_break = reply[content..].find('\n').map_or(reply.len(), |offset| content + offset);
        }
        if end <= line_break {
            return limited(trim(&reply[content..end]));
        }
        from = content;
    }
    Err(NO_BOX)
}

/// WebVoyager: from the first begin to the next end, across lines, as it stands.
pub(super) fn many_lines(reply: &str) -> Result<&str, &'static str> {
    let begin = reply.find(BEGIN).ok_or(NO_BOX)?;
    let content = &reply[begin + BEGIN.len()..];
    limited(&content[..content.find(END).ok_or(NO_BOX)?])
}

fn limited(content: &str) -> Result<&str, &'static str> {
    if content.len() > LONGEST { Err(TOO_LONG) } else { Ok(content) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn tokens(text: &str) -> String {
        text.replace('«', BEGIN).replace('»', END)
    }

    #[rstest]
    #[case::plain("x«a»y", Some("a"))]
    #[case::no_end_after("»« a ", Some("a"))]
    #[case::two("«a»«b»", Some("a"))]
    #[case::begin_twice("««a»", Some(""))]
    #[case::no_begin("a»", None)]
    #[case::no_end("«a", None)]
    fn android_takes_the_first_begin(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(android(&tokens(text)).ok(), expected);
    }

    #[rstest]
    #[case::plain("x« a »y", Some("a"))]
    #[case::line_break("«a\nb»", None)]
    #[case::second_line("«a\nb»«c»", Some("c"))]
    #[case::no_end("«a", None)]
    fn one_line_stays_in_its_line(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(one_line(&tokens(text)).ok(), expected);
    }

    #[rstest]
    #[case::as_it_stands("x«\na\n»y", Some("\na\n"))]
    #[case::empty_first("«»«a»", Some(""))]
    #[case::no_end("«a", None)]
    fn many_lines_are_not_trimmed(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(many_lines(&tokens(text)).ok(), expected);
    }

    #[rstest]
    #[case::framed("<think>x</think> <answer>so « a\nb »!</answer>", Some("a\nb"))]
    #[case::thought("<think>«x»</think><answer>«a»</answer>", Some("a"))]
    #[case::only_thought("<think>«x»</think><answer>a</answer>", None)]
    #[case::behind_the_thinking("<think>«x»</think>Action: «a»", Some("a"))]
    #[case::no_tags("Action: «a»", Some("a"))]
    #[case::open_thinking("<think>«a»", None)]
    #[case::two_parts("<think>x</think><answer>«a»</answer><answer>«b»</answer>", None)]
    #[case::thought_behind("<answer>«a»</answer><think>«b»</think>", None)]
    #[case::two("«a»«b»", None)]
    #[case::inside_another("«a«b»»", None)]
    #[case::begin_twice("««a»", None)]
    #[case::end_before("»«a»", None)]
    #[case::no_end("«a", None)]
    fn only_one_box_of_the_answer_counts(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(only_box(&tokens(text)).ok(), expected);
    }

    #[test]
    fn long_boxes_are_refused() {
        let reply = tokens(&format!("«{}»", "a".repeat(LONGEST + 1)));
        assert_eq!(only_box(&reply), Err(TOO_LONG.into()));
        for read in [android, one_line, many_lines] {
            assert_eq!(read(&reply), Err(TOO_LONG));
        }
    }
}
