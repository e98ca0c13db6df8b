use rstest::rstest;

use super::{Boxed, Flaw, Frame, check, read};

/// `«»` for the answer tags and `⟦⟧` for the box tokens.
fn spelt(text: &str) -> String {
    text.replace('«', "<answer>")
        .replace('»', "</answer>")
        .replace('⟦', "<|begin_of_box|>")
        .replace('⟧', "<|end_of_box|>")
}

#[rstest]
#[case::plain("<think>a</think>«42»", Ok(()))]
#[case::any_ascii_case("<THINK>a</tHINK>\n\n<Answer>42</ANSWER>\n", Ok(()))]
#[case::empty_parts("<think></think>«»", Ok(()))]
#[case::unpaired_tokens("<think>a</think>«⟧42⟦»", Ok(()))]
#[case::boxes_in_the_thinking("<think>⟦a⟧⟦b⟧\\boxed{c}</think>«42»", Ok(()))]
#[case::file_separator_between("<think>a</think>\u{1C}«42»", Ok(()))]
#[case::leading_blank(" <think>a</think>«42»", Err(Flaw::NoThink))]
#[case::attribute("<think id=1>a</think>«42»", Err(Flaw::NoThink))]
#[case::kelvin_sign("<thin\u{212A}>a</thin\u{212A}>«42»", Err(Flaw::NoThink))]
#[case::dotless_i("<th\u{131}nk>a</th\u{131}nk>«42»", Err(Flaw::NoThink))]
#[case::open_thinking("<think>a«42»", Err(Flaw::ThinkUnclosed))]
#[case::no_answer("<think>a</think>42", Err(Flaw::NoAnswer))]
#[case::zero_width_space_between("<think>a</think>\u{200B}«42»", Err(Flaw::NoAnswer))]
#[case::closed_twice("<think>a</think></think>«42»", Err(Flaw::NoAnswer))]
#[case::open_answer("<think>a</think>«42", Err(Flaw::AnswerUnclosed))]
#[case::blank_after("<think>a</think>«42» ", Err(Flaw::TextAfter))]
#[case::two_line_feeds_after("<think>a</think>«42»\n\n", Err(Flaw::TextAfter))]
#[case::two_answers("<think>a</think>«42»«43»", Err(Flaw::TextAfter))]
#[case::tag_in_thinking("<think>a </ANSWER></think>«42»", Err(Flaw::TagInThinking))]
#[case::tag_in_answer("<think>a</think>«<think>42»", Err(Flaw::TagInAnswer))]
#[case::two_begins("<think>a</think>«⟦<|BEGIN_OF_BOX|>42⟧»", Err(Flaw::BoxTokenTwice))]
#[case::two_ends("<think>a</think>«⟦42⟧⟧»", Err(Flaw::BoxTokenTwice))]
#[case::legacy_box("<think>a</think>«\\BOXED{42}»", Err(Flaw::LegacyBox))]
fn the_format_check(#[case] reply: &str, #[case] expected: Result<(), Flaw>) {
    assert_eq!(check(&spelt(reply)), expected);
}

#[rstest]
#[case::box_between_words("<think>a</think>«It is ⟦ 42 ⟧.»", Ok("42"), Ok("42"))]
#[case::empty_box("<think>a</think>«⟦⟧»", Ok(""), Ok(""))]
#[case::legacy_box("<think>a</think>«\\boxed{ 42 } ⟦43⟧»", Ok("42"), Ok("42"))]
#[case::no_box("<think>⟦1⟧</think>« 42 »", Err(Flaw::NoBox), Ok("42"))]
#[case::two_boxes("<think>a</think>«⟦42⟧⟦42⟧»", Err(Flaw::ManyBoxes), Err(Flaw::ManyBoxes))]
#[case::nothing("<think>a</think>« »", Err(Flaw::EmptyAnswer), Err(Flaw::EmptyAnswer))]
#[case::upper_case_tokens(
    "<think>a</think>«<|BEGIN_OF_BOX|>42<|END_OF_BOX|>»",
    Err(Flaw::NoBox),
    Ok("<|BEGIN_OF_BOX|>42<|END_OF_BOX|>")
)]
#[case::no_frame("42", Err(Flaw::NoThink), Err(Flaw::NoThink))]
fn reading_the_answer(#[case] reply: &str, #[case] required: Result<&str, Flaw>, #[case] optional: Result<&str, Flaw>) {
    let reply = spelt(reply);
    assert_eq!(read(&reply, Frame::ThinkAnswer, Boxed::Required), required);
    assert_eq!(read(&reply, Frame::ThinkAnswer, Boxed::Optional), optional);
}

#[rstest]
#[case::plain("<think>a</think>⟦42⟧ so", Ok("42"), Ok("42"))]
#[case::tags_after("<think>a</think>«⟦42⟧»", Ok("42"), Err(Flaw::TagInAnswer))]
#[case::answer_in_the_thinking("<think>a « b</think>⟦42⟧", Ok("42"), Err(Flaw::TagInThinking))]
#[case::thinking_twice("<think><think>b</think>⟦42⟧", Err(Flaw::TagInThinking), Err(Flaw::TagInThinking))]
#[case::nothing("<think>a</think>", Err(Flaw::EmptyAnswer), Err(Flaw::EmptyAnswer))]
fn frames_without_answer_tags(
    #[case] reply: &str,
    #[case] think: Result<&str, Flaw>,
    #[case] untagged: Result<&str, Flaw>,
) {
    let reply = spelt(reply);
    assert_eq!(read(&reply, Frame::Think, Boxed::Required), think);
    assert_eq!(read(&reply, Frame::ThinkUntagged, Boxed::Required), untagged);
}

#[test]
fn a_megabyte_of_tags_takes_one_walk() {
    for piece in ["<think>", "</think>", "<", "<answer><|begin_of_box|>", "\\boxed{", "</answer"] {
        let reply = format!("<think>{}", piece.repeat(1_000_000 / piece.len()));
        assert!(check(&reply).is_err());
        assert!(read(&reply, Frame::ThinkAnswer, Boxed::Optional).is_err());
    }
}

#[test]
fn a_tag_after_many_brackets_is_found() {
    for brackets in [0, 1, 63, 64, 65, 200] {
        let noise = "<".repeat(brackets);
        assert_eq!(check(&format!("<think>{noise}</THINK><answer>{noise}</answer>")), Ok(()));
        assert_eq!(check(&format!("<think>{noise}<Answer></think><answer></answer>")), Err(Flaw::TagInThinking));
    }
}
