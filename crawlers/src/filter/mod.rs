//! Which pages are worth keeping: each drop has a reason, and all are counted.

mod contamination;
mod near_duplicates;

use std::borrow::Cow;
use std::path::PathBuf;

use glim_data::record::Screen;
use serde::{Deserialize, Serialize};

pub use contamination::{Contamination, ContaminationError, Hit};
pub use near_duplicates::{Fingerprint, NearDuplicates};

use crate::picture::Picture;
use crate::words::{folded, has_words};

/// What a page must be like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PageFilter {
    /// Elements that its first screen must show.
    pub min_elements: usize,
    /// Of its first screen no more than this share may be of one colour, 0..=1.
    pub max_plain_share: f64,
    /// ISO 639-1 codes of the languages wanted; empty takes all. Pages whose language cannot be told are kept.
    pub languages: Vec<String>,
    /// Files with words, one a line, of which a page may show none.
    pub bad_words: Vec<PathBuf>,
    /// Pages whose texts share this much of their word triples are the same, 0..=1; 0 looks for no near-duplicates.
    pub same_text: f64,
}

impl Default for PageFilter {
    fn default() -> Self {
        PageFilter {
            min_elements: 5,
            max_plain_share: 0.985,
            languages: Vec::new(),
            bad_words: Vec::new(),
            same_text: 0.9,
        }
    }
}

/// Why a page is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drop {
    /// One word, counted by.
    pub reason: Cow<'static, str>,
    /// What was found.
    pub detail: String,
}

impl Drop {
    /// For this reason.
    pub fn new(reason: &'static str, detail: impl Into<String>) -> Drop {
        Drop { reason: reason.into(), detail: detail.into() }
    }
}

/// What pages say that want a person to prove to be one, or that let nobody in.
const BLOCKED: [&str; 14] = [
    "verify you are human",
    "verify that you are human",
    "verifying you are human",
    "are you a robot",
    "i'm not a robot",
    "checking your browser",
    "just a moment",
    "enable javascript and cookies to continue",
    "unusual traffic",
    "access denied",
    "you have been blocked",
    "complete the security check",
    "request blocked",
    "pardon our interruption",
];

/// What pages say that stand for one that is not there.
const BROKEN: [&str; 16] = [
    "404",
    "403 forbidden",
    "not found",
    "page not found",
    "error 404",
    "500 internal server error",
    "internal server error",
    "502 bad gateway",
    "bad gateway",
    "503 service unavailable",
    "service unavailable",
    "504 gateway timeout",
    "this site can't be reached",
    "domain is for sale",
    "account suspended",
    "under construction",
];

/// A page with more words than this is no error page, whatever it quotes.
const SHORT_PAGE_WORDS: usize = 120;

/// Letters from which a language is told.
const TELLING_LETTERS: usize = 80;

/// The filter with its word lists read.
#[derive(Debug)]
pub struct Filter {
    rules: PageFilter,
    bad_words: Vec<String>,
}

impl Filter {
    /// Reads the word lists.
    ///
    /// # Errors
    /// If one cannot be read; the text names it.
    pub fn new(rules: PageFilter) -> Result<Filter, std::io::Error> {
        let mut bad_words = Vec::new();
        for path in &rules.bad_words {
            let text = std::fs::read_to_string(path)
                .map_err(|error| std::io::Error::new(error.kind(), format!("`{}`: {error}", path.display())))?;
            bad_words.extend(text.lines().map(folded).filter(|word| !word.is_empty()));
        }
        Ok(Filter { rules, bad_words })
    }

    /// Why the first screen of a page is a reason to drop it.
    pub fn drops(&self, screen: &Screen, picture: &Picture) -> Option<Drop> {
        if screen.status >= 400 {
            return Some(Drop::new("status", screen.status.to_string()));
        }
        let plain = picture.plain_share();
        if plain > self.rules.max_plain_share {
            return Some(Drop::new("blank", format!("{:.1}% of one colour", plain * 100.0)));
        }
        let text = text_of(screen);
        let short = text.split(' ').count() <= SHORT_PAGE_WORDS;
        let title = folded(&screen.title);
        let says = |phrases: &[&'static str]| {
            let told = |phrase: &&&str| has_words(&title, phrase) || (short && has_words(&text, phrase));
            phrases.iter().find(told).map(|phrase| (*phrase).to_owned())
        };
        if let (true, Some(phrase)) = (short, says(&BLOCKED)) {
            return Some(Drop::new("blocked", phrase));
        }
        if let (true, Some(phrase)) = (short, says(&BROKEN)) {
            return Some(Drop::new("error_page", phrase));
        }
        if screen.elements.len() < self.rules.min_elements {
            return Some(Drop::new("too_few_elements", screen.elements.len().to_string()));
        }
        let wanted = &self.rules.languages;
        if !wanted.is_empty() && !screen.lang.is_empty() && !wanted.contains(&screen.lang) {
            return Some(Drop::new("language", screen.lang.clone()));
        }
        if let Some(word) = self.bad_words.iter().find(|word| has_words(&text, word) || has_words(&title, word)) {
            return Some(Drop::new("bad_words", word.clone()));
        }
        None
    }
}

