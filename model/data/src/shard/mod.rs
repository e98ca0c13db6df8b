//! A shard: a Parquet file with one row for each screen, its picture inside.
//!
//! Column `image` is `struct<bytes: binary, path: string>`, and the Arrow schema's key `huggingface` says that it is a
//! picture, so Hugging Face `datasets` shows it as one. The other columns are the fields of [`Screen`], lists of structs
//! where the record has them; `schema` writes them down once. Rows become arrays through serde (`arrow-json`), and
//! arrays become rows through JSON, so a shard that another program has saved again, with other string or list types,
//! can still be read.
//!
//! Pictures are stored as they are, all else is compressed. Row groups are small: one row is read without the file.

mod read;
mod schema;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Columns, Rows, Shard};
pub use write::{ShardOptions, ShardWriter, WrittenShard};

use crate::Screen;

/// A screen and its picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// What is known of it.
    pub screen: Screen,
    /// The picture's file: PNG, WebP or JPEG. Empty if it was not asked for.
    pub picture: Vec<u8>,
}

impl Row {
    /// What the picture's file should be called.
    pub fn picture_name(&self) -> String {
        format!("{}.{}", self.screen.screen_id, extension(&self.picture))
    }
}

/// The usual ending of a picture's file name, by its first bytes.
pub fn extension(picture: &[u8]) -> &'static str {
    match picture {
        [0x89, b'P', b'N', b'G', ..] => "png",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
        [0xff, 0xd8, 0xff, ..] => "jpg",
        _ => "bin",
    }
}
