//! Writing a dataset, so that it can be killed at any moment.

use std::collections::{HashSet, VecDeque};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::journal::Journal;
use super::spool::{self, Spooled, check_page_id};
use super::{ABOUT, About, CARD, DATA, DROPS, DropLine, MANIFEST, RECIPE, SPOOL, ShardLine, Split, SplitRule, card};
use crate::disk::{Disk, is_partial, partial_of};
use crate::record::SCHEMA_VERSION;
use crate::shard::{ShardOptions, ShardWriter, WrittenShard};
use crate::stats::Stats;
use crate::{DataError, Row, Screen};

/// How a dataset is made. All but `shard` must be the same whenever it is continued.
#[derive(Debug, Clone, PartialEq)]
pub struct WriterOptions {
    /// Its name, the card's title.
    pub name: String,
    /// Which sites are for validation.
    pub split: SplitRule,
    /// How large shards become.
    pub shard: ShardOptions,
    /// The recipe's text, kept with the data and shown on the card.
    pub recipe: String,
}

impl Default for WriterOptions {
    fn default() -> Self {
        WriterOptions {
            name: "grounding".to_owned(),
            split: SplitRule::Share { validation_share: 0.02, seed: 0 },
            shard: ShardOptions::default(),
            recipe: String::new(),
        }
    }
}

/// How far a dataset is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pages that gave something, in shards or in the spool.
    pub pages: u64,
    /// Pages that gave nothing.
    pub dropped: u64,
    /// Screens, in shards or in the spool.
    pub screens: u64,
    /// Screens that are still in the spool.
    pub spooled: u64,
    /// Shards.
    pub shards: u64,
}

/// A dataset's folder that this process adds to; no other can at the same time.
pub struct DatasetWriter {
    root: PathBuf,
    disk: Disk,
    options: WriterOptions,
    manifest: Journal,
    drops: Journal,
    /// The sides of the split, in the order of [`Split::ALL`].
    sides: [Side; 2],
    /// Pages that are done, by 128 bits of hash: a hundred million ids would not fit into memory.
    done: HashSet<u128>,
    done_before: Vec<(String, String)>,
    stats: Stats,
    progress: Progress,
    /// Held for its lock, which the system releases however the process ends.
    _lock: File,
}

/// What waits for a shard of one side, and how many shards that has.
#[derive(Debug, Default)]
struct Side {
    waiting: VecDeque<Spooled>,
    rows: usize,
    bytes: u64,
    shards: usize,
}

impl DatasetWriter {
    /// Opens a dataset's folder for writing: makes it, or continues what is in it. Whatever an interrupted writer left
    /// unfinished is repaired.
    ///
    /// # Errors
    /// If the folder cannot be written, is in use, holds something else, or was made with other options.
    pub fn open(root: &Path, options: WriterOptions) -> Result<DatasetWriter, DataError> {
        DatasetWriter::open_on(Disk::default(), root, options)
    }

    /// [`DatasetWriter::open`] with the disk's behaviour chosen, for tests of crashes.
    pub(crate) fn open_on(disk: Disk, root: &Path, options: WriterOptions) -> Result<DatasetWriter, DataError> {
        check(&options)?;
        disk.create_folder(root)?;
        let known = root.join(ABOUT).exists();
        if !known && !is_blank(root)? {
            let reason = "it is not empty and has no dataset.json";
            return Err(DataError::NotADataset { path: root.to_owned(), reason });
        }
        let path = root.join("lock");
        let lock = File::create(&path).map_err(DataError::io(&path, "written"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(DataError::InUse { path: root.to_owned() }),
            Err(fs::TryLockError::Error(source)) => return Err(DataError::Io { path, doing: "locked", source }),
        }
        for folder in [DATA, SPOOL] {
            disk.create_folder(&root.join(folder))?;
        }
        describe(&disk, root, &options)?;
        let (manifest, shards) = Journal::open::<ShardLine>(&disk, &root.join(MANIFEST))?;
        let (drops, dropped) = Journal::open::<DropLine>(&disk, &root.join(DROPS))?;
        let mut writer = DatasetWriter {
            root: root.to_owned(),
            disk,
            options,
            manifest,
            drops,
            sides: Default::default(),
            done: HashSet::new(),
            done_before: Vec::new(),
            stats: Stats::default(),
            progress: Progress::default(),
            _lock: lock,
        };
        writer.recall(&shards, &dropped)?;
        Ok(writer)
    }

    /// Whether a page is done: its screens are kept, or it was dropped.
    pub fn contains(&self, page_id: &str) -> bool {
        self.done.contains(&key(page_id))
    }

    /// The pages that were done when the folder was opened, each with its site, which is empty for those that gave nothing.
    /// Told once: they need not stay in memory.
    pub fn take_done_before(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.done_before)
    }

