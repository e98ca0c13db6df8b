//! Prompts with gaps: `{name}` for the names that a prompt may use, and every other brace as it stands.

use thiserror::Error;

/// A gap for which there is no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the template names `{{{0}}}`, for which there is no value")]
pub struct MissingValue(pub String);

/// The template with each gap filled, in one pass: values are not looked at again, so that an answer that holds `{label}`
/// learns nothing.
///
/// # Errors
/// A gap whose name is allowed and has no value.
pub fn fill(template: &str, values: &[(&str, Option<&str>)]) -> Result<String, MissingValue> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let gap = values.iter().find(|(name, _)| rest[1..].strip_prefix(name).is_some_and(|end| end.starts_with('}')));
        if let Some((name, value)) = gap {
            filled.push_str(value.ok_or_else(|| MissingValue((*name).to_owned()))?);
            rest = &rest[name.len() + 2..];
        } else {
            filled.push('{');
            rest = &rest[1..];
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{MissingValue, fill};

    #[rstest]
    #[case("{a} and {b}", "A and {a}")]
    #[case("{{a}}", "{A}")]
    #[case("{ a } {c} {a:>3} {} {a", "{ a } {c} {a:>3} {} {a")]
    fn fills_gaps_once(#[case] template: &str, #[case] filled: &str) {
        assert_eq!(fill(template, &[("a", Some("A")), ("b", Some("{a}"))]).as_deref(), Ok(filled));
    }

    #[test]
    fn a_gap_needs_a_value() {
        assert_eq!(fill("{a}", &[("a", None)]), Err(MissingValue("a".to_owned())));
        assert_eq!(fill("a", &[("a", None)]).as_deref(), Ok("a"));
    }
}
