//! TensorBoard's event files: scalars, texts and pictures of a run, as `tensorboard --logdir` opens them.
//!
//! A file is a list of `Event` messages (protocol buffers, `proto`), each in a frame of `TFRecord` (`frame`). The few
//! messages that are needed are encoded by hand, after `tensorflow/core/util/event.proto`, `framework/summary.proto` and
//! `framework/tensor.proto`; nothing is read back here. A run that is resumed begins another file, whose first event tells
//! TensorBoard to forget what earlier files say of later steps.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::metrics::{Kind, Line};

mod frame;
mod proto;
#[cfg(test)]
mod tests;

/// Why an event is not in the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventsError {
    /// The disk or the system refuses.
    #[error("`{}` cannot be written: {source}", .path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A picture that is none.
    #[error("the picture `{tag}` is no PNG")]
    Picture {
        /// Its name.
        tag: String,
    },
}

/// An event file that is being written.
#[derive(Debug)]
pub struct Events {
    path: PathBuf,
    file: File,
}

impl Events {
    /// Begins a file in a folder, which is created. A run that goes on names the steps it has done: what earlier files in
    /// the folder say of later ones is not shown any more; without a step, nothing of what they say.
    ///
    /// # Errors
    /// If the folder or the file cannot be written.
    pub fn create(folder: &Path, resumed: Option<u64>) -> Result<Events, EventsError> {
        fs::create_dir_all(folder).map_err(io(folder))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        // Files are read in the order of their names.
        let name = format!("events.out.tfevents.{:010}.{:09}.glim", now.as_secs(), now.subsec_nanos());
        let path = folder.join(name);
        let file = OpenOptions::new().append(true).create_new(true).open(&path).map_err(io(&path))?;
        let mut events = Events { path, file };
        events.add(&proto::version(now.as_secs_f64()))?;
        // TensorBoard's server heeds a start only if it is not the first one it sees.
        events.add(&proto::start(now.as_secs_f64(), resumed.map_or(0, |step| step + 1)))?;
        Ok(events)
    }

    /// The numbers of a measurement, each as `train/NAME` or `eval/NAME`; its note as the text `note`.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn line(&mut self, line: &Line) -> Result<(), EventsError> {
        let prefix = match line.kind {
            Kind::Train => "train",
            Kind::Eval => "eval",
            Kind::Note => "note",
        };
        if !line.numbers.is_empty() {
            #[expect(clippy::cast_possible_truncation, reason = "scalars of TensorBoard are f32")]
            let values =
                line.numbers.iter().map(|(name, value)| proto::scalar(&format!("{prefix}/{name}"), *value as f32));
            self.add(&proto::summary(line.time, line.step, values))?;
        }
        match &line.note {
            Some(note) => self.text(line.step, line.time, "note", note),
            None => Ok(()),
        }
    }

    /// A text, shown as Markdown. `time` is in seconds since 1970.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn text(&mut self, step: u64, time: f64, tag: &str, text: &str) -> Result<(), EventsError> {
        self.add(&proto::summary(time, step, [proto::text(tag, text)]))
    }

    /// A picture, as the bytes of a PNG file. `time` is in seconds since 1970.
    ///
    /// # Errors
    /// If it is no PNG or cannot be written.
    pub fn picture(&mut self, step: u64, time: f64, tag: &str, png: &[u8]) -> Result<(), EventsError> {
        let (width, height) = png_size(png).ok_or_else(|| EventsError::Picture { tag: tag.to_owned() })?;
        self.add(&proto::summary(time, step, [proto::picture(tag, width, height, png)]))
    }

    /// One event, in one write. What a full disk tears off, readers leave out.
    fn add(&mut self, event: &[u8]) -> Result<(), EventsError> {
        self.file.write_all(&frame::record(event)).map_err(io(&self.path))
    }
}

/// Width and height in pixels, from the header of a PNG file.
pub(crate) fn png_size(png: &[u8]) -> Option<(u32, u32)> {
    let header = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    let (width, rest) = header.split_first_chunk::<4>()?;
    let height = rest.first_chunk::<4>()?;
    let size = (u32::from_be_bytes(*width), u32::from_be_bytes(*height));
    (size.0 > 0 && size.1 > 0).then_some(size)
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> EventsError {
    move |source| EventsError::Io { path: path.to_owned(), source }
}