    /// How far the dataset is.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Adds a page with its screens and their pictures; once this returns they survive a crash. A page that is done
    /// already is left as it is, and the answer is `false`.
    ///
    /// # Errors
    /// If a record breaks a promise, which adds nothing; or if the disk refuses. Then the page may be kept or not, as
    /// [`DatasetWriter::contains`] says, and what was kept before still is.
    ///
    /// # Panics
    /// If there is no screen: such a page is dropped, with its reason.
    pub fn add_page(&mut self, page_id: &str, screens: Vec<(Screen, Vec<u8>)>) -> Result<bool, DataError> {
        assert!(!screens.is_empty(), "page `{page_id}` has no screens: drop it, with its reason");
        check_page_id(page_id)?;
        if self.contains(page_id) {
            return Ok(false);
        }
        let rows: Vec<Row> = screens.into_iter().map(|(screen, picture)| Row { screen, picture }).collect();
        check_rows(page_id, &rows)?;
        let spooled = spool::put(&self.disk, &self.root.join(SPOOL), page_id, &rows, &self.options.split)?;
        self.keep(spooled);
        for split in Split::ALL {
            while self.is_enough(split) {
                self.commit(split)?;
            }
        }
        Ok(true)
    }

    /// Notes that a page gave nothing, so that it is not visited again. `reason` is one of a few words, `detail` is for a
    /// person. A page that is done already is left as it is, and the answer is `false`.
    ///
    /// # Errors
    /// If the disk refuses; the page is not done then.
    pub fn drop_page(&mut self, page_id: &str, reason: &str, detail: &str) -> Result<bool, DataError> {
        check_page_id(page_id)?;
        if self.contains(page_id) {
            return Ok(false);
        }
        let text = |of: &str| of.chars().take(1000).collect::<String>();
        let line = DropLine { page_id: page_id.to_owned(), reason: text(reason), detail: text(detail) };
        self.drops.append(&line)?;
        self.note_drop(&line);
        Ok(true)
    }

    /// Puts all that waits into shards and writes the card. Pages can be added afterwards.
    ///
    /// # Errors
    /// If the disk refuses; what is not in a shard then stays in the spool.
    pub fn finish(&mut self) -> Result<Stats, DataError> {
        for split in Split::ALL {
            while !self.side(split).waiting.is_empty() {
                self.commit(split)?;
            }
        }
        let shards: Vec<(Split, usize)> = Split::ALL.iter().map(|split| (*split, self.side(*split).shards)).collect();
        let text = card::text(&self.options.name, &self.options.split, &shards, &self.stats, &self.options.recipe);
        self.disk.replace(&self.root.join(CARD), text.as_bytes())?;
        Ok(self.stats.clone())
    }

    fn side(&self, split: Split) -> &Side {
        &self.sides[split as usize]
    }

    fn is_enough(&self, split: Split) -> bool {
        let side = self.side(split);
        !side.waiting.is_empty() && (side.rows >= self.options.shard.rows || side.bytes >= self.options.shard.bytes)
    }

    fn keep(&mut self, spooled: Spooled) {
        self.done.insert(key(&spooled.page_id));
        self.progress.pages += 1;
        self.progress.screens += spooled.rows as u64;
        self.progress.spooled += spooled.rows as u64;
        let side = &mut self.sides[spooled.split as usize];
        side.rows += spooled.rows;
        side.bytes += spooled.bytes;
        side.waiting.push_back(spooled);
    }

    fn note_drop(&mut self, line: &DropLine) {
        self.done.insert(key(&line.page_id));
        self.progress.dropped += 1;
        *self.stats.drops.entry(line.reason.clone()).or_default() += 1;
    }

