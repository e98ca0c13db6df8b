use rstest::rstest;

use super::{MOST_STEPS, levenshtein, longest_common_subsequence};

#[rstest]
#[case::both_empty("", "", 0, 0)]
#[case::one_empty("", "abc", 3, 0)]
#[case::equal("abc", "abc", 0, 3)]
#[case::kitten("kitten", "sitting", 3, 4)]
#[case::flaw("flaw", "lawn", 2, 3)]
#[case::intention("intention", "execution", 5, 5)]
#[case::chinese("中文測試", "中文测试", 2, 2)]
#[case::no_letter_in_common("abc", "xyz", 3, 0)]
#[case::joined_emoji("👨‍👩‍👧", "👨‍👩‍👦", 1, 4)]
fn known_pairs(#[case] a: &str, #[case] b: &str, #[case] distance: usize, #[case] common: usize) {
    assert_eq!(levenshtein(a, b), Some(distance));
    assert_eq!(levenshtein(b, a), Some(distance));
    assert_eq!(longest_common_subsequence(a, b), Some(common));
    assert_eq!(longest_common_subsequence(b, a), Some(common));
}

/// Against the plain tables, over lengths on both sides of a block and alphabets from two letters to more than a block has
/// slots.
#[test]
fn agrees_with_the_plain_tables() {
    let mut state = 1_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..600 {
        let letters = [2, 5, 40, 3000][round % 4];
        let lengths = [next(10), next(70), next(200)];
        let mut text = |length: u64| -> String {
            (0..length)
                .map(|_| char::from_u32(0x4E00 + u32::try_from(next(letters)).expect("small")).expect("a letter"))
                .collect()
        };
        let (a, b) = (text(lengths[round % 3]), text(lengths[(round + 1) % 3]));
        let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        assert_eq!(levenshtein(&a, &b), Some(plain_levenshtein(&x, &y)), "{a} {b}");
        assert_eq!(longest_common_subsequence(&a, &b), Some(plain_common(&x, &y)), "{a} {b}");
    }
}

#[test]
fn refuses_what_would_take_too_long() {
    let (a, b) = ("a".repeat(1_000_000), "b".repeat(1_000_000));
    assert!(a.len() / 64 * b.len() > MOST_STEPS);
    assert_eq!(levenshtein(&a, &b), None);
    assert_eq!(longest_common_subsequence(&a, &b), None);
    assert_eq!(levenshtein(&a, &format!("{a}b")), Some(1), "what is shared costs nothing");
}

fn plain_levenshtein(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn plain_common(a: &[char], b: &[char]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let matched = diagonal + 1;
            diagonal = row[j + 1];
            row[j + 1] = if x == y { matched } else { diagonal.max(row[j]) };
        }
    }
    row[b.len()]
}
