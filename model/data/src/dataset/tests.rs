//! Datasets whose writer is killed at every write, and disks that fail once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::disk::Disk;
use crate::sample;
use crate::shard::ShardOptions;

const SITES: [&str; 4] = ["a.test", "b.test", "c.test", "d.test"];

fn options() -> WriterOptions {
    WriterOptions {
        name: "test".to_owned(),
        split: SplitRule::Sites(["b.test".to_owned()].into()),
        shard: ShardOptions { rows: 3, group_rows: 2, ..ShardOptions::default() },
        recipe: "pages = 10\n".to_owned(),
    }
}

fn open(root: &Path) -> DatasetWriter {
    DatasetWriter::open(root, options()).unwrap()
}

/// The pages of the test: one or two screens each, every fifth dropped.
fn add(writer: &mut DatasetWriter, at: usize) -> Result<bool, DataError> {
    let site = SITES[at % 4];
    let id = sample::page_id(site, at);
    if at % 5 == 4 {
        return writer.drop_page(&id, "blank", "nothing on it");
    }
    writer.add_page(&id, sample::page(site, at, 1 + at % 2))
}

const PAGES: usize = 5;

fn add_all(writer: &mut DatasetWriter) -> Result<(), DataError> {
    for at in 0..PAGES {
        add(writer, at)?;
    }
    writer.finish().map(|_| ())
}

/// Every row of a dataset, by side and id of the screen.
fn rows(root: &Path) -> BTreeMap<(Split, String), Row> {
    let mut rows = BTreeMap::new();
    for row in Dataset::open(root).unwrap().rows(None, Columns::All) {
        let (split, row) = row.unwrap();
        let key = (split, row.screen.screen_id.clone());
        assert!(rows.insert(key.clone(), row).is_none(), "{key:?} is there twice");
    }
    rows
}

fn expected() -> BTreeMap<(Split, String), Row> {
    let mut rows = BTreeMap::new();
    for at in (0..PAGES).filter(|at| at % 5 != 4) {
        let site = SITES[at % 4];
        let split = if site == "b.test" { Split::Validation } else { Split::Train };
        for (screen, picture) in sample::page(site, at, 1 + at % 2) {
            rows.insert((split, screen.screen_id.clone()), Row { screen, picture });
        }
    }
    rows
}

/// Names of all files in a dataset's folder, apart from the lock.
fn names(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "lock" {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn pages_become_shards_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("set");
    let mut writer = open(&root);
    add_all(&mut writer).unwrap();
    assert_eq!(rows(&root), expected());
    let progress = writer.progress();
    assert_eq!((progress.pages, progress.dropped, progress.spooled), (4, 1, 0));
    assert_eq!(progress.screens, expected().len() as u64);
    let dataset = Dataset::open(&root).unwrap();
    for (path, split) in dataset.shards() {
        let shard = Shard::open(path).unwrap();
        assert!(shard.len() <= 3, "{split} {path:?}");
        assert_eq!(Split::of_file(path), *split);
    }
    let validation = dataset.rows(Some(Split::Validation), Columns::Record).map(|row| row.unwrap().1.screen.site);
    assert!(validation.into_iter().all(|site| site == "b.test"));
    assert_eq!(dataset.drops().unwrap().len(), 1);
    let train: Vec<_> = names(&root).into_iter().filter(|name| name.starts_with("data/train")).collect();
    assert_eq!(train.first().unwrap(), "data/train-00000.parquet");
    assert!(names(&root).iter().all(|name| !name.contains("spool")), "{:?}", names(&root));
    for line in lines::<ShardLine>(&root.join(MANIFEST)).unwrap() {
        assert_eq!(line.sha256, crate::sha256(&fs::read(root.join(&line.file)).unwrap()));
    }
    let (split, row) = dataset.find("b~test-1-s1").unwrap().unwrap();
    assert_eq!((split, &row), (Split::Validation, &expected()[&(split, "b~test-1-s1".to_owned())]));
    let (_, first) = dataset.find("d~test-3").unwrap().unwrap();
    assert_eq!(first.screen.screen_id, "d~test-3-s0");
    assert!(dataset.find("none").unwrap().is_none());
    assert_eq!(fs::read_to_string(root.join(RECIPE)).unwrap(), "pages = 10\n");
    let card = fs::read_to_string(root.join(CARD)).unwrap();
    assert!(card.contains("path: data/validation-*.parquet"), "{card}");
    // What the writer counted along the way is what is there.
    let counted = Stats::of(&dataset).unwrap();
    let written = writer.finish().unwrap();
    assert!(written.picture_bytes > 0);
    assert_eq!(Stats { picture_bytes: 0, ..written }, counted);
}

#[test]
fn killed_at_any_write_nothing_is_lost_or_doubled() {
    let mut finished = false;
    for writes in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("set");
        let disk = Disk::dying_after(writes);
        let mut acknowledged = Vec::new();
        let died = DatasetWriter::open_on(disk.clone(), &root, options()).and_then(|mut writer| {
            for at in 0..PAGES {
                add(&mut writer, at)?;
                acknowledged.push(at);
            }
            writer.finish().map(|_| ())
        });
        let mut writer =
            DatasetWriter::open(&root, options()).unwrap_or_else(|error| panic!("after {writes}: {error}"));
        for at in acknowledged {
            assert!(writer.contains(&sample::page_id(SITES[at % 4], at)), "page {at} is lost after {writes} writes");
        }
        for name in names(&root) {
            assert!(!name.contains(".partial"), "{name} is left after {writes} writes");
        }
        add_all(&mut writer).unwrap();
        assert_eq!(rows(&root), expected(), "after {writes} writes");
        assert_eq!(Dataset::open(&root).unwrap().drops().unwrap().len(), 1, "after {writes} writes");
        let counted = Stats::of(&Dataset::open(&root).unwrap()).unwrap();
        assert_eq!(Stats { picture_bytes: 0, ..writer.finish().unwrap() }, counted, "after {writes} writes");
        if !disk.has_failed() {
            died.unwrap();
            finished = true;
            break;
        }
    }
    assert!(finished);
}

