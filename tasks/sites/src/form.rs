//! Checks of what is typed into forms.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::TODAY;

/// How somebody wants to pay: by card, or in the one other way that a site offers.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Payment {
    method: String,
    #[serde(skip_serializing)]
    card: String,
    expires: String,
    #[serde(skip_serializing)]
    cvc: String,
}

impl Payment {
    /// What a receipt says of it; `other` is the method beside `card` and what a receipt says of that.
    ///
    /// # Errors
    /// Messages by field if nothing was chosen or the card cannot be charged.
    pub(crate) fn receipt(&self, other: (&str, &str)) -> Result<String, Map<String, Value>> {
        match self.method.as_str() {
            "card" => {
                let errors = card_errors(&self.card, &self.expires, &self.cvc);
                if errors.is_empty() { Ok(format!("Card ending {}", last_four(&self.card))) } else { Err(errors) }
            }
            method if method == other.0 => Ok(other.1.to_owned()),
            _ => Err(Map::from_iter([("method".to_owned(), "Choose how you want to pay.".into())])),
        }
    }
}

/// Whether a text could be an e-mail address.
pub(crate) fn is_email(text: &str) -> bool {
    let text = text.trim();
    !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && host.contains('.')
                && !host.contains('@')
                && !host.starts_with('.')
                && !host.ends_with('.')
        })
}

/// The digits of a card number at its end, as a receipt shows them.
fn last_four(card: &str) -> String {
    let digits: Vec<char> = card.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(4)..].iter().collect()
}

/// Messages for the fields `card`, `expires` and `cvc`; empty if the card can be charged.
fn card_errors(card: &str, expires: &str, cvc: &str) -> Map<String, Value> {
    let mut errors = Map::new();
    let digits: String = card.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if !is_card(&digits) {
        errors.insert("card".to_owned(), "This is not a card number.".into());
    }
    if !is_future(expires) {
        errors.insert("expires".to_owned(), "Enter the expiry as MM/YY. The card must still be valid.".into());
    }
    if cvc.trim().len() != 3 || cvc.trim().parse::<u16>().is_err() {
        errors.insert("cvc".to_owned(), "The security code has three digits.".into());
    }
    errors
}

/// Thirteen to nineteen digits that pass the Luhn check.
fn is_card(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let doubled = if at % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .fold(0, u32::wrapping_add);
    (13..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && sum.is_multiple_of(10)
}

/// Whether `MM/YY` is this month or later.
fn is_future(expires: &str) -> bool {
    let Some((month, year)) = expires.trim().split_once('/') else { return false };
    match (month.trim().parse::<i8>(), year.trim().parse::<i16>()) {
        (Ok(month @ 1..=12), Ok(year @ 0..=99)) => (2000 + year, month) >= (TODAY.year(), TODAY.month()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_checked_digit_by_digit() {
        assert!(card_errors("4242 4242 4242 4242", "12/28", "123").is_empty());
        assert!(card_errors("4242 4242 4242 4241", "12/28", "123").contains_key("card"));
        assert!(card_errors("4242424242424242", "12/25", "123").contains_key("expires"));
        assert!(card_errors("4242424242424242", "01/26", "12").contains_key("cvc"));
        assert!(card_errors("", "", "").len() == 3);
        assert_eq!(last_four("4242 4242 4242 1881"), "1881");
    }

    #[test]
    fn a_payment_is_by_card_or_in_the_other_way() {
        let payment = |method: &str, card: &str| Payment {
            method: method.into(),
            card: card.into(),
            expires: "12/28".into(),
            cvc: "123".into(),
        };
        let other = ("invoice", "Invoice");
        assert_eq!(payment("card", "4242 4242 4242 4242").receipt(other).unwrap(), "Card ending 4242");
        assert!(payment("card", "4242").receipt(other).unwrap_err().contains_key("card"));
        assert_eq!(payment("invoice", "").receipt(other).unwrap(), "Invoice");
        for wrong in ["", "hotel"] {
            assert!(payment(wrong, "").receipt(other).unwrap_err().contains_key("method"), "{wrong}");
        }
    }

    #[test]
    fn an_address_has_a_name_and_a_host() {
        assert!(is_email("a.b@mail.example.org"));
        for wrong in ["", "a", "a@", "@b.c", "a@b", "a b@c.d", "a@b@c.d", "a@.d", "a@d."] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
