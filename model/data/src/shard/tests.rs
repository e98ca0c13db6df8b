use std::fs;
use std::path::Path;

use super::*;
use crate::{DataError, sample};

fn rows(count: usize) -> Vec<Row> {
    sample::page("a.test", 1, count).into_iter().map(|(screen, picture)| Row { screen, picture }).collect()
}

fn write(path: &Path, rows: &[Row], options: &ShardOptions) -> WrittenShard {
    let mut writer = ShardWriter::create(path, options).unwrap();
    rows.iter().for_each(|row| writer.push(row.clone()).unwrap());
    writer.finish().unwrap()
}

fn small() -> ShardOptions {
    ShardOptions { group_rows: 3, ..ShardOptions::default() }
}

#[test]
fn every_field_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let mut rows = rows(20);
    rows[7].screen = Screen { screen_id: "empty".to_owned(), ..Screen::default() };
    rows[8].screen.scroll = [f32::MIN_POSITIVE, f32::MAX, 0.1, 1.0 / 3.0];
    let written = write(&path, &rows, &small());
    assert_eq!(written.rows, 20);
    let file = fs::read(&path).unwrap();
    assert_eq!((written.bytes, written.sha256), (file.len() as u64, crate::sha256(&file)));
    let shard = Shard::open(&path).unwrap();
    assert_eq!(shard.len(), 20);
    let read: Vec<Row> = shard.rows(Columns::All).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(read, rows);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn one_row_is_read_without_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let rows = rows(11);
    write(&path, &rows, &small());
    let shard = Shard::open(&path).unwrap();
    for at in [0, 2, 3, 7, 10] {
        assert_eq!(shard.row(at, Columns::All).unwrap(), rows[at], "row {at}");
    }
    let error = shard.row(11, Columns::All).unwrap_err().to_string();
    assert!(error.contains("row 11 was asked for and it has 11"), "{error}");
    // The first row group is destroyed: the last row is read all the same.
    let mut file = fs::read(&path).unwrap();
    file[4..200].fill(0xff);
    fs::write(&path, &file).unwrap();
    let shard = Shard::open(&path).unwrap();
    assert_eq!(shard.row(10, Columns::All).unwrap(), rows[10]);
    assert!(matches!(shard.row(0, Columns::All), Err(DataError::Shard { .. })));
}

#[test]
fn fields_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let rows = rows(4);
    write(&path, &rows, &small());
    let shard = Shard::open(&path).unwrap();
    let record = shard.row(3, Columns::Record).unwrap();
    assert_eq!((&record.screen, record.picture.len()), (&rows[3].screen, 0));
    let some = shard.row(3, Columns::Only(&["site", "questions"])).unwrap();
    let site = rows[3].screen.site.clone();
    assert_eq!(some.screen, Screen { site, questions: rows[3].screen.questions.clone(), ..Screen::default() });
}

#[test]
fn files_that_are_cut_off_or_foreign_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, &rows(9), &small());
    let whole = fs::read(&path).unwrap();
    for length in [0, 3, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = Shard::open(&path).unwrap_err().to_string();
        assert!(error.contains("a.parquet` is no shard that can be read: it is cut off or no Parquet file"), "{error}");
    }
    fs::write(&path, b"PAR1 and then something else entirely PAR1").unwrap();
    assert!(matches!(Shard::open(&path), Err(DataError::Shard { .. })));
    let missing = Shard::open(&folder.path().join("b.parquet")).unwrap_err().to_string();
    assert!(missing.contains("b.parquet` could not be read"), "{missing}");
}

#[test]
fn what_cannot_be_stored_is_refused_with_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let mut writer = ShardWriter::create(&path, &small()).unwrap();
    let mut row = rows(1).remove(0);
    row.screen.elements[0].box_px[2] = f32::NAN;
    let error = writer.push(row).unwrap_err().to_string();
    assert!(error.contains("`elements.box_px` holds NaN"), "{error}");
}

#[test]
fn newer_shards_are_not_misread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let mut rows = rows(1);
    rows[0].screen.schema_version = 99;
    write(&path, &rows, &small());
    let error = Shard::open(&path).unwrap().row(0, Columns::All).unwrap_err().to_string();
    assert!(error.contains("has schema version 99; this version of Glim reads up to 1"), "{error}");
}

#[test]
fn row_groups_are_bounded_by_bytes_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let rows = rows(6);
    let two = rows[0].picture.len() * 2 + 10;
    write(&path, &rows, &ShardOptions { group_bytes: two, ..ShardOptions::default() });
    let metadata = parquet::file::metadata::ParquetMetaDataReader::new();
    let metadata = metadata.parse_and_finish(&fs::File::open(&path).unwrap()).unwrap();
    assert_eq!(metadata.row_groups().iter().map(|group| group.num_rows()).collect::<Vec<_>>(), [2, 2, 2]);
}

#[test]
fn pictures_are_known_by_their_first_bytes() {
    let known = [(&b"\x89PNG\r\n"[..], "png"), (b"RIFF\0\0\0\0WEBPVP8L", "webp"), (b"\xff\xd8\xff\xe0", "jpg")];
    for (bytes, name) in known {
        assert_eq!(extension(bytes), name);
    }
    assert_eq!(extension(b"GIF89a"), "bin");
}