#[test]
fn a_repair_that_is_killed_is_repaired() {
    // Two deaths: while pages are added, and at any write of the opening after it.
    for first in (5..120).step_by(13) {
        for second in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("set");
            let _ = DatasetWriter::open_on(Disk::dying_after(first), &root, options())
                .and_then(|mut writer| add_all(&mut writer));
            let disk = Disk::dying_after(second);
            let _ = DatasetWriter::open_on(disk.clone(), &root, options());
            let over = !disk.has_failed();
            let mut writer = open(&root);
            add_all(&mut writer).unwrap();
            assert_eq!(rows(&root), expected(), "after {first} and {second} writes");
            if over {
                break;
            }
        }
    }
}

#[test]
fn a_disk_that_is_full_for_a_moment_costs_nothing() {
    for writes in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("set");
        let disk = Disk::failing_once_after(writes);
        let opened = DatasetWriter::open_on(disk.clone(), &root, options());
        let Ok(mut writer) = opened else {
            let error = opened.err().unwrap().to_string();
            assert!(error.contains(&folder.path().display().to_string()), "{error}");
            add_all(&mut open(&root)).unwrap();
            assert_eq!(rows(&root), expected());
            continue;
        };
        for at in 0..PAGES {
            if let Err(error) = add(&mut writer, at) {
                assert!(error.to_string().contains("the disk is full"), "{error}");
                add(&mut writer, at).unwrap();
            }
        }
        if let Err(error) = writer.finish() {
            assert!(error.to_string().contains("the disk is full"), "{error}");
            writer.finish().unwrap();
        }
        assert_eq!(rows(&root), expected(), "after {writes} writes");
        drop(writer);
        add_all(&mut open(&root)).unwrap();
        assert_eq!(rows(&root), expected(), "opened again after {writes} writes");
        if !disk.has_failed() {
            break;
        }
    }
}

#[test]
fn a_page_is_added_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = open(folder.path());
    assert!(add(&mut writer, 0).unwrap());
    assert!(!add(&mut writer, 0).unwrap());
    assert!(!writer.drop_page(&sample::page_id("a.test", 0), "blank", "").unwrap());
    assert!(add(&mut writer, 4).unwrap());
    assert!(!writer.add_page(&sample::page_id("a.test", 4), sample::page("a.test", 4, 1)).unwrap());
    drop(writer);
    let mut writer = open(folder.path());
    assert!(writer.contains(&sample::page_id("a.test", 0)));
    assert!(!add(&mut writer, 0).unwrap());
    assert_eq!(writer.progress(), Progress { pages: 1, dropped: 1, screens: 1, spooled: 1, shards: 0 });
}

