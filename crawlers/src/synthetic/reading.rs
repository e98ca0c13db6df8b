//! What was read off the screen, held against what was set: all of it, in order, nothing on top of each other.

use std::collections::BTreeMap;

use glim_data::record::{BoxPx, Line, Screen, Word};
use serde::Deserialize;

use super::setting::{Item, Setting};
use crate::elements::area;
use crate::filter::Drop;
use crate::picture::Picture;

/// Words share no more than this of the smaller one with another; the boxes of fonts with long strokes are taller than
/// their lines.
const MOST_SHARED: f32 = 0.35;

/// Words that a page shows at the least.
const FEWEST_WORDS: usize = 3;

/// Asks the page which items are left, which of them are cut off, and where the words of those are that we broke into lines.
pub(super) const MEASURE: &str = "(() => {
    const told = { items: [], cut: [], turned: {} };
    for (const item of document.querySelectorAll('[data-item]')) {
        const id = +item.dataset.item;
        told.items.push(id);
        const own = item.getBoundingClientRect();
        if (own.left < 0 || own.top < 0 || own.right > innerWidth + 0.5 || own.bottom > innerHeight + 0.5
            || item.scrollWidth > item.clientWidth + 1) told.cut.push(id);
        if (!item.matches('.caption')) continue;
        told.turned[id] = Array.from(item.children, (line) => {
            const range = document.createRange();
            const node = line.firstChild;
            return Array.from(node.data.matchAll(/\\S+/g), (word) => {
                range.setStart(node, word.index);
                range.setEnd(node, word.index + word[0].length);
                const at = range.getBoundingClientRect();
                return [word[0], at.left, at.top, at.right, at.bottom];
            });
        });
    }
    return told;
})()";

/// A word, and its left, top, right and bottom in CSS pixels.
type Placed = (String, f32, f32, f32, f32);

/// What the page said of itself.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Measured {
    items: Vec<usize>,
    cut: Vec<usize>,
    turned: BTreeMap<usize, Vec<Vec<Placed>>>,
}

/// A line and the item it is of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read {
    pub line: Line,
    pub item: usize,
}

/// A page that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    /// In reading order.
    pub lines: Vec<Read>,
    /// The items that are left, by their numbers.
    pub items: BTreeMap<usize, Item>,
}

/// The text without white space, since where lines are broken is the browser's.
fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Holds what the screen's reader read against the setting.
pub(super) fn read(setting: &Setting, measured: Measured, screen: &Screen, picture: &Picture) -> Result<Page, Drop> {
    let scale = screen.view.scale;
    let items: BTreeMap<usize, Item> =
        measured.items.iter().filter_map(|&id| Some((id, setting.items.get(id)?.clone()))).collect();
    if let Some(id) = measured.cut.first() {
        return Err(Drop::new("ocr_cut_off", items.get(id).map_or_else(String::new, |item| item.text.clone())));
    }
    let set: String = items.values().map(|item| solid(&item.text)).collect();
    let seen: String = screen.lines.iter().map(|line| solid(&line.text)).collect();
    if set != seen {
        let at = set.chars().zip(seen.chars()).take_while(|(a, b)| a == b).count();
        let near = |text: &str| text.chars().skip(at).take(24).collect::<String>();
        return Err(Drop::new("ocr_not_as_set", format!("`{}` was read as `{}`", near(&set), near(&seen))));
    }
    let mut words = screen.lines.iter().flat_map(|line| line.words.iter().cloned());
    let mut lines = Vec::new();
    for (block, (&id, item)) in items.iter().enumerate() {
        let own = take(&mut words, solid(&item.text).chars().count())
            .ok_or_else(|| Drop::new("ocr_not_as_set", format!("a word runs out of `{}`", item.text)))?;
        let block = block as u32 + 1;
        match measured.turned.get(&id) {
            Some(broken) => lines.extend(broken_by_us(item, broken, scale, block, id)),
            None => {
                lines.extend(broken_by_the_browser(item, own, block).into_iter().map(|line| Read { line, item: id }));
            }
        }
    }
    let all: Vec<&Word> = lines.iter().flat_map(|read| &read.line.words).collect();
    if all.len() < FEWEST_WORDS {
        return Err(Drop::new("ocr_too_little", format!("{} words", all.len())));
    }
    if let Some(word) = all.iter().find(|word| picture.is_plain(word.box_px)) {
        return Err(Drop::new("ocr_not_painted", format!("`{}` at {:?}", word.text, word.box_px)));
    }
    // Hulls of turned words take up more than the words do.
    let straight: Vec<&Word> =
        lines.iter().filter(|read| read.line.angle == 0.0).flat_map(|read| &read.line.words).collect();
    for (nth, word) in straight.iter().enumerate() {
        if let Some(other) = straight[nth + 1..].iter().find(|other| overlaps(word.box_px, other.box_px)) {
            return Err(Drop::new("ocr_overlap", format!("`{}` and `{}`", word.text, other.text)));
        }
    }
    Ok(Page { lines, items })
}

/// The next words that have so many characters in all; `None` if no number of them has.
fn take(words: &mut impl Iterator<Item = Word>, mut letters: usize) -> Option<Vec<Word>> {
    let mut taken = Vec::new();
    while letters > 0 {
        let word = words.next()?;
        letters = letters.checked_sub(solid(&word.text).chars().count())?;
        taken.push(word);
    }
    Some(taken)
}

