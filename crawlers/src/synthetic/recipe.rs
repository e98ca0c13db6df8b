//! `[[source]] kind = "synthetic_ocr"` of a recipe.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How a page is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Title, headings, paragraphs and lists in one to three columns.
    Article,
    /// A table or two with captions.
    Table,
    /// A narrow slip with rows of goods and prices.
    Receipt,
    /// Labels with what is filled in.
    Form,
    /// Captions all over a picture, some of them turned.
    Scattered,
}

/// What pages are set from, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OcrRecipe {
    /// The last part of the pages' host names, such as `letters`: a page is at `http://7.letters.test/100`.
    pub name: String,
    /// Plain text in UTF-8, one language a file; paragraphs end with empty lines.
    pub corpus: Vec<PathBuf>,
    /// Pages to make.
    pub pages: u64,
    /// The root of all chance.
    #[serde(default)]
    pub seed: u64,
    /// Hosts that pages and paragraphs are dealt out to; no paragraph is on two of them, and splits keep them whole.
    #[serde(default = "sites")]
    pub sites: u32,
    /// Font families; all that this machine has if there are none.
    #[serde(default)]
    pub fonts: Vec<String>,
    /// A folder of JPEG, PNG or WebP pictures to set text over. They should show no text of their own.
    #[serde(default)]
    pub backgrounds: Option<PathBuf>,
    /// Of running text, the smallest and the largest, in CSS pixels.
    #[serde(default = "font_px")]
    pub font_px: [f64; 2],
    /// Of text against all that may be behind it, by WCAG 2, 1 to 15.
    #[serde(default = "min_contrast")]
    pub min_contrast: f64,
    /// Of scattered captions this share is turned, 0..=1.
    #[serde(default = "turned_share")]
    pub turned_share: f64,
    /// Layouts, one of which is chosen for each page; naming one twice makes it likelier.
    #[serde(default = "layouts")]
    pub layouts: Vec<Layout>,
    /// Licence of the text.
    #[serde(default)]
    pub license: String,
}

fn sites() -> u32 {
    32
}

fn font_px() -> [f64; 2] {
    [11.0, 30.0]
}

fn min_contrast() -> f64 {
    3.0
}

fn turned_share() -> f64 {
    0.5
}

fn layouts() -> Vec<Layout> {
    vec![
        Layout::Article,
        Layout::Article,
        Layout::Table,
        Layout::Receipt,
        Layout::Form,
        Layout::Scattered,
        Layout::Scattered,
    ]
}

impl OcrRecipe {
    /// Everything that is wrong with it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut wrong = |is: bool, says: String| {
            if is {
                found.push(says);
            }
        };
        let is_label =
            !self.name.is_empty() && self.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        wrong(!is_label, format!("`name` is `{}`, and should be letters from a to z and digits", self.name));
        wrong(self.corpus.is_empty(), "`corpus` is empty".to_owned());
        wrong(self.pages == 0, "`pages` is 0".to_owned());
        wrong(self.sites == 0, "`sites` is 0".to_owned());
        wrong(self.layouts.is_empty(), "`layouts` is empty".to_owned());
        let [small, large] = self.font_px;
        wrong(
            !(6.0..=200.0).contains(&small) || !(small..=200.0).contains(&large),
            format!("`font_px` is [{small}, {large}], and not two sizes from 6 to 200, the smaller first"),
        );
        wrong(
            !(1.0..=15.0).contains(&self.min_contrast),
            format!("`min_contrast` is {}, and not in 1..=15", self.min_contrast),
        );
        wrong(
            !(0.0..=1.0).contains(&self.turned_share),
            format!("`turned_share` is {}, and not in 0..=1", self.turned_share),
        );
        found
    }

    /// The host of a page.
    pub fn host(&self, number: u64) -> String {
        format!("{}.{}.test", number % u64::from(self.sites.max(1)), self.name)
    }

    /// The part that all its hosts end with, with its dot.
    pub(crate) fn domain(&self) -> String {
        format!(".{}.test", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_told() {
        let text = "name = 'A b'\ncorpus = []\npages = 0\nsites = 0\nfont_px = [20, 10]\nmin_contrast = 40\nturned_share = 2\nlayouts = []";
        let recipe: OcrRecipe = toml::from_str(text).unwrap();
        let mistakes = recipe.mistakes().join("\n");
        for part in ["`A b`", "corpus", "pages", "sites", "[20, 10]", "is 40", "turned_share", "layouts"] {
            assert!(mistakes.contains(part), "{part}: {mistakes}");
        }
        let good: OcrRecipe = toml::from_str("name = 'letters'\ncorpus = ['a.txt']\npages = 3").unwrap();
        assert_eq!(good.mistakes(), Vec::<String>::new());
        assert_eq!(good.host(33), "1.letters.test");
    }
}
