//! A page that is to be shown, what came of it, and how that is told to another machine.
//!
//! ```text
//! 4 bytes, little-endian    length of the head
//! head                      JSON, packed with Zstandard: all but the pictures, and the length of each of those
//! pictures                  one after the other, as they are to be stored
//! ```

use std::time::Duration;

use glim_data::record::Source;
use glim_data::{Row, Screen};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::address::PageId;
use crate::filter::Drop;
use crate::source::Target;

/// Bytes of a head as it is unpacked, at the most.
const MOST_HEAD: usize = 256 << 20;

/// A page that is to be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) url: Url,
    pub(super) source: Source,
    pub(super) license: String,
    /// How many links it is away from a page of a source.
    pub(super) depth: u32,
    /// How often it was tried before.
    pub(super) attempt: u32,
}

impl Job {
    pub(super) fn target(&self) -> Target {
        Target::new(self.url.clone(), self.source.clone(), self.license.clone())
    }
}

/// What came of a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Came {
    /// Screens; the first is the page as it was loaded.
    Rows(Vec<Row>),
    /// It is not worth keeping.
    Dropped(Drop),
    /// It was not shown, which may pass.
    Broken {
        /// What it is counted by if it is given up.
        drop: Drop,
        /// Whether it took too long.
        is_slow: bool,
    },
}

/// What is told of a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) came: Came,
    /// Where it leads, if that is wanted.
    pub(super) links: Vec<Url>,
    /// Why screens have no code that was asked for, one reason for each.
    pub(super) without_code: Vec<String>,
    /// From when it began to load.
    pub(super) took: Duration,
}

#[derive(Serialize, Deserialize)]
struct Head {
    came: HeadCame,
    links: Vec<Url>,
    without_code: Vec<String>,
    took: Duration,
}

#[derive(Serialize, Deserialize)]
enum HeadCame {
    Rows(Vec<(Screen, usize)>),
    Dropped(Drop),
    Broken { drop: Drop, is_slow: bool },
}

impl Answer {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut pictures = Vec::new();
        let came = match self.came {
            Came::Rows(rows) => HeadCame::Rows(
                rows.into_iter()
                    .map(|row| {
                        pictures.extend_from_slice(&row.picture);
                        (row.screen, row.picture.len())
                    })
                    .collect(),
            ),
            Came::Dropped(drop) => HeadCame::Dropped(drop),
            Came::Broken { drop, is_slow } => HeadCame::Broken { drop, is_slow },
        };
        let head = Head { came, links: self.links, without_code: self.without_code, took: self.took };
        let head = serde_json::to_vec(&head).expect("records are written as JSON elsewhere, too");
        let head = zstd::bulk::compress(&head, 3).expect("memory can be packed");
        let length = u32::try_from(head.len()).expect("a head has less than 4 GiB");
        [length.to_le_bytes().as_slice(), &head, &pictures].concat()
    }

    /// Reads an answer about a page; what does not belong to the page, or is not whole, is refused with the reason.
    pub(super) fn decode(bytes: &[u8], page: PageId) -> Result<Answer, String> {
        let cut = || "it is cut off".to_owned();
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
        let (head, mut pictures) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
        let head = zstd::bulk::decompress(head, MOST_HEAD).map_err(|error| error.to_string())?;
        let head: Head = serde_json::from_slice(&head).map_err(|error| error.to_string())?;
        let came = match head.came {
            HeadCame::Rows(screens) => {
                let mut rows = Vec::new();
                for (screen, length) in screens {
                    let picture;
                    (picture, pictures) = pictures.split_at_checked(length).ok_or_else(cut)?;
                    if screen.page_id != page.to_string() {
                        return Err(format!("a screen is of the page {}", screen.page_id));
                    }
                    if glim_data::sha256(picture) != screen.image.sha256 {
                        return Err("a picture is not the one that its record tells of".to_owned());
                    }
                    rows.push(Row { screen, picture: picture.to_vec() });
                }
                if rows.is_empty() {
                    return Err("it has no screens".to_owned());
                }
                Came::Rows(rows)
            }
            HeadCame::Dropped(drop) => Came::Dropped(drop),
            HeadCame::Broken { drop, is_slow } => Came::Broken { drop, is_slow },
        };
        Ok(Answer { came, links: head.links, without_code: head.without_code, took: head.took })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> (Url, PageId) {
        let url = Url::parse("http://pages.test/a").unwrap();
        let page = PageId::of(&url);
        (url, page)
    }

    fn answer() -> Answer {
        let (url, page) = page();
        let row = |picture: &[u8]| {
            let mut screen = Screen { page_id: page.to_string(), title: "Käse".to_owned(), ..Screen::default() };
            screen.scroll = [0.1, 1.0 / 3.0, 1e7, 0.0];
            screen.image.sha256 = glim_data::sha256(picture);
            Row { screen, picture: picture.to_vec() }
        };
        Answer {
            came: Came::Rows(vec![row(b"one"), row(b"")]),
            links: vec![url],
            without_code: vec!["too_long".to_owned()],
            took: Duration::from_millis(1234),
        }
    }

    #[test]
    fn answers_arrive_as_they_were_sent() {
        let (_, page) = page();
        let drop = Drop::new("blank", "nothing on it");
        for came in [answer().came, Came::Dropped(drop.clone()), Came::Broken { drop, is_slow: true }] {
            let sent = Answer { came, ..answer() };
            assert_eq!(Answer::decode(&sent.clone().encode(), page).unwrap(), sent);
        }
    }

    #[test]
    fn answers_that_are_not_whole_are_refused() {
        let (_, page) = page();
        let bytes = answer().encode();
        for length in 0..bytes.len() {
            assert!(Answer::decode(&bytes[..length], page).is_err(), "{length} bytes");
        }
        let mut other = bytes.clone();
        *other.last_mut().unwrap() ^= 1;
        assert!(Answer::decode(&other, page).unwrap_err().contains("picture"));
        let elsewhere = PageId::of(&Url::parse("http://pages.test/b").unwrap());
        assert!(Answer::decode(&bytes, elsewhere).unwrap_err().contains("of the page"));
    }
}
