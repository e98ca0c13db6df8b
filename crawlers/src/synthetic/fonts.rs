//! The fonts of this machine and the characters that each has, as fontconfig tells: text is set only in a font that has all
//! of it, so that no box stands for a letter and no other font steps in.

use std::collections::BTreeMap;
use std::process::Command;

use super::press::PressError;

/// A font family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Font {
    /// What CSS calls it.
    pub family: String,
    /// Ranges of code points that all its faces have, both ends included, sorted.
    covered: Vec<(u32, u32)>,
}

impl Font {
    /// Whether all faces of it have these characters; white space does not count.
    pub fn covers(&self, text: &str) -> bool {
        text.chars().filter(|letter| !letter.is_whitespace()).all(|letter| {
            let code = u32::from(letter);
            let after = self.covered.partition_point(|&(_, last)| last < code);
            self.covered.get(after).is_some_and(|&(first, _)| first <= code)
        })
    }
}

/// The fonts that this machine has: those of `wanted`, or all if it is empty.
///
/// # Errors
/// If fontconfig cannot be asked, or does not have a family that is wanted.
pub fn installed(wanted: &[String]) -> Result<Vec<Font>, PressError> {
    let asked = Command::new("fc-list").args(["--format", "%{family[0]}\t%{color}\t%{charset}\n"]).output();
    let failed = |reason: String| PressError::Fontconfig { reason };
    let told = asked.map_err(|error| failed(error.to_string()))?;
    if !told.status.success() {
        return Err(failed(String::from_utf8_lossy(&told.stderr).trim().to_owned()));
    }
    let fonts = read(&String::from_utf8_lossy(&told.stdout));
    if let Some(missing) = wanted.iter().find(|name| !fonts.iter().any(|font| font.family == **name)) {
        return Err(PressError::NoFont { family: missing.clone() });
    }
    Ok(fonts.into_iter().filter(|font| wanted.is_empty() || wanted.contains(&font.family)).collect())
}

/// Reads lines of family, whether it has colours, and ranges of hexadecimal code points.
fn read(lines: &str) -> Vec<Font> {
    let mut families: BTreeMap<&str, Vec<(u32, u32)>> = BTreeMap::new();
    for line in lines.lines() {
        let mut parts = line.split('\t');
        let (Some(family), Some(colour), Some(charset)) = (parts.next(), parts.next(), parts.next()) else { continue };
        // Of emoji fonts only the pictures are worth something, and they are no text.
        if colour.eq_ignore_ascii_case("true") || family.contains("Emoji") || family.is_empty() {
            continue;
        }
        let mut ranges: Vec<(u32, u32)> = charset
            .split(' ')
            .filter_map(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                Some((u32::from_str_radix(first, 16).ok()?, u32::from_str_radix(last, 16).ok()?))
            })
            .collect();
        ranges.sort_unstable();
        families.entry(family).and_modify(|known| *known = common(known, &ranges)).or_insert(ranges);
    }
    let named = families.into_iter().map(|(family, covered)| Font { family: family.to_owned(), covered });
    // A font of symbols may have digits in the places of others.
    named.filter(|font| font.covers("0123456789.,")).collect()
}

/// What is in both of two sorted lists of ranges.
fn common(a: &[(u32, u32)], b: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let (mut at, mut other) = (0, 0);
    let mut both = Vec::new();
    while at < a.len() && other < b.len() {
        let (first, last) = (a[at].0.max(b[other].0), a[at].1.min(b[other].1));
        if first <= last {
            both.push((first, last));
        }
        if a[at].1 < b[other].1 {
            at += 1;
        } else {
            other += 1;
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_what_all_its_faces_have() {
        let fonts =
            read("A\tFalse\t20-7e a0-ff 20ac\nA\tFalse\t20-5a 61-7e e0-ff\nSmileys\tTrue\t20-7e\nFew\tFalse\t41\n");
        assert_eq!(fonts.len(), 1);
        assert_eq!(fonts[0].covered, [(0x20, 0x5a), (0x61, 0x7e), (0xe0, 0xff)]);
        assert!(fonts[0].covers("Abc é 12"));
        for missing in ["[", "€", "\u{c0}", "日"] {
            assert!(!fonts[0].covers(missing), "{missing}");
        }
    }
}