#[test]
fn one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let error = DatasetWriter::open(folder.path(), options()).err().unwrap().to_string();
    assert_eq!(error, format!("`{}` is in use by another process", folder.path().display()));
    drop(first);
    open(folder.path());
}

#[test]
fn other_folders_and_other_datasets_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "x").unwrap();
    let error = DatasetWriter::open(folder.path(), options()).err().unwrap().to_string();
    assert!(error.contains("holds no dataset: it is not empty and has no dataset.json"), "{error}");
    assert_eq!(names(folder.path()), ["thesis.tex"]);
    let root = folder.path().join("set");
    add_all(&mut open(&root)).unwrap();
    let refused = |options| DatasetWriter::open(&root, options).err().unwrap().to_string();
    let recipe = refused(WriterOptions { recipe: "pages = 20\n".to_owned(), ..options() });
    assert!(recipe.contains("a dataset with recipe line `pages = 10`, not `pages = 20`"), "{recipe}");
    let split = refused(WriterOptions { split: SplitRule::Share { validation_share: 0.5, seed: 1 }, ..options() });
    assert!(split.contains("a dataset with split Sites"), "{split}");
    let share = refused(WriterOptions { split: SplitRule::Share { validation_share: 1.5, seed: 1 }, ..options() });
    assert_eq!(share, "`validation_share` is 1.5; it is a share of all sites, 0 to 1");
    assert_eq!(rows(&root), expected());
}

#[test]
fn records_that_break_promises_add_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = open(folder.path());
    let mut refused = |change: fn(&mut (Screen, Vec<u8>))| {
        let mut page = sample::page("a.test", 1, 2);
        change(&mut page[1]);
        let error = writer.add_page(&sample::page_id("a.test", 1), page).unwrap_err().to_string();
        assert!(!writer.contains(&sample::page_id("a.test", 1)));
        error
    };
    assert!(refused(|row| row.0.page_id = "other".to_owned()).contains("its `page_id` is `other`"));
    assert!(refused(|row| row.0.site = "b.test".to_owned()).contains("its site is `b.test`"));
    assert!(refused(|row| row.0.screen_id = "a~test-1-s0".to_owned()).contains("the same `screen_id`"));
    assert!(refused(|row| row.0.schema_version = 0).contains("its `schema_version` is 0 and not 1"));
    assert!(refused(|row| row.1.clear()).contains("it has no picture"));
    assert!(refused(|row| row.0.scroll[1] = f32::INFINITY).contains("`scroll` holds inf"));
    let error = writer.drop_page("../up", "x", "").unwrap_err().to_string();
    assert!(error.contains("`../up` is no id of a page"), "{error}");
}

#[test]
fn a_damaged_shard_is_named_when_the_dataset_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    add_all(&mut open(folder.path())).unwrap();
    let path = folder.path().join("data/train-00000.parquet");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[1..]).unwrap();
    let error = DatasetWriter::open(folder.path(), options()).err().unwrap().to_string();
    assert!(error.contains("train-00000.parquet` is no shard that can be read: it has"), "{error}");
    fs::remove_file(&path).unwrap();
    assert!(Dataset::open(folder.path()).unwrap_err().to_string().contains("train-00000.parquet` could not be read"));
}

#[test]
fn a_folder_of_files_and_a_file_can_be_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("set");
    add_all(&mut open(&root)).unwrap();
    for name in [MANIFEST, ABOUT, DROPS] {
        fs::remove_file(root.join(name)).unwrap();
    }
    assert_eq!(rows(&root), expected());
    let one = Dataset::open(&root.join("data/validation-00000.parquet")).unwrap();
    assert!(one.rows(None, Columns::Record).all(|row| row.unwrap().0 == Split::Validation));
    let error = Dataset::open(&root.join("spool")).unwrap_err().to_string();
    assert!(error.contains("holds no dataset: there is no manifest.jsonl and no .parquet file"), "{error}");
}
