//! Small questions about texts.

/// White space collapsed and trimmed.
pub fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// For comparing: lower case, white space collapsed, marks at the edges off.
pub fn folded(text: &str) -> String {
    let lower = collapse(text).to_lowercase();
    let edge = |letter: char| !letter.is_alphanumeric() && !matches!(letter, '+' | '-' | '#' | '$' | '€' | '%' | '(' | ')');
    let trimmed = lower.trim_matches(edge);
    if trimmed.is_empty() { lower } else { trimmed.to_owned() }
}

/// Whether `part` stands in `whole` as whole words; both folded.
pub fn has_words(whole: &str, part: &str) -> bool {
    if part.is_empty() {
        return false;
    }
    let bounded = |at: Option<char>| at.is_none_or(|letter| !letter.is_alphanumeric());
    whole.match_indices(part).any(|(at, found)| {
        bounded(whole[..at].chars().next_back()) && bounded(whole[at + found.len()..].chars().next())
    })
}

/// Whether a text is nothing that a person would name something by: signs only, templates that were not filled in, addresses
/// and digests, characters that could not be decoded.
pub fn is_garbage(text: &str) -> bool {
    let letters = text.chars().filter(|letter| letter.is_alphanumeric()).count();
    if letters == 0 || text.contains('\u{fffd}') || text.chars().any(|letter| letter.is_control()) {
        return true;
    }
    if text.contains("{{") || text.contains("}}") || text.contains("${") || text.contains("<%") {
        return true;
    }
    if matches!(text, "undefined" | "null" | "NaN" | "[object Object]") {
        return true;
    }
    let private = text.chars().filter(|letter| ('\u{e000}'..='\u{f8ff}').contains(letter)).count();
    if private > 0 && private * 2 >= text.chars().count() {
        return true;
    }
    text.split_whitespace().any(|word| word.chars().count() > 60)
}

/// Lower-case words of letters and digits.
pub fn tokens(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_texts_are_equal_where_a_reader_says_so() {
        assert_eq!(folded("  Sign\n in… "), "sign in");
        assert_eq!(folded("» More"), "more");
        assert_eq!(folded("→"), "→");
        assert_eq!(folded("C++"), "c++");
        assert_ne!(folded("Edit"), folded("Edit page"));
    }

    #[test]
    fn words_are_found_whole() {
        assert!(has_words("edit page", "edit"));
        assert!(has_words("the edit", "edit"));
        assert!(!has_words("edition", "edit"));
        assert!(!has_words("credit", "edit"));
        assert!(!has_words("anything", ""));
    }

    #[test]
    fn garbage_is_what_nobody_would_say() {
        for garbage in ["•", "{{ user.name }}", "caf\u{fffd}", "\u{e001}\u{e002}", "undefined", &"x".repeat(70)] {
            assert!(is_garbage(garbage), "{garbage}");
        }
        for fine in ["OK", "3", "日本語", "Total: 4,00 €", "a/b", "on"] {
            assert!(!is_garbage(fine), "{fine}");
        }
    }
}
