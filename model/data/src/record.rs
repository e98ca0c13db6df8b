//! One screenshot with all that is known of it: a row of a shard.
//!
//! Places are in image pixels of the screenshot as it is stored (`[left, top, right, bottom]`, right and bottom
//! exclusive), as floats, beside the picture's size; everything else (0..=999, 0..1, `xywh`) is made from them on export.
//! Every list may be empty, every text may be empty; `None` means not known.
//!
//! ```json
//! {"schema_version": 1, "screen_id": "5d41…", "url": "http://docs.test/", "site": "docs.test", "view": {"name": "laptop", …},
//!  "elements": [{"id": 1, "role": "link", "text": "Download", "box_px": [18.0, 9.5, 92.0, 27.0], …}],
//!  "questions": [{"task": "comprehension", "kind": "name", "prompt": "…", "answer": "<|begin_of_box|>[[14,13,71,37]]<|end_of_box|>", …}]}
//! ```

use serde::{Deserialize, Serialize};

/// Raised when the meaning of a field changes.
pub const SCHEMA_VERSION: u32 = 1;

/// `[left, top, right, bottom]` in image pixels.
pub type BoxPx = [f32; 4];

/// `[x, y]` in image pixels.
pub type PointPx = [f32; 2];

/// One screenshot with all that is known of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Screen {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Hash of the page, the view and the trail; unique in a dataset.
    pub screen_id: String,
    /// Hash of the normalised URL; shared by all screens of one page.
    pub page_id: String,
    /// As it was asked for.
    pub url: String,
    /// After redirects.
    pub final_url: String,
    /// Registrable domain (eTLD+1), or the host where there is none. Splits keep sites whole.
    pub site: String,
    /// When the page was loaded, RFC 3339 in UTC.
    pub fetched_at: String,
    /// HTTP status of the document; 0 where it is not known.
    pub status: u16,
    /// Where the page came from.
    pub source: Source,
    /// SPDX identifier or words, as the recipe says; empty if nobody said.
    pub license: String,
    /// BCP 47 language of the text, found in the text itself; empty if unsure.
    pub lang: String,
    /// The document's title.
    pub title: String,
    /// The text of the first heading that shows.
    pub heading: String,
    /// Screen and preferences that the page was shown with.
    pub view: View,
    /// How far the page was scrolled, in CSS pixels, and how large it is: x, y, width, height.
    pub scroll: [f32; 4],
    /// What was done since the page was loaded, oldest first.
    pub trail: Vec<TrailStep>,
    /// Name and version of the browser.
    pub browser: String,
    /// The picture's size, digest and kind; the bytes are beside it in the shard, whose column `image` they are.
    #[serde(rename = "image_info")]
    pub image: ImageInfo,
    /// What can be seen, in reading order.
    pub elements: Vec<Element>,
    /// Lines of text that are painted, in reading order.
    pub lines: Vec<Line>,
    /// What is asked about this picture, and the answers.
    pub questions: Vec<Question>,
    /// The page as cleaned HTML, for picture-to-code pairs; empty in other records.
    pub html: String,
}

impl Screen {
    /// What keeps this from being stored: every number of it is finite, as JSON and readers of shards expect.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<(), String> {
        let finite = |name: &str, numbers: &[f32]| match numbers.iter().find(|number| !number.is_finite()) {
            Some(number) => Err(format!("`{name}` holds {number}, which is no number")),
            None => Ok(()),
        };
        finite("view.scale", &[self.view.scale])?;
        finite("scroll", &self.scroll)?;
        for step in &self.trail {
            finite("trail.box_px", &step.box_px)?;
        }
        for element in &self.elements {
            finite("elements.box_px", &element.box_px)?;
            finite("elements.fragments_px", element.fragments_px.as_flattened())?;
            finite("elements.point_px", &element.point_px)?;
            finite("elements.visible", &[element.visible])?;
        }
        for line in &self.lines {
            finite("lines.box_px", &line.box_px)?;
            finite("lines.angle", &[line.angle])?;
            for word in &line.words {
                finite("lines.words.box_px", &word.box_px)?;
            }
        }
        for question in &self.questions {
            finite("questions.boxes_px", question.boxes_px.as_flattened())?;
            finite("questions.points_px", question.points_px.as_flattened())?;
        }
        Ok(())
    }
}

/// Where a page came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// `live`, `warc`, `wacz`, `common_crawl`, `folder`, `site` (bundled), `synthetic`.
    pub kind: String,
    /// The snapshot or the archive's file name.
    pub archive: String,
    /// Where the record begins in the archive, in bytes.
    pub offset: u64,
    /// Its length in the archive, in bytes.
    pub length: u64,
    /// The payload's digest as the archive gives it.
    pub digest: String,
}