/// All text of a screen, folded.
pub fn text_of(screen: &Screen) -> String {
    let lines: Vec<&str> = screen.lines.iter().map(|line| line.text.as_str()).collect();
    crate::words::collapse(&lines.join(" ")).to_lowercase()
}

/// ISO 639-1 code of a text's language; empty where it cannot be told.
pub fn language(text: &str) -> String {
    if text.chars().filter(|letter| letter.is_alphabetic()).count() < TELLING_LETTERS {
        return String::new();
    }
    let told = whatlang::detect(text).filter(whatlang::Info::is_reliable);
    told.and_then(|told| two_letters(told.lang().code())).unwrap_or_default().to_owned()
}

/// The codes that Common Crawl, HTML and recipes use.
fn two_letters(three: &str) -> Option<&'static str> {
    const CODES: [(&str, &str); 45] = [
        ("afr", "af"), ("ara", "ar"), ("ben", "bn"), ("bul", "bg"), ("cat", "ca"), ("ces", "cs"), ("cmn", "zh"), ("dan", "da"),
        ("deu", "de"), ("ell", "el"), ("eng", "en"), ("est", "et"), ("fin", "fi"), ("fra", "fr"), ("guj", "gu"), ("heb", "he"),
        ("hin", "hi"), ("hrv", "hr"), ("hun", "hu"), ("ind", "id"), ("ita", "it"), ("jpn", "ja"), ("kan", "kn"), ("kor", "ko"),
        ("lav", "lv"), ("lit", "lt"), ("mal", "ml"), ("mar", "mr"), ("nld", "nl"), ("nob", "no"), ("pes", "fa"), ("pol", "pl"),
        ("por", "pt"), ("ron", "ro"), ("rus", "ru"), ("slk", "sk"), ("slv", "sl"), ("spa", "es"), ("srp", "sr"), ("swe", "sv"),
        ("tam", "ta"), ("tha", "th"), ("tur", "tr"), ("ukr", "uk"), ("vie", "vi"),
    ];
    CODES.iter().find(|(code, _)| *code == three).map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glim_data::record::{Element, Line};

    fn screen(title: &str, text: &str) -> Screen {
        let line = Line { text: text.to_owned(), ..Line::default() };
        let elements = vec![Element::default(); 6];
        Screen { title: title.to_owned(), status: 200, lines: vec![line], elements, ..Screen::default() }
    }

    fn reason(screen: &Screen) -> Option<Cow<'static, str>> {
        let rules = PageFilter { languages: vec!["en".into()], ..PageFilter::default() };
        let filter = Filter { rules, bad_words: vec!["blorb".into()] };
        filter.drops(screen, &Picture::checkered(64, 64, 64)).map(|drop| drop.reason)
    }

    #[test]
    fn pages_are_dropped_for_what_they_say() {
        let fine = screen("Home", "welcome to a page with text");
        assert_eq!(reason(&fine).as_deref(), None);
        assert_eq!(reason(&Screen { status: 503, ..fine.clone() }).as_deref(), Some("status"));
        assert_eq!(reason(&screen("Just a moment...", "checking")).as_deref(), Some("blocked"));
        assert_eq!(reason(&screen("x", "Please verify you are human to go on")).as_deref(), Some("blocked"));
        assert_eq!(reason(&screen("Page not found", "sorry")).as_deref(), Some("error_page"));
        assert_eq!(reason(&screen("x", "a blorb for you")).as_deref(), Some("bad_words"));
        assert_eq!(reason(&Screen { elements: Vec::new(), ..fine.clone() }).as_deref(), Some("too_few_elements"));
        assert_eq!(reason(&Screen { lang: "de".into(), ..fine.clone() }).as_deref(), Some("language"));
        let long = format!("{} http status codes: 404 not found", "many words about servers ".repeat(60));
        assert_eq!(reason(&screen("HTTP", &long)).as_deref(), None);
        let blank = Filter { rules: PageFilter::default(), bad_words: Vec::new() };
        assert_eq!(blank.drops(&fine, &Picture::checkered(64, 64, 0)).map(|drop| drop.reason).as_deref(), Some("blank"));
    }

    #[test]
    fn languages_are_told_from_enough_text() {
        let german = "Dies ist ein längerer Text in deutscher Sprache, der sicher als solcher erkannt werden sollte, weil er \
                      viele gewöhnliche Wörter enthält.";
        assert_eq!(language(german), "de");
        assert_eq!(language("Sign in"), "");
    }
}
