//! Where every question of a dataset is, without the questions: sixteen bytes for each.

use std::collections::HashMap;

use crate::DataError;
use crate::dataset::{Dataset, Split};
use crate::shard::{Columns, Shard};

/// Where a question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// In [`Dataset::shards`].
    pub(crate) shard: u32,
    /// In the shard.
    pub(crate) row: u32,
    /// In [`crate::Screen::questions`].
    pub(crate) question: u16,
    /// In [`Index::groups`].
    pub(crate) group: u16,
    /// In [`Index::sites`].
    pub(crate) site: u32,
}

/// Questions of one sort.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Group {
    pub(crate) split: Split,
    pub(crate) task: String,
    pub(crate) kind: String,
}

/// All questions of a dataset, in the order in which they are stored.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) groups: Vec<Group>,
    pub(crate) sites: Vec<String>,
    pub(crate) places: Vec<Place>,
}

impl Index {
    /// Reads where the questions are. Neither pictures nor elements are read for it.
    pub(crate) fn of(dataset: &Dataset) -> Result<Index, DataError> {
        let mut index = Index::default();
        let mut groups = HashMap::new();
        let mut sites = HashMap::new();
        for (shard, (path, split)) in dataset.shards().iter().enumerate() {
            let rows = Shard::open(path)?.rows(Columns::Only(&["site", "questions"]))?;
            for (row, screen) in rows.enumerate() {
                let screen = screen?.screen;
                let site = *sites.entry(screen.site).or_insert_with_key(|site| {
                    index.sites.push(site.clone());
                    index.sites.len() - 1
                });
                for (question, asked) in screen.questions.into_iter().enumerate() {
                    let group = Group { split: *split, task: asked.task, kind: asked.kind };
                    let group = *groups.entry(group).or_insert_with_key(|group| {
                        index.groups.push(group.clone());
                        index.groups.len() - 1
                    });
                    let large = |what: &str| DataError::Shard {
                        path: path.clone(),
                        reason: format!("it has more {what} than can be counted"),
                    };
                    index.places.push(Place {
                        shard: u32::try_from(shard).map_err(|_| large("shards"))?,
                        row: u32::try_from(row).map_err(|_| large("rows"))?,
                        question: u16::try_from(question).map_err(|_| large("questions of one screen"))?,
                        group: u16::try_from(group).map_err(|_| large("kinds of questions"))?,
                        site: u32::try_from(site).map_err(|_| large("sites"))?,
                    });
                }
            }
        }
        Ok(index)
    }
}