/// Screen and preferences that a page was shown with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The recipe's name for it: `phone`, `tablet`, `laptop`, `4k`.
    pub name: String,
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// Image pixels for a CSS pixel.
    pub scale: f32,
    /// Touch, mobile layout and user agent.
    pub mobile: bool,
    /// The user prefers dark pages.
    pub dark: bool,
    /// BCP 47 tag of the first accepted language.
    pub locale: String,
}

/// Something that was done on the way to a screen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrailStep {
    /// `click`, `hover`, `type`, `select`, `scroll`, `dismiss_consent`.
    pub action: String,
    /// What is typed or chosen; the pixels scrolled.
    pub argument: String,
    /// Role of what it was done to.
    pub role: String,
    /// Name of what it was done to.
    pub name: String,
    /// The screen that it was done on: [`Screen::screen_id`].
    pub screen_id: String,
    /// Number of the element on that screen; 0 if it was none.
    pub element: u32,
    /// Where, in image pixels of that screen.
    pub box_px: BoxPx,
}

/// The stored picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageInfo {
    /// SHA-256 of the file's bytes, in hex.
    pub sha256: String,
    /// Perceptual hash (64 bit) of the picture, in hex.
    pub phash: String,
    /// Image pixels.
    pub width: u32,
    /// Image pixels.
    pub height: u32,
    /// `png`, `webp`, `jpeg`.
    pub format: String,
}

/// Something that can be seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Element {
    /// Its number in this screen, from 1 in reading order.
    pub id: u32,
    /// ARIA role, given or implied by the tag; `text` for running text.
    pub role: String,
    /// Lower-case tag name.
    pub tag: String,
    /// What a person reads on it, or would call it where nothing is written.
    pub text: String,
    /// Where `text` comes from: `painted` (it can be read on the picture), `name` (accessible name only), `value`,
    /// `placeholder`, empty.
    pub text_source: String,
    /// Accessible name.
    pub name: String,
    /// What a field holds; never that of a password field.
    pub value: String,
    /// `icon`, `image`, `text`, `field`, `control`, `group`.
    pub kind: String,
    /// Type of a field (`email`, `password`, `checkbox`, …), empty for all else.
    pub input_type: String,
    /// `checked`, `unchecked`, `expanded`, `collapsed`, `selected`, `disabled`, `focused`, `readonly`.
    pub states: Vec<String>,
    /// Where it shows, clipped to what can be seen of it.
    pub box_px: BoxPx,
    /// The pieces of one that runs over several lines, else empty.
    pub fragments_px: Vec<BoxPx>,
    /// A point where a click reaches it.
    pub point_px: PointPx,
    /// The share of its box where a hit test finds it, 0..=1.
    pub visible: f32,
    /// The share of its whole box that lies in sight, neither scrolled away nor cut off, 0..=1.
    pub shown: f32,
    /// A click does something.
    pub clickable: bool,
    /// Text can be typed into it.
    pub editable: bool,
    /// Its content can be scrolled.
    pub scrollable: bool,
    /// Elements of this screen with the same text, itself included.
    pub n_same_text: u32,
    /// Why nothing is asked about it; empty if something may be.
    pub reject: Vec<String>,
    /// The frames it lies in, outermost first.
    pub frame: Vec<u32>,
}

/// One line of painted text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// Its words, joined as they read.
    pub text: String,
    /// Where it shows.
    pub box_px: BoxPx,
    /// Clockwise turn of the text in degrees.
    pub angle: f32,
    /// Number of the paragraph it belongs to, from 1 in reading order.
    pub block: u32,
    /// Its words, in reading order.
    pub words: Vec<Word>,
}

/// One word of a line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Word {
    /// As it is painted.
    pub text: String,
    /// Where it shows.
    pub box_px: BoxPx,
}

/// One question about the picture, with its answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// Unique in a dataset.
    pub id: String,
    /// `comprehension` (words to place), `generation` (place to words), `refusal` (not on this screen), `ocr`,
    /// `caption` (of a widget), `summary` (of the page), `action` (what to do next), `code` (picture to HTML).
    pub task: String,
    /// How the expression names its target: `name`, `role`, `function`, `ordinal`, `relation`, `state`, `icon`, `text`,
    /// `region`, `several`.
    pub kind: String,
    /// The template it was written with.
    pub template: String,
    /// The words that name the target, without the rest of the question.
    pub expression: String,
    /// What the model is asked.
    pub prompt: String,
    /// What it should say; places are integers 0..=999 inside `<|begin_of_box|>` and `<|end_of_box|>`.
    pub answer: String,
    /// [`Element::id`] of what is meant.
    pub targets: Vec<u32>,
    /// Where that is, in the order of the answer.
    pub boxes_px: Vec<BoxPx>,
    /// The points that the answer or the question names.
    pub points_px: Vec<PointPx>,
}
