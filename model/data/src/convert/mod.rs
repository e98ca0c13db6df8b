//! A dataset in the forms that others read.
//!
//! One screen is in memory at a time; a picture is written once, however many questions there are about it. The folder
//! has its name only when all of it is written, so a conversion that was killed leaves nothing that looks finished.
//!
//! Texts that mean something to a reader (`<image>` where a picture goes) and come from a page are written with `‹`, so
//! that they are words again.

use std::path::Path;

use crate::dataset::{Dataset, Split};
use crate::shard::Columns;
use crate::{DataError, Row};

mod chat;
pub(crate) mod files;
mod places;
mod screenspot;
#[cfg(test)]
mod tests;
mod webdataset;

pub(crate) use chat::{Chat, Dialect};
use files::Folder;
pub use places::Scale;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `train-000000.tar` with `KEY.png` and `KEY.json` for each screen.
    WebDataset,
    /// `train.json` with `messages` and `images`, and a `dataset_info.json` that names it.
    LlamaFactory,
    /// `train.jsonl` with `messages` and `images`; places stand in the text.
    MsSwift,
    /// The same, with places as `<bbox>` and their pixels in `objects`: ms-swift writes them as its model has them.
    MsSwiftObjects,
    /// `train/screenspot_web.json` with `bbox` as `[x, y, width, height]` in pixels, one line for each question that
    /// asks for one box.
    ScreenSpot,
    /// `train.json` as SeeClick and OS-Atlas read it: elements of each screen, `bbox` as shares of its sides.
    SeeClick,
}

impl Format {
    /// All, with their names on the command line.
    pub const NAMES: [(&'static str, Format); 6] = [
        ("webdataset", Format::WebDataset),
        ("llama-factory", Format::LlamaFactory),
        ("ms-swift", Format::MsSwift),
        ("ms-swift-objects", Format::MsSwiftObjects),
        ("screenspot", Format::ScreenSpot),
        ("seeclick", Format::SeeClick),
    ];
}

/// How a dataset is converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertOptions {
    /// What is written.
    pub format: Format,
    /// How places in prompts and answers are written; formats with boxes in fields of their own have their own scale.
    pub scale: Scale,
    /// Whether `<|begin_of_box|>` and `<|end_of_box|>` stay around answers.
    pub keep_marks: bool,
    /// One side of the split, or both.
    pub split: Option<Split>,
    /// What the names of pictures in `messages` begin with. Without one, LLaMA-Factory's are relative to its folder and
    /// ms-swift's are absolute, as each wants them.
    pub image_root: Option<String>,
    /// Screens in one tar file, at most.
    pub tar_rows: usize,
    /// Bytes of pictures in one tar file, at most, unless one screen has more.
    pub tar_bytes: u64,
}

impl ConvertOptions {
    /// The usual ones for a format.
    pub fn new(format: Format) -> ConvertOptions {
        ConvertOptions {
            format,
            scale: Scale::Cells,
            keep_marks: true,
            split: None,
            image_root: None,
            tar_rows: 10_000,
            tar_bytes: 1 << 30,
        }
    }
}

/// What came of a conversion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Converted {
    /// Screens that are in it.
    pub screens: u64,
    /// Questions, or elements, that are in it.
    pub samples: u64,
}

/// Takes rows and writes them in some form.
trait Writer {
    /// How many samples the row gave; it is left out if that is none.
    fn row(&mut self, folder: &Folder, split: Split, row: &Row) -> Result<u64, DataError>;

    fn finish(&mut self, folder: &Folder) -> Result<(), DataError>;
}

/// Writes the dataset at `from` in another form to the folder `to`, which must not exist or be empty.
///
/// # Errors
/// If the dataset cannot be read or the folder not be written; it does not exist then.
pub fn convert(from: &Path, to: &Path, options: &ConvertOptions) -> Result<Converted, DataError> {
    let dataset = Dataset::open(from)?;
    let folder = Folder::create(to)?;
    let mut writer: Box<dyn Writer> = match options.format {
        Format::WebDataset => Box::new(webdataset::Tars::new(options)),
        Format::LlamaFactory => Box::new(Chat::new(Dialect::LlamaFactory, options, &folder)?),
        Format::MsSwift => Box::new(Chat::new(Dialect::MsSwift, options, &folder)?),
        Format::MsSwiftObjects => Box::new(Chat::new(Dialect::MsSwiftObjects, options, &folder)?),
        Format::ScreenSpot => Box::new(screenspot::ScreenSpot::default()),
        Format::SeeClick => Box::new(screenspot::SeeClick::default()),
    };
    let mut converted = Converted::default();
    for row in dataset.rows(options.split, Columns::All) {
        let (split, row) = row?;
        let samples = writer.row(&folder, split, &row)?;
        converted.samples += samples;
        converted.screens += u64::from(samples > 0);
    }
    writer.finish(&folder)?;
    drop(writer);
    folder.finish()?;
    Ok(converted)
}
