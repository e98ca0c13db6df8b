//! Whether a text mixes languages: a long Chinese paragraph and a long English one.

use crate::text::{is_blank, is_word, trim};

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
    if !may_mix(text, limits) {
        return false;
    }
    let (mut chinese, mut english) = (false, false);
    for paragraph in text.split("\n\n").map(trim).filter(|paragraph| !paragraph.is_empty()) {
        let counts = Counts::of(paragraph);
        chinese = chinese || counts.are_long_chinese(limits.chinese_characters);
        english = english || counts.are_long_english(limits.english_words);
        if chinese && english {
            return true;
        }
    }
    false
}

/// Whether the bytes of a text would do for both paragraphs: most replies keep to one language and need no second look.
fn may_mix(text: &str, limits: LanguageLimits) -> bool {
    let count = |wanted: fn(&u8) -> bool| text.as_bytes().iter().filter(|byte| wanted(byte)).count();
    // U+4000..=U+9FFF begin with these bytes in UTF-8.
    count(|byte| matches!(byte, 0xE4..=0xE9)) >= limits.chinese_characters
        && count(u8::is_ascii_alphabetic) >= limits.english_words.saturating_mul(2)
}

/// What a paragraph holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    points: usize,
    chinese: usize,
    /// Runs of two or more ASCII letters that touch no other word character.
    words: usize,
    /// What stands between blanks.
    tokens: usize,
}

impl Counts {
    fn of(text: &str) -> Self {
        let mut counts = Self::default();
        let mut run = 0_usize;
        // Whether another word character stands right before the run.
        let mut touched = false;
        let mut after_blank = true;
        // No branch that depends on the text: a reply may be a megabyte of anything.
        for point in text.chars() {
            let (letter, blank) = (point.is_ascii_alphabetic(), is_blank(point));
            let word = is_word(point) & !letter;
            counts.points += 1;
            counts.tokens += usize::from(after_blank & !blank);
            counts.chinese += usize::from(matches!(point, '\u{4E00}'..='\u{9FFF}'));
            counts.words += usize::from((run >= 2) & !touched & !letter & !word);
            touched = word | (touched & letter);
            run = usize::from(letter) * (run + 1);
            after_blank = blank;
        }
        counts.words += usize::from(run >= 2 && !touched);
        counts
    }

    fn are_long_chinese(&self, least: usize) -> bool {
        self.chinese >= least && self.chinese as f64 / self.points as f64 > 0.8
    }

    fn are_long_english(&self, least: usize) -> bool {
        self.words >= least && self.words as f64 / (self.tokens as f64 + 0.00001) > 0.7
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Counts, LanguageLimits, mixes_languages};

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
        assert_eq!(Counts::of(text).words, words);
    }

    #[test]
    fn counts_all_in_one_walk() {
        let counts = Counts::of("中文 is\u{1C}a  word。");
        assert_eq!(counts, Counts { points: 14, chinese: 2, words: 2, tokens: 4 });
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
