//! The columnar index of Common Crawl: Parquet tables of which only some columns are read.
//!
//! Row groups whose keys cannot be of a wanted domain are left out by their statistics. In the others, the columns that
//! decide are read first, and the rest only for stretches of rows where one is wanted.

use std::fs::File;

use glim_data::record::Source;
use parquet::basic::Type;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

use super::parts::Parts;
use super::read::Place;
use super::select::{Choice, Entry, Selection};
use super::{Emit, Halt, SourceError};
use crate::fetch::Fetch;

/// Rows that are read at once.
const STRETCH: usize = 1024;

/// Columns that decide. The detected type and languages are not in the oldest snapshots.
const DECIDING: [&str; 4] = ["fetch_status", "content_mime_type", "content_mime_detected", "content_languages"];
/// Columns of the pages that are taken.
const OTHERS: [&str; 5] = ["url", "warc_filename", "warc_record_offset", "warc_record_length", "content_digest"];
/// The column that rows are sorted by, roughly.
const KEY: &str = "url_surtkey";

/// Reads the tables of an index.
pub(super) fn run(
    places: &[Place],
    mut selection: Selection,
    snapshot: &str,
    fetch: &Fetch,
    emit: &Emit,
) -> Result<(), Halt> {
    emit.each(places, |place| {
        let table = Table { reader: open(place, fetch)?, file: place.name(), snapshot };
        table.run(&mut selection, emit)
    })
}

fn open(place: &Place, fetch: &Fetch) -> Result<Box<dyn FileReader>, SourceError> {
    let broken = |error: ParquetError| SourceError::Broken { file: place.name(), reason: error.to_string() };
    Ok(match place {
        Place::File(path) => {
            let file = File::open(path).map_err(SourceError::io(path))?;
            Box::new(SerializedFileReader::new(file).map_err(broken)?)
        }
        Place::Web(url) => {
            let parts = Parts::open(fetch.clone(), url.clone())?;
            Box::new(SerializedFileReader::new(parts).map_err(broken)?)
        }
    })
}

struct Table<'a> {
    reader: Box<dyn FileReader>,
    file: String,
    snapshot: &'a str,
}

