//! Writing a shard: row group by row group, under a temporary name until all of it is on the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray, StructArray};
use arrow_json::ReaderBuilder;
use arrow_schema::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::{Row, schema};
use crate::disk::{Disk, NewFile, partial_of};
use crate::{DataError, Screen};

/// How large shards and their row groups become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardOptions {
    /// Rows of a shard, at most; a page stays whole, so one with more screens makes a larger shard.
    pub rows: usize,
    /// Bytes of pictures and records in a shard before compression, at most; a page stays whole here too.
    pub bytes: u64,
    /// Rows of a row group, at most: what is read to get at one row.
    pub group_rows: usize,
    /// Bytes of pictures in a row group, at most, unless one row has more.
    pub group_bytes: usize,
}

impl Default for ShardOptions {
    fn default() -> Self {
        ShardOptions { rows: 20_000, bytes: 512 << 20, group_rows: 64, group_bytes: 16 << 20 }
    }
}

/// What a finished shard is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenShard {
    /// Rows in it.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// A shard that is being written. The file has its name only after [`ShardWriter::finish`].
pub struct ShardWriter {
    disk: Disk,
    path: PathBuf,
    options: ShardOptions,
    writer: ArrowWriter<NewFile>,
    group: Vec<Row>,
    group_bytes: usize,
    rows: u64,
}

impl ShardWriter {
    /// Begins a shard in a folder that exists.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn create(path: &Path, options: &ShardOptions) -> Result<ShardWriter, DataError> {
        ShardWriter::create_on(Disk::default(), path, options)
    }

    pub(crate) fn create_on(disk: Disk, path: &Path, options: &ShardOptions) -> Result<ShardWriter, DataError> {
        let file = disk.create(&partial_of(path))?;
        let writer = ArrowWriter::try_new(file, schema::whole(), Some(properties())).map_err(parquet_error(path))?;
        Ok(ShardWriter {
            disk,
            path: path.to_owned(),
            options: options.clone(),
            writer,
            group: Vec::new(),
            group_bytes: 0,
            rows: 0,
        })
    }

    /// Adds a row. It reaches the disk with its row group.
    ///
    /// # Errors
    /// If the record holds what cannot be stored, or the disk refuses.
    pub fn push(&mut self, row: Row) -> Result<(), DataError> {
        row.screen.check().map_err(|reason| DataError::Record {
            page_id: row.screen.page_id.clone(),
            screen_id: row.screen.screen_id.clone(),
            reason,
        })?;
        if !self.group.is_empty() && self.group_bytes + row.picture.len() > self.options.group_bytes {
            self.write_group()?;
        }
        self.group_bytes += row.picture.len();
        self.group.push(row);
        if self.group.len() >= self.options.group_rows { self.write_group() } else { Ok(()) }
    }

    /// Writes what is left and gives the file its name once all of it is on the disk.
    ///
    /// # Errors
    /// If the disk refuses; nothing has the name then.
    pub fn finish(mut self) -> Result<WrittenShard, DataError> {
        self.write_group()?;
        let file = self.writer.into_inner().map_err(parquet_error(&self.path))?;
        let written = file.finish()?;
        self.disk.rename(&partial_of(&self.path), &self.path)?;
        Ok(WrittenShard { rows: self.rows, bytes: written.bytes, sha256: written.sha256 })
    }

    fn write_group(&mut self) -> Result<(), DataError> {
        if self.group.is_empty() {
            return Ok(());
        }
        let batch = batch(&self.group).map_err(|error| parquet_error(&self.path)(error.into()))?;
        self.writer.write(&batch).and_then(|()| self.writer.flush()).map_err(parquet_error(&self.path))?;
        self.rows += self.group.len() as u64;
        self.group.clear();
        self.group_bytes = 0;
        Ok(())
    }
}

/// Rows as arrays.
fn batch(rows: &[Row]) -> Result<RecordBatch, ArrowError> {
    let screens: Vec<&Screen> = rows.iter().map(|row| &row.screen).collect();
    // Strict: a field that the schema forgot is an error, and not silently left out.
    let reader = ReaderBuilder::new(schema::record()).with_batch_size(rows.len()).with_strict_mode(true);
    let mut decoder = reader.build_decoder()?;
    decoder.serialize(&screens)?;
    let records = decoder.flush()?.expect("there are rows, so there is a batch");
    let pictures = BinaryArray::from_iter_values(rows.iter().map(|row| &row.picture));
    let names = StringArray::from_iter_values(rows.iter().map(Row::picture_name));
    let columns: Vec<ArrayRef> = vec![Arc::new(pictures), Arc::new(names)];
    let pictures: ArrayRef = Arc::new(StructArray::try_new(schema::picture_fields(), columns, None)?);
    let columns = std::iter::once(pictures).chain(records.columns().iter().cloned()).collect();
    RecordBatch::try_new(schema::whole(), columns)
}

fn properties() -> WriterProperties {
    let pictures = ColumnPath::new(vec![schema::PICTURE.to_owned(), "bytes".to_owned()]);
    WriterProperties::builder()
        .set_created_by(concat!("glim ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).expect("3 is a level of zstd")))
        // Nobody searches for a picture by its bytes or for a box by its bounds; footers stay small without.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_column_compression(pictures.clone(), Compression::UNCOMPRESSED)
        .set_column_dictionary_enabled(pictures, false)
        .build()
}

/// For `map_err` around writes. A disk that refuses is named as such.
fn parquet_error(path: &Path) -> impl FnOnce(ParquetError) -> DataError {
    let path = path.to_owned();
    move |error| match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(source) => DataError::Io { path, doing: "written", source: *source },
            Err(other) => DataError::Shard { path, reason: other.to_string() },
        },
        other => DataError::Shard { path, reason: other.to_string() },
    }
}
