//! The text between the box tokens, each dialect in its own way.

use crate::reply::{BEGIN_OF_BOX as BEGIN, END_OF_BOX as END};
use crate::text::trim;

/// Longer contents are no action, in bytes.
const LONGEST: usize = 16 * 1024;

/// What is wrong with a reply in which no action can be found.
pub(super) const NO_BOX: &str = "the reply has no box";
pub(super) const TOO_LONG: &str = "the box holds more than 16384 bytes";

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

    #[test]
    fn long_boxes_are_refused() {
        let reply = tokens(&format!("«{}»", "a".repeat(LONGEST + 1)));
        for read in [android, one_line, many_lines] {
            assert_eq!(read(&reply), Err(TOO_LONG));
        }
    }
}