impl Table<'_> {
    fn broken(&self, error: &ParquetError) -> SourceError {
        SourceError::Broken { file: self.file.clone(), reason: error.to_string() }
    }

    /// Reads the table; whether more are wanted.
    fn run(&self, selection: &mut Selection, emit: &Emit) -> Result<bool, Halt> {
        for group in 0..self.reader.num_row_groups() {
            let group = self.reader.get_row_group(group).map_err(|error| self.broken(&error))?;
            if may_have(group.as_ref(), selection) && !self.group(group.as_ref(), selection, emit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn group(&self, group: &dyn RowGroupReader, selection: &mut Selection, emit: &Emit) -> Result<bool, Halt> {
        let broken = |error: ParquetError| self.broken(&error);
        let [mut status, mut mime, mut detected, mut languages] = columns(group, DECIDING).map_err(broken)?;
        let [mut url, mut name, mut offset, mut length, mut digest] = columns(group, OTHERS).map_err(broken)?;
        if matches!(url, Column::Missing) {
            let reason = "it has no column `url`".to_owned();
            return Err(SourceError::Broken { file: self.file.clone(), reason }.into());
        }
        let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        while left > 0 {
            let rows = left.min(STRETCH);
            left -= rows;
            let mut deciding =
                || Ok([status.read(rows)?, mime.read(rows)?, detected.read(rows)?, languages.read(rows)?]);
            let [statuses, mimes, detected, languages] = deciding().map_err(broken)?;
            let entry = |row: usize| Entry {
                url: "",
                status: statuses.number(row).and_then(|status| u16::try_from(status).ok()),
                mime: Some(detected.text(row)).filter(|mime| !mime.is_empty()).unwrap_or(mimes.text(row)),
                languages: languages.text(row),
            };
            let mut others = [&mut url, &mut name, &mut offset, &mut length, &mut digest];
            if !(0..rows).any(|row| selection.wants(&entry(row))) {
                others.iter_mut().try_for_each(|column| column.skip(rows)).map_err(broken)?;
                continue;
            }
            let mut read = || {
                let [url, name, offset, length, digest] = &mut others;
                Ok([url.read(rows)?, name.read(rows)?, offset.read(rows)?, length.read(rows)?, digest.read(rows)?])
            };
            let [urls, names, offsets, lengths, digests] = read().map_err(broken)?;
            for row in 0..rows {
                let taken = match selection.choose(&Entry { url: urls.text(row), ..entry(row) }) {
                    Choice::Take(url) => url,
                    Choice::Pass => continue,
                    Choice::Enough => return Ok(false),
                };
                let name = Some(names.text(row)).filter(|name| !name.is_empty()).unwrap_or(self.snapshot);
                let number =
                    |cells: &Cells| cells.number(row).and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
                let source = Source {
                    kind: "common_crawl".to_owned(),
                    archive: name.to_owned(),
                    offset: number(&offsets),
                    length: number(&lengths),
                    digest: digests.text(row).to_owned(),
                };
                emit.address(taken.as_str(), source, &self.file)?;
            }
        }
        Ok(true)
    }
}

/// Whether a row group may have a page of a wanted domain; without usable statistics it may.
fn may_have(group: &dyn RowGroupReader, selection: &Selection) -> bool {
    let columns = group.metadata().columns();
    let statistics =
        columns.iter().find(|column| column.column_path().string() == KEY).and_then(|column| column.statistics());
    // What old writers left in the deprecated fields compares bytes as signed.
    match statistics.filter(|statistics| !statistics.is_min_max_deprecated()) {
        Some(statistics) => match (statistics.min_bytes_opt(), statistics.max_bytes_opt()) {
            (Some(first), Some(last)) => selection.may_be_between(first, last),
            _ => true,
        },
        None => true,
    }
}

fn columns<const N: usize>(group: &dyn RowGroupReader, names: [&str; N]) -> Result<[Column; N], ParquetError> {
    let mut found = [const { Column::Missing }; N];
    for (name, column) in names.iter().zip(&mut found) {
        let at = group.metadata().columns().iter().position(|column| column.column_path().string() == *name);
        if let Some(at) = at {
            *column = Column::of(group.get_column_reader(at)?, group.metadata().column(at).column_type(), name)?;
        }
    }
    Ok(found)
}

/// A column of a row group, read from its start on.
enum Column {
    Missing,
    Text(ColumnReaderImpl<ByteArrayType>),
    Small(ColumnReaderImpl<Int32Type>),
    Large(ColumnReaderImpl<Int64Type>),
}

/// Cells of a stretch of rows.
enum Cells {
    None,
    Texts(Vec<Option<ByteArray>>),
    Numbers(Vec<Option<i64>>),
}

impl Column {
    fn of(reader: ColumnReader, kind: Type, name: &str) -> Result<Column, ParquetError> {
        match reader {
            ColumnReader::ByteArrayColumnReader(reader) => Ok(Column::Text(reader)),
            ColumnReader::Int32ColumnReader(reader) => Ok(Column::Small(reader)),
            ColumnReader::Int64ColumnReader(reader) => Ok(Column::Large(reader)),
            _ => Err(ParquetError::General(format!("the column `{name}` is {kind}, and should be text or a number"))),
        }
    }

    fn read(&mut self, rows: usize) -> Result<Cells, ParquetError> {
        Ok(match self {
            Column::Missing => Cells::None,
            Column::Text(reader) => Cells::Texts(read(reader, rows)?),
            Column::Small(reader) => {
                Cells::Numbers(read(reader, rows)?.into_iter().map(|number| number.map(i64::from)).collect())
            }
            Column::Large(reader) => Cells::Numbers(read(reader, rows)?),
        })
    }

    fn skip(&mut self, rows: usize) -> Result<(), ParquetError> {
        let skipped = match self {
            Column::Missing => rows,
            Column::Text(reader) => reader.skip_records(rows)?,
            Column::Small(reader) => reader.skip_records(rows)?,
            Column::Large(reader) => reader.skip_records(rows)?,
        };
        if skipped < rows { Err(short()) } else { Ok(()) }
    }
}

fn short() -> ParquetError {
    ParquetError::EOF("a column has fewer rows than its row group".to_owned())
}

fn read<T: DataType>(reader: &mut ColumnReaderImpl<T>, rows: usize) -> Result<Vec<Option<T::T>>, ParquetError> {
    let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let mut read = 0;
    while read < rows {
        let (records, _, _) = reader.read_records(rows - read, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Err(short());
        }
        read += records;
    }
    // A required column has no levels: each row has its value.
    if levels.is_empty() {
        return Ok(values.into_iter().map(Some).collect());
    }
    let mut values = values.into_iter();
    Ok(levels.iter().map(|level| if *level > 0 { values.next() } else { None }).collect())
}

impl Cells {
    fn text(&self, row: usize) -> &str {
        match self {
            Cells::Texts(cells) => cells
                .get(row)
                .and_then(Option::as_ref)
                .and_then(|cell| std::str::from_utf8(cell.data()).ok())
                .unwrap_or_default(),
            Cells::None | Cells::Numbers(_) => "",
        }
    }

    fn number(&self, row: usize) -> Option<i64> {
        match self {
            Cells::Numbers(cells) => cells.get(row).copied().flatten(),
            Cells::None | Cells::Texts(_) => None,
        }
    }
}