    /// Moves the pages that have waited longest into one shard.
    fn commit(&mut self, split: Split) -> Result<(), DataError> {
        let side = self.side(split);
        let pages = first_shard(&side.waiting, &self.options.shard);
        let ids: Vec<String> = side.waiting.iter().take(pages).map(|page| page.page_id.clone()).collect();
        let sites = side.waiting.iter().take(pages).map(|page| page.site.clone()).collect();
        let file = format!("{DATA}/{split}-{:05}.parquet", side.shards);
        let path = self.root.join(&file);
        let (written, stats) = match self.write_shard(&path, split, &ids) {
            Ok(written) => written,
            Err(error) => {
                // It is in the way of nothing, but on a full disk its space may be what lets the next try succeed.
                let _ = self.disk.remove_file(&partial_of(&path));
                return Err(error);
            }
        };
        let line = ShardLine {
            file,
            split,
            rows: written.rows,
            bytes: written.bytes,
            sha256: written.sha256,
            pages: ids,
            sites,
            stats,
        };
        if let Err(error) = self.manifest.append(&line) {
            // Without a line it is no part of the dataset, and readers of the folder alone must not see its rows.
            let _ = self.disk.remove_file(&path);
            return Err(error);
        }
        self.stats.merge(&line.stats);
        self.progress.shards += 1;
        self.progress.spooled -= line.rows;
        let side = &mut self.sides[split as usize];
        side.shards += 1;
        for page in side.waiting.drain(..pages) {
            side.rows -= page.rows;
            side.bytes -= page.bytes;
        }
        for page in &line.pages {
            self.disk.remove_folder(&self.root.join(SPOOL).join(page))?;
        }
        Ok(())
    }

    fn write_shard(&self, path: &Path, split: Split, pages: &[String]) -> Result<(WrittenShard, Stats), DataError> {
        let mut shard = ShardWriter::create_on(self.disk.clone(), path, &self.options.shard)?;
        let mut stats = Stats { pages: pages.len() as u64, ..Stats::default() };
        for page in pages {
            for row in spool::read(&self.root.join(SPOOL), page)? {
                stats.add(split, &row.screen, row.picture.len());
                shard.push(row)?;
            }
        }
        Ok((shard.finish()?, stats))
    }

    /// Takes up what is in the folder, and removes what an interrupted writer left in the way.
    fn recall(&mut self, shards: &[ShardLine], dropped: &[DropLine]) -> Result<(), DataError> {
        for line in shards {
            let path = self.root.join(&line.file);
            let found = fs::metadata(&path).map_err(DataError::io(&path, "read"))?.len();
            if found != line.bytes {
                let reason = format!("it has {found} bytes, and {} when it was written", line.bytes);
                return Err(DataError::Shard { path, reason });
            }
            self.done.extend(line.pages.iter().map(|page| key(page)));
            let sites = line.sites.iter().cloned().chain(std::iter::repeat(String::new()));
            self.done_before.extend(line.pages.iter().cloned().zip(sites));
            self.stats.merge(&line.stats);
            self.progress.pages += line.pages.len() as u64;
            self.progress.screens += line.rows;
            self.progress.shards += 1;
            self.sides[line.split as usize].shards += 1;
        }
        for line in dropped {
            self.note_drop(line);
            self.done_before.push((line.page_id.clone(), String::new()));
        }
        self.remove_unlisted(shards)?;
        let spool = self.root.join(SPOOL);
        for page in spool::scan(&self.disk, &spool)? {
            if self.contains(&page) {
                self.disk.remove_folder(&spool.join(page))?;
            } else {
                let spooled = spool::describe(&spool, &page, &self.options.split)?;
                self.done_before.push((spooled.page_id.clone(), spooled.site.clone()));
                self.keep(spooled);
            }
        }
        Ok(())
    }

    /// Removes shards without a line, whose pages are still in the spool, and files that were never finished.
    fn remove_unlisted(&self, shards: &[ShardLine]) -> Result<(), DataError> {
        let listed: HashSet<PathBuf> = shards.iter().map(|line| self.root.join(&line.file)).collect();
        for folder in [self.root.clone(), self.root.join(DATA)] {
            for entry in fs::read_dir(&folder).map_err(DataError::io(&folder, "read"))? {
                let path = entry.map_err(DataError::io(&folder, "read"))?.path();
                let shard = path.extension().is_some_and(|ending| ending == "parquet");
                if path.is_file() && (is_partial(&path) || (shard && !listed.contains(&path))) {
                    self.disk.remove_file(&path)?;
                }
            }
        }
        Ok(())
    }
}

