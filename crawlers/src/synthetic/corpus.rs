//! Text to be set: files of paragraphs, dealt out to sites.

use std::path::{Path, PathBuf};

use super::press::PressError;

/// Bytes that are read of one file.
const MOST_BYTES: usize = 64 << 20;

/// Characters of a paragraph that are worth setting.
const SHORTEST: usize = 30;

/// Paragraphs by file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corpus {
    files: Vec<Vec<String>>,
}

impl Corpus {
    /// Reads files of UTF-8 text.
    ///
    /// # Errors
    /// If one cannot be read or has nothing to set.
    pub fn read(paths: &[PathBuf]) -> Result<Corpus, PressError> {
        let mut files = Vec::new();
        for path in paths {
            let io = |error| PressError::Io { path: path.clone(), error };
            let bytes = std::fs::read(path).map_err(io)?;
            if bytes.len() > MOST_BYTES {
                tracing::warn!(path = %path.display(), limit = MOST_BYTES, "the rest of a corpus is left out");
            }
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST_BYTES)]).into_owned();
            let found = paragraphs(&text);
            if found.is_empty() {
                return Err(PressError::Empty { path: path.clone(), shortest: SHORTEST });
            }
            files.push(found);
        }
        Ok(Corpus { files })
    }

    /// Paragraphs that are given.
    pub fn of(text: &str) -> Corpus {
        Corpus { files: vec![paragraphs(text)] }
    }

    /// The paragraphs of each file that belong to a site; files without any are left out.
    pub fn dealt(&self, site: u64, sites: u64) -> Vec<Vec<&str>> {
        let dealt = self.files.iter().map(|file| {
            let of_site = file.iter().enumerate().filter(|(nth, _)| *nth as u64 % sites == site);
            of_site.map(|(_, paragraph)| paragraph.as_str()).collect::<Vec<_>>()
        });
        dealt.filter(|file| !file.is_empty()).collect()
    }

    /// The file that has too few paragraphs for so many sites, and how many it has.
    pub(crate) fn too_small(&self, paths: &[PathBuf], sites: u32) -> Option<(PathBuf, usize)> {
        let few = self.files.iter().position(|file| file.len() < sites as usize)?;
        Some((paths.get(few).map_or(Path::new(""), PathBuf::as_path).to_owned(), self.files[few].len()))
    }
}

/// Paragraphs of a text, their white space collapsed, without characters that nobody sees. Code, rules and tables of plain
/// text are left out: more than half of a paragraph must be letters.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.replace("\r\n", "\n").split("\n\n") {
        let seen: String = part.chars().filter(|&letter| !is_unseen(letter)).collect();
        let paragraph = crate::words::collapse(&seen);
        let (mut letters, mut all) = (0, 0);
        for letter in paragraph.chars() {
            letters += usize::from(letter.is_alphabetic());
            all += 1;
        }
        if all >= SHORTEST && letters * 2 > all && !paragraph.contains(['\u{fffd}', '<', '\u{7f}']) {
            found.push(paragraph);
        }
    }
    found
}

fn is_unseen(letter: char) -> bool {
    (letter.is_control() && !letter.is_whitespace())
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_split_and_cleaned() {
        let text = "A first para\u{ad}graph that\nruns over  two lines.\r\n\r\nshort\n\n| 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |\n\n\
                    これは日本語の段落です。十分に長いので、残されるはずです。三十文字以上あります。";
        let found = paragraphs(text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], "A first paragraph that runs over two lines.");
    }

    #[test]
    fn no_paragraph_is_on_two_sites() {
        let text: Vec<String> =
            (0..20).map(|n| format!("This is paragraph number {n}, long enough to be kept.")).collect();
        let corpus = Corpus::of(&text.join("\n\n"));
        let dealt: Vec<&str> = (0..3).flat_map(|site| corpus.dealt(site, 3).concat()).collect();
        let unique: std::collections::HashSet<_> = dealt.iter().collect();
        assert_eq!((dealt.len(), unique.len()), (20, 20));
        assert!(corpus.too_small(&[], 21).is_some() && corpus.too_small(&[], 20).is_none());
    }
}
