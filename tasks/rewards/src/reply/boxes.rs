//! What stands in the boxes of a text: `<|begin_of_box|>…<|end_of_box|>`, and the older `\boxed{…}`.

use memchr::memmem::Finder;

use crate::text::trim;

/// The token before a boxed answer.
pub const BEGIN_OF_BOX: &str = "<|begin_of_box|>";
/// The token after a boxed answer.
pub const END_OF_BOX: &str = "<|end_of_box|>";
/// The older box, up to its opening brace.
pub(super) const LEGACY_BOX: &str = "\\boxed{";

/// The contents of all outermost boxes, in order.
///
/// If there is a `\boxed{`, only such boxes count: each takes all up to its matching brace, or to the end of the text, and
/// is not trimmed. Otherwise each pair of box tokens counts that stands in no other pair, and its content is trimmed.
pub fn boxes(text: &str) -> Vec<&str> {
    boxes_between(text, BEGIN_OF_BOX, END_OF_BOX)
}

/// As [`boxes`], with other tokens in the place of the box tokens. A token that is empty is found nowhere.
pub fn boxes_between<'a>(text: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    let legacy = legacy_boxes(text);
    if !legacy.is_empty() || begin.is_empty() || end.is_empty() {
        return legacy;
    }
    let mut contents = Vec::new();
    // The outermost box that is open, and how many are.
    let (mut start, mut depth) = (0, 0_usize);
    let (begins, ends) = (Finder::new(begin), Finder::new(end));
    let following = |from: usize, token: &Finder<'_>| token.find(&text.as_bytes()[from..]).map(|offset| from + offset);
    let (mut next_begin, mut next_end) = (following(0, &begins), following(0, &ends));
    loop {
        match (next_begin, next_end) {
            (Some(at), close) if close.is_none_or(|close| at <= close) => {
                let after = at + begin.len();
                if depth == 0 {
                    start = after;
                }
                depth += 1;
                next_begin = following(after, &begins);
                if close.is_some_and(|close| close < after) {
                    next_end = following(after, &ends);
                }
            }
            (open, Some(at)) => {
                if depth == 1 {
                    contents.push(trim(&text[start..at]));
                }
                depth = depth.saturating_sub(1);
                let after = at + end.len();
                next_end = following(after, &ends);
                if open.is_some_and(|open| open < after) {
                    next_begin = following(after, &begins);
                }
            }
            (_, None) => return contents,
        }
    }
}

fn legacy_boxes(text: &str) -> Vec<&str> {
    let mut contents = Vec::new();
    let mut rest = text;
    let legacy = Finder::new(LEGACY_BOX);
    while let Some(at) = legacy.find(rest.as_bytes()) {
        let inner = &rest[at + LEGACY_BOX.len()..];
        let mut depth = 1_usize;
        let end = inner.bytes().position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let Some(end) = end else {
            contents.push(inner);
            break;
        };
        contents.push(&inner[..end]);
        rest = &inner[end + 1..];
    }
    contents
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{boxes, boxes_between};

    #[rstest]
    #[case::none("42", &[])]
    #[case::trimmed("⟦\u{3000}42\n⟧", &["42"])]
    #[case::empty("⟦ ⟧", &[""])]
    #[case::two("⟦a⟧ or ⟦b⟧", &["a", "b"])]
    #[case::inside_another("⟦a⟦b⟧c⟧⟦d⟧", &["a⟦b⟧c", "d"])]
    #[case::opened_twice("⟦⟦a⟧", &[])]
    #[case::closed_first("⟧⟦a⟧⟧", &["a"])]
    #[case::never_closed("⟦a⟧⟦b", &["a"])]
    #[case::legacy("\\boxed{ a } ⟦b⟧", &[" a "])]
    #[case::legacy_braces("\\boxed{\\frac{1}{2}}\\boxed{\\{}", &["\\frac{1}{2}", "\\{}"])]
    #[case::legacy_inside_itself("\\boxed{\\boxed{a}}", &["\\boxed{a}"])]
    #[case::legacy_with_a_space("\\boxed {a}", &[])]
    fn contents(#[case] text: &str, #[case] expected: &[&str]) {
        let with_tokens = |text: &str| text.replace('⟦', "<|begin_of_box|>").replace('⟧', "<|end_of_box|>");
        let expected: Vec<String> = expected.iter().map(|content| with_tokens(content)).collect();
        assert_eq!(boxes(&with_tokens(text)), expected);
    }

    #[test]
    fn takes_other_tokens() {
        assert_eq!(boxes_between("x <b>c</b> <b>d", "<b>", "</b>"), ["c"]);
        assert_eq!(boxes_between("|a|b|", "|", "|"), Vec::<&str>::new(), "each is read as a beginning");
    }

    #[test]
    fn many_tokens_take_one_walk() {
        let many = "<|begin_of_box|>".repeat(100_000) + &"<|end_of_box|>".repeat(100_000);
        assert_eq!(boxes(&many).len(), 1);
        assert_eq!(boxes(&"\\boxed{".repeat(100_000)).len(), 1);
    }
}