/// How many of the pages that wait make a shard: at least one, and no more than fit.
fn first_shard(waiting: &VecDeque<Spooled>, options: &ShardOptions) -> usize {
    let (mut rows, mut bytes) = (0, 0);
    let fitting = waiting.iter().take_while(|page| {
        rows += page.rows;
        bytes += page.bytes;
        rows <= options.rows && bytes <= options.bytes
    });
    fitting.count().max(1)
}

fn check(options: &WriterOptions) -> Result<(), DataError> {
    if let SplitRule::Share { validation_share, .. } = options.split
        && !(0.0..=1.0).contains(&validation_share)
    {
        let limit = "it is a share of all sites, 0 to 1";
        return Err(DataError::Option { name: "validation_share", value: validation_share.to_string(), limit });
    }
    if options.shard.rows == 0 || options.shard.group_rows == 0 {
        return Err(DataError::Option { name: "shard.rows", value: "0".to_owned(), limit: "it is at least 1" });
    }
    Ok(())
}

/// Promises of the format that a page's rows must keep.
fn check_rows(page_id: &str, rows: &[Row]) -> Result<(), DataError> {
    let mut seen = HashSet::new();
    let site = &rows[0].screen.site;
    for Row { screen, picture } in rows {
        let wrong = |reason| {
            let (page_id, screen_id) = (page_id.to_owned(), screen.screen_id.clone());
            DataError::Record { page_id, screen_id, reason }
        };
        if screen.page_id != page_id {
            return Err(wrong(format!("its `page_id` is `{}`", screen.page_id)));
        }
        if screen.site != *site {
            return Err(wrong(format!("its site is `{}` and that of the first screen is `{site}`", screen.site)));
        }
        if !seen.insert(&screen.screen_id) {
            return Err(wrong("another screen of the page has the same `screen_id`".to_owned()));
        }
        if screen.schema_version != SCHEMA_VERSION {
            return Err(wrong(format!("its `schema_version` is {} and not {SCHEMA_VERSION}", screen.schema_version)));
        }
        if picture.is_empty() {
            return Err(wrong("it has no picture".to_owned()));
        }
        screen.check().map_err(wrong)?;
    }
    Ok(())
}

/// Writes down how the dataset is made, or checks that it is made so.
fn describe(disk: &Disk, root: &Path, options: &WriterOptions) -> Result<(), DataError> {
    let here = About { schema_version: SCHEMA_VERSION, name: options.name.clone(), split: options.split.clone() };
    let path = root.join(RECIPE);
    let Some(there) = About::read(root)? else {
        disk.replace(&path, options.recipe.as_bytes())?;
        let text = serde_json::to_vec_pretty(&here).expect("plain data with text keys can be written as JSON");
        // Last: with it, the folder is a dataset.
        return disk.replace(&root.join(ABOUT), &text);
    };
    let other =
        |what, there: String, here: String| DataError::OtherDataset { path: root.to_owned(), what, there, here };
    if there.schema_version != here.schema_version {
        let [there, here] = [there, here].map(|about| about.schema_version.to_string());
        return Err(other("schema version", there, here));
    }
    if there.name != here.name {
        return Err(other("name", there.name, here.name));
    }
    if there.split != here.split {
        let [there, here] = [there, here].map(|about| format!("{:?}", about.split));
        return Err(other("split", there, here));
    }
    let recipe = fs::read_to_string(&path).map_err(DataError::io(&path, "read"))?;
    match recipe.lines().zip(options.recipe.lines()).find(|(there, here)| there != here) {
        _ if recipe == options.recipe => Ok(()),
        Some((there, here)) => Err(other("recipe line", format!("`{there}`"), format!("`{here}`"))),
        None => Err(other("a recipe of", lines_of(&recipe), lines_of(&options.recipe))),
    }
}

fn lines_of(text: &str) -> String {
    format!("{} lines", text.lines().count())
}

/// Whether a folder holds nothing but what a writer that was killed at once leaves.
fn is_blank(root: &Path) -> Result<bool, DataError> {
    for entry in fs::read_dir(root).map_err(DataError::io(root, "read"))? {
        let path = entry.map_err(DataError::io(root, "read"))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ours = is_partial(&path) || ["lock", RECIPE].contains(&name);
        let empty = || fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
        let fresh = ours || ([DATA, SPOOL].contains(&name) && empty());
        if !fresh {
            return Ok(false);
        }
    }
    Ok(true)
}

fn key(page_id: &str) -> u128 {
    let digest = ring::digest::digest(&ring::digest::SHA256, page_id.as_bytes());
    digest.as_ref().iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte))
}
