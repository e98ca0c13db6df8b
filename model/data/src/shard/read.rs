//! Reading a shard: row by row, or one row without the rest.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_json::LineDelimitedWriter;
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::{Row, schema};
use crate::record::SCHEMA_VERSION;
use crate::{DataError, Screen};

/// Rows that are decoded at once.
const BATCH: usize = 16;

/// What is read of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns<'a> {
    /// All of it.
    All,
    /// The record, without its picture.
    Record,
    /// These fields; the others have no content.
    Only(&'a [&'a str]),
}

/// An open shard.
#[derive(Debug, Clone)]
pub struct Shard {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

impl Shard {
    /// Opens a shard and reads its footer.
    ///
    /// # Errors
    /// If it cannot be read, is cut off, or is another kind of file.
    pub fn open(path: &Path) -> Result<Shard, DataError> {
        let file = File::open(path).map_err(DataError::io(path, "read"))?;
        let foreign = |reason: String| DataError::Shard { path: path.to_owned(), reason };
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|error| foreign(format!("it is cut off or no Parquet file ({error})")))?;
        for name in ["screen_id", "page_id", "site", schema::PICTURE] {
            if metadata.schema().field_with_name(name).is_err() {
                return Err(foreign(format!("it has no column `{name}`")));
            }
        }
        Ok(Shard { path: path.to_owned(), metadata })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.groups().sum()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rows in order. A few are in memory at a time.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn rows(&self, columns: Columns<'_>) -> Result<Rows, DataError> {
        self.reader(columns, None)
    }

    /// The rows of one row group, in order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn group(&self, group: usize, columns: Columns<'_>) -> Result<Rows, DataError> {
        self.reader(columns, Some((group, None)))
    }

    /// Rows and bytes (not compressed) of each row group.
    pub(crate) fn group_sizes(&self) -> impl Iterator<Item = (usize, u64)> {
        let bytes = self.metadata.metadata().row_groups().iter().map(|group| group.total_byte_size());
        self.groups().zip(bytes.map(|bytes| u64::try_from(bytes).unwrap_or(0)))
    }

    /// One row; its row group is read, and not the file.
    ///
    /// # Errors
    /// If the file cannot be read or has fewer rows.
    pub fn row(&self, at: usize, columns: Columns<'_>) -> Result<Row, DataError> {
        let mut before = 0;
        for (group, rows) in self.groups().enumerate() {
            if at < before + rows {
                let row = self.reader(columns, Some((group, Some(at - before))))?.next();
                return row.unwrap_or_else(|| Err(self.wrong(format!("row {at} is missing"))));
            }
            before += rows;
        }
        Err(self.wrong(format!("row {at} was asked for and it has {before}")))
    }

    fn groups(&self) -> impl Iterator<Item = usize> {
        self.metadata.metadata().row_groups().iter().map(|group| usize::try_from(group.num_rows()).unwrap_or(0))
    }

    /// All rows, those of a row group, or the one at an offset in it.
    fn reader(&self, columns: Columns<'_>, of: Option<(usize, Option<usize>)>) -> Result<Rows, DataError> {
        let file = File::open(&self.path).map_err(DataError::io(&self.path, "read"))?;
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let roots = self.metadata.schema().fields().iter().enumerate().filter(|(_, field)| match columns {
            Columns::All => true,
            Columns::Record => field.name() != schema::PICTURE,
            Columns::Only(names) => names.contains(&field.name().as_str()),
        });
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), roots.map(|(at, _)| at));
        builder = builder.with_projection(mask).with_batch_size(BATCH);
        if let Some((group, one)) = of {
            builder = builder.with_row_groups(vec![group]);
            if let Some(offset) = one {
                builder = builder.with_offset(offset).with_limit(1);
            }
        }
        let batches = builder.build().map_err(|error| self.wrong(error.to_string()))?;
        Ok(Rows { path: self.path.clone(), batches, ready: VecDeque::new(), over: false })
    }

    fn wrong(&self, reason: String) -> DataError {
        DataError::Shard { path: self.path.clone(), reason }
    }
}

/// The rows of a shard, in order. Ends after the first error.
pub struct Rows {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    ready: VecDeque<Row>,
    over: bool,
}

impl Iterator for Rows {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.over {
            let decoded = match self.batches.next() {
                None => {
                    self.over = true;
                    break;
                }
                Some(Ok(batch)) => rows(&batch),
                Some(Err(error)) => Err(Wrong::Reason(error.to_string())),
            };
            match decoded {
                Ok(rows) => self.ready = rows,
                Err(wrong) => {
                    self.over = true;
                    return Some(Err(wrong.at(&self.path)));
                }
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// What is wrong with a batch, before it is said of which file.
enum Wrong {
    Reason(String),
    Newer(u32),
}

impl Wrong {
    fn at(self, path: &Path) -> DataError {
        let path = path.to_owned();
        match self {
            Wrong::Reason(reason) => DataError::Shard { path, reason },
            Wrong::Newer(found) => DataError::Newer { path, found, known: SCHEMA_VERSION },
        }
    }
}

fn rows(batch: &RecordBatch) -> Result<VecDeque<Row>, Wrong> {
    let wrong = |error: &dyn std::fmt::Display| Wrong::Reason(error.to_string());
    let names = batch.schema_ref().fields();
    let records: Vec<usize> = (0..names.len()).filter(|at| names[*at].name() != schema::PICTURE).collect();
    let records = batch.project(&records).map_err(|error| wrong(&error))?;
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(&records).and_then(|()| writer.finish()).map_err(|error| wrong(&error))?;
    let text = writer.into_inner();
    let pictures = batch.column_by_name(schema::PICTURE);
    let mut rows = VecDeque::with_capacity(batch.num_rows());
    for (at, line) in text.split(|byte| *byte == b'\n').take(batch.num_rows()).enumerate() {
        let screen: Screen = serde_json::from_slice(line).map_err(|error| wrong(&error))?;
        if screen.schema_version > SCHEMA_VERSION {
            return Err(Wrong::Newer(screen.schema_version));
        }
        let picture = pictures.map(|pictures| picture(pictures, at)).transpose()?.unwrap_or_default();
        rows.push_back(Row { screen, picture });
    }
    Ok(rows)
}

/// The bytes of a picture. A file that holds only its path is refused: there is nothing to read it from.
fn picture(pictures: &dyn Array, at: usize) -> Result<Vec<u8>, Wrong> {
    let column = pictures.as_struct_opt().and_then(|pictures| pictures.column_by_name("bytes"));
    let Some(bytes) = column.filter(|bytes| !bytes.is_null(at)) else {
        return Err(Wrong::Reason(format!("column `{}` has no bytes in it", schema::PICTURE)));
    };
    match bytes.data_type() {
        DataType::Binary => Ok(bytes.as_binary::<i32>().value(at).to_vec()),
        DataType::LargeBinary => Ok(bytes.as_binary::<i64>().value(at).to_vec()),
        DataType::BinaryView => Ok(bytes.as_binary_view().value(at).to_vec()),
        other => Err(Wrong::Reason(format!("column `{}` holds {other} and not bytes", schema::PICTURE))),
    }
}
