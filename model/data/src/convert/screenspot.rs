//! Boxes in fields of their own: the layouts of ScreenSpot and of SeeClick, which OS-Atlas reads too.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Writer;
use super::files::{Folder, Listing, file_name, picture_path};
use crate::dataset::Split;
use crate::record::{BoxPx, Element, Screen};
use crate::shard::extension;
use crate::{DataError, Row};

/// `SPLIT/screenspot_web.json`, `SPLIT/screenspot_mobile.json` and `SPLIT/screenspot_imgs/`.
#[derive(Default)]
pub(super) struct ScreenSpot {
    files: BTreeMap<(Split, &'static str), Listing>,
}

#[derive(Serialize)]
struct Spot<'a> {
    img_filename: &'a str,
    /// x, y, width, height in image pixels.
    bbox: [i64; 4],
    instruction: &'a str,
    data_type: &'static str,
    data_source: &'a str,
}

impl Writer for ScreenSpot {
    fn row(&mut self, folder: &Folder, split: Split, row: &Row) -> Result<u64, DataError> {
        let screen = &row.screen;
        let picture = format!("{}.{}", file_name(&screen.screen_id), extension(&row.picture));
        let mut samples = 0;
        for question in screen.questions.iter().filter(|question| question.task == "comprehension") {
            let &[of] = question.boxes_px.as_slice() else { continue };
            let element = |target: &u32| screen.elements.iter().find(|element| element.id == *target);
            let spot = Spot {
                img_filename: &picture,
                bbox: sides(of),
                instruction: &question.expression,
                data_type: question.targets.first().and_then(element).map_or("text", data_type),
                data_source: &screen.site,
            };
            let kind = if screen.view.mobile { "mobile" } else { "web" };
            if let std::collections::btree_map::Entry::Vacant(entry) = self.files.entry((split, kind)) {
                entry.insert(Listing::list(folder.file(&format!("{split}/screenspot_{kind}.json"))?));
            }
            self.files.get_mut(&(split, kind)).expect("it was put there above").push(&spot)?;
            samples += 1;
        }
        if samples > 0 {
            folder.picture(&format!("{split}/screenspot_imgs/{picture}"), &row.picture)?;
        }
        Ok(samples)
    }

    fn finish(&mut self, _folder: &Folder) -> Result<(), DataError> {
        std::mem::take(&mut self.files).into_values().try_for_each(Listing::finish)
    }
}

/// `SPLIT.json` and `images/`.
#[derive(Default)]
pub(super) struct SeeClick {
    files: BTreeMap<Split, Listing>,
}

#[derive(Serialize)]
struct Shot<'a> {
    img_filename: &'a str,
    url: &'a str,
    elements: Vec<Seen<'a>>,
}

#[derive(Serialize)]
struct Seen<'a> {
    instruction: &'a str,
    /// Left, top, right, bottom as shares of the picture's sides.
    bbox: [f64; 4],
    data_type: &'static str,
}

impl Writer for SeeClick {
    fn row(&mut self, folder: &Folder, split: Split, row: &Row) -> Result<u64, DataError> {
        let screen = &row.screen;
        // Only what can be told apart by its words: readers take every element for a question.
        let asked =
            screen.elements.iter().filter(|of| of.reject.is_empty() && !of.text.is_empty() && of.n_same_text <= 1);
        let elements: Vec<Seen<'_>> = asked
            .map(|of| Seen { instruction: &of.text, bbox: shares(of.box_px, screen), data_type: data_type(of) })
            .collect();
        let samples = elements.len() as u64;
        if samples == 0 {
            return Ok(0);
        }
        let picture = picture_path("images", row);
        folder.picture(&picture, &row.picture)?;
        if let std::collections::btree_map::Entry::Vacant(entry) = self.files.entry(split) {
            entry.insert(Listing::list(folder.file(&format!("{split}.json"))?));
        }
        let shot = Shot { img_filename: &picture, url: &screen.url, elements };
        self.files.get_mut(&split).expect("it was put there above").push(&shot)?;
        Ok(samples)
    }

    fn finish(&mut self, _folder: &Folder) -> Result<(), DataError> {
        std::mem::take(&mut self.files).into_values().try_for_each(Listing::finish)
    }
}

/// `icon` for what is told by a picture, `text` for all else.
fn data_type(element: &Element) -> &'static str {
    if ["icon", "image"].contains(&element.kind.as_str()) { "icon" } else { "text" }
}

fn sides([left, top, right, bottom]: BoxPx) -> [i64; 4] {
    let [left, top, right, bottom] = [left, top, right, bottom].map(|at| at.round() as i64);
    [left, top, right - left, bottom - top]
}

fn shares([left, top, right, bottom]: BoxPx, screen: &Screen) -> [f64; 4] {
    let share = |at: f32, size: u32| (f64::from(at) / f64::from(size.max(1)) * 1e6).round() / 1e6;
    let (width, height) = (screen.image.width, screen.image.height);
    [share(left, width), share(top, height), share(right, width), share(bottom, height)]
}
