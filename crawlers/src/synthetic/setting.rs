//! One page to be read: its HTML, and what stands on it in reading order.

use std::fmt::Write as _;

use glim_env::SplitMix;

use super::colour::Colour;
use super::fonts::Font;
use super::ground::{self, Ground};
use super::layout;
use super::recipe::{Layout, OcrRecipe};
use crate::recipe::looks::ViewRecipe;

/// Paragraphs that are tried until one is found that a font has all letters of.
const TRIES: usize = 30;

/// A piece of text that is set in one block.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// What is written.
    pub text: String,
    /// Its lines, where they are broken by us and not by the browser.
    pub lines: Vec<String>,
    /// Clockwise turn in degrees.
    pub angle: f64,
    /// Items in a row with the same number belong together, as the rows of a list do.
    pub group: u32,
    /// Items of a group in a row with the same number stand side by side.
    pub row: u32,
    /// Table, row and column, for cells.
    pub cell: Option<(usize, usize, usize)>,
}

/// A page to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The document. A script in it takes away what does not fit; what stays has the attribute `data-item`.
    pub html: String,
    /// All that is set, in reading order; its position is its `data-item`.
    pub items: Vec<Item>,
    /// The view that it is set for.
    pub view: ViewRecipe,
}

/// What pages are set with.
pub struct Material<'a> {
    /// How.
    pub recipe: &'a OcrRecipe,
    /// Paragraphs of one language.
    pub texts: Vec<&'a str>,
    /// Fonts to choose from.
    pub fonts: &'a [Font],
    /// Addresses of pictures to set text over.
    pub pictures: usize,
}

/// A page while it is set.
pub(super) struct Setter<'a> {
    pub material: &'a Material<'a>,
    pub chance: SplitMix,
    pub view: &'a ViewRecipe,
    /// Of running text.
    pub font: &'a Font,
    /// Of headings.
    pub head: &'a Font,
    /// Of running text, in CSS pixels.
    pub size: f64,
    pub html: String,
    pub items: Vec<Item>,
    pub group: u32,
    pub row: u32,
}

/// Sets a page; `None` where no font has the letters of its text.
pub fn set(material: &Material<'_>, view: &ViewRecipe, mut chance: SplitMix) -> Option<Setting> {
    let text = *chance.choose(&material.texts);
    let able: Vec<&Font> = material.fonts.iter().filter(|font| font.covers(text)).collect();
    if able.is_empty() {
        return None;
    }
    let (font, head) = (*chance.choose(&able), *chance.choose(&able));
    let [small, large] = material.recipe.font_px;
    // Small text is more common than large; lines hold twenty letters at least.
    let size = (small + (large - small) * chance.unit() * chance.unit()).min(f64::from(view.width) / 14.0).max(small);
    let kind = *chance.choose(&material.recipe.layouts);
    let mut setter =
        Setter { material, chance, view, font, head, size, html: String::new(), items: Vec::new(), group: 0, row: 0 };
    let ground = setter.ground();
    let ink = setter.ink(&ground);
    match kind {
        Layout::Article => layout::article(&mut setter, &ground),
        Layout::Table => layout::table_page(&mut setter, &ground),
        Layout::Receipt => layout::receipt(&mut setter),
        Layout::Form => layout::form(&mut setter, &ground),
        Layout::Scattered => layout::scattered(&mut setter, &ground),
    }
    let Setter { html: body, items, size, .. } = setter;
    let line = 1.3 + 0.4 * (items.len() % 5) as f64 / 4.0;
    let html = format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Page</title><style>{}\
         body{{background:{};color:{ink};font:{size:.1}px/{line:.2} '{}'}}</style></head><body>{body}<script>{}</script></body></html>",
        include_str!("page.css"),
        ground.css,
        font.family,
        include_str!("fit.js").replace("SMALLEST", &format!("{small}")),
    );
    Some(Setting { html, items, view: view.clone() })
}

