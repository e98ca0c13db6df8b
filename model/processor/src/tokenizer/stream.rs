//! Decodes a reply token by token.
//!
//! A character whose bytes are spread over several tokens is held back until it is whole. Each token is looked at once,
//! however long the reply. The pieces together equal the decoding of all tokens at once.
//!
//! ```text
//! tokens   "I", " ", E2 98, 83, "!"      ->   "I", " ", "", "☃", "!"
//! ```

use super::Tokenizer;

/// Made by [`Tokenizer::stream`].
#[derive(Debug, Clone)]
pub struct StreamDecoder<'t> {
    tokenizer: &'t Tokenizer,
    skip_special: bool,
    /// The first bytes of a character that is not whole: three at most.
    pending: Vec<u8>,
}

impl<'t> StreamDecoder<'t> {
    pub(super) fn new(tokenizer: &'t Tokenizer, skip_special: bool) -> Self {
        Self { tokenizer, skip_special, pending: Vec::new() }
    }

    /// The text that `token` completes; often all of its own, sometimes none.
    pub fn push(&mut self, token: u32) -> String {
        if self.skip_special && self.tokenizer.is_special(token) {
            return String::new();
        }
        if let Some(text) = self.tokenizer.token(token) {
            append_bytes(&mut self.pending, &text);
        }
        take_text(&mut self.pending)
    }

    /// What is left when no more tokens come: U+FFFD for an unfinished character.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.pending).into_owned()
    }
}

/// The bytes that a token of the vocabulary stands for; one with a character that stands for no byte is its own text.
fn append_bytes(bytes: &mut Vec<u8>, token: &str) {
    let start = bytes.len();
    for character in token.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            None => {
                bytes.truncate(start);
                bytes.extend_from_slice(token.as_bytes());
                return;
            }
        }
    }
}

/// Byte-level vocabularies write a byte that prints as the character of its number, and the others, in order, as the
/// characters from U+0100.
fn byte_of(character: char) -> Option<u8> {
    let code = u32::from(character);
    match code {
        0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF => u8::try_from(code).ok(),
        0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        0x121..=0x142 => u8::try_from(code - 0x121 + 0x7F).ok(),
        0x143 => Some(0xAD),
        _ => None,
    }
}

/// All of `pending` but a character that may still become whole.
fn take_text(pending: &mut Vec<u8>) -> String {
    let mut text = String::new();
    loop {
        match std::str::from_utf8(pending) {
            Ok(valid) => {
                text.push_str(valid);
                pending.clear();
                return text;
            }
            Err(error) => {
                let (valid, rest) = pending.split_at(error.valid_up_to());
                text.push_str(std::str::from_utf8(valid).expect("valid up to here"));
                let Some(broken) = error.error_len() else {
                    *pending = rest.to_vec();
                    return text;
                };
                text.push(char::REPLACEMENT_CHARACTER);
                *pending = rest[broken..].to_vec();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_character() {
        let mut seen = [false; 256];
        for code in 0..0x200 {
            if let Some(byte) = char::from_u32(code).and_then(byte_of) {
                assert!(!std::mem::replace(&mut seen[usize::from(byte)], true), "two characters for {byte}");
            }
        }
        assert!(seen.iter().all(|&seen| seen));
        assert_eq!((byte_of('Ġ'), byte_of('Ċ')), (Some(b' '), Some(b'\n')));
    }

    #[test]
    fn a_character_is_held_back_until_whole() {
        let mut pending = "☃".as_bytes()[..2].to_vec();
        assert_eq!(take_text(&mut pending), "");
        pending.push("☃".as_bytes()[2]);
        assert_eq!(take_text(&mut pending), "☃");
        assert!(pending.is_empty());
    }

    #[test]
    fn broken_bytes_do_not_block() {
        let mut pending = vec![0xE2, 0x98, b'a', 0xFF, b'b', 0xF0];
        assert_eq!(take_text(&mut pending), "\u{FFFD}a\u{FFFD}b");
        assert_eq!(pending, [0xF0]);
    }

    #[test]
    fn any_split_gives_the_text_of_the_whole() {
        let bytes = [b"ab\xE2\x98\x83".as_slice(), b"\xE2\xFF\xC3", "é🦀".as_bytes(), b"\xF0\x9F"].concat();
        for size in 1..5 {
            let (mut pending, mut text) = (Vec::new(), String::new());
            for part in bytes.chunks(size) {
                pending.extend_from_slice(part);
                text.push_str(&take_text(&mut pending));
                assert!(pending.len() < 4);
            }
            text.push_str(&String::from_utf8_lossy(&pending));
            assert_eq!(text, String::from_utf8_lossy(&bytes));
        }
    }
}
