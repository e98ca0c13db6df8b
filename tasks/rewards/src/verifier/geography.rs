//! Geography: the same text in any case, a list of the same items, or the same number is right; all else is for a judge.
//!
//! Items stand between commas, semicolons and the like. Blanks separate them too, but only between names written in Han
//! characters, which hold none, and between single letters; elsewhere a blank belongs to a name (*the published system
//! splits `first second third` too*). The order does not count unless the items are numbers, coordinates or steps (*it never
//! counts in the published system*); nor does it count how often an item is named.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Verifier, read_framed, texts_differ};
use crate::Finding;
use crate::number::{NumberSettings, Ruling};
use crate::reply::{Boxed, Frame};
use crate::text::{digit, is_blank, tokens, trim};

/// The longest answer, in bytes, that is taken apart.
const LONGEST_LIST: usize = 1 << 16;
const SEPARATORS: [char; 5] = [',', ';', '、', '，', '；'];
const CHINESE_NUMERALS: [char; 10] = ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十'];

/// See the module.
#[derive(Debug)]
pub(super) struct Geography {
    boxed: Boxed,
    ruling: Ruling,
}

impl Geography {
    /// With these settings.
    pub(super) fn new(settings: NumberSettings) -> Self {
        Self { boxed: settings.boxed, ruling: Ruling::new(settings).with_ordered_lists() }
    }
}

impl Verifier for Geography {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::ThinkAnswer, self.boxed)
    }

    fn compare(&self, question: &str, answer: &str, truth: &str) -> Finding {
        let (answer, truth) = (trim(answer), trim(truth));
        if answer == truth || answer.to_lowercase() == truth.to_lowercase() {
            return Finding::decided(1.0, "the same text, but for case");
        }
        if answer.len().max(truth.len()) > LONGEST_LIST {
            return texts_differ();
        }
        let ruled = self.ruling.decide(question, answer, truth);
        if ruled.score() == Some(1.0) {
            return ruled;
        }
        if names(truth).next().is_some() && names(answer).eq(names(truth)) {
            return Finding::decided(1.0, "the same names in the same order");
        }
        let (mut answer, truth) = (items(answer), items(truth));
        if truth.len() > 1 && truth.iter().all(|item| !item.contains(is_blank)) {
            // Where the names have no blanks, blanks separate them.
            answer = answer.into_iter().flat_map(tokens).collect();
        }
        if answer.is_empty() || truth.is_empty() {
            return texts_differ();
        }
        let same = if truth.iter().any(|item| counts_in_order(item)) {
            answer == truth
        } else {
            answer.iter().collect::<HashSet<_>>() == truth.iter().collect::<HashSet<_>>()
        };
        if same { Finding::decided(1.0, "the same items") } else { texts_differ() }
    }
}

/// What stands between separators and blanks.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(SEPARATORS).flat_map(tokens)
}

/// The items of a list; the whole text is the only one where it is none.
fn items(text: &str) -> Vec<&str> {
    let parts = text.split(SEPARATORS).map(trim).filter(|part| !part.is_empty());
    parts
        .flat_map(|part| {
            let names = tokens(part);
            if part.contains(is_blank) && tokens(part).all(holds_no_blank) { names.collect() } else { vec![part] }
        })
        .collect()
}

/// Whether a name of this kind is written without blanks: in Han characters, or as one letter.
fn holds_no_blank(name: &str) -> bool {
    name.chars().all(|point| matches!(point, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'))
        || (name.chars().count() == 1 && name.chars().all(char::is_alphabetic))
}

/// Whether an item has its place in an order: a number, a coordinate, a numbered step.
fn counts_in_order(item: &str) -> bool {
    let item = item.trim_start_matches(['(', '[', '+', '-', '−']);
    item.starts_with(|point| digit(point).is_some()) || item.starts_with('第') || item.ends_with(CHINESE_NUMERALS)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Geography;
    use crate::number::NumberSettings;
    use crate::{Finding, Verifier};

    #[rstest]
    #[case::any_case("PARIS", "paris", true)]
    #[case::final_sigma("ΑΘΗΝΑΣ", "αθηνας", true)]
    #[case::dotted_capital("İstanbul", "istanbul", false)]
    #[case::spelt_otherwise("8,848 m", "8.848 km", true)]
    #[case::any_order("长江, 黄河", "黄河、长江", true)]
    #[case::named_twice("长江, 黄河, 长江", "黄河、长江", true)]
    #[case::names_with_blanks("New York, Rome", "Rome; New York", true)]
    #[case::a_blank_between_han_names("长江\u{3000}黄河", "黄河 长江", true)]
    #[case::option_letters("A C", "C A", true)]
    #[case::a_phrase("first second third", "third first second", false)]
    #[case::a_name("York New", "New York", false)]
    #[case::coordinates("30,120", "120,30", false)]
    #[case::thousands("8,848", "848,8", false)]
    #[case::steps("步骤一 步骤二", "步骤二 步骤一", false)]
    #[case::steps_in_order("步骤一 步骤二", "步骤一、步骤二", true)]
    #[case::too_many("长江, 黄河, 珠江", "黄河、长江", false)]
    #[case::items_in_another_case("nile, Amazon", "Amazon, Nile", false)]
    #[case::separators_only(",,,", ",", false)]
    #[case::a_slash("长江/黄河", "黄河/长江", false)]
    fn compares(#[case] answer: &str, #[case] truth: &str, #[case] same: bool) {
        let finding = Geography::new(NumberSettings::default()).compare("", answer, truth);
        assert_eq!(matches!(finding, Finding::Decided { .. }), same, "{finding:?}");
    }
}
