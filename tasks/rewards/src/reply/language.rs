//! Whether a text mixes languages: a long Chinese paragraph and a long English one.

use crate::text::{is_word, tokens, trim};

/// From which size on a paragraph is long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LanguageLimits {
    /// Code points in U+4E00..=U+9FFF.
    pub chinese_characters: usize,
    /// Words of two or more ASCII letters.
    pub english_words: usize,
}

impl Default for LanguageLimits {
    fn default() -> Self {
        Self { chinese_characters: 50, english_words: 200 }
    }
}

/// Whether a text holds a paragraph that is long and over 80% Chinese, and one that is long and over 70% English; one
/// paragraph may be both. Paragraphs are separated by two or more line feeds.
pub fn mixes_languages(text: &str, limits: LanguageLimits) -> bool {
    let (mut chinese, mut english) = (false, false);
    for paragraph in text.split("\n\n").map(trim).filter(|paragraph| !paragraph.is_empty()) {
        chinese = chinese || is_long_chinese(paragraph, limits.chinese_characters);
        english = english || is_long_english(paragraph, limits.english_words);
        if chinese && english {
            return true;
        }
    }
    false
}

fn is_long_chinese(paragraph: &str, least: usize) -> bool {
    let (mut chinese, mut all) = (0_usize, 0_usize);
    for point in paragraph.chars() {
        all += 1;
        chinese += usize::from(matches!(point, '\u{4E00}'..='\u{9FFF}'));
    }
    chinese >= least && chinese as f64 / all as f64 > 0.8
}

fn is_long_english(paragraph: &str, least: usize) -> bool {
    let words = english_words(paragraph);
    words >= least && words as f64 / (tokens(paragraph).count() as f64 + 0.00001) > 0.7
}

/// The runs of two or more ASCII letters that touch no other word character.
fn english_words(text: &str) -> usize {
    let (mut words, mut run) = (0, 0_usize);
    // Whether the run, or what came before it, is spoilt by another word character.
    let mut touched = false;
    for point in text.chars() {
        if point.is_ascii_alphabetic() {
            run += 1;
            continue;
        }
        let word = is_word(point);
        words += usize::from(run >= 2 && !touched && !word);
        run = 0;
        touched = word;
    }
    words + usize::from(run >= 2 && !touched)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{LanguageLimits, english_words, mixes_languages};

    #[rstest]
    #[case("it's well-known", 3)]
    #[case("a ab abc", 2)]
    #[case("x1y ab1 1ab", 0)]
    #[case("foo_bar", 0)]
    #[case("naïve", 0)]
    #[case("ab\u{301}cd", 2)]
    #[case("中ab中", 0)]
    #[case("。ab。", 1)]
    #[case("²ab", 0)]
    fn counts_words(#[case] text: &str, #[case] words: usize) {
        assert_eq!(english_words(text), words);
    }

    #[rstest]
    #[case::both("中中中中中\n\nword word word", true)]
    #[case::three_line_feeds("中中中中中\n\n\nword word word", true)]
    #[case::one_line_feed("中中中中中\nword word word", false)]
    #[case::a_space_between("中中中中中\n \nword word word", false)]
    #[case::too_little_chinese("中中中中\n\nword word word", false)]
    #[case::not_over_80_percent("中中中中中中中中。。\n\nword word word", false)]
    #[case::too_few_words("中中中中中\n\nword word", false)]
    fn mixes(#[case] text: &str, #[case] mixed: bool) {
        let limits = LanguageLimits { chinese_characters: 5, english_words: 3 };
        assert_eq!(mixes_languages(text, limits), mixed);
        assert!(!mixes_languages(text, LanguageLimits::default()));
    }
}