fn broken_by_us(item: &Item, broken: &[Vec<Placed>], scale: f32, block: u32, id: usize) -> Vec<Read> {
    let line = |(text, words): (&String, &Vec<Placed>)| {
        let words: Vec<Word> = words
            .iter()
            .map(|(text, left, top, right, bottom)| Word {
                text: text.clone(),
                box_px: [left * scale, top * scale, right * scale, bottom * scale],
            })
            .collect();
        Read {
            line: Line { text: text.clone(), box_px: hull(&words), angle: item.angle as f32, block, words },
            item: id,
        }
    };
    item.lines.iter().zip(broken).map(line).collect()
}

/// Words side by side are a line; its text is the part of the item's text that they are.
fn broken_by_the_browser(item: &Item, words: Vec<Word>, block: u32) -> Vec<Line> {
    let mut rows: Vec<Vec<Word>> = Vec::new();
    for word in words {
        match rows.last_mut() {
            Some(row) if beside(&row[row.len() - 1], &word) => row.push(word),
            _ => rows.push(vec![word]),
        }
    }
    let mut rest = item.text.chars();
    let mut line = |words: Vec<Word>| {
        let mut left: usize = words.iter().map(|word| solid(&word.text).chars().count()).sum();
        let mut text = String::new();
        while left > 0 {
            let Some(letter) = rest.next() else { break };
            left -= usize::from(!letter.is_whitespace());
            text.push(letter);
        }
        Line { text: crate::words::collapse(&text), box_px: hull(&words), angle: 0.0, block, words }
    };
    rows.into_iter().map(&mut line).collect()
}

fn beside(word: &Word, next: &Word) -> bool {
    let (a, b) = (word.box_px, next.box_px);
    let shared = a[3].min(b[3]) - a[1].max(b[1]);
    shared > 0.5 * (a[3] - a[1]).min(b[3] - b[1])
}

fn hull(words: &[Word]) -> BoxPx {
    words.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |hull, word| {
        let own = word.box_px;
        [hull[0].min(own[0]), hull[1].min(own[1]), hull[2].max(own[2]), hull[3].max(own[3])]
    })
}

fn overlaps(a: BoxPx, b: BoxPx) -> bool {
    let wide = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let tall = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    wide * tall > MOST_SHARED * area(a).min(area(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::looks::ViewRecipe;

    fn word(text: &str, left: f32, top: f32) -> Word {
        Word { text: text.to_owned(), box_px: [left, top, left + 30.0, top + 12.0] }
    }

    fn seen(words: Vec<Vec<Word>>) -> Screen {
        let line = |words: Vec<Word>| Line {
            text: words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "),
            words,
            ..Line::default()
        };
        let mut screen = Screen { lines: words.into_iter().map(line).collect(), ..Screen::default() };
        screen.view.scale = 1.0;
        screen
    }

    fn told(screen: &Screen, cut: Vec<usize>) -> Result<Page, Drop> {
        let item = |text: &str| Item { text: text.to_owned(), ..Item::default() };
        let items = vec![item("one two  three"), item("gone"), item("four")];
        let setting = Setting { html: String::new(), items, view: ViewRecipe::default() };
        let measured = Measured { items: vec![0, 2], cut, ..Measured::default() };
        read(&setting, measured, screen, &Picture::checkered(200, 100, 100))
    }

    #[test]
    fn what_is_read_as_it_was_set_has_its_lines_back() {
        // Two words side by side that the reader took for two lines are one.
        let good = seen(vec![
            vec![word("one", 0.0, 0.0)],
            vec![word("two", 90.0, 0.0)],
            vec![word("three", 0.0, 20.0)],
            vec![word("four", 0.0, 50.0)],
        ]);
        let page = told(&good, Vec::new()).unwrap();
        let texts: Vec<&str> = page.lines.iter().map(|read| read.line.text.as_str()).collect();
        assert_eq!(texts, ["one two", "three", "four"]);
        assert_eq!(page.lines[0].line.box_px, [0.0, 0.0, 120.0, 12.0]);
        assert_eq!(page.lines.iter().map(|read| read.line.block).collect::<Vec<_>>(), [1, 1, 2]);
    }

    #[test]
    fn what_is_not_is_dropped_with_its_reason() {
        let lines = |words: [(&str, f32, f32); 4]| seen(words.map(|(text, x, y)| vec![word(text, x, y)]).to_vec());
        let reason = |screen: &Screen| told(screen, Vec::new()).unwrap_err().reason;
        assert_eq!(
            reason(&lines([("one", 0.0, 0.0), ("three", 0.0, 20.0), ("two", 40.0, 0.0), ("four", 0.0, 50.0)])),
            "ocr_not_as_set"
        );
        assert_eq!(reason(&seen(vec![vec![word("one", 0.0, 0.0)]])), "ocr_not_as_set");
        assert_eq!(
            reason(&lines([("one", 0.0, 0.0), ("two", 40.0, 0.0), ("three", 0.0, 20.0), ("four", 4.0, 22.0)])),
            "ocr_overlap"
        );
        assert_eq!(
            reason(&lines([("one", 0.0, 0.0), ("two", 40.0, 0.0), ("three", 0.0, 20.0), ("four", 0.0, 120.0)])),
            "ocr_not_painted"
        );
        let good = lines([("one", 0.0, 0.0), ("two", 40.0, 0.0), ("three", 0.0, 20.0), ("four", 0.0, 50.0)]);
        assert!(told(&good, Vec::new()).is_ok());
        assert_eq!(told(&good, vec![2]).unwrap_err().reason, "ocr_cut_off");
    }
}
