//! Rows of shards in any order.
//!
//! Reading one row of a row group decodes part of the whole group. If all groups fit the budget of memory, a group is
//! decoded once and kept; if not, a random order would throw away what it has just kept, so each row is read alone.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::sample::{Broken, Unfit};
use super::{Origin, ScreensRecipe};
use crate::dataset::Dataset;
use crate::shard::{Columns, Shard};
use crate::{DataError, Row};

/// What is read of a row.
const COLUMNS: [&str; 9] =
    ["schema_version", "screen_id", "page_id", "site", "image", "image_info", "elements", "lines", "questions"];

/// The screens of one source.
#[derive(Debug)]
pub(super) struct Screens {
    shards: Vec<Groups>,
    places: Vec<(u32, u32)>,
    cache: Option<Mutex<HashMap<(u32, usize), Slot>>>,
}

/// A row group that is read once, by whoever needs it first.
type Slot = Arc<OnceLock<Option<Vec<Row>>>>;

#[derive(Debug)]
struct Groups {
    shard: Shard,
    /// Where each row group begins.
    begins: Vec<usize>,
}

impl Screens {
    /// Opens a dataset and finds the screens on the recipe's side of the split that have a question the recipe asks.
    ///
    /// # Errors
    /// If the dataset or a shard cannot be read.
    pub(super) fn open(recipe: &ScreensRecipe, broken: &mut Broken) -> Result<Screens, DataError> {
        let dataset = Dataset::open(&recipe.path)?;
        let mut screens = Screens { shards: Vec::new(), places: Vec::new(), cache: None };
        for (path, _) in dataset.shards().iter().filter(|(_, split)| *split == recipe.split) {
            let Some(shard) = broken.pass(Shard::open(path))? else { continue };
            // What was found before a break is kept.
            let found = screens.find(&shard, recipe);
            broken.pass(found)?;
            let begins = shard.group_sizes().scan(0, |end, (rows, _)| Some(std::mem::replace(end, *end + rows)));
            let begins = begins.collect();
            screens.shards.push(Groups { shard, begins });
        }
        Ok(screens)
    }

    fn find(&mut self, shard: &Shard, recipe: &ScreensRecipe) -> Result<(), DataError> {
        let mut columns = vec!["schema_version", "questions"];
        columns.extend(recipe.max_elements.map(|_| "elements"));
        let number = self.shards.len() as u32;
        for (at, row) in shard.rows(Columns::Only(&columns))?.enumerate() {
            let screen = row?.screen;
            let few = recipe.max_elements.is_none_or(|most| screen.elements.len() <= most);
            if few && screen.questions.iter().any(|question| super::screens::wanted(question, recipe)) {
                self.places.push((number, at as u32));
            }
        }
        Ok(())
    }

    /// How many screens there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Bytes of all row groups when they are decoded.
    pub(super) fn bytes(&self) -> u64 {
        self.shards.iter().flat_map(|groups| groups.shard.group_sizes()).map(|(_, bytes)| bytes).sum()
    }

    /// Keeps what is read from now on.
    pub(super) fn keep(&mut self) {
        self.cache = Some(Mutex::default());
    }

    /// Where a screen is.
    pub(super) fn origin(&self, at: usize) -> Origin {
        let (shard, row) = self.places[at];
        Origin::row(self.path(shard), row as usize)
    }

    /// Calls `with` with the row of a screen.
    ///
    /// # Errors
    /// If it cannot be read; the error names the row.
    pub(super) fn with<T>(&self, at: usize, with: impl FnOnce(&Row) -> Result<T, Unfit>) -> Result<T, Unfit> {
        let (number, row) = self.places[at];
        let row = row as usize;
        let Groups { shard, begins } = &self.shards[number as usize];
        if let Some(cache) = &self.cache {
            let group = begins.partition_point(|begin| *begin <= row) - 1;
            let slot = {
                let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(cache.entry((number, group)).or_default())
            };
            // A broken row must not take its neighbours along; it is found when it is read alone.
            let read = || shard.group(group, Columns::Only(&COLUMNS)).and_then(Iterator::collect).ok();
            let rows: Option<&Vec<Row>> = slot.get_or_init(read).as_ref();
            if let Some(row) = rows.and_then(|rows| rows.get(row - begins[group])) {
                return with(row);
            }
        }
        let read = shard.row(row, Columns::Only(&COLUMNS)).map_err(|error| match error {
            DataError::Shard { path, reason } => DataError::Row { path, row, reason },
            other => other,
        })?;
        with(&read)
    }

    fn path(&self, shard: u32) -> &Path {
        self.shards[shard as usize].shard.path()
    }
}