impl Setter<'_> {
    /// Whether something happens that happens with this probability.
    pub fn maybe(&mut self, share: f64) -> bool {
        self.chance.unit() < share
    }

    /// A ground for a whole page.
    pub fn ground(&mut self) -> Ground {
        let pictures = self.material.pictures;
        let least = self.material.recipe.min_contrast;
        if pictures > 0 && self.maybe(0.4) {
            let nth = self.chance.below(pictures);
            return ground::picture(&format!("/background/{nth}"), least, &mut self.chance);
        }
        if self.maybe(0.35) { ground::plain(&mut self.chance) } else { ground::pattern(&mut self.chance) }
    }

    /// A colour that is read on a ground.
    pub fn ink(&mut self, on: &Ground) -> Colour {
        on.span.ink(self.material.recipe.min_contrast, &mut self.chance)
    }

    /// A paragraph or its beginning, of `most` characters at the most where it can be cut.
    pub fn prose(&mut self, most: usize) -> Option<String> {
        for _ in 0..TRIES {
            let text = *self.chance.choose(&self.material.texts);
            if self.font.covers(text) {
                return Some(cut(text, most));
            }
        }
        None
    }

    /// Some words out of a paragraph, without marks at their ends; letters where words are not set apart.
    pub fn words(&mut self, least: usize, most: usize) -> Option<String> {
        for _ in 0..TRIES {
            let text = *self.chance.choose(&self.material.texts);
            let wanted = least + self.chance.below(most - least + 1);
            let words: Vec<&str> = text.split(' ').collect();
            let letters = text.chars().count();
            let picked = if letters / words.len() > 15 {
                let wanted = (wanted * 3).min(letters);
                let from = self.chance.below(letters - wanted + 1);
                text.chars().skip(from).take(wanted).collect()
            } else {
                let wanted = wanted.min(words.len());
                let from = self.chance.below(words.len() - wanted + 1);
                words[from..from + wanted].join(" ")
            };
            let is_mark = |letter: char| !letter.is_alphanumeric();
            let picked = picked.trim_matches(is_mark);
            if picked.chars().count() >= 2
                && picked.chars().count() <= 14 * most
                && self.font.covers(picked)
                && self.head.covers(picked)
            {
                return Some(picked.to_owned());
            }
        }
        None
    }

    /// A number as it stands in tables.
    pub fn number(&mut self) -> String {
        match self.chance.below(4) {
            0 => format!("{}", self.chance.below(100)),
            1 => format!("{}.{}", self.chance.below(100), self.chance.below(10)),
            2 => format!("{},{:03}", 1 + self.chance.below(99), self.chance.below(1000)),
            _ => format!("{}.{:02}", self.chance.below(1000), self.chance.below(100)),
        }
    }

    /// One of these that the font of running text has.
    pub fn sign(&mut self, of: &[&'static str]) -> &'static str {
        let able: Vec<&'static str> = of.iter().copied().filter(|sign| self.font.covers(sign)).collect();
        if able.is_empty() { "" } else { able[self.chance.below(able.len())] }
    }

    /// From here on items do not belong to those before.
    pub fn next_group(&mut self) {
        self.group += 1;
        self.row = 0;
    }

    /// Adds text in an element of its own. `style` is put into quotes as it is.
    pub fn item(&mut self, tag: &str, class: &str, style: &str, text: &str) {
        self.open(tag, class, style, text);
        let _ = write!(self.html, "{}</{tag}>", escape(text));
        let item = Item { text: text.to_owned(), group: self.group, row: self.row, ..Item::default() };
        self.items.push(item);
    }

    /// Adds text whose lines are broken here.
    pub fn lines(&mut self, style: &str, lines: Vec<String>, angle: f64) {
        let text = lines.join(" ");
        self.open("div", "caption", &format!("{style};transform:rotate({angle}deg)"), &text);
        for line in &lines {
            let _ = write!(self.html, "<div>{}</div>", escape(line));
        }
        self.html.push_str("</div>");
        self.items.push(Item { text, lines, angle, group: self.group, ..Item::default() });
    }

    fn open(&mut self, tag: &str, class: &str, style: &str, text: &str) {
        let side = if is_right_to_left(text) { " dir=\"rtl\"" } else { "" };
        let _ =
            write!(self.html, "<{tag} class=\"{class}\" data-item=\"{}\"{side} style=\"{style}\">", self.items.len());
    }
}

/// The beginning of a text up to the end of a sentence, else of a word.
fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let head = &text[..end];
    let sentence = head.rfind(['.', '!', '?', '。', '！', '？', '؟', '।']).filter(|&at| at > end / 3);
    if let Some(at) = sentence {
        let length = head[at..].chars().next().map_or(1, char::len_utf8);
        // A full stop within a number or a name ends nothing.
        if text[at + length..].starts_with(' ') || length > 1 {
            return head[..at + length].to_owned();
        }
    }
    match head.rfind(' ') {
        Some(at) if at > end / 3 => head[..at].to_owned(),
        _ => head.to_owned(),
    }
}

fn is_right_to_left(text: &str) -> bool {
    let strong = text.chars().find(|letter| letter.is_alphabetic());
    strong.is_some_and(
        |letter| matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_where_they_may_be() {
        assert_eq!(cut("One two. Three four five.", 14), "One two.");
        assert_eq!(cut("Version 3.14 of everything else", 18), "Version 3.14 of");
        assert_eq!(cut("short", 14), "short");
        assert_eq!(cut("一二三四。五六七八九十。", 8), "一二三四。");
        assert_eq!(cut("abcdefghijkl", 4), "abcd");
    }

    #[test]
    fn scripts_from_the_right_are_known() {
        assert!(is_right_to_left("1. שלום") && is_right_to_left("مرحبا") && !is_right_to_left("Hello שלום"));
        assert_eq!(escape("a<b & c"), "a&lt;b &amp; c");
    }
}
