//! How alike two texts are, as the published scripts count it.

use crate::distance::{levenshtein, longest_common_subsequence};

/// The part of the longer text that the longest common subsequence makes up. Texts too long to compare have nothing in
/// common, two empty texts everything.
pub(super) fn common_part(one: &str, two: &str) -> f64 {
    if one == two {
        return 1.0;
    }
    let longer = one.chars().count().max(two.chars().count());
    longest_common_subsequence(one, two).map_or(0.0, |common| common as f64 / longer as f64)
}

/// One less the edit distance over the longer length. Texts too long to compare have nothing in common.
pub(super) fn edit_similarity(one: &str, two: &str) -> f64 {
    if one == two {
        return 1.0;
    }
    let longer = one.chars().count().max(two.chars().count());
    levenshtein(one, two).map_or(0.0, |distance| 1.0 - distance as f64 / longer as f64)
}

/// Pairs of neighbours in both texts over those in either, as sets; 1 where neither has any.
pub(super) fn shared_pairs(one: &[char], two: &[char]) -> f64 {
    let (one, two) = (pairs(one), pairs(two));
    if one.is_empty() && two.is_empty() {
        return 1.0;
    }
    let (mut left, mut right, mut shared) = (0, 0, 0_usize);
    while left < one.len() && right < two.len() {
        match one[left].cmp(&two[right]) {
            std::cmp::Ordering::Less => left += 1,
            std::cmp::Ordering::Greater => right += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                left += 1;
                right += 1;
            }
        }
    }
    shared as f64 / (one.len() + two.len() - shared) as f64
}

fn pairs(text: &[char]) -> Vec<(char, char)> {
    let mut pairs: Vec<_> = text.windows(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Whether one run of one to four characters makes up most of a text of ten characters or more.
pub(super) fn is_repetitive(text: &[char]) -> bool {
    const SHORTEST: usize = 10;
    const MOST: f64 = 0.7;

    if text.len() < SHORTEST {
        return false;
    }
    (1..=4).any(|length| {
        let mut windows: Vec<&[char]> = text.windows(length).collect();
        windows.sort_unstable();
        let most = windows.chunk_by(|one, two| one == two).map(<[_]>::len).max().unwrap_or(0);
        (most * length) as f64 > MOST * text.len() as f64
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn characters(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[rstest]
    #[case::in_order("dinners", "Dinners", 6.0 / 7.0)]
    #[case::code_points("🙂🙃", "🙂🙂", 0.5)]
    #[case::both_empty("", "", 1.0)]
    #[case::one_empty("", "a", 0.0)]
    fn the_common_part_is_of_the_longer(#[case] one: &str, #[case] two: &str, #[case] expected: f64) {
        assert_eq!(common_part(one, two), expected);
    }

    #[rstest]
    #[case::none("a", "b", 1.0)]
    #[case::one_side("a", "ab", 0.0)]
    #[case::repeats_count_once("abab", "ab", 0.5)]
    fn pairs_are_sets(#[case] one: &str, #[case] two: &str, #[case] expected: f64) {
        assert_eq!(shared_pairs(&characters(one), &characters(two)), expected);
    }

    #[rstest]
    #[case::dashes("----------", true)]
    #[case::short("---------", false)]
    #[case::triples("abcabcabcabc", true)]
    #[case::fours("abcdabcdabcd", true)]
    #[case::sevens("abcdefgabcdefg", false)]
    #[case::words("Hello World!", false)]
    fn repetition_is_most_of_the_text(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_repetitive(&characters(text)), expected);
    }

    #[test]
    fn texts_too_long_to_compare_share_nothing() {
        let (one, two) = ("ab".repeat(40_000), "ba".repeat(40_000));
        assert_eq!(common_part(&one, &two), 0.0);
        assert_eq!(edit_similarity(&one, &two), 0.0);
    }
}
