//! What a form sent. Names may repeat, as those of check boxes do.

/// The fields of a form, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a field without outer space and with plain line ends; empty if it was not sent.
    pub(super) fn get(&self, name: &str) -> String {
        self.raw(name).map(|value| value.replace("\r\n", "\n").trim().to_owned()).unwrap_or_default()
    }

    /// A field that must be a number; `None` if it is empty or is not.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name).parse().ok()
    }

    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a field was sent at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl From<Vec<(String, String)>> for Fields {
    fn from(fields: Vec<(String, String)>) -> Self {
        Fields(fields)
    }
}

/// A text for use in an address.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// A title as the last part of an address: `Release process` becomes `release-process`.
pub(super) fn slug(title: &str) -> String {
    let dashed: String = title.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_safe_and_slugs_readable() {
        assert_eq!(encode("label:\"needs repro\" é&"), "label%3A%22needs+repro%22+%C3%A9%26");
        assert_eq!(slug("  Release -- process (2026)!"), "release-process-2026");
        assert_eq!(slug("../.."), "");
    }
}
