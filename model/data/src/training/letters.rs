//! Which letters each patch of a picture shows.
//!
//! To find what is called "Download" on a page never seen before, a model has to read. A small one does not begin to by
//! itself; told which letters have their middle in each patch, it does within minutes. A page says where its words are and
//! not where their letters are, so a word is divided by how wide its letters usually are.

use glim_processor::Grid;

use super::Scene;

/// Letters of one patch that are told at the most, from the left.
pub const SLOTS: usize = 2;

/// How many kinds of letters there are: none, one outside of ASCII, and each sign of ASCII.
pub const KINDS: u8 = 2 + (b'~' - b'!') + 1;

/// Where a patch shows no letter, or no second one.
pub const NO_LETTER: u8 = 0;

/// A letter outside of ASCII.
const OTHER: u8 = 1;

/// The kinds of the letters of one patch.
pub type PatchLetters = [u8; SLOTS];

/// Of a patch of which nobody knows what is written there.
pub const UNKNOWN: PatchLetters = [u8::MAX; SLOTS];

/// The letters of each patch of a picture of `size` image pixels, in the order in which its patches are stored: merge
/// window by merge window.
pub(super) fn letters(scene: &Scene, size: (u32, u32), grid: Grid, merge: usize) -> Vec<PatchLetters> {
    let Some(written) = &scene.written else { return vec![UNKNOWN; grid.h * grid.w] };
    let (across, down) = (grid.w as f32 / size.0 as f32, grid.h as f32 / size.1 as f32);
    let mut found: Vec<Vec<(f32, u8)>> = vec![Vec::new(); grid.h * grid.w];
    for (word, [left, top, right, bottom]) in written {
        let row = (top + bottom) / 2.0 * down;
        if !(0.0..grid.h as f32).contains(&row) {
            continue;
        }
        let whole: f32 = word.chars().map(width).sum();
        let mut before = 0.0;
        for letter in word.trim_start().chars() {
            let middle = (before + width(letter) / 2.0) / whole;
            before += width(letter);
            let column = (left + (right - left) * middle) * across;
            if (0.0..grid.w as f32).contains(&column) {
                found[place(row as usize, column as usize, grid, merge)].push((column, kind(letter)));
            }
        }
    }
    let told = |mut letters: Vec<(f32, u8)>| {
        letters.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut slots = [NO_LETTER; SLOTS];
        slots.iter_mut().zip(letters).for_each(|(slot, (_, letter))| *slot = letter);
        slots
    };
    found.into_iter().map(told).collect()
}

/// Where the patch in this row and column is stored.
fn place(row: usize, column: usize, grid: Grid, merge: usize) -> usize {
    let window = row / merge * (grid.w / merge) + column / merge;
    window * merge * merge + row % merge * merge + column % merge
}

fn kind(letter: char) -> u8 {
    u8::try_from(letter).ok().filter(u8::is_ascii_graphic).map_or(OTHER, |byte| 2 + byte - b'!')
}

/// About how wide a letter is in ordinary fonts, in its height. A space stands between words, and is none of theirs.
pub(super) fn width(letter: char) -> f32 {
    match letter {
        ' ' => 0.0,
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.25,
        'f' | 't' | 'r' | 'I' | '(' | ')' | '[' | ']' | '{' | '}' | '/' | '\\' | '-' | '"' | '`' => 0.35,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.87,
        'A'..='Z' | '+' | '=' | '<' | '>' | '~' | '&' | '#' => 0.68,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 0.5,
        _ => 0.56,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(scene: &Scene, size: (u32, u32), grid: Grid) -> Vec<String> {
        let letter = |kind: u8| match kind {
            NO_LETTER => '.',
            OTHER => '?',
            other => char::from(other - 2 + b'!'),
        };
        letters(scene, size, grid, 2).iter().map(|slots| slots.iter().map(|it| letter(*it)).collect()).collect()
    }

    #[test]
    fn a_patch_knows_the_letters_that_have_their_middle_in_it() {
        // Two rows of four patches, 14 pixels each, stored as two windows of two by two.
        let (size, grid) = ((56, 28), Grid { t: 1, h: 2, w: 4 });
        let word = |text: &str, of| (text.to_owned(), of);
        let written = vec![
            // Of equal widths, 7 pixels each: one in the first patch, two in the second, one in the third, in the lower row.
            word("abde", [7.0, 12.0, 35.0, 26.0]),
            // Wide and narrow: the middle of `W` at 4 of 9.
            word("Wi", [42.0, 0.0, 54.0, 12.0]),
            // It is not said where a third letter is, nor what is outside.
            word("é", [14.0, 0.0, 21.0, 14.0]),
            word("un", [-20.0, 0.0, 8.0, 14.0]),
            word("xx", [0.0, 40.0, 8.0, 50.0]),
        ];
        let scene = Scene { written: Some(written), ..Scene::default() };
        assert_eq!(shown(&scene, size, grid), ["n.", "?.", "a.", "bd", "..", "Wi", "e.", ".."]);
    }

    #[test]
    fn a_resized_picture_has_its_letters_where_they_were() {
        let written = vec![("no".to_owned(), [100.0, 50.0, 180.0, 90.0])];
        let scene = Scene { written: Some(written), ..Scene::default() };
        // 200 x 100 becomes four by two patches of 50 pixels: middles at 120 and 160.
        assert_eq!(shown(&scene, (200, 100), Grid { t: 1, h: 2, w: 4 })[6..], ["n.", "o."]);
    }

    #[test]
    fn nothing_is_said_of_what_nobody_knows() {
        assert_eq!(letters(&Scene::default(), (28, 28), Grid { t: 1, h: 2, w: 2 }, 2), [UNKNOWN; 4]);
    }
}
