//! WebDataset: tar files with the picture and the record of each screen under one key.

use std::collections::BTreeMap;
use std::io::BufWriter;
use std::path::PathBuf;

use super::files::{Folder, Output, file_name};
use super::places::{Scale, rewrite, without_marks};
use super::{ConvertOptions, Writer};
use crate::dataset::Split;
use crate::disk::NewFile;
use crate::record::Screen;
use crate::shard::extension;
use crate::{DataError, Row};

/// Writes tar files of a bounded size, one of each side open at a time.
pub(super) struct Tars {
    scale: Scale,
    keep_marks: bool,
    rows: usize,
    bytes: u64,
    open: BTreeMap<Split, Tar>,
    /// How many were begun on each side.
    begun: BTreeMap<Split, usize>,
}

struct Tar {
    builder: tar::Builder<BufWriter<NewFile>>,
    path: PathBuf,
    rows: usize,
    bytes: u64,
}

impl Tars {
    pub(super) fn new(options: &ConvertOptions) -> Tars {
        Tars {
            scale: options.scale,
            keep_marks: options.keep_marks,
            rows: options.tar_rows,
            bytes: options.tar_bytes,
            open: BTreeMap::new(),
            begun: BTreeMap::new(),
        }
    }

    /// The record with its places as they were asked for.
    fn told(&self, screen: &Screen) -> Screen {
        let size = (screen.image.width, screen.image.height);
        let mut screen = screen.clone();
        for question in &mut screen.questions {
            let tell = |text: &str| {
                let told = match self.scale {
                    Scale::Cells => text.to_owned(),
                    scale => rewrite(text, question, size, |place| place.write(scale, size)),
                };
                if self.keep_marks { told } else { without_marks(&told) }
            };
            let (prompt, answer) = (tell(&question.prompt), tell(&question.answer));
            (question.prompt, question.answer) = (prompt, answer);
        }
        screen
    }
}

impl Writer for Tars {
    fn row(&mut self, folder: &Folder, split: Split, row: &Row) -> Result<u64, DataError> {
        let full = |tar: &Tar| tar.rows >= self.rows || tar.bytes + row.picture.len() as u64 > self.bytes;
        if self.open.get(&split).is_some_and(full)
            && let Some(tar) = self.open.remove(&split)
        {
            tar.finish()?;
        }
        if let std::collections::btree_map::Entry::Vacant(entry) = self.open.entry(split) {
            let number = self.begun.entry(split).or_default();
            entry.insert(Tar::begin(folder.file(&format!("{split}-{number:06}.tar"))?));
            *number += 1;
        }
        let record = serde_json::to_vec(&self.told(&row.screen)).expect("plain data can be written as JSON");
        // What follows the first dot of a name is the kind of content, so a key has none.
        let key = file_name(&row.screen.screen_id);
        let tar = self.open.get_mut(&split).expect("it was put there above");
        tar.add(&format!("{key}.{}", extension(&row.picture)), &row.picture)?;
        tar.add(&format!("{key}.json"), &record)?;
        tar.rows += 1;
        tar.bytes += row.picture.len() as u64;
        Ok(row.screen.questions.len().max(1) as u64)
    }

    fn finish(&mut self, _folder: &Folder) -> Result<(), DataError> {
        std::mem::take(&mut self.open).into_values().try_for_each(Tar::finish)
    }
}

impl Tar {
    fn begin(file: Output) -> Tar {
        let (file, path) = file.into_parts();
        Tar { builder: tar::Builder::new(file), path, rows: 0, bytes: 0 }
    }

    fn add(&mut self, name: &str, content: &[u8]) -> Result<(), DataError> {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        self.builder.append_data(&mut header, name, content).map_err(DataError::io(&self.path, "written"))
    }

    fn finish(self) -> Result<(), DataError> {
        let written = self.builder.into_inner().and_then(|file| file.into_inner().map_err(|error| error.into_error()));
        written.map_err(DataError::io(&self.path, "written"))?.finish().map(|_| ())
    }
}
